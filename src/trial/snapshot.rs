//! A small copy of what a trial trained, for the page of its report: `snapshots/ID.json` beside the records, with the network's rounded
//! weights, or for points its outputs on a grid as the epochs went by.
//!
//! Nothing depends on it: without it a page has less to touch.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use half::f16;
use serde::{Deserialize, Serialize};

use super::saved::rounded::{Bits, RoundedNetwork};
use super::stack::replica_seeds;
use super::{Lab, Stack, TrainedStack, decision_grid, run_side_by_side};
use crate::data::{Dataset, Pixels};
use crate::evaluate::classification::are_probabilities;
use crate::experiment::config::{TrialConfig, TrialKind};
use crate::experiment::plan::Trial;
use crate::files::{read_within, write_atomic};
use crate::nn::models::{LayerShape, Network};
use crate::nn::task::Task;
use crate::record::{DecisionGrid, Status};
use crate::train::{Callback, EpochScores, TrainError};

/// What a trial trained.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The trained network, of a classifier of images.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub classifier: Option<ClassifierCopy>,
    /// Outputs as the epochs went by, of a network on points of one or two numbers.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub frames: Vec<Frame>,
}

/// A classifier of images, and how to read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierCopy {
    /// Its weights.
    pub network: RoundedNetwork,
    /// What it takes for a pixel.
    pub pixels: Pixels,
    /// Above it the one output of a network of two classes means the second; `None` where each class has an output.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub threshold: Option<f32>,
    /// Whether the softmax of the classes' scores is a probability.
    pub has_probabilities: bool,
}

/// Outputs on the grid of the record after an epoch; 0 is before training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Counted from 1.
    pub epoch: usize,
    /// The grid's values as little-endian half floats, in base64.
    pub values: String,
}

/// The most bytes of a copy's text, in a file and in a plan: a folder stays small enough to be sent.
const MAX_BYTES: usize = 2 << 20;
const MAX_BYTES_OF_PLAN: usize = 96 << 20;
/// The most frames of a training.
const MAX_FRAMES: usize = 16;

impl ClassifierCopy {
    /// The copy of a stack of one; `None` where it does not classify images, or is too large.
    ///
    /// # Errors
    /// The network cannot be read from its device.
    pub fn new(network: &Network, config: &TrialConfig, dataset: &Dataset) -> Result<Option<Self>> {
        let Some(shapes) = shapes(config, dataset).filter(|_| network.classifier().is_some()) else { return Ok(None) };
        let task = config.task(dataset.classes.len());
        Ok(Some(Self {
            network: RoundedNetwork::new(network, &shapes, Bits::Sixteen)?,
            pixels: config.data.pixels,
            threshold: matches!(task, Task::Binary { .. }).then(|| task.threshold() as f32),
            has_probabilities: are_probabilities(task, config.train.loss),
        }))
    }
}

/// The layers of a network that is copied; `None` where it is none that classifies images, or is too large.
fn shapes(config: &TrialConfig, dataset: &Dataset) -> Option<Vec<LayerShape>> {
    let is_copied = matches!(config.kind(), TrialKind::Classification) && dataset.train.images().is_some();
    let shapes = || config.network(dataset.train.width(), dataset.classes.len()).shapes();
    let shapes: Vec<_> = is_copied.then(shapes)?.into_iter().map(|(_, shape)| shape).collect();
    (RoundedNetwork::text_bytes(&shapes, Bits::Sixteen) <= MAX_BYTES).then_some(shapes)
}

/// Whether the snapshots of a plan are small enough together to be kept. `seeds` counts the trials of each arm.
pub fn are_small<'a>(arms: impl Iterator<Item = (&'a TrialConfig, &'a Dataset)>, seeds: usize) -> bool {
    let bytes = arms.map(|(config, dataset)| match has_frames(config, dataset) {
        true => MAX_FRAMES * decision_grid::values(dataset) * 8 / 3,
        false => shapes(config, dataset).map_or(0, |shapes| RoundedNetwork::text_bytes(&shapes, Bits::Sixteen)),
    });
    bytes.sum::<usize>().saturating_mul(seeds) <= MAX_BYTES_OF_PLAN
}

/// Whether a training is on points, so that it can be watched.
fn has_frames(config: &TrialConfig, dataset: &Dataset) -> bool {
    let predicts = matches!(config.kind(), TrialKind::Classification | TrialKind::Regression);
    predicts && dataset.train.points().is_some_and(|points| points.width <= 2)
}

