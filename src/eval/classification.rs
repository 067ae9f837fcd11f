//! What a classifier got right and wrong: confusion matrix, per-class measures, the surest mistakes.
//!
//! In: a classifier's outputs and the true classes. Out: counts and ratios.

use serde::{Deserialize, Serialize};

/// `counts[truth][predicted]`
pub type Confusion = Vec<Vec<u32>>;

/// One wrong prediction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// The image's place in the test file.
    pub index: usize,
    /// Its class.
    pub truth: u8,
    /// What the network said.
    pub predicted: u8,
    /// The softmax probability it gave that.
    pub confidence: f32,
}

/// How well one class is recognised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassReport {
    /// Of those said to be of the class, the share that are; none said, none.
    pub precision: Option<f64>,
    /// Of those of the class, the share found; none there, none.
    pub recall: Option<f64>,
    /// Harmonic mean of the two, where both exist and are not both 0.
    pub f1: Option<f64>,
    /// How many there are.
    pub support: u32,
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
pub fn confusion(predictions: &[(u8, f32)], labels: &[u8], classes: usize) -> Confusion {
    let mut counts = vec![vec![0; classes]; classes];
    for ((predicted, _), &truth) in predictions.iter().zip(labels) {
        counts[usize::from(truth)][usize::from(*predicted)] += 1;
    }
    counts
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

/// Precision, recall, F1 and support of each class.
pub fn per_class(confusion: &Confusion) -> Vec<ClassReport> {
    let share = |part: u32, whole: u32| (whole > 0).then(|| f64::from(part) / f64::from(whole));
    (0..confusion.len())
        .map(|class| {
            let hits = confusion[class][class];
            let support = confusion[class].iter().sum();
            let said = confusion.iter().map(|row| row[class]).sum();
            let (precision, recall) = (share(hits, said), share(hits, support));
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
        // Truths 0 0 0 1, said 0 0 1 1; class 2 never occurs and is never said.
        let said = [(0, 0.9), (0, 0.8), (1, 0.7), (1, 0.6)];
        let confusion = confusion(&said, &[0, 0, 0, 1], 3);
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
    fn the_surest_mistakes_come_first() {
        let said = [(1, 0.5), (2, 0.9), (0, 0.99), (3, 0.9)];
        let found = mistakes(&said, &[0, 0, 0, 0], 2);
        assert_eq!(found.iter().map(|m| m.index).collect::<Vec<_>>(), [1, 3]);
    }
}
