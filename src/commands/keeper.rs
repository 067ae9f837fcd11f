//! Networks kept as they are trained, and looked at when all are: what `autoencoder` has beyond a sweep.
//!
//! In: a lab and a run's folder. Out: `models/seed-N/` for each trial, and pictures of the median one.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};

use super::STOP;
use crate::cli::StripFlags;
use crate::experiment::config::TrialConfig;
use crate::experiment::plan::{Plan, Trial};
use crate::files::write_atomic;
use crate::nn::models::Network;
use crate::record::{Status, TrialRecord};
use crate::report::export::embeddings as export;
use crate::report::figures::Figure;
use crate::report::figures::autoencoder::{Interpolation, InterpolationEnds, TrainedAutoencoder};
use crate::run::Trainer;
use crate::run::dashboard::Dashboard;
use crate::run::progress::SweepProgress;
use crate::train::{Callback, EpochScores};
use crate::trial::saved::{self, ModelCard};
use crate::trial::{Lab, Ran};

/// Trains in the lab and keeps every network that finished. Where there is a screen, the first training is shown on it.
pub struct SavingTrainer<'a> {
    lab: &'a Lab,
    folder: &'a Path,
    progress: &'a SweepProgress,
    /// Whether the screen is still to be used.
    screen: AtomicBool,
}

impl<'a> SavingTrainer<'a> {
    /// Leaves the terminal to the screen until the first training ends.
    pub fn new(lab: &'a Lab, folder: &'a Path, progress: &'a SweepProgress, quiet: bool) -> Self {
        let screen = Dashboard::has_screen(quiet);
        if screen {
            progress.pause();
        }
        Self { lab, folder, progress, screen: AtomicBool::new(screen) }
    }

    fn run(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Option<Ran>> {
        let (true, Some(first)) = (self.screen.swap(false, Ordering::Relaxed), trials.first()) else {
            return self.lab.run(trials, callback);
        };
        let label = format!("seed {}", first.seed);
        // However the training ends, the terminal is the bar's again.
        let _unveil = ResumeProgress(self.progress);
        let trained = Dashboard::show((&label, &first.config), false, &STOP, |screen| {
            self.lab.run(trials, &CallbackPair(screen, callback))
        });
        let trained = trained.transpose()?.flatten();
        if trained.is_none() {
            // Broken off at the screen: that means all of it.
            STOP.store(true, Ordering::Relaxed);
        }
        Ok(trained)
    }
}

impl Trainer for SavingTrainer<'_> {
    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Option<Vec<TrialRecord>>> {
        let Some((records, networks)) = self.run(trials, callback)? else { return Ok(None) };
        for (r, record) in records.iter().enumerate().filter(|(_, record)| record.status == Status::Done) {
            let config = &trials[r].config;
            let card = ModelCard::new(record, &self.lab.dataset(&config.data.dataset)?.classes, config);
            saved::save(&kept(self.folder, record.seed), &networks[r], &card)?;
        }
        Ok(Some(records))
    }

    fn id(&self, trial: &Trial) -> Result<String> {
        self.lab.id(trial)
    }

    fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        self.lab.failed(trial, error)
    }
}

/// Gives the terminal back when dropped.
struct ResumeProgress<'a>(&'a SweepProgress);

impl Drop for ResumeProgress<'_> {
    fn drop(&mut self) {
        self.0.resume();
    }
}

/// CallbackPair hear, and either may stop.
struct CallbackPair<'a>(&'a dyn Callback, &'a dyn Callback);

impl Callback for CallbackPair<'_> {
    fn on_step(&self, examples: usize) -> ControlFlow<()> {
        match (self.0.on_step(examples), self.1.on_step(examples)) {
            (ControlFlow::Continue(()), ControlFlow::Continue(())) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    fn on_epoch(&self, epoch: usize, scores: &[Option<EpochScores>]) {
        self.0.on_epoch(epoch, scores);
        self.1.on_epoch(epoch, scores);
    }
}

/// Where the network of a seed is kept.
fn kept(folder: &Path, seed: u64) -> PathBuf {
    folder.join("models").join(format!("seed-{seed}"))
}

/// Whether a run's folder holds the network of a seed.
pub fn has_network(folder: &Path, seed: u64) -> bool {
    kept(folder, seed).is_dir()
}

/// What the strip shows; its ends must exist.
pub fn strip(flags: &StripFlags, lab: &Lab, plan: &Plan) -> Result<Interpolation> {
    let data = &plan.arms[0].config.data;
    let classes = &lab.dataset(&data.dataset)?.classes;
    let labels = lab.splits(data)?[2].labels;
    let between = flags.between.clone().unwrap_or_else(|| InterpolationEnds::usual(classes, labels));
    between.check(classes, labels).context("--between")?;
    Ok(Interpolation { between, steps: usize::from(flags.steps) })
}

/// The network kept of a run.
///
/// # Errors
/// It is not there, or is another's.
pub fn load(folder: &Path, run: &TrialRecord, config: &TrialConfig, lab: &Lab) -> Result<Network> {
    let (model, card) = saved::load(&kept(folder, run.seed), &lab.backend.device)?;
    ensure!(
        card.config == *config && card.made_with == run.made_with,
        "{} holds another run's network",
        kept(folder, run.seed).display()
    );
    Ok(model)
}

/// Pictures of a run's network, whose codes are written for other programs.
///
/// # Errors
/// The network is no autoencoder, or a file cannot be written.
pub fn gallery(
    run: &TrialRecord,
    model: &Network,
    plan: &Plan,
    lab: &Lab,
    strip: &Interpolation,
    out: &Path,
) -> Result<Vec<Figure>> {
    let config = &plan.arms[0].config;
    let model = model.autoencoder().context("the network kept is not an autoencoder")?;
    let dataset = lab.dataset(&config.data.dataset)?;
    let [_, _, test] = lab.splits(&config.data)?;
    let exhibit = TrainedAutoencoder::new(model, config, run.seed, dataset, test, &lab.backend.device);
    let (figures, plane) = exhibit.draw(strip)?;
    let width = exhibit.latent();
    write_atomic(&out.join("codes.npy"), &export::npy_f32(&exhibit.codes, width))?;
    write_atomic(&out.join("labels.npy"), &export::npy_u8(test.labels))?;
    write_atomic(&out.join("tensors.tsv"), export::tensors_tsv(&exhibit.codes, width).as_bytes())?;
    write_atomic(&out.join("metadata.tsv"), export::metadata_tsv(test.labels, &dataset.classes).as_bytes())?;
    if let Some(plane) = plane {
        write_atomic(&out.join("tsne.csv"), export::plane_csv(&plane, test.labels, &dataset.classes).as_bytes())?;
    }
    Ok(figures)
}
