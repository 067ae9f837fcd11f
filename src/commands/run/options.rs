//! What a run was asked for: the options that `sweep`, `autoencoder`, `descend` and `reproduce` share, and the spec with them applied.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::analysis::claims;
use crate::cli::{DataFlags, RunFlags};
use crate::data::source::{self, DataLocations, cache_dir};
use crate::data::{DataConfig, SplitSizes};
use crate::experiment::plan::Plan;
use crate::experiment::plan::shard::Shard;
use crate::experiment::spec::Spec;
use crate::run::progress::ProgressMode;
use crate::terminal;

/// What a run was asked for, whichever command asked.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// `KEY=VALUE` for each setting that overrides the file's.
    pub set: Vec<String>,
    /// Overrides the data set.
    pub dataset: Option<String>,
    /// Overrides the number of epochs.
    pub epochs: Option<usize>,
    /// Overrides the number of seeds.
    pub seeds: Option<u64>,
    /// One epoch, three seeds and few examples, to see it work.
    pub smoke: bool,
    /// Backend by name; `None` for the default one.
    pub backend: Option<String>,
    /// Where to look for data.
    pub data: DataLocations,
    /// Trainings at a time; `None` for one per core on the CPU, one on a GPU.
    pub jobs: Option<usize>,
    /// Seeds of an arm in a stack; `None` chooses by batch size and network.
    pub stack: Option<usize>,
    /// Folder for the results; `None` for one of artifacts/.
    pub out: Option<PathBuf>,
    /// Begin anew where the folder has records of other settings; `None` where the command has no flag for it.
    pub fresh: Option<bool>,
    /// Take trials that another run has recorded.
    pub share: bool,
    /// Save every network that is trained.
    pub save_models: bool,
    /// Keep small copies of the networks for the page of the report.
    pub weights: bool,
    /// Train one part of the plan alone.
    pub shard: Option<Shard>,
    /// Print nothing but results.
    pub quiet: bool,
}

impl RunOptions {
    /// The options that every training command takes; those of one command alone are left at their defaults.
    pub fn from_flags(flags: &RunFlags) -> Self {
        Self {
            set: flags.set.clone(),
            dataset: flags.dataset.clone(),
            epochs: flags.epochs,
            seeds: None,
            smoke: flags.smoke,
            backend: flags.backend.clone(),
            data: data_locations(&flags.data, ProgressMode::fitting(flags.quiet)),
            jobs: None,
            stack: None,
            out: flags.out.clone(),
            fresh: None,
            share: false,
            save_models: false,
            weights: !flags.no_weights,
            shard: None,
            quiet: flags.quiet,
        }
    }

    /// The folder for the results of a run of this name.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| self.shelf().join(name))
    }

    /// The folder in which runs have their folders.
    pub(super) fn shelf(&self) -> PathBuf {
        let artifacts = Path::new("artifacts");
        if self.smoke { artifacts.join("smoke") } else { artifacts.into() }
    }

    /// Applies the options to a spec, `--smoke` first, so that everything typed beats it. Claims about arms that the options took away
    /// are left out, with a note.
    ///
    /// # Errors
    /// A claim of the file names an unknown arm or metric, an override does not fit, or a number is out of range.
    pub fn apply(&self, spec: &mut Spec) -> Result<()> {
        ensure!(self.jobs != Some(0), "--jobs 0 trains nothing; it must be at least 1");
        ensure!(self.stack != Some(0), "--stack 0 trains nothing; it must be at least 1");
        // As written, every claim must name what there is: a misspelt arm is a mistake and not a choice.
        claims::check(&Plan::new(spec)?).with_context(|| spec.file.clone())?;
        spec.published = Some(Box::new(spec.clone()));
        if self.smoke {
            spec.set_flag("smoke", "train.epochs", 1)?;
            spec.max_sizes = Some(SplitSizes { train: 2_000, validation: 500, test: 500 });
            spec.seeds = spec.seeds.min(3);
            spec.looks.clear();
            if let Some(search) = &mut spec.search {
                // After one epoch there is nothing left to end early.
                search.halving = None;
            }
        }
        for typed in &self.set {
            spec.set(typed)?;
        }
        if let Some(epochs) = self.epochs {
            spec.set_flag("epochs", "train.epochs", epochs as i64)?;
        }
        if let Some(dataset) = &self.dataset {
            spec.set_flag("dataset", "data.dataset", dataset.as_str())?;
        }
        if let Some(seeds) = self.seeds {
            spec.seeds = seeds;
            spec.looks.clear();
        }
        spec.check_seeds("--seeds")?;
        let (kept, left_out) = claims::applicable(std::mem::take(&mut spec.claims), &Plan::new(spec)?);
        spec.claims = kept;
        for claim in left_out.iter().filter(|_| !self.quiet) {
            terminal::tell(format_args!("note: `{}` is not judged: it does not fit the arms of this run", claim.says));
        }
        Ok(())
    }
}

/// Where to look for data, downloads included; `shown` is how a download shows its progress.
pub fn data_locations(flags: &DataFlags, shown: ProgressMode) -> DataLocations {
    let show_progress = shown == ProgressMode::Bar;
    DataLocations { offline: flags.offline, show_progress, ..local_data(flags.folder.data_dir.clone()) }
}

/// Where to look for data that must be on this machine already.
pub fn local_data(dir: Option<PathBuf>) -> DataLocations {
    DataLocations { dir, cache: cache_dir(), offline: true, show_progress: false }
}

/// Trainings at a time: as asked for, else one per core on the CPU and one on a GPU.
pub fn workers(asked: Option<usize>, is_cpu: bool) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    asked.unwrap_or(if is_cpu { cores } else { 1 }).max(1)
}

/// Whether the spec or a flag names a data set, or none is needed.
pub fn names_dataset(spec: &Spec) -> bool {
    let of_arms = spec.arms.iter().flat_map(|arm| &arm.settings);
    let settings = spec.base.iter().chain(of_arms).chain(&spec.overrides).map(|assignment| &assignment.path);
    let mut paths = settings.chain(spec.axes.iter().map(|axis| &axis.path));
    paths.any(|path| path == "data.dataset" || path.starts_with("descend."))
}

/// If neither a data set nor a data folder is named and MNIST is unavailable, uses `digits` and prints a warning.
pub fn settle_dataset(spec: &mut Spec, locations: &DataLocations) -> Result<()> {
    // Who names a data folder means the data in it.
    if names_dataset(spec) || locations.dir.is_some() || locations.find("mnist").is_some() {
        return Ok(());
    }
    if let Err(error) = source::load(&DataConfig::named("mnist"), locations) {
        terminal::tell(format_args!(
            "WARNING: {error:#}\n\nWARNING: MNIST is unavailable, so this run uses `digits`, drawn by kindling itself. Its numbers are \
             not MNIST's; every file it writes carries the name `digits`.\n"
        ));
        spec.set_flag("dataset", "data.dataset", "digits")?;
    }
    Ok(())
}
