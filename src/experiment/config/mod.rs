//! A trial's complete settings, every default filled in.
//!
//! In: TOML tables merged by [`crate::experiment::spec`]. Out: [`TrialConfig`], the value that is hashed into a
//! trial's identity, so the order and the names of these fields are part of every record.

use serde::{Deserialize, Serialize};

use crate::data::{DefaultSizes, Pixels, classes_of, toys, width_of};
use crate::nn::models::{ActivationKind, AutoencoderConfig, Init, MlpConfig, NetworkConfig};
use crate::nn::optim::Schedule;
use crate::nn::task::Task;

mod descent;
mod evaluate;
mod hidden;
mod start;
mod train;
mod validate;

pub use descent::DescentConfig;
pub use evaluate::EvaluateConfig;
pub use hidden::{Hidden, MOST_DEPTH, Taper};
pub use start::{Start, WarmStart};
pub use train::TrainConfig;

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
    /// Instead of all that: an optimizer's way down a test function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descend: Option<DescentConfig>,
}

/// Which data set, and how it is split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// `mnist`, `fashion-mnist`, `digits`, a toy such as `blobs`, or the name of a folder of IDX files in the data folder.
    pub dataset: String,
    /// Training images: the first so many.
    pub train: usize,
    /// Validation images: the last so many of the training file.
    pub validation: usize,
    /// Test images: the first so many of the test file.
    pub test: usize,
    /// How an image's bytes become numbers.
    #[serde(skip_serializing_if = "is_default")]
    pub pixels: Pixels,
}

impl Default for DataConfig {
    fn default() -> Self {
        let DefaultSizes { train, validation, test } = DataConfig::sizes("mnist");
        Self { dataset: "mnist".into(), train, validation, test, pixels: Pixels::Unit }
    }
}

impl DataConfig {
    /// The parts of a data set where nothing else is asked for.
    pub fn sizes(dataset: &str) -> DefaultSizes {
        toys::find(dataset).map_or(DefaultSizes { train: 55_000, validation: 5_000, test: 10_000 }, |toy| toy.sizes)
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
    /// WarmStart every hidden layer.
    pub activation: ActivationKind,
    /// How the weights start.
    pub init: Init,
    /// Whether layers have biases.
    pub bias: bool,
    /// Share of each hidden layer's outputs set to zero while training.
    pub dropout: f64,
    /// WarmStart the last layer of a classifier; the losses on logits want none.
    #[serde(skip_serializing_if = "is_identity")]
    pub output: ActivationKind,
    /// Outputs, where it is not one a class: 1 tells two classes apart by its sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<usize>,
    /// Layers, from the first on, whose weights stay as they start.
    #[serde(skip_serializing_if = "is_none")]
    pub frozen: usize,
    /// What the weights start as, instead of what `init` draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
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
            output: ActivationKind::Identity,
            outputs: None,
            frozen: 0,
            start: None,
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
            output: self.output,
            first_layer: 0,
        }
    }
}

impl TrialConfig {
    /// The network for data of `inputs` numbers an example and `classes` classes, 0 where a number is to be predicted.
    pub fn network(&self, inputs: usize, classes: usize) -> NetworkConfig {
        match self.model.latent {
            None => {
                let outputs = self.model.outputs.unwrap_or(classes.max(1));
                NetworkConfig::Classifier(self.model.mlp(inputs, outputs))
            }
            Some(latent) => NetworkConfig::Autoencoder(AutoencoderConfig {
                encoder: self.model.mlp(inputs, latent),
                output: self.train.loss.autoencoder_output(),
            }),
        }
    }

    /// The network as far as the data set's name tells its inputs and classes: near enough for what it costs.
    pub fn likely_network(&self) -> NetworkConfig {
        self.network(width_of(&self.data.dataset), classes_of(&self.data.dataset))
    }

    /// What the network is trained for, on data of `classes` classes, 0 where a number is to be predicted.
    pub fn task(&self, classes: usize) -> Task {
        match (self.is_autoencoder(), classes, self.model.outputs) {
            (true, ..) => Task::Reconstruct,
            (_, 0, _) => Task::Regress,
            (_, _, Some(1)) => Task::Binary { logits: self.train.loss.is_on_logits() },
            _ => Task::Classify { classes },
        }
    }

    /// Whether a shorter training of these settings is the beginning of a longer one: nothing in them depends on the number of epochs.
    pub fn is_prefix(&self) -> bool {
        let steady = !matches!(self.train.schedule, Schedule::Cosine | Schedule::WarmupCosine { .. });
        steady && self.train.patience.is_none() && self.descend.is_none()
    }

    /// Whether one training serves both: the settings are the same, or the epochs alone differ and do not matter to what comes before.
    pub fn shares_training(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        let train = TrainConfig { epochs: self.train.epochs, ..other.train.clone() };
        let alike = self.data == other.data && self.model == other.model && self.evaluate == other.evaluate;
        self.is_prefix() && other.descend.is_none() && alike && self.train == train
    }

    /// Whether what it trains is right or wrong.
    pub fn has_accuracy(&self) -> bool {
        self.descend.is_none() && !self.is_autoencoder() && !self.is_regression()
    }

    /// These settings, and those of the trainings that their weights come from.
    pub fn trainings(&self) -> Vec<&Self> {
        match &self.model.start {
            Some(Start::WarmStart(WarmStart { settings: Some(before), .. })) => {
                [vec![self], before.trainings()].concat()
            }
            _ => vec![self],
        }
    }

    /// Whether a number is predicted, and no class.
    pub fn is_regression(&self) -> bool {
        classes_of(&self.data.dataset) == 0
    }

    /// Whether the network is an autoencoder.
    pub fn is_autoencoder(&self) -> bool {
        self.model.latent.is_some()
    }

    /// The number that arms are ranked by: the mean squared error of reconstructions, the loss of predicted numbers, the value a
    /// descent ends at, or the accuracy.
    pub fn ranking_metric(&self) -> &'static str {
        match self {
            _ if self.descend.is_some() => "final_value",
            _ if self.is_autoencoder() => "test_mse",
            _ if self.is_regression() => "test_loss",
            _ => "test_accuracy",
        }
    }
}

// What an experiment does not use is left out of its identity, so that records outlive new settings.
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

fn is_none(layers: &usize) -> bool {
    *layers == 0
}

fn is_identity(activation: &ActivationKind) -> bool {
    *activation == ActivationKind::Identity
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
