//! Box plots: every seed a dot, the box its quartiles.

use super::Figure;
use super::axis::Axis;
use super::svg::{Anchor, FAINT, GRID, INK, Svg, TEXT, colour, text_width};
use crate::analysis::stats::Description;
use crate::analysis::summary::{ArmSummary, Summary};
use crate::seed::{Purpose, Stream};

/// Pixels of an arm's row.
const ROW: f64 = 46.0;

/// One row an arm, in plan order; `None` when no trial has the metric.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let (mut svg, axis) = frame(summary, ROW, &summary.metric.title())?;
    for (row, arm) in summary.arms.iter().enumerate() {
        let middle = TOP + ROW * (row as f64 + 0.5);
        let values: Vec<f64> =
            summary.records_of(&arm.label).filter_map(|record| record.quantity(&summary.metric)).collect();
        if let Some(metric) = arm.metric(&summary.metric) {
            draw_box(&mut svg, &axis, &metric.description, &values, middle, colour(row));
        }
        let mut jitter = Stream::new(row as u64, Purpose::Pick, 0);
        for value in values {
            let y = middle + jitter.uniform(-0.28, 0.28) * ROW;
            svg.dot((axis.to_pixels(value), y), 3.2, colour(row), 0.65);
        }
    }
    let caption = format!(
        "Every dot is one seed. Box: quartiles; line: median; whiskers: the furthest seeds within 1.5 interquartile ranges. {}{}",
        counts(summary),
        axis.note()
    );
    Some(Figure::svg("boxplot", "Every run", caption, svg))
}

/// Pixels above the first row.
pub const TOP: f64 = 14.0;

/// Grid, ticks and arm names of a plot with one row an arm, and its value axis.
pub fn frame(summary: &Summary, row: f64, x_title: &str) -> Option<(Svg, Axis)> {
    let metric = &summary.metric;
    let values: Vec<f64> = summary.records.iter().filter_map(|record| record.quantity(metric)).collect();
    let names = summary.arms.iter().map(name);
    let left = 30.0 + names.map(|name| text_width(&name, TEXT)).fold(40.0, f64::max);
    let (width, bottom) = (760.0, TOP + row * summary.arms.len() as f64);
    let axis = Axis::over(values.iter().copied(), Axis::spread_of(metric, &values), (left, width - 24.0))?;
    let mut svg = Svg::new(width, bottom + 50.0);
    for (value, text) in axis.ticks(7, metric.is_percent()) {
        let x = axis.to_pixels(value);
        svg.line((x, TOP), (x, bottom), GRID, 1.0);
        svg.text((x, bottom + 19.0), &text, Anchor::Middle, TEXT - 1.0, INK);
    }
    svg.text(((left + width) / 2.0, bottom + 40.0), x_title, Anchor::Middle, TEXT, INK);
    for (index, arm) in summary.arms.iter().enumerate() {
        let middle = TOP + row * (index as f64 + 0.5);
        svg.text((left - 14.0, middle + 5.0), &name(arm), Anchor::End, TEXT, INK);
        if arm.metric(metric).is_none() {
            svg.text((left + 8.0, middle + 5.0), "no finished run", Anchor::Start, TEXT - 1.0, FAINT);
        }
    }
    svg.line((left, bottom), (width - 24.0, bottom), INK, 1.0);
    Some((svg, axis))
}

/// The arm's label, and how many of its runs diverged.
fn name(arm: &ArmSummary) -> String {
    match arm.diverged {
        0 => arm.label.clone(),
        n => format!("{} ({n} diverged)", arm.label),
    }
}

/// `n = 15 seeds an arm.`, or each arm's where they differ.
pub fn counts(summary: &Summary) -> String {
    let n = |arm: &ArmSummary| arm.metric(&summary.metric).map_or(0, |m| m.description.n);
    let first = summary.arms.first().map_or(0, n);
    if summary.arms.iter().all(|arm| n(arm) == first) {
        format!("n = {first} seeds an arm.")
    } else {
        let all: Vec<String> = summary.arms.iter().map(|arm| format!("{} {}", arm.label, n(arm))).collect();
        format!("Finished seeds: {}.", all.join(", "))
    }
}

fn draw_box(svg: &mut Svg, axis: &Axis, d: &Description, values: &[f64], middle: f64, colour: &str) {
    let reach = 1.5 * (d.q3 - d.q1);
    let near = values.iter().copied().filter(|v| (d.q1 - reach..=d.q3 + reach).contains(v));
    let low = near.clone().fold(d.q1, f64::min);
    let high = near.fold(d.q3, f64::max);
    let half = 0.36 * ROW;
    svg.line((axis.to_pixels(low), middle), (axis.to_pixels(d.q1), middle), INK, 1.2);
    svg.line((axis.to_pixels(d.q3), middle), (axis.to_pixels(high), middle), INK, 1.2);
    for end in [low, high] {
        svg.line((axis.to_pixels(end), middle - half / 2.0), (axis.to_pixels(end), middle + half / 2.0), INK, 1.2);
    }
    let (from, to) = (axis.to_pixels(d.q1), axis.to_pixels(d.q3));
    svg.rect((from, middle - half), ((to - from).max(1.0), 2.0 * half), colour, 0.18, INK);
    let x = axis.to_pixels(d.median);
    svg.line((x, middle - half), (x, middle + half), INK, 2.4);
}
