//! One stack of trials: data, model, training, evaluation, records. The one place that knows all the parts.
//!
//! In: trials of one arm, the data, a device. Out: a record a trial, or nothing when the watch broke it off. A trial's
//! record is the same, time apart, whichever trials share its stack.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Map;

use crate::config::DataConfig;
use crate::data::source::{self, Search};
use crate::data::{Corpus, PIXELS, Part};
use crate::device::{Place, cpu_features};
use crate::eval::{self, Scores};
use crate::models::Network;
use crate::plan::{Plan, Trial, identity};
use crate::record::{History, MadeWith, SCHEMA, Status, TrialRecord};
use crate::train::{Ending, Job, Trained, Watch, train};
use autoencoder::Bench;
use references::References;
use scores::{history, metrics};

pub mod autoencoder;
mod classifier;
mod references;
mod scores;

/// What trials need besides themselves: the data sets of a plan, and where to train.
#[derive(Debug)]
pub struct Lab {
    corpora: BTreeMap<String, Corpus>,
    references: References,
    /// Where tensors live.
    pub place: Place,
}

impl Lab {
    /// Loads every data set of a plan and checks that it has as many images as the plan asks for.
    ///
    /// # Errors
    /// A data set cannot be had, or is too small.
    pub fn open(plan: &Plan, search: &Search, place: Place) -> Result<Self> {
        let mut corpora = BTreeMap::new();
        for name in plan.datasets() {
            corpora.insert(name.to_string(), source::load(name, search)?);
        }
        let lab = Self { corpora, references: References::default(), place };
        for arm in &plan.arms {
            lab.parts(&arm.config.data)?;
        }
        Ok(lab)
    }

    /// A lab with this one data set.
    pub fn with(corpus: Corpus, place: Place) -> Self {
        Self { corpora: BTreeMap::from([(corpus.name.clone(), corpus)]), references: References::default(), place }
    }

    /// The data set of a trial.
    ///
    /// # Errors
    /// It was not loaded.
    pub fn corpus(&self, dataset: &str) -> Result<&Corpus> {
        self.corpora.get(dataset).with_context(|| format!("data set `{dataset}` was not loaded"))
    }

    /// The trial's identity.
    ///
    /// # Errors
    /// Its data set was not loaded.
    pub fn id(&self, trial: &Trial) -> Result<String> {
        let corpus = self.corpus(&trial.config.data.dataset)?;
        Ok(identity::trial_id(&trial.config, trial.seed, &corpus.hash, self.place.backend))
    }

    /// Training, validation and test part.
    ///
    /// # Errors
    /// The data set has fewer images than asked for.
    pub fn parts(&self, data: &DataConfig) -> Result<[Part<'_>; 3]> {
        let corpus = self.corpus(&data.dataset)?;
        let (all, tests) = (corpus.train.count(), corpus.test.count());
        ensure!(
            data.train + data.validation <= all,
            "`data.train` {} and `data.validation` {} are more than the {all} training images of {}",
            data.train,
            data.validation,
            corpus.name
        );
        ensure!(
            data.test <= tests,
            "`data.test` {} is more than the {tests} test images of {}",
            data.test,
            corpus.name
        );
        Ok([
            corpus.train.part(0, data.train),
            corpus.train.part(all - data.validation, all),
            corpus.test.part(0, data.test),
        ])
    }

