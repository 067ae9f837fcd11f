//! From [`Spec`] to the list of trials: axes multiplied or sampled, every arm checked and labelled.
//!
//! In: a checked spec. Out: a [`Plan`]. The same spec gives the same plan: making it reads no file, and draws random numbers only for
//! a search, from the search's own seed.

pub mod cost;
pub mod halving;
pub mod identity;
pub(crate) mod label;
mod product;
mod search;
pub mod shard;
mod warm_start;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::data::{DataConfig, DataShape, LearntShape};
use crate::experiment::config::{DescentConfig, Source, Start, TrialConfig, TrialKind, WarmStart};
use crate::experiment::metric::{Metric, at_any_level};
use crate::experiment::quantity::Quantity;
use crate::experiment::spec::parse::MAX_ARMS;
use crate::experiment::spec::{Assignment, Claim, Halving, Spec, SpecError, SweepAxis, keys};
use crate::suggest::suggestion;

/// Everything a run will train, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The experiment's name, which is also that of its folder of results.
    pub name: String,
    /// The question that the experiment asks.
    pub question: String,
    /// Where the question was published.
    pub source: Option<String>,
    /// What ranks the arms: the spec's `metric`; without one the test accuracy if some arm has it, else the first arm's error.
    pub metric: Quantity,
    /// The settings that are varied, by short name.
    pub axes: Vec<String>,
    /// The combinations to compare.
    pub arms: Vec<Arm>,
    /// Every arm is trained once with each of these.
    pub seeds: Vec<u64>,
    /// Whether the runs of one seed belong together.
    pub paired: bool,
    /// The numbers of seeds at which the runs are looked at; empty where it is done once.
    pub looks: Vec<u64>,
    /// The hash of the claims that there were before the first record, where it is known.
    pub claims_before: Option<String>,
    /// In what the run differs from its experiment's file, as sentences; then no claim of a source is judged.
    pub differs: Vec<String>,
    /// What the source leaves open and had to be assumed: pairs of a setting's key, or of other words, and the assumption.
    pub assumes: Vec<(String, String)>,
    /// The settings that the experiment's file gives, by path; the others are defaults.
    pub given: Vec<String>,
    /// The arm whose median run the figures of a single run show; `None` for the best one.
    pub shows: Option<String>,
    /// The claims to be judged by the records.
    pub claims: Vec<Claim>,
    /// For each combination that a search sampled, the index of its arm. A search may sample a combination twice.
    pub sampled: Vec<usize>,
    /// Whether the arms are samples of a search, of which one is to be chosen.
    pub is_search: bool,
    /// How a search ends the trainings of arms that fall behind.
    pub halving: Option<Halving>,
}

/// One combination of axis values.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Its name in tables and records, unique in the plan: `adam`, `batch_size=8`, `momentum lr=0.1`.
    pub label: String,
    /// The value of each axis, with the axis's short name.
    pub values: Vec<(String, Json)>,
    /// The complete settings of its trials.
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
    /// The seed of every random draw.
    pub seed: u64,
}

/// The most trials of a plan: arms times seeds.
const MAX_TRIALS: u64 = 1_000_000;

