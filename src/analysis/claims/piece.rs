//! What the records say to one part of a claim.

use super::{Finding, in_words};
use crate::analysis::stats::compare::{Comparison, Verdict};

/// One comparison, or one statement, with its numbers.
pub enum Piece {
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

impl Piece {
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
    pub fn evidence(&self, metric: &str) -> String {
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
