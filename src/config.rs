//! A trial's complete settings, every default filled in.
//!
//! In: TOML tables merged by [`crate::spec`]. Out: [`TrialConfig`], the value that is hashed into a
//! trial's identity, so the order and the names of these fields are part of every record.

use serde::{Deserialize, Serialize};

use crate::data::noise::{Noise, NoiseKind};
use crate::loss::Loss;
use crate::models::{ActivationKind, AutoencoderConfig, Init, MlpConfig, NetworkConfig};
use crate::optim::{OptimizerConfig, Schedule};
use crate::task::Task;

mod evaluate;
mod hidden;
mod validate;

pub use evaluate::EvaluateConfig;
pub use hidden::{Hidden, MOST_DEPTH, Taper};

/// Everything that decides what a trial computes, except its seed, its data's bytes and its backend.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrialConfig {
    /// What is learned from.
    pub data: DataConfig,
    /// What learns.
    pub model: ModelConfig,
    /// How it learns.
    pub train: TrainConfig,
    /// What is asked of an autoencoder's codes.
    #[serde(skip_serializing_if = "EvaluateConfig::is_empty")]
    pub evaluate: EvaluateConfig,
}

/// Which data set, and how it is split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// `mnist`, `fashion-mnist`, `digits`, or the name of a folder of IDX files in the data folder.
    pub dataset: String,
    /// Training images: the first so many.
    pub train: usize,
    /// Validation images: the last so many of the training file.
    pub validation: usize,
    /// Test images: the first so many of the test file.
    pub test: usize,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { dataset: "mnist".into(), train: 55_000, validation: 5_000, test: 10_000 }
    }
}

/// The network between the inputs and the classes, whose numbers the data gives; or, with a `latent` width, an autoencoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Numbers of an autoencoder's code; without it the network is a classifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent: Option<usize>,
    /// Widths of the hidden layers, of an autoencoder's encoder; `[]` is a linear model.
    pub hidden: Hidden,
    /// After every hidden layer.
    pub activation: ActivationKind,
    /// How the weights start.
    pub init: Init,
    /// Whether layers have biases.
    pub bias: bool,
    /// Share of each hidden layer's outputs set to zero while training.
    pub dropout: f64,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            latent: None,
            hidden: Hidden::Widths(vec![64, 32]),
            activation: ActivationKind::Relu,
            init: Init::Default,
            bias: true,
            dropout: 0.0,
        }
    }
}

impl ModelConfig {
    /// The multi-layer perceptron between so many inputs and outputs.
    fn mlp(&self, inputs: usize, outputs: usize) -> MlpConfig {
        MlpConfig {
            inputs,
            hidden: self.hidden.widths(inputs, outputs),
            outputs,
            activation: self.activation,
            init: self.init,
            bias: self.bias,
            first_layer: 0,
        }
    }
}

impl TrialConfig {
    /// The network for data of `inputs` numbers an example and `classes` classes.
    pub fn network(&self, inputs: usize, classes: usize) -> NetworkConfig {
        match self.model.latent {
            None => NetworkConfig::Classifier(self.model.mlp(inputs, classes)),
            Some(latent) => NetworkConfig::Autoencoder(AutoencoderConfig {
                encoder: self.model.mlp(inputs, latent),
                logits: self.train.loss == Loss::Bce,
            }),
        }
    }

    /// What the network is trained for, on data of `classes` classes.
    pub fn task(&self, classes: usize) -> Task {
        if self.is_autoencoder() { Task::Reconstruct } else { Task::Classify { classes } }
    }

    /// Whether the network is an autoencoder.
    pub fn is_autoencoder(&self) -> bool {
        self.model.latent.is_some()
    }

    /// The number that arms are ranked by: the mean squared error of reconstructions, or the accuracy.
    pub fn ranking_metric(&self) -> &'static str {
        if self.is_autoencoder() { "test_mse" } else { "test_accuracy" }
    }
}

impl TrainConfig {
    /// What is added to the training inputs.
    pub fn noise(&self) -> Noise {
        Noise { kind: self.noise_kind, level: self.noise }
    }
}

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
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::Constant,
            patience: None,
            clip_norm: None,
            clip_value: None,
        }
    }
}

// What an experiment does not use is left out of its identity, so that records outlive new settings.
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let config = TrialConfig::default();
        assert_eq!(config.validate(), Ok(()));
        assert_eq!(config.model.hidden, Hidden::Widths(vec![64, 32]));
        assert_eq!((config.train.epochs, config.train.batch_size), (50, 128));
        assert_eq!((config.data.train, config.data.validation), (55_000, 5_000));
        let json = serde_json::to_value(&config.train.optimizer).unwrap();
        assert_eq!(json, serde_json::json!({"name": "adam", "lr": 0.001, "betas": [0.9, 0.999], "eps": 1e-8}));
    }
}