impl Frame {
    /// The frame of a grid.
    pub fn new(epoch: usize, grid: &DecisionGrid) -> Self {
        let bytes: Vec<u8> = grid.values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect();
        Self { epoch, values: STANDARD.encode(bytes) }
    }
}

/// Whether a training of so many epochs has a frame after this one: at 0, 1, and at about equal factors up to the last.
pub fn has_frame(epoch: usize, epochs: usize) -> bool {
    if epoch <= 1 || epoch >= epochs || epochs < MAX_FRAMES {
        return true;
    }
    let step = |k: usize| (epochs as f64).powf(k as f64 / (MAX_FRAMES - 2) as f64).round() as usize;
    (0..MAX_FRAMES - 1).any(|k| step(k) == epoch)
}

/// The file of a trial's snapshot in the folder of its run.
pub fn path(run: &Path, id: &str) -> PathBuf {
    // An identity is hexadecimal; of another record nothing is looked for elsewhere.
    let name: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    run.join("snapshots").join(format!("{name}.json"))
}

impl Snapshot {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.classifier.is_none() && self.frames.is_empty()
    }

    /// Writes it beside the records.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, run: &Path, id: &str) -> Result<()> {
        let path = path(run, id);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        write_atomic(&path, &serde_json::to_vec(self)?)
    }

    /// Copies the snapshot of a trial from one run's folder to another's, where there is one.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn copy(from: &Path, to: &Path, id: &str) -> Result<()> {
        match Self::read(from, id)? {
            Some(snapshot) if !path(to, id).exists() => snapshot.write(to, id),
            _ => Ok(()),
        }
    }

    /// Reads what [`Self::write`] wrote; `None` where there is none.
    ///
    /// # Errors
    /// It is damaged.
    pub fn read(run: &Path, id: &str) -> Result<Option<Self>> {
        let path = path(run, id);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = read_within(&path, 2 * MAX_BYTES as u64)?;
        let shown = path.display();
        let found: Self = serde_json::from_slice(&bytes).with_context(|| format!("{shown} is no snapshot"))?;
        let is_whole = found.classifier.as_ref().is_none_or(|copy| copy.network.is_whole());
        let are_frames = found.frames.iter().all(|frame| STANDARD.decode(&frame.values).is_ok());
        ensure!(is_whole && are_frames && found.frames.len() <= 2 * MAX_FRAMES, "{shown} is damaged; delete it");
        Ok(Some(found))
    }
}

/// A stack, and the snapshot of each of its trials that has one.
pub type StackWithSnapshots = (TrainedStack, Vec<Option<Snapshot>>);

/// Trains stacks side by side, and makes the snapshot of each of their trials that finished.
///
/// # Errors
/// As for [`run_side_by_side`].
pub fn run_with_snapshots(lab: &Lab, stacks: &[Stack]) -> Result<Vec<StackWithSnapshots>, TrainError> {
    let mut watchers = Vec::with_capacity(stacks.len());
    for Stack { trials, callback } in stacks {
        let config = &trials.first().context("a stack needs at least one trial")?.config;
        // A descent has no data set.
        let has_frames = lab.dataset(&config.data).is_ok_and(|dataset| has_frames(config, dataset));
        watchers.push(FrameWatcher { lab, config, callback: *callback, has_frames, frames: Mutex::default() });
    }
    let watched =
        stacks.iter().zip(&watchers).map(|(stack, watcher)| Stack { trials: stack.trials, callback: watcher });
    let trained = run_side_by_side(lab, &watched.collect::<Vec<_>>())?;
    let frames =
        watchers.into_iter().map(|watcher| watcher.frames.into_inner().unwrap_or_else(PoisonError::into_inner));
    let mut all = Vec::with_capacity(stacks.len());
    for ((stack, Stack { trials, .. }), frames) in trained.into_iter().zip(stacks).zip(frames) {
        let snapshots = snapshots_of(lab, trials, &stack, &frames)?;
        all.push((stack, snapshots));
    }
    Ok(all)
}

