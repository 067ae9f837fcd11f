//! What is asked of a trained autoencoder's codes, besides how well it reconstructs.
//!
//! In: `[evaluate]` of an experiment. Out: checked settings, part of a trial's identity where they ask for something.

use serde::{Deserialize, Serialize};

/// Everything is off unless asked for: some of it takes longer than the training.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluateConfig {
    /// Neighbours of the nearest-neighbour classifier on codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knn: Option<usize>,
    /// Whether the same is asked of raw pixels, of as many principal components, and of the untrained encoder.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub baselines: bool,
    /// Whether a linear classifier is trained on the codes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub probe: bool,
    /// Neighbours of the trustworthiness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trustworthiness: Option<usize>,
    /// Noise levels at which test images are cleaned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub noise: Vec<f64>,
}

/// More neighbours than this take long and say nothing.
const MOST_NEIGHBOURS: usize = 1000;
/// More levels than this make no figure.
const MOST_LEVELS: usize = 32;

impl EvaluateConfig {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks it against the numbers of training and test images, and the highest noise level.
    ///
    /// # Errors
    /// The first value out of range, with the range.
    pub fn validate(&self, train: usize, test: usize, most: f64) -> Result<(), String> {
        if let Some(k) = self.knn
            && !(1..=train.min(MOST_NEIGHBOURS)).contains(&k)
        {
            let most = train.min(MOST_NEIGHBOURS);
            return Err(format!("`evaluate.knn` is {k}; it must be 1 to {most} ({train} training images)"));
        }
        if self.baselines && self.knn.is_none() {
            return Err("`evaluate.baselines` are those of `evaluate.knn`, which is not asked for".into());
        }
        if let Some(k) = self.trustworthiness
            && !((1..=MOST_NEIGHBOURS).contains(&k) && 2 * k < test)
        {
            let what = format!("it must be 1 to {MOST_NEIGHBOURS}, and below half the {test} test images");
            return Err(format!("`evaluate.trustworthiness` is {k}; {what}"));
        }
        if let Some(level) = self.noise.iter().find(|level| !(0.0..=most).contains(*level)) {
            return Err(format!("`evaluate.noise` has {level}; a level must be 0 to {most}"));
        }
        if self.noise.len() > MOST_LEVELS {
            return Err(format!("`evaluate.noise` has {} levels; at most {MOST_LEVELS}", self.noise.len()));
        }
        Ok(())
    }
}
