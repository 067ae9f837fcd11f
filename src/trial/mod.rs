//! A stack of trials: data, network, training and evaluation put together, and the records that come of it.
//!
//! In: trials that may share a stack, a [`Lab`] with their data. Out: a [`TrainedStack`]. A trial's record is the same, time apart,
//! whichever trials share its stack.

mod autoencoder;
mod decision_grid;
mod descent;
mod describe;
mod errors;
mod lab;
pub(crate) mod probe;
mod references;
pub mod saved;
pub mod snapshot;
mod stack;

pub use lab::{Lab, Splits};
pub use stack::{Stack, TrainedStack, by_training, initial_network, job, run_side_by_side, run_stack};