impl Plan {
    /// The plan of a spec.
    ///
    /// # Errors
    /// Zipped axes differ in length, a combination has a value out of range, two arms are equal, or no arm measures the metric that
    /// ranks them.
    pub fn new(spec: &Spec) -> Result<Self, SpecError> {
        let overridden = |axis: &&SweepAxis| !spec.overrides.iter().any(|o| o.path == axis.path);
        let axes: Vec<&SweepAxis> = spec.axes.iter().filter(overridden).collect();
        let combinations = match &spec.search {
            Some(search) => search::sample(&axes, search)?,
            None => {
                let factors = product::factors(spec, &axes)?;
                let arms = factors.iter().fold(1, |arms: u64, factor| arms.saturating_mul(factor.len() as u64));
                if arms > MAX_ARMS {
                    let what = format!("the axes multiply to {arms} arms; at most {MAX_ARMS}: leave some values out");
                    return Err(SpecError { location: spec.file.clone(), what });
                }
                product::product(&factors)
            }
        };
        let optimizer =
            |one: &Assignment| spec.resolve(std::slice::from_ref(one)).ok().map(|config| config.train.optimizer);
        let labels = label::labels(&combinations, optimizer);
        let mut arms: Vec<Arm> = Vec::with_capacity(combinations.len());
        let mut sampled = Vec::new();
        let is_changed = !spec.differences().is_empty();
        for (assignments, label) in combinations.iter().zip(labels) {
            let config = spec.resolve(assignments)?;
            let location = assignments.first().map_or(spec.file.as_str(), |a| a.location.as_str());
            let fail = |what: String| SpecError { location: location.into(), what: format!("arm `{label}`: {what}") };
            config.validate().map_err(fail)?;
            if let Some((index, equal)) = arms.iter().enumerate().find(|(_, arm)| arm.config == config) {
                // A search over few values may sample a combination twice.
                if spec.search.is_some() {
                    sampled.push(index);
                    continue;
                }
                // A flag may take away the one thing in which two arms differ: then they are one.
                if is_changed {
                    continue;
                }
                return Err(fail(format!("its settings are those of arm `{}`; leave one out", equal.label)));
            }
            if arms.iter().any(|arm| arm.label == label) {
                return Err(fail("two arms would have this name; write their values so that they differ".into()));
            }
            sampled.extend(spec.search.is_some().then_some(arms.len()));
            arms.push(Arm { values: label::values(assignments), config, label });
        }
        warm_start::resolve_warm_starts(&mut arms).map_err(|what| SpecError { location: spec.file.clone(), what })?;
        for arm in &arms {
            if arm.config.trainings().iter().skip(1).any(|before| before.train.vary.varies(Source::Split)) {
                let what = format!(
                    "arm `{}` starts after one whose split follows the seed, and would see another split",
                    arm.label
                );
                return Err(SpecError { location: spec.file.clone(), what });
            }
        }
        let trials = (arms.len() as u64).saturating_mul(spec.seeds);
        if trials > MAX_TRIALS {
            let what = format!("{} arms of {} seeds are {trials} trials; at most {MAX_TRIALS}", arms.len(), spec.seeds);
            return Err(SpecError { location: spec.file.clone(), what });
        }
        let shows = shown(spec, &arms)?;
        let named = (!spec.arms.is_empty()).then(|| keys::ARM.to_string());
        let plan = Self {
            name: spec.name.clone(),
            question: spec.question.clone(),
            source: spec.source.clone(),
            metric: spec.metric.clone().unwrap_or_else(|| default_metric(&arms, spec.search.is_some()).into()),
            axes: named.into_iter().chain(axes.iter().map(|axis| keys::short(&axis.path).to_string())).collect(),
            arms,
            seeds: (0..spec.seeds).collect(),
            paired: spec.paired,
            looks: spec.looks.clone(),
            claims_before: spec.claims_before.clone(),
            differs: spec.differences(),
            assumes: spec.assumes.clone(),
            given: spec.given.clone().unwrap_or_else(|| spec.published.as_deref().unwrap_or(spec).given_paths()),
            shows,
            claims: spec.claims.clone(),
            sampled,
            is_search: spec.search.is_some(),
            halving: spec.search.as_ref().and_then(|search| search.halving),
        };
        plan.check_halving().map_err(|what| SpecError { location: spec.file.clone(), what })?;
        let fail = |what: String| SpecError { location: spec.file.clone(), what: format!("`metric`: {what}") };
        plan.check_measured(&plan.metric).map_err(fail)?;
        Ok(plan)
    }

    /// Checks that some arm measures each metric of a quantity.
    ///
    /// # Errors
    /// No arm measures it, so that every table of it would be empty; the message has the metrics they measure.
    pub(crate) fn check_measured(&self, quantity: &Quantity) -> Result<(), String> {
        let absent = quantity.metrics().find(|metric| !self.arms.iter().any(|arm| arm.config.measures(metric)));
        let Some(absent) = absent else { return Ok(()) };
        let mut measured: Vec<Metric> = self.arms.iter().flat_map(|arm| arm.config.measured()).collect();
        measured.sort();
        measured.dedup();
        let mut measured: Vec<String> = measured.iter().map(Metric::to_string).collect();
        for at in self.arms.iter().flat_map(|arm| arm.config.measured_at_any_level()) {
            let name = at_any_level(at);
            if !measured.contains(&name) {
                measured.push(name);
            }
        }
        Err(format!("no arm measures `{absent}`; they measure {}", measured.join(", ")))
    }

    /// Checks that arms can be pruned: all are trainings of equally many epochs, more than the first of them.
    fn check_halving(&self) -> Result<(), String> {
        let Some(halving) = self.halving else { return Ok(()) };
        let epochs = self.arms.first().map_or(0, |arm| arm.config.train.epochs);
        if self.descents().any(|descent| descent.is_some())
            || self.arms.iter().any(|arm| arm.config.train.epochs != epochs)
        {
            return Err("`halving` compares trainings after the same epochs; leave `epochs` out of the axes".into());
        }
        if self.arms.iter().any(|arm| arm.config.train.patience.is_some()) {
            return Err("`halving` compares trainings after the same epochs, and `patience` ends some before; leave one of them out".into());
        }
        if halving.from >= epochs {
            return Err(format!("`halving` begins after {} epochs, and a training has {epochs}", halving.from));
        }
        Ok(())
    }

    /// The data sets the arms learn from and the functions they go down, each once.
    pub(crate) fn datasets_and_functions(&self) -> Vec<String> {
        let mut functions: Vec<String> =
            self.descents().flatten().map(|descent| descent.function.name().into()).collect();
        functions.dedup();
        [self.datasets(), functions].concat()
    }

    /// Whether an arm gives the same numbers with every seed: all arms are descents without jitter.
    pub fn is_deterministic(&self) -> bool {
        self.descents().all(|descent| descent.is_some_and(|descent| descent.jitter == 0.0))
    }

