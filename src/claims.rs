//! Published claims and the measured rows that confirm, refute or fail to settle them.
//!
//! In: a claim's test, in the small language below, and records. Out: a [`Judged`] claim with its evidence in words.
//!
//! | test | confirmed when |
//! | --- | --- |
//! | `adam > sgd on test_accuracy` | the paired difference of interquartile means is above 0: interval and Holm-corrected p agree |
//! | `a > b > c on test_accuracy` | the same for each pair of neighbours |
//! | `sd(adam) < sd(sgd) on test_accuracy` | the interval of the difference of standard deviations lies below 0; also `median`, `mean` |
//! | `adam > 0.97 on test_accuracy` | the interval of the interquartile mean lies above the number |
//! | `adam in [0.95, 0.98] on test_accuracy` | the interval lies inside; refuted when wholly outside |
//! | `increasing in batch_size on test_loss` | the mean over seeds of Kendall's tau along the axis is above 0, with its interval; also `decreasing` |
//!
//! Refuted is the same evidence the other way round. All else is inconclusive.

mod language;
mod trend;

use anyhow::{Result, anyhow};
use serde::Serialize;

use crate::plan::Plan;
use crate::record::{Status, TrialRecord};
use crate::seed::{Purpose, Stream};
use crate::spec::{Claim, nearest};
use crate::stats::bootstrap::{Interval, bootstrap, of_sample};
use crate::stats::compare::{Comparison, Verdict, compare, correct};
use crate::stats::describe::{interquartile_mean, mean, quantile, sd, sorted};
use crate::stats::{FEWEST_FOR_INTERVAL, FEWEST_FOR_TRUST};
use crate::summary::{by_seed, metric_names};
use language::{Side, Statistic, Test};

/// What the records say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Finding {
    Confirmed,
    Refuted,
    Inconclusive,
}

/// A claim with its finding.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// The claim in words.
    pub says: String,
    /// Who says so.
    pub source: Option<String>,
    /// How it was tested.
    pub test: String,
    /// What the records say.
    pub finding: Finding,
    /// In numbers, with n.
    pub evidence: String,
}

/// Checks that every claim of a plan can be read and names arms and axes of it, before anything is trained.
///
/// # Errors
/// The first that cannot, with the valid names.
pub fn check(plan: &Plan) -> Result<()> {
    plan.claims.iter().try_for_each(|claim| parsed(claim, plan).map(|_| ()))
}

/// Splits claims into those a plan can judge and those that name an arm or an axis it no longer has, as when `--set`
/// replaced an axis.
pub fn applicable(claims: Vec<Claim>, plan: &Plan) -> (Vec<Claim>, Vec<Claim>) {
    claims.into_iter().partition(|claim| parsed(claim, plan).is_ok())
}

/// Judges every claim of a plan.
///
/// # Errors
/// A claim that names an unknown arm or metric, or is not in the claim language.
pub fn judge_all(plan: &Plan, records: &[TrialRecord]) -> Result<Vec<Judged>> {
    plan.claims.iter().enumerate().map(|(index, claim)| judge(claim, index as u64, plan, records)).collect()
}

fn parsed(claim: &Claim, plan: &Plan) -> Result<(Test, String)> {
    let labels: Vec<&str> = plan.arms.iter().map(|arm| arm.label.as_str()).collect();
    let fail = |what: String| anyhow!("claim `{}`: {what}", claim.test);
    let (test, metric) = language::parse(&claim.test).map_err(fail)?;
    for arm in test.arms() {
        if !labels.contains(&arm) {
            let near = nearest(arm, labels.iter().copied()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            return Err(fail(format!("no arm `{arm}`{near}; the arms are {}", labels.join(", "))));
        }
    }
    if let Test::Trend { axis, .. } = &test {
        trend::positions(plan, axis).map_err(fail)?;
    }
    Ok((test, metric))
}

fn judge(claim: &Claim, index: u64, plan: &Plan, records: &[TrialRecord]) -> Result<Judged> {
    let (test, metric) = parsed(claim, plan)?;
    let metrics = metric_names(records);
    if !records.is_empty() && !metrics.is_empty() && !metrics.contains(&metric) {
        let near = nearest(&metric, metrics.iter().map(String::as_str));
        let near = near.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
        return Err(anyhow!("claim `{}`: no metric `{metric}`{near}; the records have {}", claim.test, metrics.join(", ")));
    }
    let bench = Bench { plan, records, metric: &metric, index };
    let (finding, mut evidence) = match &test {
        Test::Order(sides) => bench.order(sides),
        Test::Within(side, low, high) => bench.within(side, *low, *high),
        Test::Trend { axis, rising } => bench.trend(axis, *rising)?,
    };
    if plan.seeds.len() < FEWEST_FOR_TRUST {
        evidence.push_str(&format!("; only {} seeds, so the intervals are too narrow", plan.seeds.len()));
    }
    Ok(Judged {
        says: claim.says.clone(),
        source: claim.source.clone().or_else(|| plan.source.clone()),
        test: claim.test.clone(),
        finding,
        evidence,
    })
}

/// A claim's metric laid out over the plan's arms and seeds.
struct Bench<'a> {
    plan: &'a Plan,
    records: &'a [TrialRecord],
    metric: &'a str,
    /// Keys the claim's resamples.
    index: u64,
}

