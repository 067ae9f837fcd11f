//! Runs the trials of a plan that are not recorded yet. Neither the number of workers nor the size of a stack changes a record.
//!
//! In: a plan, a trainer, the records so far. Out: the records of all trials that finished.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};

use super::stacks::stacks;
use super::workers::train_all;
use super::{Listener, RunnerOptions, Trainer};
use crate::experiment::plan::{Plan, Trial};
use crate::record::{RecordFile, Status, TrialRecord};

/// The records of a run.
#[derive(Debug)]
pub struct RunOutcome {
    /// In plan order; trials not finished are missing.
    pub records: Vec<TrialRecord>,
    /// Whether it was interrupted before all trials were done.
    pub interrupted: bool,
}

/// The trials of a plan, split into those recorded and those still to run.
#[derive(Debug)]
pub struct PendingRun {
    /// The identity of every trial, in plan order.
    ids: Vec<String>,
    known: HashMap<String, TrialRecord>,
    /// Trials to run, in plan order.
    pub pending: Vec<Trial>,
}

/// Compares a plan with the records found in its folder, before anything is written or trained. Trials whose record says that they failed
/// run again.
///
/// # Errors
/// A record belongs to another spec, other data or another backend.
pub fn resume(plan: &Plan, trainer: &dyn Trainer, found: Vec<TrialRecord>) -> Result<PendingRun> {
    for record in &found {
        refuse_foreign(plan, trainer, record)?;
    }
    let finished = found.into_iter().filter(|record| record.status != Status::Failed);
    let known: HashMap<String, TrialRecord> = finished.map(|record| (record.id.clone(), record)).collect();
    let mut pending_run = PendingRun { ids: Vec::new(), known, pending: Vec::new() };
    for trial in plan.trials() {
        let id = trainer.id(&trial)?;
        if !pending_run.known.contains_key(&id) {
            pending_run.pending.push(trial);
        }
        pending_run.ids.push(id);
    }
    Ok(pending_run)
}

/// Runs the trials that are not recorded yet.
///
/// # Errors
/// The records cannot be written.
pub fn run(
    mut pending_run: PendingRun,
    trainer: &dyn Trainer,
    file: &mut RecordFile,
    options: RunnerOptions,
    listener: &dyn Listener,
    stop: &AtomicBool,
) -> Result<RunOutcome> {
    let pending = std::mem::take(&mut pending_run.pending);
    listener.on_start(&pending, pending_run.ids.len() - pending.len());
    let fresh = train_all(stacks(pending, options), trainer, file, options.jobs, listener, stop)?;
    pending_run.known.extend(fresh.into_iter().map(|record| (record.id.clone(), record)));
    let records: Vec<TrialRecord> =
        pending_run.ids.iter().filter_map(|id| pending_run.known.get(id).cloned()).collect();
    Ok(RunOutcome { interrupted: records.len() < pending_run.ids.len(), records })
}

/// An error for a record that this plan would not have made.
fn refuse_foreign(plan: &Plan, trainer: &dyn Trainer, record: &TrialRecord) -> Result<()> {
    let arm = plan.arms.iter().position(|arm| arm.label == record.arm);
    let ours = match arm {
        Some(index) => trainer.id(&plan.arms[index].trial(index, record.seed))? == record.id,
        None => false,
    };
    if !ours {
        bail!(
            "the records are of another spec, other data or another backend: arm `{}`, seed {} there is not the one of this \
             plan; give this run its own folder with --out, or move those records away",
            record.arm,
            record.seed
        );
    }
    Ok(())
}
