//! Statistics of small samples: slices in, numbers out.
//!
//! Every estimate is an [`Inference`], from which p-values and intervals follow by one rule. `location`, `spread` and `share` make them,
//! `hypothesis` tests a claim with one, `family` corrects several such tests, and `compare` puts two arms side by side.

pub mod compare;
pub mod describe;
pub mod family;
pub mod hypothesis;
pub mod inference;
pub mod location;
pub mod looks;
pub mod power;
pub mod share;
pub mod spread;
pub mod test_images;

pub use describe::Description;
pub use inference::{Inference, Interval};

/// The fewest runs for which there is an interval.
pub const MIN_SEEDS_FOR_INTERVAL: usize = 3;
/// With fewer runs a verdict has a warning: whether intervals cover as they should was seen from this number on.
pub const MIN_SEEDS_FOR_TRUST: usize = 6;
/// The level of every test and family of tests. Intervals of single numbers leave this out, half of it at either end.
pub const SIGNIFICANCE: f64 = 0.05;
