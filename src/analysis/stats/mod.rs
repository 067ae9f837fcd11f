//! Statistics of small samples: slices in, numbers out. A function that draws random numbers takes its generator as an argument.
//!
//! An [`inference::Inference`] is an estimate from which p-values and intervals follow by one rule. `location`, `spread` and `share` make them,
//! `hypothesis` tests a claim with one, and `family` corrects several such tests.

pub(crate) mod bootstrap;
pub(crate) mod compare;
pub mod describe;
pub mod family;
pub mod hypothesis;
pub mod inference;
pub mod location;
mod probability_of_improvement;
pub mod share;
pub mod spread;
pub(crate) mod wilcoxon;

pub use describe::Description;
pub use inference::Interval;

/// The fewest seeds for which there is an interval: resampling two values says nothing.
pub const MIN_SEEDS_FOR_INTERVAL: usize = 3;
/// With fewer seeds every verdict has a warning, because percentile intervals are then too narrow.
pub const MIN_SEEDS_FOR_TRUST: usize = 10;
/// The confidence of every interval, and one minus the significance level of every test.
pub const CONFIDENCE: f64 = 0.95;
/// The level of tests and families of tests. Intervals of single numbers leave this out, half of it at either end.
pub const SIGNIFICANCE: f64 = 0.05;
