//! Statistics of small samples: slices in, numbers out. A function that draws random numbers takes its generator as an argument.

pub(crate) mod bootstrap;
pub(crate) mod compare;
pub(crate) mod describe;
mod probability_of_improvement;
pub(crate) mod wilcoxon;

pub use bootstrap::Interval;
pub use describe::Description;

/// The fewest seeds for which there is an interval: resampling two values says nothing.
pub const MIN_SEEDS_FOR_INTERVAL: usize = 3;
/// With fewer seeds every verdict has a warning, because percentile intervals are then too narrow.
pub const MIN_SEEDS_FOR_TRUST: usize = 10;
/// The confidence of every interval, and one minus the significance level of every test.
pub const CONFIDENCE: f64 = 0.95;
