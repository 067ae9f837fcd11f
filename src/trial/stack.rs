//! One stack of trials, from its data to its records. The one file that knows every step of a trial.

use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use rayon::prelude::*;

use super::autoencoder::AutoencoderEvaluation;
use super::lab::{Lab, Splits};
use super::{decision_grid, descent, describe, errors};
use crate::evaluate::{self, Scores};
use crate::experiment::config::{Source, Start, TrialConfig, TrialKind};
use crate::experiment::plan::Trial;
use crate::nn::device::Gpu;
use crate::nn::models::Network;
use crate::record::{Status, TrialRecord};
use crate::studies::descent::descend;
use crate::train::{Callback, Ending, InterruptOnly, Job, Lane, TrainError, Trained, train, train_side_by_side};

/// The records and networks of a stack, in the order of the trials.
#[derive(Debug)]
pub struct TrainedStack {
    /// One per trial.
    pub records: Vec<TrialRecord>,
    /// The network behind each record, as a stack of one; none where the trials are descents.
    pub networks: Vec<Network>,
    /// For each record, that of its best epoch.
    pub best: Vec<BestNetwork>,
}

/// The network of the best epoch and the number of epochs behind it, where the callback wants it.
pub type BestNetwork = Option<(Network, usize)>;

/// Trials of one training, and who is told of it.
pub struct Stack<'a> {
    /// Trials of one seed that differ in the number of epochs alone are one training, evaluated at each of these numbers.
    pub trials: &'a [Trial],
    /// Called as they train.
    pub callback: &'a dyn Callback,
}

/// Trains trials as one stack.
///
/// # Errors
/// The callback stopped it; the trials cannot share a stack; the lab has not loaded their data; the GPU failed.
pub fn run_stack(lab: &Lab, trials: &[Trial], callback: &dyn Callback) -> Result<TrainedStack, TrainError> {
    let alone = run_side_by_side(lab, &[Stack { trials, callback }])?.pop();
    Ok(alone.context("the stack left no result")?)
}

/// The trials of each training, in their order.
pub fn by_training(trials: &[Trial]) -> Vec<Vec<Trial>> {
    let mut trainings: Vec<Vec<Trial>> = Vec::new();
    for trial in trials {
        match trainings.iter_mut().find(|own| own[0].config.shares_training(&trial.config)) {
            Some(own) => own.push(trial.clone()),
            None => trainings.push(vec![trial.clone()]),
        }
    }
    trainings
}

/// Trains stacks side by side: on a GPU all of them at once. Several stacks are of one data set, and their splits do not follow their seeds.
///
/// # Errors
/// As for [`run_stack`].
pub fn run_side_by_side(lab: &Lab, stacks: &[Stack]) -> Result<Vec<TrainedStack>, TrainError> {
    let started = Instant::now();
    let mut own_lab = None;
    for Stack { trials, .. } in stacks {
        let first = trials.first().context("a stack needs at least one trial")?;
        if !trials.iter().all(|trial| trial.config.shares_training(&first.config)) {
            return Err(anyhow!("the trials of a stack must share their settings").into());
        }
        own_lab = lab.with_own_split(&first.config, first.seed)?;
        if own_lab.is_some() && (stacks.len() > 1 || trials.iter().any(|trial| trial.seed != first.seed)) {
            return Err(anyhow!("trials whose split follows the seed cannot share a stack with other seeds").into());
        }
    }
    let lab = own_lab.as_ref().unwrap_or(lab);
    let is_descent = |stack: &Stack| matches!(stack.trials[0].config.kind(), TrialKind::Descent(_));
    let mut trained = if stacks.iter().any(is_descent) {
        stacks.iter().map(|stack| descend_each(lab, stack.trials, stack.callback)).collect::<Result<Vec<_>, _>>()?
    } else {
        train_and_evaluate(lab, stacks)?
    };
    let count: usize = stacks.iter().map(|stack| stack.trials.len()).sum();
    let seconds = started.elapsed().as_secs_f64() / count as f64;
    trained.iter_mut().flat_map(|stack| &mut stack.records).for_each(|record| record.seconds = seconds);
    Ok(trained)
}

fn descend_each(lab: &Lab, trials: &[Trial], callback: &dyn Callback) -> Result<TrainedStack, TrainError> {
    let mut records = Vec::with_capacity(trials.len());
    for trial in trials {
        let TrialKind::Descent(config) = trial.config.kind() else {
            return Err(anyhow!("`{}` is no descent, and its stack is one of descents", trial.label).into());
        };
        let trajectory = descend(config, &trial.config.train, trial.seed);
        let mut record = lab.blank_record(trial)?;
        descent::describe(&mut record, config, &trajectory);
        records.push(record);
        if callback.on_step(config.steps).is_break() {
            return Err(TrainError::Interrupted);
        }
    }
    Ok(TrainedStack { records, networks: Vec::new(), best: Vec::new() })
}

