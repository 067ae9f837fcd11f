//! One stack of trials, from its data to its records. The one file that knows every step of a trial.

use std::time::Instant;

use anyhow::{Context, Result, anyhow};

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
use crate::train::{Callback, Ending, InterruptOnly, Job, TrainError, Trained, train, train_to};

/// The records and networks of a stack, in the order of the trials.
#[derive(Debug)]
pub struct TrainedStack {
    /// One per trial.
    pub records: Vec<TrialRecord>,
    /// The network behind each record, as a stack of one; none where the trials are descents.
    pub networks: Vec<Network>,
    /// For each record, the network of its best epoch and the number of epochs behind it, where the callback wants it.
    pub best: Vec<Option<(Network, usize)>>,
}

/// Trains trials as one stack. Trials of one seed that differ in the number of epochs alone are one training, evaluated at each of
/// these numbers.
///
/// # Errors
/// The callback stopped it; the trials cannot share a stack; the lab has not loaded their data.
pub fn run_stack(lab: &Lab, trials: &[Trial], callback: &dyn Callback) -> Result<TrainedStack, TrainError> {
    let started = Instant::now();
    let config = &trials.first().context("a stack needs at least one trial")?.config;
    if !trials.iter().all(|trial| trial.config.shares_training(config)) {
        return Err(anyhow!("the trials of a stack must share their settings").into());
    }
    let own = lab.with_own_split(config, trials[0].seed)?;
    if own.is_some() && trials.iter().any(|trial| trial.seed != trials[0].seed) {
        return Err(anyhow!("trials whose split follows the seed cannot share a stack with other seeds").into());
    }
    let lab = own.as_ref().unwrap_or(lab);
    let mut stack = match config.kind() {
        TrialKind::Descent(_) => descend_each(lab, trials, callback)?,
        TrialKind::Classification | TrialKind::Regression | TrialKind::Autoencoder { .. } => {
            train_and_evaluate(lab, trials, callback)?
        }
    };
    let seconds = started.elapsed().as_secs_f64() / trials.len() as f64;
    stack.records.iter_mut().for_each(|record| record.seconds = seconds);
    Ok(stack)
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

fn train_and_evaluate(lab: &Lab, trials: &[Trial], callback: &dyn Callback) -> Result<TrainedStack, TrainError> {
    let longest = trials.iter().max_by_key(|trial| trial.config.train.epochs);
    let config = &longest.context("a stack needs at least one trial")?.config;
    let seeds = replica_seeds(trials);
    let mut checkpoints: Vec<usize> = trials.iter().map(|trial| trial.config.train.epochs).collect();
    checkpoints.sort_unstable();
    checkpoints.dedup();
    let network = initial_network(lab, config, &seeds, callback)?;
    let drawn = config.train.vary.seeds(Source::Order, &seeds);
    let job = job(lab, config, &drawn)?;
    let trained = train_to(network, &job, &checkpoints, callback)?;
    let test = lab.splits(&config.data)?.test;
    let evaluate =
        |trained: &Trained| evaluate::evaluate(&trained.model, test, job.task, config.train.loss, &lab.backend.device);
    let scores: Vec<Vec<Scores>> = trained.iter().map(evaluate).collect();
    if let Some(gpu) = job.gpu {
        trained.iter().try_for_each(|trained| confirm(trained, &job, gpu))?;
    }
    let mut stack = TrainedStack { records: Vec::new(), networks: Vec::new(), best: Vec::new() };
    for trial in trials {
        let checkpoint = checkpoints.iter().position(|&epochs| epochs == trial.config.train.epochs);
        let checkpoint = checkpoint.context("a trial's number of epochs is no checkpoint")?;
        let r = seeds.iter().position(|&seed| seed == trial.seed).context("a trial's seed is not in its stack")?;
        let replica = TrainedReplica { trained: &trained[checkpoint], r, test: scores[checkpoint][r] };
        let network = replica.trained.model.replica(r);
        stack.records.push(record(lab, trial, &replica, &network, callback)?);
        stack.networks.push(network);
        stack.best.push(replica.trained.best[r].clone());
    }
    Ok(stack)
}

/// Computes on the CPU the validation loss of every network that a GPU trained. The GPU computed it of the weights that it says it has.
fn confirm(trained: &Trained, job: &Job, gpu: &Gpu) -> Result<(), TrainError> {
    /// How far the two may be apart: they add some thousand numbers of 32 bits in other orders.
    const SHARE: f64 = 1e-3;
    const LEAST: f64 = 1e-5;
    let scores = evaluate::evaluate(&trained.model, job.validation, job.task, job.config.loss, job.device);
    for ((ending, history), scores) in trained.endings.iter().zip(&trained.history).zip(scores) {
        let Ending::Finished { epochs_kept } = *ending else { continue };
        let Some(said) = epochs_kept.checked_sub(1).and_then(|epoch| history.get(epoch)) else { continue };
        let (said, found) = (said.validation.loss, scores.loss);
        if (said - found).abs() > SHARE * found.abs() + LEAST {
            return Err(TrainError::Device(anyhow!(
                "{} says that the validation loss is {said}, and the CPU finds {found} for the same weights; see `kindling devices --check`, \
                 update the driver, or compute on the CPU with `--backend flex`",
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
