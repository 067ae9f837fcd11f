//! What a descent goes down, and from where.

use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::nn::test_function::Function;

/// What is descended, and from where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DescentConfig {
    /// The function.
    pub function: Function,
    /// Where it starts: one number, or two; empty means the function's usual start.
    pub start: Vec<f64>,
    /// Standard deviation of the normal draw that moves each coordinate of the start, seed by seed.
    #[serde(skip_serializing_if = "is_zero")]
    pub jitter: f64,
    /// Steps.
    pub steps: usize,
}

impl Default for DescentConfig {
    fn default() -> Self {
        Self { function: Function::Rosenbrock, start: Vec::new(), jitter: 0.0, steps: 500 }
    }
}

/// Beyond use; every step of the way is kept.
const MOST_STEPS: usize = 10_000;

impl DescentConfig {
    /// Where it starts, before any jitter.
    pub fn origin(&self) -> Vec<f64> {
        if self.start.is_empty() { self.function.usual_start() } else { self.start.clone() }
    }

    /// # Errors
    /// A number out of range, or a start with too many or too few of them.
    pub fn validate(&self) -> Result<(), String> {
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
        if !(1..=MOST_STEPS).contains(&self.steps) {
            return Err(format!("`descend.steps` is {}; it must be 1 to {MOST_STEPS}", self.steps));
        }
        Ok(())
    }
}
