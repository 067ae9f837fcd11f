//! What the records say: statistics, claims, and the summary that every table and figure is made of.
//!
//! In: a plan and its records. Out: numbers and findings. Nothing here trains, and the same records give the same summary.

pub mod claims;
pub mod stats;
pub mod summary;
