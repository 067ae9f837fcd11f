//! A claim's test applied to the records: each part of the test gives one piece of evidence.

use anyhow::{Result, anyhow};

use super::arithmetic;
use super::evidence::{Evidence, margin_text};
use super::language::{AxisValue, Cell, Side, Sign, Statistic, Test};
use super::trend::{Series, kendall_tau, series};
use super::{Finding, axis_names};
use crate::analysis::stats::Inference;
use crate::analysis::stats::compare::{Effect, Pairing, compare};
use crate::analysis::stats::describe::{interquartile_mean, mean, sd};
use crate::analysis::stats::hypothesis::{Region, Tested};
use crate::analysis::stats::test_images::ImageErrors;
use crate::analysis::stats::{location, share, spread};
use crate::experiment::config::TrialKind;
use crate::experiment::metric::Metric;
use crate::experiment::plan::{Arm, Plan};
use crate::experiment::quantity::Quantity;
use crate::record::{Status, TrialRecord, by_seed};

/// What a claim is judged with.
pub struct ClaimContext<'a> {
    /// The arms and seeds.
    pub plan: &'a Plan,
    /// The plan's records, in plan order.
    pub records: &'a [TrialRecord],
    /// The quantity that the claim is about.
    pub quantity: &'a Quantity,
}

/// What one side of a comparison stands for.
struct Sample {
    statistic: Statistic,
    /// Each seed's value; infinite for a run that diverged.
    values: Vec<Option<f64>>,
    /// What else there is to say of the runs; empty if nothing.
    note: String,
}

impl Sample {
    fn all(&self) -> Vec<f64> {
        self.values.iter().copied().flatten().collect()
    }
}

