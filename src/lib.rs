//! Kindling: a laboratory for small neural networks.
pub mod claims;
pub mod cli;
pub mod commands;
pub mod config;
pub mod dashboard;
pub mod data;
pub mod device;
pub mod eval;
pub mod export;
pub mod figures;
pub mod loss;
pub mod models;
pub mod optim;
pub mod plan;
pub mod progress;
pub mod record;
pub mod report;
pub mod runner;
pub mod saved;
pub mod seed;
pub mod spec;
pub mod stats;
pub mod summary;
pub mod train;
pub mod trial;

/// The version of Burn this was built with.
pub const BURN_VERSION: &str = "0.22.1";

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
