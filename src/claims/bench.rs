//! A test put to the records: numbers in, a finding and its evidence out.

use anyhow::{Result, anyhow};

use super::language::{Side, Statistic};
use super::{Finding, group_names, in_words, trend};
use crate::plan::{Arm, Plan};
use crate::record::{Status, TrialRecord};
use crate::seed::{Purpose, Stream};
use crate::stats::FEWEST_FOR_INTERVAL;
use crate::stats::bootstrap::{Interval, bootstrap, of_sample};
use crate::stats::compare::{Comparison, Verdict, compare, correct};
use crate::stats::describe::{interquartile_mean, mean, quantile, sd, sorted};
use crate::summary::by_seed;

/// A claim's metric laid out over the plan's arms and seeds.
pub struct Bench<'a> {
    /// The arms and seeds.
    pub plan: &'a Plan,
    /// In plan order.
    pub records: &'a [TrialRecord],
    /// What is asked about.
    pub metric: &'a str,
    /// Keys the claim's resamples.
    pub index: u64,
}

impl Bench<'_> {
    fn values(&self, arm: &str) -> Vec<Option<f64>> {
        by_seed(self.records, arm, &self.plan.seeds, self.metric)
    }

    fn stream(&self, part: u64) -> Stream {
        Stream::new(2 + part, Purpose::Bootstrap, self.index)
    }

    /// Each side larger than the next.
    pub fn order(&self, sides: &[Side]) -> (Finding, String) {
        let sides: Vec<Side> = sides.iter().map(|side| self.settled(side)).collect();
        let mut found = Vec::new();
        let mut comparisons: Vec<(usize, Comparison)> = Vec::new();
        for (place, pair) in sides.windows(2).enumerate() {
            match (&pair[0], &pair[1]) {
                (Side::Arm(Statistic::Iqm, a), Side::Arm(Statistic::Iqm, b)) => match self.diverged(a, b) {
                    Some(decided) => found.push(decided),
                    None => match compare(&self.values(a), &self.values(b), &mut self.stream(place as u64)) {
                        Some(comparison) => comparisons.push((place, comparison)),
                        None => found.push((Finding::Inconclusive, format!("`{a}` and `{b}` share no finished seed"))),
                    },
                },
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

    /// `best(...)` as the arm it stands for: chosen on validation, so that the test set only reports.
    fn settled(&self, side: &Side) -> Side {
        let Side::Best(group) = side else { return side.clone() };
        let members = self.plan.arms.iter().filter(|arm| group_names(arm).any(|name| name == group));
        let validation = |arm: &&Arm| {
            let values = by_seed(self.records, &arm.label, &self.plan.seeds, "validation_accuracy");
            let finished: Vec<f64> = values.into_iter().flatten().collect();
            if finished.is_empty() { f64::NEG_INFINITY } else { interquartile_mean(&finished) }
        };
        let best = members.max_by(|a, b| validation(a).total_cmp(&validation(b)));
        Side::Arm(Statistic::Iqm, best.map_or_else(|| group.clone(), |arm| arm.label.clone()))
    }

    /// When one arm has no finished run left because they diverged, and the other has enough, that settles it.
    fn diverged(&self, a: &str, b: &str) -> Option<(Finding, String)> {
        let state = |arm: &str| {
            let own = || self.records.iter().filter(|record| record.arm == arm);
            let diverged = own().filter(|record| record.status == Status::Diverged).count();
            (self.values(arm).iter().flatten().count(), diverged)
        };
        let ((fine_a, gone_a), (fine_b, gone_b)) = (state(a), state(b));
        let words = |lost: &str, n: usize, other: &str, m: usize| {
            format!("all {n} runs of `{lost}` diverged; {m} of `{other}` did not")
        };
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
            Side::Arm(_, arm) | Side::Best(arm) => self.values(arm),
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
                (
                    finding,
                    format!(
                        "{a} - {b} = {:+.4} [{:+.4}, {:+.4}], {} seeds",
                        difference(&all),
                        interval.low,
                        interval.high,
                        pairs.len()
                    ),
                )
            }
        }
    }

    /// The statistic between two numbers.
    pub fn within(&self, side: &Side, low: f64, high: f64) -> (Finding, String) {
        let Side::Arm(statistic, arm) = side else {
            return (Finding::Inconclusive, "a number is not an arm".into());
        };
        let values: Vec<f64> = self.values(arm).into_iter().flatten().collect();
        let Some(Interval { low: from, high: to }) = of_sample(&values, statistic.function(), &mut self.stream(0))
        else {
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

    /// The metric along an axis.
    ///
    /// # Errors
    /// The axis is not the plan's only one, or not numeric.
    pub fn trend(&self, axis: &str, rising: bool) -> Result<(Finding, String)> {
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
        let evidence = format!(
            "mean Kendall tau along {axis} = {:+.2} [{:+.2}, {:+.2}], {} seeds",
            mean(&taus),
            interval.low,
            interval.high,
            taus.len()
        );
        Ok((finding, evidence))
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
            Self::Best(_) => interquartile_mean(values),
            Self::Number(number) => *number,
        }
    }
}
