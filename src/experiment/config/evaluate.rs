//! The `[evaluate]` section: what is measured of a trained network besides its loss and accuracy, most of it of an autoencoder's codes.

use serde::{Deserialize, Serialize};

/// The measures that an experiment asks for. Each is off by default, because some take longer than the training.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluateConfig {
    /// The k of the k-nearest-neighbour classifier on codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knn: Option<usize>,
    /// Whether the same classifier is also measured on raw pixels, on as many principal components as the code has numbers, and on the
    /// codes of the untrained encoder.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub baselines: bool,
    /// Whether a linear classifier is trained on the codes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub probe: bool,
    /// The k of the trustworthiness (Venna and Kaski, 2001).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trustworthiness: Option<usize>,
    /// The noise levels at which test images are denoised.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub noise: Vec<f64>,
    /// Whether the mean squared and the mean absolute error of the test outputs are measured, of any network.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub errors: bool,
}

/// Beyond this many neighbours a measure of neighbourhoods is slow and no longer local.
const MAX_NEIGHBOURS: usize = 1000;
/// Each level is measured on all test images, and is a point in a figure.
const MAX_LEVELS: usize = 32;

impl EvaluateConfig {
    /// Whether no measure is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a measure is asked for that only an autoencoder has.
    pub fn is_about_codes(&self) -> bool {
        let errors = self.errors;
        *self != Self { errors, ..Self::default() }
    }

    /// Checks every number, given the numbers of training and test images and the highest noise level of the noise's kind.
    ///
    /// # Errors
    /// The first value out of range, with the range.
    pub(super) fn validate(&self, train: usize, test: usize, max_noise: f64) -> Result<(), String> {
        if let Some(k) = self.knn
            && !(1..=train.min(MAX_NEIGHBOURS)).contains(&k)
        {
            let max = train.min(MAX_NEIGHBOURS);
            return Err(format!("`evaluate.knn` is {k}; it must be 1 to {max} ({train} training images)"));
        }
        if self.baselines && self.knn.is_none() {
            return Err(
                "`evaluate.baselines` measure `evaluate.knn` on other inputs, and `evaluate.knn` is not given".into()
            );
        }
        if let Some(k) = self.trustworthiness
            && !((1..=MAX_NEIGHBOURS).contains(&k) && 2 * k < test)
        {
            let what = format!("it must be 1 to {MAX_NEIGHBOURS}, and below half the {test} test images");
            return Err(format!("`evaluate.trustworthiness` is {k}; {what}"));
        }
        if let Some(level) = self.noise.iter().find(|level| !(0.0..=max_noise).contains(*level)) {
            return Err(format!("`evaluate.noise` has {level}; a level must be 0 to {max_noise}"));
        }
        if self.noise.len() > MAX_LEVELS {
            return Err(format!("`evaluate.noise` has {} levels; at most {MAX_LEVELS}", self.noise.len()));
        }
        Ok(())
    }
}
