//! `kindling merge`: the records of a run, from several files or folders, in one file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::Exit;
use super::run::folder::is_of;
use crate::cli::MergeArgs;
use crate::experiment::plan::{Plan, Trial};
use crate::experiment::spec::{Spec, library};
use crate::files::write_atomic;
use crate::record::{self, Status, TrialRecord};
use crate::run::NeededTrials;
use crate::terminal;
use crate::trial::snapshot::Snapshot;

/// Merges, and says what is missing.
pub fn run(args: &MergeArgs) -> Result<Exit> {
    let out = match (&args.out, args.folders.as_slice()) {
        (Some(out), _) => out.clone(),
        (None, [only]) => only.clone(),
        (None, _) => bail!("--out: name the folder for the records of all {}", args.folders.len()),
    };
    // What the folder has already is part of it.
    let mut folders: Vec<&Path> = args.folders.iter().map(PathBuf::as_path).collect();
    let is_listed = folders.iter().any(|folder| std::fs::canonicalize(folder).ok() == std::fs::canonicalize(&out).ok());
    if !is_listed && (record::are_in(&out) || out.join("spec.toml").exists()) {
        folders.push(&out);
    }
    // What cannot be merged is seen before a folder is made.
    merged(&Plan::new(&common_spec(&folders)?)?, &folders)?;
    let held = record::hold(&out)?;
    // A part may have ended in between, or begun with more seeds.
    let spec = common_spec(&folders)?;
    let plan = Plan::new(&spec)?;
    let ordered = merged(&plan, &folders)?;
    let finished = ordered.iter().filter(|record| record.status != Status::Failed);
    let finished: HashSet<_> = finished.map(|record| (record.arm.as_str(), record.seed)).collect();
    let needed: Vec<Trial> = NeededTrials::of(&plan, &ordered).trials(&plan).collect();
    let count = needed.iter().filter(|trial| finished.contains(&(trial.label.as_str(), trial.seed))).count();
    let trials = needed.len();
    write_atomic(&out.join("spec.toml"), spec.to_toml()?.as_bytes())?;
    for folder in folders.iter().filter(|folder| **folder != out) {
        // A report has less to touch without them, and is as right.
        ordered.iter().for_each(|record| drop(Snapshot::copy(folder, &out, &record.id)));
    }
    if !held.replace(&ordered)? {
        terminal::tell(format_args!(
            "note: the file system of {} has no locks, and a part of the run may be going on; the files in records/ stay",
            out.display()
        ));
    }
    terminal::print(format_args!(
        "{count} of {trials} trials are recorded in {}; next: kindling report {}",
        record::file_in(&out).display(),
        out.display()
    ));
    Ok(Exit::Done)
}

/// The records of all folders, in the order of the plan.
fn merged(plan: &Plan, folders: &[&Path]) -> Result<Vec<TrialRecord>> {
    let with_records: Vec<&Path> = folders.iter().copied().filter(|folder| record::are_in(folder)).collect();
    ensure!(!with_records.is_empty(), "there are no records in {}", listed(folders));
    in_plan_order(plan, record::read_folders(&with_records)?, &with_records)
}

fn listed(folders: &[&Path]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The spec of all folders, with the most seeds that one has.
fn common_spec(folders: &[&Path]) -> Result<Spec> {
    let mut common: Option<(Spec, &Path)> = None;
    for folder in folders {
        let spec = library::load(&folder.join("spec.toml"))
            .with_context(|| format!("{} is not the folder of a run", folder.display()))?;
        let Some((first, at)) = &mut common else {
            common = Some((spec, folder));
            continue;
        };
        let differs = spec.differing_from(first);
        ensure!(
            differs.is_empty(),
            "{} and {} are of other runs: {} (there is the first, here the second)",
            at.display(),
            folder.display(),
            differs.join("; ")
        );
        // Claims that were written down before the first record in one place were not so in all.
        if spec.claims_before != first.claims_before {
            first.claims_before = None;
        }
        if spec.seeds > first.seeds {
            (first.seeds, first.looks) = (spec.seeds, spec.looks);
        }
    }
    common.map(|(spec, _)| spec).context("there is no folder to merge")
}

/// The file that a record is in.
fn place_of(record: &TrialRecord, folders: &[&Path]) -> String {
    let file = folders.iter().find_map(|folder| record::file_of(folder, &record.id));
    file.map_or_else(|| listed(folders), |file| file.display().to_string())
}

/// The records in the order of the plan.
fn in_plan_order(plan: &Plan, mut records: Vec<TrialRecord>, folders: &[&Path]) -> Result<Vec<TrialRecord>> {
    for record in &records {
        let arm = plan.arms.iter().position(|arm| arm.label == record.arm);
        let fits = arm.is_some_and(|arm| is_of(record, &plan.arms[arm].trial(arm, record.seed)));
        // Of a `--smoke` over several data sets, spec.toml does not have the sizes of each.
        let sizes_are_known = plan.differs.is_empty() || plan.datasets().len() < 2;
        ensure!(
            fits || arm.is_some() && !sizes_are_known,
            "{} has a record of `{}`, seed {}, with other settings than spec.toml gives that arm; delete the line, or leave that folder out",
            place_of(record, folders),
            record.arm,
            record.seed
        );
    }
    let place = |label: &str| plan.arms.iter().position(|arm| arm.label == label);
    records.sort_by_cached_key(|record| (place(&record.arm), record.seed));
    Ok(records)
}
