//! The table of arms, as rows of cells; and as aligned text for a terminal.

use crate::analysis::stats::Interval;
use crate::analysis::summary::{ArmSummary, MetricSummary, Summary};

/// A heading and rows of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Column names.
    pub head: Vec<String>,
    /// Cells, a row each.
    pub rows: Vec<Vec<String>>,
}

/// Every arm on the ranking metric.
pub fn arms(summary: &Summary) -> Table {
    let number = |value: f64| summary.metric.format(value);
    let interval = |i: Option<Interval>| i.map_or("-".into(), |i| format!("{} to {}", number(i.low), number(i.high)));
    let head = ["arm", "n", "diverged", "IQM", "95 % interval", "median", "mean", "sd", "min", "max", "s/trial"];
    let row = |arm: &ArmSummary| {
        let Some(metric) = arm.metric(&summary.metric) else {
            let mut cells = vec![arm.label.clone(), "0".into(), arm.diverged.to_string()];
            cells.resize(head.len(), "-".into());
            return cells;
        };
        let d = &metric.description;
        vec![
            arm.label.clone(),
            d.n.to_string(),
            arm.diverged.to_string(),
            number(d.iqm),
            interval(metric.iqm_interval),
            number(d.median),
            number(d.mean),
            d.sd.map_or("-".into(), number),
            number(d.min),
            number(d.max),
            format!("{:.1}", arm.seconds),
        ]
    };
    Table { head: head.map(String::from).to_vec(), rows: summary.arms.iter().map(row).collect() }
}

/// Every metric of the only arm but the ones at noise levels; none where there are several arms.
pub fn metrics(summary: &Summary) -> Option<Table> {
    let [arm] = &summary.arms[..] else { return None };
    let row = |found: &MetricSummary| {
        let number = |value| found.quantity.format(value);
        let interval = found.iqm_interval.map_or("-".into(), |i| format!("{} to {}", number(i.low), number(i.high)));
        let d = &found.description;
        let unit = if found.quantity.is_percent() { ", %" } else { "" };
        vec![
            format!("{}{unit}", found.quantity.title()),
            d.n.to_string(),
            number(d.iqm),
            interval,
            d.sd.map_or("-".into(), number),
            number(d.min),
            number(d.max),
        ]
    };
    let head = ["metric", "n", "IQM", "95 % interval", "sd", "min", "max"];
    let rows = arm
        .metrics
        .iter()
        .filter(|found| found.quantity.metrics().all(|metric| metric.level().is_none()))
        .map(row)
        .collect();
    Some(Table { head: head.map(String::from).to_vec(), rows })
}

/// What the table's numbers are.
pub fn caption(summary: &Summary) -> String {
    let unit = if summary.metric.is_percent() { ", in %" } else { "" };
    format!(
        "{}{unit}, on {}. IQM: mean of the middle half of the seeds, with its 95 % bootstrap interval.",
        summary.metric, summary.dataset
    )
}

impl Table {
    /// Aligned columns, the first to the left and the others to the right.
    pub fn text(&self) -> String {
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_string()
        };
        all().map(line).collect::<Vec<_>>().join("\n")
    }
}
