//! Response curves: the metric along a numeric axis, with one line for each value of the other axis.

use serde_json::Value;

use super::axis::{Axis, Scale};
use super::panel::Panel;
use super::svg::{Anchor, FAINT, GRID, INK, OF_ARM, Svg, TEXT, colour, dash};
use super::{Figure, FigureText, axis_label, capitalised, finished_seeds};
use crate::analysis::stats::Interval;
use crate::analysis::summary::{ArmSummary, Summary};
use crate::experiment::quantity::Quantity;
use crate::record::TrialRecord;
use crate::report::table::interval_name;

/// The arms of one value of the other axis, in plan order; the label is empty if there is no other axis.
struct ResponseLine<'a> {
    label: String,
    points: Vec<ResponsePoint<'a>>,
}

/// One arm.
struct ResponsePoint<'a> {
    arm: &'a str,
    x: ResponseValue,
    iqm: f64,
    interval: Option<Interval>,
    /// Each seed with its value.
    seeds: Vec<(u64, f64)>,
}

/// An arm's value on the numeric axis.
struct ResponseValue {
    /// Above 0; a list of widths counts as its sum.
    number: f64,
    /// As it is written under the axis.
    text: String,
}

/// Drawn for one numeric axis of three values or more, alone or with one other axis.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let numeric = summary.axes.iter().find(|axis| {
        let mut values: Vec<f64> =
            summary.arms.iter().filter_map(|arm| Some(axis_value(summary, arm, axis)?.number)).collect();
        let complete = values.len() == summary.arms.len();
        values.sort_by(f64::total_cmp);
        values.dedup();
        complete && values.len() >= 3
    })?;
    if summary.axes.len() > 2 {
        return None;
    }
    let lines = lines(summary, numeric);
    let all = || lines.iter().flat_map(|line| &line.points);
    let values: Vec<f64> = all().flat_map(|point| point.seeds.iter().map(|(_, value)| *value)).collect();
    let (left, right, top, bottom) = (78.0, if lines.len() > 1 { 610.0 } else { 730.0 }, 16.0, 330.0);
    // Rates, widths and batch sizes are chosen by factors, which a logarithmic axis sets equally far apart.
    let x = Axis::over(all().map(|point| point.x.number), Scale::Log, (left, right))?;
    let y = Axis::over(values.iter().copied(), Axis::scale_for(&summary.metric, &values), (bottom, top))?;
    let mut svg = Svg::new(760.0, 388.0);
    for (value, text) in y.ticks(6, summary.metric.is_percent()) {
        svg.line((left, y.to_pixels(value)), (right, y.to_pixels(value)), GRID, 1.0);
        svg.text((left - 8.0, y.to_pixels(value) + 5.0), &text, Anchor::End, TEXT - 1.0, INK);
    }
    let mut ticks: Vec<(f64, &str)> = all().map(|point| (x.to_pixels(point.x.number), point.x.text.as_str())).collect();
    ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
    ticks.dedup();
    for (pixel, text) in ticks {
        svg.line((pixel, bottom), (pixel, bottom + 5.0), INK, 1.0);
        svg.text((pixel, bottom + 21.0), text, Anchor::Middle, TEXT - 1.0, INK);
    }
    svg.line((left, bottom), (right, bottom), INK, 1.0);
    svg.text(((left + right) / 2.0, bottom + 44.0), &axis_label(numeric), Anchor::Middle, TEXT, INK);
    svg.upward((18.0, (top + bottom) / 2.0), &summary.metric.title());
    let panel = Panel { x, y };
    for (index, line) in lines.iter().enumerate() {
        draw_line(&mut svg, &panel, &line.points, index, &summary.metric);
        if lines.len() > 1 {
            let y = top + 14.0 + 22.0 * index as f64;
            svg.polyline(&[(right + 14.0, y - 5.0), (right + 40.0, y - 5.0)], colour(index), 2.5, dash(index));
            svg.text((right + 48.0, y), &line.label, Anchor::Start, TEXT, INK);
        }
    }
    let diverged: usize = summary.arms.iter().map(|arm| arm.diverged).sum();
    if diverged > 0 {
        let text = format!("{diverged} {} diverged", if diverged == 1 { "run" } else { "runs" });
        svg.text((right + 14.0, bottom), &text, Anchor::Start, TEXT - 2.0, FAINT);
    }
    let (title, along) = (summary.metric.title(), axis_label(numeric));
    let words = FigureText {
        title: format!("{} by {along}", capitalised(&title)),
        alt: format!("Interquartile mean of {title} over {along}, with its {} and every seed.", interval_name(summary)),
        caption: format!(
            "Line: interquartile mean over seeds; bars: its {}; dots: every seed. {}{}",
            interval_name(summary),
            finished_seeds(summary),
            panel.y.note()
        ),
    };
    Some(Figure::svg("response", words, svg))
}

