//! Trials that another run has recorded already.
//!
//! A trial's record is a function of its identity, so it may be copied from any run that has it. Looked for is in the folders beside that of the
//! run under `artifacts/`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Run;
use super::folder::plan_of;
use crate::experiment::plan::identity::settings_text;
use crate::experiment::plan::{Plan, Trial};
use crate::record::{self, RecordFile, Status, TrialRecord};
use crate::run::PendingRun;
use crate::terminal;
use crate::trial::snapshot::Snapshot;

impl Run {
    /// Copies the records of pending trials that another run has.
    pub(super) fn share(&mut self, file: &mut RecordFile, pending: &mut PendingRun) -> Result<()> {
        let Some(shelf) = &self.shelf else { return Ok(()) };
        let all = self.plan.arms.len() * self.plan.seeds.len();
        let found = recorded_elsewhere(&pending.pending, &self.folder, shelf, |trial| self.lab.id(trial))?;
        if !found.is_empty() && self.spec.claims_before.take().is_some() {
            // These results were there before the claims were.
            self.plan.claims_before = None;
            self.write_spec()?;
        }
        let mut counts: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for (record, folder) in &found {
            file.append(record)?;
            // A report has less to touch without it, and is as right.
            let _ = Snapshot::copy(folder, &self.folder, &record.id);
            *counts.entry(folder.clone()).or_default() += 1;
        }
        for (folder, count) in counts.iter().filter(|_| !self.quiet) {
            terminal::tell(format_args!(
                "{count} of {all} trials taken from {} (--no-share trains them)",
                folder.display()
            ));
        }
        pending.take(found.into_iter().map(|(record, _)| record).collect());
        Ok(())
    }
}

/// Records of some of the trials, renamed to the arms of this run, and the folder that each came from. `id` gives a trial's identity.
///
/// # Errors
/// An identity cannot be made.
fn recorded_elsewhere(
    pending: &[Trial],
    own: &Path,
    shelf: &Path,
    id: impl Fn(&Trial) -> Result<String>,
) -> Result<Vec<(TrialRecord, PathBuf)>> {
    let folders = other_runs(own, shelf);
    if folders.is_empty() || pending.is_empty() {
        return Ok(Vec::new());
    }
    let settings: BTreeSet<String> = pending.iter().map(|trial| settings_text(&trial.config)).collect();
    let mut missing: HashMap<String, &Trial> = HashMap::new();
    for trial in pending {
        missing.insert(id(trial)?, trial);
    }
    let mut found = Vec::new();
    for folder in folders {
        // Records are read only where some arm has the settings of one of these.
        let shares = |plan: &Plan| plan.arms.iter().any(|arm| settings.contains(&settings_text(&arm.config)));
        if missing.is_empty() || !plan_of(&folder).is_ok_and(|plan| shares(&plan)) {
            continue;
        }
        // A folder that cannot be read has nothing to share, and is no reason not to train.
        for mut record in record::read_all(&folder).unwrap_or_default() {
            if !matches!(record.status, Status::Done | Status::Diverged) {
                continue;
            }
            if let Some(trial) = missing.remove(&record.id) {
                record.arm = trial.label.clone();
                record.axes = trial.values.iter().cloned().collect();
                found.push((record, folder.clone()));
            }
        }
    }
    Ok(found)
}

/// The folders of other runs, by name.
fn other_runs(own: &Path, shelf: &Path) -> Vec<PathBuf> {
    let own = fs::canonicalize(own).ok();
    let entries = fs::read_dir(shelf).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let is_run =
        |path: &PathBuf| fs::canonicalize(path).ok() != own && path.join("spec.toml").is_file() && record::are_in(path);
    let mut folders: Vec<PathBuf> = entries.filter(is_run).collect();
    folders.sort();
    folders
}
