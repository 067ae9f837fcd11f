//! The experiment file as written: question, settings that differ from the defaults, axes, claims.
//!
//! In: the text of a TOML file and the overrides typed after `--set`. Out: a [`Spec`], in which every key is known and every
//! value fits its key. What the product of the axes is, the plan says.

mod arms;
pub mod keys;
pub mod library;
mod parse;
mod resolve;
#[cfg(test)]
mod tests;
mod values;
mod write;

use serde::{Deserialize, Serialize};
use toml::Value;

use crate::data::DefaultSizes;

/// An experiment, checked but not yet multiplied out.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The file's name without its extension; names the folder of its results.
    pub name: String,
    /// What the experiment asks.
    pub question: String,
    /// Where the question, or the claim it tests, was published.
    pub source: Option<String>,
    /// The metric that ranks the arms, where it is not the task's usual one.
    pub metric: Option<String>,
    /// Seeds an arm: 0 to `seeds - 1`.
    pub seeds: u64,
    /// Settings that hold for every arm.
    pub base: Vec<Assignment>,
    /// What is varied, in the order written.
    pub axes: Vec<SweepAxis>,
    /// Arms with names of their own; together they are the first axis.
    pub arms: Vec<NamedArm>,
    /// Groups of axes that move together, by key.
    pub zip: Vec<Vec<String>>,
    /// Sample so many arms instead of taking all combinations.
    pub search: Option<SearchConfig>,
    /// What `--set` and the other flags said, which beats all else.
    pub overrides: Vec<Assignment>,
    /// At most so many examples of each part, whatever an arm asks for.
    pub most: Option<DefaultSizes>,
    /// What the records are asked to confirm or refute.
    pub claims: Vec<Claim>,
}

/// Seeds an arm unless the file or `--seeds` says otherwise.
pub const DEFAULT_SEEDS: u64 = 15;

/// One setting: a full path such as `train.batch_size`, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Canonical.
    pub path: String,
    /// As written.
    pub value: Value,
    /// Where, for error messages: `file:line`, or the flag.
    pub location: String,
}

/// A setting that takes several values.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepAxis {
    /// Canonical path.
    pub path: String,
    /// As the file calls it.
    pub key: String,
    /// What it takes.
    pub values: AxisValues,
    /// Where it stands.
    pub location: String,
}

/// The values of an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum AxisValues {
    /// These.
    List(Vec<Value>),
    /// For random search: uniform between two bounds, on a logarithmic scale or not; whole numbers where both
    /// bounds are.
    Range {
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
        /// Uniform in the logarithm.
        log: bool,
        /// Round to whole numbers.
        whole: bool,
    },
}

/// An arm with a name and its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArm {
    /// Its label.
    pub name: String,
    /// What it sets.
    pub settings: Vec<Assignment>,
    /// Where it stands.
    pub location: String,
}

/// Arms sampled: how many, how, from which seed. A longer search begins with the arms of a shorter one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// So many, each drawn by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random: Option<u64>,
    /// So many, each proposed from how those before it validated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bayesian: Option<u64>,
    /// Keys the draws.
    #[serde(default)]
    pub seed: u64,
    /// How the proposals so far validated, written by the run itself; not a number where one diverged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<f64>,
}

impl SearchConfig {
    /// Arms asked for.
    pub fn count(&self) -> u64 {
        self.random.or(self.bayesian).unwrap_or(0)
    }
}

/// A sentence to be judged and how to judge it; or why it cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// In words, as published.
    pub says: String,
    /// In the claim language: see [`crate::analysis::claims`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub test: String,
    /// Why no run of ours can say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untestable: Option<String>,
    /// The number that was published, as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// Who says so, where it is not the experiment's source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What was wrong with an experiment file or an override, and where.
#[derive(Debug, thiserror::Error)]
#[error("{location}: {what}")]
pub struct SpecError {
    /// `file:line`, or the flag.
    pub location: String,
    /// What, what was expected, and the nearest valid name where there is one.
    pub what: String,
}

impl SpecError {
    fn new(location: impl Into<String>, what: impl Into<String>) -> Self {
        Self { location: location.into(), what: what.into() }
    }
}
