//! Heat map: the metric over two numeric axes, a panel for each value of a third.

use serde_json::Value;

use super::svg::{Anchor, GRID, INK, PALETTE, Svg, TEXT};
use super::{Figure, axis_name};
use crate::analysis::summary::{ArmSummary, Summary};
use crate::experiment::metric::{Metric, Quantity};

const CELL: (f64, f64) = (64.0, 40.0);
const LEFT: f64 = 74.0;
const TOP: f64 = 40.0;

/// One arm's cell: axis_values along the two axes, and its interquartile mean.
struct Cell {
    x: f64,
    y: f64,
    value: Option<f64>,
}

/// Drawn for two numeric axes of two values or more, alone or with one other axis.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let numeric: Vec<&String> = summary.axes.iter().filter(|axis| axis_values(summary, axis).len() >= 2).collect();
    let [x, y] = numeric[..] else { return None };
    let other = summary.axes.iter().find(|axis| *axis != x && *axis != y);
    if summary.axes.len() > 3 {
        return None;
    }
    // Under different losses each is shown in its own.
    let by_loss = other.is_some_and(|axis| axis == "loss");
    let shown = &if by_loss { Metric::TestLoss.into() } else { summary.metric.clone() };
    let panels = panels(summary, (x, y), other, shown);
    let (xs, ys) = (axis_values(summary, x), axis_values(summary, y));
    // A random search leaves most cells empty.
    if 2 * summary.arms.len() < xs.len() * ys.len() * panels.len() {
        return None;
    }
    let across = LEFT + CELL.0 * xs.len() as f64 + 24.0;
    let down = TOP + CELL.1 * ys.len() as f64 + 62.0;
    // Panels stand side by side while they fit a page.
    let columns = ((840.0 / across) as usize).clamp(1, panels.len().max(1));
    let mut svg = Svg::new(across * columns as f64, down * panels.len().div_ceil(columns) as f64);
    for (index, (name, cells)) in panels.iter().enumerate() {
        let corner = ((index % columns) as f64 * across + LEFT, (index / columns) as f64 * down + TOP);
        let title = match name.as_str() {
            "" => shown.title(),
            name => format!("{name}: {}", shown.title()),
        };
        svg.text((corner.0 + CELL.0 * xs.len() as f64 / 2.0, corner.1 - 16.0), &title, Anchor::Middle, TEXT, INK);
        panel(&mut svg, corner, cells, (&xs, &ys), shown);
        let below = corner.1 + CELL.1 * ys.len() as f64;
        svg.text((corner.0 + CELL.0 * xs.len() as f64 / 2.0, below + 42.0), &axis_name(x), Anchor::Middle, TEXT, INK);
        svg.upward((corner.0 - 48.0, corner.1 + CELL.1 * ys.len() as f64 / 2.0), &axis_name(y));
    }
    let caption = format!(
        "Interquartile mean over seeds in each cell; the darker, the better; the best is framed. {}",
        super::boxplot::counts(summary)
    );
    Some(Figure::svg("heatmap", &format!("Over {} and {}", axis_name(x), axis_name(y)), caption, svg))
}

/// The distinct values of an axis in rising order; none where one is not a number.
fn axis_values(summary: &Summary, axis: &str) -> Vec<f64> {
    let value = |arm: &ArmSummary| summary.records_of(&arm.label).next()?.axes.get(axis)?.as_f64();
    let Some(mut all) = summary.arms.iter().map(value).collect::<Option<Vec<f64>>>() else { return Vec::new() };
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

fn panels(
    summary: &Summary,
    (x, y): (&str, &str),
    other: Option<&String>,
    shown: &Quantity,
) -> Vec<(String, Vec<Cell>)> {
    let mut panels: Vec<(String, Vec<Cell>)> = Vec::new();
    for arm in &summary.arms {
        let Some(axes) = summary.records_of(&arm.label).next().map(|record| &record.axes) else { continue };
        let number = |axis: &str| axes.get(axis).and_then(Value::as_f64);
        let (Some(x), Some(y)) = (number(x), number(y)) else { continue };
        let name = other.and_then(|axis| axes.get(axis)).map_or(String::new(), |value| match value {
            Value::String(text) => text.clone(),
            value => format!("{}={value}", other.map_or("", String::as_str)),
        });
        let cell = Cell { x, y, value: arm.metric(shown).map(|metric| metric.description.iqm) };
        match panels.iter_mut().find(|(known, _)| *known == name) {
            Some((_, cells)) => cells.push(cell),
            None => panels.push((name, vec![cell])),
        }
    }
    panels
}

fn panel(svg: &mut Svg, (left, top): (f64, f64), cells: &[Cell], (xs, ys): (&[f64], &[f64]), shown: &Quantity) {
    let sign = if shown.higher_is_better() { 1.0 } else { -1.0 };
    let values = || cells.iter().filter_map(|cell| cell.value).map(|value| sign * value);
    let (worst, best) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    for cell in cells {
        let column = xs.iter().position(|x| *x == cell.x).unwrap_or(0);
        let row = ys.iter().position(|y| *y == cell.y).unwrap_or(0);
        let (x, y) = (left + CELL.0 * column as f64, top + CELL.1 * row as f64);
        let good = cell.value.map_or(0.0, |value| (sign * value - worst) / (best - worst).max(f64::MIN_POSITIVE));
        svg.rect((x, y), CELL, PALETTE[0], 0.06 + 0.5 * good, GRID);
        let text = cell.value.map_or("-".into(), |value| shown.format(value));
        svg.text((x + CELL.0 / 2.0, y + CELL.1 / 2.0 + 5.0), &text, Anchor::Middle, TEXT - 1.0, INK);
    }
    for cell in cells.iter().filter(|cell| cell.value.is_some_and(|value| sign * value == best)) {
        let column = xs.iter().position(|x| *x == cell.x).unwrap_or(0);
        let row = ys.iter().position(|y| *y == cell.y).unwrap_or(0);
        let (x, y) = (left + CELL.0 * column as f64 + 1.0, top + CELL.1 * row as f64 + 1.0);
        svg.frame((x, y), (CELL.0 - 2.0, CELL.1 - 2.0), INK, 2.0);
    }
    for (column, x) in xs.iter().enumerate() {
        let at = (left + CELL.0 * (column as f64 + 0.5), top + CELL.1 * ys.len() as f64 + 19.0);
        svg.text(at, &x.to_string(), Anchor::Middle, TEXT - 1.0, INK);
    }
    for (row, y) in ys.iter().enumerate() {
        svg.text((left - 10.0, top + CELL.1 * (row as f64 + 0.5) + 5.0), &y.to_string(), Anchor::End, TEXT - 1.0, INK);
    }
}
