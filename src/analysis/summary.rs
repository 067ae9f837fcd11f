//! The summary of an experiment: every arm described, arms compared, claims judged.
//!
//! In: a plan and its records. Out: a [`Summary`], from which every table, figure and report is made. The same records give the same
//! summary.

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::analysis::claims::{self, JudgedClaim};
use crate::analysis::search::SearchSummary;
use crate::analysis::settings::{Setting, settings};
use crate::analysis::stats::compare::{Comparison, Pairing, compare};
use crate::analysis::stats::describe::{Description, describe};
use crate::analysis::stats::hypothesis::{Region, correct};
use crate::analysis::stats::location::{arithmetic_mean, interquartile_mean, median};
use crate::analysis::stats::looks::level;
use crate::analysis::stats::test_images::ImageErrors;
use crate::analysis::stats::{Inference, Interval};
use crate::experiment::config::TrialKind;
use crate::experiment::metric::Metric;
use crate::experiment::plan::{Arm, Plan};
use crate::experiment::quantity::Quantity;
use crate::experiment::spec::claims_hash;
use crate::nn::optim::schedule::TrainingPosition;
use crate::record::{self, EpochSize, Status, TrialRecord, by_seed};

/// An experiment's results.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The experiment's name.
    pub name: String,
    /// The question that the experiment asks.
    pub question: String,
    /// Where the question was published.
    pub source: Option<String>,
    /// In what the run differs from its experiment's file; then no claim of a source is judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
    /// The settings behind the records.
    pub settings: Vec<Setting>,
    /// What else the source leaves open: pairs of what it is and what was assumed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumes: Vec<(String, String)>,
    /// The settings that are varied, by short name.
    pub axes: Vec<String>,
    /// The data sets and test functions behind the records.
    pub dataset: String,
    /// The confidence of the arms' intervals: 0.95, or more where runs are looked at several times.
    pub confidence: f64,
    /// The numbers of seeds at which the runs are looked at; empty where it is done once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<u64>,
    /// What ranks the arms.
    pub metric: Quantity,
    /// The arms' results, in plan order.
    pub arms: Vec<ArmSummary>,
    /// Each arm against the next in the ranking, the best first. Holm's correction is over these comparisons.
    pub ranking: Vec<ArmComparison>,
    /// The spec's claims, judged.
    pub claims: Vec<JudgedClaim>,
    /// The claims' [`claims_hash`]; empty without claims.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub claims_hash: String,
    /// The hash of the claims that there were before the first record, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims_before: Option<String>,
    /// The sum of the wall times of all trials, in seconds.
    pub trial_seconds: f64,
    /// The arm whose median run the figures of a single run show; `None` for the best one.
    #[serde(skip)]
    pub shows: Option<String>,
    /// What a search found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchSummary>,
    /// The learning rate of each arm over the epochs; empty where all arms have the same schedule.
    #[serde(skip)]
    pub rates: Vec<RateCurve>,
    /// The records, in plan order.
    #[serde(skip)]
    pub records: Vec<TrialRecord>,
    /// Their hash.
    #[serde(skip)]
    pub records_hash: String,
}

/// One arm's results.
#[derive(Debug, Clone, Serialize)]
pub struct ArmSummary {
    /// The arm's label.
    pub label: String,
    /// The values of the settings that are varied, by short name.
    #[serde(skip)]
    pub axes: Map<String, Value>,
    /// The number of recorded trials, however they ended.
    pub trials: usize,
    /// The number of trials that diverged. They have no metrics.
    pub diverged: usize,
    /// The number of trials that failed with an error.
    pub failed: usize,
    /// The epoch after which a search ended the training of its first seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pruned_epoch: Option<usize>,
    /// Of a search that halves, how long the arm was kept: its number of trials; 1 in another search, and 0 elsewhere.
    #[serde(skip)]
    pub kept_for: usize,
    /// The metrics that some trial has, and the plan's quantity among them if it is a difference.
    pub metrics: Vec<MetricSummary>,
    /// The mean wall time of a trial, in seconds.
    pub seconds: f64,
}

