//! Summaries for tests: a plan from a few lines of TOML, with a made-up record of every trial.

use crate::analysis::summary::Summary;
use crate::evaluate::predictions::Predictions;
use crate::experiment::metric::Metric;
use crate::experiment::plan::{Plan, Trial};
use crate::experiment::spec::Spec;
use crate::record::{Bytes, History, MadeWith, Metrics, SCHEMA, Status, TrialRecord};

/// A plan and its records, which the methods fill.
pub struct Fixture {
    plan: Plan,
    records: Vec<TrialRecord>,
}

impl Fixture {
    /// Finished records without metrics for every trial of an experiment; `toml` follows its question.
    pub fn new(toml: &str) -> Self {
        let spec = Spec::parse("made-up", "made-up.toml", &format!("question = 'Which is best?'\n{toml}")).unwrap();
        let plan = Plan::new(&spec).unwrap();
        let record = |trial: Trial| TrialRecord {
            schema: SCHEMA,
            id: format!("{}/{}", trial.label, trial.seed),
            axes: trial.values.into_iter().collect(),
            arm: trial.label,
            seed: trial.seed,
            status: Status::Done,
            diverged_epoch: None,
            pruned_epoch: None,
            stopped_epoch: None,
            error: None,
            epochs_kept: None,
            history: History::default(),
            metrics: Metrics::default(),
            confusion: Vec::new(),
            mistakes: Vec::new(),
            predictions: Predictions::default(),
            decision_grid: None,
            path: Vec::new(),
            train_examples: None,
            checks: Default::default(),
            layers: Vec::new(),
            epoch: None,
            made_with: MadeWith {
                kindling: "0.1.0".into(),
                burn: "0.22.1".into(),
                backend: "flex".into(),
                bytes: Bytes::Portable,
                dataset: trial.config.data.full_name(),
                data: "0123456789abcdef".into(),
            }
            .into(),
            seconds: 2.5,
        };
        let records = plan.trials().map(record).collect();
        Self { plan, records }
    }

    /// Gives records a metric by their arm's label and seed; `None` leaves it out.
    pub fn metric(self, name: &str, value: impl Fn(&str, u64) -> Option<f64>) -> Self {
        self.each(|record| {
            if let Some(value) = value(&record.arm, record.seed) {
                record.metrics.insert(Metric::of_record(name), value);
            }
        })
    }

    /// Makes every run of an arm one that diverged in this epoch.
    pub fn diverged(self, arm: &str, epoch: usize) -> Self {
        self.each(|record| {
            if record.arm == arm {
                (record.status, record.diverged_epoch) = (Status::Diverged, Some(epoch));
            }
        })
    }

    /// Changes every record.
    pub fn each(mut self, change: impl Fn(&mut TrialRecord)) -> Self {
        self.records.iter_mut().for_each(change);
        self
    }

    pub fn summary(self) -> Summary {
        Summary::new(&self.plan, self.records).unwrap()
    }
}
