//! What a search found: its best arm, and how much each setting has to do with the scores.
//!
//! In: a plan whose arms are samples, and its records. Out: a [`SearchSummary`].

use serde::Serialize;
use serde_json::Value;

use super::stats::Interval;
use super::stats::describe::mean;
use crate::experiment::config::TrialConfig;
use crate::experiment::plan::Plan;
use crate::experiment::quantity::Quantity;
use crate::record::{TrialRecord, by_seed};

/// What a search found.
#[derive(Debug, Clone, Serialize)]
pub struct SearchSummary {
    /// The label of the arm that validates best.
    pub best: String,
    /// How much each setting explains, in the order of the axes; empty where there are too few arms to tell.
    pub importances: Vec<Importance>,
    /// The arms behind the importances.
    pub arms: usize,
    /// An experiment of the best arm alone, as TOML.
    #[serde(skip)]
    pub experiment: String,
}

/// How much of the scores one setting explains.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Importance {
    /// The setting's short name.
    pub axis: String,
    /// The share of the variance of the arms' ranks that the setting alone explains: epsilon squared (Kelley, "An unbiased correlation ratio
    /// measure", 1935) over groups of values. Around 0 for a setting without effect.
    pub share: f64,
    /// Its interval, by leaving out one arm at a time.
    pub interval: Option<Interval>,
}

/// Fewer arms than this tell nothing about a setting.
const MIN_ARMS: usize = 12;
/// The most groups that the values of a range are put into.
const MAX_GROUPS: usize = 4;
/// The fewest arms of a group of a range.
const GROUP: usize = 4;

/// The experiment in `best.toml`.
#[derive(Serialize)]
struct BestExperiment<'a> {
    question: String,
    seeds: u64,
    #[serde(flatten)]
    config: &'a TrialConfig,
}

impl SearchSummary {
    /// What the records of a search say; `None` for a plan that is none, or without a best arm. `best` is the label of the best arm.
    ///
    /// # Errors
    /// The best arm's settings cannot be written as TOML.
    pub fn new(plan: &Plan, records: &[TrialRecord], best: Option<&str>) -> anyhow::Result<Option<Self>> {
        let Some((best, config)) = best.filter(|_| plan.is_search).and_then(|best| Some((best, plan.config_of(best)?)))
        else {
            return Ok(None);
        };
        let scores: Vec<(usize, f64)> =
            (0..plan.arms.len()).filter_map(|arm| Some((arm, score(plan, records, arm)?))).collect();
        let experiment = BestExperiment {
            question: format!("The arm of the search `{}` that validates best", plan.name),
            seeds: plan.seeds.len() as u64,
            config,
        };
        Ok(Some(Self {
            best: best.into(),
            importances: importances(plan, &scores),
            arms: scores.len(),
            experiment: toml::to_string(&experiment)?,
        }))
    }
}

/// How well an arm did, the higher the better: after the first rung of a search that halves, which every arm reaches, else by the quantity
/// that ranks the arms. Minus infinity for one that diverged; `None` for one without a record.
fn score(plan: &Plan, records: &[TrialRecord], arm: usize) -> Option<f64> {
    let label = &plan.arms[arm].label;
    if let Some(halving) = plan.halving {
        let first = records.iter().find(|record| record.arm == *label && record.seed == 0)?;
        return Some(first.validation_after(halving.from).map_or(f64::NEG_INFINITY, |score| score.first));
    }
    let quantity: &Quantity = &plan.metric;
    let values: Vec<f64> = by_seed(records, label, &plan.seeds, quantity).into_iter().flatten().collect();
    (!values.is_empty()).then(|| quantity.goodness(mean(&values)))
}

fn importances(plan: &Plan, scores: &[(usize, f64)]) -> Vec<Importance> {
    if scores.len() < MIN_ARMS {
        return Vec::new();
    }
    let ranks = ranks(&scores.iter().map(|(_, score)| *score).collect::<Vec<_>>());
    let of_axis = |(index, axis): (usize, &String)| {
        let values: Vec<&Value> = scores.iter().map(|(arm, _)| &plan.arms[*arm].values[index].1).collect();
        let groups = groups(&values);
        let share = epsilon_squared(&groups, &ranks)?;
        Some(Importance { axis: axis.clone(), share, interval: jackknife(share, &groups, &ranks) })
    };
    plan.axes.iter().enumerate().filter_map(of_axis).collect()
}

/// The rank of each value, the mean of those of equal ones; 1 for the smallest.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| *other == value).count();
        below as f64 + (equal as f64 + 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}

/// The group of each arm by its value on an axis: one for each of a few values, else neighbouring numbers together, equally many each.
fn groups(values: &[&Value]) -> Vec<usize> {
    let mut distinct: Vec<&Value> = Vec::new();
    for value in values {
        if !distinct.contains(value) {
            distinct.push(value);
        }
    }
    let numbers: Option<Vec<f64>> = values.iter().map(|value| value.as_f64()).collect();
    match numbers {
        Some(numbers) if distinct.len() > MAX_GROUPS.min(values.len() / GROUP) => {
            let count = (values.len() / GROUP).clamp(2, MAX_GROUPS);
            let mut order: Vec<usize> = (0..numbers.len()).collect();
            order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
            let mut groups = vec![0; numbers.len()];
            for (place, index) in order.into_iter().enumerate() {
                groups[index] = place * count / numbers.len();
            }
            groups
        }
        _ => values.iter().map(|value| distinct.iter().position(|other| other == value).unwrap_or(0)).collect(),
    }
}

