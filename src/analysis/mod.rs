//! The analysis of a plan's records: statistics, claims, and the summary from which every table and figure is made.
//!
//! In: a plan and its records. Out: numbers and findings. Nothing here trains, and the same records give the same summary.

pub mod claims;
pub mod search;
pub mod settings;
pub mod stats;
pub mod summary;
