//! The training loop. There is one, and it trains a stack of R replicas.
//!
//! In: a network, one seed per replica, training and validation examples, and a [`TrainConfig`]. Out: the trained stack and the scores of
//! every epoch, replica by replica. The loop prints nothing, reads no clock and draws nothing from the device; a replica's numbers are the
//! same to the bit whoever shares its stack.

use std::ops::ControlFlow;

use anyhow::Context;
use burn::tensor::Device;

use crate::data::Split;
use crate::data::noise::Noise;
use crate::evaluate::Scores;
use crate::experiment::config::TrainConfig;
use crate::nn::cpu::{FeedForward, convert};
use crate::nn::device::Gpu;
use crate::nn::models::Network;
use crate::nn::optim::schedule;
use crate::nn::task::Task;

mod autodiff;
mod batch;
mod cpu;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
mod gpu;
mod replica;
pub(crate) mod step;
pub(crate) mod watch;

use replica::{Replica, Stopped, StoppingRule};
use step::Steps;
use watch::LayerState;

/// A replica has diverged when an epoch's mean training loss is not finite, or exceeds this many times the loss of its first batch, before
/// any step was taken. The second part does not hold for regressions and perceptrons, whose first batch may have no loss at all.
pub const LOSS_DIVERGENCE_FACTOR: f64 = 100.0;

/// A training: the examples and the settings, without the network.
#[derive(Debug)]
pub struct Job<'a> {
    /// The seed of each replica, `[R]`.
    pub seeds: &'a [u64],
    /// Epochs, batches, loss, optimizer and the rest.
    pub config: &'a TrainConfig,
    /// Share of each hidden layer's outputs dropped while training.
    pub dropout: f64,
    /// Layers, from the first on, whose weights stay as they are.
    pub frozen: usize,
    /// Training examples.
    pub train: Split<'a>,
    /// Validation examples, evaluated after every epoch.
    pub validation: Split<'a>,
    /// What the outputs are compared with.
    pub task: Task,
    /// Added to the training inputs, fresh every epoch; never to the targets.
    pub noise: Noise,
    /// Where the networks are kept, without autodiff, and trained unless there is a GPU.
    pub device: &'a Device,
    /// The GPU that trains them.
    pub gpu: Option<&'a Gpu>,
}

impl Job<'_> {
    /// Whether the networks are given the pixels as they are stored, so that their zeros can be left out.
    fn takes_pixels_as_stored(&self) -> bool {
        self.noise.level == 0.0 && self.config.augment.is_none()
    }
}

/// The scores of one replica in one epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochScores {
    /// Over the epoch's training batches, each evaluated before its step.
    pub train: Scores,
    /// On the validation examples, after the epoch.
    pub validation: Scores,
}

/// The scores of one replica on the validation examples within an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// Steps taken before.
    pub steps: usize,
    /// Training examples of these steps.
    pub examples: usize,
    /// On the validation examples.
    pub validation: Scores,
}

/// What a replica scored over some steps, each before its weights moved.
#[derive(Debug, Clone, Copy)]
pub struct StepScores {
    /// Over all examples.
    pub all: Scores,
    /// The loss of the first step's batch.
    pub first_loss: f64,
}

/// How a replica's training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// After all epochs, or early by patience.
    Finished {
        /// Epochs behind the weights that are kept.
        epochs_kept: usize,
    },
    /// By divergence.
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
    },
    /// The callback ended it.
    Pruned {
        /// The epoch, counted from 1.
        epoch: usize,
    },
}

/// A stack after training.
#[derive(Debug)]
pub struct Trained {
    /// Without autodiff. A diverged replica has the weights it diverged to.
    pub model: Network,
    /// `[R][epochs]`; a replica's list ends before the epoch in which it diverged or after the one in which it stopped early.
    pub history: Vec<Vec<EpochScores>>,
    /// `[R]`: evaluations within the epochs, where they are asked for; one that is not finite is left out.
    pub checks: Vec<Vec<Check>>,
    /// `[R][epochs + 1][layers]`: the layers before the first epoch and after each, where the training is watched; else empty.
    pub layers: Vec<Vec<Vec<LayerState>>>,
    /// How each replica's training ended, `[R]`.
    pub endings: Vec<Ending>,
    /// `[R]`: the network of the epoch with the lowest validation loss, as a stack of one, and the number of epochs behind it; where it is
    /// wanted.
    pub best: Vec<Option<(Network, usize)>>,
    /// The epoch, counted from 1, in which the callback stopped a training that keeps what it has.
    pub stopped_epoch: Option<usize>,
}