/// `(SSB - (g - 1) MSW) / SST` over g groups: the share of the variance between groups, less what chance would leave there. `None` where it is
/// not defined: one group, no variance, or no two values in any group.
fn epsilon_squared(groups: &[usize], values: &[f64]) -> Option<f64> {
    let count = groups.iter().max()? + 1;
    let mut members: Vec<Vec<f64>> = vec![Vec::new(); count];
    for (&group, &value) in groups.iter().zip(values) {
        members[group].push(value);
    }
    members.retain(|group| !group.is_empty());
    let (all, g) = (values.len() as f64, members.len() as f64);
    let middle = mean(values);
    let total: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
    let between: f64 = members.iter().map(|group| group.len() as f64 * (mean(group) - middle).powi(2)).sum();
    if g < 2.0 || all <= g || total <= 0.0 {
        return None;
    }
    Some((between - (g - 1.0) * (total - between) / (all - g)) / total)
}

/// The estimate give or take two standard errors, which are those of the jackknife (Efron and Stein, 1981), cut off at 0 and 1.
fn jackknife(share: f64, groups: &[usize], values: &[f64]) -> Option<Interval> {
    let n = values.len();
    let without = |left_out: usize| {
        let kept = |index: &usize| *index != left_out;
        let groups: Vec<usize> = (0..n).filter(kept).map(|index| groups[index]).collect();
        let values: Vec<f64> = (0..n).filter(kept).map(|index| values[index]).collect();
        epsilon_squared(&groups, &ranks(&values))
    };
    let all: Vec<f64> = (0..n).map(without).collect::<Option<_>>()?;
    let middle = mean(&all);
    let variance = (n as f64 - 1.0) / n as f64 * all.iter().map(|value| (value - middle).powi(2)).sum::<f64>();
    let reach = 2.0 * variance.sqrt();
    Some(Interval { low: (share - reach).clamp(0.0, 1.0), high: (share + reach).clamp(0.0, 1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, Stream};

    #[test]
    fn the_share_of_the_variance_is_that_of_a_hand_worked_table() {
        // Groups 1, 2, 3 and 4, 5, 6: means 2 and 5 around 3.5. SST 17.5, SSB 13.5, SSW 4, MSW 1: 12.5 / 17.5.
        let found = epsilon_squared(&[0, 0, 0, 1, 1, 1], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert!((found - 12.5 / 17.5).abs() < 1e-12, "{found}");
        // Equal means: SSB 0, SST 4, MSW 2.
        let found = epsilon_squared(&[0, 0, 1, 1], &[1.0, 3.0, 1.0, 3.0]).unwrap();
        assert!((found + 2.0 / 4.0).abs() < 1e-12, "{found}");
        assert_eq!(epsilon_squared(&[0, 0], &[1.0, 2.0]), None);
    }

    #[test]
    fn equal_scores_share_their_ranks_and_what_diverged_comes_last() {
        assert_eq!(ranks(&[0.5, f64::NEG_INFINITY, 0.7, 0.5]), [2.5, 1.0, 4.0, 2.5]);
    }

    #[test]
    fn a_range_is_cut_into_groups_of_neighbours_and_a_choice_is_its_own_group() {
        let numbers: Vec<Value> = (0..16).map(|i| Value::from(f64::from(15 - i))).collect();
        let found = groups(&numbers.iter().collect::<Vec<_>>());
        assert_eq!(found, [3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0]);
        let names: Vec<Value> = ["a", "b", "a"].map(Value::from).to_vec();
        assert_eq!(groups(&names.iter().collect::<Vec<_>>()), [0, 1, 0]);
    }

    #[test]
    fn the_setting_that_decides_explains_most_and_one_without_effect_about_nothing() {
        let mut shares = (Vec::new(), Vec::new());
        for seed in 0..40 {
            let mut stream = Stream::new(seed, Purpose::Pick, 0);
            let arms: Vec<[f64; 2]> = (0..32).map(|_| [stream.unit(), stream.unit()]).collect();
            let scores: Vec<f64> = arms.iter().map(|[a, _]| a + 0.1 * stream.normal()).collect();
            let ranks = ranks(&scores);
            let of = |axis: usize| {
                let values: Vec<Value> = arms.iter().map(|arm| Value::from(arm[axis])).collect();
                epsilon_squared(&groups(&values.iter().collect::<Vec<_>>()), &ranks).unwrap()
            };
            shares.0.push(of(0));
            shares.1.push(of(1));
        }
        assert!(mean(&shares.0) > 0.7 && mean(&shares.1).abs() < 0.05, "{} {}", mean(&shares.0), mean(&shares.1));
    }
}
