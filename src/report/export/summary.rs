//! `summary.csv`: one row per arm and metric.

use anyhow::Result;

use super::{Export, finish, number, write_row};
use crate::analysis::stats::Interval;
use crate::analysis::summary::Summary;

/// Columns: arm, metric, the counts of trials, n, and each statistic with the ends of its interval.
#[derive(Debug)]
pub struct SummaryCsv;

impl Export for SummaryCsv {
    fn file(&self) -> &'static str {
        "summary.csv"
    }

    fn export(&self, summary: &Summary) -> Result<Vec<u8>> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        write_row(
            &mut csv,
            &[
                "arm",
                "metric",
                "trials",
                "diverged",
                "failed",
                "n",
                "mean",
                "mean_low",
                "mean_high",
                "stddev",
                "min",
                "q1",
                "median",
                "median_low",
                "median_high",
                "q3",
                "max",
                "iqm",
                "iqm_low",
                "iqm_high",
            ],
        )?;
        for arm in &summary.arms {
            for metric in &arm.metrics {
                let d = &metric.description;
                let ends = |i: Option<Interval>| [number(i.map(|i| i.low)), number(i.map(|i| i.high))];
                let mut row = vec![arm.label.clone(), metric.quantity.to_string()];
                row.extend([arm.trials, arm.diverged, arm.failed, d.n].map(|n| n.to_string()));
                row.push(number(Some(d.mean)));
                row.extend(ends(metric.mean_interval));
                row.extend([d.sd, Some(d.min), Some(d.q1), Some(d.median)].map(number));
                row.extend(ends(metric.median_interval));
                row.extend([Some(d.q3), Some(d.max), d.iqm].map(number));
                row.extend(ends(metric.iqm_interval));
                write_row(&mut csv, &row)?;
            }
        }
        finish(csv)
    }
}
