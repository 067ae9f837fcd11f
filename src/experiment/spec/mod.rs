//! The experiment file as written: question, settings that differ from the defaults, axes, claims.
//!
//! In: the text of a TOML file and the overrides of `--set` and other flags. Out: a [`Spec`], in which every key is known and every
//! value fits its key. The combinations of the axes are made by the plan.

mod arms;
mod claim;
mod differences;
pub mod keys;
pub mod library;
pub(crate) mod parse;
mod resolve;
#[cfg(test)]
mod tests;
mod values;
mod write;

use serde::{Deserialize, Serialize};
use toml::Value;

use crate::data::SplitSizes;
use crate::experiment::quantity::Quantity;

pub use claim::{Claim, ClaimKind, PublishedValue, Reading, TABLE_TEST, claims_hash};

/// An experiment as written, its keys and values checked one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The file's name without its extension, which is also that of the folder of results.
    pub name: String,
    /// The file as messages name it: the path that was typed, or the command whose flags stand for a file.
    pub file: String,
    /// The question that the experiment asks.
    pub question: String,
    /// Where the question, or the claim it tests, was published.
    pub source: Option<String>,
    /// What the source leaves open and had to be assumed: pairs of a setting's key, or of words for what is no setting, and the assumption.
    pub assumes: Vec<(String, String)>,
    /// What ranks the arms; `None` for the task's default.
    pub metric: Option<Quantity>,
    /// The arm whose median run the figures of a single run show; `None` for the best one.
    pub shows: Option<String>,
    /// The number of seeds of each arm: 0 to `seeds - 1`.
    pub seeds: u64,
    /// Whether the runs of one seed belong together, so that arms are compared seed by seed.
    pub paired: bool,
    /// The numbers of seeds at which the runs are looked at, rising; empty where it is done once.
    pub looks: Vec<u64>,
    /// Settings of every arm.
    pub base: Vec<Assignment>,
    /// The settings that are varied, in the order written.
    pub axes: Vec<SweepAxis>,
    /// Arms with names of their own; together they are the first axis.
    pub arms: Vec<NamedArm>,
    /// Groups of axes that take their values together, by path.
    pub zip: Vec<Vec<String>>,
    /// How arms are sampled, instead of taking all combinations.
    pub search: Option<SearchConfig>,
    /// Settings of `--set` and other flags, which replace those of the file.
    pub overrides: Vec<Assignment>,
    /// Upper bounds on the sizes of the data set's splits, whatever an arm asks for. `--smoke` sets them.
    pub max_sizes: Option<SplitSizes>,
    /// The claims that the records confirm or refute.
    pub claims: Vec<Claim>,
    /// The [`claims_hash`] of the claims that there were before the first record, of a run's own file.
    pub claims_before: Option<String>,
    /// The file's spec as it is written, of a spec that flags were applied to.
    pub published: Option<Box<Spec>>,
    /// In what the run differs from its experiment's file, of a run's own file.
    pub differs: Vec<String>,
    /// The settings that the experiment's file gives, by path, of a run's own file, which holds all settings.
    pub given: Option<Vec<String>>,
}

/// The number of seeds of an arm, unless the file or a flag gives another.
pub(crate) const DEFAULT_SEEDS: u64 = 15;

/// One setting: a full path such as `train.batch_size`, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The setting's full path.
    pub path: String,
    /// The value as written.
    pub value: Value,
    /// Where it is written, for error messages: `file:line`, or the flag.
    pub location: String,
}

/// A setting that takes several values.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepAxis {
    /// The setting's full path.
    pub path: String,
    /// The setting's key as written.
    pub key: String,
    /// The values it takes.
    pub values: AxisValues,
    /// Where it is written, for error messages.
    pub location: String,
}

/// The values of an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum AxisValues {
    /// These.
    List(Vec<Value>),
    /// For a search: any value between two bounds.
    Range {
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
        /// Whether the logarithm of the value is distributed uniformly, instead of the value.
        log: bool,
        /// Whether values are whole numbers: they are where both bounds are.
        whole: bool,
    },
}

/// An arm with a name and its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArm {
    /// The first part of its label.
    pub name: String,
    /// Its settings, which replace those of the whole file.
    pub settings: Vec<Assignment>,
    /// Where it is written, for error messages.
    pub location: String,
}

/// How arms are sampled: at random or by a Bayesian search. A longer search begins with the arms of a shorter one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// The number of arms of a random search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random: Option<u64>,
    /// The number of arms of a Bayesian search, each proposed from the validation scores of those before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bayesian: Option<u64>,
    /// How a random search ends the trainings of arms that fall behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halving: Option<Halving>,
    /// The seed of the random draws.
    #[serde(default)]
    pub seed: u64,
    /// The validation scores of the arms proposed so far, written by the run itself; NaN for an arm that diverged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<f64>,
}

/// Successive halving: after some epochs only the best of the arms so far train on, and only the best of those get more seeds. See
/// [`crate::experiment::plan::halving`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Halving {
    /// The epochs that every arm is trained for.
    pub from: usize,
    /// Of so many arms one trains on, for as many times the epochs, and gets as many times the seeds.
    pub factor: usize,
}

impl SearchConfig {
    /// The number of arms to sample.
    pub fn count(&self) -> u64 {
        self.random.or(self.bayesian).unwrap_or(0)
    }
}

/// A mistake in an experiment file or in an override.
#[derive(Debug, thiserror::Error)]
#[error("{location}: {what}")]
pub struct SpecError {
    /// Where the mistake is: `file:line`, or the flag.
    pub location: String,
    /// What is wrong, what was expected, and the nearest valid name where there is one.
    pub what: String,
}

impl SpecError {
    fn new(location: impl Into<String>, what: impl Into<String>) -> Self {
        Self { location: location.into(), what: what.into() }
    }
}