impl ClaimContext<'_> {
    /// Each seed's value of the quantity for an arm; infinite for a run that diverged.
    fn values(&self, arm: &str) -> Vec<Option<f64>> {
        by_seed(self.records, arm, &self.plan.seeds, self.quantity)
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
            Test::Order(pairs) => pairs.iter().map(|[a, b]| self.order(a, b)).collect(),
            Test::Same { a, b, within } => vec![self.difference(a, b, Region::Between(-within, *within))],
            Test::Range { side, low, high } => vec![self.number(side, Region::Between(*low, *high))],
            Test::Table { cells, within } => vec![self.table(cells, *within)],
            Test::Equation { left, right } => vec![equation(left, right)],
            Test::Trend { axis, fixed, sign } => vec![self.trend(axis, fixed, *sign)?],
        })
    }

    /// Whether runs are near a table's numbers: the mean over runs of the mean distance of a run's values from them. One test for the whole
    /// table, since Holm's correction for each of its numbers would leave none of them decided.
    fn table(&self, cells: &[Cell], within: f64) -> Evidence {
        let columns: Vec<Vec<Option<f64>>> = cells.iter().map(|cell| self.values_of_cell(cell)).collect();
        let of_seed = |seed: usize| {
            let distance = |(cell, column): (&Cell, &Vec<Option<f64>>)| Some((column[seed]? - cell.published).abs());
            let distances: Option<Vec<f64>> = cells.iter().zip(&columns).map(distance).collect();
            distances.map(|distances| mean(&distances))
        };
        let distances: Vec<f64> = (0..self.plan.seeds.len()).filter_map(of_seed).collect();
        let what = format!("mean distance from {} published numbers", cells.len());
        match location::arithmetic_mean(&distances) {
            Some(inference) => Evidence::Number {
                what,
                tested: Tested::new(inference, Region::Below(within)),
                seeds: distances.len(),
                note: String::new(),
            },
            None => Evidence::inconclusive(format!("{what}: no run has all of them"), distances.len()),
        }
    }

    /// Each seed's value for a number of a table; infinite for a run that diverged.
    fn values_of_cell(&self, cell: &Cell) -> Vec<Option<f64>> {
        let own = ClaimContext { quantity: cell.quantity.as_ref().unwrap_or(self.quantity), ..*self };
        match cell.side.without_margin() {
            Side::Arm(_, arm) => own.values(arm),
            _ => vec![None; self.plan.seeds.len()],
        }
    }

    /// What is known of a number of a table by itself, at 95 %.
    pub fn cell(&self, cell: &Cell, within: f64) -> Evidence {
        let own = ClaimContext { quantity: cell.quantity.as_ref().unwrap_or(self.quantity), ..*self };
        let region = Region::Between(cell.published - within, cell.published + within);
        if self.plan.is_deterministic() {
            let value = self.values_of_cell(cell).into_iter().flatten().find(|value| value.is_finite());
            let inside = value.map(|value| (value - cell.published).abs() <= within);
            let finding = inside
                .map_or(Finding::Inconclusive, |inside| if inside { Finding::Confirmed } else { Finding::Refuted });
            return Evidence::Settled { finding, text: String::new(), seeds: 1, value };
        }
        own.number(&cell.side, region)
    }

    /// Whether the first side is larger than the second.
    fn order(&self, a: &Side, b: &Side) -> Evidence {
        if matches!(a.without_margin(), Side::Gain(..)) || matches!(b.without_margin(), Side::Gain(..)) {
            return self.gains(a, b);
        }
        match (a.without_margin(), b.without_margin()) {
            (Side::Number(number), _) => self.number(b, Region::Below(number + a.margin() - b.margin())),
            (_, Side::Number(number)) => self.number(a, Region::Above(number + b.margin() - a.margin())),
            _ => self.difference(a, b, Region::Above(b.margin() - a.margin())),
        }
    }

    /// Where the difference of two sides lies.
    fn difference(&self, a: &Side, b: &Side, claimed: Region) -> Evidence {
        let (Some(of_a), Some(of_b)) = (self.sample(a), self.sample(b)) else {
            return Evidence::inconclusive(format!("`{a}` and `{b}` are not both arms"), 0);
        };
        let between = format!("{} - {}", a.without_margin(), b.without_margin());
        let note = format!("{}{}", of_a.note, of_b.note);
        let seeds = of_a.all().len().min(of_b.all().len());
        if of_a.statistic == Statistic::Iqm && !self.is_share() {
            return match compare(&of_a.values, &of_b.values, Pairing::declared(self.plan.paired), claimed) {
                Some(comparison) if comparison.effect == Effect::Improvement && claimed != Region::Above(0.0) => {
                    Evidence::inconclusive(format!("{between}: too many runs diverged for a difference{note}"), seeds)
                }
                Some(comparison) => Evidence::Comparison { between, comparison, note },
                None => Evidence::inconclusive(format!("`{a}` or `{b}` has no finished run"), 0),
            };
        }
        let (what, inference) = match of_a.statistic {
            Statistic::Sd => (
                format!("mean distance from the median, {between}"),
                spread::difference_of_spreads(&of_a.all(), &of_b.all()),
            ),
            statistic => (between, self.difference_of_locations(statistic, &of_a, &of_b)),
        };
        match inference {
            Some(inference) => Evidence::Number { what, tested: Tested::new(inference, claimed), seeds, note },
            None => Evidence::inconclusive(format!("{what}: no number{note}"), seeds),
        }
    }

    /// Whether one gain is larger than another, or than a number: a contrast of up to four interquartile means.
    fn gains(&self, a: &Side, b: &Side) -> Evidence {
        let mut samples: Vec<(f64, Vec<f64>)> = Vec::new();
        let (mut offset, mut notes) = (0.0, String::new());
        for (sign, side) in [(1.0, a), (-1.0, b)] {
            offset += sign * side.margin();
            match side.without_margin() {
                Side::Gain(to, from) => {
                    for (sign, arm) in [(sign, to), (-sign, from)] {
                        notes.push_str(&self.diverged(arm));
                        samples.push((sign, self.values(arm).into_iter().flatten().collect()));
                    }
                }
                Side::Number(number) => offset += sign * number,
                Side::Arm(..) | Side::Best(_) | Side::WithMargin(..) => {}
            }
        }
        let seeds = samples.iter().map(|(_, values)| values.len()).min().unwrap_or(0);
        let what = format!("{} - {}", a.without_margin(), b.without_margin());
        match location::contrast(&samples) {
            Some(inference) => {
                Evidence::Number { what, tested: Tested::new(inference, Region::Above(-offset)), seeds, note: notes }
            }
            None => Evidence::inconclusive(format!("{what}: no number{notes}"), seeds),
        }
    }

    /// The difference of two means, medians or shares.
    fn difference_of_locations(&self, statistic: Statistic, a: &Sample, b: &Sample) -> Option<Inference> {
        let pairs = a.values.iter().zip(&b.values).filter_map(|(a, b)| Some(((*a)?, (*b)?)));
        // Two runs that diverged are equally bad.
        let differences: Vec<f64> = pairs.map(|(a, b)| if a == b { 0.0 } else { a - b }).collect();
        match (statistic, Pairing::declared(self.plan.paired)) {
            _ if self.is_share() => share::difference_of_shares(&a.all(), &b.all()),
            (Statistic::Median, Pairing::Paired) => location::median(&differences),
            (Statistic::Median, Pairing::Unpaired) => location::difference_of_medians(&a.all(), &b.all()),
            (_, Pairing::Paired) => location::arithmetic_mean(&differences),
            (_, Pairing::Unpaired) => location::difference_of_means(&a.all(), &b.all()),
        }
    }

    /// Where a side lies.
    fn number(&self, side: &Side, claimed: Region) -> Evidence {
        let Some(sample) = self.sample(side) else {
            return Evidence::inconclusive(format!("`{side}` is no arm"), 0);
        };
        let values = sample.all();
        let inference = match sample.statistic {
            _ if self.is_share() => share::share(&values),
            Statistic::Iqm => location::interquartile_mean(&values),
            Statistic::Mean => location::arithmetic_mean(&values),
            Statistic::Median => location::median(&values),
            Statistic::Sd => spread::standard_deviation(&values),
        };
        // A report's tables do not have the label of a difference of metrics.
        let of = match self.quantity {
            Quantity::Single(_) => String::new(),
            Quantity::Difference(..) => format!("{} of ", self.quantity),
        };
        let what = format!("{of}{}", side.without_margin());
        match inference {
            Some(inference) => {
                let tested = Tested::new(inference, claimed);
                Evidence::Number { what, tested, seeds: values.len(), note: sample.note }
            }
            None => Evidence::inconclusive(format!("{what}: no number{}", sample.note), values.len()),
        }
    }

    /// What a side stands for; `None` for a number.
    fn sample(&self, side: &Side) -> Option<Sample> {
        match side.without_margin() {
            Side::Arm(statistic, arm) => {
                let note = self.diverged(arm)
                    + &if *statistic == Statistic::Sd { self.flip_floor(arm) } else { String::new() };
                Some(Sample { statistic: *statistic, values: self.values(arm), note })
            }
            Side::Best(group) => Some(self.best(group)),
            Side::Gain(..) | Side::Number(_) | Side::WithMargin(..) => None,
        }
    }

    /// How many runs of an arm diverged, as a note.
    fn diverged(&self, arm: &str) -> String {
        let own = self.records.iter().filter(|record| record.arm == arm);
        let diverged = own.clone().filter(|record| record.status == Status::Diverged).count();
        if diverged == 0 || self.is_share() {
            return String::new();
        }
        let counts = match self.quantity {
            Quantity::Single(_) => "count as the worst",
            Quantity::Difference(..) => "have no difference",
        };
        format!("; {diverged} of {} runs of `{arm}` diverged and {counts}", own.count())
    }

    /// What of an arm's standard deviation the test images make, as a note; empty where its predictions are not known.
    fn flip_floor(&self, arm: &str) -> String {
        let predictions = self.records.iter().filter(|record| record.arm == arm).map(|record| &record.predictions);
        let errors = ImageErrors::new(predictions);
        let floor =
            errors.filter(|_| *self.quantity == Metric::TestAccuracy.into()).and_then(|errors| errors.flip_floor());
        let values = self.values(arm).into_iter().flatten().filter(|value| value.is_finite());
        let sd = sd(&values.collect::<Vec<_>>());
        let text = |value: f64| margin_text(value, self.quantity);
        floor
            .zip(sd)
            .map_or(String::new(), |(floor, sd)| format!("; sd(`{arm}`) {}, flip floor {}", text(sd), text(floor)))
    }

    /// Whether the values are 0 or 1, and their mean is a share.
    fn is_share(&self) -> bool {
        *self.quantity == Quantity::from(Metric::Diverged)
    }

    /// `best(...)`: for each seed the value of the arm that validates best with the other half of the seeds, the odd ones for an even seed. The
    /// test set only reports, and a run does not choose itself: the luck that makes a run validate well would make it look well too. Were
    /// all other seeds to choose, nearly the same ones would choose for every seed, and by simulation 8 % were called wrongly at 5 %.
    fn best(&self, group: &str) -> Sample {
        let members: Vec<&Arm> =
            self.plan.arms.iter().filter(|arm| axis_names(arm).any(|name| name == group)).collect();
        let scores: Vec<Vec<Option<f64>>> = members.iter().map(|arm| self.validation_scores(arm)).collect();
        let values: Vec<Vec<Option<f64>>> = members.iter().map(|arm| self.values(&arm.label)).collect();
        let mut chosen = vec![0; members.len()];
        let mut of_seed = |seed: usize| {
            let without = |scores: &Vec<Option<f64>>| {
                let others = scores.iter().enumerate().filter(|(other, _)| other % 2 != seed % 2);
                let others: Vec<f64> = others.filter_map(|(_, score)| *score).collect();
                if others.is_empty() { f64::NEG_INFINITY } else { interquartile_mean(&others) }
            };
            let scores = scores.iter().map(without).enumerate();
            let (best, _) = scores.max_by(|(i, a), (j, b)| a.total_cmp(b).then(j.cmp(i)))?;
            chosen[best] += 1;
            values[best][seed]
        };
        let values = (0..self.plan.seeds.len()).map(&mut of_seed).collect();
        let mut counted: Vec<(usize, &str)> = chosen
            .iter()
            .zip(&members)
            .filter(|(count, _)| **count > 0)
            .map(|(n, arm)| (*n, arm.label.as_str()))
            .collect();
        counted.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let counted: Vec<String> = counted.iter().map(|(count, arm)| format!("`{arm}` {count} times")).collect();
        Sample { statistic: Statistic::Iqm, values, note: format!("; best({group}): {}", counted.join(", ")) }
    }

    /// Each seed's validation accuracy for an arm, or minus its validation loss where it has no accuracy; negative infinity for a run that
    /// diverged.
    fn validation_scores(&self, arm: &Arm) -> Vec<Option<f64>> {
        let metric = match arm.config.kind() {
            TrialKind::Classification => Metric::ValidationAccuracy,
            TrialKind::Regression | TrialKind::Autoencoder { .. } | TrialKind::Descent(_) => Metric::ValidationLoss,
        };
        let values = by_seed(self.records, &arm.label, &self.plan.seeds, &metric.clone().into());
        values.into_iter().map(|value| value.map(|value| metric.goodness(value))).collect()
    }

    /// Whether Kendall's tau along an axis has the claimed sign: for each seed its mean over the series of the plan.
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
        let over = if all.len() > 1 { format!(" over {} lines", all.len()) } else { String::new() };
        let what = format!("mean Kendall tau along {axis}{over}");
        let claimed = match sign {
            Sign::Positive => Region::Above(0.0),
            Sign::Negative => Region::Below(0.0),
        };
        Ok(match location::arithmetic_mean(&taus) {
            Some(inference) => Evidence::Number {
                what,
                tested: Tested::new(inference, claimed),
                seeds: taus.len(),
                note: String::new(),
            },
            None => Evidence::inconclusive(format!("{what}: no seed is complete"), 0),
        })
    }

    /// The evidence of a plan that gives the same numbers with every seed: one value of each arm. A run that diverged has no value, and
    /// so neither confirms nor refutes a comparison.
    ///
    /// # Errors
    /// A trend is along an axis that the plan does not have, or whose values are not numbers.
    fn deterministic(&self, test: &Test) -> Result<Vec<Evidence>> {
        let value_of_arm = |arm: &str| self.values(arm).into_iter().flatten().find(|value| value.is_finite());
        let value = |side: &Side| match side.without_margin() {
            Side::Arm(_, arm) | Side::Best(arm) => value_of_arm(arm).map(|value| value + side.margin()),
            Side::Gain(to, from) => Some(value_of_arm(to)? - value_of_arm(from)? + side.margin()),
            Side::Number(number) => Some(*number),
            Side::WithMargin(..) => None,
        };
        let judged = |holds: Option<bool>, text: String| {
            let finding = match holds {
                Some(true) => Finding::Confirmed,
                Some(false) => Finding::Refuted,
                None => Finding::Inconclusive,
            };
            Evidence::Settled { finding, text: format!("{text}, deterministic"), seeds: 1, value: None }
        };
        let inside = |side: &Side, low: f64, high: f64| {
            let found = value(side);
            match judged(found.map(|value| (low..=high).contains(&value)), shown_value(side, found)) {
                Evidence::Settled { finding, text, seeds, .. } => {
                    Evidence::Settled { finding, text, seeds, value: found }
                }
                other => other,
            }
        };
        let shown = |side: &Side| shown_value(side, value(side));
        Ok(match test {
            Test::Order(pairs) => {
                let judged = |[a, b]: &[Side; 2]| {
                    let holds = value(a).zip(value(b)).map(|(a, b)| a > b);
                    judged(holds, format!("{} against {}", shown(a), shown(b)))
                };
                pairs.iter().map(judged).collect()
            }
            Test::Same { a, b, within } => {
                let holds = value(a).zip(value(b)).map(|(a, b)| (a - b).abs() <= *within);
                vec![judged(holds, format!("{} against {}", shown(a), shown(b)))]
            }
            Test::Range { side, low, high } => vec![inside(side, *low, *high)],
            Test::Table { cells, within } => {
                let value =
                    |cell: &Cell| self.values_of_cell(cell).into_iter().flatten().find(|value| value.is_finite());
                let distances: Option<Vec<f64>> =
                    cells.iter().map(|cell| Some((value(cell)? - cell.published).abs())).collect();
                let distance = distances.map(|distances| mean(&distances));
                let shown = distance.map_or_else(|| "none".into(), four_digits);
                vec![judged(
                    distance.map(|distance| distance <= *within),
                    format!("mean distance from {} published numbers {shown}", cells.len()),
                )]
            }
            Test::Equation { left, right } => vec![equation(left, right)],
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

/// Whether an expression has the value that is written, which no run decides.
fn equation(left: &str, right: &str) -> Evidence {
    // It was read when the claim was.
    let value = arithmetic::evaluate(left).ok();
    let agrees = value.and_then(|value| arithmetic::agrees(value, right));
    let decimals = right.split_once('.').map_or(0, |(_, decimals)| decimals.len() + 2);
    let shown = value.map_or_else(|| "no value".into(), |value| format!("{value:.decimals$}"));
    let finding = match agrees {
        Some(true) => Finding::Confirmed,
        Some(false) => Finding::Refuted,
        None => Finding::Inconclusive,
    };
    Evidence::Settled { finding, text: format!("{left} = {shown}"), seeds: usize::MAX, value }
}

/// A side with its value, where there is one.
fn shown_value(side: &Side, value: Option<f64>) -> String {
    match (side, value) {
        (Side::Number(number), _) => number.to_string(),
        (side, Some(value)) => format!("{side} = {}", four_digits(value)),
        (side, None) => format!("{side} has no value"),
    }
}

fn positions(series: &Series) -> Vec<f64> {
    series.iter().map(|point| point.position).collect()
}

/// A number with four digits after the point, or in scientific notation where that would show too few or too many.
fn four_digits(value: f64) -> String {
    if value == 0.0 || (1e-3..1e5).contains(&value.abs()) { format!("{value:.4}") } else { format!("{value:.3e}") }
}
