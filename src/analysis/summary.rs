//! What the records say: every arm described, arms compared, claims judged.
//!
//! In: a plan and its records. Out: a [`Summary`], from which every table, figure and report is made. Nothing here trains,
//! and the same records give the same summary.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::analysis::claims::{self, JudgedClaim};
use crate::analysis::stats::bootstrap::{Interval, of_sample};
use crate::analysis::stats::compare::{Comparison, compare, correct};
use crate::analysis::stats::describe::{Description, describe, interquartile_mean};
use crate::experiment::metric;
use crate::experiment::plan::{Arm, Plan};
use crate::nn::optim::schedule::TrainingPosition;
use crate::record::{Status, TrialRecord, by_seed};
use crate::seed::{Purpose, Stream};

/// An experiment's results.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The experiment's name.
    pub name: String,
    /// What it asks.
    pub question: String,
    /// Where the question was published.
    pub source: Option<String>,
    /// What is varied.
    pub axes: Vec<String>,
    /// The data set behind the records.
    pub dataset: String,
    /// The metric that ranks the arms.
    pub metric: String,
    /// In plan order.
    pub arms: Vec<ArmSummary>,
    /// Neighbours in the ranking, best first; Holm's correction is over these.
    pub ranking: Vec<ArmComparison>,
    /// The claims of the spec.
    pub claims: Vec<JudgedClaim>,
    /// Wall time of all trials, added up.
    pub trial_seconds: f64,
    /// The learning rate of each arm over the epochs, where the arms' schedules differ.
    #[serde(skip)]
    pub rates: Vec<RateCurve>,
    /// In plan order; the raw material of figures and exports.
    #[serde(skip)]
    pub records: Vec<TrialRecord>,
}

/// One arm's results.
#[derive(Debug, Clone, Serialize)]
pub struct ArmSummary {
    /// The arm's label.
    pub label: String,
    /// Trials recorded, whatever became of them.
    pub trials: usize,
    /// Trials that diverged: counted, and without metrics.
    pub diverged: usize,
    /// Trials the program failed.
    pub failed: usize,
    /// By metric.
    pub metrics: Vec<MetricSummary>,
    /// Mean wall seconds of a trial.
    pub seconds: f64,
}

/// One metric of one arm.
#[derive(Debug, Clone, Serialize)]
pub struct MetricSummary {
    /// Its name.
    pub name: String,
    /// Over the trials that have it.
    #[serde(flatten)]
    pub description: Description,
    /// Bootstrap interval of the mean.
    pub mean_interval: Option<Interval>,
    /// Bootstrap interval of the median.
    pub median_interval: Option<Interval>,
    /// Bootstrap interval of the interquartile mean.
    pub iqm_interval: Option<Interval>,
}

/// Two arms on the ranking metric.
#[derive(Debug, Clone, Serialize)]
pub struct ArmComparison {
    /// The arm ranked higher.
    pub a: String,
    /// The arm ranked lower.
    pub b: String,
    /// A against B.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// What the numbers leave out: runs that diverged.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Summary {
    /// Summarises the records of a plan, given in plan order.
    ///
    /// # Errors
    /// A claim that names an unknown arm or metric, or is not in the claim language.
    pub fn new(plan: &Plan, records: Vec<TrialRecord>) -> anyhow::Result<Self> {
        let mut names = metric_names(&records);
        // A difference of two metrics, or what follows from the rest of a record, ranks arms as any metric does.
        if !names.contains(&plan.metric) {
            names.push(plan.metric.clone());
        }
        // What follows from the rest of a record is summarised where a claim asks for it.
        for asked in claims::metrics(plan) {
            if !names.contains(&asked) && records.iter().any(|record| record.metric(&asked).is_some()) {
                names.push(asked);
            }
        }
        let arms: Vec<ArmSummary> = plan.arms.iter().map(|arm| arm_summary(&arm.label, &records, &names)).collect();
        let metric = plan.metric.clone();
        let judged = claims::judge_all(plan, &records)?;
        Ok(Self {
            name: plan.name.clone(),
            question: plan.question.clone(),
            source: plan.source.clone(),
            axes: plan.axes.clone(),
            dataset: plan.subjects().join(", "),
            // What is the same every time has no distribution to compare.
            ranking: if plan.is_deterministic() { Vec::new() } else { ranking(&arms, &metric, plan, &records) },
            metric,
            arms,
            claims: judged,
            rates: rates(plan),
            trial_seconds: records.iter().map(|record| record.seconds).sum(),
            records,
        })
    }

    /// The records of one arm, in seed order.
    pub fn records_of<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a TrialRecord> {
        self.records.iter().filter(move |record| record.arm == label)
    }

    /// The run in the middle of the best arm: the one an honest single example is taken from.
    pub fn median_run(&self) -> Option<&TrialRecord> {
        let label = &self.best()?.label;
        let value = |record: &TrialRecord| record.metric(&self.metric);
        let mut runs: Vec<(f64, &TrialRecord)> =
            self.records_of(label).filter_map(|record| Some((value(record)?, record))).collect();
        runs.sort_by(|(a, run_a), (b, run_b)| a.total_cmp(b).then(run_a.seed.cmp(&run_b.seed)));
        runs.get(runs.len().checked_sub(1)? / 2).map(|(_, record)| *record)
    }

    /// The arm that leads the ranking.
    pub fn best(&self) -> Option<&ArmSummary> {
        order(&self.arms, &self.metric).first().map(|&index| &self.arms[index])
    }
}

