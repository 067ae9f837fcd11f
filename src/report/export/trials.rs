//! `trials.csv`: one row per trial, in plan order.

use anyhow::Result;
use serde_json::Value;

use super::{Export, finish, number, write_row};
use crate::analysis::summary::{Summary, recorded_metrics};
use crate::experiment::metric::Metric;
use crate::experiment::quantity::Quantity;
use crate::record::{Status, TrialRecord};

/// Columns: arm, one per axis, seed, status, the epochs, one per metric, seconds, id.
#[derive(Debug)]
pub struct TrialsCsv;

impl Export for TrialsCsv {
    fn file(&self) -> &'static str {
        "trials.csv"
    }

    fn export(&self, summary: &Summary) -> Result<Vec<u8>> {
        let metrics = metrics(summary);
        let mut csv = csv::Writer::from_writer(Vec::new());
        let mut head = vec!["arm".to_string()];
        head.extend(summary.axes.iter().map(|axis| format!("param_{axis}")));
        head.extend(["seed", "status", "diverged_epoch", "epochs_kept"].map(String::from));
        head.extend(metrics.iter().map(Metric::to_string));
        head.extend(["seconds", "id"].map(String::from));
        write_row(&mut csv, &head)?;
        for record in &summary.records {
            let mut row = vec![record.arm.clone()];
            row.extend(summary.axes.iter().map(|axis| axis_value(record, axis)));
            row.push(record.seed.to_string());
            row.push(status(record.status).into());
            row.push(record.diverged_epoch.map_or(String::new(), |epoch| epoch.to_string()));
            row.push(record.epochs_kept.map_or(String::new(), |epochs| epochs.to_string()));
            row.extend(metrics.iter().map(|metric| number(record.metric(metric))));
            row.push(number(Some(record.seconds)));
            row.push(record.id.clone());
            write_row(&mut csv, &row)?;
        }
        finish(csv)
    }
}

/// The metrics of the records and those that the summary derived from them, without differences of two.
fn metrics(summary: &Summary) -> Vec<Metric> {
    let mut metrics = recorded_metrics(&summary.records);
    for summarised in summary.arms.iter().flat_map(|arm| &arm.metrics) {
        match &summarised.quantity {
            Quantity::Single(metric) if !metrics.contains(metric) => metrics.push(metric.clone()),
            Quantity::Single(_) | Quantity::Difference(..) => {}
        }
    }
    metrics.sort();
    metrics
}

fn axis_value(record: &TrialRecord, axis: &str) -> String {
    match record.axes.get(axis) {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Done => "done",
        Status::Diverged => "diverged",
        Status::Failed => "failed",
        Status::Pruned => "pruned",
    }
}
