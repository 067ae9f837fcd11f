//! A claim's test applied to the records: each part of the test gives one piece of evidence.

use anyhow::{Result, anyhow};

use super::evidence::{Evidence, p_value_text};
use super::language::{AxisValue, Side, Sign, Statistic, Test};
use super::trend::{Series, kendall_tau, series};
use super::{Finding, axis_names};
use crate::analysis::stats::bootstrap::{bootstrap, bootstrap_sample};
use crate::analysis::stats::compare::compare;
use crate::analysis::stats::describe::{interquartile_mean, mean, median, sd};
use crate::analysis::stats::wilcoxon::signed_rank;
use crate::analysis::stats::{CONFIDENCE, Interval};
use crate::experiment::config::TrialKind;
use crate::experiment::metric::{Metric, Quantity};
use crate::experiment::plan::{Arm, Plan};
use crate::record::{Status, TrialRecord, by_seed};
use crate::seed::{Purpose, Stream};

/// What a claim is judged with.
pub struct ClaimContext<'a> {
    /// The arms and seeds.
    pub plan: &'a Plan,
    /// The plan's records, in plan order.
    pub records: &'a [TrialRecord],
    /// The quantity that the claim is about.
    pub quantity: &'a Quantity,
    /// The claim's index among the plan's claims. Each claim has random streams of its own.
    pub index: u64,
}

/// The numbers of an arm's runs that ended in one way or the other.
struct RunCounts {
    finished: usize,
    diverged: usize,
}

