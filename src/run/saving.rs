//! A trainer that also saves every network it trains, as `kindling autoencoder` does.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Result;

use super::Trainer;
use super::dashboard::Dashboard;
use super::progress::SweepProgress;
use crate::experiment::plan::Trial;
use crate::record::{Status, TrialRecord};
use crate::train::{Callback, EpochScores, TrainError};
use crate::trial::saved::{self, ModelCard};
use crate::trial::{Lab, TrainedStack, run_stack};

/// Trains in a lab and saves the network of every trial that finished, in `models/seed-N/` of the run's folder. Where the terminal has a
/// screen, the first training is shown on it.
pub struct SavingTrainer<'a> {
    lab: &'a Lab,
    folder: &'a Path,
    progress: &'a SweepProgress,
    stop: &'a AtomicBool,
    /// Whether the screen is still to be used.
    screen: AtomicBool,
    /// Networks that could not be saved.
    unsaved: AtomicUsize,
}

impl<'a> SavingTrainer<'a> {
    /// Pauses the progress bar until the first training ends, where there is a screen for it. A training that the user ends on the screen
    /// sets `stop`.
    pub fn new(lab: &'a Lab, folder: &'a Path, progress: &'a SweepProgress, stop: &'a AtomicBool) -> Self {
        let screen = Dashboard::has_screen(progress.is_quiet());
        if screen {
            progress.pause();
        }
        Self { lab, folder, progress, stop, screen: AtomicBool::new(screen), unsaved: AtomicUsize::new(0) }
    }

    /// Networks that were trained and could not be saved; each is told when it happens.
    pub fn unsaved(&self) -> usize {
        self.unsaved.load(Ordering::Relaxed)
    }

    fn run(&self, trials: &[Trial], callback: &dyn Callback) -> Result<TrainedStack, TrainError> {
        let (true, Some(first)) = (self.screen.swap(false, Ordering::Relaxed), trials.first()) else {
            return run_stack(self.lab, trials, callback);
        };
        let label = format!("seed {}", first.seed);
        // However the training ends, the terminal is the bar's again.
        let _resume = ResumeProgress(self.progress);
        let trained = Dashboard::show(&label, &first.config, false, self.stop, |screen| {
            run_stack(self.lab, trials, &CallbackPair(screen, callback))
        });
        if matches!(trained, Err(TrainError::Interrupted)) {
            // Who ends the first training on the screen means all of them.
            self.stop.store(true, Ordering::Relaxed);
        }
        trained
    }
}

impl Trainer for SavingTrainer<'_> {
    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Vec<TrialRecord>, TrainError> {
        let TrainedStack { records, networks } = self.run(trials, callback)?;
        for ((trial, record), network) in trials.iter().zip(&records).zip(&networks) {
            if record.status == Status::Done {
                let classes = &self.lab.dataset(&trial.config.data.dataset)?.classes;
                let card = ModelCard::new(record, classes, &trial.config);
                let folder = saved::folder_of_seed(self.folder, record.seed);
                // The record is kept all the same: whoever needs the network can train it again.
                if let Err(error) = saved::save(&folder, network, &card) {
                    self.unsaved.fetch_add(1, Ordering::Relaxed);
                    self.progress.print(&format!("error: the network of seed {} is not saved: {error:#}", record.seed));
                }
            }
        }
        Ok(records)
    }

    fn id(&self, trial: &Trial) -> Result<String> {
        self.lab.id(trial)
    }

    fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        self.lab.failed(trial, error)
    }
}

/// Resumes the progress bar when dropped.
struct ResumeProgress<'a>(&'a SweepProgress);

impl Drop for ResumeProgress<'_> {
    fn drop(&mut self) {
        self.0.resume();
    }
}

/// Two callbacks, either of which may stop the training.
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
