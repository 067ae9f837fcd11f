//! Burn's rules as fused kernels: a step is one pass over a parameter's state.
//!
//! In: a network and its gradients. Out: the network a step later, to the bit what Burn's own rules make of it
//! (`tests/optimizers.rs` compares them).

use std::collections::HashMap;

use burn::backend::Dispatch;
use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::build::{ALPHA, BETAS, EPS};
use super::{OptimizerConfig, Rule};
use crate::nn::kernels::{self, Moments, Update};

/// One of Burn's rules, for parameters on the CPU.
pub struct FusedOptimizer {
    config: OptimizerConfig,
    states: HashMap<ParamId, ParameterState>,
}

/// What is remembered of a parameter.
struct ParameterState {
    /// Steps taken.
    steps: usize,
    moments: Moments<Dispatch>,
}

impl FusedOptimizer {
    /// The rule with these settings.
    pub fn new(config: &OptimizerConfig) -> Self {
        Self { config: config.clone(), states: HashMap::new() }
    }

    /// Moves every parameter that has a gradient.
    pub fn step<M: Module>(&mut self, rate: f64, model: M, gradients: GradientsParams) -> M {
        model.map(&mut Step { fused: self, rate, gradients })
    }

    /// The numbers of step `step`, counted from 1.
    fn update(&self, rate: f64, step: usize) -> Update {
        let config = &self.config;
        let decay = config.weight_decay.unwrap_or(0.0);
        let momentum = config.momentum.unwrap_or(0.0) as f32;
        let eps = config.eps.unwrap_or(EPS) as f32;
        let alpha = config.alpha.unwrap_or(ALPHA) as f32;
        let betas = config.betas.unwrap_or(BETAS).map(|beta| beta as f32);
        let step = step as i32;
        let (rule, decay) = match config.name {
            Rule::Sgd => (kernels::UpdateRule::Sgd, decay),
            Rule::Momentum => {
                (kernels::UpdateRule::Momentum { momentum, nesterov: config.nesterov.unwrap_or(false) }, decay)
            }
            Rule::RmsProp if momentum > 0.0 => (kernels::UpdateRule::RmsPropMomentum { alpha, eps, momentum }, decay),
            Rule::RmsProp => (kernels::UpdateRule::RmsProp { alpha, eps }, decay),
            Rule::AdaGrad => (kernels::UpdateRule::AdaGrad { eps }, decay),
            Rule::Adam => (kernels::UpdateRule::Adam { betas, eps, step }, decay),
            Rule::AdamW => {
                // Burn keeps the decay in 32 bits before it meets the rate.
                let keep = (1.0 - rate * f64::from(decay as f32)) as f32;
                (kernels::UpdateRule::AdamW { betas, eps, step, keep }, 0.0)
            }
        };
        Update { rule, rate: rate as f32, decay: decay as f32 }
    }
}

/// A step on its way through a network.
struct Step<'a> {
    fused: &'a mut FusedOptimizer,
    rate: f64,
    gradients: GradientsParams,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.remove::<D>(parameter.id) else { return parameter };
        let remembered = self.fused.states.remove_entry(&parameter.id);
        let steps = 1 + remembered.as_ref().map_or(0, |(_, state)| state.steps);
        let update = self.fused.update(self.rate, steps);
        let moments = match remembered {
            Some((_, state)) => state.moments,
            None => Moments::zeros(update.rule.moments(), &gradient),
        };
        let id = parameter.id;
        parameter.map(|value| {
            let (value, moments) = kernels::update(update, value.inner(), gradient, moments);
            self.fused.states.insert(id, ParameterState { steps, moments });
            Tensor::from_inner(value).require_grad()
        })
    }
}