/// Why a training has no result.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A callback asked it to stop.
    #[error("the training was interrupted")]
    Interrupted,
    /// The GPU failed, so that no other training can go on there either.
    #[error(
        "{0:#}. Nothing more was trained, and what was recorded before is kept. See `kindling devices --check`, update the GPU's driver, or \
         compute on the CPU with `--backend flex`"
    )]
    Device(anyhow::Error),
    /// The stacks do not fit into the GPU's memory together.
    #[error(transparent)]
    TooLarge(anyhow::Error),
    /// It could not be trained; the error says what did not hold.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Called as a training proceeds; may stop it.
pub trait Callback: Sync {
    /// After each step, with the number of examples it used over all replicas. `Break` stops the training; whether it then has a result,
    /// [`Callback::keeps_what_it_has`] says.
    fn on_step(&self, examples: usize) -> ControlFlow<()>;
    /// After each epoch, counted from 1: the scores of each replica, `None` for one that has stopped. `Break` ends the training with the
    /// weights of this epoch: it is pruned.
    fn on_epoch(&self, epoch: usize, scores: &[Option<EpochScores>]) -> ControlFlow<()>;
    /// Whether a training that is stopped at a step ends with the weights it has, and its last epoch as far as it came; otherwise it has no
    /// result but [`TrainError::Interrupted`].
    fn keeps_what_it_has(&self) -> bool {
        false
    }
    /// Whether the network of the epoch with the lowest validation loss is wanted besides the last one. It changes nothing of the training.
    fn keeps_best(&self) -> bool {
        false
    }
    /// Whether the stack is wanted after this epoch of `epochs`, where 0 is before training. It changes nothing of the training.
    fn wants_network(&self, _epoch: usize, _epochs: usize) -> bool {
        false
    }
    /// The stack after an epoch for which it is wanted.
    fn on_network(&self, _epoch: usize, _network: &Network) {}
}

/// A callback that does nothing.
#[derive(Debug)]
pub struct NoCallback;