/// One metric, or difference of metrics, of one arm.
#[derive(Debug, Clone, Serialize)]
pub struct MetricSummary {
    /// The metric.
    #[serde(rename = "name")]
    pub quantity: Quantity,
    /// Statistics over the trials that have it.
    #[serde(flatten)]
    pub description: Description,
    /// The interval of the mean; `None` where a run diverged.
    pub mean_interval: Option<Interval>,
    /// The interval of the median; `None` where a run diverged.
    pub median_interval: Option<Interval>,
    /// The interval of the interquartile mean.
    pub iqm_interval: Option<Interval>,
}

/// Two arms compared on the quantity that ranks them.
#[derive(Debug, Clone, Serialize)]
pub struct ArmComparison {
    /// The arm ranked higher.
    pub a: String,
    /// The arm ranked lower.
    pub b: String,
    /// The first arm against the second.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// How many runs diverged, and so count as the worst; empty if none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Summary {
    /// Summarises the records of a plan, given in plan order.
    ///
    /// # Errors
    /// A claim names an unknown arm or metric, or is not in the claim language.
    pub fn new(plan: &Plan, mut records: Vec<TrialRecord>) -> anyhow::Result<Self> {
        let records_hash = record::hash_of(&records)?;
        records.iter_mut().for_each(|record| record.epoch = epoch_size(plan, record));
        let mut quantities: Vec<Quantity> = recorded_metrics(&records).into_iter().map(Quantity::from).collect();
        // The ranking quantity may be a difference, or a metric that is computed from the rest of a record.
        if !quantities.contains(&plan.metric) {
            quantities.push(plan.metric.clone());
        }
        // Metrics that are computed from the rest of a record are summarised if a claim is about them.
        for metric in claims::metrics(plan) {
            let exists = records.iter().any(|record| record.metric(&metric).is_some());
            let quantity = Quantity::from(metric);
            if exists && !quantities.contains(&quantity) {
                quantities.push(quantity);
            }
        }
        let arms: Vec<ArmSummary> = plan
            .arms
            .iter()
            .map(|arm| {
                let level = level(&plan.looks, plan.seeds.len() as u64);
                let summary = arm_summary(&arm.label, &records, &quantities, level);
                let kept_for = match (plan.is_search, plan.halving) {
                    (false, _) => 0,
                    (true, None) => 1,
                    (true, Some(_)) => summary.trials,
                };
                ArmSummary { kept_for, axes: arm.values.iter().cloned().collect(), ..summary }
            })
            .collect();
        let metric = plan.metric.clone();
        let best = ranked(&arms, &metric).first().map(|&index| arms[index].label.as_str());
        let search = SearchSummary::new(plan, &records, best)?;
        let judged = claims::judge_all(plan, &records)?;
        Ok(Self {
            name: plan.name.clone(),
            question: plan.question.clone(),
            source: plan.source.clone(),
            differs: plan.differs.clone(),
            settings: settings(plan),
            assumes: plan.assumes.clone(),
            axes: plan.axes.clone(),
            dataset: plan.datasets_and_functions().join(", "),
            // Arms that are the same for every seed have no distributions to compare.
            ranking: if plan.is_deterministic() { Vec::new() } else { ranking(&arms, &metric, plan, &records) },
            confidence: 1.0 - level(&plan.looks, plan.seeds.len() as u64),
            looks: plan.looks.clone(),
            metric,
            arms,
            claims: judged,
            claims_hash: if plan.claims.is_empty() { String::new() } else { claims_hash(&plan.claims) },
            claims_before: plan.claims_before.clone(),
            shows: plan.shows.clone(),
            search,
            rates: rate_curves(plan),
            trial_seconds: records.iter().map(|record| record.seconds).sum(),
            records,
            records_hash,
        })
    }

    /// The records of one arm, in seed order.
    pub(crate) fn records_of<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a TrialRecord> {
        self.records.iter().filter(move |record| record.arm == label)
    }

    /// How often the finished runs of an arm are wrong on each test image; `None` without predictions.
    pub fn image_errors(&self, label: &str) -> Option<ImageErrors> {
        ImageErrors::new(self.records_of(label).map(|record| &record.predictions))
    }

