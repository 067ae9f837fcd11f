//! What the records say to one part of a claim.

use super::Finding;
use crate::analysis::stats::compare::{Comparison, Verdict};
use crate::experiment::metric::{self, Unit};

/// One comparison, or one statement, with its numbers.
pub enum Evidence {
    /// Two arms compared, Holm's correction still to come.
    Compared {
        /// The two, for the evidence.
        between: String,
        /// First against second.
        comparison: Comparison,
    },
    /// All else.
    Told {
        /// What they say.
        finding: Finding,
        /// In numbers.
        evidence: String,
        /// From so many seeds.
        seeds: usize,
    },
}

impl Evidence {
    /// Nothing could be told, for this reason.
    pub fn open(evidence: String, seeds: usize) -> Self {
        Self::Told { finding: Finding::Inconclusive, evidence, seeds }
    }

    /// What it says.
    pub fn finding(&self) -> Finding {
        match self {
            Self::Told { finding, .. } => *finding,
            Self::Compared { comparison, .. } => match comparison.verdict() {
                Verdict::Larger => Finding::Confirmed,
                Verdict::Smaller => Finding::Refuted,
                Verdict::Inconclusive => Finding::Inconclusive,
            },
        }
    }

    /// Its numbers.
    pub fn in_words(&self, metric: &str) -> String {
        match self {
            Self::Told { evidence, .. } => evidence.clone(),
            Self::Compared { between, comparison } => format!("{between}: {}", in_words(comparison, metric)),
        }
    }

    /// The seeds behind it.
    pub fn seeds(&self) -> usize {
        match self {
            Self::Told { seeds, .. } => *seeds,
            Self::Compared { comparison, .. } => comparison.pairs,
        }
    }
}

/// A comparison in one line: effect, interval, n, p.
pub fn in_words(c: &Comparison, metric: &str) -> String {
    // Shares are read in percentage points.
    let (scale, unit, digits) = match metric::unit(metric) {
        Unit::Percent => (100.0, " pp", 2),
        Unit::Decibel => (1.0, " dB", 2),
        Unit::Plain => (1.0, "", if c.difference.abs() < 0.01 { 5 } else { 4 }),
    };
    let interval =
        c.interval.map_or(String::new(), |i| format!(" [{:+.digits$}, {:+.digits$}]", i.low * scale, i.high * scale));
    // To beat is to have the better value, whichever way that is.
    let better = metric::higher_is_better(metric);
    let (chance, ends) = if better {
        (c.beats, c.beats_interval.map(|i| (i.low, i.high)))
    } else {
        (1.0 - c.beats, c.beats_interval.map(|i| (1.0 - i.high, 1.0 - i.low)))
    };
    let beats = ends.map_or(String::new(), |(low, high)| format!(" [{low:.2}, {high:.2}]"));
    let name = if c.family > 1 { "Holm p" } else { "p" };
    let p = c.p_holm.or(c.p).map_or("p n/a".into(), |p| format!("{name} {}", p_value(p)));
    format!(
        "ΔIQM {:+.digits$}{unit}{interval}, P(run beats) {chance:.2}{beats}, {} paired seeds, {p}",
        c.difference * scale,
        c.pairs
    )
}

/// `0.031`, `0.0006`, `< 0.0001`.
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 0.0001 => "< 0.0001".into(),
        p if p < 0.01 => format!("{p:.4}"),
        p => format!("{p:.3}"),
    }
}
