//! A trial's complete settings, every default filled in.
//!
//! In: TOML tables merged by [`crate::spec`]. Out: [`TrialConfig`], the value that is hashed into a
//! trial's identity, so the order and the names of these fields are part of every record.

use serde::{Deserialize, Serialize};

use crate::data::PIXELS;
use crate::data::noise::{Noise, NoiseKind};
use crate::loss::Loss;
use crate::models::{ActivationKind, AutoencoderConfig, Init, MlpConfig, NetworkConfig};
use crate::optim::{OptimizerConfig, Schedule};
use crate::task::Task;

mod evaluate;
mod hidden;

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

impl TrialConfig {
    /// Checks every number against its range. The message names the key.
    ///
    /// # Errors
    /// The first value out of range, with the range.
    pub fn validate(&self) -> Result<(), String> {
        // The upper bound is far beyond use, and keeps products of sizes from overflowing.
        const MOST: usize = 1_000_000;
        let positive = |name: &str, value: usize, most: usize| match value {
            0 => Err(format!("`{name}` is 0; it must be at least 1")),
            value if value > most => Err(format!("`{name}` is {value}; it must be at most {most}")),
            _ => Ok(()),
        };
        positive("train.epochs", self.train.epochs, MOST)?;
        positive("train.batch_size", self.train.batch_size, MOST)?;
        positive("data.train", self.data.train, 100 * MOST)?;
        positive("data.validation", self.data.validation, 100 * MOST)?;
        positive("data.test", self.data.test, 100 * MOST)?;
        match &self.model.hidden {
            Hidden::Widths(widths) => {
                widths.iter().try_for_each(|&width| positive("model.hidden", width, MOST / 10))?;
            }
            Hidden::Taper(taper) => positive("model.depth", taper.depth, MOST_DEPTH)?,
        }
        self.validate_autoencoder()?;
        let (level, most) = (self.train.noise, self.train.noise_kind.most());
        if !(0.0..=most).contains(&level) {
            return Err(format!("`train.noise` is {level}; it must be 0 to {most}"));
        }
        // The mask is drawn in 32 bits, where the nearest number to 0.99999999 is 1.
        if !(0.0..1.0).contains(&self.model.dropout) || self.model.dropout as f32 >= 1.0 {
            let found = self.model.dropout;
            return Err(format!("`model.dropout` is {found}; it must be at least 0 and below 1"));
        }
        if let Init::Normal(sd) = self.model.init
            && !(sd.is_finite() && sd >= 0.0)
        {
            return Err(format!("`model.init` has standard deviation {sd}; it must be 0 or more"));
        }
        if self.train.patience == Some(0) {
            return Err("`train.patience` is 0; it must be at least 1 (leave it out to train on)".into());
        }
        for (name, value) in [("clip_norm", self.train.clip_norm), ("clip_value", self.train.clip_value)] {
            if let Some(value) = value
                && !(value.is_finite() && value > 0.0)
            {
                return Err(format!("`train.{name}` is {value}; it must be above 0"));
            }
        }
        self.train.optimizer.validate()?;
        self.train.schedule.validate()
    }

    fn validate_autoencoder(&self) -> Result<(), String> {
        match (self.model.latent, self.train.loss) {
            (None, _) if !self.evaluate.is_empty() => {
                Err("`evaluate` asks about an autoencoder's code; give it a width with `model.latent`".into())
            }
            (None, _) => Ok(()),
            (Some(0), _) => Err("`model.latent` is 0; a code must have at least 1 number".into()),
            (Some(latent), _) if latent > PIXELS => {
                Err(format!("`model.latent` is {latent}; it must be at most the {PIXELS} pixels of an image"))
            }
            (Some(_), Loss::CrossEntropy) => {
                Err("`model.latent` makes an autoencoder, whose `train.loss` must be mse or \
                 bce; it is cross_entropy"
                    .into())
            }
            (Some(_), _) => {
                let most = self.train.noise_kind.most();
                self.evaluate.validate(self.data.train, self.data.test, most)
            }
        }
    }
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

    #[test]
    fn an_autoencoders_values_are_checked_too() {
        let broken = |change: fn(&mut TrialConfig)| {
            let mut config = TrialConfig::default();
            config.model.latent = Some(8);
            config.train.loss = Loss::Mse;
            assert_eq!(config.validate(), Ok(()));
            change(&mut config);
            config.validate().unwrap_err()
        };
        assert!(broken(|c| c.model.latent = Some(0)).contains("model.latent"));
        assert!(broken(|c| c.model.latent = Some(785)).contains("784"));
        assert!(broken(|c| c.evaluate.knn = Some(60_000)).contains("55000"));
        assert!(broken(|c| c.evaluate.trustworthiness = Some(5_000)).contains("test images"));
        assert!(broken(|c| c.evaluate.noise = vec![0.2, -0.1]).contains("-0.1"));
        assert!(broken(|c| c.evaluate.baselines = true).contains("evaluate.knn"));
    }

    #[test]
    fn values_out_of_range_are_named() {
        let broken = |change: fn(&mut TrialConfig)| {
            let mut config = TrialConfig::default();
            change(&mut config);
            config.validate().unwrap_err()
        };
        assert!(broken(|c| c.train.batch_size = 0).contains("train.batch_size"));
        assert!(broken(|c| c.train.epochs = 0).contains("train.epochs"));
        assert!(broken(|c| c.model.hidden = Hidden::Widths(vec![64, 0])).contains("model.hidden"));
        assert!(broken(|c| c.model.hidden = Hidden::Taper(Taper { depth: 9 })).contains("model.depth"));
        assert!(broken(|c| c.model.latent = Some(8)).contains("mse or bce"));
        assert!(broken(|c| c.train.noise = -1.0).contains("train.noise"));
        assert!(broken(|c| c.evaluate.knn = Some(5)).contains("model.latent"));
        assert!(broken(|c| c.model.dropout = 1.0).contains("model.dropout"));
        assert!(broken(|c| c.train.optimizer.lr = -0.1).contains("lr"));
        assert!(broken(|c| c.train.clip_norm = Some(0.0)).contains("clip_norm"));
        assert!(broken(|c| c.train.patience = Some(0)).contains("patience"));
    }
}
