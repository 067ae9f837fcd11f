//! What the records say to one part of a claim.

use super::Finding;
use crate::analysis::stats::compare::{Comparison, Effect};
use crate::analysis::stats::family::Decision;
use crate::analysis::stats::hypothesis::{Answer, Region, Tested};
use crate::analysis::stats::{Interval, SIGNIFICANCE};
use crate::experiment::metric::Unit;
use crate::experiment::quantity::Quantity;

/// The evidence for one part of a claim's test.
pub enum Evidence {
    /// Two arms compared by their interquartile means.
    Comparison {
        /// The two arms: `first - second`.
        between: String,
        /// The first against the second.
        comparison: Comparison,
        /// What else there is to say of the runs; empty if nothing.
        note: String,
    },
    /// A number tested.
    Number {
        /// What it is.
        what: String,
        /// The number, and where it is claimed to lie.
        tested: Tested,
        /// The runs behind it.
        seeds: usize,
        /// What else there is to say of the runs; empty if nothing.
        note: String,
    },
    /// What is known without a test, or cannot be known.
    Settled {
        /// What the records say.
        finding: Finding,
        /// The numbers behind it.
        text: String,
        /// The number of seeds behind it.
        seeds: usize,
        /// The one number that it is about, where there is one.
        value: Option<f64>,
    },
}

impl Evidence {
    /// Evidence that settles nothing, for the reason in `text`.
    pub fn inconclusive(text: String, seeds: usize) -> Self {
        Self::Settled { finding: Finding::Inconclusive, text, seeds, value: None }
    }

    /// The test behind it, if there is one. It waits for the correction over all tests of a plan's claims.
    pub fn test_mut(&mut self) -> Option<&mut Tested> {
        match self {
            Self::Comparison { comparison, .. } => Some(&mut comparison.tested),
            Self::Number { tested, .. } => Some(tested),
            Self::Settled { .. } => None,
        }
    }

    /// The test behind it, if there is one.
    pub fn test(&self) -> Option<&Tested> {
        match self {
            Self::Comparison { comparison, .. } => Some(&comparison.tested),
            Self::Number { tested, .. } => Some(tested),
            Self::Settled { .. } => None,
        }
    }

    /// What it says of its part of the claim.
    pub fn finding(&self) -> Finding {
        match (self, self.test().map(Tested::answer)) {
            (Self::Settled { finding, .. }, _) => *finding,
            (_, Some(Answer::Yes)) => Finding::Confirmed,
            (_, Some(Answer::No)) => Finding::Refuted,
            (_, Some(Answer::Unclear) | None) => Finding::Inconclusive,
        }
    }

    /// Its numbers, for a report.
    pub fn text(&self, quantity: &Quantity) -> String {
        match self {
            Self::Settled { text, .. } => text.clone(),
            Self::Comparison { between, comparison, note } => {
                let is_short = comparison.effect == Effect::Difference && is_short_of_margin(&comparison.tested);
                let margin = if is_short { ": not by that margin" } else { "" };
                format!("{between}: {}{margin}{note}", comparison_text(comparison, quantity))
            }
            Self::Number { what, tested, seeds, note } => {
                // A standard deviation of shares is in percentage points, as a difference of shares is.
                let (scale, unit, digits) = if what.contains("sd(") { unit_of(quantity) } else { (1.0, "", 4) };
                let sign = |value: f64| {
                    let value = value * scale;
                    if what.contains(" - ") { format!("{value:+.digits$}") } else { format!("{value:.digits$}") }
                };
                let ends = tested.interval();
                let ends =
                    ends.map_or(String::new(), |Interval { low, high }| format!(" [{}, {}]", sign(low), sign(high)));
                format!(
                    "{what} = {}{unit}{ends}{}, {seeds} runs, {}{note}",
                    sign(tested.inference.estimate),
                    confidence_text(&tested.decision),
                    p_text(&tested.decision)
                )
            }
        }
    }

