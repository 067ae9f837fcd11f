//! The run of a plan's trials: grouped into stacks, trained by workers, recorded as they end, shown on the terminal.
//!
//! In: a plan, and anything that trains a stack. Out: records in `records.jsonl`. This file holds what the others share;
//! [`resume`] and [`run`] train a plan's pending trials.

pub(crate) mod dashboard;
mod halving;
mod keeping;
pub(crate) mod memory;
pub(crate) mod progress;
mod runner;
mod saving;
mod shards;
mod stacks;
mod workers;

use anyhow::Result;

use crate::experiment::plan::Trial;
use crate::record::TrialRecord;
use crate::train::{Callback, TrainError};
use crate::trial::{Lab, Stack, by_training, run_side_by_side};

pub use halving::{HalvingTrainer, NeededTrials};
pub use keeping::{KeepingTrainer, Kept};
pub use runner::{PendingRun, RunOutcome, resume, run};
pub use saving::SavingTrainer;
pub use shards::Shards;
pub use stacks::stacks;
pub use workers::in_worker_pool;

/// Trains stacks of trials: a [`Lab`], a [`SavingTrainer`], or a fake that tests the runner in milliseconds.
pub trait Trainer: Sync {
    /// Trains the trials side by side; one record per trial, in any order. On a GPU they are of one or several trainings on the same data, else
    /// of one.
    ///
    /// # Errors
    /// The callback stopped it, or the trials cannot be trained.
    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Vec<TrialRecord>, TrainError>;
    /// The trial's identity.
    ///
    /// # Errors
    /// The trial's data was not loaded.
    fn id(&self, trial: &Trial) -> Result<String>;
    /// The record of a trial that failed for the given reason.
    ///
    /// # Errors
    /// The trial's data was not loaded.
    fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord>;
    /// Whether it is given the trials of one training at a time also on a GPU, since it decides on each as it trains.
    fn trains_one_at_a_time(&self) -> bool {
        false
    }
}

impl Trainer for Lab {
    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Vec<TrialRecord>, TrainError> {
        let trainings = by_training(trials);
        let stacks: Vec<Stack> = trainings.iter().map(|trials| Stack { trials, callback }).collect();
        Ok(run_side_by_side(self, &stacks)?.into_iter().flat_map(|stack| stack.records).collect())
    }

    fn id(&self, trial: &Trial) -> Result<String> {
        Lab::id(self, trial)
    }

    fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        Lab::failed(self, trial, error)
    }
}

/// Receives the events of a run.
pub trait Listener: Sync {
    /// The run starts with these trials to train; `recorded` others are recorded already.
    fn on_start(&self, pending: &[Trial], recorded: usize);
    /// Some stack took a step with this number of examples.
    fn on_examples(&self, examples: usize);
    /// A trial ended, and its record is on disk.
    fn on_record(&self, record: &TrialRecord);
}

/// How to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunnerOptions {
    /// Stacks trained at a time, each by its own worker.
    pub jobs: usize,
    /// Networks that train side by side: on the CPU seeds of one arm. `None` chooses.
    pub stack: Option<usize>,
    /// Whether the CPU trains, which changes the choice.
    pub is_cpu: bool,
}
