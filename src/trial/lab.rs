//! Data sets, initial weights and backend of a plan's trials.
//!
//! In: a plan and the folders to look in. Out: a [`Lab`], which gives every trial its data, its identity and its empty record.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::references::References;
use super::saved::weights::Weights;
use crate::data::source::{self, DataLocations};
use crate::data::{DataConfig, DataShape, Dataset, SIDE, Split, SplitSizes};
use crate::evaluate::predictions::Predictions;
use crate::experiment::config::{Source, Start, TrialConfig, TrialKind};
use crate::experiment::plan::{Plan, Trial, identity};
use crate::nn::device::{self, Gpu, OpenBackend};
use crate::nn::models::Network;
use crate::record::{
    BURN_VERSION, Bytes, Checks, History, MadeWith, Metrics, SCHEMA, Status, TrialRecord, computed_on,
};
use crate::seed::{Purpose, Stream};

/// Data sets, initial weights and backend of a plan's trials.
#[derive(Debug)]
pub struct Lab {
    datasets: BTreeMap<String, Dataset>,
    weights: BTreeMap<String, Weights>,
    pub(super) references: References,
    /// The backend.
    pub backend: OpenBackend,
}

/// The examples of one trial.
#[derive(Debug, Clone, Copy)]
pub struct Splits<'a> {
    /// Training examples.
    pub train: Split<'a>,
    /// Validation examples, evaluated after every epoch.
    pub validation: Split<'a>,
    /// Test examples, evaluated once after training.
    pub test: Split<'a>,
}

/// The data hash of a descent, which has no data.
const NO_DATA: &str = "none";

impl Lab {
    /// Loads every data set of a plan and checks that it has what the plan asks for.
    ///
    /// # Errors
    /// A data set is unavailable or too small, or starting weights cannot be read or do not fit.
    pub fn open(plan: &Plan, locations: &DataLocations, backend: OpenBackend) -> Result<Self> {
        let mut lab =
            Self { datasets: BTreeMap::new(), weights: BTreeMap::new(), references: References::default(), backend };
        for (key, data) in plan.data() {
            lab.datasets.insert(key, source::load(data, locations)?);
        }
        for arm in plan.arms.iter().filter(|arm| !matches!(arm.config.kind(), TrialKind::Descent(_))) {
            let Splits { train, test, .. } =
                lab.splits(&arm.config.data).with_context(|| format!("arm `{}`", arm.label))?;
            let fits = arm.config.validate_sizes(train.count(), test.count());
            fits.map_err(|what| anyhow!("arm `{}`: {what}", arm.label))?;
            let dataset = lab.dataset(&arm.config.data)?;
            check_examples(&arm.config, dataset).with_context(|| format!("arm `{}`", arm.label))?;
            let classes = dataset.classes.len();
            let outputs = arm.config.model.outputs.unwrap_or(classes.max(1));
            ensure!(
                outputs == classes.max(1) || (outputs == 1 && classes == 2),
                "arm `{}`: `model.outputs` is {outputs}; {} has {classes} classes, and 1 output separates 2",
                arm.label,
                arm.config.data.full_name()
            );
            lab.read_start(&arm.config)?;
        }
        lab.check_distinct(plan)?;
        Ok(lab)
    }

    /// Refuses two arms whose trainings are the same once the data are read, such as those on two copies of a file.
    fn check_distinct(&self, plan: &Plan) -> Result<()> {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for (index, arm) in plan.arms.iter().enumerate() {
            if let Some(equal) = seen.insert(self.id(&arm.trial(index, 0))?, arm.label.clone()) {
                bail!("arm `{}`: its trainings are those of arm `{equal}`, on the same data; leave one out", arm.label);
            }
        }
        Ok(())
    }

    /// A lab with this one data set, which is published or drawn: its name says by which settings it was loaded.
    pub fn with_dataset(dataset: Dataset, backend: OpenBackend) -> Self {
        Self::with_key(dataset.name.clone(), dataset, backend)
    }

    /// A lab with this one data set, which was loaded by these settings.
    pub fn with_data(data: &DataConfig, dataset: Dataset, backend: OpenBackend) -> Self {
        Self::with_key(data.key(), dataset, backend)
    }

    fn with_key(key: String, dataset: Dataset, backend: OpenBackend) -> Self {
        Self {
            datasets: BTreeMap::from([(key, dataset)]),
            weights: BTreeMap::new(),
            references: References::default(),
            backend,
        }
    }