/// The snapshots of a stack's trials; `frames` are the grids of its replicas after some epochs.
fn snapshots_of(
    lab: &Lab,
    trials: &[Trial],
    stack: &TrainedStack,
    frames: &[(usize, Vec<DecisionGrid>)],
) -> Result<Vec<Option<Snapshot>>> {
    let seeds = replica_seeds(trials);
    let mut snapshots = Vec::with_capacity(trials.len());
    for ((trial, record), network) in trials.iter().zip(&stack.records).zip(&stack.networks) {
        let mut snapshot = Snapshot::default();
        if record.status == Status::Done {
            let last = record.epochs_kept.unwrap_or(0);
            let replica = seeds.iter().position(|&seed| seed == trial.seed);
            let own = frames.iter().filter(|(epoch, _)| *epoch <= last);
            let of_replica = own.filter_map(|(epoch, grids)| Some(Frame::new(*epoch, grids.get(replica?)?)));
            snapshot.frames = of_replica.collect();
            // A training that ended early ends as its record says.
            if let (Some(frame), Some(grid)) = (snapshot.frames.last(), &record.decision_grid)
                && frame.epoch != last
            {
                snapshot.frames.push(Frame::new(last, grid));
            }
            snapshot.classifier = ClassifierCopy::new(network, &trial.config, lab.dataset(&trial.config.data)?)?;
        }
        snapshots.push(Some(snapshot).filter(|snapshot| !snapshot.is_empty()));
    }
    Ok(snapshots)
}

/// Looks at a stack as it is trained, and passes on everything else.
struct FrameWatcher<'a> {
    lab: &'a Lab,
    config: &'a TrialConfig,
    callback: &'a dyn Callback,
    has_frames: bool,
    /// After each epoch that is looked at, the grid of each replica.
    frames: Mutex<Vec<(usize, Vec<DecisionGrid>)>>,
}

impl Callback for FrameWatcher<'_> {
    fn on_step(&self, examples: usize) -> ControlFlow<()> {
        self.callback.on_step(examples)
    }

    fn on_epoch(&self, epoch: usize, scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        self.callback.on_epoch(epoch, scores)
    }

    fn keeps_what_it_has(&self) -> bool {
        self.callback.keeps_what_it_has()
    }

    fn keeps_best(&self) -> bool {
        self.callback.keeps_best()
    }

    fn wants_network(&self, epoch: usize, epochs: usize) -> bool {
        self.has_frames && has_frame(epoch, epochs)
    }

    fn on_network(&self, epoch: usize, network: &Network) {
        let Ok(dataset) = self.lab.dataset(&self.config.data) else { return };
        let (task, loss) = (self.config.task(dataset.classes.len()), self.config.train.loss);
        let grid = |r: usize| decision_grid::of(&network.replica(r), dataset, task, loss, &self.lab.backend.device);
        if let Some(grids) = (0..network.stack()).map(grid).collect() {
            self.frames.lock().unwrap_or_else(PoisonError::into_inner).push((epoch, grids));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_begin_before_training_and_end_with_it_and_are_few() {
        for epochs in [1, 2, 15, 16, 50, 256, 3000] {
            let frames: Vec<usize> = (0..=epochs).filter(|&epoch| has_frame(epoch, epochs)).collect();
            assert_eq!((frames[0], frames.last()), (0, Some(&epochs)));
            assert!(frames.len() <= MAX_FRAMES + 1, "{epochs}: {frames:?}");
            assert!(frames.len() > MAX_FRAMES / 2 || epochs < MAX_FRAMES);
        }
    }

    #[test]
    fn a_snapshot_is_read_as_it_was_written_and_a_damaged_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Snapshot::read(folder.path(), "ab").unwrap(), None);
        let grid = DecisionGrid { ends: vec![[0.0, 1.0]], side: 2, values: vec![0.5, -2.0] };
        let snapshot = Snapshot { classifier: None, frames: vec![Frame::new(3, &grid)] };
        // 0.5 and -2 as half floats: 0x3800 and 0xC000.
        assert_eq!(snapshot.frames[0].values, STANDARD.encode([0x00, 0x38, 0x00, 0xC0]));
        snapshot.write(folder.path(), "ab").unwrap();
        assert_eq!(Snapshot::read(folder.path(), "ab").unwrap(), Some(snapshot));
        std::fs::write(path(folder.path(), "ab"), "{}x").unwrap();
        assert!(format!("{:#}", Snapshot::read(folder.path(), "ab").unwrap_err()).contains("ab.json"));
        // An identity that is none leads nowhere else.
        assert_eq!(path(folder.path(), "../../x"), folder.path().join("snapshots").join("x.json"));
    }
}
