//! Losses and accuracies as a record keeps them.
//!
//! In: scores of epochs and of the test images. Out: the history and the metrics of a record.

use serde_json::{Map, Value};

use crate::evaluate::Scores;
use crate::record::History;
use crate::train::EpochScores;

/// Every epoch's numbers; accuracies where the task has them.
pub fn history(epochs: &[EpochScores]) -> History {
    let column = |value: fn(&EpochScores) -> f64| epochs.iter().map(|epoch| value(epoch) as f32).collect();
    let accuracies =
        |value: fn(&EpochScores) -> Option<f64>| epochs.iter().filter_map(|epoch| Some(value(epoch)? as f32)).collect();
    History {
        train_loss: column(|e| e.train.loss),
        train_accuracy: accuracies(|e| e.train.accuracy),
        validation_loss: column(|e| e.validation.loss),
        validation_accuracy: accuracies(|e| e.validation.accuracy),
    }
}

/// Train and validation numbers are those of the epoch whose weights were kept. A number that is not finite is absent.
pub fn metrics(kept: EpochScores, test: Scores) -> Map<String, Value> {
    let all = [
        ("test_accuracy", test.accuracy),
        ("test_loss", Some(test.loss)),
        ("validation_accuracy", kept.validation.accuracy),
        ("validation_loss", Some(kept.validation.loss)),
        ("train_accuracy", kept.train.accuracy),
        ("train_loss", Some(kept.train.loss)),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name.to_string(), Value::from(value.filter(|v| v.is_finite())?))))
        .collect()
}