impl Callback for NoCallback {
    fn on_step(&self, _examples: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn on_epoch(&self, _epoch: usize, _scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// A callback for a training inside a trial, such as the linear probe's: passes on the wish to stop, and counts none of its examples,
/// which are not the trial's own.
pub struct InterruptOnly<'a>(pub &'a dyn Callback);

impl Callback for InterruptOnly<'_> {
    fn on_step(&self, _examples: usize) -> ControlFlow<()> {
        self.0.on_step(0)
    }

    fn on_epoch(&self, _epoch: usize, _scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Trains the stack for as many epochs as its settings say.
///
/// # Errors
/// The callback stopped it, or the settings leave nothing to train.
pub fn train(model: Network, job: &Job, callback: &dyn Callback) -> Result<Trained, TrainError> {
    let checkpoints = [job.config.epochs];
    let alone = train_side_by_side(vec![Lane { model, job, checkpoints: &checkpoints, callback }])?.pop();
    Ok(alone.and_then(|mut trained| trained.pop()).context("the training left no result")?)
}

/// A stack to train, and what is wanted of its training.
pub struct Lane<'a> {
    /// The stack.
    pub model: Network,
    /// Its training.
    pub job: &'a Job<'a>,
    /// The numbers of epochs after which the stack is wanted, which rise; the last decides how long it trains. Each result is what a training
    /// of that number of epochs would have ended with, as long as the settings do not depend on their number: see
    /// [`crate::experiment::config::TrialConfig::is_prefix_of_longer`].
    pub checkpoints: &'a [usize],
    /// Called as it trains.
    pub callback: &'a dyn Callback,
}

/// Trains stacks side by side, epoch by epoch, and returns each as it is at its checkpoints. A stack's numbers do not depend on the others.
///
/// # Errors
/// A callback stopped it, a stack has no checkpoint, or the device failed.
pub fn train_side_by_side(lanes: Vec<Lane>) -> Result<Vec<Vec<Trained>>, TrainError> {
    let stacks = lanes.iter().map(|lane| (lane.model.clone(), lane.job)).collect();
    let mut courses = Vec::with_capacity(lanes.len());
    for (lane, steps) in lanes.iter().zip(Steps::side_by_side(stacks)?) {
        courses.push(Course::new(lane, steps)?);
    }
    for epoch in 0..courses.iter().map(|course| course.epochs).max().unwrap_or(0) {
        let mut running: Vec<&mut Course> = courses.iter_mut().filter(|course| course.is_running(epoch)).collect();
        // A GPU takes the steps of all stacks when the first asks for its scores.
        running.iter_mut().try_for_each(|course| course.take_steps(epoch))?;
        running.into_iter().try_for_each(|course| course.end_epoch(epoch))?;
    }
    courses.into_iter().map(Course::end).collect()
}

/// A stack on its way through its epochs.
struct Course<'a> {
    job: &'a Job<'a>,
    checkpoints: &'a [usize],
    callback: &'a dyn Callback,
    steps: Steps<'a>,
    epochs: usize,
    replicas: Vec<Replica>,
    stopping: StoppingRule,
    /// Whether the callback stopped the last epoch.
    was_stopped: bool,
    stopped_epoch: Option<usize>,
    trained: Vec<Trained>,
}

impl<'a> Course<'a> {
    fn new(lane: &Lane<'a>, steps: Steps<'a>) -> Result<Self, TrainError> {
        let &Lane { job, checkpoints, callback, .. } = lane;
        let &epochs = checkpoints.last().context("a training needs at least one checkpoint")?;
        let mut course = Self {
            job,
            checkpoints,
            callback,
            steps,
            epochs,
            replicas: job.seeds.iter().map(|_| Replica::default()).collect(),
            stopping: StoppingRule {
                patience: job.config.patience,
                // A regression's or a perceptron's first batch may be predicted without error by chance; any later loss would then be too large.
                relative_to_first_batch: job.task != Task::Regress && !job.config.loss.is_perceptrons(),
                keeps_best: callback.keeps_best(),
            },
            was_stopped: false,
            stopped_epoch: None,
            trained: Vec::with_capacity(checkpoints.len()),
        };
        let layers = course.watched()?;
        for (replica, layers) in course.replicas.iter_mut().zip(layers) {
            replica.layers.push(layers);
        }
        course.show(0)?;
        Ok(course)
    }

    /// Whether it trains in this epoch, counted from 0.
    fn is_running(&self, epoch: usize) -> bool {
        epoch < self.epochs && !self.was_stopped && self.replicas.iter().any(|replica| replica.stopped.is_none())
    }

    /// The state of each replica's layers, where the training is watched.
    fn watched(&mut self) -> Result<Vec<Vec<LayerState>>, TrainError> {
        let job = self.job;
        let probe = job.config.watch.then(|| job.train.chunks(watch::PROBE).next()).flatten();
        let networks = if probe.is_some() { convert::unstack(&self.steps.network()?) } else { Vec::new() };
        let look = |network: &FeedForward| Some(watch::look(network, probe?, job.task, job.config.loss));
        Ok(networks.iter().filter_map(look).collect())
    }

    /// Shows the stack to the callback, where it wants it after so many epochs.
    fn show(&mut self, epoch: usize) -> Result<(), TrainError> {
        if self.callback.wants_network(epoch, self.epochs) {
            self.callback.on_network(epoch, &self.steps.network()?);
        }
        Ok(())
    }

