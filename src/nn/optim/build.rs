//! From settings to what takes the steps: fused kernels on the CPU, Burn's own rules elsewhere.
//!
//! In: an [`OptimizerConfig`] and a device. Out: a [`Optimizer`]; the learning rate goes to each step.

use burn::module::Module;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdaGradConfig, AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, RmsPropConfig, SgdConfig};
use burn::tensor::Device;

use super::fused::FusedOptimizer;
use super::{OptimizerConfig, Rule};
use crate::nn::kernels;

/// Where a setting is left out.
pub const EPS: f64 = 1e-8;
/// As [`EPS`].
pub const ALPHA: f64 = 0.99;
/// As [`EPS`].
pub const BETAS: [f64; 2] = [0.9, 0.999];

/// The least eps with which a gradient too small to be squared is too small to matter.
const LEAST_FUSED_EPS: f64 = 1e-10;

/// What takes the steps.
pub enum Optimizer {
    /// In one pass over each parameter.
    FusedOptimizer(FusedOptimizer),
    /// By Burn's tensor operations.
    Plain(ModuleOptimizer),
}

impl Optimizer {
    /// Moves every parameter of `model` that has a gradient.
    pub fn step<M: Module>(&mut self, rate: f64, model: M, gradients: GradientsParams) -> M {
        match self {
            Self::FusedOptimizer(fused) => fused.step(rate, model, gradients),
            Self::Plain(plain) => plain.step(rate, model, gradients),
        }
    }
}

impl OptimizerConfig {
    /// The fastest there is on `device`, for parameters of 32 bits.
    pub fn build(&self, device: &Device) -> Optimizer {
        // Below it, what the kernels take for zero would count in the quotient.
        let eps_covers_the_tiny = self.eps.is_none_or(|eps| eps >= LEAST_FUSED_EPS);
        if kernels::support_device(device) && eps_covers_the_tiny {
            Optimizer::FusedOptimizer(FusedOptimizer::new(self))
        } else {
            Optimizer::Plain(self.burns_own())
        }
    }

    /// Burn's own, on any device.
    pub fn burns_own(&self) -> ModuleOptimizer {
        let decay = self.weight_decay.filter(|&decay| decay > 0.0);
        let decay = decay.map(|decay| WeightDecayConfig::new(decay as f32));
        let momentum = self.momentum.unwrap_or(0.0);
        let eps = self.eps.unwrap_or(EPS) as f32;
        let [beta_1, beta_2] = self.betas.unwrap_or(BETAS).map(|beta| beta as f32);
        match self.name {
            Rule::Sgd => SgdConfig::new().with_weight_decay(decay).init(),
            Rule::Momentum => {
                let momentum = MomentumConfig::new()
                    .with_momentum(momentum)
                    .with_dampening(0.0)
                    .with_nesterov(self.nesterov.unwrap_or(false));
                SgdConfig::new().with_weight_decay(decay).with_momentum(Some(momentum)).init()
            }
            Rule::RmsProp => RmsPropConfig::new()
                .with_alpha(self.alpha.unwrap_or(ALPHA) as f32)
                .with_momentum(momentum as f32)
                .with_epsilon(eps)
                .with_weight_decay(decay)
                .init(),
            Rule::AdaGrad => AdaGradConfig::new().with_epsilon(eps).with_weight_decay(decay).init(),
            Rule::Adam => AdamConfig::new()
                .with_beta_1(beta_1)
                .with_beta_2(beta_2)
                .with_epsilon(eps)
                .with_weight_decay(decay)
                .init(),
            Rule::AdamW => AdamWConfig::new()
                .with_beta_1(beta_1)
                .with_beta_2(beta_2)
                .with_epsilon(eps)
                .with_weight_decay(self.weight_decay.unwrap_or(0.0) as f32)
                .init(),
        }
    }
}
