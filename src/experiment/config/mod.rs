//! A trial's complete settings, every default filled in.
//!
//! In: TOML tables merged by [`crate::experiment::spec`]. Out: [`TrialConfig`]. Its JSON is hashed into a trial's identity, so the
//! names and the order of its fields are part of every record, and a setting at its default is left out: records stay valid when the
//! program gains a setting.

use serde::{Deserialize, Serialize};

use crate::data::{DefaultSizes, Pixels, classes, classes_of, toys, width_of};
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

/// The `[data]` section: which data set, and how it is split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// `mnist`, `fashion-mnist`, `digits`, a toy such as `blobs`, or the name of a folder of IDX files in the data folder.
    pub dataset: String,
    /// The number of training images, taken from the beginning of the training file.
    pub train: usize,
    /// The number of validation images, taken from the end of the training file.
    pub validation: usize,
    /// The number of test images, taken from the beginning of the test file.
    pub test: usize,
    /// How an image's bytes become numbers.
    #[serde(skip_serializing_if = "is_default")]
    pub pixels: Pixels,
    /// The classes whose images are kept, which become classes 0, 1, ... in this order; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<u8>,
    /// The least distance of the points of `separable` from the straight line between its classes.
    #[serde(skip_serializing_if = "is_usual_margin")]
    pub margin: f64,
}

fn is_usual_margin(margin: &f64) -> bool {
    *margin == toys::MARGIN
}

impl Default for DataConfig {
    fn default() -> Self {
        let DefaultSizes { train, validation, test } = DataConfig::sizes("mnist");
        let dataset = "mnist".into();
        Self { dataset, train, validation, test, pixels: Pixels::Unit, classes: Vec::new(), margin: toys::MARGIN }
    }
}

impl DataConfig {
    /// The sizes of a data set's splits, unless the experiment gives others.
    pub fn sizes(dataset: &str) -> DefaultSizes {
        toys::find(dataset).map_or(DefaultSizes { train: 55_000, validation: 5_000, test: 10_000 }, |toy| toy.sizes)
    }

    /// The name of the data set with what is chosen of it, by which it is loaded and which records keep: `mnist[3,5]`.
    pub fn full_name(&self) -> String {
        match toys::find(&self.dataset) {
            Some(toy) if toy.has_margin() => toy.name_with(self.margin),
            _ => classes::name_with(&self.dataset, &self.classes),
        }
    }

    /// The number of classes before the data are read; 0 for a regression.
    pub(crate) fn class_count(&self) -> usize {
        if self.classes.is_empty() { classes_of(&self.dataset) } else { self.classes.len() }
    }

    /// The sizes of the splits of a training file of `all` examples and a test file of `tests`. They are the settings' own, except that of
    /// chosen classes a default size is more than there is: then a twelfth of the training file validates, as of MNIST 5,000 of
    /// 60,000 do, the rest trains, and the whole test file tests.
    pub fn sizes_of(&self, all: usize, tests: usize) -> DefaultSizes {
        let Self { train, validation, test, .. } = *self;
        let usual = Self::sizes(&self.dataset);
        if self.classes.is_empty() {
            return DefaultSizes { train, validation, test };
        }
        let validation = if validation == usual.validation { (all / 12).max(1) } else { validation };
        DefaultSizes {
            train: if train == usual.train { all.saturating_sub(validation) } else { train },
            validation,
            test: if test == usual.test { tests } else { test },
        }
    }

    /// About how many training examples there are, before the data are read: of ten classes each has about a tenth of them.
    pub fn likely_train(&self) -> usize {
        match self.classes.len() {
            1..10 if self.train == Self::sizes(&self.dataset).train => self.train * self.classes.len() / 10,
            _ => self.train,
        }
    }
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
        self.network(width_of(&self.data.dataset), self.data.class_count())
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

    #[test]
    fn default_sizes_of_chosen_classes_are_shares_of_what_there_is_and_other_sizes_are_kept() {
        let mut data = DataConfig { classes: vec![0, 1], ..DataConfig::default() };
        let sizes = |data: &DataConfig| {
            let DefaultSizes { train, validation, test } = data.sizes_of(12_665, 2_115);
            [train, validation, test]
        };
        assert_eq!(sizes(&data), [11_610, 1_055, 2_115]);
        (data.train, data.test) = (1_000, 500);
        assert_eq!(sizes(&data), [1_000, 1_055, 500]);
        data.classes.clear();
        assert_eq!(sizes(&data), [1_000, 5_000, 500]);
    }

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
