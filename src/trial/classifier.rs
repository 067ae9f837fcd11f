//! What a record keeps of a trained classifier besides its scores: the confusion matrix and its surest mistakes.
//!
//! In: a trained classifier's outputs on the test images. Out: more of its record.

use crate::evaluate::classification::{class_scores, confusion, mistakes, predictions};
use crate::nn::loss::Loss;
use crate::nn::task::Task;
use crate::record::TrialRecord;

/// Mistakes a record keeps: enough for a sheet.
const MISTAKES: usize = 24;

/// Adds what the outputs `[n * out]` on the test images say. Mistakes only where a softmax makes probabilities of them.
pub fn describe(record: &mut TrialRecord, outputs: &[f32], labels: &[u8], task: Task, loss: Loss) {
    let classes = if let Task::Classify { classes } = task { classes } else { 2 };
    let predictions = predictions(&class_scores(outputs, task), classes);
    let predicted: Vec<u8> = predictions.iter().map(|prediction| prediction.class).collect();
    record.confusion = confusion(&predicted, labels, classes);
    if loss == Loss::CrossEntropy {
        record.mistakes = mistakes(&predictions, labels, MISTAKES);
    }
}
