//! One line a finished trial: the schema of `records.jsonl`, and reading and appending it safely.
//!
//! In: records as they are made. Out: a file that a crash, a full disk or a second process cannot spoil, and that any
//! JSON reader opens. A record is the truth; every table and figure is computed from records alone.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::evaluate::classification::{ClassReport, Confusion, Mistake, macro_mean, per_class};
use crate::experiment::metric;

mod file;

pub use file::{RecordFile, read_all, write_compressed};

/// Rises when a field changes its meaning; records of another schema are refused.
pub const SCHEMA: u32 = 1;

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Trained and evaluated.
    Done,
    /// Its training loss blew up; it has no test metrics, and counts in every table.
    Diverged,
    /// The program failed; tried again by the next run.
    Failed,
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
    /// Of every random draw.
    pub seed: u64,
    /// How it ended.
    pub status: Status,
    /// The epoch, counted from 1, in which it diverged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diverged_epoch: Option<usize>,
    /// What went wrong, of a failed trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Epochs behind the weights that were tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs_kept: Option<usize>,
    /// Each epoch's numbers.
    pub history: History,
    /// Numbers of the trained network, by name: `test_accuracy`, `test_loss`, ...
    pub metrics: Map<String, Value>,
    /// Of the test images, `[truth][predicted]`; an autoencoder's are the nearest-neighbour classifier's on its codes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub confusion: Confusion,
    /// The wrong predictions on test images made with most confidence.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub mistakes: Vec<Mistake>,
    /// What a network on points makes of the plane, or of the line.
    #[serde(rename = "surface", skip_serializing_if = "Option::is_none", default)]
    pub decision_grid: Option<DecisionGrid>,
    /// The points of a descent, the start first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub path: Vec<Vec<f32>>,
    /// Where and with what it was made.
    pub made_with: MadeWith,
    /// Wall time of its training and evaluation, its share of the stack's. The one field that may differ between two
    /// runs of a trial.
    pub seconds: f64,
}

/// One number an epoch, in order.
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

/// A network's targets on an even grid: the probability of class 1, or the predicted number.
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
    /// Operating system and processor family.
    pub device: String,
    /// Instruction sets that choose the kernels.
    pub cpu_features: String,
    /// The data set's name.
    pub dataset: String,
    /// The data set's hash.
    pub data: String,
}

impl TrialRecord {
    /// A metric by name, or a difference `a - b` of two; absent where it could not be computed.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let value = |name: &str| self.metrics.get(name).and_then(Value::as_f64).or_else(|| self.derived(name));
        match metric::sides(name) {
            (a, None) => value(a),
            (a, Some(b)) => Some(value(a)? - value(b)?),
        }
    }

    /// What follows from the confusion matrix, or from the history.
    fn derived(&self, name: &str) -> Option<f64> {
        // A class that is never said has neither precision nor F1: it counts as 0, as in scikit-learn, or saying one class would pay.
        let of = |measure: fn(&ClassReport) -> Option<f64>| macro_mean(&per_class(&self.confusion), measure);
        match name {
            "diverged" => (self.status != Status::Failed).then(|| f64::from(self.status == Status::Diverged)),
            // An autoencoder's matrix is its neighbours'.
            _ if self.metrics.contains_key("knn_accuracy") => None,
            "test_precision" => of(|class| class.precision.or_else(|| class.zero_division())),
            "test_recall" => of(|class| class.recall),
            "test_f1" => of(|class| class.f1.or_else(|| class.zero_division())),
            _ => {
                let level: f32 = name.strip_prefix("epochs_to@")?.parse().ok()?;
                let accuracies = &self.history.validation_accuracy;
                if accuracies.is_empty() || self.status != Status::Done {
                    return None;
                }
                // A run that never gets there counts as one that would have next.
                let reached = accuracies.iter().position(|&accuracy| accuracy >= level);
                Some((reached.unwrap_or(accuracies.len()) + 1) as f64)
            }
        }
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

/// Each seed's value of a metric for an arm, in the order of the plan's seeds.
pub fn by_seed(records: &[TrialRecord], arm: &str, seeds: &[u64], metric: &str) -> Vec<Option<f64>> {
    let of = |seed: u64| records.iter().find(|record| record.arm == arm && record.seed == seed);
    seeds.iter().map(|&seed| of(seed)?.metric(metric)).collect()
}
