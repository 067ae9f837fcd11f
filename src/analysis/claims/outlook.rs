//! What the claims of a plan can come to, before anything is trained.

use super::language::{Side, Statistic, Test};
use super::{ParsedTest, parse};
use crate::analysis::stats::MIN_SEEDS_FOR_INTERVAL;
use crate::analysis::stats::describe::{median, sd};
use crate::analysis::stats::looks::level;
use crate::analysis::stats::power::{half_width, half_width_of_difference, least_difference, least_p_of_median};
use crate::experiment::metric::Metric;
use crate::experiment::plan::Plan;
use crate::experiment::quantity::Quantity;
use crate::experiment::spec::Claim;
use crate::record::{TrialRecord, by_seed};

use super::evidence::margin_text;

/// What a plan's seeds can show.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// The sentence about differences, or about the interval of the only arm.
    pub differences: String,
    /// A sentence for each claim that these seeds cannot decide, or not in the sense claimed.
    pub undecidable: Vec<String>,
}

/// The outlook of a plan. `earlier` are records of runs like these, whose spread is taken; `spread`, a standard deviation of the quantity that
/// ranks the arms, replaces it for that quantity. `None` for a plan that is the same for every seed.
pub fn outlook(plan: &Plan, earlier: &[TrialRecord], spread: Option<f64>) -> Option<Outlook> {
    if plan.is_deterministic() {
        return None;
    }
    let runs = plan.seeds.len();
    let spread_of = |quantity: &Quantity| {
        spread.filter(|_| *quantity == plan.metric).or_else(|| spread_of_runs(plan, earlier, quantity))
    };
    let of_claim = |claim: &Claim| parse(claim, plan).unwrap_or_default();
    let parsed: Vec<ParsedTest> = plan.claims.iter().flat_map(of_claim).collect();
    let parts: usize = parsed.iter().map(|one| one.test.parts()).sum();
    // Holm's method decides the smallest p-value of a family at this level.
    let tests = parts.max(1);
    let level = level(&plan.looks, runs as u64);
    let strictest = level / tests as f64;
    let family = if tests == 1 { "one test".into() } else { format!("{tests} tests") };
    let is_alone = plan.arms.len() == 1;
    let shown = if is_alone { half_width(1.0, runs, strictest) } else { least_difference(1.0, runs, strictest) };
    let (what, called) = match is_alone {
        true => ("an interval reaches", "to either side"),
        false => ("a difference of", "is called with 80 % power"),
    };
    let differences = match (shown, spread_of(&plan.metric)) {
        (None, _) => format!("{runs} seeds show nothing: it takes {MIN_SEEDS_FOR_INTERVAL} or more"),
        (Some(sds), Some(spread)) => format!(
            "{runs} seeds an arm and {family}: {what} {} {called}, for runs that spread by {}",
            margin_text(sds * spread, &plan.metric),
            margin_text(spread, &plan.metric)
        ),
        (Some(sds), None) => {
            format!("{runs} seeds an arm and {family}: {what} {sds:.1} standard deviations of the runs {called}")
        }
    };
    let undecidable = parsed.iter().filter_map(|ParsedTest { text, test, quantity, .. }| {
        let why = obstacle(test, quantity, runs, [level, strictest], spread_of(quantity))?;
        Some(format!("`{text}`: {why}"))
    });
    Some(Outlook { differences, undecidable: undecidable.collect() })
}

/// The median over arms of the standard deviation of their runs; `None` where no arm has two.
fn spread_of_runs(plan: &Plan, records: &[TrialRecord], quantity: &Quantity) -> Option<f64> {
    let mut seeds: Vec<u64> = records.iter().map(|record| record.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let of_arm = |label: &str| {
        let values = by_seed(records, label, &seeds, quantity).into_iter().flatten();
        sd(&values.filter(|value| value.is_finite()).collect::<Vec<_>>())
    };
    let spreads: Vec<f64> = plan.arms.iter().filter_map(|arm| of_arm(&arm.label)).collect();
    Some(median(&spreads)).filter(|spread| *spread > 0.0)
}

/// Why so many runs cannot decide a test, or not in the sense claimed; `None` where nothing is known against it. The levels are that of the
/// last test that Holm's method decides, and that of the first.
fn obstacle(
    test: &Test,
    quantity: &Quantity,
    runs: usize,
    [level, strictest]: [f64; 2],
    spread: Option<f64>,
) -> Option<String> {
    if runs < MIN_SEEDS_FOR_INTERVAL {
        return Some(format!("never decided by {runs} seeds; it takes {MIN_SEEDS_FOR_INTERVAL} or more"));
    }
    let first = |enough: &dyn Fn(usize) -> bool| (runs + 1..=10_000).find(|&more| enough(more));
    let takes = |more: Option<usize>| more.map_or(String::new(), |more| format!("; it takes about {more}"));
    let is_share = *quantity == Quantity::from(Metric::Diverged);
    match test {
        Test::Order(pairs) => pairs.iter().find_map(|[a, b]| {
            let (side, number) = match (a.without_margin(), b.without_margin()) {
                (Side::Number(number), side) | (side, Side::Number(number)) => (side, *number),
                _ => return None,
            };
            if is_share {
                // All runs, or none: Clopper and Pearson's p-values of the two extremes.
                let least = |runs: usize| 2.0 * number.min(1.0 - number).max(0.0).powi(runs as i32);
                let more = first(&|more| least(more) <= level);
                return (least(runs) > level)
                    .then(|| format!("never decided by {runs} seeds, even if all agree{}", takes(more)));
            }
            let is_median = matches!(side, Side::Arm(Statistic::Median, _));
            (is_median && least_p_of_median(runs) > level).then(|| {
                let more = first(&|more| least_p_of_median(more) <= level);
                format!("never decided by {runs} seeds, even if all agree{}", takes(more))
            })
        }),
        Test::Same { within, .. } => {
            let reach = |runs: usize| half_width_of_difference(spread?, runs, strictest);
            (reach(runs)? >= *within).then(|| {
                let more = first(&|more| reach(more).is_some_and(|reach| reach < *within));
                let reach = margin_text(reach(runs).unwrap_or_default(), quantity);
                format!("not confirmed by {runs} seeds, whose interval reaches {reach} to either side{}", takes(more))
            })
        }
        Test::Range { side: Side::Arm(Statistic::Iqm | Statistic::Mean, _) | Side::Best(_), low, high }
            if !is_share =>
        {
            let half = (high - low) / 2.0;
            let reach = |runs: usize| half_width(spread?, runs, strictest);
            (reach(runs)? >= half).then(|| {
                let more = first(&|more| reach(more).is_some_and(|reach| reach < half));
                let reach = margin_text(reach(runs).unwrap_or_default(), quantity);
                format!("not confirmed by {runs} seeds, whose interval reaches {reach} to either side{}", takes(more))
            })
        }
        Test::Range { .. } | Test::Table { .. } | Test::Equation { .. } | Test::Trend { .. } => None,
    }
}
