//! A run of an experiment, from flags to records and report: what `sweep`, `autoencoder`, `descend` and `reproduce` share.
//!
//! Read from top to bottom: the options, the spec with the options applied, the run made ready, its arms proposed where it searches, its
//! trials trained, its end reported.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, ensure};

use super::{Exit, failed, interrupts, share};
use crate::analysis::claims;
use crate::analysis::stats::describe::interquartile_mean;
use crate::analysis::summary::Summary;
use crate::cli::{DataFlags, RunFlags};
use crate::data::source::{self, DataLocations, cache_dir};
use crate::data::{DataConfig, Dataset, SplitSizes};
use crate::experiment::metric::Metric;
use crate::experiment::plan::Plan;
use crate::experiment::spec::{Halving, Spec, claims_hash, library};
use crate::files::write_atomic;
use crate::nn::device;
use crate::record::{self, RecordFile, Status, by_seed};
use crate::run::memory;
use crate::run::progress::{ProgressMode, SweepProgress};
use crate::run::{self, HalvingTrainer, ModelSaver, PendingRun, RunOutcome, RunnerOptions, Trainer};
use crate::terminal;
use crate::trial::Lab;

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
    /// Begin anew where the folder has records of other settings.
    pub fresh: bool,
    /// Take trials that another run has recorded.
    pub share: bool,
    /// Save every network that is trained.
    pub save_models: bool,
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
            fresh: false,
            share: false,
            save_models: false,
            quiet: flags.quiet,
        }
    }

    /// The folder for the results of a run of this name.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| self.shelf().join(name))
    }

    /// The folder in which runs have their folders.
    fn shelf(&self) -> PathBuf {
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

/// A run made ready: its backend opened, its data loaded, its plan checked. Nothing is written yet.
pub struct Run {
    spec: Spec,
    /// What will be trained.
    pub plan: Plan,
    /// The data and the backend.
    pub lab: Lab,
    /// Where results go.
    pub folder: PathBuf,
    options: RunnerOptions,
    quiet: bool,
    /// Where trials are looked for that another run has recorded.
    shelf: Option<PathBuf>,
    saves_models: bool,
    fresh: bool,
}

impl Run {
    /// Makes a run of a spec ready whose options are applied.
    ///
    /// # Errors
    /// No device of the backend can be used, data is missing or too small, or the spec makes no plan.
    pub fn prepare(mut spec: Spec, folder: PathBuf, options: &RunOptions) -> Result<Self> {
        let backend = device::open(options.backend.as_deref())?;
        let run_options =
            RunnerOptions { jobs: workers(options.jobs, backend.is_cpu), stack: options.stack, is_cpu: backend.is_cpu };
        settle_dataset(&mut spec, &options.data)?;
        let has_records = record::are_in(&folder) && !options.fresh;
        let written = if has_records { library::load(&folder.join("spec.toml")).ok() } else { None };
        spec.claims_before = match has_records {
            // What was written down before the first record is kept.
            true => written.as_ref().and_then(|written| written.claims_before.clone()),
            // Where the user begins anew, results were there before.
            false if options.fresh && record::are_in(&folder) => None,
            false => (!spec.claims.is_empty()).then(|| claims_hash(&spec.claims)),
        };
        if let Some(written) = written.filter(|_| !options.quiet) {
            note_second_look(&spec, &written);
        }
        let mut plan = Plan::new(&spec)?;
        if !has_records {
            memory::check(&plan, run_options)?;
        }
        let lab = Lab::open(&plan, &options.data, backend).with_context(|| spec.file.clone())?;
        plan.learn_shapes(|data| lab.shape(data));
        // Nothing is moved before the run is seen to be possible.
        if let Some(aside) = if options.fresh { record::set_aside(&folder)? } else { None } {
            terminal::tell(format_args!(
                "note: the records that were in {} are now in {}",
                folder.display(),
                aside.display()
            ));
        }
        // A record of elsewhere has no network here, and another time.
        let is_shared = options.share && !options.save_models && !about_time(&plan);
        let shelf = is_shared.then(|| options.shelf());
        let (quiet, saves_models, fresh) = (options.quiet, options.save_models, options.fresh);
        Ok(Self { spec, plan, lab, folder, options: run_options, quiet, shelf, saves_models, fresh })
    }

    /// The data set of the run that figures show, where it was loaded.
    pub fn shown_dataset(&self, summary: &Summary) -> Option<&Dataset> {
        let config = self.plan.config_of(&summary.median_run()?.arm)?;
        self.lab.dataset(&config.data).ok()
    }

    /// A progress display that fits the terminal.
    pub fn progress(&self) -> SweepProgress {
        SweepProgress::new(ProgressMode::fitting(self.quiet))
    }

    /// Trains what is not recorded yet, in the lab, and has `report` report on all there is.
    ///
    /// # Errors
    /// It could not start. What goes wrong later is printed, and the exit is [`Exit::Failed`].
    pub fn train(mut self, report: impl FnOnce(&Self, &Summary) -> Result<()>) -> Result<Exit> {
        if self.saves_models && !self.quiet && record::are_in(&self.folder) {
            terminal::tell(format_args!(
                "note: trials that are recorded already are not trained again, and their networks not saved; --fresh trains them anew"
            ));
        }
        if self.plan.halving.is_none() {
            let exit = self.search()?;
            if exit != Exit::Done {
                return Ok(exit);
            }
        }
        if let Some(halving) = self.plan.halving {
            let mut so_far = None;
            let exit = self.with_trainer(|trainer| self.halve(halving, trainer, &mut so_far))?;
            if exit != Exit::Done {
                so_far.map_or(Ok(()), |summary| report(&self, &summary))?;
                return Ok(exit);
            }
        }
        let (mut file, mut pending) = self.open_records()?;
        self.share(&mut file, &mut pending)?;
        let progress = self.progress();
        self.with_trainer(|trainer| {
            self.train_pending(file, pending, trainer, &progress, |summary| report(&self, summary))
        })
    }

    /// Runs with the trainer that was asked for, and tells of networks that could not be saved.
    fn with_trainer(&self, run: impl FnOnce(&dyn Trainer) -> Result<Exit>) -> Result<Exit> {
        if !self.saves_models {
            return run(&self.lab);
        }
        let saver = ModelSaver::new(&self.lab, &self.folder);
        let exit = run(&saver)?;
        let unsaved = saver.unsaved();
        unsaved.iter().for_each(|why| terminal::tell(format_args!("error: {why}")));
        Ok(if unsaved.is_empty() || exit != Exit::Done { exit } else { Exit::Failed })
    }

    /// Trains the stages of a search that halves, one after the other, until no trial is left that the search needs. `so_far` is then the
    /// summary of the last stage.
    fn halve(&self, halving: Halving, trainer: &dyn Trainer, so_far: &mut Option<Summary>) -> Result<Exit> {
        loop {
            let (file, pending) = self.open_records()?;
            if pending.pending.is_empty() && pending.needed.is_whole {
                return Ok(Exit::Done);
            }
            let trainer = HalvingTrainer::new(trainer, halving, &self.plan, &pending.needed);
            let exit = self.train_pending(file, pending, &trainer, &self.progress(), |summary| {
                *so_far = Some(summary.clone());
                Ok(())
            })?;
            if exit != Exit::Done {
                return Ok(exit);
            }
        }
    }

    /// The same with another trainer and progress display; arms are not searched for.
    ///
    /// # Errors
    /// As for [`Self::train`].
    pub fn train_with(
        &self,
        trainer: &dyn Trainer,
        progress: &SweepProgress,
        report: impl FnOnce(&Summary) -> Result<()>,
    ) -> Result<Exit> {
        let (file, pending) = self.open_records()?;
        self.train_pending(file, pending, trainer, progress, report)
    }

    /// Copies the records of pending trials that another run has.
    fn share(&mut self, file: &mut RecordFile, pending: &mut PendingRun) -> Result<()> {
        let Some(shelf) = &self.shelf else { return Ok(()) };
        let all = self.plan.arms.len() * self.plan.seeds.len();
        let found = share::recorded_elsewhere(&pending.pending, &self.folder, shelf, |trial| self.lab.id(trial))?;
        if !found.is_empty() && self.spec.claims_before.take().is_some() {
            // These results were there before the claims were.
            self.plan.claims_before = None;
            self.write_spec()?;
        }
        let mut counts: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for (record, folder) in &found {
            file.append(record)?;
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

    /// Trains the proposals of a Bayesian search one after the other, each made from how those before it validated, until one is left,
    /// which [`Self::train`] trains with the rest. The scores are written into the run's spec, so that an interrupted search goes on where
    /// it stopped and the spec reads back to the same arms.
    fn search(&mut self) -> Result<Exit> {
        let Some(count) = self.spec.search.as_ref().and_then(|search| search.bayesian) else { return Ok(Exit::Done) };
        let mut scores: Vec<f64> = Vec::new();
        loop {
            if let Some(search) = &mut self.spec.search {
                search.scores = scores.clone();
            }
            self.plan = Plan::new(&self.spec)?;
            self.plan.learn_shapes(|data| self.lab.shape(data));
            if scores.len() + 1 >= count as usize {
                return Ok(Exit::Done);
            }
            let arm = self.plan.sampled.last().and_then(|&index| self.plan.arms.get(index));
            let label = arm.map_or(String::new(), |arm| arm.label.clone());
            let mut score = f64::NAN;
            let (file, pending) = self.open_records()?;
            let silent = SweepProgress::new(ProgressMode::Quiet);
            let exit = self.with_trainer(|trainer| {
                self.train_pending(file, pending, trainer, &silent, |summary| {
                    score = validation_score(summary, &label);
                    Ok(())
                })
            })?;
            if exit != Exit::Done {
                return Ok(exit);
            }
            scores.push(score);
            if !self.quiet {
                let best = scores.iter().copied().filter(|s| s.is_finite()).fold(f64::NEG_INFINITY, f64::max);
                terminal::tell(format_args!(
                    "{:>3}/{count}  {label}: {score:.4} on validation, best {best:.4}",
                    scores.len()
                ));
            }
        }
    }

    /// Opens the folder's records and writes the spec beside them, once they are seen to be this plan's.
    fn open_records(&self) -> Result<(RecordFile, PendingRun)> {
        let (file, mut found, truncated) = RecordFile::open(&self.folder)?;
        // A Bayesian search has yet to propose some arms again, and with more seeds proposes others than before.
        let proposes = self.spec.search.as_ref().is_some_and(|search| search.bayesian.is_some());
        found.retain(|record| !proposes || self.plan.arms.iter().any(|arm| arm.label == record.arm));
        let pending = run::resume(&self.plan, &self.lab, found).map_err(|error| self.other_records(&error))?;
        if !pending.pending.is_empty() {
            memory::check(&self.plan, self.options)?;
        }
        self.write_spec()?;
        if let Some(truncated) = truncated.filter(|_| !self.quiet) {
            terminal::tell(format_args!("note: {truncated}"));
        }
        Ok((file, pending))
    }

    fn write_spec(&self) -> Result<()> {
        write_atomic(&self.folder.join("spec.toml"), self.spec.to_toml()?.as_bytes())
            .context("cannot write the resolved spec")
    }

    /// The error where the folder's records are not of this run: what differs, and what to do.
    fn other_records(&self, error: &anyhow::Error) -> anyhow::Error {
        let file = record::file_in(&self.folder);
        let written = library::load(&self.folder.join("spec.toml")).ok();
        let differs = written.map(|written| self.spec.differing_from(&written)).unwrap_or_default();
        let why = if differs.is_empty() { format!("{error:#}") } else { differs.join("; ") };
        anyhow::anyhow!(
            "{} has the records of another run: {why}. Use --fresh to begin anew (they are moved into a folder inside), or another folder \
             with --out",
            file.display()
        )
    }

    /// Trains and reports. From here on, what goes wrong is not "could not start": it is printed, and finished trials are kept.
    fn train_pending(
        &self,
        mut file: RecordFile,
        pending: PendingRun,
        trainer: &dyn Trainer,
        progress: &SweepProgress,
        report: impl FnOnce(&Summary) -> Result<()>,
    ) -> Result<Exit> {
        let stop: &AtomicBool = interrupts::stop_after_the_step()?;
        let outcome = run::run(pending, trainer, &mut file, self.options, progress, stop);
        progress.finish();
        let exit = outcome.and_then(|outcome| self.finish(outcome, report));
        Ok(exit.unwrap_or_else(|error| failed(&error)))
    }

    /// Summary, report and exit of a run, whole or interrupted.
    fn finish(&self, outcome: RunOutcome, report: impl FnOnce(&Summary) -> Result<()>) -> Result<Exit> {
        if outcome.interrupted {
            let same = if self.fresh { "the same command without --fresh" } else { "the same command" };
            terminal::tell(format_args!(
                "{} of {} trials are done; {same} goes on from here",
                outcome.records.len(),
                outcome.trials
            ));
        }
        let failed = outcome.records.iter().filter(|record| record.status == Status::Failed).count();
        interrupts::stop_at_once()?;
        report(&Summary::new(&self.plan, outcome.records)?)?;
        if failed > 0 {
            terminal::tell(format_args!(
                "error: {failed} trials failed, see `error` in their records; the same command tries them again"
            ));
        }
        Ok(match (outcome.interrupted, failed) {
            (true, _) => Exit::Interrupted,
            (false, 0) => Exit::Done,
            (false, _) => Exit::Failed,
        })
    }
}

/// Whether the run is about wall time, which a record of elsewhere spent under other conditions.
fn about_time(plan: &Plan) -> bool {
    let seconds = Metric::Seconds.to_string();
    let is_claimed = plan.claims.iter().any(|claim| {
        let mut tests = std::iter::once(&claim.test).chain(claim.readings.iter().map(|reading| &reading.test));
        tests.any(|test| test.contains(&seconds))
    });
    is_claimed || plan.metric.metrics().any(|metric| *metric == Metric::Seconds)
}

/// Looks in words.
fn looks_text(looks: &[u64]) -> String {
    match looks {
        [] => "one look".into(),
        looks => format!("looks at {} seeds", looks.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Notes that runs are looked at in another way than their spec, as `written`, planned before the first of them.
fn note_second_look(spec: &Spec, written: &Spec) {
    if spec.claims.is_empty() {
        return;
    }
    if written.looks != spec.looks {
        terminal::tell(format_args!(
            "note: {} seeds an arm were there before, for {}, and now it is {}: the chance of a wrong call is 5 % only for looks that are \
             planned before the first",
            written.seeds,
            looks_text(&written.looks),
            looks_text(&spec.looks)
        ));
    } else if written.seeds < spec.seeds && spec.looks.is_empty() {
        terminal::tell(format_args!(
            "note: {} seeds an arm were there before, and {} are looked at now; if the first look is why there are more, about 8 % of what is \
             called may be chance instead of 5 % (--until known plans its looks, and keeps to 5 %)",
            written.seeds, spec.seeds
        ));
    }
}

/// How an arm did on validation, the higher the better: its accuracy, or its loss (of a descent, the last value) with the sign turned. Not
/// a number where a run of it diverged: a proposal that may fail is none.
fn validation_score(summary: &Summary, label: &str) -> f64 {
    let seeds: Vec<u64> = summary.records_of(label).map(|record| record.seed).collect();
    let score = |metric: Metric| -> Option<f64> {
        let values: Option<Vec<f64>> = by_seed(&summary.records, label, &seeds, &metric.into()).into_iter().collect();
        let finished = |values: &Vec<f64>| !values.is_empty() && values.iter().all(|value| value.is_finite());
        values.filter(finished).map(|values| interquartile_mean(&values))
    };
    let loss = || score(Metric::ValidationLoss).or_else(|| score(Metric::FinalValue));
    score(Metric::ValidationAccuracy).or_else(|| Some(-loss()?)).unwrap_or(f64::NAN)
}
