//! What an autoencoder's code keeps, as tables: each metric beside what it is to be measured against.

use super::table::Table;
use crate::analysis::stats::Interval;
use crate::analysis::summary::{ArmSummary, Summary};
use crate::data::{Dataset, class_names_of};
use crate::evaluate::classification::{self, one_vs_rest};
use crate::experiment::metric::{Metric, Quantity};

/// What the columns of [`table`] are.
pub const CAPTION: &str = "Interquartile means over seeds; a 95 % bootstrap interval behind the errors of the reconstruction and the accuracies on the code. KNN, the share of \
     test images whose nearest training images vote for the right class, on: the code; raw pixels; as many principal \
     components; the code of the same encoder before training. Probe: a linear classifier on the code. Trustworthiness: \
     whether neighbours by code are neighbours by pixel. EV: explained variance of the test images, by the autoencoder and by \
     as many principal components. Accuracies in %.";

const COLUMNS: [(&str, Metric, bool); 10] = [
    ("MSE", Metric::TestMse, true),
    ("BCE", Metric::TestBce, true),
    ("EV", Metric::ExplainedVariance, false),
    ("EV, PCA", Metric::ExplainedVariancePca, false),
    ("KNN", Metric::KnnAccuracy, true),
    ("KNN, pixels", Metric::KnnAccuracyPixels, false),
    ("KNN, PCA", Metric::KnnAccuracyPca, false),
    ("KNN, untrained", Metric::KnnAccuracyUntrained, false),
    ("probe", Metric::ProbeAccuracy, true),
    ("trustworthiness", Metric::Trustworthiness, false),
];

/// A row an arm, a column a metric that some arm has; none where no arm is an autoencoder.
pub fn table(summary: &Summary) -> Option<Table> {
    let has = |metric: &Metric| summary.arms.iter().any(|arm| arm.metric(&metric.clone().into()).is_some());
    let columns: Vec<_> = COLUMNS.into_iter().filter(|(_, metric, _)| has(metric)).collect();
    if !has(&Metric::TestMse) {
        return None;
    }
    let row = |arm: &ArmSummary| {
        let cell = |(_, metric, with_interval): &(&str, Metric, bool)| cell(arm, metric.clone().into(), *with_interval);
        std::iter::once(arm.label.clone()).chain(columns.iter().map(cell)).collect()
    };
    let head = std::iter::once("arm").chain(columns.iter().map(|(title, ..)| *title));
    Some(Table { head: head.map(String::from).collect(), rows: summary.arms.iter().map(row).collect() })
}

fn cell(arm: &ArmSummary, quantity: Quantity, with_interval: bool) -> String {
    let Some(found) = arm.metric(&quantity) else { return "-".into() };
    let number = |value| quantity.format(value);
    let interval = |Interval { low, high }| format!(" [{}, {}]", number(low), number(high));
    let interval = found.iqm_interval.filter(|_| with_interval).map_or(String::new(), interval);
    format!("{}{interval}", number(found.description.iqm))
}

/// Class by class, the neighbours of the median run's codes as targets to "is it of this class?"; and the two accuracies that such a
/// table has, named for what they are. None where there are no neighbours, or several arms.
pub fn one_vs_rest_table(summary: &Summary, dataset: Option<&Dataset>) -> Option<(Table, String)> {
    let run =
        summary.median_run().filter(|run| run.metric(&Metric::KnnAccuracy).is_some() && summary.arms.len() == 1)?;
    let names = class_names_of(&run.made_with.data, run.confusion.len(), dataset);
    let percent = |value: f64| format!("{:.2}", 100.0 * value);
    let row = |(name, class): (&String, &classification::OneVsRest)| {
        let counts = [class.true_positives, class.false_positives, class.false_negatives, class.true_negatives];
        let mut cells = vec![name.clone()];
        cells.extend(counts.iter().map(ToString::to_string));
        cells.push(percent(class.accuracy()));
        cells
    };
    let table = Table {
        head: ["class", "TP", "FP", "FN", "TN", "one-vs-rest accuracy"].map(String::from).to_vec(),
        rows: names.iter().zip(&one_vs_rest(&run.confusion)).map(row).collect(),
    };
    let note = format!(
        "The median run (seed {}): multi-class accuracy {} %, the share of test images given their class; mean one-vs-rest accuracy \
         {} %, the mean of the last column, which is 1 - 2 (1 - accuracy) / classes and so much higher for the same predictions.",
        run.seed,
        percent(classification::accuracy(&run.confusion)),
        percent(classification::mean_one_vs_rest(&run.confusion))
    );
    Some((table, note))
}
