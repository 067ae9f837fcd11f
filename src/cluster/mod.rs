//! A run on many machines: what a scheduler is told of it, and what it says.
//!
//! Kindling schedules nothing itself. In: a run's folder and the shards to train. Out: a script for Slurm or a manifest for Kubernetes, and the
//! state of what was submitted.

pub mod jobs;
pub mod kubernetes;
pub mod ranges;
pub mod slurm;