    /// The lab for runs of these settings with this seed, where the split follows the seed: the training file is in an order of its own, so
    /// that other examples train and validate. `None` where the split is the file's.
    ///
    /// # Errors
    /// The data set was not loaded.
    pub(super) fn with_own_split(&self, config: &TrialConfig, seed: u64) -> Result<Option<Self>> {
        if !config.train.vary.varies(Source::Split) {
            return Ok(None);
        }
        let Dataset { name, train, test, classes, hash, sizes, table, as_is } = self.dataset(&config.data)?;
        let mut order: Vec<usize> = (0..train.count()).collect();
        Stream::new(seed, Purpose::Split, 0).shuffle(&mut order);
        let dataset = Dataset {
            name: name.clone(),
            train: train.reordered(&order),
            test: test.clone(),
            classes: classes.clone(),
            hash: hash.clone(),
            sizes: *sizes,
            table: table.clone(),
            as_is: *as_is,
        };
        let own = Self::with_data(&config.data, dataset, self.backend.clone());
        Ok(Some(Self { weights: self.weights.clone(), ..own }))
    }

    fn read_start(&mut self, config: &TrialConfig) -> Result<()> {
        match &config.model.start {
            Some(Start::File(path)) => {
                if !self.weights.contains_key(path) {
                    self.weights.insert(path.clone(), Weights::read(path)?);
                }
                // Weights that do not fit are seen before anything is trained.
                self.untrained_network(config, &[0]).map(drop)
            }
            Some(Start::WarmStart(other)) => {
                other.settings.as_ref().map_or(Ok(()), |settings| self.read_start(settings))
            }
            None => Ok(()),
        }
    }

    /// The network before any training, one replica per seed: with drawn weights, or with those of its file.
    ///
    /// # Errors
    /// The data set or the weights were not loaded, or the weights do not fit.
    pub(super) fn untrained_network(&self, config: &TrialConfig, seeds: &[u64]) -> Result<Network> {
        let dataset = self.dataset(&config.data)?;
        let device = self.backend.device.clone().autodiff();
        let drawn = config.train.vary.seeds(Source::Init, seeds);
        let mut network = config.network(dataset.train.width(), dataset.classes.len()).init(&drawn, &device);
        if let Some(Start::File(path)) = &config.model.start {
            self.weights(path)?.fill(&mut network, &device)?;
        }
        Ok(network)
    }

    /// The data set of a trial.
    ///
    /// # Errors
    /// It was not loaded.
    pub fn dataset(&self, data: &DataConfig) -> Result<&Dataset> {
        let dataset = self.datasets.get(&data.key());
        dataset.with_context(|| format!("data set `{}` was not loaded", data.full_name()))
    }

    /// What the data of these settings turned out to be; `None` where they were not loaded.
    pub fn shape(&self, data: &DataConfig) -> Option<DataShape> {
        Some(self.dataset(data).ok()?.shape(data))
    }

    /// Starting weights by their path.
    ///
    /// # Errors
    /// They were not read.
    fn weights(&self, path: &str) -> Result<&Weights> {
        self.weights.get(path).with_context(|| format!("the starting weights {path} were not read"))
    }

    /// The trial's identity.
    ///
    /// # Errors
    /// Its data set was not loaded.
    pub fn id(&self, trial: &Trial) -> Result<String> {
        let (_, mut data) = self.dataset_name_and_hash(&trial.config)?;
        let mut config = &trial.config;
        loop {
            match &config.model.start {
                Some(Start::File(path)) => data = format!("{data}+{}", self.weights(path)?.hash),
                Some(Start::WarmStart(other)) => {
                    if let Some(settings) = &other.settings {
                        if settings.data.key() != config.data.key() {
                            data = format!("{data}+{}", self.dataset(&settings.data)?.hash);
                        }
                        config = settings;
                        continue;
                    }
                }
                None => {}
            }
            return Ok(identity::trial_id(&trial.config, trial.seed, &data, &self.computed_on(&trial.config)));
        }
    }

    /// What the bytes of a trial's record depend on besides the trial: nothing on the CPU, where every number has one definition.
    fn bytes(&self, config: &TrialConfig) -> Bytes {
        match &self.backend.gpu {
            _ if matches!(config.kind(), TrialKind::Descent(_)) => Bytes::Portable,
            Some(Gpu { adapter, .. }) => Bytes::Adapter {
                name: adapter.name.clone(),
                driver: format!("{} {}", adapter.api, adapter.driver).trim().into(),
            },
            None if device::is_flex(&self.backend.device) => Bytes::Portable,
            None => Bytes::Machine {
                device: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
                cpu_features: device::cpu_features(),
            },
        }
    }

