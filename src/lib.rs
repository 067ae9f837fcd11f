//! Kindling: a laboratory for small neural networks.
//!
//! It trains the same network many times, changes one thing, and says with honest statistics what that thing did. Three
//! ideas carry it: every number is a distribution, a trial is a pure function of its inputs, and a model is a stack of
//! replicas. Modules are listed lowest first; each imports only modules above it in the table
//! (`tests/architecture.rs` checks it):
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`terminal`], `files`, `lock`, `hash`, `npy`, `suggest`, [`seed`] | lines on the terminal, files read within limits and written whole, locks, SHA-256, NumPy's arrays, the nearest valid name, every random number |
//! | [`data`] | data sets from a name to examples in memory |
//! | [`nn`] | networks, losses, optimizers, what the CPU computes of them, test functions, devices |
//! | [`experiment`] | the experiment file: settings, metrics, [`experiment::spec::Spec`] as written, [`experiment::plan::Plan`] multiplied out |
//! | [`evaluate`] | measures of trained networks: scores, neighbours, principal components, image quality, edges in weights |
//! | [`train`] | the training loop |
//! | [`record`] | [`record::TrialRecord`]: one line per finished trial |
//! | `studies` | descent down a test function, learning-rate finder, gradient check, loss landscape, losses worked through |
//! | [`trial`] | one stack of trials: data, network, training, evaluation, records; saved networks |
//! | [`run`] | a plan's trials on workers, appended to `records.jsonl` as they end; progress on the terminal |
//! | `cluster` | a run on many machines: Slurm's and Kubernetes' side of it |
//! | [`analysis`] | statistics, claims and [`analysis::summary::Summary`] of a plan's records |
//! | [`report`] | tables, figures, exports, `report.html`, the ledger |
//! | [`cli`] | flags and their documentation |
//! | [`commands`] | one file per subcommand |

pub mod analysis;
pub mod cli;
pub(crate) mod cluster;
pub mod commands;
pub mod data;
pub mod evaluate;
pub mod experiment;
pub(crate) mod files;
pub(crate) mod hash;
pub(crate) mod lock;
pub mod nn;
pub(crate) mod npy;
pub mod record;
pub mod report;
pub mod run;
pub mod seed;
pub(crate) mod studies;
pub(crate) mod suggest;
pub mod terminal;
pub mod train;
pub mod trial;

/// Training allocates and frees a few hundred small tensors per step; the system's allocator takes about a seventh of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
