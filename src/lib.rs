//! Kindling: a laboratory for small neural networks.
//!
//! It trains the same network many times, changes one thing, and says with honest statistics what that thing did. Three
//! ideas carry it: every number is a distribution, a trial is a pure function of its inputs, and a model is a stack of
//! replicas. The data takes one path, from the first row of this table to the last, and a module imports only modules of rows
//! above its own (`tests/architecture.rs` checks it):
//!
//! | module | what it holds |
//! | --- | --- |
//! | `files`, `hash`, `suggest`, [`seed`] | atomic writes, SHA-256, the nearest valid name, every random number |
//! | [`data`] | data sets from a name to examples in memory |
//! | [`nn`] | networks, losses, optimizers, test functions, the CPU's kernels, devices |
//! | [`experiment`] | the experiment file: settings, metrics, [`experiment::spec::Spec`] as written, [`experiment::plan::Plan`] multiplied out |
//! | [`evaluate`] | measures of trained networks: scores, neighbours, principal components, image quality |
//! | [`train`] | the training loop |
//! | [`record`] | [`record::TrialRecord`]: one line a finished trial |
//! | `studies` | descent down a test function, learning-rate finder, gradient check, loss landscape |
//! | [`trial`] | one stack of trials: data, network, training, evaluation, records; saved networks |
//! | [`run`] | a plan's trials on workers, appended to `records.jsonl` as they end; progress on the terminal |
//! | [`analysis`] | statistics, claims and [`analysis::summary::Summary`] of a plan's records |
//! | [`report`] | tables, figures, exports, `report.html`, the ledger |
//! | [`cli`] | flags and their documentation |
//! | [`commands`] | one file a subcommand |

pub mod analysis;
pub mod cli;
pub mod commands;
pub mod data;
pub mod evaluate;
pub mod experiment;
pub(crate) mod files;
pub(crate) mod hash;
pub mod nn;
pub mod record;
pub mod report;
pub mod run;
pub mod seed;
pub(crate) mod studies;
pub(crate) mod suggest;
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