/// The seed of each replica of a stack of these trials, in order: trials of one seed share a replica.
pub(super) fn replica_seeds(trials: &[Trial]) -> Vec<u64> {
    let mut seeds: Vec<u64> = Vec::new();
    for trial in trials {
        if !seeds.contains(&trial.seed) {
            seeds.push(trial.seed);
        }
    }
    seeds
}

/// What the trials of a stack share.
struct SharedSettings<'a> {
    /// The settings of the longest training.
    config: &'a TrialConfig,
    /// The seed of each replica.
    seeds: Vec<u64>,
    /// The seeds of the batch orders.
    drawn: Vec<u64>,
    /// Numbers of epochs after which it is evaluated.
    checkpoints: Vec<usize>,
}

impl<'a> SharedSettings<'a> {
    fn of(trials: &'a [Trial]) -> Result<Self> {
        let longest = trials.iter().max_by_key(|trial| trial.config.train.epochs);
        let config = &longest.context("a stack needs at least one trial")?.config;
        let seeds = replica_seeds(trials);
        let mut checkpoints: Vec<usize> = trials.iter().map(|trial| trial.config.train.epochs).collect();
        checkpoints.sort_unstable();
        checkpoints.dedup();
        Ok(Self { config, drawn: config.train.vary.seeds(Source::Order, &seeds), seeds, checkpoints })
    }
}

fn train_and_evaluate(lab: &Lab, stacks: &[Stack]) -> Result<Vec<TrainedStack>, TrainError> {
    let shared: Vec<SharedSettings> =
        stacks.iter().map(|stack| SharedSettings::of(stack.trials)).collect::<Result<_>>()?;
    let jobs: Vec<Job> = shared.iter().map(|own| job(lab, own.config, &own.drawn)).collect::<Result<_>>()?;
    let mut lanes = Vec::with_capacity(stacks.len());
    for ((Stack { callback, .. }, own), job) in stacks.iter().zip(&shared).zip(&jobs) {
        let model = initial_network(lab, own.config, &own.seeds, *callback)?;
        lanes.push(Lane { model, job, checkpoints: &own.checkpoints, callback: *callback });
    }
    let trained = train_side_by_side(lanes)?;
    let all = stacks.iter().zip(&shared).zip(jobs.iter().zip(&trained));
    all.map(|((stack, own), (job, trained))| evaluate_stack(lab, stack, own, job, trained)).collect()
}

/// The records of a stack's trials. They are made by as many threads as there are.
fn evaluate_stack(
    lab: &Lab,
    stack: &Stack,
    shared: &SharedSettings,
    job: &Job,
    trained: &[Trained],
) -> Result<TrainedStack, TrainError> {
    if let Some(gpu) = job.gpu {
        trained.iter().try_for_each(|trained| confirm(trained, job, gpu))?;
    }
    let test = lab.splits(&shared.config.data)?.test;
    let of_trial = |trial: &Trial| -> Result<(TrialRecord, Network, BestNetwork), TrainError> {
        let checkpoint = shared.checkpoints.iter().position(|&epochs| epochs == trial.config.train.epochs);
        let trained = &trained[checkpoint.context("a trial's number of epochs is no checkpoint")?];
        let r =
            shared.seeds.iter().position(|&seed| seed == trial.seed).context("a trial's seed is not in its stack")?;
        let network = trained.model.replica(r);
        let scores = evaluate::evaluate(&network, test, job.task, shared.config.train.loss, job.device);
        let test = *scores.first().context("the network has no scores")?;
        let replica = TrainedReplica { trained, r, test };
        let record = record(lab, trial, &replica, &network, stack.callback)?;
        Ok((record, network, trained.best[r].clone()))
    };
    let found: Vec<_> = stack.trials.par_iter().map(of_trial).collect::<Result<_, TrainError>>()?;
    let mut stack = TrainedStack { records: Vec::new(), networks: Vec::new(), best: Vec::new() };
    for (record, network, best) in found {
        stack.records.push(record);
        stack.networks.push(network);
        stack.best.push(best);
    }
    Ok(stack)
}

/// Computes on the CPU the validation loss of every network that a GPU trained. The GPU computed it of the weights that it says it has.
fn confirm(trained: &Trained, job: &Job, gpu: &Gpu) -> Result<(), TrainError> {
    /// How far the two may be apart: they add some thousand numbers of 32 bits in other orders.
    const SHARE: f64 = 1e-3;
    const LEAST: f64 = 1e-5;
    let evaluate = |r: usize| {
        let replica = trained.model.replica(r);
        evaluate::evaluate(&replica, job.validation, job.task, job.config.loss, job.device)
    };
    let scores: Vec<Vec<Scores>> = (0..job.seeds.len()).into_par_iter().map(evaluate).collect();
    for ((ending, history), scores) in trained.endings.iter().zip(&trained.history).zip(scores.iter().flatten()) {
        let Ending::Finished { epochs_kept } = *ending else { continue };
        let Some(said) = epochs_kept.checked_sub(1).and_then(|epoch| history.get(epoch)) else { continue };
        let (said, found) = (said.validation.loss, scores.loss);
        let is_near = (said - found).abs() <= SHARE * found.abs() + LEAST;
        if !is_near {
            return Err(TrainError::Device(anyhow!(
                "{} says that the validation loss is {said}, and the CPU finds {found} for the same weights",
                gpu.adapter
            )));
        }
    }
    Ok(())
}

