//! How a network is trained: passes, batches, loss, penalties, optimizer, schedule.

use serde::{Deserialize, Serialize};

use super::{is_default, is_zero};
use crate::data::augment::Augment;
use crate::data::noise::{Noise, NoiseKind};
use crate::nn::loss::Loss;
use crate::nn::optim::{OptimizerConfig, Schedule};

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training images.
    pub epochs: usize,
    /// Images a step; the ragged last batch is kept.
    pub batch_size: usize,
    /// What is minimised.
    pub loss: Loss,
    /// Noise added to the training inputs: a standard deviation, or a probability.
    #[serde(skip_serializing_if = "is_zero")]
    pub noise: f64,
    /// What the noise does.
    #[serde(skip_serializing_if = "is_default")]
    pub noise_kind: NoiseKind,
    /// How training images are changed, afresh each epoch.
    #[serde(skip_serializing_if = "Augment::is_none")]
    pub augment: Augment,
    /// The penalty's lambda in `loss + lambda / n * sum |w|` over n training examples, weights without biases.
    #[serde(skip_serializing_if = "is_zero")]
    pub l1: f64,
    /// The penalty's lambda in `loss + lambda / (2 n) * sum w^2` over n training examples, weights without biases.
    #[serde(skip_serializing_if = "is_zero")]
    pub l2: f64,
    /// The rule that turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// Stop after so many epochs without a lower validation loss, and keep the best epoch's weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// Scale a replica's gradient down to this Euclidean norm, over all its parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Clamp every gradient element to plus or minus this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f64>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 50,
            batch_size: 128,
            loss: Loss::CrossEntropy,
            noise: 0.0,
            noise_kind: NoiseKind::Gaussian,
            augment: Augment::default(),
            l1: 0.0,
            l2: 0.0,
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::Constant,
            patience: None,
            clip_norm: None,
            clip_value: None,
        }
    }
}

impl TrainConfig {
    /// What is added to the training inputs.
    pub fn noise(&self) -> Noise {
        Noise { kind: self.noise_kind, level: self.noise }
    }
}
