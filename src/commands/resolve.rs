//! What several commands do first: flags to spec, spec to data.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::analysis::claims;
use crate::cli::{DataFlags, DataFolder, RunFlags};
use crate::data::DefaultSizes;
use crate::data::source::{self, DataLocations, cache_dir};
use crate::experiment::plan::Plan;
use crate::experiment::spec::Spec;
use crate::run::progress::ProgressMode;

/// Where to look for data.
pub fn search(flags: &DataFlags, quiet: bool) -> DataLocations {
    let show_progress = ProgressMode::fitting(quiet) == ProgressMode::Bar;
    DataLocations { offline: flags.offline, show_progress, ..local(&flags.folder) }
}

/// Where to look for data that must be here already.
pub fn local(folder: &DataFolder) -> DataLocations {
    DataLocations { dir: folder.data_dir.clone(), cache: cache_dir(), offline: true, show_progress: false }
}

/// Applies flags to a spec: `--smoke` first, so that everything typed beats it. Claims about arms that the flags took away
/// are left out, and said.
pub fn apply(spec: &mut Spec, flags: &RunFlags) -> Result<()> {
    // As written, every claim must name what there is: a misspelt arm is a mistake and not a choice.
    claims::check(&Plan::new(spec)?)?;
    if flags.smoke {
        spec.set_flag("smoke", "train.epochs", 1)?;
        spec.max_sizes = Some(DefaultSizes { train: 2_000, validation: 500, test: 500 });
        spec.seeds = spec.seeds.min(3);
    }
    for typed in &flags.set {
        spec.set(typed)?;
    }
    if let Some(epochs) = flags.epochs {
        spec.set_flag("epochs", "train.epochs", epochs as i64)?;
    }
    if let Some(dataset) = &flags.dataset {
        spec.set_flag("dataset", "data.dataset", dataset.as_str())?;
    }
    let (kept, left_out) = claims::applicable(std::mem::take(&mut spec.claims), &Plan::new(spec)?);
    spec.claims = kept;
    for claim in left_out.iter().filter(|_| !flags.quiet) {
        eprintln!("note: `{}` is not judged: it does not fit the arms of this run", claim.test);
    }
    Ok(())
}

/// Where results go: what was asked for, or a folder of artifacts/ named after the experiment.
pub fn out(flags: &RunFlags, name: &str) -> PathBuf {
    let artifacts = Path::new("artifacts");
    match (&flags.out, flags.smoke) {
        (Some(out), _) => out.clone(),
        (None, true) => artifacts.join("smoke").join(name),
        (None, false) => artifacts.join(name),
    }
}

/// When nobody named a data set and MNIST cannot be had, the drawn digits take its place, loudly.
pub fn settle_dataset(spec: &mut Spec, search: &DataLocations) -> Result<()> {
    let path = "data.dataset";
    if names_dataset(spec) || search.find("mnist").is_some() {
        return Ok(());
    }
    if let Err(error) = source::load("mnist", search) {
        eprintln!(
            "WARNING: {error:#}\n\nWARNING: MNIST cannot be had, so this run uses `digits`, drawn by kindling itself. Its numbers are \
             not MNIST's; every file it writes carries the name `digits`.\n"
        );
        spec.set_flag("dataset", path, "digits")?;
    }
    Ok(())
}

/// Whether somebody named a data set, or none is needed.
pub fn names_dataset(spec: &Spec) -> bool {
    let of_arms = spec.arms.iter().flat_map(|arm| &arm.settings);
    let settings = spec.base.iter().chain(of_arms).chain(&spec.overrides).map(|assignment| &assignment.path);
    let mut paths = settings.chain(spec.axes.iter().map(|axis| &axis.path));
    paths.any(|path| path == "data.dataset" || path.starts_with("descend."))
}

/// Trainings at a time: what was asked for, one a core on the CPU, one on a GPU.
pub fn jobs(asked: Option<usize>, is_cpu: bool) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    asked.unwrap_or(if is_cpu { cores } else { 1 }).max(1)
}
