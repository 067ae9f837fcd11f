//! Statistics of a handful of runs: slices in, numbers out, the generator always an argument.

pub mod bootstrap;
pub mod compare;
pub mod describe;
mod probability_of_improvement;
pub mod wilcoxon;

pub use bootstrap::{Interval, bootstrap};
pub use describe::{Description, describe, interquartile_mean};

/// Below this many seeds no interval is printed: resampling two values says nothing.
pub const FEWEST_FOR_INTERVAL: usize = 3;
/// Below this many seeds every verdict carries a warning: percentile intervals are then too narrow.
pub const FEWEST_FOR_TRUST: usize = 10;
/// Confidence of every interval, and one minus the level of every test.
pub const CONFIDENCE: f64 = 0.95;
