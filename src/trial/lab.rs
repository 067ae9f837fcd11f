//! What trials need besides themselves: the data sets and starting weights of a plan, and where to train.
//!
//! In: a plan and where to look. Out: a [`Lab`], which knows every trial's data and identity.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Map;

use super::references::References;
use crate::data::source::{self, DataLocations};
use crate::data::{Dataset, Split};
use crate::experiment::config::{DataConfig, Start, TrialConfig, TrialKind};
use crate::experiment::plan::{Plan, Trial, identity};
use crate::nn::device::{OpenBackend, cpu_features};
use crate::record::{History, MadeWith, SCHEMA, Status, TrialRecord};
use crate::trial::saved::weights::Weights;

/// See the module.
#[derive(Debug)]
pub struct Lab {
    datasets: BTreeMap<String, Dataset>,
    weights: BTreeMap<String, Weights>,
    pub(super) references: References,
    /// Where tensors live.
    pub backend: OpenBackend,
}

/// The hash of what a descent learns from: nothing.
const NO_DATA: &str = "none";

impl Lab {
    /// Loads every data set of a plan and checks that it has what the plan asks for.
    ///
    /// # Errors
    /// A data set cannot be had, or is too small, or starting weights cannot be read.
    pub fn open(plan: &Plan, search: &DataLocations, backend: OpenBackend) -> Result<Self> {
        let mut lab =
            Self { datasets: BTreeMap::new(), weights: BTreeMap::new(), references: References::default(), backend };
        for name in plan.datasets() {
            lab.datasets.insert(name.to_string(), source::load(name, search)?);
        }
        for arm in plan.arms.iter().filter(|arm| !matches!(arm.config.kind(), TrialKind::Descent(_))) {
            lab.splits(&arm.config.data).with_context(|| format!("arm `{}`", arm.label))?;
            let classes = lab.dataset(&arm.config.data.dataset)?.classes.len();
            let outputs = arm.config.model.outputs.unwrap_or(classes.max(1));
            ensure!(
                outputs == classes.max(1) || (outputs == 1 && classes == 2),
                "arm `{}`: `model.outputs` is {outputs}; {} has {classes} classes, and 1 output tells 2 apart",
                arm.label,
                arm.config.data.dataset
            );
            lab.read_start(&arm.config)?;
        }
        Ok(lab)
    }

    /// A lab with this one data set.
    pub fn with(dataset: Dataset, backend: OpenBackend) -> Self {
        Self {
            datasets: BTreeMap::from([(dataset.name.clone(), dataset)]),
            weights: BTreeMap::new(),
            references: References::default(),
            backend,
        }
    }

    fn read_start(&mut self, config: &TrialConfig) -> Result<()> {
        match &config.model.start {
            Some(Start::File(path)) if !self.weights.contains_key(path) => {
                self.weights.insert(path.clone(), Weights::read(path)?);
                Ok(())
            }
            Some(Start::WarmStart(other)) => {
                other.settings.as_ref().map_or(Ok(()), |settings| self.read_start(settings))
            }
            _ => Ok(()),
        }
    }

    /// The data set of a trial.
    ///
    /// # Errors
    /// It was not loaded.
    pub fn dataset(&self, dataset: &str) -> Result<&Dataset> {
        self.datasets.get(dataset).with_context(|| format!("data set `{dataset}` was not loaded"))
    }

    /// Starting weights by their path.
    ///
    /// # Errors
    /// They were not read.
    pub(super) fn weights(&self, path: &str) -> Result<&Weights> {
        self.weights.get(path).with_context(|| format!("the starting weights {path} were not read"))
    }

    /// The trial's identity.
    ///
    /// # Errors
    /// Its data set was not loaded.
    pub fn id(&self, trial: &Trial) -> Result<String> {
        let (_, mut data) = self.origin(&trial.config)?;
        let mut config = &trial.config;
        loop {
            match &config.model.start {
                Some(Start::File(path)) => data = format!("{data}+{}", self.weights(path)?.hash),
                Some(Start::WarmStart(other)) => {
                    if let Some(settings) = &other.settings {
                        if settings.data.dataset != config.data.dataset {
                            data = format!("{data}+{}", self.dataset(&settings.data.dataset)?.hash);
                        }
                        config = settings;
                        continue;
                    }
                }
                None => {}
            }
            return Ok(identity::trial_id(&trial.config, trial.seed, &data, self.backend.name));
        }
    }

    /// Name and hash of what a trial learns from.
    fn origin(&self, config: &TrialConfig) -> Result<(String, String)> {
        if let TrialKind::Descent(descent) = config.kind() {
            return Ok((descent.function.name().into(), NO_DATA.into()));
        }
        let dataset = self.dataset(&config.data.dataset)?;
        Ok((dataset.name.clone(), dataset.hash.clone()))
    }

    /// Training, validation and test split.
    ///
    /// # Errors
    /// The data set has fewer examples than asked for.
    pub fn splits(&self, data: &DataConfig) -> Result<[Split<'_>; 3]> {
        let dataset = self.dataset(&data.dataset)?;
        let (all, tests) = (dataset.train.count(), dataset.test.count());
        ensure!(
            data.train + data.validation <= all,
            "`data.train` {} and `data.validation` {} are more than the {all} training images of {}",
            data.train,
            data.validation,
            dataset.name
        );
        ensure!(
            data.test <= tests,
            "`data.test` {} is more than the {tests} test images of {}",
            data.test,
            dataset.name
        );
        Ok([
            dataset.train.slice(0, data.train, data.pixels),
            dataset.train.slice(all - data.validation, all, data.pixels),
            dataset.test.slice(0, data.test, data.pixels),
        ])
    }

    /// The record of a trial that could not be run.
    ///
    /// # Errors
    /// Its data set was not loaded.
    pub fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        let mut record = self.blank(trial)?;
        record.status = Status::Failed;
        record.error = Some(error.to_string());
        Ok(record)
    }

    /// A record with nothing found yet.
    pub(super) fn blank(&self, trial: &Trial) -> Result<TrialRecord> {
        let (dataset, data) = self.origin(&trial.config)?;
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
            decision_grid: None,
            path: Vec::new(),
            made_with: MadeWith {
                kindling: env!("CARGO_PKG_VERSION").into(),
                burn: crate::BURN_VERSION.into(),
                backend: self.backend.name.into(),
                device: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
                cpu_features: cpu_features(),
                dataset,
                data,
            },
            seconds: 0.0,
        })
    }
}
