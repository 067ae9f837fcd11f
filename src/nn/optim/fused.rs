//! Optimizers that update a parameter and its state in one pass.
//!
//! In: a network and its gradients. Out: the network one step later, with the same bits that Burn's own optimizers give
//! (`tests/optimizers.rs` compares them).

use std::collections::HashMap;

use burn::backend::Dispatch;
use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::{OptimizerConfig, UpdateRule};
use crate::nn::kernels::{self, Moments, Update};

/// An optimizer for parameters of 32 bits on the CPU.
pub struct FusedOptimizer {
    rule: UpdateRule,
    weight_decay: f64,
    states: HashMap<ParamId, ParameterState>,
}

/// The optimizer's state of one parameter.
struct ParameterState {
    /// Steps taken so far.
    steps: usize,
    moments: Moments<Dispatch>,
}

impl FusedOptimizer {
    /// An optimizer that has taken no step yet. The learning rate in `config` is not used: each step is given its own.
    pub fn new(config: &OptimizerConfig) -> Self {
        Self { rule: config.rule, weight_decay: config.weight_decay.unwrap_or(0.0), states: HashMap::new() }
    }

    /// Updates every parameter of `model` that has a gradient, with learning rate `lr`.
    pub fn step<M: Module>(&mut self, lr: f64, model: M, gradients: GradientsParams) -> M {
        model.map(&mut Step { optimizer: self, lr, gradients })
    }
}

/// One step of the optimizer, which visits the parameters one by one.
struct Step<'a> {
    optimizer: &'a mut FusedOptimizer,
    lr: f64,
    gradients: GradientsParams,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.remove::<D>(parameter.id) else { return parameter };
        let FusedOptimizer { rule, weight_decay, ref mut states } = *self.optimizer;
        let state = states.remove(&parameter.id);
        let state =
            state.unwrap_or_else(|| ParameterState { steps: 0, moments: Moments::zeros(rule.moments(), &gradient) });
        let step = state.steps + 1;
        let id = parameter.id;
        parameter.map(|value| {
            let update = Update { rule, lr: self.lr, weight_decay, step };
            let (value, moments) = kernels::update(update, value.inner(), gradient, state.moments);
            states.insert(id, ParameterState { steps: step, moments });
            Tensor::from_inner(value).require_grad()
        })
    }
}
