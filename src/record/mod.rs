//! Trial records and their append-only files, `records.jsonl` and those of shards, with one record per line.
//!
//! Every table, and every figure of a report except those of an autoencoder, is computed from records alone.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::evaluate::classification::{ClassReport, Confusion, Mistake, confused, macro_mean, one_vs_rest, per_class};
use crate::evaluate::predictions::Predictions;
use crate::experiment::metric::Metric;
use crate::experiment::plan::halving::ValidationScore;
use crate::experiment::quantity::Quantity;
use crate::hash::short_of;

mod consistency;
mod difference;
mod file;
mod folder;
mod layers;
mod metrics;
mod speed;

pub use difference::difference;
pub use file::RecordFile;
pub use folder::{
    HeldFolder, are_in, check_compressible, file_in, file_of, hold, open, read_all, read_folders, set_aside,
    write_compressed,
};
pub use layers::LayerHistory;
pub use metrics::Metrics;
pub use speed::{Checks, EpochSize};

/// Rises when a field changes its meaning; records of another schema are refused.
pub const SCHEMA: u32 = 2;

/// The version of Burn this was built with.
pub const BURN_VERSION: &str = "0.22.1";

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Trained and evaluated.
    Done,
    /// Its training loss diverged: it has no test metrics, and is counted in every table.
    Diverged,
    /// The program failed; the next run tries it again.
    Failed,
    /// A search ended its training early: it has the scores of its epochs and no test metrics.
    Pruned,
}

/// A finished trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialRecord {
    /// [`SCHEMA`].
    pub schema: u32,
    /// See [`crate::experiment::plan::identity`].
    pub id: String,
    /// The arm's label.
    pub arm: String,
    /// The arm's axis values.
    pub axes: Map<String, Value>,
    /// The seed of every random draw.
    pub seed: u64,
    /// How it ended.
    pub status: Status,
    /// The epoch, counted from 1, in which it diverged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diverged_epoch: Option<usize>,
    /// The epoch, counted from 1, after which a search ended it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pruned_epoch: Option<usize>,
    /// The epoch, counted from 1, in which the user stopped a training whose weights are kept all the same; only `kindling train` does that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped_epoch: Option<usize>,
    /// What went wrong, of a failed trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Epochs behind the weights that were tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs_kept: Option<usize>,
    /// Scores of every epoch.
    pub history: History,
    /// Metrics of the trained network, by name: `test_accuracy`, `test_loss`, ...
    pub metrics: Metrics,
    /// Confusion matrix on the test examples, `[truth][predicted]`; an autoencoder's is that of the nearest-neighbour classifier on its codes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub confusion: Confusion,
    /// The wrong predictions on test images made with most confidence.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub mistakes: Vec<Mistake>,
    /// The predicted class of every test example, of a classifier.
    #[serde(skip_serializing_if = "Predictions::is_empty", default)]
    pub predictions: Predictions,
    /// Outputs on an even grid, of a network whose inputs are one or two numbers.
    #[serde(rename = "surface", skip_serializing_if = "Option::is_none", default)]
    pub decision_grid: Option<DecisionGrid>,
    /// The points of a descent, the start first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub path: Vec<Vec<f32>>,
    /// The number of training examples, where the settings leave it to the data.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub train_examples: Option<usize>,
    /// Validation scores within the epochs, where they are asked for.
    #[serde(skip_serializing_if = "Checks::is_empty", default)]
    pub checks: Checks,
    /// The layers over the epochs, first to last, of a training that was watched.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub layers: Vec<LayerHistory>,
    /// What an epoch of its arm is, which its line does not say: the summary of a plan fills it in.
    #[serde(skip)]
    pub epoch: Option<EpochSize>,
    /// What it was made with. Records that are read share it with the one before.
    pub made_with: Arc<MadeWith>,
    /// Wall seconds of its training and evaluation: the stack's, divided by its trials. The one field that may differ between two runs of a
    /// trial.
    pub seconds: f64,
}

