//! A run of an experiment, from flags to records and report: what `sweep`, `autoencoder`, `descend` and `reproduce` share.
//!
//! `options` is the spec with the options applied. Here, from top to bottom: the run made ready, its trials trained, its end reported. Where
//! its arms are searched for, `search` comes in between; `share` takes what other runs have recorded; `folder` reads what a run left.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, ensure};

use super::{Exit, failed, interrupts, trust};
use crate::analysis::summary::Summary;
use crate::data::Dataset;
use crate::experiment::metric::Metric;
use crate::experiment::plan::shard::Shard;
use crate::experiment::plan::{Plan, Trial};
use crate::experiment::spec::{Spec, claims_hash, library};
use crate::files::{Prepared, write_atomic};
use crate::record::{self, RecordFile, Status, TrialRecord};
use crate::run::memory;
use crate::run::progress::{ProgressMode, SweepProgress};
use crate::run::{self, KeepingTrainer, Kept, PendingRun, RunOutcome, RunnerOptions, Shards, Trainer};
use crate::terminal;
use crate::trial::Lab;
pub use options::{RunOptions, data_locations, local_data, names_dataset, settle_dataset, workers};

pub mod folder;
mod options;
mod search;
mod share;

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
    kept: Kept,
    fresh: bool,
    /// Whether the command has a flag for that.
    can_begin_anew: bool,
    shard: Option<Shard>,
}

