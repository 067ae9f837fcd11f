//! A trainer that saves the networks of a sweep: of each trial the last, and that of its best epoch.
//!
//! In: trials and a lab. Out: folders `models/ARM/seed-N`, and `models/ARM/seed-N-best` where the epoch with the lowest validation loss is
//! another one.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::Trainer;
use crate::experiment::plan::{Plan, Trial};
use crate::record::{Status, TrialRecord};
use crate::train::{Callback, EpochScores, TrainError};
use crate::trial::saved::{self, ModelCard};
use crate::trial::{Lab, TrainedStack, run_stack};

/// Trains in a lab, and saves what was trained.
pub struct ModelSaver<'a> {
    lab: &'a Lab,
    folder: &'a Path,
    /// The folder of each arm's networks, by the arm's label.
    names: HashMap<String, String>,
    /// Why networks could not be saved, a sentence each.
    unsaved: Mutex<Vec<String>>,
}

impl<'a> ModelSaver<'a> {
    /// A trainer that saves the networks of a plan below the run's folder.
    pub fn new(plan: &Plan, lab: &'a Lab, folder: &'a Path) -> Self {
        let names = folder_names(plan.arms.iter().map(|arm| arm.label.as_str()));
        Self { lab, folder, names, unsaved: Mutex::default() }
    }

    /// Why networks that were trained could not be saved, a sentence each.
    pub fn unsaved(&self) -> Vec<String> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The folder of a trial's last network.
    fn place(&self, trial: &Trial) -> PathBuf {
        let name = self.names.get(&trial.label).map_or("arm", String::as_str);
        self.folder.join("models").join(name).join(format!("seed-{}", trial.seed))
    }

    fn save(&self, trial: &Trial, stack: &TrainedStack, index: usize) -> Result<()> {
        let (record, network) = (&stack.records[index], &stack.networks[index]);
        let dataset = self.lab.dataset(&trial.config.data)?;
        let card = ModelCard::new(record, dataset, &trial.config);
        let place = self.place(trial);
        saved::save(&place, network, &card)?;
        let best_place = place.with_file_name(format!("seed-{}-best", trial.seed));
        let other = stack.best[index].as_ref().filter(|(_, epochs)| Some(*epochs) != card.epochs);
        // One of an earlier training would pass for this one's.
        let Some((best, epochs)) = other else { return saved::remove(&best_place) };
        // The test metrics are those of the last network.
        let card = ModelCard { epochs: Some(*epochs), test_accuracy: None, test_mse: None, ..card };
        saved::save(&best_place, best, &card)
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

/// A folder's name for each arm: its label, as far as every file system can have it, with a number where two would be one.
fn folder_names<'a>(labels: impl Iterator<Item = &'a str>) -> HashMap<String, String> {
    /// Characters of a label that are kept; a file's name may have 255 bytes.
    const LONGEST: usize = 60;
    let is_plain = |c: char| c.is_alphanumeric() || "-._=".contains(c);
    let mut taken = HashSet::new();
    let mut names = HashMap::new();
    for label in labels {
        let plain: String = label.chars().take(LONGEST).map(|c| if is_plain(c) { c } else { '-' }).collect();
        // A name of dots is that of a folder above, and one that begins with a dot is hidden.
        let plain = if plain.starts_with('.') { plain.replacen('.', "-", 1) } else { plain };
        let numbered = (2..).map(|number: u32| format!("{plain}-{number}"));
        // Some file systems take capital and small letters for one.
        let free = std::iter::once(plain.clone()).chain(numbered).find(|name| taken.insert(name.to_lowercase()));
        names.insert(label.to_string(), free.unwrap_or(plain));
    }
    names
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_arm_has_a_folder_of_its_own_below_models() {
        let long = "x".repeat(300);
        let labels = ["relu, 64", "relu; 64", "ReLU, 64", "..", ".", "lr=0.1", &long, "relu--64-2"];
        let names = folder_names(labels.into_iter());
        let of = |label: &str| names[label].as_str();
        assert_eq!((of("relu, 64"), of("relu; 64"), of("ReLU, 64")), ("relu--64", "relu--64-2", "ReLU--64-3"));
        assert_eq!((of("relu--64-2"), of("lr=0.1"), of(".."), of(".")), ("relu--64-2-2", "lr=0.1", "-.", "-"));
        assert_eq!(of(&long).len(), 60);
    }
}
