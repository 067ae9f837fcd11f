//! One arm's runs from best to worst: which of them a picture of a single run shows.

use super::svg::Svg;
use crate::analysis::summary::Summary;
use crate::record::TrialRecord;

/// A chosen run and why it was.
pub struct Chosen<'a> {
    /// The run in the middle, or the last.
    pub run: &'a TrialRecord,
    /// `median`, or `worst`.
    pub what: &'static str,
}

/// The median and the worst of an arm's runs that `has` something to show, by the ranking metric; one where there is only one.
pub fn median_and_worst<'a>(
    summary: &'a Summary,
    label: &'a str,
    has: impl Fn(&TrialRecord) -> bool,
) -> Vec<Chosen<'a>> {
    let sign = if summary.metric.higher_is_better() { -1.0 } else { 1.0 };
    let value = |run: &TrialRecord| sign * run.quantity(&summary.metric).unwrap_or(f64::INFINITY);
    let mut runs: Vec<&TrialRecord> = summary.records_of(label).filter(|run| has(run)).collect();
    runs.sort_by(|a, b| value(a).total_cmp(&value(b)));
    let Some(&median) = runs.get(runs.len().saturating_sub(1) / 2) else { return Vec::new() };
    let mut chosen = vec![Chosen { run: median, what: "median" }];
    if let (true, Some(&run)) = (runs.len() > 1, runs.last()) {
        chosen.push(Chosen { run, what: "worst" });
    }
    chosen
}

/// `adam, worst: 96.33 %`.
pub fn title(summary: &Summary, chosen: &Chosen) -> String {
    let value = chosen.run.quantity(&summary.metric).map_or(String::new(), |value| {
        let unit = if summary.metric.is_percent() { " %" } else { "" };
        format!(": {}{unit}", summary.metric.format(value))
    });
    format!("{}, {}{value}", chosen.run.arm, chosen.what)
}

/// A canvas for many panels, `columns` in a row, and each panel's upper left corner.
pub fn panels(count: usize, columns: usize, size: (f64, f64)) -> (Svg, Vec<(f64, f64)>) {
    let rows = count.div_ceil(columns);
    let svg = Svg::new(size.0 * columns.min(count) as f64, size.1 * rows as f64);
    let corner = |i: usize| ((i % columns) as f64 * size.0, (i / columns) as f64 * size.1);
    (svg, (0..count).map(corner).collect())
}
