//! Interval plot: each arm's interquartile mean with its 95 % interval.

use super::Figure;
use super::boxplot::{TOP, counts, frame};
use super::svg::{Anchor, FAINT, TEXT, colour};
use crate::analysis::summary::Summary;

const ROW: f64 = 34.0;

/// One row an arm, in plan order; `None` when no trial has the metric.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let title = format!("interquartile mean of {}", summary.metric.title());
    let (mut svg, axis) = frame(summary, ROW, &title)?;
    for (row, arm) in summary.arms.iter().enumerate() {
        let Some(metric) = arm.metric(&summary.metric) else { continue };
        let y = TOP + ROW * (row as f64 + 0.5);
        let x = axis.to_pixels(metric.description.iqm);
        if let Some(interval) = metric.iqm_interval {
            let ends = [interval.low, interval.high].map(|end| axis.to_pixels(end));
            svg.line((ends[0], y), (ends[1], y), colour(row), 5.0);
            for end in ends {
                svg.line((end, y - 7.0), (end, y + 7.0), colour(row), 2.0);
            }
        }
        svg.dot((x, y), 5.0, colour(row), 1.0);
        if metric.iqm_interval.is_none() {
            svg.text((x + 10.0, y + 5.0), "too few seeds for an interval", Anchor::Start, TEXT - 2.0, FAINT);
        }
    }
    let caption = format!(
        "Mean of the middle half of the seeds, with its 95 % percentile bootstrap interval (10,000 resamples). {}{}",
        counts(summary),
        axis.note()
    );
    Some(Figure::svg("intervals", "How sure", caption, svg))
}
