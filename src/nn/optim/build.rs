//! Optimizers built from their settings: fused kernels on the CPU, Burn's own optimizers on other devices.
//!
//! In: an [`OptimizerConfig`] and a device. Out: an [`Optimizer`], which is given the learning rate at each step.

use burn::module::Module;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdaGradConfig, AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, RmsPropConfig, SgdConfig};
use burn::tensor::Device;

use super::fused::FusedOptimizer;
use super::{AdaGrad, Adam, Momentum, OptimizerConfig, RmsProp, UpdateRule};
use crate::nn::kernels;

/// The least `eps` of a fused optimizer. The kernels take the square of a gradient below 1e-17 for 0, which changes a quotient
/// only where `eps` is not much larger than the gradient.
const LEAST_FUSED_EPS: f64 = 1e-10;

/// An optimizer with its state of each parameter.
pub enum Optimizer {
    /// Updates each parameter in one pass; for parameters of 32 bits on the CPU.
    Fused(FusedOptimizer),
    /// Burn's own optimizer, for any device and any float type.
    Burn(ModuleOptimizer),
}

impl Optimizer {
    /// Updates every parameter of `model` that has a gradient, with learning rate `lr`.
    pub fn step<M: Module>(&mut self, lr: f64, model: M, gradients: GradientsParams) -> M {
        match self {
            Self::Fused(fused) => fused.step(lr, model, gradients),
            Self::Burn(burn) => burn.step(lr, model, gradients),
        }
    }
}

impl OptimizerConfig {
    /// The fastest optimizer with these settings for parameters of 32 bits on `device`.
    pub fn build(&self, device: &Device) -> Optimizer {
        let eps_is_large_enough = self.rule.eps().is_none_or(|eps| eps >= LEAST_FUSED_EPS);
        if kernels::support_device(device) && eps_is_large_enough {
            Optimizer::Fused(FusedOptimizer::new(self))
        } else {
            Optimizer::Burn(self.build_burn())
        }
    }

    /// Burn's own optimizer with these settings, for any device and any float type.
    pub fn build_burn(&self) -> ModuleOptimizer {
        let decay = self.weight_decay.filter(|&decay| decay > 0.0);
        let decay = decay.map(|decay| WeightDecayConfig::new(decay as f32));
        match self.rule {
            UpdateRule::Sgd => SgdConfig::new().with_weight_decay(decay).init(),
            UpdateRule::Momentum(Momentum { momentum, nesterov }) => {
                let momentum =
                    MomentumConfig::new().with_momentum(momentum).with_dampening(0.0).with_nesterov(nesterov);
                SgdConfig::new().with_weight_decay(decay).with_momentum(Some(momentum)).init()
            }
            UpdateRule::RmsProp(RmsProp { momentum, alpha, eps }) => RmsPropConfig::new()
                .with_alpha(alpha as f32)
                .with_momentum(momentum as f32)
                .with_epsilon(eps as f32)
                .with_weight_decay(decay)
                .init(),
            UpdateRule::AdaGrad(AdaGrad { eps }) => {
                AdaGradConfig::new().with_epsilon(eps as f32).with_weight_decay(decay).init()
            }
            UpdateRule::Adam(Adam { betas: [beta_1, beta_2], eps }) => AdamConfig::new()
                .with_beta_1(beta_1 as f32)
                .with_beta_2(beta_2 as f32)
                .with_epsilon(eps as f32)
                .with_weight_decay(decay)
                .init(),
            UpdateRule::AdamW(Adam { betas: [beta_1, beta_2], eps }) => AdamWConfig::new()
                .with_beta_1(beta_1 as f32)
                .with_beta_2(beta_2 as f32)
                .with_epsilon(eps as f32)
                .with_weight_decay(self.weight_decay.unwrap_or(0.0) as f32)
                .init(),
        }
    }
}
