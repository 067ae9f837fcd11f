//! Burn's optimizers, built from their settings, for any device but the CPU.

use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdaGradConfig, AdamConfig, AdamWConfig, ModuleOptimizer, RmsPropConfig, SgdConfig};

use super::{AdaGrad, Adam, Momentum, OptimizerConfig, RmsProp, UpdateRule};

impl OptimizerConfig {
    /// Burn's own optimizer with these settings. The learning rate is not among them: each step is given its own.
    pub fn build(&self) -> ModuleOptimizer {
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
