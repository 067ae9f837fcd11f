//! The `[train]` section: epochs, batches, loss, penalties, optimizer, schedule.

use serde::{Deserialize, Serialize};

use super::{Vary, is_default};
use crate::data::augment::Augment;
use crate::data::noise::{Noise, NoiseKind};
use crate::nn::loss::Loss;
use crate::nn::optim::{OptimizerConfig, Schedule};

/// How a network is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training examples.
    pub epochs: usize,
    /// Examples per step. The last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// The loss that is minimised.
    pub loss: Loss,
    /// The level of the noise on training inputs: a standard deviation, or a probability, as `noise_kind` says.
    #[serde(skip_serializing_if = "is_default")]
    pub noise: f64,
    /// The distribution of that noise.
    #[serde(skip_serializing_if = "is_default")]
    pub noise_kind: NoiseKind,
    /// The random changes of training images, drawn again each epoch.
    #[serde(skip_serializing_if = "Augment::is_none")]
    pub augment: Augment,
    /// The penalty's lambda in `loss + lambda / n * sum |w|` over n training examples, weights without biases.
    #[serde(skip_serializing_if = "is_default")]
    pub l1: f64,
    /// The penalty's lambda in `loss + lambda / (2 n) * sum |w|`, the same penalty at half the strength.
    #[serde(skip_serializing_if = "is_default")]
    pub l1_half: f64,
    /// The penalty's lambda in `loss + lambda / (2 n) * sum w^2` over n training examples, weights without biases.
    #[serde(skip_serializing_if = "is_default")]
    pub l2: f64,
    /// The optimizer and its settings.
    pub optimizer: OptimizerConfig,
    /// The schedule of the learning rate.
    pub schedule: Schedule,
    /// Early stopping: training ends after `patience` epochs without a lower validation loss, and the best epoch's weights are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// The largest Euclidean norm of a replica's gradient over all its parameters; a longer gradient is scaled down to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// The largest magnitude of a gradient element; a larger element is clamped to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_value: Option<f64>,
    /// Which random draws follow the seed.
    #[serde(skip_serializing_if = "is_default")]
    pub vary: Vary,
    /// Whether the weights of a network with one layer and one output are divided by their Euclidean norm after every step, and the bias by
    /// the same number.
    #[serde(skip_serializing_if = "is_default")]
    pub unit_norm: bool,
    /// Training examples between two evaluations on the validation examples within an epoch, rounded up to whole steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_every: Option<usize>,
    /// Whether each layer's gradient and saturation are recorded before the first epoch and after each.
    #[serde(skip_serializing_if = "is_default")]
    pub watch: bool,
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
            l1_half: 0.0,
            l2: 0.0,
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::Constant,
            patience: None,
            clip_norm: None,
            clip_value: None,
            vary: Vary::default(),
            unit_norm: false,
            validate_every: None,
            watch: false,
        }
    }
}

impl TrainConfig {
    /// The lambda in `lambda / n * sum |w|`, in whichever of the two scalings the penalty was given.
    pub fn l1(&self) -> f64 {
        self.l1 + 0.5 * self.l1_half
    }

    /// The noise on training inputs, its kind and level together.
    pub fn noise(&self) -> Noise {
        Noise { kind: self.noise_kind, level: self.noise }
    }
}