impl Run {
    /// Makes a run of a spec ready whose options are applied.
    ///
    /// # Errors
    /// No device of the backend can be used, data is missing or too small, or the spec makes no plan.
    pub fn prepare(mut spec: Spec, folder: PathBuf, options: &RunOptions) -> Result<Self> {
        let backend = trust::open(options.backend.as_deref())?;
        let is_cpu = backend.gpu.is_none();
        let mut run_options = RunnerOptions { jobs: workers(options.jobs, is_cpu), stack: options.stack, is_cpu };
        settle_dataset(&mut spec, &options.data)?;
        let (fresh, can_begin_anew) = (options.fresh == Some(true), options.fresh.is_some());
        let has_records = record::are_in(&folder) && !fresh;
        let written = library::load(&folder.join("spec.toml")).ok().filter(|_| has_records || options.shard.is_some());
        // Of shards, the first one writes the spec.
        let is_begun = has_records || written.is_some();
        spec.claims_before = match is_begun {
            // What was written down before the first record is kept.
            true => written.as_ref().and_then(|written| written.claims_before.clone()),
            // Where the user begins anew, results were there before.
            false if fresh && record::are_in(&folder) => None,
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
        if let Some(aside) = if fresh { record::set_aside(&folder)? } else { None } {
            terminal::tell(format_args!(
                "note: the records that were in {} are now in {}",
                folder.display(),
                aside.display()
            ));
        }
        // A record of elsewhere has no network here, and another time.
        if !is_cpu && about_time(&plan) {
            // Networks that share launches share their time.
            run_options.stack = Some(1);
        }
        let is_shared = options.share && !options.save_models && options.shard.is_none() && !about_time(&plan);
        let shelf = is_shared.then(|| options.shelf());
        let RunOptions { quiet, shard, .. } = *options;
        let kept = Kept { models: options.save_models, snapshots: options.weights };
        Ok(Self { spec, plan, lab, folder, options: run_options, quiet, shelf, kept, fresh, can_begin_anew, shard })
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
        if self.kept.models && !self.quiet && record::are_in(&self.folder) {
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
        if let Some(shard) = self.shard.filter(|_| !self.quiet) {
            terminal::tell(format_args!(
                "shard {shard}: {} of {} trials, of which {} are to be trained",
                pending.trials(),
                self.plan.arms.len() * self.plan.seeds.len(),
                pending.pending.len()
            ));
        }
        let progress = self.progress();
        self.with_trainer(|trainer| {
            self.train_pending(file, pending, trainer, &progress, |summary| report(&self, summary))
        })
    }

    /// Runs with a trainer that keeps what is to be kept, and tells of networks that could not be saved.
    fn with_trainer(&self, run: impl FnOnce(&dyn Trainer) -> Result<Exit>) -> Result<Exit> {
        let trainer = KeepingTrainer::new(&self.plan, &self.lab, &self.folder, self.kept);
        let exit = run(&trainer)?;
        trainer.unwritten().iter().for_each(|why| terminal::tell(format_args!("note: {why}")));
        let unsaved = trainer.unsaved();
        unsaved.iter().for_each(|why| terminal::tell(format_args!("error: {why}")));
        Ok(if unsaved.is_empty() || exit != Exit::Done { exit } else { Exit::Failed })
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

    /// Opens the folder's records and writes the spec beside them, once they are seen to be this plan's.
    fn open_records(&self) -> Result<(RecordFile, PendingRun)> {
        let (file, found, truncated) = record::open(&self.folder, self.shard)?;
        let pending = self.resume(found)?;
        if !pending.pending.is_empty() {
            memory::check(&self.plan, self.options)?;
        }
        match self.shard {
            Some(_) => self.agree_on_spec().map(drop)?,
            None => self.write_spec()?,
        }
        if let Some(truncated) = truncated.filter(|_| !self.quiet) {
            terminal::tell(format_args!("note: {truncated}"));
        }
        Ok((file, pending))
    }

    /// What is left to train, of the shard or of all, beside these records.
    fn resume(&self, mut found: Vec<TrialRecord>) -> Result<PendingRun> {
        // A Bayesian search has yet to propose some arms again, and with more seeds proposes others than before.
        let proposes = self.spec.search.as_ref().is_some_and(|search| search.bayesian.is_some());
        found.retain(|record| !proposes || self.plan.arms.iter().any(|arm| arm.label == record.arm));
        let resumed = match self.shard {
            None => run::resume(&self.plan, &self.lab, found, |_, _| true),
            Some(shard) => {
                let shards = self.shards(shard.count());
                run::resume(&self.plan, &self.lab, found, |arm, seed| shards.of(arm, seed) == Some(shard.index()))
            }
        };
        resumed.map_err(|error| self.other_records(&format!("{error:#}")))
    }

    /// The plan in so many shards.
    pub fn shards(&self, count: usize) -> Shards {
        Shards::new(&self.plan, self.options, count)
    }

    /// The trials that no record in the folder is of; nothing is written.
    ///
    /// # Errors
    /// The records cannot be read, or are of another plan.
    pub fn missing(&self) -> Result<Vec<Trial>> {
        let found = if record::are_in(&self.folder) { record::read_all(&self.folder)? } else { Vec::new() };
        Ok(self.resume(found)?.pending)
    }

    /// Writes the spec for all shards where there is none, and otherwise checks that it is of the same trials. With more seeds than there it is
    /// written anew; returns whether it was.
    ///
    /// # Errors
    /// The folder cannot be written, or its spec is of another plan.
    pub fn agree_on_spec(&self) -> Result<bool> {
        let path = self.folder.join("spec.toml");
        std::fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create the folder {}; name another with --out", self.folder.display()))?;
        if Prepared::new(&path, self.spec_text()?.as_bytes())?.put_new()? {
            return Ok(false);
        }
        let written = library::load(&path)?;
        if !self.spec.differing_from(&written).is_empty() {
            return Err(self.other_records("its spec.toml is another"));
        }
        let has_more = self.spec.seeds > written.seeds;
        if has_more {
            self.write_spec()?;
        }
        Ok(has_more)
    }

    /// The spec as it is written, with every default and override.
    ///
    /// # Errors
    /// A value cannot be written as TOML.
    pub fn spec_text(&self) -> Result<String> {
        self.spec.to_toml()
    }

    /// Writes the spec over any that is there.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write_spec(&self) -> Result<()> {
        write_atomic(&self.folder.join("spec.toml"), self.spec_text()?.as_bytes())
            .context("cannot write the resolved spec")
    }

    /// The error where the folder's records are not of this run: what differs, and what to do.
    fn other_records(&self, otherwise: &str) -> anyhow::Error {
        let written = library::load(&self.folder.join("spec.toml")).ok();
        let differs = written.map(|written| self.spec.differing_from(&written)).unwrap_or_default();
        let why = if differs.is_empty() { otherwise.to_string() } else { differs.join("; ") };
        let anew = match self.can_begin_anew {
            true => "Use --fresh to begin anew (they are moved into a folder inside), or another folder with --out",
            false => "Use another folder with --out",
        };
        let file = record::file_in(&self.folder);
        let place = if file.exists() { &file } else { &self.folder };
        match record::are_in(&self.folder) {
            true => anyhow::anyhow!("{} has the records of another run: {why}. {anew}", place.display()),
            false => anyhow::anyhow!(
                "{} is the spec of another run: {why}. Delete it if that run is not wanted, or use another folder with --out",
                self.folder.join("spec.toml").display()
            ),
        }
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
        if let Some(shard) = self.shard {
            terminal::print(format_args!(
                "shard {shard}: {} of {} trials are recorded; `kindling status {}` shows the whole run",
                outcome.records.len(),
                outcome.trials,
                self.folder.display()
            ));
        } else {
            report(&Summary::new(&self.plan, outcome.records)?)?;
        }
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

/// Whether what is trained next depends on all that ended before, so that it cannot be cut into shards.
pub fn is_one_task(spec: &Spec) -> bool {
    spec.search.as_ref().is_some_and(|search| search.bayesian.is_some() || search.halving.is_some())
}

/// Refuses to cut such a search.
///
/// # Errors
/// It is one, and there is a shard.
pub fn ensure_can_be_cut(spec: &Spec, shard: Option<Shard>) -> Result<()> {
    ensure!(
        shard.is_none() || !is_one_task(spec),
        "--shard: this search decides by the scores of all trainings so far what it trains next, and shards do not hear of each other; \
         run it as one job with many cores (--jobs), or search = {{ random = N }} without halving"
    );
    Ok(())
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
