//! One stack of trials: data, model, training, evaluation, records. The one place that knows all the splits.
//!
//! In: trials of one arm, or of arms that differ in nothing but the number of epochs, the data, a device. Out: a record and a
//! network a trial, or nothing when the callback broke it off. A trial's record is the same, time apart, whichever trials share its
//! stack.

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::data::Split;
use crate::evaluate::{self, Scores};
use crate::experiment::config::{Start, TrialConfig, TrialKind};
use crate::experiment::plan::Trial;
use crate::nn::models::Network;
use crate::record::{Status, TrialRecord};
use crate::studies::descent::descend;
use crate::train::{Callback, Ending, Job, Trained, train, train_to};
use autoencoder::{AutoencoderEvaluation, InterruptOnly};
use scores::{history, metrics};

pub mod autoencoder;
mod classifier;
mod decision_grid;
mod descent;
mod lab;
pub mod probe;
mod references;
pub mod saved;
mod scores;

pub use lab::Lab;

/// Records and, where something was trained, the networks behind them, as stacks of one; both in the order of the trials.
pub type Ran = (Vec<TrialRecord>, Vec<Network>);

impl Lab {
    /// Trains trials as a stack. Trials of one seed that differ in the number of epochs are one training, looked at on the trajectory.
    ///
    /// # Errors
    /// The trials cannot share a stack, or the data was not loaded.
    pub fn run(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Option<Ran>> {
        let started = Instant::now();
        let config = &trials.first().context("a stack needs a trial")?.config;
        ensure!(
            trials.iter().all(|trial| trial.config.shares_training(config)),
            "a stack's trials must share their settings"
        );
        let ran = match config.kind() {
            TrialKind::Descent(_) => self.descend(trials, callback)?,
            TrialKind::Classification | TrialKind::Regression | TrialKind::Autoencoder { .. } => {
                self.train(trials, callback)?
            }
        };
        let seconds = started.elapsed().as_secs_f64() / trials.len() as f64;
        Ok(ran.map(|(mut records, networks)| {
            records.iter_mut().for_each(|record| record.seconds = seconds);
            (records, networks)
        }))
    }

    fn descend(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Option<Ran>> {
        let mut records = Vec::with_capacity(trials.len());
        for trial in trials {
            let TrialKind::Descent(config) = trial.config.kind() else { bail!("`{}` is no descent", trial.label) };
            let trajectory = descend(config, &trial.config.train, trial.seed);
            let mut record = self.blank(trial)?;
            descent::describe(&mut record, config, &trajectory);
            records.push(record);
            if callback.on_step(config.steps).is_break() {
                return Ok(None);
            }
        }
        Ok(Some((records, Vec::new())))
    }

    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Option<Ran>> {
        let longest = trials.iter().max_by_key(|trial| trial.config.train.epochs).context("a stack needs a trial")?;
        let config = &longest.config;
        let mut seeds: Vec<u64> = Vec::new();
        let mut checkpoints: Vec<usize> = Vec::new();
        for trial in trials {
            if !seeds.contains(&trial.seed) {
                seeds.push(trial.seed);
            }
            checkpoints.push(trial.config.train.epochs);
        }
        checkpoints.sort_unstable();
        checkpoints.dedup();
        let splits = self.splits(&config.data)?;
        let Some(model) = self.start(config, &seeds, callback)? else { return Ok(None) };
        let job = self.job(config, &seeds, splits)?;
        let Some(trained) = train_to(model, &job, &checkpoints, callback) else { return Ok(None) };
        let test = |trained: &Trained| {
            evaluate::evaluate(&trained.model, splits[2], job.task, config.train.loss, &self.backend.device)
        };
        let scores: Vec<Vec<Scores>> = trained.iter().map(test).collect();
        let (mut records, mut networks) = (Vec::new(), Vec::new());
        for trial in trials {
            let at = checkpoints.iter().position(|&epochs| epochs == trial.config.train.epochs).unwrap_or(0);
            let r = seeds.iter().position(|&seed| seed == trial.seed).unwrap_or(0);
            let network = trained[at].model.replica(r);
            let Some(record) = self.record(trial, (&trained[at], r), &network, scores[at][r], callback)? else {
                return Ok(None);
            };
            records.push(record);
            networks.push(network);
        }
        Ok(Some((records, networks)))
    }

    /// A training of these settings on these splits.
    ///
    /// # Errors
    /// The data was not loaded.
    pub fn job<'a>(&'a self, config: &'a TrialConfig, seeds: &'a [u64], splits: [Split<'a>; 3]) -> Result<Job<'a>> {
        let [train, validation, _] = splits;
        Ok(Job {
            seeds,
            config: &config.train,
            dropout: config.model.dropout,
            frozen: config.model.frozen,
            train,
            validation,
            task: config.task(self.dataset(&config.data.dataset)?.classes.len()),
            noise: config.train.noise(),
            device: &self.backend.device,
        })
    }

    /// The network before training, one replica a seed: drawn, read from a file, or trained by the settings of another arm; `None` when
    /// the callback broke that off.
    ///
    /// # Errors
    /// The data or the weights were not loaded, or the weights do not fit.
    pub fn start(&self, config: &TrialConfig, seeds: &[u64], callback: &dyn Callback) -> Result<Option<Network>> {
        let dataset = self.dataset(&config.data.dataset)?;
        let device = self.backend.device.clone().autodiff();
        let shape = config.network(dataset.train.width(), dataset.classes.len());
        match &config.model.start {
            None => Ok(Some(shape.init(seeds, &device))),
            Some(Start::File(path)) => {
                let mut model = shape.init(seeds, &device);
                self.weights(path)?.fill(&mut model, &device)?;
                Ok(Some(model))
            }
            Some(Start::WarmStart(other)) => {
                let settings =
                    other.settings.as_ref().context("`model.start` names an arm that the plan did not find")?;
                let Some(model) = self.start(settings, seeds, callback)? else { return Ok(None) };
                let job = self.job(settings, seeds, self.splits(&settings.data)?)?;
                let Some(trained) = train(model, &job, &InterruptOnly(callback)) else { return Ok(None) };
                // Its weights and nothing else: what comes after the last layer is this arm's own.
                let mut own = shape.init(seeds, &device);
                own.copy_weights(&trained.model, &device);
                Ok(Some(own))
            }
        }
    }

    /// What there is to say of replica `r` of a trained stack, itself a stack of one in `network`; `None` when the callback broke it off.
    fn record(
        &self,
        trial: &Trial,
        (trained, r): (&Trained, usize),
        network: &Network,
        test_score: Scores,
        callback: &dyn Callback,
    ) -> Result<Option<TrialRecord>> {
        let dataset = self.dataset(&trial.config.data.dataset)?;
        let mut record = self.blank(trial)?;
        record.history = history(&trained.history[r]);
        let diverged = |mut record: TrialRecord, epoch: usize| {
            record.status = Status::Diverged;
            record.diverged_epoch = Some(epoch);
            Ok(Some(record))
        };
        let epochs_kept = match trained.endings[r] {
            Ending::Diverged { epoch } => return diverged(record, epoch),
            // Finite on validation, but not on the test images: no number of it could be kept.
            Ending::Finished { epochs_kept } if !test_score.loss.is_finite() => return diverged(record, epochs_kept),
            Ending::Finished { epochs_kept } => epochs_kept,
        };
        record.epochs_kept = Some(epochs_kept);
        record.metrics = metrics(trained.history[r][epochs_kept - 1], test_score);
        let (config, device) = (&trial.config, &self.backend.device);
        let task = config.task(dataset.classes.len());
        if let Network::Autoencoder(own) = network {
            let Some(found) = self.bench(trial, callback)?.measure(own) else { return Ok(None) };
            autoencoder::describe(&mut record, found);
        } else if task.has_accuracy() {
            let [_, _, test] = self.splits(&config.data)?;
            let outputs = evaluate::outputs(network, test, device).concat();
            classifier::describe(&mut record, &outputs, test.labels, task, config.train.loss);
        }
        if dataset.train.points().is_some() {
            // A mistake is shown as an image.
            record.mistakes.clear();
            record.decision_grid = decision_grid::of(network, dataset, task, config.train.loss, device);
        }
        Ok(Some(record))
    }

    /// What an autoencoder of this trial is measured with.
    fn bench<'a>(&'a self, trial: &'a Trial, callback: &'a dyn Callback) -> Result<AutoencoderEvaluation<'a>> {
        let data = &trial.config.data;
        let dataset = self.dataset(&data.dataset)?;
        Ok(AutoencoderEvaluation {
            config: &trial.config,
            seed: trial.seed,
            splits: self.splits(data)?,
            classes: dataset.classes.len(),
            references: &self.references,
            split: (dataset.hash.clone(), data.train, data.test),
            device: &self.backend.device,
            callback,
        })
    }
}
