//! The training loop. There is one, and it trains a stack of R replicas.
//!
//! In: a network, one seed a replica, the training and validation images, and a [`TrainConfig`]. Out: the trained
//! stack and every epoch's numbers, replica by replica. Prints nothing, reads no clock, draws nothing from the
//! device, and does for a replica exactly what it would do were the replica alone.

use std::ops::ControlFlow;

use anyhow::Context;
use burn::module::Module;
use burn::tensor::Device;

use crate::data::Split;
use crate::data::noise::Noise;
use crate::evaluate::{Scores, evaluate};
use crate::experiment::config::TrainConfig;
use crate::nn::loss::Loss;
use crate::nn::models::Network;
use crate::nn::optim::schedule;
use crate::nn::task::Task;

pub mod batch;
mod epoch_metrics;
mod replica;
pub mod step;

use batch::Batcher;
use epoch_metrics::EpochMetrics;
use replica::{Replica, Stopped, StoppingRule};
use step::TrainStep;

/// A replica has diverged when an epoch's mean training loss is not finite, or exceeds this many times the
/// loss of its first batch, before any step was taken. Of a regression and of a perceptron, whose first batch may have no loss at all, only
/// the former.
pub const DIVERGENCE_FACTOR: f64 = 100.0;

/// What is trained on what.
#[derive(Debug)]
pub struct Job<'a> {
    /// One a replica.
    pub seeds: &'a [u64],
    /// How.
    pub config: &'a TrainConfig,
    /// Share of each hidden layer's outputs dropped while training.
    pub dropout: f64,
    /// Layers, from the first on, whose weights stay as they are.
    pub frozen: usize,
    /// What is fitted.
    pub train: Split<'a>,
    /// What epochs are judged by.
    pub validation: Split<'a>,
    /// What it is trained for.
    pub task: Task,
    /// Added to the training inputs, fresh every epoch; never to the targets.
    pub noise: Noise,
    /// Where it happens, without autodiff.
    pub device: &'a Device,
}

/// One epoch of one replica.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochScores {
    /// Over the epoch's batches, each as it was met, before its step.
    pub train: Scores,
    /// WarmStart the epoch.
    pub validation: Scores,
}

/// How a replica's training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All epochs, or stopped early by patience; the weights kept are those after this many epochs.
    Finished {
        /// Epochs behind the weights kept.
        epochs_kept: usize,
    },
    /// In this epoch, counted from 1.
    Diverged {
        /// The epoch.
        epoch: usize,
    },
}

/// A stack after training.
#[derive(Debug)]
pub struct Trained {
    /// Without autodiff; a diverged replica's weights are whatever they had become.
    pub model: Network,
    /// `[R][epochs trained]`, ending before the epoch in which a replica diverged.
    pub history: Vec<Vec<EpochScores>>,
    /// `[R]`
    pub endings: Vec<Ending>,
}

/// Why a training has no result.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A callback asked it to stop.
    #[error("the training was interrupted")]
    Interrupted,
    /// It could not be trained; the error says what did not hold.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Called as a training proceeds; may stop it.
pub trait Callback: Sync {
    /// After each step, with the number of examples it used over all replicas. `Break` stops the training, which then has no result
    /// but [`TrainError::Interrupted`].
    fn on_step(&self, examples: usize) -> ControlFlow<()>;
    /// After each epoch, counted from 1: the scores of each replica, `None` for one that has stopped.
    fn on_epoch(&self, epoch: usize, scores: &[Option<EpochScores>]);
}

/// A callback that does nothing.
#[derive(Debug)]
pub struct NoCallback;

impl Callback for NoCallback {
    fn on_step(&self, _examples: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn on_epoch(&self, _epoch: usize, _scores: &[Option<EpochScores>]) {}
}

/// A callback for a training inside a trial, such as the linear probe's: passes on the wish to stop, and counts none of its examples,
/// which are not the trial's own.
pub struct InterruptOnly<'a>(pub &'a dyn Callback);

impl Callback for InterruptOnly<'_> {
    fn on_step(&self, _examples: usize) -> ControlFlow<()> {
        self.0.on_step(0)
    }

    fn on_epoch(&self, _epoch: usize, _scores: &[Option<EpochScores>]) {}
}

