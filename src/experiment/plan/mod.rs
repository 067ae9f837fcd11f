//! From [`Spec`] to the list of trials: axes multiplied or sampled, every arm checked and named.
//!
//! In: a checked spec. Out: a [`Plan`], pure and complete; making it touches no file and draws nothing but a random
//! search's own samples, so the same spec gives the same plan.

pub mod cost;
pub mod identity;
pub(crate) mod label;
mod product;
mod search;
mod warm_start;

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::experiment::config::TrialConfig;
use crate::experiment::metric;
use crate::experiment::spec::{Assignment, Claim, Spec, SpecError, SweepAxis, keys};

/// Everything a run will train, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The experiment's name.
    pub name: String,
    /// What it asks.
    pub question: String,
    /// Where the question comes from.
    pub source: Option<String>,
    /// The metric that ranks the arms: the spec's, or accuracy where there are classifiers among them, else their error.
    pub metric: String,
    /// What is varied, by short name.
    pub axes: Vec<String>,
    /// The combinations to compare.
    pub arms: Vec<Arm>,
    /// Every arm is trained once with each.
    pub seeds: Vec<u64>,
    /// What is to be judged.
    pub claims: Vec<Claim>,
    /// The arm of each combination a search sampled, which may sample one twice.
    pub sampled: Vec<usize>,
}

/// One combination of axis values.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Short and unique: `adam`, `batch_size=8`, `momentum lr=0.1`.
    pub label: String,
    /// SweepAxis by axis, by short name.
    pub values: Vec<(String, Json)>,
    /// The complete settings.
    pub config: TrialConfig,
}

/// One arm with one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Index into [`Plan::arms`].
    pub arm: usize,
    /// The arm's label.
    pub label: String,
    /// The arm's axis values.
    pub values: Vec<(String, Json)>,
    /// The arm's settings.
    pub config: TrialConfig,
    /// Of every random draw.
    pub seed: u64,
}

impl Plan {
    /// Multiplies a spec out.
    ///
    /// # Errors
    /// Zipped axes of different lengths, a combination out of range, or two arms that are the same.
    pub fn new(spec: &Spec) -> Result<Self, SpecError> {
        let overridden = |axis: &&SweepAxis| !spec.overrides.iter().any(|o| o.path == axis.path);
        let axes: Vec<&SweepAxis> = spec.axes.iter().filter(overridden).collect();
        let combinations = match &spec.search {
            Some(search) => search::sample(&axes, search)?,
            None => product::product(&product::groups(spec, &axes)?),
        };
        let alone =
            |one: &Assignment| spec.resolve(std::slice::from_ref(one)).ok().map(|config| config.train.optimizer);
        let labels = label::labels(&combinations, alone);
        let mut arms: Vec<Arm> = Vec::with_capacity(combinations.len());
        let mut sampled = Vec::new();
        for (assignments, label) in combinations.iter().zip(labels) {
            let config = spec.resolve(assignments)?;
            let location = assignments.first().map_or(spec.name.as_str(), |a| a.location.as_str());
            let fail = |what: String| SpecError { location: location.into(), what: format!("arm `{label}`: {what}") };
            config.validate().map_err(fail)?;
            if let Some((index, twin)) = arms.iter().enumerate().find(|(_, arm)| arm.config == config) {
                // A search over few values draws some of them twice.
                if spec.search.is_some() {
                    sampled.push(index);
                    continue;
                }
                return Err(fail(format!("its settings are those of arm `{}`; leave one out", twin.label)));
            }
            if arms.iter().any(|arm| arm.label == label) {
                return Err(fail("two arms would have this name; write their values so that they differ".into()));
            }
            sampled.extend(spec.search.is_some().then_some(arms.len()));
            arms.push(Arm { values: label::values(assignments), config, label });
        }
        warm_start::resolve_warm_starts(&mut arms).map_err(|what| SpecError { location: spec.name.clone(), what })?;
        let named = (!spec.arms.is_empty()).then(|| keys::ARM.to_string());
        let plan = Self {
            name: spec.name.clone(),
            question: spec.question.clone(),
            source: spec.source.clone(),
            metric: spec.metric.clone().unwrap_or_else(|| usual_metric(&arms).into()),
            axes: named.into_iter().chain(axes.iter().map(|axis| keys::short(&axis.path).to_string())).collect(),
            arms,
            seeds: (0..spec.seeds).collect(),
            claims: spec.claims.clone(),
            sampled,
        };
        let told = |what: String| SpecError { location: spec.name.clone(), what: format!("`metric`: {what}") };
        plan.check_measured(&plan.metric).map_err(told)?;
        Ok(plan)
    }

    /// What some arm measures.
    pub fn measured(&self) -> Vec<String> {
        let all: BTreeSet<String> = self.arms.iter().flat_map(|arm| metric::measured(&arm.config)).collect();
        let mut names: Vec<String> = all.into_iter().collect();
        metric::sort(&mut names);
        names
    }

    /// Checks that some arm measures a metric, or both sides of a difference: else every table of it would be empty.
    ///
    /// # Errors
    /// None does; the message says what they measure.
    pub fn check_measured(&self, metric: &str) -> Result<(), String> {
        let measured = self.measured();
        let (first, second) = metric::sides(metric);
        let mut asked = [Some(first), second].into_iter().flatten();
        let kind = |name: &str| name.split_once('@').map_or(name, |(base, _)| base).to_string();
        let any = |name: &str| {
            measured.iter().any(|known| known == name || metric::is_at_any(known) && kind(known) == kind(name))
        };
        match asked.find(|name| !any(name)) {
            Some(absent) => Err(format!("no arm measures `{absent}`; they measure {}", measured.join(", "))),
            None => Ok(()),
        }
    }

