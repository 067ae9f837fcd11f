//! `kindling verify`: retrain some recorded trials and compare their bytes.

use anyhow::{Context, Result, bail, ensure};

use super::run::{data_locations, plan_of};
use super::{Exit, failed};
use crate::cli::VerifyArgs;
use crate::nn::device;
use crate::record::{self, Status, TrialRecord};
use crate::run::progress::ProgressMode;
use crate::seed::{Purpose, Stream};
use crate::train::NoCallback;
use crate::trial::{Lab, run_stack};

/// Retrains each chosen trial alone and compares its record, time apart.
pub fn run(args: &VerifyArgs) -> Result<Exit> {
    ensure!(args.trials > 0, "--trials 0 verifies nothing; it must be at least 1");
    let plan = plan_of(&args.folder)?;
    let mut records = record::read_all(&args.folder)?;
    records.retain(|record| record.status != Status::Failed);
    let Some(first) = records.first() else { bail!("{} has no finished trial to verify", args.folder.display()) };
    let backend = args.backend.clone().unwrap_or_else(|| first.made_with.backend.clone());
    let backend = device::open(Some(&backend))?;
    let lab = Lab::open(&plan, &data_locations(&args.data, ProgressMode::Quiet), backend)?;
    Stream::new(records.len() as u64, Purpose::Pick, 1).shuffle(&mut records);
    records.truncate(args.trials);
    let mut same = true;
    for record in &records {
        let Some(arm) = plan.arms.iter().position(|arm| arm.label == record.arm) else {
            bail!("the records have arm `{}`, which is not in spec.toml", record.arm);
        };
        let trial = plan.arms[arm].trial(arm, record.seed);
        let again = match run_stack(&lab, &[trial], &NoCallback) {
            Ok(again) => again,
            Err(error) => return Ok(failed(&error.into())),
        };
        let again = again.records.first().context("the training left no record")?;
        let verdict = difference(record, again)?;
        println!("{} seed {}: {}", record.arm, record.seed, verdict.as_deref().unwrap_or("the same bytes"));
        same &= verdict.is_none();
    }
    Ok(if same { Exit::Done } else { Exit::Failed })
}

/// What differs between two records besides their time, and why it might.
fn difference(before: &TrialRecord, after: &TrialRecord) -> Result<Option<String>> {
    if before.timeless().to_line()? == after.timeless().to_line()? {
        return Ok(None);
    }
    let (then, now) = (&before.made_with, &after.made_with);
    if then != now {
        let numbers_agree = before.metrics == after.metrics && before.history == after.history;
        let what = if numbers_agree {
            "the same numbers, made with something else"
        } else {
            "DIFFERENT numbers, made with something else"
        };
        return Ok(Some(format!(
            "{what}: then kindling {}, burn {}, {} {}, data {}; now kindling {}, burn {}, {} {}, data {}",
            then.kindling,
            then.burn,
            then.backend,
            then.bytes,
            then.data,
            now.kindling,
            now.burn,
            now.backend,
            now.bytes,
            now.data
        )));
    }
    let fields = [
        ("history", before.history != after.history),
        ("metrics", before.metrics != after.metrics),
        ("confusion", before.confusion != after.confusion),
        ("predictions", before.predictions != after.predictions),
        ("mistakes", before.mistakes != after.mistakes),
    ];
    let names: Vec<&str> = fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    Ok(Some(format!("DIFFERENT {}", if names.is_empty() { "record".into() } else { names.join(", ") })))
}