    /// What computes a trial, as its identity has it.
    fn computed_on(&self, config: &TrialConfig) -> String {
        computed_on(self.backend.name, &self.bytes(config))
    }

    /// Name and hash of a trial's data set; of a descent, the function's name and no hash.
    fn dataset_name_and_hash(&self, config: &TrialConfig) -> Result<(String, String)> {
        if let TrialKind::Descent(descent) = config.kind() {
            return Ok((descent.function.name().into(), NO_DATA.into()));
        }
        let dataset = self.dataset(&config.data)?;
        Ok((dataset.name.clone(), dataset.hash.clone()))
    }

    /// The examples of a trial.
    ///
    /// # Errors
    /// The data set was not loaded, or has fewer examples than asked for.
    pub fn splits(&self, data: &DataConfig) -> Result<Splits<'_>> {
        let dataset = self.dataset(data)?;
        let (all, tests) = (dataset.train.count(), dataset.test.count());
        let SplitSizes { train, validation, test } = dataset.sizes_of(data);
        ensure!(
            train > 0 && train + validation <= all,
            "`data.train` {train} and `data.validation` {validation} are more than the {all} training images of {}",
            dataset.name
        );
        ensure!(test <= tests, "`data.test` {test} is more than the {tests} test images of {}", dataset.name);
        Ok(Splits {
            train: dataset.train.slice(0, train, data.pixels),
            validation: dataset.train.slice(all - validation, all, data.pixels),
            test: dataset.test.slice(0, test, data.pixels),
        })
    }

    /// The record of a trial that could not be run.
    ///
    /// # Errors
    /// Its data set was not loaded.
    pub fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        let mut record = self.blank_record(trial)?;
        record.status = Status::Failed;
        record.error = Some(error.to_string());
        Ok(record)
    }

    /// A record with nothing found yet.
    pub(super) fn blank_record(&self, trial: &Trial) -> Result<TrialRecord> {
        let (dataset, data) = self.dataset_name_and_hash(&trial.config)?;
        let data_decide = trial.config.data.is_own() || !trial.config.data.classes.is_empty();
        let chooses = !matches!(trial.config.kind(), TrialKind::Descent(_)) && data_decide;
        let train_examples = if chooses { Some(self.splits(&trial.config.data)?.train.count()) } else { None };
        Ok(TrialRecord {
            schema: SCHEMA,
            id: self.id(trial)?,
            arm: trial.label.clone(),
            axes: trial.values.iter().cloned().collect(),
            seed: trial.seed,
            status: Status::Done,
            diverged_epoch: None,
            pruned_epoch: None,
            stopped_epoch: None,
            error: None,
            epochs_kept: None,
            history: History::default(),
            metrics: Metrics::default(),
            confusion: Vec::new(),
            mistakes: Vec::new(),
            predictions: Predictions::default(),
            decision_grid: None,
            path: Vec::new(),
            train_examples,
            checks: Checks::default(),
            layers: Vec::new(),
            epoch: None,
            made_with: MadeWith {
                kindling: env!("CARGO_PKG_VERSION").into(),
                burn: BURN_VERSION.into(),
                backend: self.backend.name.into(),
                bytes: self.bytes(&trial.config),
                dataset,
                data,
            }
            .into(),
            seconds: 0.0,
        })
    }
}

/// Checks what is asked of a training against the examples that there turned out to be.
fn check_examples(config: &TrialConfig, dataset: &Dataset) -> Result<()> {
    let shape = dataset.train.images().map(|images| images.shape);
    let is_autoencoder = matches!(config.kind(), TrialKind::Autoencoder { .. });
    let of_digits =
        [("an autoencoder reconstructs", is_autoencoder), ("`train.augment` moves", !config.train.augment.is_none())];
    if let Some((what, _)) = of_digits.iter().find(|(_, asked)| *asked) {
        let found = shape.map_or("a table of numbers".into(), |[rows, columns]| format!("{rows}x{columns}"));
        ensure!(
            shape == Some([SIDE, SIDE]),
            "{what} images of {SIDE}x{SIDE}, and {} is {found}; scale the images to {SIDE}x{SIDE}",
            dataset.name
        );
    }
    ensure!(
        config.train.noise == 0.0 || shape.is_some(),
        "`train.noise` is for pixels of 0 to 1, and {} is a table; leave it out",
        dataset.name
    );
    Ok(())
}
