//! Runs the trials of a plan that are not recorded yet. Neither the number of workers nor the size of a stack changes a record.
//!
//! In: a plan, a trainer, the records so far. Out: the records of all trials that finished.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};

use super::stacks::{side_by_side, stacks};
use super::workers::train_all;
use super::{Listener, NeededTrials, RunnerOptions, Trainer};
use crate::experiment::plan::{Plan, Trial, identity};
use crate::record::{RecordFile, Status, TrialRecord};

/// The records of a run.
#[derive(Debug)]
pub struct RunOutcome {
    /// In plan order; trials not finished are missing.
    pub records: Vec<TrialRecord>,
    /// The trials there were to be.
    pub trials: usize,
    /// Whether it was interrupted before all trials were done.
    pub interrupted: bool,
}

/// The trials of a plan, split into those recorded and those still to run.
#[derive(Debug)]
pub struct PendingRun {
    /// The place of every trial in the plan, by its identity.
    order: HashMap<String, usize>,
    /// The records of trials that finished, in any order.
    recorded: Vec<TrialRecord>,
    /// Trials to run, in plan order.
    pub pending: Vec<Trial>,
    /// Which trials a search needs.
    pub needed: NeededTrials,
}

/// Compares a plan with the records found in its folder, before anything is written or trained. Trials whose record says that they failed
/// run again. Of a search that halves, the trials are those of the stages so far. Trials that
/// are not this process's own, by arm and seed, are left out.
///
/// # Errors
/// A record belongs to another spec, other data or another backend.
pub fn resume(
    plan: &Plan,
    trainer: &dyn Trainer,
    mut found: Vec<TrialRecord>,
    is_own: impl Fn(usize, u64) -> bool,
) -> Result<PendingRun> {
    let needed = NeededTrials::of(plan, &found);
    needed.leave_out_stale(plan, &mut found);
    let mut order = HashMap::with_capacity(plan.arms.len() * plan.seeds.len());
    let mut places = Vec::new();
    let mut pending = Vec::new();
    let finished = found.iter().filter(|record| record.status != Status::Failed);
    let finished: HashSet<&str> = finished.map(|record| record.id.as_str()).collect();
    for trial in needed.trials(plan) {
        let id = trainer.id(&trial)?;
        places.push((trial.arm, trial.seed));
        order.insert(id.clone(), order.len());
        if !finished.contains(id.as_str()) {
            pending.push(trial);
        }
    }
    // The identity of a trial need not be computed a second time.
    let is_of = |record: &TrialRecord, place: usize| {
        let (arm, seed) = places[place];
        record.arm == plan.arms[arm].label && record.seed == seed
    };
    let mut others = found.iter().filter(|record| !order.get(&record.id).is_some_and(|&place| is_of(record, place)));
    others.try_for_each(|record| refuse_foreign(plan, trainer, record))?;
    found.retain(|record| record.status != Status::Failed);
    pending.retain(|trial| is_own(trial.arm, trial.seed));
    order.retain(|_, &mut place| {
        let (arm, seed) = places[place];
        is_own(arm, seed)
    });
    Ok(PendingRun { order, recorded: found, pending, needed })
}

impl PendingRun {
    /// How many trials there are, recorded or not.
    pub fn trials(&self) -> usize {
        self.order.len()
    }

    /// Takes records of pending trials from elsewhere: they are recorded then, and pending no longer.
    pub fn take(&mut self, records: Vec<TrialRecord>) {
        let taken: HashSet<(&str, u64)> = records.iter().map(|record| (record.arm.as_str(), record.seed)).collect();
        self.pending.retain(|trial| !taken.contains(&(trial.label.as_str(), trial.seed)));
        self.recorded.extend(records);
    }
}

/// Runs the trials that are not recorded yet.
///
/// # Errors
/// The records cannot be written.
pub fn run(
    pending_run: PendingRun,
    trainer: &dyn Trainer,
    file: &mut RecordFile,
    options: RunnerOptions,
    listener: &dyn Listener,
    stop: &AtomicBool,
) -> Result<RunOutcome> {
    let PendingRun { order, recorded: mut records, pending, .. } = pending_run;
    listener.on_start(&pending, order.len() - pending.len());
    let stacks = stacks(pending, options);
    let is_apart = options.is_cpu || trainer.trains_one_at_a_time();
    let stacks = if is_apart { stacks } else { side_by_side(stacks, options) };
    records.extend(train_all(stacks, trainer, file, options.jobs, listener, stop)?);
    // Records of seeds that this plan does not have, and second ones of a trial, are left out.
    records.retain(|record| order.contains_key(&record.id));
    // A whole training before one that was pruned.
    records.sort_by_key(|record| (order.get(&record.id).copied(), record.status == Status::Pruned));
    records.dedup_by(|later, earlier| later.id == earlier.id);
    Ok(RunOutcome { interrupted: records.len() < order.len(), trials: order.len(), records })
}

/// An error for a record that this plan would not have made.
fn refuse_foreign(plan: &Plan, trainer: &dyn Trainer, record: &TrialRecord) -> Result<()> {
    let arm = plan.arms.iter().position(|arm| arm.label == record.arm);
    let trial = arm.map(|index| plan.arms[index].trial(index, record.seed));
    if let Some(trial) = &trial
        && trainer.id(trial)? == record.id
    {
        return Ok(());
    }
    let made = &record.made_with;
    let has_settings = |trial: &Trial| identity::trial_id(&trial.config, trial.seed, &made.data, &made.computed_on());
    if trial.is_some_and(|trial| has_settings(&trial) == record.id) {
        bail!(
            "the settings of arm `{}` are the same, and {} has changed since (or the backend, which was {})",
            record.arm,
            made.dataset,
            made.backend
        );
    }
    bail!(
        "arm `{}`, seed {} there is not the one of this plan, or of other data or another backend",
        record.arm,
        record.seed
    )
}
