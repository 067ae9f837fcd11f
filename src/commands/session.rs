//! From a spec to trained records in a folder: what `sweep` and `autoencoder` share.
//!
//! In: a spec with its flags applied. Out: an [`Exit`], after the caller has reported on whatever is recorded.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{Exit, listen_for_interrupts, resolve};
use crate::analysis::summary::Summary;
use crate::cli::RunFlags;
use crate::experiment::plan::Plan;
use crate::experiment::spec::{SearchConfig, Spec};
use crate::files::write_atomic;
use crate::nn::device;
use crate::record::{RecordFile, Status};
use crate::run::progress::SweepProgress;
use crate::run::{self, Options, Outcome, PendingRun, Trainer};
use crate::trial::Lab;

/// A plan set against the records of its folder, ready to go on.
pub struct Session<'a> {
    plan: &'a Plan,
    /// Where results go.
    pub out: PathBuf,
    file: RecordFile,
    work: PendingRun,
    options: Options,
    torn: Option<String>,
}

/// Numbers that cannot train anything, told before anything is read.
pub fn check(jobs: Option<usize>, stack: Option<usize>) -> Result<()> {
    ensure!(jobs != Some(0), "--jobs 0 trains nothing; it must be at least 1");
    ensure!(stack != Some(0), "--stack 0 trains nothing; it must be at least 1");
    Ok(())
}

/// Device, data and plan, seen to be good.
pub struct Prepared {
    /// What will be trained.
    pub plan: Plan,
    /// Where.
    pub lab: Lab,
    spec: Spec,
    options: Options,
}

/// Opens device and data, and makes the plan. Writes nothing.
pub fn prepare(mut spec: Spec, flags: &RunFlags, (jobs, stack): (Option<usize>, Option<usize>)) -> Result<Prepared> {
    let backend = device::open(flags.backend.as_deref())?;
    let options = Options { jobs: resolve::jobs(jobs, backend.is_cpu), stack, is_cpu: backend.is_cpu };
    let search = resolve::search(&flags.data, flags.quiet);
    resolve::settle_dataset(&mut spec, &search)?;
    let plan = Plan::new(&spec)?;
    let lab = Lab::open(&plan, &search, backend)?;
    Ok(Prepared { plan, lab, spec, options })
}

impl Prepared {
    /// How the spec samples its arms, where it does.
    pub fn search(&self) -> Option<&SearchConfig> {
        self.spec.search.as_ref()
    }

    /// Plans anew with how the proposals so far validated.
    ///
    /// # Errors
    /// A proposal is out of range.
    pub fn propose(&mut self, scores: &[f64]) -> Result<()> {
        if let Some(search) = &mut self.spec.search {
            search.scores = scores.to_vec();
        }
        self.plan = Plan::new(&self.spec)?;
        Ok(())
    }

    /// Opens the records of the folder `out`; writes the spec there once they are seen to be this plan's. A plan that is still growing
    /// leaves alone what is recorded of arms it has not come to.
    pub fn open(&self, out: PathBuf, quiet: bool, growing: bool) -> Result<Session<'_>> {
        let (file, mut found, torn) = RecordFile::open(&out)?;
        found.retain(|record| !growing || self.plan.arms.iter().any(|arm| arm.label == record.arm));
        let work = run::resume(&self.plan, &self.lab, found)?;
        let text = self.spec.to_toml()?;
        write_atomic(&out.join("spec.toml"), text.as_bytes()).context("cannot write the resolved spec")?;
        let torn = torn.filter(|_| !quiet).map(|torn| torn.to_string());
        Ok(Session { plan: &self.plan, out, file, work, options: self.options, torn })
    }
}

impl Session<'_> {
    /// Trains what is not recorded yet, and has `tell` report on all there is. From here on what goes wrong is not "could not
    /// start".
    pub fn run(
        mut self,
        trainer: &dyn Trainer,
        progress: &SweepProgress,
        tell: impl FnOnce(&Summary, &Path) -> Result<()>,
    ) -> Result<Exit> {
        if let Some(torn) = &self.torn {
            eprintln!("note: {torn}");
        }
        let stop = listen_for_interrupts()?;
        let outcome = run::run(self.work, trainer, &mut self.file, self.options, progress, stop);
        progress.finish();
        let told = outcome.and_then(|outcome| finish(self.plan, outcome, &self.out, tell));
        told.or_else(|error| {
            eprintln!("error: {error:#}");
            Ok(Exit::Failed)
        })
    }
}

/// Summary, report and exit code of a run, whole or broken off.
fn finish(plan: &Plan, outcome: Outcome, out: &Path, tell: impl FnOnce(&Summary, &Path) -> Result<()>) -> Result<Exit> {
    if outcome.interrupted {
        let all = plan.arms.len() * plan.seeds.len();
        eprintln!("{} of {all} trials are done; the same command goes on from here", outcome.records.len());
    }
    let failed = outcome.records.iter().filter(|record| record.status == Status::Failed).count();
    tell(&Summary::new(plan, outcome.records)?, out)?;
    if failed > 0 {
        eprintln!(
            "error: {failed} trials failed, for reasons told in their records; the same command tries them again"
        );
    }
    Ok(match (outcome.interrupted, failed) {
        (true, _) => Exit::Interrupted,
        (false, 0) => Exit::Done,
        (false, _) => Exit::Failed,
    })
}
