//! How soon a run reached a level: an accuracy of a training, a value of a descent.
//!
//! In: a record's scores by epoch, those within its epochs, and its points. Out: epochs, steps or examples. A run that never gets there
//! counts as one that does at the evaluation after its last: left out, an arm would be judged by its lucky runs.

use serde::{Deserialize, Serialize};

use super::{Status, TrialRecord};

/// Validation scores within the epochs of a training, in order. Those at the ends of epochs are in the history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// Optimizer steps before each.
    pub steps: Vec<usize>,
    /// Training examples before each, counted again in every epoch.
    pub examples: Vec<usize>,
    /// The loss on the validation examples.
    pub validation_loss: Vec<f32>,
    /// The accuracy on them; empty where the task has none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub validation_accuracy: Vec<f32>,
}

impl Checks {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// What one epoch of a training takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochSize {
    /// Optimizer steps.
    pub steps: usize,
    /// Training examples.
    pub examples: usize,
}

/// A validation accuracy, and how far the training had come.
struct Evaluation {
    steps: usize,
    examples: usize,
    accuracy: f32,
}

impl TrialRecord {
    /// The first epoch, counted from 1, whose accuracy is the level or more.
    pub(super) fn epochs_to(&self, level: f64, accuracies: &[f32]) -> Option<f64> {
        if accuracies.is_empty() || self.status != Status::Done {
            return None;
        }
        let reached = accuracies.iter().position(|&accuracy| accuracy >= level as f32);
        Some((reached.unwrap_or(accuracies.len()) + 1) as f64)
    }

    /// Steps of a training until its validation accuracy first was the level or more; of a descent, until its value first was the level or
    /// less, and one more than it had if it never was.
    pub(super) fn steps_to(&self, level: f64) -> Option<f64> {
        if self.path.is_empty() {
            return self.reached(level, |evaluation| evaluation.steps);
        }
        if self.status != Status::Done {
            return None;
        }
        let values = &self.history.train_loss;
        let reached = values.iter().position(|&value| value <= level as f32);
        Some(reached.unwrap_or(values.len()) as f64)
    }

    /// Training examples until the validation accuracy first was the level or more.
    pub(super) fn images_to(&self, level: f64) -> Option<f64> {
        self.reached(level, |evaluation| evaluation.examples)
    }

    /// How far the training had come, counted by `count`, when its validation accuracy first was the level or more.
    fn reached(&self, level: f64, count: fn(&Evaluation) -> usize) -> Option<f64> {
        let evaluations = self.evaluations()?;
        let found = evaluations.iter().find(|evaluation| evaluation.accuracy >= level as f32);
        let after_the_last = || {
            // As far again as from the start to the first evaluation.
            Some(count(evaluations.last()?) + count(evaluations.first()?))
        };
        found.map(count).or_else(after_the_last).map(|reached| reached as f64)
    }

    /// Every evaluation on the validation examples, in order: those at the ends of epochs, and those within. `None` for a run that did not
    /// finish, or whose task has no accuracy.
    fn evaluations(&self) -> Option<Vec<Evaluation>> {
        let EpochSize { steps, examples } = self.epoch?;
        if self.status != Status::Done || self.history.validation_accuracy.is_empty() {
            return None;
        }
        let ends = self.history.validation_accuracy.iter().zip(1..);
        let ends =
            ends.map(|(&accuracy, epoch)| Evaluation { steps: epoch * steps, examples: epoch * examples, accuracy });
        let Checks { steps, examples, validation_accuracy, .. } = &self.checks;
        let within = steps.iter().zip(examples).zip(validation_accuracy);
        let within = within.map(|((&steps, &examples), &accuracy)| Evaluation { steps, examples, accuracy });
        let mut all: Vec<Evaluation> = ends.chain(within).collect();
        all.sort_by_key(|evaluation| evaluation.steps);
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::metric::{Level, Metric};

    fn record(rest: &str) -> TrialRecord {
        let line = format!(
            r#"{{"schema":2,"id":"x","arm":"a","axes":{{}},"seed":0,"status":"done",{rest},"metrics":{{}},"made_with":{{"kindling":"0","burn":"0","backend":"flex","bytes":"portable","dataset":"d","data":"0"}},"seconds":1.0}}"#
        );
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_training_reaches_a_level_at_the_end_of_an_epoch() {
        let mut run = record(
            r#""history":{"train_loss":[1.0,0.5],"train_accuracy":[0.7,0.8],"validation_loss":[1.0,0.5],"validation_accuracy":[0.5,0.8]}"#,
        );
        let epochs = |run: &TrialRecord, metric: fn(Level) -> Metric| {
            [0.7, 0.8, 0.9].map(|level| run.metric(&metric(Level::new(level).unwrap())))
        };
        assert_eq!(epochs(&run, Metric::EpochsTo), [Some(2.0), Some(2.0), Some(3.0)]);
        assert_eq!(epochs(&run, Metric::EpochsToFit), [Some(1.0), Some(2.0), Some(3.0)]);
        // What an epoch is must be known.
        assert_eq!(run.steps_to(0.8), None);
        run.epoch = Some(EpochSize { steps: 5, examples: 48 });
        assert_eq!([0.3, 0.8, 0.9].map(|level| run.steps_to(level)), [Some(5.0), Some(10.0), Some(15.0)]);
        assert_eq!([0.3, 0.8, 0.9].map(|level| run.images_to(level)), [Some(48.0), Some(96.0), Some(144.0)]);
        run.status = Status::Diverged;
        assert_eq!((run.steps_to(0.5), run.images_to(0.5)), (None, None));
        assert_eq!([epochs(&run, Metric::EpochsTo), epochs(&run, Metric::EpochsToFit)], [[None; 3]; 2]);
    }

    #[test]
    fn evaluations_within_epochs_count_too() {
        let mut run = record(
            r#""history":{"train_loss":[1.0,0.5],"train_accuracy":[0.5,0.8],"validation_loss":[1.0,0.5],"validation_accuracy":[0.5,0.8]},"checks":{"steps":[2,4,6,8],"examples":[20,40,68,88],"validation_loss":[1.0,1.0,1.0,1.0],"validation_accuracy":[0.1,0.4,0.85,0.7]}"#,
        );
        run.epoch = Some(EpochSize { steps: 5, examples: 48 });
        assert_eq!([0.4, 0.5, 0.8].map(|level| run.steps_to(level)), [Some(4.0), Some(5.0), Some(6.0)]);
        assert_eq!([0.4, 0.5, 0.8].map(|level| run.images_to(level)), [Some(40.0), Some(48.0), Some(68.0)]);
        // The next evaluation would have come two steps after the end.
        assert_eq!((run.steps_to(0.9), run.images_to(0.9)), (Some(12.0), Some(116.0)));
    }

    #[test]
    fn a_descent_reaches_a_value_from_above() {
        let run = record(
            r#""history":{"train_loss":[4.0,2.0,1.0,1.5],"validation_loss":[]},"path":[[2.0],[1.0],[0.5],[0.7]]"#,
        );
        assert_eq!([4.0, 1.5, 0.5].map(|level| run.steps_to(level)), [Some(0.0), Some(2.0), Some(4.0)]);
        assert_eq!(run.images_to(1.0), None);
    }
}
