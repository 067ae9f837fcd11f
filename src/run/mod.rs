//! A plan's trials run: grouped into stacks, trained by workers, recorded as they end, shown on the terminal.
//!
//! In: a plan, and anything that trains a stack. Out: records in `records.jsonl`. This file holds what the parts share; [`runner`]
//! walks the plan.

mod best;
pub mod dashboard;
pub mod progress;
mod runner;
mod stacks;
mod workers;

use anyhow::Result;

use crate::experiment::plan::Trial;
use crate::record::TrialRecord;
use crate::train::Callback;

pub use runner::{Outcome, PendingRun, resume, run};
pub use stacks::{stack_size, stacks};
pub use workers::with_its_share;

/// What trains a stack: [`crate::trial::Lab`], or a fake that tests the runner in milliseconds.
pub trait Trainer: Sync {
    /// Trains the trials, all of one arm, as one stack; `None` when the callback broke it off.
    ///
    /// # Errors
    /// They cannot be trained.
    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Option<Vec<TrialRecord>>>;
    /// The trial's identity.
    ///
    /// # Errors
    /// It cannot be known.
    fn id(&self, trial: &Trial) -> Result<String>;
    /// The record of a trial that failed.
    ///
    /// # Errors
    /// It cannot be made.
    fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord>;
}

impl Trainer for crate::trial::Lab {
    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Option<Vec<TrialRecord>>> {
        Ok(self.run(trials, callback)?.map(|(records, _)| records))
    }

    fn id(&self, trial: &Trial) -> Result<String> {
        crate::trial::Lab::id(self, trial)
    }

    fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        crate::trial::Lab::failed(self, trial, error)
    }
}

/// Hears what happens during a run.
pub trait Listener: Sync {
    /// So many of so many trials were recorded before.
    fn on_start(&self, pending: &[Trial], recorded: usize);
    /// Some stack took a step.
    fn on_examples(&self, examples: usize);
    /// A trial ended.
    fn on_record(&self, record: &TrialRecord);
}

/// How to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Stacks trained at a time.
    pub jobs: usize,
    /// Trials a stack; `None` chooses by batch size and network.
    pub stack: Option<usize>,
    /// Whether the CPU trains, which changes the choice.
    pub is_cpu: bool,
}
