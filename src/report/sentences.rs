//! Verdicts in words.

use crate::analysis::claims::{Finding, JudgedClaim, comparison_text};
use crate::analysis::stats::MIN_SEEDS_FOR_TRUST;
use crate::analysis::stats::compare::Verdict;
use crate::analysis::summary::ArmComparison;
use crate::experiment::metric::Quantity;

/// Which of two arms wins, by how much, how sure, from how many seeds; or that it is open, and how many seeds would settle it.
pub fn verdict_line(versus: &ArmComparison, metric: &Quantity) -> String {
    let ArmComparison { a, b, comparison, note } = versus;
    let numbers = comparison_text(comparison, metric);
    let line = match comparison.verdict() {
        Verdict::Larger => format!("{a} > {b}: {numbers}"),
        Verdict::Smaller => format!("{a} < {b}: {numbers}"),
        Verdict::Inconclusive => {
            let more = match comparison.seeds_needed() {
                Some(n) if n <= 1000 => format!("; about {n} seeds would settle a difference this size"),
                Some(_) => "; more than 1000 seeds would be needed for a difference this size".into(),
                None => String::new(),
            };
            format!("{a} ? {b}: inconclusive, {numbers}{more}")
        }
    };
    let line = if note.is_empty() { line } else { format!("{line}; {note}") };
    if comparison.has_few_seeds() {
        format!("{line} (warning: below {MIN_SEEDS_FOR_TRUST} seeds these intervals are too narrow)")
    } else {
        line
    }
}

/// A claim and what became of it.
pub fn claim_line(judged: &JudgedClaim) -> String {
    format!("{}: {} ({})", finding(judged.finding), judged.says, judged.evidence)
}

/// One word, in capitals where it stands first.
pub fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::Confirmed => "CONFIRMED",
        Finding::Refuted => "REFUTED",
        Finding::Inconclusive => "INCONCLUSIVE",
        Finding::Untestable => "NOT TESTABLE",
    }
}