/// An arm's value on an axis, if it is a number or a list of numbers above 0. Classes are names, although they are written as numbers.
fn axis_value(summary: &Summary, arm: &ArmSummary, axis: &str) -> Option<ResponseValue> {
    match summary.records_of(&arm.label).next()?.axes.get(axis)? {
        Value::Array(_) if axis == "classes" => None,
        Value::Array(list) => {
            let number: f64 = list.iter().map(Value::as_f64).sum::<Option<f64>>()?;
            let text: Vec<String> = list.iter().map(ToString::to_string).collect();
            (number > 0.0).then(|| ResponseValue { number, text: text.join("-") })
        }
        value => Some(ResponseValue { number: value.as_f64().filter(|v| *v > 0.0)?, text: value.to_string() }),
    }
}

/// The arms by their value on the axis that is not the numeric one.
fn lines<'a>(summary: &'a Summary, numeric: &str) -> Vec<ResponseLine<'a>> {
    let mut lines: Vec<ResponseLine> = Vec::new();
    for arm in &summary.arms {
        let Some(x) = axis_value(summary, arm, numeric) else { continue };
        let other = summary.axes.iter().find(|axis| *axis != numeric);
        let value = other.and_then(|axis| summary.records_of(&arm.label).next()?.axes.get(axis).cloned());
        let label = value.map_or(String::new(), |v| v.as_str().map_or_else(|| v.to_string(), ToString::to_string));
        let index = lines.iter().position(|line| line.label == label).unwrap_or_else(|| {
            lines.push(ResponseLine { label, points: Vec::new() });
            lines.len() - 1
        });
        let found = arm.metric(&summary.metric);
        if let Some((found, iqm)) = found.and_then(|found| Some((found, found.description.iqm?))) {
            let of_seed = |record: &TrialRecord| Some((record.seed, record.quantity(&summary.metric)?));
            let seeds = summary.records_of(&arm.label).filter_map(of_seed).collect();
            let interval = found.iqm_interval;
            lines[index].points.push(ResponsePoint { arm: &arm.label, x, iqm, interval, seeds });
        }
    }
    lines
}

fn draw_line(svg: &mut Svg, panel: &Panel, points: &[ResponsePoint], index: usize, metric: &Quantity) {
    let pixel = |point: &ResponsePoint, value: f64| panel.to_pixels((point.x.number, value));
    for point in points {
        svg.arm(point.arm, colour(index), |svg| {
            let of_seed =
                |&(seed, value): &(u64, f64)| (pixel(point, value), format!("seed {seed}: {}", metric.format(value)));
            svg.named_dots(point.seeds.iter().map(of_seed), 2.6, OF_ARM, 0.35);
            if let Some(interval) = point.interval {
                svg.line(pixel(point, interval.low), pixel(point, interval.high), OF_ARM, 3.0);
            }
            svg.named_dots([(pixel(point, point.iqm), metric.format(point.iqm))], 4.5, OF_ARM, 1.0);
        });
    }
    let line: Vec<(f64, f64)> = points.iter().map(|point| pixel(point, point.iqm)).collect();
    svg.polyline(&line, colour(index), 2.5, dash(index));
}
