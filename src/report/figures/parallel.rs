//! Parallel coordinates: every arm of a search as a line through its settings to its score.

use std::cmp::Ordering;

use serde_json::Value;

use super::axis::{Axis, Scale};
use super::rgb::{hex, mix};
use super::svg::{Anchor, GRID, INK, PALETTE, Svg, TEXT};
use super::{Figure, FigureText, axis_label};
use crate::analysis::summary::{ArmSummary, Summary};
use crate::experiment::plan::label::plain;

const WIDTH: f64 = 820.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 330.0;
const SIDE: f64 = 90.0;
/// The range of a setting beyond which its axis is logarithmic.
const LOG_FROM: f64 = 20.0;

/// One vertical axis.
struct Coordinate {
    title: String,
    /// Pixels of each arm; `None` for one without a value.
    pixels: Vec<Option<f64>>,
    ticks: Vec<(f64, String)>,
}

/// Drawn for a search.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let search = summary.search.as_ref()?;
    let mut coordinates: Vec<Coordinate> = Vec::new();
    for axis in &summary.axes {
        coordinates.push(of_setting(summary, axis)?);
    }
    let score = of_score(summary)?;
    let goodness = |arm: &ArmSummary| Some(summary.metric.goodness(arm.metric(&summary.metric)?.description.iqm?));
    let scored: Vec<f64> = summary.arms.iter().filter_map(goodness).collect();
    coordinates.push(score);
    let step = (WIDTH - 2.0 * SIDE) / (coordinates.len() - 1).max(1) as f64;
    let x = |index: usize| SIDE + step * index as f64;
    let mut svg = Svg::new(WIDTH, BOTTOM + 30.0);
    // The best arms are drawn last, on top.
    let mut order: Vec<usize> = (0..summary.arms.len()).collect();
    let rank = |index: usize| goodness(&summary.arms[index]).unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|&a, &b| rank(a).total_cmp(&rank(b)));
    for index in order {
        let points: Vec<(f64, f64)> =
            coordinates.iter().enumerate().filter_map(|(at, axis)| Some((x(at), axis.pixels[index]?))).collect();
        let is_best = summary.arms[index].label == search.best;
        let below = scored.iter().filter(|score| **score <= rank(index)).count();
        let share = below as f64 / scored.len().max(1) as f64;
        let [red, green, blue] = mix([214, 214, 214], hex(PALETTE[0]), share * share);
        let colour = if is_best { PALETTE[1].to_string() } else { format!("#{red:02X}{green:02X}{blue:02X}") };
        let width = if is_best { 3.5 } else { 1.5 };
        svg.arm(&summary.arms[index].label, &colour, |svg| svg.polyline(&points, &colour, width, ""));
    }
    for (index, axis) in coordinates.iter().enumerate() {
        svg.coordinate(x(index), |svg| svg.line((x(index), TOP), (x(index), BOTTOM), INK, 1.0));
        for (pixel, text) in &axis.ticks {
            svg.line((x(index) - 4.0, *pixel), (x(index), *pixel), GRID, 1.0);
            let (place, anchor) =
                if index == 0 { (x(index) - 8.0, Anchor::End) } else { (x(index) + 7.0, Anchor::Start) };
            svg.text((place, pixel + 4.0), text, anchor, TEXT - 3.0, INK);
        }
        svg.text((x(index), 24.0), &axis.title, Anchor::Middle, TEXT - 1.0, INK);
    }
    let pruned = summary.arms.iter().filter(|arm| arm.pruned_epoch.is_some()).count();
    let pruned = if pruned > 0 { format!(" The {pruned} pruned arms end before the score.") } else { String::new() };
    let words = FigureText {
        title: "Every arm of the search".into(),
        alt: format!(
            "Parallel coordinates: each arm as a line through its settings to its {}.",
            summary.metric.title()
        ),
        caption: format!(
            "Each line is an arm, from its settings to its {} (interquartile mean over its seeds); the bluer, the better; orange: the best, `{}`.{pruned}",
            summary.metric.title(),
            search.best
        ),
    };
    Some(Figure::svg("search", words, svg))
}

fn of_score(summary: &Summary) -> Option<Coordinate> {
    let value = |arm: &ArmSummary| arm.metric(&summary.metric)?.description.iqm;
    let values: Vec<Option<f64>> = summary.arms.iter().map(value).collect();
    let axis = Axis::over(values.iter().copied().flatten(), Scale::Linear, (BOTTOM, TOP))?;
    Some(Coordinate {
        title: summary.metric.title(),
        pixels: values.into_iter().map(|value| Some(axis.to_pixels(value?))).collect(),
        ticks: ticks(&axis, summary.metric.is_percent()),
    })
}

fn ticks(axis: &Axis, percent: bool) -> Vec<(f64, String)> {
    axis.ticks(6, percent).into_iter().map(|(value, text)| (axis.to_pixels(value), text)).collect()
}

/// `None` where no arm has a value.
fn of_setting(summary: &Summary, name: &str) -> Option<Coordinate> {
    let value = |arm: &ArmSummary| summary.records_of(&arm.label).next()?.axes.get(name).cloned();
    let values: Vec<Option<Value>> = summary.arms.iter().map(value).collect();
    let title = axis_label(name);
    let numbers: Option<Vec<f64>> = values.iter().flatten().map(Value::as_f64).collect();
    let mut distinct: Vec<&Value> = Vec::new();
    for value in values.iter().flatten() {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    /// More numbers than this are an axis and not a list of names.
    const NAMED: usize = 6;
    if let Some(numbers) = numbers.filter(|_| distinct.len() > NAMED) {
        let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let scale = if low > 0.0 && high / low > LOG_FROM { Scale::Log } else { Scale::Linear };
        let axis = Axis::over(numbers, scale, (BOTTOM, TOP))?;
        let pixels = values.iter().map(|value| Some(axis.to_pixels(value.as_ref()?.as_f64()?))).collect();
        return Some(Coordinate { title, pixels, ticks: ticks(&axis, false) });
    }
    // Numbers in their order, lists of widths by their sum, names as they come.
    let size = |value: &Value| match value {
        Value::Array(list) => list.iter().map(Value::as_f64).sum::<Option<f64>>(),
        value => value.as_f64(),
    };
    distinct.sort_by(|a, b| size(a).zip(size(b)).map_or(Ordering::Equal, |(a, b)| a.total_cmp(&b)));
    let last = distinct.len().checked_sub(1)?.max(1) as f64;
    let pixel = |place: usize| BOTTOM - 14.0 - (BOTTOM - TOP - 28.0) * place as f64 / last;
    let place = |value: &Option<Value>| distinct.iter().position(|other| Some(*other) == value.as_ref()).map(pixel);
    let pixels = values.iter().map(place).collect();
    let ticks = distinct.iter().enumerate().map(|(place, value)| (pixel(place), plain(value))).collect();
    Some(Coordinate { title, pixels, ticks })
}
