//! Kindling: a laboratory for small neural networks.
//!
//! It trains the same network many times, changes one thing, and says with honest statistics what that thing did. Three
//! ideas carry it: every number is a distribution, a trial is a pure function of its inputs, and a model is a stack of
//! replicas. The data takes one path, and each stage knows only the types before it:
//!
//! | stage | from | to |
//! | --- | --- | --- |
//! | [`spec`] | `experiments/x.toml`, flags | [`spec::Spec`]: as written, checked |
//! | [`plan`] | a spec | [`plan::Plan`]: arms x seeds, with identities |
//! | [`runner`] | a plan | stacks of trials on workers; what is recorded is skipped |
//! | [`trial`] | a stack of trials | [`record::TrialRecord`]: data, [`models`], [`train`], [`eval`] put together |
//! | [`record`] | records | `records.jsonl`, one line a trial, safe against crashes |
//! | [`summary`] | records | [`summary::Summary`]: [`stats`], [`claims`] |
//! | [`report`] | a summary | [`figures`], tables, [`export`]s, `report.html` |
//! | [`ledger`] | the summaries of all experiments | published claims beside what was measured |
//! | [`gallery`] | a trained autoencoder | pictures that need the network itself, codes for other programs |
//!
//! Beside the path: [`data`] (where images come from), [`seed`] (every random number), [`task`] and [`metric`]
//! (what is learned and what is measured), [`descend`] (an optimizer on a test function), [`kernels`] (what the CPU does in one pass), [`device`] (chosen once), [`progress`]
//! and [`dashboard`] (the only output while training), [`saved`] (networks on disk), [`cli`] and [`commands`].

pub mod claims;
pub mod cli;
pub mod commands;
pub mod config;
pub mod dashboard;
pub mod data;
pub mod descend;
pub mod device;
pub mod eval;
pub mod export;
pub mod figures;
pub mod gallery;
pub mod gradcheck;
pub mod kernels;
pub mod landscape;
pub mod ledger;
pub mod loss;
pub mod metric;
pub mod models;
pub mod optim;
pub mod plan;
pub mod progress;
pub mod range;
pub mod record;
pub mod report;
pub mod runner;
pub mod saved;
pub mod seed;
pub mod spec;
pub mod stats;
pub mod summary;
pub mod task;
pub mod train;
pub mod trial;

/// The version of Burn this was built with.
pub const BURN_VERSION: &str = "0.22.1";

/// Training allocates and frees a few hundred small tensors a step; the system's allocator takes about a seventh of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(test)]
mod tests {
    #[test]
    fn the_recorded_burn_version_is_the_one_that_is_pinned() {
        let pin = format!("burn = {{ version = \"={}\"", super::BURN_VERSION);
        assert!(include_str!("../Cargo.toml").contains(&pin));
    }
}
