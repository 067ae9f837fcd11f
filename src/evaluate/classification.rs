//! What a classifier got right and wrong: confusion matrix, per-class measures, the surest mistakes.
//!
//! In: a classifier's outputs and the true classes. Out: counts and ratios.

use serde::{Deserialize, Serialize};

use crate::nn::task::Task;

/// `counts[truth][predicted]`
pub type Confusion = Vec<Vec<u32>>;

/// One wrong prediction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// The image's place in the test file.
    pub index: usize,
    /// Its class.
    pub truth: u8,
    /// What the network predicted.
    pub predicted: u8,
    /// The softmax probability it gave that.
    pub confidence: f32,
}

/// How well one class is recognised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassReport {
    /// Of those predicted to be of the class, the share that are; none predicted, none.
    pub precision: Option<f64>,
    /// Of those of the class, the share found; none there, none.
    pub recall: Option<f64>,
    /// Harmonic mean of the two, where both exist and are not both 0.
    pub f1: Option<f64>,
    /// How many there are.
    pub support: u32,
}

impl ClassReport {
    /// 0 for a class that is there and was never found.
    pub fn missed(&self) -> Option<f64> {
        (self.support > 0).then_some(0.0)
    }
}

/// One number a class for each row of outputs `[n * out]`: of one output that tells two classes apart, two, of which the second is the
/// larger where it says 1.
pub fn columns(outputs: &[f32], task: Task) -> Vec<f32> {
    match task {
        Task::Binary { .. } => outputs.iter().flat_map(|&z| [0.0, z - task.threshold() as f32]).collect(),
        _ => outputs.to_vec(),
    }
}

/// Row by row: the index of the largest output (the first among equals) and its softmax probability.
pub fn predictions(outputs: &[f32], classes: usize) -> Vec<(u8, f32)> {
    outputs
        .chunks_exact(classes)
        .map(|row| {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let best = row.iter().position(|&value| value == largest).unwrap_or(0);
            let total: f64 = row.iter().map(|&value| libm::exp(f64::from(value - largest))).sum();
            (best as u8, (1.0 / total) as f32)
        })
        .collect()
}

/// Counts every prediction against its truth.
pub fn confusion(predicted: &[u8], labels: &[u8], classes: usize) -> Confusion {
    let mut counts = vec![vec![0; classes]; classes];
    for (&predicted, &truth) in predicted.iter().zip(labels) {
        counts[usize::from(truth)][usize::from(predicted)] += 1;
    }
    counts
}

/// The share of predictions that are right.
pub fn accuracy_of(predicted: &[u8], labels: &[u8]) -> f64 {
    let right = predicted.iter().zip(labels).filter(|(predicted, truth)| predicted == truth).count();
    right as f64 / labels.len() as f64
}

/// The `limit` wrong predictions made with most confidence, the surest first.
pub fn mistakes(predictions: &[(u8, f32)], labels: &[u8], limit: usize) -> Vec<Mistake> {
    let mut wrong: Vec<Mistake> = predictions
        .iter()
        .zip(labels)
        .enumerate()
        .filter(|(_, ((predicted, _), truth))| predicted != *truth)
        .map(|(index, (&(predicted, confidence), &truth))| Mistake { index, truth, predicted, confidence })
        .collect();
    wrong.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.index.cmp(&b.index)));
    wrong.truncate(limit);
    wrong
}

/// One class against all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneVsRest {
    /// Of the class, and predicted to be.
    pub true_positives: u32,
    /// Not of the class, but predicted to be.
    pub false_positives: u32,
    /// Of the class, but not predicted to be.
    pub false_negatives: u32,
    /// Neither.
    pub true_negatives: u32,
}

impl OneVsRest {
    /// Share of right targets to "is it of this class?". With ten classes, always saying no is right nine times in ten.
    pub fn accuracy(&self) -> f64 {
        let right = f64::from(self.true_positives + self.true_negatives);
        right / (right + f64::from(self.false_positives + self.false_negatives))
    }
}

/// Each class against all others.
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

/// The mean of the classes' one-vs-rest accuracies: `1 - 2 (1 - accuracy) / classes`, so far above the accuracy itself.
pub fn mean_one_vs_rest(confusion: &Confusion) -> f64 {
    let all = one_vs_rest(confusion);
    all.iter().map(OneVsRest::accuracy).sum::<f64>() / all.len() as f64
}

/// The share of right targets.
pub fn accuracy(confusion: &Confusion) -> f64 {
    let right: u32 = (0..confusion.len()).map(|class| confusion[class][class]).sum();
    f64::from(right) / f64::from(confusion.iter().flatten().sum::<u32>())
}

/// Precision, recall, F1 and support of each class.
pub fn per_class(confusion: &Confusion) -> Vec<ClassReport> {
    let share = |split: u32, whole: u32| (whole > 0).then(|| f64::from(split) / f64::from(whole));
    (0..confusion.len())
        .map(|class| {
            let correct = confusion[class][class];
            let support = confusion[class].iter().sum();
            let predicted = confusion.iter().map(|row| row[class]).sum();
            let (precision, recall) = (share(correct, predicted), share(correct, support));
            let f1 = match (precision, recall) {
                (Some(p), Some(r)) if p + r > 0.0 => Some(2.0 * p * r / (p + r)),
                _ => None,
            };
            ClassReport { precision, recall, f1, support }
        })
        .collect()
}

/// The unweighted mean of a measure over the classes that have it.
pub fn macro_mean(reports: &[ClassReport], measure: fn(&ClassReport) -> Option<f64>) -> Option<f64> {
    let values: Vec<f64> = reports.iter().filter_map(measure).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_by_hand() {
        let found = predictions(&[0.0, 0.0, 2.0, 1.0], 2);
        assert_eq!(found[0], (0, 0.5));
        assert_eq!(found[1].0, 0);
        assert!((f64::from(found[1].1) - 1.0 / (1.0 + (-1.0f64).exp())).abs() < 1e-7);
    }

    #[test]
    fn measures_by_hand() {
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
    fn one_against_the_rest_by_hand_and_as_the_source_counts() {
        let confusion = vec![vec![5, 1, 0], vec![2, 3, 0], vec![0, 1, 8]];
        let first = one_vs_rest(&confusion)[0];
        let expected = OneVsRest { true_positives: 5, false_positives: 2, false_negatives: 1, true_negatives: 12 };
        assert_eq!(first, expected);
        assert_eq!(first.accuracy(), 17.0 / 20.0);
        // 8,097 of 10,000 right over ten classes is a mean one-vs-rest accuracy of 96.19 %.
        let mut source = vec![vec![0; 10]; 10];
        source[0][0] = 8097;
        source[0][1] = 1903;
        assert_eq!(accuracy(&source), 0.8097);
        assert!((mean_one_vs_rest(&source) - 0.961_94).abs() < 1e-9);
    }

    #[test]
    fn the_surest_mistakes_come_first() {
        let predicted = [(1, 0.5), (2, 0.9), (0, 0.99), (3, 0.9)];
        let found = mistakes(&predicted, &[0, 0, 0, 0], 2);
        assert_eq!(found.iter().map(|m| m.index).collect::<Vec<_>>(), [1, 3]);
    }
}
