//! A trial's complete settings, every default filled in.
//!
//! In: TOML tables merged by [`crate::experiment::spec`]. Out: [`TrialConfig`]. Its JSON is hashed into a trial's identity, so the
//! names and the order of its fields are part of every record, and a setting at its default is left out: records stay valid when the
//! program gains a setting.

use serde::{Deserialize, Serialize};

use crate::data::DataConfig;
use crate::nn::models::{AutoencoderConfig, NetworkConfig};
use crate::nn::optim::Schedule;
use crate::nn::task::Task;

mod descent;
mod evaluate;
mod kind;
mod model;
mod train;
mod validate;
mod vary;

pub use descent::DescentConfig;
pub use evaluate::EvaluateConfig;
pub use kind::TrialKind;
pub use model::{Hidden, ModelConfig, Start, Taper, WarmStart};
pub use train::TrainConfig;
pub use vary::{Source, Vary};

/// Everything that decides what a trial computes, except its seed, its data's bytes and its backend.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrialConfig {
    /// The data set and its split.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// The training, and the optimizer of a descent.
    pub train: TrainConfig,
    /// What is measured besides loss and accuracy.
    #[serde(skip_serializing_if = "EvaluateConfig::is_empty")]
    pub evaluate: EvaluateConfig,
    /// A descent instead of a training: read it with [`TrialConfig::kind`].
    #[serde(skip_serializing_if = "Option::is_none")]
    descend: Option<DescentConfig>,
}

impl TrialConfig {
    /// The network for data of `inputs` numbers per example and `classes` classes, 0 where a number is predicted.
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

    /// The network for the inputs and classes that the data set's name implies, before the data are read.
    pub(crate) fn likely_network(&self) -> NetworkConfig {
        self.network(self.data.likely_inputs(), self.data.class_count())
    }

    /// The task of the network on data of `classes` classes, 0 where a number is predicted.
    pub fn task(&self, classes: usize) -> Task {
        match (self.model.latent, classes, self.model.outputs) {
            (Some(_), ..) => Task::Reconstruct,
            (None, 0, _) => Task::Regress,
            (None, _, Some(1)) => Task::Binary { logits: self.train.loss.is_on_logits() },
            (None, ..) => Task::Classify { classes },
        }
    }

    /// Whether a training of fewer epochs is the beginning of a training of more: nothing in the settings depends on the number of
    /// epochs, as the cosine schedules and early stopping do.
    pub fn is_prefix_of_longer(&self) -> bool {
        match self.kind() {
            TrialKind::Classification | TrialKind::Regression | TrialKind::Autoencoder { .. } => {
                let depends = matches!(self.train.schedule, Schedule::Cosine | Schedule::WarmupCosine { .. });
                !depends && self.train.patience.is_none()
            }
            TrialKind::Descent(_) => false,
        }
    }

    /// Whether one training serves both: the settings are equal, or differ in the number of epochs alone and the shorter training is
    /// the beginning of the longer one.
    pub(crate) fn shares_training(&self, other: &Self) -> bool {
        let train = TrainConfig { epochs: self.train.epochs, ..other.train.clone() };
        self == other || self.is_prefix_of_longer() && *self == Self { train, ..other.clone() }
    }

    /// These settings, and those of the trainings before it in a chain of warm starts, the latest first.
    pub fn trainings(&self) -> Vec<&Self> {
        match &self.model.start {
            Some(Start::WarmStart(WarmStart { settings: Some(before), .. })) => {
                [vec![self], before.trainings()].concat()
            }
            _ => vec![self],
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Size;

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let config = TrialConfig::default();
        assert_eq!(config.validate(), Ok(()));
        assert_eq!(config.model.hidden, Hidden::Widths(vec![64, 32]));
        assert_eq!((config.train.epochs, config.train.batch_size), (50, 128));
        assert_eq!((config.data.train, config.data.validation), (Size::Count(55_000), Size::Count(5_000)));
        let json = serde_json::to_value(&config.train.optimizer).unwrap();
        assert_eq!(json, serde_json::json!({"name": "adam", "lr": 0.001, "betas": [0.9, 0.999], "eps": 1e-8}));
    }
}
