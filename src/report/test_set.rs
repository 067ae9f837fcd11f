//! What the choice of the test images does to the accuracies of a report.

use super::table::{Cell, Table};
use crate::analysis::stats::test_images::{ImageErrors, reach};
use crate::analysis::summary::{ArmComparison, ArmSummary, Summary};
use crate::experiment::metric::Metric;

/// A test set of fewer examples is taken for all there are, as the four rows of a truth table.
const MIN_IMAGES: usize = 100;

/// What the columns of [`table`] and the lines of [`differences`] are.
pub const CAPTION: &str = "All numbers of a report are of the same test images. Flip floor: the standard deviation that accuracies would have if every test \
     image were right or wrong by itself, as often as it is; only what sd has beyond it are networks that would differ on all images there \
     are (Jordan, 2023). SE: standard errors of the mean accuracy, over seeds (sd over the root of their number) and over images of \
     the same kind; for other seeds and other images both count, and the last column is the mean with its 95 % interval for these (Student's t for seeds, \
     the normal distribution for images, added as variances).";

/// A row per arm with the predictions of two runs or more; `None` where the ranking is not by test accuracy, there is no such arm, or the test
/// set is small.
pub fn table(summary: &Summary) -> Option<Table> {
    let rows: Vec<Vec<Cell>> = summary.arms.iter().filter_map(|arm| row(summary, arm)).collect();
    let head = ["arm", "sd", "flip floor", "sd beyond", "SE, seeds", "SE, images", "other images"];
    (!rows.is_empty()).then(|| Table::new(head, rows))
}

fn row(summary: &Summary, arm: &ArmSummary) -> Option<Vec<Cell>> {
    let errors = errors(summary, &arm.label)?;
    let floor = errors.flip_floor()?;
    let found = arm.metric(&summary.metric)?.description;
    let sd = found.sd?;
    let beyond = (sd * sd - floor * floor).max(0.0).sqrt();
    let over_seeds = sd / (found.n as f64).sqrt();
    let percent = |share: f64| Cell::number(format!("{:.2}", 100.0 * share));
    let (mean, reach) = (100.0 * found.mean, 100.0 * reach(over_seeds, found.n, errors.test_error()));
    Some(vec![
        Cell::arm(&arm.label),
        percent(sd),
        percent(floor),
        percent(beyond),
        percent(over_seeds),
        percent(errors.test_error()),
        Cell::number(format!("{mean:.2} ± {reach:.2}")),
    ])
}

/// For each comparison of the ranking, how far its difference goes for other images; empty where [`table`] is none, and without those of
/// arms on different data.
pub fn differences(summary: &Summary) -> Vec<String> {
    let line = |versus: &ArmComparison| {
        let data = |label: &str| summary.records_of(label).next().map(|record| record.made_with.data.clone());
        if data(&versus.a) != data(&versus.b) {
            return None;
        }
        let [a, b] = [errors(summary, &versus.a)?, errors(summary, &versus.b)?];
        let described = |label: &str| {
            let arm = summary.arms.iter().find(|arm| arm.label == label)?;
            let found = &arm.metric(&summary.metric)?.description;
            Some((found.mean, found.sd? / (found.n as f64).sqrt(), found.n))
        };
        let ((mean_a, error_a, runs_a), (mean_b, error_b, runs_b)) = (described(&versus.a)?, described(&versus.b)?);
        let (seeds, images) = (error_a.hypot(error_b), a.test_error_of_difference(&b)?);
        let (difference, reach) = (mean_a - mean_b, reach(seeds, runs_a.min(runs_b), images));
        let says = if difference.abs() > reach { "holds" } else { "is open" };
        Some(format!(
            "{} - {}: mean {:+.2} pp, SE {:.2} of seeds and {:.2} of images; for other images {:+.2} ± {:.2} pp, whose sign {says}",
            versus.a,
            versus.b,
            100.0 * difference,
            100.0 * seeds,
            100.0 * images,
            100.0 * difference,
            100.0 * reach
        ))
    };
    summary.ranking.iter().filter_map(line).collect()
}

fn errors(summary: &Summary, arm: &str) -> Option<ImageErrors> {
    let is_accuracy = summary.metric == Metric::TestAccuracy.into();
    let errors = if is_accuracy { summary.image_errors(arm) } else { None };
    errors.filter(|errors| errors.images() >= MIN_IMAGES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::predictions::Predictions;
    use crate::report::fixture::Fixture;

    /// Two runs an arm on 200 images of class 0: `a` is wrong on the first 10, in one run on 10 more; `b` on the last 20, 30 in the other.
    fn summary() -> Summary {
        let wrong = |arm: &str, seed: u64| match (arm, seed % 2) {
            ("a", 0) => 0..10,
            ("a", _) => 0..20,
            (_, 0) => 180..200,
            _ => 170..200,
        };
        Fixture::new("seeds = 2\n[[arms]]\nname = 'a'\n[[arms]]\nname = 'b'\ntrain.lr = 0.1")
            .metric("test_accuracy", move |arm, seed| Some(1.0 - wrong(arm, seed).len() as f64 / 200.0))
            .each(|record| {
                let mut predicted = vec![0; 200];
                predicted[wrong(&record.arm, record.seed)].fill(1);
                record.predictions = Predictions::new(&predicted, &[0; 200]);
            })
            .summary()
    }

    #[test]
    fn rows_and_lines_are_those_worked_by_hand() {
        // Accuracies 95 and 90 %: sd 3.54. Ten images flip: sqrt(10 * 0.5) / 200 = 1.12; sqrt(3.54^2 - 1.12^2) = 3.35; 3.54 / sqrt(2) = 2.5.
        // Shares: 10 of 1, 10 of 1/2, 180 of 0: mean 0.075, variance (12.5 - 200 * 0.075^2) / 199 = 0.05716, over 200: 1.69.
        // t of 1 degree of freedom: sqrt((12.706 * 2.5)^2 + (1.96 * 1.69)^2) = 31.94.
        let summary = summary();
        let table = table(&summary).unwrap();
        let row: Vec<String> = table.rows[0].iter().map(Cell::to_string).collect();
        assert_eq!(row, ["a", "3.54", "1.12", "3.35", "2.50", "1.69", "92.50 ± 31.94"]);
        // Of a less b: squares 10 * 1 + 10 * 1/4 + 20 * 1 + 10 * 1/4 = 35, mean 0.05, so (35 - 0.5) / 199 / 200: 2.94; seeds sqrt(2) * 2.5.
        // sqrt((12.706 * 3.54)^2 + (1.96 * 2.94)^2) = 45.29.
        let lines = differences(&summary);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("mean +5.00 pp, SE 3.54 of seeds and 2.94 of images"), "{}", lines[0]);
        assert!(lines[0].ends_with("+5.00 ± 45.29 pp, whose sign is open"), "{}", lines[0]);
    }

    #[test]
    fn without_predictions_there_is_nothing() {
        let summary =
            Fixture::new("seeds = 3").metric("test_accuracy", |_, seed| Some(0.9 + 0.01 * seed as f64)).summary();
        assert!(super::table(&summary).is_none() && differences(&summary).is_empty());
    }
}