impl Bench<'_> {
    fn values(&self, arm: &str) -> Vec<Option<f64>> {
        by_seed(self.records, arm, &self.plan.seeds, self.metric)
    }

    fn stream(&self, part: u64) -> Stream {
        Stream::new(2 + part, Purpose::Bootstrap, self.index)
    }

    /// Each side larger than the next.
    fn order(&self, sides: &[Side]) -> (Finding, String) {
        let mut found = Vec::new();
        let mut comparisons: Vec<(usize, Comparison)> = Vec::new();
        for (place, pair) in sides.windows(2).enumerate() {
            match (&pair[0], &pair[1]) {
                (Side::Arm(Statistic::Iqm, a), Side::Arm(Statistic::Iqm, b)) => {
                    match self.diverged(a, b) {
                        Some(decided) => found.push(decided),
                        None => match compare(&self.values(a), &self.values(b), &mut self.stream(place as u64)) {
                            Some(comparison) => comparisons.push((place, comparison)),
                            None => found.push((Finding::Inconclusive, format!("`{a}` and `{b}` share no finished seed"))),
                        },
                    }
                }
                (a, b) => found.push(self.two_sides(a, b, place as u64)),
            }
        }
        correct(&mut comparisons.iter_mut().map(|(_, c)| c).collect::<Vec<_>>());
        for (place, comparison) in comparisons {
            let finding = match comparison.verdict() {
                Verdict::Larger => Finding::Confirmed,
                Verdict::Smaller => Finding::Refuted,
                Verdict::Inconclusive => Finding::Inconclusive,
            };
            let evidence = format!("{} - {}: {}", sides[place], sides[place + 1], in_words(&comparison, self.metric));
            found.push((finding, evidence));
        }
        let all = |wanted: Finding| found.iter().all(|(finding, _)| *finding == wanted);
        let finding = if all(Finding::Confirmed) {
            Finding::Confirmed
        } else if found.iter().any(|(finding, _)| *finding == Finding::Refuted) {
            Finding::Refuted
        } else {
            Finding::Inconclusive
        };
        (finding, found.into_iter().map(|(_, evidence)| evidence).collect::<Vec<_>>().join("; "))
    }

    /// When one arm has no finished run left because they diverged, and the other has enough, that settles it.
    fn diverged(&self, a: &str, b: &str) -> Option<(Finding, String)> {
        let state = |arm: &str| {
            let own = || self.records.iter().filter(|record| record.arm == arm);
            let diverged = own().filter(|record| record.status == Status::Diverged).count();
            (self.values(arm).iter().flatten().count(), diverged)
        };
        let ((fine_a, gone_a), (fine_b, gone_b)) = (state(a), state(b));
        let words = |lost: &str, n: usize, other: &str, m: usize| format!("all {n} runs of `{lost}` diverged; {m} of `{other}` did not");
        if fine_b == 0 && gone_b >= FEWEST_FOR_INTERVAL && fine_a >= FEWEST_FOR_INTERVAL {
            Some((Finding::Confirmed, words(b, gone_b, a, fine_a)))
        } else if fine_a == 0 && gone_a >= FEWEST_FOR_INTERVAL && fine_b >= FEWEST_FOR_INTERVAL {
            Some((Finding::Refuted, words(a, gone_a, b, fine_b)))
        } else {
            None
        }
    }

    /// A statistic against a number or another statistic: by the bootstrap interval of the difference.
    fn two_sides(&self, a: &Side, b: &Side, part: u64) -> (Finding, String) {
        let columns = [a, b].map(|side| match side {
            Side::Arm(_, arm) => self.values(arm),
            Side::Number(number) => vec![Some(*number); self.plan.seeds.len()],
        });
        let pairs: Vec<[f64; 2]> =
            columns[0].iter().zip(&columns[1]).filter_map(|(a, b)| Some([(*a)?, (*b)?])).collect();
        let difference = |indices: &[usize]| {
            let of = |side: &Side, column: usize| {
                let values: Vec<f64> = indices.iter().map(|&i| pairs[i][column]).collect();
                side.value(&values)
            };
            of(a, 0) - of(b, 1)
        };
        let all: Vec<usize> = (0..pairs.len()).collect();
        match bootstrap(pairs.len(), difference, &mut self.stream(part)) {
            None => (Finding::Inconclusive, format!("{} finished seeds are too few for an interval", pairs.len())),
            Some(interval) => {
                let finding = if interval.low > 0.0 {
                    Finding::Confirmed
                } else if interval.high < 0.0 {
                    Finding::Refuted
                } else {
                    Finding::Inconclusive
                };
                (finding, format!("{a} - {b} = {:+.4} [{:+.4}, {:+.4}], {} seeds", difference(&all), interval.low, interval.high, pairs.len()))
            }
        }
    }

    fn within(&self, side: &Side, low: f64, high: f64) -> (Finding, String) {
        let Side::Arm(statistic, arm) = side else {
            return (Finding::Inconclusive, "a number is not an arm".into());
        };
        let values: Vec<f64> = self.values(arm).into_iter().flatten().collect();
        let Some(Interval { low: from, high: to }) = of_sample(&values, statistic.function(), &mut self.stream(0)) else {
            return (Finding::Inconclusive, format!("{} finished seeds are too few for an interval", values.len()));
        };
        let finding = if low <= from && to <= high {
            Finding::Confirmed
        } else if to < low || high < from {
            Finding::Refuted
        } else {
            Finding::Inconclusive
        };
        (finding, format!("{side} = {:.4} [{from:.4}, {to:.4}], {} seeds", side.value(&values), values.len()))
    }

    fn trend(&self, axis: &str, rising: bool) -> Result<(Finding, String)> {
        let positions = trend::positions(self.plan, axis).map_err(|what| anyhow!(what))?;
        let columns: Vec<Vec<Option<f64>>> = self.plan.arms.iter().map(|arm| self.values(&arm.label)).collect();
        let taus: Vec<f64> = (0..self.plan.seeds.len())
            .filter_map(|seed| {
                let values: Option<Vec<f64>> = columns.iter().map(|column| column[seed]).collect();
                trend::kendall_tau(&positions, &values?)
            })
            .collect();
        let Some(interval) = of_sample(&taus, mean, &mut self.stream(0)) else {
            return Ok((Finding::Inconclusive, format!("{} complete seeds are too few for an interval", taus.len())));
        };
        let finding = match (interval.low > 0.0, interval.high < 0.0) {
            (true, _) if rising => Finding::Confirmed,
            (_, true) if !rising => Finding::Confirmed,
            (false, false) => Finding::Inconclusive,
            _ => Finding::Refuted,
        };
        let evidence = format!("mean Kendall tau along {axis} = {:+.2} [{:+.2}, {:+.2}], {} seeds", mean(&taus), interval.low, interval.high, taus.len());
        Ok((finding, evidence))
    }
}