impl ClaimContext<'_> {
    /// Each seed's value of the quantity for an arm.
    fn values(&self, arm: &str) -> Vec<Option<f64>> {
        by_seed(self.records, arm, &self.plan.seeds, self.quantity)
    }

    fn stream(&self, part: u64) -> Stream {
        Stream::new(2 + part, Purpose::Bootstrap, self.index)
    }

    /// The evidence for each part of a test.
    ///
    /// # Errors
    /// A trend is along an axis that the plan does not have, or whose values are not numbers.
    pub fn evidence(&self, test: &Test) -> Result<Vec<Evidence>> {
        if self.plan.is_deterministic() {
            return self.deterministic(test);
        }
        Ok(match test {
            Test::Order(sides) => {
                let sides: Vec<Side> = sides.iter().map(|side| self.with_best_chosen(side)).collect();
                sides.windows(2).enumerate().map(|(i, pair)| self.order(&pair[0], &pair[1], i as u64)).collect()
            }
            Test::Range { side, low, high } => vec![self.range(side, *low, *high)],
            Test::Trend { axis, fixed, sign } => vec![self.trend(axis, fixed, *sign)?],
        })
    }

    /// Whether the first side is larger than the second.
    fn order(&self, a: &Side, b: &Side, part: u64) -> Evidence {
        let (Side::Arm(Statistic::Iqm, first), Side::Arm(Statistic::Iqm, second)) = (a, b) else {
            return self.order_of_statistics(a, b, part);
        };
        if let Some(decided) = self.order_by_divergence(first, second) {
            return decided;
        }
        match compare(&self.values(first), &self.values(second), &mut self.stream(part)) {
            Some(comparison) => Evidence::Comparison { between: format!("{a} - {b}"), comparison },
            None => Evidence::inconclusive(format!("`{first}` and `{second}` share no finished seed"), 0),
        }
    }

    /// The side with `best(...)` replaced by the arm it stands for, chosen on validation: the test set only reports.
    fn with_best_chosen(&self, side: &Side) -> Side {
        let group = match side {
            Side::Best(group) => group,
            Side::WithMargin(inner, margin) => {
                return Side::WithMargin(Box::new(self.with_best_chosen(inner)), *margin);
            }
            side => return side.clone(),
        };
        let members = self.plan.arms.iter().filter(|arm| axis_names(arm).any(|name| name == group));
        let best = members.max_by(|a, b| self.validation_score(a).total_cmp(&self.validation_score(b)));
        Side::Arm(Statistic::Iqm, best.map_or_else(|| group.clone(), |arm| arm.label.clone()))
    }

    /// An arm's interquartile mean validation accuracy, or minus its validation loss where it has no accuracy; negative infinity if no
    /// run finished.
    fn validation_score(&self, arm: &Arm) -> f64 {
        let metric = match arm.config.kind() {
            TrialKind::Classification => Metric::ValidationAccuracy,
            TrialKind::Regression | TrialKind::Autoencoder { .. } | TrialKind::Descent(_) => Metric::ValidationLoss,
        };
        let values = by_seed(self.records, &arm.label, &self.plan.seeds, &metric.clone().into());
        let finished: Vec<f64> = values.into_iter().flatten().collect();
        if finished.is_empty() { f64::NEG_INFINITY } else { metric.goodness(interquartile_mean(&finished)) }
    }

    /// The order of two arms if every run of one diverged and enough runs of the other finished: a run that diverged counts as worse
    /// than any that finished.
    fn order_by_divergence(&self, a: &str, b: &str) -> Option<Evidence> {
        let (runs_of_a, runs_of_b) = (self.run_counts(a), self.run_counts(b));
        let all_diverged = |counts: &RunCounts, other: &RunCounts| {
            counts.finished == 0 && counts.diverged >= MIN_SEEDS_FOR_TEST && other.finished >= MIN_SEEDS_FOR_TEST
        };
        let (diverged, other, n, m) = if all_diverged(&runs_of_b, &runs_of_a) {
            (b, a, runs_of_b.diverged, runs_of_a.finished)
        } else if all_diverged(&runs_of_a, &runs_of_b) {
            (a, b, runs_of_a.diverged, runs_of_b.finished)
        } else {
            return None;
        };
        let finished_is_larger = self.quantity.higher_is_better();
        let finding = if (diverged == b) == finished_is_larger { Finding::Confirmed } else { Finding::Refuted };
        let text = format!("all {n} runs of `{diverged}` diverged; {m} of `{other}` did not");
        Some(Evidence::Judged { finding, text, seeds: n.min(m) })
    }

    fn run_counts(&self, arm: &str) -> RunCounts {
        let own = self.records.iter().filter(|record| record.arm == arm);
        RunCounts {
            finished: self.values(arm).iter().flatten().count(),
            diverged: own.filter(|record| record.status == Status::Diverged).count(),
        }
    }

    /// The order of two sides of which one is a number or a statistic other than the interquartile mean: by the bootstrap interval of
    /// the difference, and for a location also by the signed-rank test.
    fn order_of_statistics(&self, a: &Side, b: &Side, part: u64) -> Evidence {
        let columns = [a, b].map(|side| match side.without_margin() {
            Side::Arm(_, arm) | Side::Best(arm) => {
                self.values(arm).into_iter().map(|value| value.map(|v| v + side.margin())).collect()
            }
            Side::Number(number) => vec![Some(*number); self.plan.seeds.len()],
            Side::WithMargin(..) => Vec::new(),
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
            let text = format!("{} finished seeds are too few for an interval", pairs.len());
            return Evidence::inconclusive(text, pairs.len());
        };
        // The signed-rank test is about the median of the differences. It does not apply to spreads, nor to means, which a few runs may
        // decide.
        let is_unranked = |side: &Side| matches!(side.without_margin(), Side::Arm(Statistic::Sd | Statistic::Mean, _));
        let significance = if is_unranked(a) || is_unranked(b) {
            Significance::of_count(pairs.len())
        } else {
            Significance::of_differences(&pairs.iter().map(|[a, b]| a - b).collect::<Vec<_>>())
        };
        let less = match b {
            Side::Number(0.0) => String::new(),
            Side::Number(number) if *number < 0.0 => format!(" + {}", -number),
            other => format!(" - {other}"),
        };
        // A report's tables do not have the label of a difference of metrics.
        let of = match self.quantity {
            Quantity::Single(_) => String::new(),
            Quantity::Difference(..) => format!("{} of ", self.quantity),
        };
        let text = format!(
            "{of}{a}{less} = {:+.4} [{:+.4}, {:+.4}], {} seeds{}",
            difference(&all),
            interval.low,
            interval.high,
            pairs.len(),
            significance.text
        );
        Evidence::Judged { finding: significance.finding(interval, Sign::Positive), text, seeds: pairs.len() }
    }

    /// Whether a statistic of an arm lies between two numbers, by its bootstrap interval.
    fn range(&self, side: &Side, low: f64, high: f64) -> Evidence {
        let Side::Arm(statistic, arm) = side else {
            return Evidence::inconclusive("a range is asked of an arm".into(), 0);
        };
        let values: Vec<f64> = self.values(arm).into_iter().flatten().collect();
        let interval = bootstrap_sample(&values, statistic.function(), &mut self.stream(0));
        let Some(Interval { low: from, high: to }) = interval.filter(|_| values.len() >= MIN_SEEDS_FOR_TEST) else {
            return Evidence::inconclusive(format!("{} finished seeds are too few", values.len()), values.len());
        };
        let finding = if low <= from && to <= high {
            Finding::Confirmed
        } else if to < low || high < from {
            Finding::Refuted
        } else {
            Finding::Inconclusive
        };
        let text = format!("{side} = {:.4} [{from:.4}, {to:.4}], {} seeds", side.value(&values), values.len());
        Evidence::Judged { finding, text, seeds: values.len() }
    }

    /// Whether Kendall's tau along an axis has the claimed sign: for each seed its mean over the series of the plan, over the seeds the
    /// mean with its bootstrap interval.
    fn trend(&self, axis: &str, fixed: &[AxisValue], sign: Sign) -> Result<Evidence> {
        let all = series(self.plan, axis, fixed).map_err(|what| anyhow!(what))?;
        let columns: Vec<Vec<Option<f64>>> = self.plan.arms.iter().map(|arm| self.values(&arm.label)).collect();
        let tau = |series: &Series, seed: usize| {
            let values = series.iter().map(|point| columns[point.arm][seed]).collect::<Option<Vec<f64>>>()?;
            // A seed whose values are all equal shows no trend.
            Some(kendall_tau(&positions(series), &values).unwrap_or(0.0))
        };
        let of_seed = |seed| all.iter().map(|series| tau(series, seed)).collect::<Option<Vec<f64>>>();
        let taus: Vec<f64> = (0..self.plan.seeds.len()).filter_map(|seed| Some(mean(&of_seed(seed)?))).collect();
        let Some(interval) = bootstrap_sample(&taus, mean, &mut self.stream(0)) else {
            let text = format!("{} complete seeds are too few for an interval", taus.len());
            return Ok(Evidence::inconclusive(text, taus.len()));
        };
        let significance = Significance::of_differences(&taus);
        let over = if all.len() > 1 { format!(" over {} lines", all.len()) } else { String::new() };
        let text = format!(
            "mean Kendall tau along {axis}{over} = {:+.2} [{:+.2}, {:+.2}], {} seeds{}",
            mean(&taus),
            interval.low,
            interval.high,
            taus.len(),
            significance.text
        );
        Ok(Evidence::Judged { finding: significance.finding(interval, sign), text, seeds: taus.len() })
    }

    /// The evidence of a plan that gives the same numbers with every seed: one value of each arm. A run that diverged has no value, and
    /// so neither confirms nor refutes a comparison.
    ///
    /// # Errors
    /// A trend is along an axis that the plan does not have, or whose values are not numbers.
    fn deterministic(&self, test: &Test) -> Result<Vec<Evidence>> {
        let value_of_arm = |arm: &str| self.values(arm).into_iter().flatten().next();
        let value = |side: &Side| match side.without_margin() {
            Side::Arm(_, arm) | Side::Best(arm) => value_of_arm(arm).map(|value| value + side.margin()),
            Side::Number(number) => Some(*number),
            Side::WithMargin(..) => None,
        };
        let judged = |holds: Option<bool>, text: String| {
            let finding = match holds {
                Some(true) => Finding::Confirmed,
                Some(false) => Finding::Refuted,
                None => Finding::Inconclusive,
            };
            Evidence::Judged { finding, text: format!("{text}, deterministic"), seeds: 1 }
        };
        let shown = |side: &Side| match (side, value(side)) {
            (Side::Number(number), _) => number.to_string(),
            (side, Some(value)) => format!("{side} = {}", four_digits(value)),
            (side, None) => format!("{side} has no value"),
        };
        Ok(match test {
            Test::Order(sides) => sides
                .windows(2)
                .map(|pair| {
                    let holds = value(&pair[0]).zip(value(&pair[1])).map(|(a, b)| a > b);
                    judged(holds, format!("{} against {}", shown(&pair[0]), shown(&pair[1])))
                })
                .collect(),
            Test::Range { side, low, high } => {
                vec![judged(value(side).map(|v| (*low..=*high).contains(&v)), shown(side))]
            }
            Test::Trend { axis, fixed, sign } => {
                let all = series(self.plan, axis, fixed).map_err(|what| anyhow!(what))?;
                let tau = |series: &Series| {
                    let values = series.iter().map(|point| value_of_arm(&self.plan.arms[point.arm].label));
                    kendall_tau(&positions(series), &values.collect::<Option<Vec<f64>>>()?)
                };
                let taus: Option<Vec<f64>> = all.iter().map(tau).collect();
                let claimed = match sign {
                    Sign::Positive => 1.0,
                    Sign::Negative => -1.0,
                };
                let holds = taus.as_ref().map(|taus| taus.iter().all(|tau| (tau - claimed).abs() < 1e-9));
                let text = taus.map_or("not every arm has a value".into(), |taus| {
                    let all: Vec<String> = taus.iter().map(|tau| format!("{tau:+.2}")).collect();
                    format!("Kendall tau along {axis} = {}", all.join(", "))
                });
                vec![judged(holds, text)]
            }
        })
    }
}