impl ArmSummary {
    /// A metric by name, where any trial has it.
    pub fn metric(&self, name: &str) -> Option<&MetricSummary> {
        self.metrics.iter().find(|metric| metric.name == name)
    }
}

/// The metrics that occur in the records.
pub fn metric_names(records: &[TrialRecord]) -> Vec<String> {
    let names: BTreeSet<&String> = records.iter().flat_map(|record| record.metrics.keys()).collect();
    let mut names: Vec<String> = names.into_iter().cloned().collect();
    metric::sort(&mut names);
    names
}

fn arm_summary(label: &str, records: &[TrialRecord], names: &[String]) -> ArmSummary {
    let own: Vec<&TrialRecord> = records.iter().filter(|record| record.arm == label).collect();
    let count = |status: Status| own.iter().filter(|record| record.status == status).count();
    let metrics = names.iter().filter_map(|name| {
        let values: Vec<f64> = own.iter().filter_map(|record| record.metric(name)).collect();
        let interval = |statistic: fn(&[f64]) -> f64, counter: u64| {
            of_sample(&values, statistic, &mut Stream::new(0, Purpose::Bootstrap, counter))
        };
        Some(MetricSummary {
            description: describe(&values)?,
            mean_interval: interval(crate::analysis::stats::describe::mean, 0),
            median_interval: interval(
                |values| {
                    crate::analysis::stats::describe::quantile(&crate::analysis::stats::describe::sorted(values), 0.5)
                },
                1,
            ),
            iqm_interval: interval(interquartile_mean, 2),
            name: name.clone(),
        })
    });
    ArmSummary {
        label: label.into(),
        trials: own.len(),
        diverged: count(Status::Diverged),
        failed: count(Status::Failed),
        metrics: metrics.collect(),
        seconds: own.iter().map(|record| record.seconds).sum::<f64>() / own.len().max(1) as f64,
    }
}

/// Indices of the arms that have the metric: first by the share of trials that have it, so that an arm does not lead by its
/// few survivors, then by interquartile mean, the best first.
fn order(arms: &[ArmSummary], metric: &str) -> Vec<usize> {
    let key = |index: usize| {
        let arm = &arms[index];
        let d = arm.metric(metric).map(|metric| metric.description)?;
        let good = if metric::higher_is_better(metric) { d.iqm } else { -d.iqm };
        Some((d.n as f64 / arm.trials.max(1) as f64, good))
    };
    let mut order: Vec<(usize, (f64, f64))> = (0..arms.len()).filter_map(|i| Some((i, key(i)?))).collect();
    order.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    order.into_iter().map(|(index, _)| index).collect()
}

/// Pairs of neighbours a ranking shows. Holm's correction grows with the pairs, and 10 seeds cannot pass it beyond 25: a
/// long ranking would call nothing, so it keeps to the arms that are worth telling apart.
const SHOWN: usize = 7;

/// Each of the best arms against the next best.
fn ranking(arms: &[ArmSummary], metric: &str, plan: &Plan, records: &[TrialRecord]) -> Vec<ArmComparison> {
    let order = order(arms, metric);
    let values = |index: usize| by_seed(records, &arms[index].label, &plan.seeds, metric);
    let versus = |(rank, pair): (usize, &[usize])| {
        let mut stream = Stream::new(1, Purpose::Bootstrap, rank as u64);
        let comparison = compare(&values(pair[0]), &values(pair[1]), &mut stream)?;
        let lost = pair.iter().map(|&index| &arms[index]).filter(|arm| arm.diverged > 0);
        let lost = lost.map(|arm| format!("{} of {} runs of {} diverged", arm.diverged, arm.trials, arm.label));
        Some(ArmComparison {
            a: arms[pair[0]].label.clone(),
            b: arms[pair[1]].label.clone(),
            comparison,
            note: lost.collect::<Vec<_>>().join(", "),
        })
    };
    let mut all: Vec<ArmComparison> = order.windows(2).take(SHOWN).enumerate().filter_map(versus).collect();
    correct(&mut all.iter_mut().map(|versus| &mut versus.comparison).collect::<Vec<_>>());
    all
}

/// The learning rate of one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct RateCurve {
    /// The arm's label.
    pub arm: String,
    /// Epoch, with its fraction, and rate.
    pub points: Vec<(f64, f64)>,
}

/// Points of a rate's curve.
const RATE_POINTS: usize = 200;

/// The rate of every arm, or none where all arms have the same schedule.
pub fn rates(plan: &Plan) -> Vec<RateCurve> {
    let differ = plan.arms.iter().any(|arm| arm.config.train.schedule != plan.arms[0].config.train.schedule);
    let curve = |arm: &Arm| {
        let train = &arm.config.train;
        let steps_per_epoch = arm.config.data.train.div_ceil(train.batch_size).max(1);
        let steps = steps_per_epoch * train.epochs;
        let at = |i: usize| {
            let step = i * steps / RATE_POINTS;
            let position =
                TrainingPosition { epoch: step / steps_per_epoch, step, steps_per_epoch, epochs: train.epochs };
            (step as f64 / steps_per_epoch as f64, train.schedule.rate(train.optimizer.lr, position))
        };
        RateCurve { arm: arm.label.clone(), points: (0..RATE_POINTS).map(at).collect() }
    };
    plan.arms.iter().filter(|arm| differ && arm.config.descend.is_none()).map(curve).collect()
}