/// A comparison in one line: effect, interval, n, p.
pub fn in_words(c: &Comparison, metric: &str) -> String {
    // Accuracies are read in percentage points.
    let points = metric.contains("accuracy");
    let (scale, unit) = if points { (100.0, " pp") } else { (1.0, "") };
    let digits = if points { 2 } else { 4 };
    let interval = c.interval.map_or(String::new(), |i| format!(" [{:+.digits$}, {:+.digits$}]", i.low * scale, i.high * scale));
    let beats = c.beats_interval.map_or(String::new(), |i| format!(" [{:.2}, {:.2}]", i.low, i.high));
    let p = c.p_holm.or(c.p).map_or("p n/a".into(), |p| format!("Holm p {}", p_value(p)));
    format!("ΔIQM {:+.digits$}{unit}{interval}, P(run beats) {:.2}{beats}, {} paired seeds, {p}", c.difference * scale, c.beats, c.pairs)
}

/// `0.031`, `0.0006`, `< 0.0001`.
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 0.0001 => "< 0.0001".into(),
        p if p < 0.01 => format!("{p:.4}"),
        p => format!("{p:.3}"),
    }
}

impl Statistic {
    /// The estimator; NaN where the sample is too small for it.
    fn function(self) -> fn(&[f64]) -> f64 {
        match self {
            Self::Iqm => interquartile_mean,
            Self::Mean => mean,
            Self::Median => |values| quantile(&sorted(values), 0.5),
            Self::Sd => |values| sd(values).unwrap_or(f64::NAN),
        }
    }
}

impl Side {
    fn value(&self, values: &[f64]) -> f64 {
        match self {
            Self::Arm(statistic, _) => statistic.function()(values),
            Self::Number(number) => *number,
        }
    }
}

#[cfg(test)]
mod tests;