    /// One pass over the training examples.
    fn take_steps(&mut self, epoch: usize) -> Result<(), TrainError> {
        let Self { job, callback, ref mut steps, ref mut replicas, .. } = *self;
        let (examples, batch_size) = (job.train.count(), job.config.batch_size);
        let steps_per_epoch = examples.div_ceil(batch_size);
        let between_checks = job.config.validate_every.map(|every| every.div_ceil(batch_size));
        steps.start_epoch(epoch)?;
        for step in 0..steps_per_epoch {
            let position = schedule::TrainingPosition {
                epoch,
                step: epoch * steps_per_epoch + step,
                steps_per_epoch,
                epochs: job.config.epochs,
            };
            let rate = job.config.schedule.rate(job.config.optimizer.lr, position);
            steps.step(rate)?;
            let count = batch_size.min(examples - step * batch_size);
            if callback.on_step(count * job.seeds.len()).is_break() {
                if !callback.keeps_what_it_has() {
                    return Err(TrainError::Interrupted);
                }
                self.was_stopped = true;
                return Ok(());
            }
            let (taken, seen) = (position.step + 1, epoch * examples + step * batch_size + count);
            // The end of an epoch is evaluated in any case.
            if step + 1 < steps_per_epoch && between_checks.is_some_and(|between| taken.is_multiple_of(between)) {
                for (replica, validation) in replicas.iter_mut().zip(steps.validate()?) {
                    replica.check(Check { steps: taken, examples: seen, validation });
                }
            }
        }
        Ok(())
    }

    /// The scores of an epoch, and what follows from them.
    fn end_epoch(&mut self, epoch: usize) -> Result<(), TrainError> {
        let found = self.steps.take_scores()?.into_iter().zip(self.steps.validate()?);
        let mut scores: Vec<Option<EpochScores>> = Vec::with_capacity(self.replicas.len());
        // Read where it is wanted, and once for all replicas.
        let mut current: Option<Network> = None;
        for (r, (replica, (train, validation))) in self.replicas.iter_mut().zip(found).enumerate() {
            let of_epoch = EpochScores { train: train.all, validation };
            let network = || {
                if current.is_none() {
                    current = Some(self.steps.network()?);
                }
                Ok(current.as_ref().context("the stack was just read")?.replica(r))
            };
            scores.push(replica.record(of_epoch, train.first_loss, self.stopping, network)?);
        }
        let layers = self.watched()?;
        for ((replica, layers), scores) in self.replicas.iter_mut().zip(layers).zip(&scores) {
            replica.layers.extend(scores.map(|_| layers));
        }
        if self.callback.on_epoch(epoch + 1, &scores).is_break() {
            for replica in &mut self.replicas {
                replica.stopped.get_or_insert(Stopped::Pruned { epoch: epoch + 1 });
            }
        }
        self.show(epoch + 1)?;
        self.stopped_epoch = self.was_stopped.then_some(epoch + 1);
        if self.checkpoints.contains(&(epoch + 1)) {
            self.keep()?;
        }
        Ok(())
    }

    fn keep(&mut self) -> Result<(), TrainError> {
        let kept = checkpoint(&self.steps.network()?, &self.replicas)?;
        self.trained.push(Trained { stopped_epoch: self.stopped_epoch, ..kept });
        Ok(())
    }

    /// The stack at its checkpoints. At those after all replicas stopped, it is what it was when they stopped.
    fn end(mut self) -> Result<Vec<Trained>, TrainError> {
        while self.trained.len() < self.checkpoints.len() {
            self.keep()?;
        }
        Ok(self.trained)
    }
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
        (Some(Stopped::Pruned { epoch }), _) => Ending::Pruned { epoch },
        (_, Some(best)) => Ending::Finished { epochs_kept: best.epochs },
        (_, None) => Ending::Finished { epochs_kept: replica.history.len() },
    };
    let endings = replicas.iter().map(ending).collect();
    let history = replicas.iter().map(|replica| replica.history.clone()).collect();
    let checks = replicas.iter().map(|replica| replica.checks.clone()).collect();
    let layers = replicas.iter().map(|replica| replica.layers.clone()).collect();
    let best = |replica: &Replica| replica.lowest.as_ref().map(|lowest| (lowest.model.clone(), lowest.epochs));
    let best = replicas.iter().map(best).collect();
    Ok(Trained { model, history, checks, layers, endings, best, stopped_epoch: None })
}

#[cfg(test)]
mod tests;
