//! Response curve: the metric along a numeric axis, one line for each value of the other axis.

use serde_json::Value;

use super::axis::{Axis, Spread};
use super::svg::{Anchor, FAINT, GRID, INK, Svg, TEXT, colour, dash};
use super::{Figure, axis_name};
use crate::analysis::summary::{ArmSummary, Summary};

/// A point of a line: place on the axis, interquartile mean, interval, every seed.
struct Point {
    at: f64,
    name: String,
    iqm: f64,
    interval: Option<(f64, f64)>,
    seeds: Vec<f64>,
}

/// Drawn for one numeric axis of three values or more, alone or with one other axis.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let numeric = summary.axes.iter().find(|axis| {
        let mut values: Vec<f64> =
            summary.arms.iter().filter_map(|arm| Some(axis_value(summary, arm, axis)?.0)).collect();
        let complete = values.len() == summary.arms.len();
        values.sort_by(f64::total_cmp);
        values.dedup();
        complete && values.len() >= 3
    })?;
    if summary.axes.len() > 2 {
        return None;
    }
    let lines = lines(summary, numeric);
    let all = || lines.iter().flat_map(|(_, points)| points);
    let metric = &summary.metric;
    let values: Vec<f64> = all().flat_map(|point| point.seeds.iter().copied()).collect();
    let (left, right, top, bottom) = (78.0, if lines.len() > 1 { 610.0 } else { 730.0 }, 16.0, 330.0);
    // Rates, widths and batch sizes are chosen by factors: a logarithmic axis sets them evenly apart.
    let x = Axis::over(all().map(|point| point.at), Spread::Log, (left, right))?;
    let y = Axis::over(values.iter().copied(), Axis::spread_of(metric, &values), (bottom, top))?;
    let mut svg = Svg::new(760.0, 388.0);
    for (value, text) in y.ticks(6, metric.is_percent()) {
        svg.line((left, y.to_pixels(value)), (right, y.to_pixels(value)), GRID, 1.0);
        svg.text((left - 8.0, y.to_pixels(value) + 5.0), &text, Anchor::End, TEXT - 1.0, INK);
    }
    let mut named: Vec<(f64, &str)> = all().map(|point| (x.to_pixels(point.at), point.name.as_str())).collect();
    named.sort_by(|a, b| a.0.total_cmp(&b.0));
    named.dedup();
    for (at, name) in named {
        svg.line((at, bottom), (at, bottom + 5.0), INK, 1.0);
        svg.text((at, bottom + 21.0), name, Anchor::Middle, TEXT - 1.0, INK);
    }
    svg.line((left, bottom), (right, bottom), INK, 1.0);
    svg.text(((left + right) / 2.0, bottom + 44.0), &axis_name(numeric), Anchor::Middle, TEXT, INK);
    svg.upward((18.0, (top + bottom) / 2.0), &metric.title());
    for (index, (label, points)) in lines.iter().enumerate() {
        draw_line(&mut svg, (&x, &y), points, index);
        if lines.len() > 1 {
            let at = top + 14.0 + 22.0 * index as f64;
            svg.polyline(&[(right + 14.0, at - 5.0), (right + 40.0, at - 5.0)], colour(index), 2.5, dash(index));
            svg.text((right + 48.0, at), label, Anchor::Start, TEXT, INK);
        }
    }
    let lost: usize = summary.arms.iter().map(|arm| arm.diverged).sum();
    if lost > 0 {
        let text = format!("{lost} runs diverged");
        svg.text((right + 14.0, bottom), &text, Anchor::Start, TEXT - 2.0, FAINT);
    }
    let caption = format!(
        "Line: interquartile mean over seeds; bars: its 95 % bootstrap interval; dots: every seed. {}{}",
        super::boxplot::counts(summary),
        y.note()
    );
    Some(Figure::svg("response", &format!("Along {}", axis_name(numeric)), caption, svg))
}

/// Where an arm stands on an axis, and how that is written; a list of widths stands at its sum.
fn axis_value(summary: &Summary, arm: &ArmSummary, axis: &str) -> Option<(f64, String)> {
    match summary.records_of(&arm.label).next()?.axes.get(axis)? {
        Value::Array(list) => {
            let sum: f64 = list.iter().map(Value::as_f64).sum::<Option<f64>>()?;
            let text: Vec<String> = list.iter().map(ToString::to_string).collect();
            (sum > 0.0).then(|| (sum, text.join("-")))
        }
        value => Some((value.as_f64().filter(|v| *v > 0.0)?, value.to_string())),
    }
}

/// The arms by their label without the numeric axis, in plan order.
fn lines(summary: &Summary, numeric: &str) -> Vec<(String, Vec<Point>)> {
    let mut lines: Vec<(String, Vec<Point>)> = Vec::new();
    for arm in &summary.arms {
        let Some((at, name)) = axis_value(summary, arm, numeric) else { continue };
        let other = summary.axes.iter().find(|axis| *axis != numeric);
        let value = other.and_then(|axis| summary.records_of(&arm.label).next()?.axes.get(axis).cloned());
        let label = value.map_or(String::new(), |v| v.as_str().map_or_else(|| v.to_string(), ToString::to_string));
        let index = lines.iter().position(|(known, _)| *known == label).unwrap_or_else(|| {
            lines.push((label, Vec::new()));
            lines.len() - 1
        });
        if let Some(metric) = arm.metric(&summary.metric) {
            let seeds = summary.records_of(&arm.label).filter_map(|record| record.quantity(&summary.metric));
            let interval = metric.iqm_interval.map(|interval| (interval.low, interval.high));
            lines[index].1.push(Point { at, name, iqm: metric.description.iqm, interval, seeds: seeds.collect() });
        }
    }
    lines
}

fn draw_line(svg: &mut Svg, (x, y): (&Axis, &Axis), points: &[Point], index: usize) {
    for point in points {
        let at = x.to_pixels(point.at);
        for &seed in &point.seeds {
            svg.dot((at, y.to_pixels(seed)), 2.6, colour(index), 0.35);
        }
        if let Some((low, high)) = point.interval {
            svg.line((at, y.to_pixels(low)), (at, y.to_pixels(high)), colour(index), 3.0);
        }
        svg.dot((at, y.to_pixels(point.iqm)), 4.5, colour(index), 1.0);
    }
    let chain: Vec<(f64, f64)> = points.iter().map(|point| (x.to_pixels(point.at), y.to_pixels(point.iqm))).collect();
    svg.polyline(&chain, colour(index), 2.5, dash(index));
}