    /// Trains trials of one arm as a stack; also returns the trained stack, for those who keep it.
    ///
    /// # Errors
    /// The trials are not of one arm, or the data was not loaded.
    pub fn run(&self, trials: &[Trial], watch: &dyn Watch) -> Result<Option<(Vec<TrialRecord>, Network)>> {
        let started = Instant::now();
        let config = &trials.first().context("a stack needs a trial")?.config;
        ensure!(trials.iter().all(|trial| trial.config == *config), "a stack's trials must share their settings");
        let corpus = self.corpus(&config.data.dataset)?;
        let [train_part, validation, test] = self.parts(&config.data)?;
        let seeds: Vec<u64> = trials.iter().map(|trial| trial.seed).collect();
        let device = &self.place.device;
        let classes = corpus.classes.len();
        let model = config.network(PIXELS, classes).init(&seeds, &device.clone().autodiff());
        let job = Job {
            seeds: &seeds,
            config: &config.train,
            dropout: config.model.dropout,
            train: train_part,
            validation,
            task: config.task(classes),
            noise: config.train.noise(),
            device,
        };
        let Some(trained) = train(model, &job, watch) else { return Ok(None) };
        let test_scores = eval::evaluate(&trained.model, test, job.task, config.train.loss, device);
        let mut records = Vec::with_capacity(trials.len());
        for ((r, trial), score) in trials.iter().enumerate().zip(test_scores) {
            let Some(record) = self.record(trial, r, &trained, score, watch)? else { return Ok(None) };
            records.push(record);
        }
        let seconds = started.elapsed().as_secs_f64() / trials.len() as f64;
        records.iter_mut().for_each(|record| record.seconds = seconds);
        Ok(Some((records, trained.model)))
    }

    /// What there is to say of replica `r` of a trained stack; `None` when the watch broke it off.
    fn record(
        &self,
        trial: &Trial,
        r: usize,
        trained: &Trained,
        test_score: Scores,
        watch: &dyn Watch,
    ) -> Result<Option<TrialRecord>> {
        let corpus = self.corpus(&trial.config.data.dataset)?;
        let mut record = self.blank(trial, corpus)?;
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
        match trained.model.replica(r) {
            Network::Autoencoder(own) => {
                let Some(found) = self.bench(trial, corpus, watch)?.measure(&own) else { return Ok(None) };
                autoencoder::describe(&mut record, found);
            }
            classifier => {
                let [_, _, test] = self.parts(&trial.config.data)?;
                let outputs = eval::outputs(&classifier, test, &self.place.device).concat();
                classifier::describe(&mut record, &outputs, test.labels, corpus.classes.len(), trial.config.train.loss);
            }
        }
        Ok(Some(record))
    }

    /// What an autoencoder of this trial is measured with.
    fn bench<'a>(&'a self, trial: &'a Trial, corpus: &'a Corpus, watch: &'a dyn Watch) -> Result<Bench<'a>> {
        let data = &trial.config.data;
        Ok(Bench {
            config: &trial.config,
            seed: trial.seed,
            parts: self.parts(data)?,
            classes: corpus.classes.len(),
            references: &self.references,
            split: (corpus.hash.clone(), data.train, data.test),
            device: &self.place.device,
            watch,
        })
    }

    /// The record of a trial that could not be run.
    ///
    /// # Errors
    /// Its data set was not loaded.
    pub fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        let corpus = self.corpus(&trial.config.data.dataset)?;
        let mut record = self.blank(trial, corpus)?;
        record.status = Status::Failed;
        record.error = Some(error.to_string());
        Ok(record)
    }

    fn blank(&self, trial: &Trial, corpus: &Corpus) -> Result<TrialRecord> {
        Ok(TrialRecord {
            schema: SCHEMA,
            id: self.id(trial)?,
            arm: trial.label.clone(),
            axes: trial.values.iter().cloned().collect(),
            seed: trial.seed,
            status: Status::Done,
            diverged_epoch: None,
            error: None,
            epochs_kept: None,
            history: History::default(),
            metrics: Map::new(),
            confusion: Vec::new(),
            mistakes: Vec::new(),
            made_with: MadeWith {
                kindling: env!("CARGO_PKG_VERSION").into(),
                burn: crate::BURN_VERSION.into(),
                backend: self.place.backend.into(),
                device: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
                cpu_features: cpu_features(),
                dataset: corpus.name.clone(),
                data: corpus.hash.clone(),
            },
            seconds: 0.0,
        })
    }
}
