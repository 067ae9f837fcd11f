//! The training loop. There is one, and it trains a stack of R replicas.
//!
//! In: a network, one seed a replica, the training and validation images, and a [`TrainConfig`]. Out: the trained
//! stack and every epoch's numbers, replica by replica. Prints nothing, reads no clock, draws nothing from the
//! device, and does for a replica exactly what it would do were the replica alone.

use std::ops::ControlFlow;

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
use replica::{Replica, Stopped};
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

/// Hears how training goes, and may stop it.
pub trait Callback: Sync {
    /// WarmStart each step, with the examples it used over all replicas.
    fn on_step(&self, examples: usize) -> ControlFlow<()>;
    /// WarmStart each epoch (counted from 1): the numbers of each replica still in training.
    fn on_epoch(&self, epoch: usize, scores: &[Option<EpochScores>]);
}

/// Hears nothing and stops nothing.
#[derive(Debug)]
pub struct NoCallback;

impl Callback for NoCallback {
    fn on_step(&self, _examples: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn on_epoch(&self, _epoch: usize, _scores: &[Option<EpochScores>]) {}
}

/// Trains the stack; `None` when the callback broke it off.
pub fn train(model: Network, job: &Job, callback: &dyn Callback) -> Option<Trained> {
    train_to(model, job, &[job.config.epochs], callback)?.pop()
}

/// Trains the stack once and returns it as it is after each of `checkpoints` epochs, which rise and of which the last decides how long it
/// trains; `None` when the callback broke it off. Each is what a training of so many epochs would have ended with, as long as the
/// settings do not depend on their number: see [`crate::experiment::config::TrialConfig::is_prefix_of_longer`].
pub fn train_to(model: Network, job: &Job, checkpoints: &[usize], callback: &dyn Callback) -> Option<Vec<Trained>> {
    let mut train_step = TrainStep::new(job);
    let mut model = Some(model.train());
    let mut replicas: Vec<Replica> = job.seeds.iter().map(|_| Replica::default()).collect();
    let mut trained = Vec::with_capacity(checkpoints.len());
    let steps_per_epoch = job.train.count().div_ceil(job.config.batch_size);
    // A few numbers may be predicted well, and a few points told apart, by chance: then any loss is out of proportion.
    let measures = job.task != Task::Regress && job.config.loss != Loss::Perceptron;
    for epoch in 0..*checkpoints.last()? {
        let mut batches = Batcher::new(job, epoch);
        let mut metrics = EpochMetrics::default();
        let mut current = model.take()?;
        for step in 0..steps_per_epoch {
            let position = schedule::TrainingPosition {
                epoch,
                step: epoch * steps_per_epoch + step,
                steps_per_epoch,
                epochs: job.config.epochs,
            };
            let rate = job.config.schedule.rate(job.config.optimizer.lr, position);
            let (next, output) = train_step.step(current, &mut batches, rate);
            current = next;
            metrics.losses(&output.losses, output.count);
            if job.task.has_accuracy() {
                metrics.correct(&output.outputs, &output.targets, job.task);
            }
            if callback.on_step(output.count * job.seeds.len()).is_break() {
                return None;
            }
        }
        let train_scores = metrics.read(job.seeds.len());
        let settled = current.valid();
        let validation = evaluate(&settled, job.validation, job.task, job.config.loss, job.device);
        model = Some(current);
        let pairs = train_scores.into_iter().zip(validation);
        let recorded: Vec<Option<EpochScores>> = replicas
            .iter_mut()
            .zip(pairs)
            .enumerate()
            .map(|(r, (replica, ((train, first_loss), validation)))| {
                let keep = || settled.replica(r);
                replica.record(EpochScores { train, validation }, first_loss, (job.config.patience, measures), keep)
            })
            .collect();
        callback.on_epoch(epoch + 1, &recorded);
        if checkpoints.contains(&(epoch + 1)) {
            trained.push(finish(&settled, &replicas)?);
        }
        if replicas.iter().all(|replica| replica.stopped.is_some()) {
            break;
        }
    }
    // Whatever stopped before a checkpoint is there what it was when it stopped.
    let last = model?.valid();
    while trained.len() < checkpoints.len() {
        trained.push(finish(&last, &replicas)?);
    }
    Some(trained)
}

/// Puts together the weights each replica keeps.
fn finish(last: &Network, replicas: &[Replica]) -> Option<Trained> {
    let any_kept = replicas.iter().any(|replica| replica.best.is_some());
    let model = if any_kept {
        let kept = |(r, replica): (usize, &Replica)| match &replica.best {
            Some(best) => best.model.clone(),
            None => last.replica(r),
        };
        Network::concat(&replicas.iter().enumerate().map(kept).collect::<Vec<_>>())?
    } else {
        last.clone()
    };
    let ending = |replica: &Replica| match (replica.stopped, &replica.best) {
        (Some(Stopped::Diverged { epoch }), _) => Ending::Diverged { epoch },
        (_, Some(best)) => Ending::Finished { epochs_kept: best.epochs },
        (_, None) => Ending::Finished { epochs_kept: replica.history.len() },
    };
    let endings = replicas.iter().map(ending).collect();
    Some(Trained { model, history: replicas.iter().map(|replica| replica.history.clone()).collect(), endings })
}
