//! The best validation score met so far, for the line that shows progress.
//!
//! In: records as they come. Out: a few words.

use crate::experiment::metric;
use crate::record::TrialRecord;

/// The best validation score so far.
pub struct BestScore {
    arm: String,
    metric: &'static str,
    value: f64,
}

impl BestScore {
    /// A record's, where it has one.
    pub fn of(record: &TrialRecord) -> Option<Self> {
        let best = |metric| Some(Self { arm: record.arm.clone(), metric, value: record.metric(metric)? });
        best("validation_accuracy").or_else(|| best("validation_loss"))
    }

    /// Whether it is better than another of the same metric.
    pub fn beats(&self, other: &Self) -> bool {
        let higher = metric::higher_is_better(self.metric);
        self.metric == other.metric && if higher { self.value > other.value } else { self.value < other.value }
    }
}

impl std::fmt::Display for BestScore {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let number = metric::number(self.metric, self.value);
        let unit = if metric::is_percent(self.metric) { " %" } else { "" };
        write!(f, "{number}{unit} ({})", self.arm)
    }
}
