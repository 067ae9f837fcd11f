//! A trial's complete settings, every default filled in.
//!
//! In: TOML tables merged by [`crate::spec`]. Out: [`TrialConfig`], the value that is hashed into a
//! trial's identity, so the order and the names of these fields are part of every record.

use serde::{Deserialize, Serialize};

use crate::loss::Loss;
use crate::models::{ActivationKind, Init, MlpConfig};
use crate::optim::{OptimizerConfig, Schedule};

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

/// The network between the inputs and the classes, whose numbers the data gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Widths of the hidden layers; `[]` is a linear model.
    pub hidden: Vec<usize>,
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
        Self { hidden: vec![64, 32], activation: ActivationKind::Relu, init: Init::Default, bias: true, dropout: 0.0 }
    }
}

impl ModelConfig {
    /// The network for data of `inputs` numbers an example and `outputs` classes.
    pub fn mlp(&self, inputs: usize, outputs: usize) -> MlpConfig {
        MlpConfig {
            inputs,
            hidden: self.hidden.clone(),
            outputs,
            activation: self.activation,
            init: self.init,
            bias: self.bias,
        }
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
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::Constant,
            patience: None,
            clip_norm: None,
            clip_value: None,
        }
    }
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
        for &width in &self.model.hidden {
            positive("model.hidden", width, MOST / 10)?;
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let config = TrialConfig::default();
        assert_eq!(config.validate(), Ok(()));
        assert_eq!(config.model.hidden, [64, 32]);
        assert_eq!((config.train.epochs, config.train.batch_size), (50, 128));
        assert_eq!((config.data.train, config.data.validation), (55_000, 5_000));
        let json = serde_json::to_value(&config.train.optimizer).unwrap();
        assert_eq!(json, serde_json::json!({"name": "adam", "lr": 0.001, "betas": [0.9, 0.999], "eps": 1e-8}));
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
        assert!(broken(|c| c.model.hidden = vec![64, 0]).contains("model.hidden"));
        assert!(broken(|c| c.model.dropout = 1.0).contains("model.dropout"));
        assert!(broken(|c| c.train.optimizer.lr = -0.1).contains("lr"));
        assert!(broken(|c| c.train.clip_norm = Some(0.0)).contains("clip_norm"));
        assert!(broken(|c| c.train.patience = Some(0)).contains("patience"));
    }
}
