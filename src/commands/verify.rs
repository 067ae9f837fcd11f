//! `kindling verify`: retrain some recorded trials and compare their bytes.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::ControlFlow;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::run::data_locations;
use super::run::folder::plan_of;
use super::{Exit, failed};
use crate::cli::VerifyArgs;
use crate::nn::device;
use crate::record::{self, BURN_VERSION, MadeWith, Status, TrialRecord};
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
    let backend = device::open(Some(&backend))?;
    let lab = Lab::open(&plan, &data_locations(&args.data, ProgressMode::Quiet), backend)?;
    let recorded = records.len();
    if !args.all {
        // Drawn anew each time: whoever changed records could else know which are looked at.
        let draw = RandomState::new().build_hasher().finish();
        Stream::new(draw, Purpose::Pick, 1).shuffle(&mut records);
        records.truncate(args.trials);
    }
    let mut different: Vec<&TrialRecord> = Vec::new();
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
        let verdict = difference(record, again)?;
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
        "the records were made by {}; retrained by kindling {}, burn {BURN_VERSION} on {} {} ({})",
        made_by(&first.made_with),
        env!("CARGO_PKG_VERSION"),
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
        return Ok(Some(format!("{what}: then {}; now {}", made_by(then), made_by(now))));
    }
    let fields = [
        ("history", before.history != after.history),
        ("metrics", before.metrics != after.metrics),
        ("confusion", before.confusion != after.confusion),
        ("predictions", before.predictions != after.predictions),
        ("mistakes", before.mistakes != after.mistakes),
    ];
    let names: Vec<&str> = fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    let what = if names.is_empty() { "record".into() } else { names.join(", ") };
    let [before, after] = [before, after].map(|record| serde_json::to_value(record.timeless()));
    let largest = largest_difference(&before?, &after?, "");
    Ok(Some(match largest {
        Some((share, place)) => format!("DIFFERENT {what}; largest relative difference {share:.1e}, of {place}"),
        None => format!("DIFFERENT {what}"),
    }))
}

/// The program and the libraries that made a record, what its bytes depend on, and its data.
fn made_by(made: &MadeWith) -> String {
    let MadeWith { kindling, burn, backend, bytes, data, .. } = made;
    format!("kindling {kindling}, burn {burn}, {backend} {bytes}, data {data}")
}

/// The largest difference between two numbers in the same place, relative to the larger of the two, and that place: `history.train_loss[0]`.
fn largest_difference(before: &Value, after: &Value, place: &str) -> Option<(f64, String)> {
    let larger = |a: (f64, String), b: (f64, String)| if b.0 > a.0 { b } else { a };
    match (before, after) {
        (Value::Number(before), Value::Number(after)) => {
            let (before, after) = (before.as_f64()?, after.as_f64()?);
            let share = (before - after).abs() / before.abs().max(after.abs());
            (before != after).then(|| (share, place.to_string()))
        }
        (Value::Array(before), Value::Array(after)) => {
            let each = before.iter().zip(after).enumerate();
            each.filter_map(|(index, (a, b))| largest_difference(a, b, &format!("{place}[{index}]"))).reduce(larger)
        }
        (Value::Object(before), Value::Object(after)) => {
            let inside = |key: &String| if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            let each = before.iter().filter_map(|(key, a)| largest_difference(a, after.get(key)?, &inside(key)));
            each.reduce(larger)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_largest_relative_difference_names_its_place() {
        let before = json!({"history": {"train_loss": [4.0, 2.0]}, "metrics": {"test_loss": 1.0}, "arm": "a"});
        let after = json!({"history": {"train_loss": [4.0, 1.0]}, "metrics": {"test_loss": 1.25}, "arm": "b"});
        assert_eq!(largest_difference(&before, &after, ""), Some((0.5, "history.train_loss[1]".into())));
        assert_eq!(largest_difference(&before, &before, ""), None);
    }
}
