//! A trainer that keeps the networks of a sweep: small copies for the page of its report, and where it is asked for, whole networks.
//!
//! In: trials and a lab. Out: `snapshots/ID.json`; and of each trial the last network in `models/ARM/seed-N`, with that of the epoch with the
//! lowest validation loss in `models/ARM/seed-N-best` where it is another one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use super::Trainer;
use crate::experiment::plan::{Plan, Trial};
use crate::record::{Status, TrialRecord};
use crate::train::{Callback, EpochScores, TrainError};
use crate::trial::saved::{self, ModelCard};
use crate::trial::snapshot::{self, Snapshot, run_with_snapshots};
use crate::trial::{Lab, Stack, TrainedStack, by_training, run_side_by_side};

/// What is kept of a sweep's networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Whole networks.
    pub models: bool,
    /// Small copies, where those of all trials are small together.
    pub snapshots: bool,
}

/// Trains in a lab, and keeps what was trained.
pub struct KeepingTrainer<'a> {
    lab: &'a Lab,
    folder: &'a Path,
    kept: Kept,
    /// The folder of each arm's networks, by the arm's label.
    names: HashMap<String, String>,
    /// Why networks could not be saved, a sentence each.
    unsaved: Mutex<Vec<String>>,
    /// Why copies could not be written, each reason with the number of trials.
    unwritten: Mutex<BTreeMap<String, usize>>,
}

impl<'a> KeepingTrainer<'a> {
    /// A trainer of a plan's trials that keeps their networks in the run's folder.
    pub fn new(plan: &Plan, lab: &'a Lab, folder: &'a Path, kept: Kept) -> Self {
        let names = folder_names(plan.arms.iter().map(|arm| arm.label.as_str()));
        let arms = plan.arms.iter().filter_map(|arm| Some((&arm.config, lab.dataset(&arm.config.data).ok()?)));
        let snapshots = kept.snapshots && snapshot::are_small(arms, plan.seeds.len());
        let (unsaved, unwritten) = (Mutex::default(), Mutex::default());
        Self { lab, folder, kept: Kept { snapshots, ..kept }, names, unsaved, unwritten }
    }

    /// Why networks that were trained could not be saved, a sentence each.
    pub fn unsaved(&self) -> Vec<String> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why copies of networks could not be written, a sentence each; the report has less to touch for it.
    pub fn unwritten(&self) -> Vec<String> {
        let unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        unwritten.iter().map(|(why, count)| format!("{count} networks are not in the report's page: {why}")).collect()
    }

    /// The folder of a trial's last network.
    fn place(&self, trial: &Trial) -> PathBuf {
        let name = self.names.get(&trial.label).map_or("arm", String::as_str);
        self.folder.join("models").join(name).join(format!("seed-{}", trial.seed))
    }

    fn save(&self, trial: &Trial, stack: &TrainedStack, index: usize) -> Result<()> {
        let record = stack.records.get(index).context("the training left no record")?;
        // A descent has no network.
        let Some(network) = stack.networks.get(index).filter(|_| record.status == Status::Done) else { return Ok(()) };
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

    fn write_snapshots(&self, records: &[TrialRecord], snapshots: Vec<Option<Snapshot>>) {
        for (record, snapshot) in records.iter().zip(snapshots) {
            if let Some(Err(error)) = snapshot.map(|snapshot| snapshot.write(self.folder, &record.id)) {
                let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
                *unwritten.entry(format!("{error:#}")).or_default() += 1;
            }
        }
    }
}

impl Trainer for KeepingTrainer<'_> {
    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Vec<TrialRecord>, TrainError> {
        let callback = MaybeKeepBest { callback, keeps_best: self.kept.models };
        let trainings = by_training(trials);
        let stacks: Vec<Stack> = trainings.iter().map(|trials| Stack { trials, callback: &callback }).collect();
        let trained: Vec<TrainedStack> = if self.kept.snapshots {
            let (trained, snapshots): (Vec<_>, Vec<_>) = run_with_snapshots(self.lab, &stacks)?.into_iter().unzip();
            trained
                .iter()
                .zip(snapshots)
                .for_each(|(stack, snapshots)| self.write_snapshots(&stack.records, snapshots));
            trained
        } else {
            run_side_by_side(self.lab, &stacks)?
        };
        for (stack, trials) in trained.iter().zip(&trainings).filter(|_| self.kept.models) {
            for (index, trial) in trials.iter().enumerate() {
                // The record is kept all the same.
                if let Err(error) = self.save(trial, stack, index) {
                    let text = format!("the network of {} seed {} is not saved: {error:#}", trial.label, trial.seed);
                    self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).push(text);
                }
            }
        }
        Ok(trained.into_iter().flat_map(|stack| stack.records).collect())
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

/// Asks for the network of the best epoch where it is wanted, and passes on everything else.
struct MaybeKeepBest<'a> {
    callback: &'a dyn Callback,
    keeps_best: bool,
}

impl Callback for MaybeKeepBest<'_> {
    fn on_step(&self, examples: usize) -> ControlFlow<()> {
        self.callback.on_step(examples)
    }

    fn on_epoch(&self, epoch: usize, scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        self.callback.on_epoch(epoch, scores)
    }

    fn keeps_best(&self) -> bool {
        self.keeps_best
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