/// Scores of every epoch, in order; accuracies are empty where the task has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct History {
    pub train_loss: Vec<f32>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub train_accuracy: Vec<f32>,
    pub validation_loss: Vec<f32>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub validation_accuracy: Vec<f32>,
}

/// A network's outputs on an even grid: the probability of class 1, of more than two classes the predicted one, or the predicted number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionGrid {
    /// First and last value of each coordinate.
    pub ends: Vec<[f32; 2]>,
    /// Points along each coordinate.
    pub side: usize,
    /// Row by row, the first coordinate changing fastest.
    pub values: Vec<f32>,
}

/// The program, the libraries, the machine and the data behind a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeWith {
    /// Kindling's version.
    pub kindling: String,
    /// Burn's version.
    pub burn: String,
    /// The backend's name.
    pub backend: String,
    /// What the record's bytes depend on besides the trial and the program.
    pub bytes: Bytes,
    /// The data set's name.
    pub dataset: String,
    /// The data set's hash.
    pub data: String,
}

/// The program and the libraries that made a record, what its bytes depend on, and its data.
impl fmt::Display for MadeWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kindling, burn, backend, bytes, data, .. } = self;
        write!(f, "kindling {kindling}, burn {burn}, {backend} {bytes}, data {data}")
    }
}

/// What the bytes of a record depend on besides its trial and the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bytes {
    /// On nothing: they are the same on every processor.
    Portable,
    /// On the machine, whose kernels may round in another order.
    Machine {
        /// Operating system and processor family.
        device: String,
        /// The processor's vector instructions.
        cpu_features: String,
    },
    /// On the GPU and its driver.
    Adapter {
        /// The GPU's name.
        name: String,
        /// The interface to it, its driver and the driver's version.
        driver: String,
    },
}

/// What computes a trial, as its identity has it: the backend, and a GPU's name. A driver may change the last bits, and is left out, so that a
/// sweep can be finished after an update.
pub fn computed_on(backend: &str, bytes: &Bytes) -> String {
    match bytes {
        Bytes::Portable | Bytes::Machine { .. } => backend.into(),
        Bytes::Adapter { name, .. } => format!("{backend} {name}"),
    }
}

impl MadeWith {
    /// What computed the trial, as its identity has it.
    pub fn computed_on(&self) -> String {
        computed_on(&self.backend, &self.bytes)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Portable => f.write_str("on any processor"),
            Self::Machine { device, cpu_features } => write!(f, "on {device} ({cpu_features})"),
            Self::Adapter { name, driver } => write!(f, "on {name} ({driver})"),
        }
    }
}

impl TrialRecord {
    /// A metric, recorded or computed from the rest of the record; `None` where the trial does not have it.
    pub fn metric(&self, metric: &Metric) -> Option<f64> {
        self.metrics.get(metric).or_else(|| self.derived(metric))
    }

    /// A metric, or a difference of two; `None` where the trial does not have both.
    pub fn quantity(&self, quantity: &Quantity) -> Option<f64> {
        match quantity {
            Quantity::Single(metric) => self.metric(metric),
            Quantity::Difference(first, second) => Some(self.metric(first)? - self.metric(second)?),
        }
    }

    /// A quantity, or the worst value there is where the trial diverged and so has none: infinite, on the side that is worse. `None` where
    /// a trial that ended otherwise does not have it, and for a difference of a trial that diverged: neither side of it is the worse one.
    pub fn outcome(&self, quantity: &Quantity) -> Option<f64> {
        let worst = if quantity.higher_is_better() { f64::NEG_INFINITY } else { f64::INFINITY };
        let has_worst = self.status == Status::Diverged && matches!(quantity, Quantity::Single(_));
        self.quantity(quantity).or_else(|| has_worst.then_some(worst))
    }

    /// The recorded metrics, known to this program or not.
    pub fn recorded_metrics(&self) -> impl Iterator<Item = Metric> {
        self.metrics.iter().map(|(metric, _)| metric.clone())
    }