/// The training of these settings, one replica per seed of what is drawn in training.
///
/// # Errors
/// The lab has not loaded the data.
pub fn job<'a>(lab: &'a Lab, config: &'a TrialConfig, seeds: &'a [u64]) -> Result<Job<'a>> {
    let Splits { train, validation, .. } = lab.splits(&config.data)?;
    Ok(Job {
        seeds,
        config: &config.train,
        dropout: config.model.dropout,
        frozen: config.model.frozen,
        train,
        validation,
        task: config.task(lab.dataset(&config.data)?.classes.len()),
        noise: config.train.noise(),
        device: &lab.backend.device,
        gpu: lab.backend.gpu.as_ref(),
    })
}

/// The network before training, one replica per seed: drawn, read from a file, or trained with the settings of another arm.
///
/// # Errors
/// The callback stopped the other arm's training; the lab has not loaded the data or the weights; the weights do not fit.
pub fn initial_network(
    lab: &Lab,
    config: &TrialConfig,
    seeds: &[u64],
    callback: &dyn Callback,
) -> Result<Network, TrainError> {
    let mut network = lab.untrained_network(config, seeds)?;
    if let Some(Start::WarmStart(other)) = &config.model.start {
        let settings = other.settings.as_ref().context("`model.start` names an arm that the plan did not find")?;
        let mut settings = settings.as_ref().clone();
        // Only the weights are wanted, and neither of the two changes them.
        (settings.train.watch, settings.train.validate_every) = (false, None);
        let before = initial_network(lab, &settings, seeds, callback)?;
        let drawn = settings.train.vary.seeds(Source::Order, seeds);
        let trained = train(before, &job(lab, &settings, &drawn)?, &InterruptOnly(callback))?;
        // Its weights and nothing else: what comes after the last layer is this arm's own.
        network.copy_weights(&trained.model, &lab.backend.device.clone().autodiff());
    }
    Ok(network)
}

/// One replica of a trained stack.
struct TrainedReplica<'a> {
    trained: &'a Trained,
    r: usize,
    test: Scores,
}

/// The record of one trial. `network` is its replica as a stack of one.
fn record(
    lab: &Lab,
    trial: &Trial,
    replica: &TrainedReplica,
    network: &Network,
    callback: &dyn Callback,
) -> Result<TrialRecord, TrainError> {
    let mut record = lab.blank_record(trial)?;
    let epochs = &replica.trained.history[replica.r];
    record.history = describe::history(epochs);
    record.layers = describe::layers(&replica.trained.layers[replica.r]);
    record.checks = describe::checks(&replica.trained.checks[replica.r]);
    let epochs_kept = match replica.trained.endings[replica.r] {
        Ending::Diverged { epoch } => return Ok(diverged(record, epoch)),
        Ending::Pruned { epoch } => {
            (record.status, record.pruned_epoch) = (Status::Pruned, Some(epoch));
            return Ok(record);
        }
        // Finite on validation, but not on the test images: no metric of it could be kept.
        Ending::Finished { epochs_kept } if !replica.test.loss.is_finite() => return Ok(diverged(record, epochs_kept)),
        Ending::Finished { epochs_kept } => epochs_kept,
    };
    let kept = epochs_kept.checked_sub(1).and_then(|index| epochs.get(index));
    record.epochs_kept = Some(epochs_kept);
    record.stopped_epoch = replica.trained.stopped_epoch;
    record.metrics = describe::metrics(*kept.context("the training left no epoch")?, replica.test);
    let (config, device) = (&trial.config, &lab.backend.device);
    let dataset = lab.dataset(&config.data)?;
    let task = config.task(dataset.classes.len());
    let splits = lab.splits(&config.data)?;
    if let (Network::Autoencoder(autoencoder), TrialKind::Autoencoder { latent }) = (network, config.kind()) {
        let evaluation = AutoencoderEvaluation {
            config,
            latent,
            seed: trial.seed,
            splits,
            classes: dataset.classes.len(),
            data_hash: &dataset.hash,
            references: &lab.references,
            device,
            callback,
        };
        describe::autoencoder(&mut record, evaluation.measure(autoencoder)?);
    } else if task.has_accuracy() {
        let outputs = evaluate::outputs_of_one(network, splits.test.rows, device);
        describe::classifier(&mut record, &outputs, splits.test.labels, task, config.train.loss);
    }
    if config.evaluate.errors {
        record.metrics.extend(errors::measure(network, splits.test, task, config.train.loss, device));
    }
    if dataset.train.points().is_some() {
        // A mistake is shown as an image, and points are none.
        record.mistakes.clear();
        record.decision_grid = decision_grid::of(network, dataset, task, config.train.loss, device);
    }
    Ok(record)
}

fn diverged(mut record: TrialRecord, epoch: usize) -> TrialRecord {
    record.status = Status::Diverged;
    record.diverged_epoch = Some(epoch);
    record
}
