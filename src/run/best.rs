//! The best validation score met so far, for the line that shows progress.
//!
//! In: records as they come. Out: a few words.

use crate::experiment::metric::Metric;
use crate::record::TrialRecord;

/// The best validation score so far.
pub struct BestScore {
    arm: String,
    metric: Metric,
    value: f64,
}

impl BestScore {
    /// A record's, where it has one.
    pub fn of(record: &TrialRecord) -> Option<Self> {
        let best = |metric| Some(Self { arm: record.arm.clone(), value: record.metric(&metric)?, metric });
        best(Metric::ValidationAccuracy).or_else(|| best(Metric::ValidationLoss))
    }

    /// Whether it is better than another of the same metric.
    pub fn beats(&self, other: &Self) -> bool {
        let higher = self.metric.higher_is_better();
        self.metric == other.metric && if higher { self.value > other.value } else { self.value < other.value }
    }
}

impl std::fmt::Display for BestScore {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let number = self.metric.format(self.value);
        let unit = if self.metric.is_percent() { " %" } else { "" };
        write!(f, "{number}{unit} ({})", self.arm)
    }
}
