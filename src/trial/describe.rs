//! What a record keeps of a training: the history, the metrics, and of a classifier or an autoencoder the confusion matrix.

use super::autoencoder::AutoencoderMetrics;
use crate::evaluate::Scores;
use crate::evaluate::classification::{class_scores, confusion, mistakes, predictions};
use crate::evaluate::predictions::Predictions;
use crate::experiment::metric::Metric;
use crate::nn::loss::Loss;
use crate::nn::task::Task;
use crate::record::{Checks, History, LayerHistory, Metrics, TrialRecord};
use crate::train::watch::LayerState;
use crate::train::{Check, EpochScores};

/// The scores of every epoch, in 32 bits; accuracies where the task has them.
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

/// The evaluations within the epochs, in 32 bits.
pub fn checks(checks: &[Check]) -> Checks {
    Checks {
        steps: checks.iter().map(|check| check.steps).collect(),
        examples: checks.iter().map(|check| check.examples).collect(),
        validation_loss: checks.iter().map(|check| check.validation.loss as f32).collect(),
        validation_accuracy: checks.iter().filter_map(|check| Some(check.validation.accuracy? as f32)).collect(),
    }
}

/// Each layer over the epochs, from the layers of each epoch, in 32 bits.
pub fn layers(epochs: &[Vec<LayerState>]) -> Vec<LayerHistory> {
    // JSON has neither infinity nor NaN, and a training may go on, or its record be written, with either.
    let number = |value: f64| if value.is_nan() { f32::MAX } else { (value as f32).clamp(f32::MIN, f32::MAX) };
    let column = |layer: usize, value: fn(&LayerState) -> Option<f64>| {
        epochs.iter().filter_map(|layers| Some(number(value(layers.get(layer)?)?))).collect()
    };
    let history = |layer: usize| LayerHistory {
        gradient_norm: column(layer, |state| Some(state.gradient_norm)),
        saturated: column(layer, |state| state.saturated),
        slope: column(layer, |state| state.slope),
    };
    (0..epochs.first().map_or(0, Vec::len)).map(history).collect()
}

/// The metrics of a trained network: training and validation scores of the epoch whose weights were kept, and test scores. A number that
/// is not finite is left out.
pub fn metrics(kept: EpochScores, test: Scores) -> Metrics {
    let all = [
        (Metric::TestAccuracy, test.accuracy),
        (Metric::TestLoss, Some(test.loss)),
        (Metric::ValidationAccuracy, kept.validation.accuracy),
        (Metric::ValidationLoss, Some(kept.validation.loss)),
        (Metric::TrainAccuracy, kept.train.accuracy),
        (Metric::TrainLoss, Some(kept.train.loss)),
    ];
    all.into_iter().filter_map(|(metric, value)| Some((metric, value.filter(|v| v.is_finite())?))).collect()
}

/// Mistakes a record keeps: as many as their figure shows.
const MISTAKES: usize = 24;

/// Adds the confusion matrix, the predictions and the most confident mistakes of a classifier with outputs `[n * out]` on the test examples. Mistakes are
/// kept only under the cross-entropy, whose outputs a softmax makes probabilities of.
pub fn classifier(record: &mut TrialRecord, outputs: &[f32], labels: &[u8], task: Task, loss: Loss) {
    let classes = if let Task::Classify { classes } = task { classes } else { 2 };
    let predictions = predictions(&class_scores(outputs, task), classes);
    let predicted: Vec<u8> = predictions.iter().map(|prediction| prediction.class).collect();
    record.confusion = confusion(&predicted, labels, classes);
    record.predictions = Predictions::new(&predicted, labels);
    if loss == Loss::CrossEntropy {
        record.mistakes = mistakes(&predictions, labels, MISTAKES);
    }
}

/// Adds the metrics of an autoencoder and the confusion matrix of its nearest-neighbour classifier. A metric that is not finite is left
/// out.
pub fn autoencoder(record: &mut TrialRecord, measured: AutoencoderMetrics) {
    record.metrics.extend(measured.metrics.into_iter().filter(|(_, value)| value.is_finite()));
    record.confusion = measured.confusion;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_that_is_not_finite_is_written_as_numbers_and_reads_back() {
        let state = |gradient_norm| LayerState { gradient_norm, saturated: Some(0.5), slope: None };
        let layers = layers(&[vec![state(f64::NAN)], vec![state(f64::INFINITY)], vec![state(2.0)]]);
        let text = serde_json::to_string(&layers).unwrap();
        let read: Vec<LayerHistory> = serde_json::from_str(&text).unwrap();
        assert_eq!(read[0].gradient_norm, [f32::MAX, f32::MAX, 2.0]);
        assert_eq!(read, layers);
    }
}
