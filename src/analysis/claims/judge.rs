//! A test put to the records: numbers in, the evidence of a finding out.

use anyhow::{Result, anyhow};

use super::evidence::{Evidence, p_value};
use super::language::{Side, Statistic, Test};
use super::{Finding, group_names, trend};
use crate::analysis::stats::CONFIDENCE;
use crate::analysis::stats::bootstrap::{Interval, bootstrap, of_sample};
use crate::analysis::stats::compare::compare;
use crate::analysis::stats::describe::{interquartile_mean, mean, quantile, sd, sorted};
use crate::analysis::stats::wilcoxon::signed_rank;
use crate::experiment::metric;
use crate::experiment::plan::{Arm, Plan};
use crate::record::by_seed;
use crate::record::{Status, TrialRecord};
use crate::seed::{Purpose, Stream};

/// A claim's metric laid out over the plan's arms and seeds.
pub struct ClaimContext<'a> {
    /// The arms and seeds.
    pub plan: &'a Plan,
    /// In plan order.
    pub records: &'a [TrialRecord],
    /// What is asked about.
    pub metric: &'a str,
    /// Keys the claim's resamples.
    pub index: u64,
}

impl ClaimContext<'_> {
    /// Each seed's value of the metric.
    pub fn values(&self, arm: &str) -> Vec<Option<f64>> {
        by_seed(self.records, arm, &self.plan.seeds, self.metric)
    }

    fn stream(&self, part: u64) -> Stream {
        Stream::new(2 + part, Purpose::Bootstrap, self.index)
    }

    /// What the records have to say to each part of a test.
    ///
    /// # Errors
    /// A trend along an axis that is not of the plan, or not numeric.
    pub fn evidence(&self, test: &Test) -> Result<Vec<Evidence>> {
        if self.plan.is_deterministic() {
            return self.deterministic(test);
        }
        Ok(match test {
            Test::Order(sides) => {
                let sides: Vec<Side> = sides.iter().map(|side| self.settled(side)).collect();
                sides.windows(2).enumerate().map(|(index, pair)| self.pair(&pair[0], &pair[1], index as u64)).collect()
            }
            Test::Within(side, low, high) => vec![self.within(side, *low, *high)],
            Test::Trend { axis, fixed, rising } => vec![self.trend(axis, fixed, *rising)?],
        })
    }

    /// The first side larger than the second.
    fn pair(&self, a: &Side, b: &Side, part: u64) -> Evidence {
        let (Side::Arm(Statistic::Iqm, first), Side::Arm(Statistic::Iqm, second)) = (a, b) else {
            return self.two_sides(a, b, part);
        };
        if let Some(decided) = self.diverged(first, second) {
            return decided;
        }
        match compare(&self.values(first), &self.values(second), &mut self.stream(part)) {
            Some(comparison) => Evidence::Compared { between: format!("{a} - {b}"), comparison },
            None => Evidence::open(format!("`{first}` and `{second}` share no finished seed"), 0),
        }
    }

    /// `best(...)` as the arm it stands for: chosen on validation, so that the test set only reports.
    fn settled(&self, side: &Side) -> Side {
        let group = match side {
            Side::Best(group) => group,
            Side::Moved(inner, margin) => return Side::Moved(Box::new(self.settled(inner)), *margin),
            side => return side.clone(),
        };
        let members = self.plan.arms.iter().filter(|arm| group_names(arm).any(|name| name == group));
        let validation = |arm: &&Arm| {
            let (name, sign) =
                if arm.config.has_accuracy() { ("validation_accuracy", 1.0) } else { ("validation_loss", -1.0) };
            let values = by_seed(self.records, &arm.label, &self.plan.seeds, name);
            let finished: Vec<f64> = values.into_iter().flatten().collect();
            if finished.is_empty() { f64::NEG_INFINITY } else { sign * interquartile_mean(&finished) }
        };
        let best = members.max_by(|a, b| validation(a).total_cmp(&validation(b)));
        Side::Arm(Statistic::Iqm, best.map_or_else(|| group.clone(), |arm| arm.label.clone()))
    }

    /// When one arm has no finished run left because they diverged, and the other has enough, that settles it: a run that
    /// diverged has a lower accuracy, and a higher loss, than one that did not.
    fn diverged(&self, a: &str, b: &str) -> Option<Evidence> {
        let state = |arm: &str| {
            let own = || self.records.iter().filter(|record| record.arm == arm);
            let diverged = own().filter(|record| record.status == Status::Diverged).count();
            (self.values(arm).iter().flatten().count(), diverged)
        };
        let ((fine_a, gone_a), (fine_b, gone_b)) = (state(a), state(b));
        let enough = |fine: usize, gone: usize| fine >= FEWEST_FOR_TEST && gone >= FEWEST_FOR_TEST;
        let (lost, other, n, m) = if fine_b == 0 && enough(fine_a, gone_b) {
            (b, a, gone_b, fine_a)
        } else if fine_a == 0 && enough(fine_b, gone_a) {
            (a, b, gone_a, fine_b)
        } else {
            return None;
        };
        let survivor_is_larger = metric::higher_is_better(self.metric);
        let finding = if (lost == b) == survivor_is_larger { Finding::Confirmed } else { Finding::Refuted };
        let evidence = format!("all {n} runs of `{lost}` diverged; {m} of `{other}` did not");
        Some(Evidence::Told { finding, evidence, seeds: n.min(m) })
    }

    /// A statistic against a number or another statistic: by the bootstrap interval of the difference, and for a location
    /// by the signed-rank test too.
    fn two_sides(&self, a: &Side, b: &Side, part: u64) -> Evidence {
        let columns = [a, b].map(|side| match side.unmoved() {
            Side::Arm(_, arm) | Side::Best(arm) => {
                self.values(arm).into_iter().map(|value| value.map(|v| v + side.margin())).collect()
            }
            Side::Number(number) => vec![Some(*number); self.plan.seeds.len()],
            Side::Moved(..) => Vec::new(),
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
        let Some(interval) = bootstrap(pairs.len(), difference, &mut self.stream(part)) else {
            return Evidence::open(format!("{} finished seeds are too few for an interval", pairs.len()), pairs.len());
        };
        let differences: Vec<f64> = pairs.iter().map(|[a, b]| a - b).collect();
        // Ranks speak of locations such as the median: not of spreads, and not of means, which a few runs may decide.
        let spread = [a, b].iter().any(|side| matches!(side.unmoved(), Side::Arm(Statistic::Sd | Statistic::Mean, _)));
        let (trusted, p) = if spread { (pairs.len() >= FEWEST_FOR_TEST, String::new()) } else { passes(&differences) };
        let less = match b {
            Side::Number(0.0) => String::new(),
            Side::Number(number) if *number < 0.0 => format!(" + {}", -number),
            other => format!(" - {other}"),
        };
        // A difference of metrics is not on the label of any table: say it.
        let of = if metric::sides(self.metric).1.is_some() { format!("{} of ", self.metric) } else { String::new() };
        let evidence = format!(
            "{of}{a}{less} = {:+.4} [{:+.4}, {:+.4}], {} seeds{p}",
            difference(&all),
            interval.low,
            interval.high,
            pairs.len()
        );
        Evidence::Told { finding: sign(interval, trusted, true), evidence, seeds: pairs.len() }
    }

    fn within(&self, side: &Side, low: f64, high: f64) -> Evidence {
        let Side::Arm(statistic, arm) = side else {
            return Evidence::open("a range is asked of an arm".into(), 0);
        };
        let values: Vec<f64> = self.values(arm).into_iter().flatten().collect();
        let interval = of_sample(&values, statistic.function(), &mut self.stream(0));
        let Some(Interval { low: from, high: to }) = interval.filter(|_| values.len() >= FEWEST_FOR_TEST) else {
            return Evidence::open(format!("{} finished seeds are too few", values.len()), values.len());
        };
        let finding = if low <= from && to <= high {
            Finding::Confirmed
        } else if to < low || high < from {
            Finding::Refuted
        } else {
            Finding::Inconclusive
        };
        let evidence = format!("{side} = {:.4} [{from:.4}, {to:.4}], {} seeds", side.value(&values), values.len());
        Evidence::Told { finding, evidence, seeds: values.len() }
    }

    /// Kendall's tau of each seed along the axis, the mean over the lines of a plan with several axes.
    fn trend(&self, axis: &str, fixed: &[(String, String)], rising: bool) -> Result<Evidence> {
        let lines = trend::lines(self.plan, axis, fixed).map_err(|what| anyhow!(what))?;
        let columns: Vec<Vec<Option<f64>>> = self.plan.arms.iter().map(|arm| self.values(&arm.label)).collect();
        let tau = |line: &Vec<trend::Standing>, seed: usize| {
            let positions: Vec<f64> = line.iter().map(|(_, position)| *position).collect();
            let values: Option<Vec<f64>> = line.iter().map(|(arm, _)| columns[*arm][seed]).collect();
            // A seed whose values are all alike shows no trend.
            Some(trend::kendall_tau(&positions, &values?).unwrap_or(0.0))
        };
        let of_seed = |seed| lines.iter().map(|line| tau(line, seed)).collect::<Option<Vec<f64>>>();
        let taus: Vec<f64> = (0..self.plan.seeds.len()).filter_map(|seed| Some(mean(&of_seed(seed)?))).collect();
        let Some(interval) = of_sample(&taus, mean, &mut self.stream(0)) else {
            return Ok(Evidence::open(
                format!("{} complete seeds are too few for an interval", taus.len()),
                taus.len(),
            ));
        };
        let (trusted, p) = passes(&taus);
        let over = if lines.len() > 1 { format!(" over {} lines", lines.len()) } else { String::new() };
        let evidence = format!(
            "mean Kendall tau along {axis}{over} = {:+.2} [{:+.2}, {:+.2}], {} seeds{p}",
            mean(&taus),
            interval.low,
            interval.high,
            taus.len()
        );
        Ok(Evidence::Told { finding: sign(interval, trusted, rising), evidence, seeds: taus.len() })
    }

    /// What the one value of each arm says. A run that diverged has no value, and so neither confirms nor refutes a comparison.
    ///
    /// # Errors
    /// A trend along an axis that is not of the plan, or not numeric.
    fn deterministic(&self, test: &Test) -> Result<Vec<Evidence>> {
        let one = |arm: &str| self.values(arm).into_iter().flatten().next();
        let value = |side: &Side| match side.unmoved() {
            Side::Arm(_, arm) | Side::Best(arm) => one(arm).map(|value| value + side.margin()),
            Side::Number(number) => Some(*number),
            Side::Moved(..) => None,
        };
        let told = |holds: Option<bool>, evidence: String| {
            let finding = match holds {
                Some(true) => Finding::Confirmed,
                Some(false) => Finding::Refuted,
                None => Finding::Inconclusive,
            };
            Evidence::Told { finding, evidence: format!("{evidence}, the same every time"), seeds: 1 }
        };
        let shown = |side: &Side| match (side, value(side)) {
            (Side::Number(number), _) => number.to_string(),
            (side, Some(value)) => format!("{side} = {}", plain(value)),
            (side, None) => format!("{side} has no value"),
        };
        Ok(match test {
            Test::Order(sides) => sides
                .windows(2)
                .map(|pair| {
                    let holds = value(&pair[0]).zip(value(&pair[1])).map(|(a, b)| a > b);
                    told(holds, format!("{} against {}", shown(&pair[0]), shown(&pair[1])))
                })
                .collect(),
            Test::Within(side, low, high) => {
                vec![told(value(side).map(|v| (*low..=*high).contains(&v)), shown(side))]
            }
            Test::Trend { axis, fixed, rising } => {
                let lines = trend::lines(self.plan, axis, fixed).map_err(|what| anyhow!(what))?;
                let tau = |line: &Vec<trend::Standing>| {
                    let values: Option<Vec<f64>> =
                        line.iter().map(|(arm, _)| one(&self.plan.arms[*arm].label)).collect();
                    let positions: Vec<f64> = line.iter().map(|(_, position)| *position).collect();
                    trend::kendall_tau(&positions, &values?)
                };
                let taus: Option<Vec<f64>> = lines.iter().map(tau).collect();
                let wanted = if *rising { 1.0 } else { -1.0 };
                let holds = taus.as_ref().map(|taus| taus.iter().all(|tau| (tau - wanted).abs() < 1e-9));
                let words = taus.map_or("not every arm has a value".into(), |taus| {
                    let all: Vec<String> = taus.iter().map(|tau| format!("{tau:+.2}")).collect();
                    format!("Kendall tau along {axis} = {}", all.join(", "))
                });
                vec![told(holds, words)]
            }
        })
    }
}

/// Fewer values than this cannot reach 5 % in a two-sided signed-rank test: 2 / 2^5 is 0.0625.
const FEWEST_FOR_TEST: usize = 6;

/// Whether paired differences pass the signed-rank test at 5 %, and its p-value in words.
fn passes(differences: &[f64]) -> (bool, String) {
    match signed_rank(differences) {
        Some(p) => (p < 1.0 - CONFIDENCE, format!(", p {}", p_value(p))),
        None => (false, String::new()),
    }
}

/// What an interval says of a difference that is claimed to be above 0, or below.
fn sign(interval: Interval, trusted: bool, above: bool) -> Finding {
    match (interval.low > 0.0, interval.high < 0.0) {
        _ if !trusted => Finding::Inconclusive,
        (false, false) => Finding::Inconclusive,
        (is_above, _) if is_above == above => Finding::Confirmed,
        _ => Finding::Refuted,
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
            // The margin is in the values already.
            Self::Moved(side, _) => side.value(values),
        }
    }
}

/// Four digits, however small or large.
fn plain(value: f64) -> String {
    if value == 0.0 || (1e-3..1e5).contains(&value.abs()) { format!("{value:.4}") } else { format!("{value:.3e}") }
}