    /// The median run of the arm to be shown, the best one if none is named; the lower run if there are two in the middle. Figures of a
    /// single run show this one.
    pub fn median_run(&self) -> Option<&TrialRecord> {
        let shown = self.shows.as_ref().and_then(|label| self.arms.iter().find(|arm| arm.label == *label));
        self.median_run_of(&shown.or_else(|| self.best())?.label)
    }

    /// The run of an arm with the median of the metric that ranks the arms; of an even number of runs, the lower of the two in the middle.
    pub fn median_run_of<'a>(&'a self, label: &'a str) -> Option<&'a TrialRecord> {
        let value = |record: &TrialRecord| record.quantity(&self.metric);
        let mut runs: Vec<(f64, &TrialRecord)> =
            self.records_of(label).filter_map(|record| Some((value(record)?, record))).collect();
        runs.sort_by(|(a, run_a), (b, run_b)| a.total_cmp(b).then(run_a.seed.cmp(&run_b.seed)));
        runs.get(runs.len().checked_sub(1)? / 2).map(|(_, record)| *record)
    }

    /// The arms in the order of the ranking; those that it does not have come last, the ones pruned late before the others.
    pub fn ranked_arms(&self) -> Vec<&ArmSummary> {
        let order = ranked(&self.arms, &self.metric);
        let mut rest: Vec<usize> = (0..self.arms.len()).filter(|index| !order.contains(index)).collect();
        rest.sort_by_key(|&index| std::cmp::Reverse(self.arms[index].pruned_epoch));
        order.into_iter().chain(rest).map(|index| &self.arms[index]).collect()
    }

    /// The first arm of the ranking.
    pub fn best(&self) -> Option<&ArmSummary> {
        ranked(&self.arms, &self.metric).first().map(|&index| &self.arms[index])
    }
}

impl ArmSummary {
    /// The summary of a quantity; `None` if no trial of the arm has it.
    pub fn metric(&self, quantity: &Quantity) -> Option<&MetricSummary> {
        self.metrics.iter().find(|metric| metric.quantity == *quantity)
    }
}

/// What an epoch of a record's arm takes; `None` for an arm that is not in the plan.
fn epoch_size(plan: &Plan, record: &TrialRecord) -> Option<EpochSize> {
    let config = &plan.arms.iter().find(|arm| arm.label == record.arm)?.config;
    let examples = record.train_examples.unwrap_or_else(|| config.data.likely_sizes().train);
    Some(EpochSize { steps: examples.div_ceil(config.train.batch_size), examples })
}

/// The metrics that some record holds, in the order of tables.
pub(crate) fn recorded_metrics(records: &[TrialRecord]) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = records.iter().flat_map(TrialRecord::recorded_metrics).collect();
    metrics.sort();
    metrics.dedup();
    metrics
}

fn arm_summary(label: &str, records: &[TrialRecord], quantities: &[Quantity], level: f64) -> ArmSummary {
    let own: Vec<&TrialRecord> = records.iter().filter(|record| record.arm == label).collect();
    let count = |status: Status| own.iter().filter(|record| record.status == status).count();
    let metrics = quantities.iter().filter_map(|quantity| {
        let values: Vec<f64> = own.iter().filter_map(|record| record.outcome(quantity)).collect();
        let interval = |statistic: fn(&[f64]) -> Option<Inference>| statistic(&values)?.interval(level / 2.0);
        Some(MetricSummary {
            description: describe(&values)?,
            mean_interval: interval(arithmetic_mean),
            median_interval: interval(median).filter(|_| values.iter().all(|value| value.is_finite())),
            iqm_interval: interval(interquartile_mean),
            quantity: quantity.clone(),
        })
    });
    ArmSummary {
        label: label.into(),
        axes: Map::new(),
        trials: own.len(),
        diverged: count(Status::Diverged),
        failed: count(Status::Failed),
        kept_for: 0,
        pruned_epoch: own.iter().find_map(|record| record.pruned_epoch),
        metrics: metrics.collect(),
        seconds: own.iter().map(|record| record.seconds).sum::<f64>() / own.len().max(1) as f64,
    }
}

