//! What the records say to one part of a claim.

use super::Finding;
use crate::analysis::stats::compare::{Comparison, Verdict};
use crate::experiment::metric::{Quantity, Unit};

/// The evidence for one part of a claim's test.
pub enum Evidence {
    /// Two arms compared. The finding waits for Holm's correction over all comparisons of a plan's claims.
    Comparison {
        /// The two arms: `first - second`.
        between: String,
        /// The first against the second.
        comparison: Comparison,
    },
    /// Any other evidence, whose finding depends on no other claim.
    Judged {
        /// What the records say.
        finding: Finding,
        /// The numbers behind it.
        text: String,
        /// The number of seeds behind it.
        seeds: usize,
    },
}

impl Evidence {
    /// Evidence that settles nothing, for the reason in `text`.
    pub fn inconclusive(text: String, seeds: usize) -> Self {
        Self::Judged { finding: Finding::Inconclusive, text, seeds }
    }

    /// What it says of its part of the claim.
    pub fn finding(&self) -> Finding {
        match self {
            Self::Judged { finding, .. } => *finding,
            Self::Comparison { comparison, .. } => match comparison.verdict() {
                Verdict::Larger => Finding::Confirmed,
                Verdict::Smaller => Finding::Refuted,
                Verdict::Inconclusive => Finding::Inconclusive,
            },
        }
    }

    /// Its numbers, for a report.
    pub fn text(&self, quantity: &Quantity) -> String {
        match self {
            Self::Judged { text, .. } => text.clone(),
            Self::Comparison { between, comparison } => format!("{between}: {}", comparison_text(comparison, quantity)),
        }
    }

    /// The number of seeds behind it.
    pub fn seeds(&self) -> usize {
        match self {
            Self::Judged { seeds, .. } => *seeds,
            Self::Comparison { comparison, .. } => comparison.pairs,
        }
    }
}

/// A comparison of two arms on a quantity in one line: effect, interval, number of seeds, p-value.
pub fn comparison_text(c: &Comparison, quantity: &Quantity) -> String {
    // Differences of shares are in percentage points.
    let (scale, unit, digits) = match quantity.unit() {
        Unit::Percent => (100.0, " pp", 2),
        Unit::Decibel => (1.0, " dB", 2),
        Unit::Plain => (1.0, "", if c.difference.abs() < 0.01 { 5 } else { 4 }),
    };
    let interval =
        c.interval.map_or(String::new(), |i| format!(" [{:+.digits$}, {:+.digits$}]", i.low * scale, i.high * scale));
    // A run is improved on by a better value, which is the smaller one of a loss.
    let (improvement, ends) = if quantity.higher_is_better() {
        (c.probability_of_improvement, c.improvement_interval.map(|i| (i.low, i.high)))
    } else {
        (1.0 - c.probability_of_improvement, c.improvement_interval.map(|i| (1.0 - i.high, 1.0 - i.low)))
    };
    let ends = ends.map_or(String::new(), |(low, high)| format!(" [{low:.2}, {high:.2}]"));
    let name = if c.family > 1 { "Holm p" } else { "p" };
    let p = c.p_holm.or(c.p).map_or("p n/a".into(), |p| format!("{name} {}", p_value_text(p)));
    format!(
        "ΔIQM {:+.digits$}{unit}{interval}, P(improvement) {improvement:.2}{ends}, {} paired seeds, {p}",
        c.difference * scale,
        c.pairs
    )
}

/// A p-value as reports show it: `0.031`, `0.0006`, `< 0.0001`.
pub fn p_value_text(p: f64) -> String {
    match p {
        p if p < 0.0001 => "< 0.0001".into(),
        p if p < 0.01 => format!("{p:.4}"),
        p => format!("{p:.3}"),
    }
}