fn positions(series: &Series) -> Vec<f64> {
    series.iter().map(|point| point.position).collect()
}

/// Fewer seeds than this cannot reach 5 % in a two-sided signed-rank test: 2 / 2^5 is 0.0625.
const MIN_SEEDS_FOR_TEST: usize = 6;

/// Whether an interval may be called conclusive.
struct Significance {
    passes: bool,
    /// The p-value for a report; empty where there is none.
    text: String,
}

impl Significance {
    /// The signed-rank test of paired differences, at 5 %.
    fn of_differences(differences: &[f64]) -> Self {
        match signed_rank(differences) {
            Some(p) => Self { passes: p < 1.0 - CONFIDENCE, text: format!(", p {}", p_value_text(p)) },
            None => Self { passes: false, text: String::new() },
        }
    }

    /// Without a test: whether there are as many seeds as a test would need.
    fn of_count(seeds: usize) -> Self {
        Self { passes: seeds >= MIN_SEEDS_FOR_TEST, text: String::new() }
    }

    /// What an interval says of a number that is claimed to have a sign.
    fn finding(&self, interval: Interval, claimed: Sign) -> Finding {
        let sign = if interval.low > 0.0 {
            Sign::Positive
        } else if interval.high < 0.0 {
            Sign::Negative
        } else {
            return Finding::Inconclusive;
        };
        match (self.passes, sign == claimed) {
            (false, _) => Finding::Inconclusive,
            (true, true) => Finding::Confirmed,
            (true, false) => Finding::Refuted,
        }
    }
}

impl Statistic {
    /// The statistic of a sample; NaN where the sample is too small for it.
    fn function(self) -> fn(&[f64]) -> f64 {
        match self {
            Self::Iqm => interquartile_mean,
            Self::Mean => mean,
            Self::Median => median,
            Self::Sd => |values| sd(values).unwrap_or(f64::NAN),
        }
    }
}

impl Side {
    /// The side's number, given an arm's values to which the margin is added already.
    fn value(&self, values: &[f64]) -> f64 {
        match self {
            Self::Arm(statistic, _) => statistic.function()(values),
            Self::Best(_) => interquartile_mean(values),
            Self::Number(number) => *number,
            Self::WithMargin(side, _) => side.value(values),
        }
    }
}

/// A number with four digits after the point, or in scientific notation where that would show too few or too many.
fn four_digits(value: f64) -> String {
    if value == 0.0 || (1e-3..1e5).contains(&value.abs()) { format!("{value:.4}") } else { format!("{value:.3e}") }
}
