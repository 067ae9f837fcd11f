//! Measures of a classifier: confusion matrix, precision, recall and F1 of each class, most confident errors.
//!
//! In: a classifier's outputs and the true classes. Out: counts and ratios.

use serde::{Deserialize, Serialize};

use crate::nn::loss::Loss;
use crate::nn::task::Task;

/// The confusion matrix, `counts[truth][predicted]`.
pub type Confusion = Vec<Vec<u32>>;

/// A wrong prediction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// The image's index in the test file.
    pub index: usize,
    /// The image's class.
    pub truth: u8,
    /// The predicted class.
    pub predicted: u8,
    /// The softmax probability of the predicted class.
    pub confidence: f32,
}

/// The class that a network predicts for an example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The class with the largest output, the first of equal ones.
    pub class: u8,
    /// Its softmax probability.
    pub confidence: f32,
}

/// The measures of one class; TP, FP and FN are the true positives, false positives and false negatives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassReport {
    /// Precision, TP / (TP + FP); `None` if the class was never predicted.
    pub precision: Option<f64>,
    /// Recall, TP / (TP + FN); `None` if the class does not occur.
    pub recall: Option<f64>,
    /// F1, the harmonic mean of precision and recall; `None` if one of them is, or if both are 0.
    pub f1: Option<f64>,
    /// Number of examples of the class, TP + FN.
    pub support: u32,
}

impl ClassReport {
    /// What replaces an undefined precision or F1 in a macro mean: 0 if the class occurs, as scikit-learn's
    /// `zero_division=0`, else nothing.
    pub fn zero_division(&self) -> Option<f64> {
        (self.support > 0).then_some(0.0)
    }
}

/// The score of each class in each row, `[n * classes]`, from outputs `[n * out]`. The one output of a binary task
/// becomes two scores, of which the second is the larger if class 1 is predicted; other outputs are unchanged.
pub fn class_scores(outputs: &[f32], task: Task) -> Vec<f32> {
    match task {
        Task::Binary { .. } => outputs.iter().flat_map(|&z| [0.0, z - task.threshold() as f32]).collect(),
        _ => outputs.to_vec(),
    }
}

/// Whether the softmax of a row of [`class_scores`] is a probability: the outputs of a network trained on a mean squared error, and those of
/// one sigmoid a class, do not add up to 1.
pub fn are_probabilities(task: Task, loss: Loss) -> bool {
    let is_binary = matches!(task, Task::Binary { .. });
    loss == Loss::CrossEntropy || is_binary && loss.is_on_logits() && !loss.is_perceptrons()
}

/// The probabilities that outputs `[n * width]` stand for, under the loss that the network was trained on: a softmax of each row under the
/// cross-entropy, a sigmoid of each number under the other losses on logits, 0 or 1 of a perceptron, and otherwise the outputs themselves.
pub fn probabilities(outputs: &[f32], width: usize, loss: Loss) -> Vec<f32> {
    let each = |of: fn(f64) -> f64| outputs.iter().map(|&z| of(f64::from(z)) as f32).collect();
    match loss {
        Loss::CrossEntropy => outputs.chunks_exact(width).flat_map(softmax).collect(),
        Loss::Bce | Loss::BceSum => each(|z| 1.0 / (1.0 + libm::exp(-z))),
        Loss::Perceptron | Loss::PerceptronSum => each(|z| f64::from(z > 0.0)),
        Loss::Mse | Loss::Quadratic => outputs.to_vec(),
    }
}

fn softmax(row: &[f32]) -> Vec<f32> {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f64> = row.iter().map(|&z| libm::exp(f64::from(z) - f64::from(largest))).collect();
    let total: f64 = exponentials.iter().sum();
    exponentials.into_iter().map(|exponential| (exponential / total) as f32).collect()
}

/// The prediction for each row of class scores `[n * classes]`.
pub fn predictions(scores: &[f32], classes: usize) -> Vec<Prediction> {
    scores
        .chunks_exact(classes)
        .map(|row| {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let best = row.iter().position(|&value| value == largest).unwrap_or(0);
            let total: f64 = row.iter().map(|&value| libm::exp(f64::from(value - largest))).sum();
            Prediction { class: best as u8, confidence: (1.0 / total) as f32 }
        })
        .collect()
}