/// Trains the stack for as many epochs as its settings say.
///
/// # Errors
/// The callback stopped it, or the settings leave nothing to train.
pub fn train(model: Network, job: &Job, callback: &dyn Callback) -> Result<Trained, TrainError> {
    let trained = train_to(model, job, &[job.config.epochs], callback)?.pop();
    Ok(trained.context("the training left no result")?)
}

/// Trains the stack once and returns it as it is after each of `checkpoints` epochs, which rise; the last decides how long it trains.
/// Each result is what a training of so many epochs would have ended with, as long as the settings do not depend on their number: see
/// [`crate::experiment::config::TrialConfig::is_prefix`].
///
/// # Errors
/// The callback stopped it, or there is no checkpoint.
pub fn train_to(
    model: Network,
    job: &Job,
    checkpoints: &[usize],
    callback: &dyn Callback,
) -> Result<Vec<Trained>, TrainError> {
    let &epochs = checkpoints.last().context("a training needs at least one checkpoint")?;
    let mut train_step = TrainStep::new(job);
    let mut model = model.train();
    let mut replicas: Vec<Replica> = job.seeds.iter().map(|_| Replica::default()).collect();
    let mut trained = Vec::with_capacity(checkpoints.len());
    let steps_per_epoch = job.train.count().div_ceil(job.config.batch_size);
    let stopping = StoppingRule {
        patience: job.config.patience,
        // A few numbers may be predicted well, and a few points told apart, by chance: then any loss is out of proportion.
        relative_to_first_batch: job.task != Task::Regress && job.config.loss != Loss::Perceptron,
    };
    for epoch in 0..epochs {
        let mut batches = Batcher::new(job, epoch);
        let mut metrics = EpochMetrics::default();
        for step in 0..steps_per_epoch {
            let position = schedule::TrainingPosition {
                epoch,
                step: epoch * steps_per_epoch + step,
                steps_per_epoch,
                epochs: job.config.epochs,
            };
            let rate = job.config.schedule.rate(job.config.optimizer.lr, position);
            let (next, output) = train_step.step(model, &mut batches, rate);
            model = next;
            metrics.add_losses(&output.losses, output.count);
            if job.task.has_accuracy() {
                metrics.add_correct(&output.outputs, &output.targets, job.task);
            }
            if callback.on_step(output.count * job.seeds.len()).is_break() {
                return Err(TrainError::Interrupted);
            }
        }
        let train_scores = metrics.read(job.seeds.len());
        let settled = model.valid();
        let validation = evaluate(&settled, job.validation, job.task, job.config.loss, job.device);
        let scores: Vec<Option<EpochScores>> = replicas
            .iter_mut()
            .zip(train_scores.into_iter().zip(validation))
            .enumerate()
            .map(|(r, (replica, ((train, first_loss), validation)))| {
                let weights = || settled.replica(r);
                replica.record(EpochScores { train, validation }, first_loss, stopping, weights)
            })
            .collect();
        callback.on_epoch(epoch + 1, &scores);
        if checkpoints.contains(&(epoch + 1)) {
            trained.push(checkpoint(&settled, &replicas)?);
        }
        if replicas.iter().all(|replica| replica.stopped.is_some()) {
            break;
        }
    }
    // A stack whose replicas all stopped before a checkpoint has at it what it had when they stopped.
    let last = model.valid();
    while trained.len() < checkpoints.len() {
        trained.push(checkpoint(&last, &replicas)?);
    }
    Ok(trained)
}

/// The stack of the weights that each replica keeps: of its best epoch under patience, else those of `current`.
fn checkpoint(current: &Network, replicas: &[Replica]) -> anyhow::Result<Trained> {
    let model = if replicas.iter().any(|replica| replica.best.is_some()) {
        let kept = |(r, replica): (usize, &Replica)| match &replica.best {
            Some(best) => best.model.clone(),
            None => current.replica(r),
        };
        let kept: Vec<Network> = replicas.iter().enumerate().map(kept).collect();
        Network::concat(&kept).context("the replicas of a stack differ in kind")?
    } else {
        current.clone()
    };
    let ending = |replica: &Replica| match (replica.stopped, &replica.best) {
        (Some(Stopped::Diverged { epoch }), _) => Ending::Diverged { epoch },
        (_, Some(best)) => Ending::Finished { epochs_kept: best.epochs },
        (_, None) => Ending::Finished { epochs_kept: replica.history.len() },
    };
    let endings = replicas.iter().map(ending).collect();
    Ok(Trained { model, history: replicas.iter().map(|replica| replica.history.clone()).collect(), endings })
}