    /// What the arms learn from or go down, each once.
    pub fn subjects(&self) -> Vec<&str> {
        let mut functions: Vec<&str> =
            self.arms.iter().filter_map(|arm| Some(arm.config.descend.as_ref()?.function.name())).collect();
        functions.dedup();
        [self.datasets(), functions].concat()
    }

    /// Whether every seed gives the same: all arms are descents from one start.
    pub fn is_deterministic(&self) -> bool {
        self.arms.iter().all(|arm| arm.config.descend.as_ref().is_some_and(|descend| descend.jitter == 0.0))
    }

    /// Every trial, arm by arm, seed by seed.
    pub fn trials(&self) -> impl Iterator<Item = Trial> + '_ {
        let all = self.arms.iter().enumerate();
        all.flat_map(|(index, arm)| self.seeds.iter().map(move |&seed| arm.trial(index, seed)))
    }

    /// The data sets the arms use, each once.
    pub fn datasets(&self) -> Vec<&str> {
        let learning = self.arms.iter().filter(|arm| arm.config.descend.is_none());
        let mut names: Vec<&str> =
            learning.flat_map(|arm| arm.config.trainings()).map(|c| c.data.dataset.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Arm {
    /// The arm with one seed; `index` is its place in the plan.
    pub fn trial(&self, index: usize, seed: u64) -> Trial {
        Trial { arm: index, label: self.label.clone(), values: self.values.clone(), config: self.config.clone(), seed }
    }
}

fn usual_metric(arms: &[Arm]) -> &'static str {
    let of_arms = arms.iter().map(|arm| arm.config.ranking_metric());
    of_arms.min_by_key(|name| !metric::higher_is_better(name)).unwrap_or("test_accuracy")
}

type Combination = Vec<Assignment>;

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Plan, SpecError> {
        Plan::new(&Spec::parse("x", "x.toml", &format!("question = 'q'\n{text}")).unwrap())
    }

    fn labels(text: &str) -> Vec<String> {
        plan(text).unwrap().arms.into_iter().map(|arm| arm.label).collect()
    }

    #[test]
    fn axes_multiply_and_the_first_changes_slowest() {
        let found = labels("[sweep]\nactivation = ['relu', 'tanh']\nbatch_size = [8, 16]");
        assert_eq!(found, ["relu batch_size=8", "relu batch_size=16", "tanh batch_size=8", "tanh batch_size=16"]);
    }

    #[test]
    fn zipped_axes_move_together_and_multiply_with_the_rest() {
        let text = "[sweep]\nlr = [0.1, 0.2]\nbatch_size = [8, 16]\ninit = ['zeros', 'he_normal']\nzip = [['lr', 'batch_size']]";
        assert_eq!(labels(text).len(), 4);
        assert_eq!(labels(text)[2], "lr=0.2 batch_size=16 zeros");
        let error = plan("[sweep]\nlr = [0.1, 0.2]\nbatch_size = [8]\nzip = [['lr', 'batch_size']]").unwrap_err();
        assert!(error.what.contains("`lr` has 2, `batch_size` has 1"), "{error}");
    }

    #[test]
    fn a_random_search_is_reproducible_in_range_and_grows_at_its_end() {
        let text = |n| {
            format!(
                "[sweep]\nlr = {{ log_uniform = [1e-4, 1e-1] }}\nbatch_size = {{ uniform = [8, 64] }}\nsearch = {{ random = {n} }}"
            )
        };
        let (short, long) = (plan(&text(10)).unwrap(), plan(&text(40)).unwrap());
        assert_eq!(short.arms[..], long.arms[..10]);
        let rates: Vec<f64> = long.arms.iter().map(|arm| arm.config.train.optimizer.lr).collect();
        assert!(rates.iter().all(|lr| (1e-4..1e-1).contains(lr)));
        // Half of a log-uniform sample lies below the geometric mean; 40 fair coins give 8 to 32 heads.
        let low = rates.iter().filter(|lr| **lr < 10f64.powf(-2.5)).count();
        assert!((8..=32).contains(&low), "{low}");
        assert!(long.arms.iter().all(|arm| (8..=64).contains(&arm.config.train.batch_size)));
    }

    #[test]
    fn without_axes_there_is_one_arm() {
        let plan = plan("seeds = 3").unwrap();
        assert_eq!((plan.arms.len(), plan.trials().count()), (1, 3));
        assert_eq!(plan.arms[0].label, "default");
    }

    #[test]
    fn optimizers_of_one_name_are_told_apart_and_twins_are_refused() {
        let text = "[sweep]\noptimizer = [{ name = 'sgd', lr = 0.1 }, { name = 'sgd', lr = 0.2 }, 'adam']";
        assert_eq!(labels(text), ["sgd lr=0.1", "sgd lr=0.2", "adam"]);
        let error = plan("[sweep]\noptimizer = ['adam', { name = 'adam', lr = 0.001 }]").unwrap_err();
        assert!(error.what.contains("leave one out"), "{error}");
    }

    #[test]
    fn every_arm_has_the_same_seeds() {
        let plan = plan("seeds = 2\n[sweep]\nbatch_size = [8, 16]").unwrap();
        let pairs: Vec<(usize, u64)> = plan.trials().map(|trial| (trial.arm, trial.seed)).collect();
        assert_eq!(pairs, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    }
}