/// The confusion matrix of predicted classes `[n]` and true classes `[n]`.
pub fn confusion(predicted: &[u8], labels: &[u8], classes: usize) -> Confusion {
    let mut counts = vec![vec![0; classes]; classes];
    for (&predicted, &truth) in predicted.iter().zip(labels) {
        counts[usize::from(truth)][usize::from(predicted)] += 1;
    }
    counts
}

/// Share of predicted classes `[n]` that are the true classes `[n]`.
pub fn accuracy_of(predicted: &[u8], labels: &[u8]) -> f64 {
    let correct = predicted.iter().zip(labels).filter(|(predicted, truth)| predicted == truth).count();
    correct as f64 / labels.len() as f64
}

/// The `limit` most confident errors, most confident first; of equally confident ones the first image comes first.
pub fn mistakes(predictions: &[Prediction], labels: &[u8], limit: usize) -> Vec<Mistake> {
    let mut wrong: Vec<Mistake> = predictions
        .iter()
        .zip(labels)
        .enumerate()
        .filter(|(_, (prediction, truth))| prediction.class != **truth)
        .map(|(index, (&Prediction { class: predicted, confidence }, &truth))| Mistake {
            index,
            truth,
            predicted,
            confidence,
        })
        .collect();
    wrong.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.index.cmp(&b.index)));
    wrong.truncate(limit);
    wrong
}

/// The counts of one class against all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneVsRest {
    /// Examples of the class that were predicted as the class.
    pub true_positives: u32,
    /// Examples of other classes that were predicted as the class.
    pub false_positives: u32,
    /// Examples of the class that were predicted as another one.
    pub false_negatives: u32,
    /// Examples of other classes that were predicted as one of those.
    pub true_negatives: u32,
}

impl OneVsRest {
    /// (TP + TN) / all. With ten equally frequent classes, a classifier that never predicts the class has 0.9.
    pub fn accuracy(&self) -> f64 {
        let correct = f64::from(self.true_positives + self.true_negatives);
        correct / (correct + f64::from(self.false_positives + self.false_negatives))
    }
}

/// The counts of each class against all others.
pub fn one_vs_rest(confusion: &Confusion) -> Vec<OneVsRest> {
    let all: u32 = confusion.iter().flatten().sum();
    (0..confusion.len())
        .map(|class| {
            let true_positives = confusion[class][class];
            let of_class: u32 = confusion[class].iter().sum();
            let predicted: u32 = confusion.iter().map(|row| row[class]).sum();
            OneVsRest {
                true_positives,
                false_positives: predicted - true_positives,
                false_negatives: of_class - true_positives,
                true_negatives: all + true_positives - predicted - of_class,
            }
        })
        .collect()
}

/// The share of all wrong predictions that takes one of two classes for the other; `None` where nothing is wrong, or a class is not there.
pub fn confused(confusion: &Confusion, [a, b]: [usize; 2]) -> Option<f64> {
    let right: u32 = (0..confusion.len()).map(|class| confusion[class][class]).sum();
    let wrong = confusion.iter().flatten().sum::<u32>() - right;
    let between = confusion.get(a)?.get(b)? + confusion.get(b)?.get(a)?;
    (wrong > 0).then(|| f64::from(between) / f64::from(wrong))
}

/// The mean of the classes' one-vs-rest accuracies. It equals `1 - 2 (1 - accuracy) / classes`, far above the accuracy
/// itself.
pub fn mean_one_vs_rest(confusion: &Confusion) -> f64 {
    let all = one_vs_rest(confusion);
    all.iter().map(OneVsRest::accuracy).sum::<f64>() / all.len() as f64
}

/// The accuracy: share of examples on the diagonal.
pub fn accuracy(confusion: &Confusion) -> f64 {
    let correct: u32 = (0..confusion.len()).map(|class| confusion[class][class]).sum();
    f64::from(correct) / f64::from(confusion.iter().flatten().sum::<u32>())
}

/// The measures of each class.
pub fn per_class(confusion: &Confusion) -> Vec<ClassReport> {
    let ratio = |count: u32, of: u32| (of > 0).then(|| f64::from(count) / f64::from(of));
    (0..confusion.len())
        .map(|class| {
            let correct = confusion[class][class];
            let support = confusion[class].iter().sum();
            let predicted = confusion.iter().map(|row| row[class]).sum();
            let (precision, recall) = (ratio(correct, predicted), ratio(correct, support));
            let f1 = match (precision, recall) {
                (Some(p), Some(r)) if p + r > 0.0 => Some(2.0 * p * r / (p + r)),
                _ => None,
            };
            ClassReport { precision, recall, f1, support }
        })
        .collect()
}

