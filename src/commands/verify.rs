//! `kindling verify`: retrain some recorded trials and compare their bytes.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::ControlFlow;

use anyhow::{Context, Result, bail, ensure};

use super::run::data_locations;
use super::run::folder::plan_of;
use super::{Exit, failed, trust};
use crate::cli::VerifyArgs;
use crate::nn::device;
use crate::record::{self, Status, TrialRecord};
use crate::run::progress::ProgressMode;
use crate::seed::{Purpose, Stream};
use crate::terminal;
use crate::train::{Callback, EpochScores};
use crate::trial::{Lab, run_stack};

/// Retrains each chosen trial alone and compares its record, time apart.
pub fn run(args: &VerifyArgs) -> Result<Exit> {
    ensure!(args.trials > 0, "--trials 0 verifies nothing; it must be at least 1");
    let plan = plan_of(&args.folder)?;
    let mut records = record::read_all(&args.folder)?;
    records.retain(|record| record.status != Status::Failed);
    let Some(first) = records.first() else { bail!("{} has no finished trial to verify", args.folder.display()) };
    let backend = args.backend.clone().unwrap_or_else(|| first.made_with.backend.clone());
    let backend = trust::open(Some(&backend))?;
    let lab = Lab::open(&plan, &data_locations(&args.data, ProgressMode::Quiet), backend)?;
    let recorded = records.len();
    if !args.all {
        // Drawn anew each time: whoever changed records could else know which are looked at.
        let draw = RandomState::new().build_hasher().finish();
        Stream::new(draw, Purpose::Pick, 1).shuffle(&mut records);
        records.truncate(args.trials);
    }
    let mut different: Vec<&TrialRecord> = Vec::new();
    let mut made_again = None;
    for record in &records {
        let Some(arm) = plan.arms.iter().position(|arm| arm.label == record.arm) else {
            bail!("the records have arm `{}`, which is not in spec.toml", record.arm);
        };
        let trial = plan.arms[arm].trial(arm, record.seed);
        let again = match run_stack(&lab, &[trial], &UntilPruned(record.pruned_epoch)) {
            Ok(again) => again,
            Err(error) => return Ok(failed(&error.into())),
        };
        let again = again.records.first().context("the training left no record")?;
        let verdict = record::difference(record, again)?;
        made_again = Some(again.made_with.clone());
        terminal::print(format_args!(
            "{} seed {}: {}",
            record.arm,
            record.seed,
            verdict.as_deref().unwrap_or("the same bytes")
        ));
        different.extend(verdict.is_some().then_some(record));
    }
    let checked = records.len();
    terminal::print(format_args!(
        "{checked} of {recorded} recorded trials checked: {} the same, {} different",
        checked - different.len(),
        different.len()
    ));
    let Some(first) = different.first() else { return Ok(Exit::Done) };
    terminal::print(format_args!(
        "the records were made by {}; retrained by {}, on {} {} ({})",
        first.made_with,
        made_again.map_or_else(String::new, |made| made.to_string()),
        std::env::consts::OS,
        std::env::consts::ARCH,
        device::cpu_features()
    ));
    Ok(Exit::Different)
}

/// Ends a training after the epoch in which a search did.
struct UntilPruned(Option<usize>);

impl Callback for UntilPruned {
    fn on_step(&self, _examples: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn on_epoch(&self, epoch: usize, _scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        if self.0 == Some(epoch) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
