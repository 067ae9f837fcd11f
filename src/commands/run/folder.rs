//! What the folder of a run holds: its plan, and its records as far as they are of that plan.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::names_dataset;
use crate::analysis::summary::Summary;
use crate::experiment::config::{Start, TrialConfig};
use crate::experiment::plan::{Plan, Trial, identity};
use crate::experiment::spec::{Spec, library};
use crate::record::{self, Status, TrialRecord};
use crate::run::NeededTrials;

/// The summary of a run's records, in plan order.
///
/// # Errors
/// The folder is not a run's, or none of its records belongs to its spec.
pub fn summary_of(folder: &Path) -> Result<Summary> {
    let plan = plan_of(folder)?;
    let records = record::read_all(folder)?;
    let recorded = by_trial(&records);
    let mut ordered = Vec::new();
    for trial in NeededTrials::of(&plan, &records).trials(&plan) {
        let Some(record) = recorded.get(&(trial.label.as_str(), trial.seed)) else { continue };
        // Of a `--smoke` over several data sets, spec.toml does not have the sizes of each.
        let sizes_are_known = plan.differs.is_empty() || plan.datasets().len() < 2;
        ensure!(
            is_of(record, &trial) || !sizes_are_known,
            "{} has a record of `{}`, seed {}, with other settings than {} gives that arm; put back the spec.toml that the run wrote, or \
             run the sweep into another folder with --out",
            record::file_of(folder, &record.id).unwrap_or_else(|| record::file_in(folder)).display(),
            record.arm,
            record.seed,
            folder.join("spec.toml").display()
        );
        ordered.push((*record).clone());
    }
    if ordered.is_empty() {
        bail!(
            "none of the {} records of {} belongs to the arms and seeds of {}",
            records.len(),
            record::file_in(folder).display(),
            folder.join("spec.toml").display()
        );
    }
    Summary::new(&plan, ordered).with_context(|| folder.join("spec.toml").display().to_string())
}

/// The last record of each arm and seed.
pub fn by_trial(records: &[TrialRecord]) -> HashMap<(&str, u64), &TrialRecord> {
    records.iter().map(|record| ((record.arm.as_str(), record.seed), record)).collect()
}

/// Whether a record is of this trial's settings, seed and data, and not only of an arm with the same name. Where the identity is also that
/// of weights or data which the record does not have, only a sweep, which reads them, can tell.
pub fn is_of(record: &TrialRecord, trial: &Trial) -> bool {
    let made = &record.made_with;
    starts_elsewhere(&trial.config)
        || identity::trial_id(&trial.config, trial.seed, &made.data, &made.computed_on()) == record.id
}

/// Whether a training starts from weights in a file, or from those of a training on other data.
fn starts_elsewhere(config: &TrialConfig) -> bool {
    match &config.model.start {
        Some(Start::File(_)) => true,
        Some(Start::WarmStart(before)) => before
            .settings
            .as_ref()
            .is_some_and(|settings| settings.data.key() != config.data.key() || starts_elsewhere(settings)),
        None => false,
    }
}

/// The plan of a run's folder, named after the folder.
///
/// # Errors
/// The folder holds no spec, or one that makes no plan.
pub fn plan_of(folder: &Path) -> Result<Plan> {
    let mut spec = library::load(&folder.join("spec.toml"))
        .with_context(|| format!("{} is not the folder of a run", folder.display()))?;
    spec.name = folder.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned());
    Ok(Plan::new(&spec)?)
}

/// The folder of a run that is given as itself, or by the name of its experiment, whose run is in `artifacts/`.
///
/// # Errors
/// There is no such folder.
pub fn named(run: &str) -> Result<PathBuf> {
    let name =
        Path::new(run).file_stem().filter(|_| run.ends_with(".toml")).map_or(run.into(), |stem| stem.to_os_string());
    let candidates = [PathBuf::from(run), Path::new("artifacts").join(name)];
    let found = candidates.iter().find(|folder| folder.join("spec.toml").is_file());
    found.cloned().with_context(|| {
        format!(
            "there is no run `{run}`: looked for spec.toml in {} and {}; a sweep or a submission writes it",
            candidates[0].display(),
            candidates[1].display()
        )
    })
}

/// The spec with what its run in this folder added: what a search has learnt, and the digits drawn where MNIST was unavailable.
fn kept(spec: &Spec, folder: &Path) -> Option<Spec> {
    let (mut spec, written) = (spec.clone(), library::load(&folder.join("spec.toml")).ok()?);
    if !names_dataset(&spec) {
        let dataset = written.resolve(&[]).ok()?.data.dataset;
        spec.set_flag("dataset", "data.dataset", dataset).ok()?;
    }
    if let Some(search) = spec.search.as_mut().filter(|search| search.bayesian.is_some()) {
        search.scores = written.search.as_ref()?.scores.clone();
    }
    if written.seeds == spec.seeds {
        spec.looks = written.looks;
    }
    spec.claims_before = written.claims_before;
    Some(spec)
}

/// A spec with what its folder knows of it, its plan, and a record of every trial of it.
pub type Finished = (Spec, Plan, Vec<TrialRecord>);

/// What a folder that holds every trial of the spec has, `None` where one is missing; needs no data.
///
/// # Errors
/// The spec makes no plan, or the records cannot be read.
pub fn finished(spec: &Spec, folder: &Path) -> Result<Option<Finished>> {
    if !folder.join("spec.toml").is_file() || !record::are_in(folder) {
        return Ok(None);
    }
    let Some(spec) = kept(spec, folder) else { return Ok(None) };
    let plan = Plan::new(&spec)?;
    if spec.search.as_ref().is_some_and(|search| plan.sampled.len() < search.count() as usize) {
        return Ok(None);
    }
    let found = record::read_all(folder)?;
    let recorded = by_trial(&found);
    let mut records = Vec::new();
    let needed = NeededTrials::of(&plan, &found);
    if !needed.is_whole {
        return Ok(None);
    }
    for trial in needed.trials(&plan) {
        let own = recorded.get(&(trial.label.as_str(), trial.seed));
        let Some(record) = own.filter(|record| record.status != Status::Failed && is_of(record, &trial)) else {
            return Ok(None);
        };
        records.push((*record).clone());
    }
    Ok(Some((spec, plan, records)))
}
