//! Seeds added look by look, until what was asked for is known or the budget is used.

use std::path::Path;

use anyhow::{Result, bail, ensure};

use super::Exit;
use super::run::{Run, RunOptions};
use crate::analysis::claims::{Finding, JudgedClaim};
use crate::analysis::stats::looks::{level, looks};
use crate::analysis::summary::Summary;
use crate::experiment::metric::Unit;
use crate::experiment::plan::Plan;
use crate::experiment::quantity::Quantity;
use crate::experiment::spec::Spec;
use crate::terminal;

/// What seeds are added for.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Every claim is to be confirmed or refuted.
    pub claims: bool,
    /// Half the width that the interval of every arm is to have at most, as typed: `0.1pp`, `0.02`.
    pub precision: Option<String>,
}

/// The most seeds of an arm, where none are given.
pub const DEFAULT_BUDGET: u64 = 40;

impl Goal {
    /// Half the width that intervals are to have, in the quantity's own numbers.
    ///
    /// # Errors
    /// It is no number above 0, or its unit is not that of the quantity.
    fn half_width(&self, quantity: &Quantity) -> Result<Option<f64>> {
        self.precision.as_deref().map(|text| margin(text, quantity)).transpose()
    }

    /// What a summary leaves open, in words.
    fn open(&self, summary: &Summary, half_width: Option<f64>) -> Vec<String> {
        let is_open = |claim: &&JudgedClaim| matches!(claim.finding, Finding::Inconclusive | Finding::Underspecified);
        let claims = summary.claims.iter().filter(|_| self.claims).filter(is_open);
        let mut open: Vec<String> = claims.map(|claim| claim.says.clone()).collect();
        for arm in summary.arms.iter().filter(|_| half_width.is_some()) {
            let interval = arm.metric(&summary.metric).and_then(|found| found.iqm_interval);
            if interval.is_none_or(|interval| Some(interval.half_width()) > half_width) {
                open.push(format!("the interval of {}", arm.label));
            }
        }
        open
    }
}

/// A difference of a quantity as typed, `0.1pp` or `0.02`, in the quantity's own numbers.
///
/// # Errors
/// It is no number above 0, or its unit is not that of the quantity.
pub fn margin(text: &str, quantity: &Quantity) -> Result<f64> {
    let (number, scale, example) = match quantity.unit() {
        Unit::Percent => (text.strip_suffix("pp").map(str::trim), 0.01, "0.1pp"),
        Unit::Decibel => (text.strip_suffix("dB").map(str::trim), 1.0, "0.1dB"),
        Unit::Plain => (Some(text), 1.0, "0.02"),
    };
    match number.and_then(|number| number.parse::<f64>().ok()) {
        Some(number) if number > 0.0 && number.is_finite() => Ok(number * scale),
        _ => bail!("`{text}`: a difference of {quantity} is a number above 0, such as {example}"),
    }
}

/// Trains up to `budget` seeds an arm and reports at the look that leaves nothing open, or at the last.
///
/// # Errors
/// The goal does not fit the experiment, or the run could not start.
pub fn run(
    spec: &Spec,
    folder: &Path,
    options: &RunOptions,
    (goal, budget): (&Goal, u64),
    report: impl Fn(&Run, &Summary) -> Result<()>,
) -> Result<Exit> {
    let plan = Plan::new(spec)?;
    ensure!(
        spec.search.is_none(),
        "--until and --precision are not for a search: its arms are samples, of which one is to be chosen, and not compared"
    );
    ensure!(
        !goal.claims || plan.claims.iter().any(|claim| claim.untestable.is_none()),
        "--until known: the experiment has no claim to be decided; add [[claims]], or use --precision"
    );
    let half_width = goal.half_width(&plan.metric)?;
    let looks = looks(budget);
    for (index, &seeds) in looks.iter().enumerate() {
        let spec = Spec { seeds, looks: looks.clone(), ..spec.clone() };
        let mut is_over = false;
        // What the first look trained is not set aside by the second.
        let options = RunOptions { fresh: options.fresh.map(|fresh| fresh && index == 0), ..options.clone() };
        let exit = Run::prepare(spec, folder.to_path_buf(), &options)?.train(|run, summary| {
            let open = goal.open(summary, half_width);
            let is_whole = summary.records.len() == run.plan.arms.len() * run.plan.seeds.len();
            let has_failed = summary.arms.iter().any(|arm| arm.failed > 0);
            is_over = !is_whole || has_failed || open.is_empty() || index + 1 == looks.len();
            if is_whole && !options.quiet {
                let sure = 100.0 * (1.0 - level(&looks, seeds));
                let left = match (open.len(), looks.get(index + 1)) {
                    (0, _) => "nothing is open".into(),
                    (n, Some(next)) => format!("{n} open; next look at {next} seeds"),
                    (n, None) => format!("the budget is used, and {n} open: {}", open.join("; ")),
                };
                terminal::tell(format_args!(
                    "look {} of {}, {seeds} seeds, at {sure:.1} %: {left}",
                    index + 1,
                    looks.len()
                ));
            }
            if is_over { report(run, summary) } else { Ok(()) }
        })?;
        if is_over || exit != Exit::Done {
            return Ok(exit);
        }
    }
    Ok(Exit::Done)
}