/// The macro mean of a measure: unweighted, over the classes that have it; `None` if no class does.
pub fn macro_mean(reports: &[ClassReport], measure: fn(&ClassReport) -> Option<f64>) -> Option<f64> {
    let values: Vec<f64> = reports.iter().filter_map(measure).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_are_those_worked_by_hand() {
        let found = predictions(&[0.0, 0.0, 2.0, 1.0], 2);
        assert_eq!(found[0], Prediction { class: 0, confidence: 0.5 });
        assert_eq!(found[1].class, 0);
        assert!((f64::from(found[1].confidence) - 1.0 / (1.0 + (-1.0f64).exp())).abs() < 1e-7);
    }

    #[test]
    fn probabilities_are_those_of_the_loss() {
        // e^ln 3 = 3: three quarters and a quarter.
        let z = [3f32.ln(), 0.0, -3f32.ln(), 0.0];
        let near = |loss, expected: [f32; 4]| {
            let found = probabilities(&z, 2, loss);
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{loss:?}: {found:?}");
        };
        near(Loss::CrossEntropy, [0.75, 0.25, 0.25, 0.75]);
        near(Loss::Bce, [0.75, 0.5, 0.25, 0.5]);
        // As a class is predicted: 0 at an output of 0.
        near(Loss::PerceptronSum, [1.0, 0.0, 0.0, 0.0]);
        near(Loss::Quadratic, z);
    }

    #[test]
    fn measures_are_those_worked_by_hand() {
        // Truths 0 0 0 1, predicted 0 0 1 1; class 2 never occurs and is never predicted.
        let confusion = confusion(&[0, 0, 1, 1], &[0, 0, 0, 1], 3);
        assert_eq!(confusion, [[2, 1, 0], [0, 1, 0], [0, 0, 0]]);
        let reports = per_class(&confusion);
        assert_eq!(
            reports[0],
            ClassReport { precision: Some(1.0), recall: Some(2.0 / 3.0), f1: Some(0.8), support: 3 }
        );
        assert_eq!(
            reports[1],
            ClassReport { precision: Some(0.5), recall: Some(1.0), f1: Some(2.0 / 3.0), support: 1 }
        );
        assert_eq!(reports[2], ClassReport { precision: None, recall: None, f1: None, support: 0 });
        assert_eq!(macro_mean(&reports, |report| report.precision), Some(0.75));
    }

    #[test]
    fn the_share_of_mistakes_between_two_classes_is_of_all_mistakes() {
        // 2 + 1 of 6 mistakes are between 0 and 1.
        let confusion = vec![vec![5, 2, 1], vec![1, 6, 0], vec![1, 1, 8]];
        assert_eq!(confused(&confusion, [0, 1]), Some(0.5));
        assert_eq!(confused(&confusion, [0, 7]), None);
        assert_eq!(confused(&vec![vec![1, 0], vec![0, 1]], [0, 1]), None);
    }

    #[test]
    fn one_vs_rest_counts_are_those_worked_by_hand_and_the_sources_accuracy_is_their_mean() {
        let confusion = vec![vec![5, 1, 0], vec![2, 3, 0], vec![0, 1, 8]];
        let first = one_vs_rest(&confusion)[0];
        let expected = OneVsRest { true_positives: 5, false_positives: 2, false_negatives: 1, true_negatives: 12 };
        assert_eq!(first, expected);
        assert_eq!(first.accuracy(), 17.0 / 20.0);
        // 8,097 of 10,000 correct over ten classes is a mean one-vs-rest accuracy of 96.19 %.
        let mut source = vec![vec![0; 10]; 10];
        source[0][0] = 8097;
        source[0][1] = 1903;
        assert_eq!(accuracy(&source), 0.8097);
        assert!((mean_one_vs_rest(&source) - 0.961_94).abs() < 1e-9);
    }

    #[test]
    fn the_most_confident_errors_come_first() {
        let predicted =
            [(1, 0.5), (2, 0.9), (0, 0.99), (3, 0.9)].map(|(class, confidence)| Prediction { class, confidence });
        let found = mistakes(&predicted, &[0, 0, 0, 0], 2);
        assert_eq!(found.iter().map(|m| m.index).collect::<Vec<_>>(), [1, 3]);
    }
}
