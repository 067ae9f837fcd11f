//! A trainer that also saves every network it trains, as `kindling autoencoder` does.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};

use super::Trainer;
use super::dashboard::Dashboard;
use super::progress::SweepProgress;
use crate::experiment::plan::Trial;
use crate::files::check_writable;
use crate::nn::models::Network;
use crate::record::{Status, TrialRecord};
use crate::terminal;
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
    /// Why a network could not be saved, by its seed.
    unsaved: Mutex<BTreeMap<u64, String>>,
}

impl<'a> SavingTrainer<'a> {
    /// Pauses the progress bar until the first training ends, where there is a screen for it. A training that the user ends on the screen
    /// sets `stop`.
    pub fn new(lab: &'a Lab, folder: &'a Path, progress: &'a SweepProgress, stop: &'a AtomicBool) -> Self {
        let screen = Dashboard::has_screen(progress.is_quiet());
        if screen {
            progress.pause();
        }
        Self { lab, folder, progress, stop, screen: AtomicBool::new(screen), unsaved: Mutex::default() }
    }

    /// Why a network that was trained could not be saved, by its seed. Nothing is printed while the training is shown.
    pub fn unsaved(&self) -> BTreeMap<u64, String> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_unsaved(&self, seed: u64, error: &anyhow::Error) {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).insert(seed, format!("{error:#}"));
    }

    /// Trains the network of a record of an earlier run again and saves it; the record stays as it is. A network that could not be saved in
    /// this run is left alone.
    pub fn train_again(&self, trial: &Trial, record: &TrialRecord) {
        if self.unsaved().contains_key(&record.seed) {
            return;
        }
        if let Err(error) = self.retrain(trial, record) {
            self.note_unsaved(record.seed, &error);
        }
    }

    fn retrain(&self, trial: &Trial, record: &TrialRecord) -> Result<()> {
        let folder = saved::folder_of_seed(self.folder, record.seed);
        check_writable(&folder)?;
        if !self.progress.is_quiet() {
            terminal::tell(format_args!(
                "note: {} holds no network of this run; training seed {} again",
                folder.display(),
                record.seed
            ));
        }
        let again = run_stack(self.lab, std::slice::from_ref(trial), &StopOnly(self.stop))?;
        let numbers = again.records.first().context("the training left no record")?;
        let network = again.networks.first().context("the training left no network")?;
        // Another version or another processor may round differently: then it is not the network that was measured.
        ensure!(
            numbers.metrics == record.metrics && numbers.history == record.history,
            "trained again, it has other numbers than its record, which kindling {} made {}; give this run its own folder with --out",
            record.made_with.kindling,
            record.made_with.bytes
        );
        self.save(trial, record, network)
    }

    fn save(&self, trial: &Trial, record: &TrialRecord, network: &Network) -> Result<()> {
        let card = ModelCard::new(record, self.lab.dataset(&trial.config.data)?, &trial.config);
        saved::save(&saved::folder_of_seed(self.folder, record.seed), network, &card)
    }

    fn run(&self, trials: &[Trial], callback: &dyn Callback) -> Result<TrainedStack, TrainError> {
        let (true, Some(first)) = (self.screen.swap(false, Ordering::Relaxed), trials.first()) else {
            return run_stack(self.lab, trials, callback);
        };
        let label = format!("seed {}", first.seed);
        // However the training ends, the terminal is the bar's again.
        let _resume = ResumeProgress(self.progress);
        let trained = Dashboard::show(&label, &first.config, (false, false), self.stop, |screen| {
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
        let TrainedStack { records, networks, .. } = self.run(trials, callback)?;
        for ((trial, record), network) in trials.iter().zip(&records).zip(&networks) {
            if record.status == Status::Done {
                // The record is kept all the same: the network can be trained again.
                if let Err(error) = self.save(trial, record, network) {
                    self.note_unsaved(record.seed, &error);
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

/// Passes the wish to stop to a training.
struct StopOnly<'a>(&'a AtomicBool);

impl Callback for StopOnly<'_> {
    fn on_step(&self, _examples: usize) -> ControlFlow<()> {
        if self.0.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn on_epoch(&self, _epoch: usize, _scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        ControlFlow::Continue(())
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

    fn on_epoch(&self, epoch: usize, scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        match (self.0.on_epoch(epoch, scores), self.1.on_epoch(epoch, scores)) {
            (ControlFlow::Continue(()), ControlFlow::Continue(())) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }
}