/// Indices of the arms that have the quantity, the best first: by interquartile mean; then, where too many trials diverged for it to have
/// one, by the share of trials that did not. In a search, arms that were kept longer come before all others, and of equal ones the lower
/// validation loss decides.
fn ranked(arms: &[ArmSummary], quantity: &Quantity) -> Vec<usize> {
    let loss = Quantity::from(Metric::ValidationLoss);
    let key = |index: usize| {
        let arm = &arms[index];
        let d = arm.metric(quantity).map(|metric| metric.description)?;
        let finished = d.n as f64 / arm.trials.max(1) as f64;
        let of_search = arm.metric(&loss).filter(|_| arm.kept_for > 0);
        let loss = of_search.and_then(|found| found.description.iqm).unwrap_or(f64::INFINITY);
        let iqm = d.iqm.map_or(f64::NEG_INFINITY, |iqm| quantity.goodness(iqm));
        Some([arm.kept_for as f64, iqm, finished, -loss])
    };
    let mut order: Vec<(usize, [f64; 4])> = (0..arms.len()).filter_map(|i| Some((i, key(i)?))).collect();
    let by_key = |a: &[f64; 4], b: &[f64; 4]| {
        let each = a.iter().zip(b).map(|(a, b)| b.total_cmp(a));
        each.fold(Ordering::Equal, Ordering::then)
    };
    order.sort_by(|(_, a), (_, b)| by_key(a, b));
    order.into_iter().map(|(index, _)| index).collect()
}

/// The largest number of comparisons in a ranking. Holm's correction multiplies the smallest p-value by it, so only the best arms are
/// compared.
const MAX_COMPARISONS: usize = 7;

/// Each of the best arms against the next best.
fn ranking(arms: &[ArmSummary], quantity: &Quantity, plan: &Plan, records: &[TrialRecord]) -> Vec<ArmComparison> {
    let order = ranked(arms, quantity);
    let values = |index: usize| by_seed(records, &arms[index].label, &plan.seeds, quantity);
    let versus = |pair: &[usize]| {
        let comparison =
            compare(&values(pair[0]), &values(pair[1]), Pairing::declared(plan.paired), Region::Above(0.0))?;
        let diverged = pair.iter().map(|&index| &arms[index]).filter(|arm| arm.diverged > 0);
        let diverged = diverged.map(|arm| format!("{} of {} runs of {} diverged", arm.diverged, arm.trials, arm.label));
        Some(ArmComparison {
            a: arms[pair[0]].label.clone(),
            b: arms[pair[1]].label.clone(),
            comparison,
            note: diverged.collect::<Vec<_>>().join(", "),
        })
    };
    let mut all: Vec<ArmComparison> = order.windows(2).take(MAX_COMPARISONS).filter_map(versus).collect();
    correct(
        &mut all.iter_mut().map(|versus| &mut versus.comparison.tested).collect::<Vec<_>>(),
        level(&plan.looks, plan.seeds.len() as u64),
    );
    all
}

/// The learning rate of one arm over its training.
#[derive(Debug, Clone, PartialEq)]
pub struct RateCurve {
    /// The arm's label.
    pub arm: String,
    /// Pairs of the epoch, with its fraction, and the learning rate.
    pub points: Vec<(f64, f64)>,
}

/// The number of points of a curve.
const RATE_POINTS: usize = 200;

/// The learning rate of every arm that trains a network; empty where all arms have the same schedule.
fn rate_curves(plan: &Plan) -> Vec<RateCurve> {
    let differ = plan.arms.iter().any(|arm| arm.config.train.schedule != plan.arms[0].config.train.schedule);
    let curve = |arm: &Arm| {
        let train = &arm.config.train;
        let steps_per_epoch = arm.config.data.likely_sizes().train.div_ceil(train.batch_size).max(1);
        let steps = steps_per_epoch * train.epochs;
        let at = |i: usize| {
            let step = i * steps / RATE_POINTS;
            let position =
                TrainingPosition { epoch: step / steps_per_epoch, step, steps_per_epoch, epochs: train.epochs };
            (step as f64 / steps_per_epoch as f64, train.schedule.rate(train.optimizer.lr, position))
        };
        RateCurve { arm: arm.label.clone(), points: (0..RATE_POINTS).map(at).collect() }
    };
    let is_trained = |arm: &Arm| !matches!(arm.config.kind(), TrialKind::Descent(_));
    plan.arms.iter().filter(|arm| differ && is_trained(arm)).map(curve).collect()
}