    /// The one number that it is about, with its interval; `None` for a comparison of two arms.
    pub fn number(&self) -> Option<(f64, Option<Interval>)> {
        match self {
            Self::Number { tested, .. } => Some((tested.inference.estimate, tested.interval())),
            Self::Settled { value, .. } => Some(((*value)?, None)),
            Self::Comparison { .. } => None,
        }
    }

    /// The number of seeds behind it.
    pub fn seeds(&self) -> usize {
        match self {
            Self::Settled { seeds, .. } | Self::Number { seeds, .. } => *seeds,
            Self::Comparison { comparison, .. } => comparison.runs[0].min(comparison.runs[1]),
        }
    }
}

/// Whether a claim was refuted because of its margin alone: the difference may well have the claimed sign.
fn is_short_of_margin(tested: &Tested) -> bool {
    let has_sign = |interval: Interval| interval.high > 0.0;
    matches!(tested.region, Region::Above(margin) if margin > 0.0)
        && tested.answer() == Answer::No
        && tested.interval().is_some_and(has_sign)
}

/// A difference of a quantity, without its sign.
pub fn margin_text(margin: f64, quantity: &Quantity) -> String {
    match quantity.unit() {
        Unit::Percent => format!("{:.2} pp", 100.0 * margin),
        Unit::Decibel => format!("{margin:.2} dB"),
        Unit::Plain => format!("{margin:.4}"),
    }
}

/// The factor, the unit and the decimal places of differences of a quantity; those of shares are in percentage points.
pub fn unit_of(quantity: &Quantity) -> (f64, &'static str, usize) {
    match quantity.unit() {
        Unit::Percent => (100.0, " pp", 2),
        Unit::Decibel => (1.0, " dB", 2),
        Unit::Plain => (1.0, "", 4),
    }
}

/// A comparison of two arms on a quantity in one line: effect, interval, number of runs, p-value.
pub fn comparison_text(c: &Comparison, quantity: &Quantity) -> String {
    let (scale, unit, mut digits) = unit_of(quantity);
    if quantity.unit() == Unit::Plain && c.difference().is_some_and(|difference| difference.abs() < 0.01) {
        digits += 1;
    }
    let decision = &c.tested.decision;
    let confidence = confidence_text(decision);
    let ends = |i: Interval| format!(" [{:+.digits$}, {:+.digits$}]{confidence}", i.low * scale, i.high * scale);
    let difference = match c.difference() {
        Some(difference) => {
            let ends = c.interval().map_or(String::new(), ends);
            format!("ΔIQM {:+.digits$}{unit}{ends}, ", difference * scale)
        }
        None => "no IQM, since too many runs diverged; ".into(),
    };
    // A run is improved on by a better value, which is the smaller one of a loss.
    let (improvement, ends) = c.probability_of_better(quantity.higher_is_better());
    let ends = ends.map_or(String::new(), |Interval { low, high }| format!(" [{low:.2}, {high:.2}]"));
    format!("{difference}P(improvement) {improvement:.2}{ends}, {}, {}", c.runs_text(), p_text(decision))
}

/// The confidence of an interval, unless it is 95 %.
fn confidence_text(decision: &Decision) -> String {
    if decision.level == SIGNIFICANCE { String::new() } else { format!(" at {:.1} %", 100.0 * (1.0 - decision.level)) }
}

fn p_text(decision: &Decision) -> String {
    let name = if decision.tests > 1 { "Holm p" } else { "p" };
    format!("{name} {}", p_value_text(decision.p))
}

/// A p-value as reports show it: `0.031`, `0.0006`, `< 0.0001`.
pub fn p_value_text(p: f64) -> String {
    match p {
        p if p < 0.0001 => "< 0.0001".into(),
        p if p < 0.01 => format!("{p:.4}"),
        p => format!("{p:.3}"),
    }
}