    /// The validation score after an epoch, counted from 1; `None` for an epoch that it has not.
    pub fn validation_after(&self, epoch: usize) -> Option<ValidationScore> {
        let at = |list: &[f32]| list.get(epoch.checked_sub(1)?).copied();
        let History { validation_accuracy, validation_loss, .. } = &self.history;
        Some(ValidationScore::new(at(validation_accuracy), at(validation_loss)?))
    }

    /// What follows from the status, the confusion matrix or the history.
    fn derived(&self, metric: &Metric) -> Option<f64> {
        match metric {
            Metric::Diverged => matches!(self.status, Status::Done | Status::Diverged)
                .then(|| f64::from(self.status == Status::Diverged)),
            // A class that is never predicted has neither precision nor F1. It counts as 0, as in scikit-learn, or predicting one
            // class alone would pay.
            Metric::TestPrecision => self.macro_mean(|class| class.precision.or_else(|| class.zero_division())),
            Metric::TestRecall => self.macro_mean(|class| class.recall),
            Metric::TestF1 => self.macro_mean(|class| class.f1.or_else(|| class.zero_division())),
            Metric::KnnClass(class) if self.has_neighbours() => {
                let class = (class.get() >= 0.0 && class.get().fract() == 0.0).then_some(class.get() as usize)?;
                Some(one_vs_rest(&self.confusion).get(class)?.accuracy())
            }
            Metric::KnnConfused(pair) if self.has_neighbours() => confused(&self.confusion, pair.classes()),
            Metric::EpochsTo(level) => self.epochs_to(level.get(), &self.history.validation_accuracy),
            Metric::EpochsToFit(level) => self.epochs_to(level.get(), &self.history.train_accuracy),
            Metric::StepsTo(level) => self.steps_to(level.get()),
            Metric::ImagesTo(level) => self.images_to(level.get()),
            Metric::GradientNorm(layer) => self.of_layer(*layer, |history| &history.gradient_norm),
            Metric::Saturated(layer) => self.of_layer(*layer, |history| &history.saturated),
            Metric::Slope(layer) => self.of_layer(*layer, |history| &history.slope),
            Metric::Seconds => (self.status == Status::Done).then_some(self.seconds),
            _ => None,
        }
    }

    /// Whether the confusion matrix is that of the nearest neighbours of an autoencoder's codes.
    fn has_neighbours(&self) -> bool {
        self.metrics.get(&Metric::KnnAccuracy).is_some()
    }

    /// The mean over classes of a classifier's measure; `None` for an autoencoder.
    fn macro_mean(&self, measure: fn(&ClassReport) -> Option<f64>) -> Option<f64> {
        if self.has_neighbours() { None } else { macro_mean(&per_class(&self.confusion), measure) }
    }

    /// The record without the one field that may differ between two runs.
    pub fn timeless(&self) -> Self {
        Self { seconds: 0.0, ..self.clone() }
    }

    /// The record as its line of the file, without the line break.
    ///
    /// # Errors
    /// A number that JSON cannot hold.
    pub fn to_line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// A hash of records in any order, by which a report says what it was made from.
///
/// # Errors
/// A number that JSON cannot hold.
pub fn hash_of(records: &[TrialRecord]) -> serde_json::Result<String> {
    let hash = |record: &TrialRecord| Ok(short_of(record.to_line()?.as_bytes()));
    let mut hashes = records.iter().map(hash).collect::<serde_json::Result<Vec<String>>>()?;
    hashes.sort_unstable();
    Ok(short_of(hashes.join("\n").as_bytes()))
}

/// Each seed's outcome for an arm, in the order of `seeds`.
pub fn by_seed(records: &[TrialRecord], arm: &str, seeds: &[u64], quantity: &Quantity) -> Vec<Option<f64>> {
    let of = |seed: u64| records.iter().find(|record| record.arm == arm && record.seed == seed);
    seeds.iter().map(|&seed| of(seed)?.outcome(quantity)).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_recorded_burn_version_is_the_one_that_is_pinned() {
        let pin = format!("burn = {{ version = \"={}\"", super::BURN_VERSION);
        assert!(include_str!("../../Cargo.toml").contains(&pin));
    }
}