    /// For each arm its descent; `None` for an arm that trains a network.
    fn descents(&self) -> impl Iterator<Item = Option<&DescentConfig>> {
        self.arms.iter().map(|arm| match arm.config.kind() {
            TrialKind::Descent(descent) => Some(descent),
            TrialKind::Classification | TrialKind::Regression | TrialKind::Autoencoder { .. } => None,
        })
    }

    /// Every trial, arm by arm, seed by seed.
    pub fn trials(&self) -> impl Iterator<Item = Trial> + '_ {
        let all = self.arms.iter().enumerate();
        all.flat_map(|(index, arm)| self.seeds.iter().map(move |&seed| arm.trial(index, seed)))
    }

    /// The names of the data sets the arms use, each once, with what is chosen of them.
    pub fn datasets(&self) -> Vec<String> {
        let mut names: Vec<String> = self.data().into_values().map(DataConfig::full_name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The settings of the data the arms use, by [`DataConfig::key`].
    pub fn data(&self) -> BTreeMap<String, &DataConfig> {
        let trained = self.arms.iter().zip(self.descents()).filter(|(_, descent)| descent.is_none());
        let trainings = trained.flat_map(|(arm, _)| arm.config.trainings());
        trainings.map(|config| (config.data.key(), &config.data)).collect()
    }

    /// The settings of the arm of this label.
    pub fn config_of(&self, label: &str) -> Option<&TrialConfig> {
        self.arms.iter().find(|arm| arm.label == label).map(|arm| &arm.config)
    }

    /// Notes what the data turned out to be, once they are read.
    pub fn learn_shapes(&mut self, shape: impl Fn(&DataConfig) -> Option<DataShape>) {
        for arm in &mut self.arms {
            let mut next = Some(&mut arm.config);
            while let Some(config) = next {
                config.data.shape = LearntShape(shape(&config.data));
                next = match &mut config.model.start {
                    Some(Start::WarmStart(WarmStart { settings, .. })) => settings.as_deref_mut(),
                    _ => None,
                };
            }
        }
    }
}

/// The arm that the spec wants shown; `None` where it names none, or one that a flag took away.
fn shown(spec: &Spec, arms: &[Arm]) -> Result<Option<String>, SpecError> {
    let Some(label) = &spec.shows else { return Ok(None) };
    let labels: Vec<&str> = arms.iter().map(|arm| arm.label.as_str()).collect();
    match (labels.contains(&label.as_str()), spec.differences().is_empty()) {
        (true, _) => Ok(Some(label.clone())),
        (false, false) => Ok(None),
        (false, true) => {
            let near = suggestion(label, labels.iter().copied());
            let what = format!("`shows`: no arm `{label}`{near}; the arms are {}", labels.join(", "));
            Err(SpecError { location: spec.file.clone(), what })
        }
    }
}

impl Arm {
    /// The trial of one seed; `index` is the arm's index in [`Plan::arms`].
    pub fn trial(&self, index: usize, seed: u64) -> Trial {
        Trial { arm: index, label: self.label.clone(), values: self.values.clone(), config: self.config.clone(), seed }
    }
}

/// The test accuracy if some arm predicts classes, or else the first arm's error. A search chooses by the validation examples.
fn default_metric(arms: &[Arm], is_search: bool) -> Metric {
    let of_arms = arms.iter().map(|arm| arm.config.ranking_metric());
    let metric = of_arms.min_by_key(|metric| !metric.higher_is_better()).unwrap_or(Metric::TestAccuracy);
    match metric {
        Metric::TestAccuracy if is_search => Metric::ValidationAccuracy,
        Metric::TestLoss | Metric::TestMse if is_search => Metric::ValidationLoss,
        metric => metric,
    }
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
    fn a_product_of_too_many_arms_is_refused_before_it_is_multiplied_out() {
        let thousand = |key: &str, step: f64| {
            format!(
                "{key} = [{}]\n",
                (1..=1000).map(|i| format!("{:?}", f64::from(i) * step)).collect::<Vec<_>>().join(", ")
            )
        };
        let text = format!("[sweep]\n{}{}", thousand("lr", 1e-3), thousand("dropout", 1e-4));
        assert!(plan(&text).unwrap_err().what.contains("1000000 arms"));
    }

    #[test]
    fn more_than_a_million_trials_are_refused() {
        let arms = "[sweep]\nbatch_size = [8, 16]";
        assert!(plan(&format!("seeds = 500001\n{arms}")).unwrap_err().what.contains("1000002 trials"));
        assert_eq!(plan(&format!("seeds = 500000\n{arms}")).unwrap().seeds.len(), 500_000);
    }

    #[test]
    fn without_axes_there_is_one_arm() {
        let plan = plan("seeds = 3").unwrap();
        assert_eq!((plan.arms.len(), plan.trials().count()), (1, 3));
        assert_eq!(plan.arms[0].label, "default");
    }

    #[test]
    fn optimizers_of_one_name_are_labelled_by_their_differences_and_equal_arms_are_refused() {
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
