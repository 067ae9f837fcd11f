//! The `[descend]` section: the function an optimizer goes down, and where it starts.

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::nn::test_function::Function;

/// An optimizer's descent down a test function, in place of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DescentConfig {
    /// The function whose minimum is sought.
    pub function: Function,
    /// Coordinates of the start, one or two; empty for the function's usual start.
    pub start: Vec<f64>,
    /// Standard deviation of the normal draw that each seed adds to each coordinate of the start.
    #[serde(skip_serializing_if = "is_default")]
    pub jitter: f64,
    /// The number of optimizer steps.
    pub steps: usize,
}

impl Default for DescentConfig {
    fn default() -> Self {
        Self { function: Function::Rosenbrock, start: Vec::new(), jitter: 0.0, steps: 500 }
    }
}

/// A record keeps every point, so their number is bounded.
const MAX_STEPS: usize = 10_000;

impl DescentConfig {
    /// Coordinates of the start, before any jitter.
    pub(crate) fn origin(&self) -> Vec<f64> {
        if self.start.is_empty() { self.function.usual_start() } else { self.start.clone() }
    }

    /// Checks every number against its range.
    ///
    /// # Errors
    /// A number out of range, or a start with the wrong number of coordinates.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let (name, wanted) = (self.function.name(), self.function.dimensions());
        if self.origin().len() != wanted {
            let found = self.start.len();
            return Err(format!("`descend.start` has {found} numbers; `{name}` has {wanted}"));
        }
        if self.origin().iter().any(|x| !x.is_finite()) {
            return Err("`descend.start` must be finite numbers".into());
        }
        if !(self.jitter.is_finite() && self.jitter >= 0.0) {
            return Err(format!("`descend.jitter` is {}; it must be 0 or more", self.jitter));
        }
        if !(1..=MAX_STEPS).contains(&self.steps) {
            return Err(format!("`descend.steps` is {}; it must be 1 to {MAX_STEPS}", self.steps));
        }
        Ok(())
    }
}
