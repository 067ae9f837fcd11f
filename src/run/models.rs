//! A trainer that saves the networks of a sweep: of each trial the last, and that of its best epoch.
//!
//! In: trials and a lab. Out: folders `models/ARM/seed-N`, and `models/ARM/seed-N-best` where the epoch with the lowest validation loss is
//! another one.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::Trainer;
use crate::experiment::plan::Trial;
use crate::record::{Status, TrialRecord};
use crate::train::{Callback, EpochScores, TrainError};
use crate::trial::saved::{self, ModelCard};
use crate::trial::{Lab, TrainedStack, run_stack};

/// Trains in a lab, and saves what was trained.
pub struct ModelSaver<'a> {
    lab: &'a Lab,
    folder: &'a Path,
    /// Why networks could not be saved, a sentence each.
    unsaved: Mutex<Vec<String>>,
}

impl<'a> ModelSaver<'a> {
    /// A trainer that saves below a run's folder.
    pub fn new(lab: &'a Lab, folder: &'a Path) -> Self {
        Self { lab, folder, unsaved: Mutex::default() }
    }

    /// Why networks that were trained could not be saved, a sentence each.
    pub fn unsaved(&self) -> Vec<String> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The folder of a trial's last network.
    fn place(&self, trial: &Trial) -> PathBuf {
        let is_plain = |c: char| c.is_alphanumeric() || "-._=".contains(c);
        let arm: String = trial.label.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        self.folder.join("models").join(arm).join(format!("seed-{}", trial.seed))
    }

    fn save(&self, trial: &Trial, stack: &TrainedStack, index: usize) -> Result<()> {
        let (record, network) = (&stack.records[index], &stack.networks[index]);
        let dataset = self.lab.dataset(&trial.config.data)?;
        let card = ModelCard::new(record, dataset, &trial.config);
        let place = self.place(trial);
        saved::save(&place, network, &card)?;
        let Some((best, epochs)) = &stack.best[index] else { return Ok(()) };
        if Some(*epochs) == card.epochs {
            return Ok(());
        }
        // The test metrics are those of the last network.
        let card = ModelCard { epochs: Some(*epochs), test_accuracy: None, test_mse: None, ..card };
        saved::save(&place.with_file_name(format!("seed-{}-best", trial.seed)), best, &card)
    }
}

impl Trainer for ModelSaver<'_> {
    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Vec<TrialRecord>, TrainError> {
        let stack = run_stack(self.lab, trials, &KeepBest(callback))?;
        for (index, trial) in trials.iter().enumerate() {
            let is_trained = stack.records[index].status == Status::Done && index < stack.networks.len();
            // The record is kept all the same.
            if let Err(error) = if is_trained { self.save(trial, &stack, index) } else { Ok(()) } {
                let text = format!("the network of {} seed {} is not saved: {error:#}", trial.label, trial.seed);
                self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            }
        }
        Ok(stack.records)
    }

    fn id(&self, trial: &Trial) -> Result<String> {
        self.lab.id(trial)
    }

    fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        self.lab.failed(trial, error)
    }
}

/// Asks for the network of the best epoch, and passes on everything else.
struct KeepBest<'a>(&'a dyn Callback);

impl Callback for KeepBest<'_> {
    fn on_step(&self, examples: usize) -> ControlFlow<()> {
        self.0.on_step(examples)
    }

    fn on_epoch(&self, epoch: usize, scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        self.0.on_epoch(epoch, scores)
    }

    fn keeps_best(&self) -> bool {
        true
    }
}
