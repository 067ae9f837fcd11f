//! Tables of an autoencoder's codes: how well they reconstruct, and how well nearest neighbours among them classify.

use super::table::{Cell, Table};
use crate::analysis::stats::Interval;
use crate::analysis::summary::{ArmSummary, Summary};
use crate::data::{Dataset, class_names_of};
use crate::evaluate::classification::{self, OneVsRest, one_vs_rest};
use crate::experiment::metric::Metric;

/// What the columns of [`table`] are.
pub const CAPTION: &str = "Interquartile means over seeds; an interval, at the confidence of the first table, behind the errors of the reconstruction and the accuracies on the code. KNN: the \
     accuracy of the k-nearest-neighbour classifier on: the code; raw pixels; as many principal \
     components; the code of the same encoder before training. Probe: a linear classifier on the code. Trustworthiness: \
     whether neighbours by code are neighbours by pixel. EV: explained variance of the test images, by the autoencoder and by \
     as many principal components. Accuracies in %.";

/// A column of [`table`].
struct MetricColumn {
    heading: &'static str,
    metric: Metric,
    with_interval: bool,
}

const fn plain(heading: &'static str, metric: Metric) -> MetricColumn {
    MetricColumn { heading, metric, with_interval: false }
}

const fn with_interval(heading: &'static str, metric: Metric) -> MetricColumn {
    MetricColumn { heading, metric, with_interval: true }
}

const COLUMNS: [MetricColumn; 10] = [
    with_interval("MSE", Metric::TestMse),
    with_interval("BCE", Metric::TestBce),
    plain("EV", Metric::ExplainedVariance),
    plain("EV, PCA", Metric::ExplainedVariancePca),
    with_interval("KNN", Metric::KnnAccuracy),
    plain("KNN, pixels", Metric::KnnAccuracyPixels),
    plain("KNN, PCA", Metric::KnnAccuracyPca),
    plain("KNN, untrained", Metric::KnnAccuracyUntrained),
    with_interval("probe", Metric::ProbeAccuracy),
    plain("trustworthiness", Metric::Trustworthiness),
];

/// A row per arm and a column per metric that some arm has; `None` if no arm is an autoencoder.
pub fn table(summary: &Summary) -> Option<Table> {
    let has = |metric: &Metric| summary.arms.iter().any(|arm| arm.metric(&metric.clone().into()).is_some());
    if !has(&Metric::TestMse) {
        return None;
    }
    let columns: Vec<MetricColumn> = COLUMNS.into_iter().filter(|column| has(&column.metric)).collect();
    let row = |arm: &ArmSummary| {
        std::iter::once(Cell::arm(&arm.label)).chain(columns.iter().map(|column| cell(arm, column))).collect()
    };
    let head = std::iter::once("arm").chain(columns.iter().map(|column| column.heading));
    Some(Table::new(head, summary.arms.iter().map(row)))
}

fn cell(arm: &ArmSummary, column: &MetricColumn) -> Cell {
    let Some(found) = arm.metric(&column.metric.clone().into()) else { return Cell::Number(None) };
    let number = |value| column.metric.format(value);
    let interval = |Interval { low, high }| format!(" [{}, {}]", number(low), number(high));
    let interval = found.iqm_interval.filter(|_| column.with_interval).map_or(String::new(), interval);
    Cell::Number(found.description.iqm.map(|iqm| format!("{}{interval}", number(iqm))))
}

/// One row per class for the KNN classifier on the median run's codes, with "is it of this class?" as the question; and a note
/// with the two accuracies that such a table can mean. `None` if the run has no neighbours, or if there are several arms.
pub fn one_vs_rest_table(summary: &Summary, dataset: Option<&Dataset>) -> Option<(Table, String)> {
    let run =
        summary.median_run().filter(|run| run.metric(&Metric::KnnAccuracy).is_some() && summary.arms.len() == 1)?;
    let names = class_names_of(&run.made_with.data, run.confusion.len(), dataset);
    let percent = |value: f64| format!("{:.2}", 100.0 * value);
    let row = |(name, class): (&String, &OneVsRest)| {
        let counts = [class.true_positives, class.false_positives, class.false_negatives, class.true_negatives];
        let counts = counts.into_iter().map(Cell::number);
        std::iter::once(Cell::from(name)).chain(counts).chain([Cell::number(percent(class.accuracy()))]).collect()
    };
    let table = Table::new(
        ["class", "TP", "FP", "FN", "TN", "one-vs-rest accuracy"],
        names.iter().zip(&one_vs_rest(&run.confusion)).map(row),
    );
    let note = format!(
        "The median run (seed {}): multi-class accuracy {} %, the share of test images given their class; mean one-vs-rest accuracy \
         {} %, the mean of the last column, which is 1 - 2 (1 - accuracy) / classes and so much higher for the same predictions.",
        run.seed,
        percent(classification::accuracy(&run.confusion)),
        percent(classification::mean_one_vs_rest(&run.confusion))
    );
    Some((table, note))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::Fixture;

    #[test]
    fn an_autoencoder_has_a_column_per_metric_and_an_interval_behind_some() {
        let summary = Fixture::new("seeds = 4\n[model]\nlatent = 2\n[train]\nloss = 'mse'")
            .metric("test_mse", |_, seed| Some(0.01 + 0.001 * seed as f64))
            .metric("explained_variance", |_, _| Some(0.9))
            .summary();
        let table = table(&summary).unwrap();
        assert_eq!(table.head, ["arm", "MSE", "EV"]);
        let row: Vec<String> = table.rows[0].iter().map(Cell::to_string).collect();
        assert_eq!(row, ["default", "0.01150 [0.00252, 0.02048]", "0.9000"]);
        assert!(super::table(&Fixture::new("seeds = 2").summary()).is_none());
    }

    #[test]
    fn one_class_against_the_rest_by_hand() {
        // Of class 0, 3 of 4 are found; of class 1, 5 of 6: accuracy 8 / 10, and 8 / 10 for each of two classes.
        let summary = Fixture::new("seeds = 1\n[model]\nlatent = 2\n[train]\nloss = 'mse'")
            .metric("test_mse", |_, _| Some(0.01))
            .metric("knn_accuracy", |_, _| Some(0.8))
            .each(|record| record.confusion = vec![vec![3, 1], vec![1, 5]])
            .summary();
        let (table, note) = one_vs_rest_table(&summary, None).unwrap();
        let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(Cell::to_string).collect()).collect();
        assert_eq!(rows, [["0", "3", "1", "1", "5", "80.00"], ["1", "5", "1", "1", "3", "80.00"]]);
        assert!(note.contains("multi-class accuracy 80.00 %"), "{note}");
    }
}
