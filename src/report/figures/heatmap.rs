//! Heat map: the metric over two numeric axes, with a panel for each value of a third axis.

use serde_json::Value;

use super::svg::{Anchor, GRID, INK, PALETTE, Rectangle, Svg, TEXT};
use super::{Figure, FigureText, axis_label, capitalised, finished_seeds};
use crate::analysis::summary::{ArmSummary, Summary};
use crate::experiment::metric::Metric;
use crate::experiment::quantity::Quantity;

/// Width and height of a cell.
const CELL: (f64, f64) = (64.0, 40.0);
const LEFT: f64 = 74.0;
const TOP: f64 = 40.0;
/// Panels stand side by side while they fit into this width.
const PAGE_WIDTH: f64 = 840.0;

/// What every panel has in common.
struct Layout<'a> {
    x_axis: &'a str,
    y_axis: &'a str,
    /// In rising order.
    xs: Vec<f64>,
    ys: Vec<f64>,
    metric: Quantity,
}

/// The cells of one value of the third axis; the name is empty if there is no third axis.
struct HeatmapPanel<'a> {
    name: String,
    cells: Vec<HeatmapCell<'a>>,
}

/// One arm; `value` is its interquartile mean.
struct HeatmapCell<'a> {
    arm: &'a str,
    x: f64,
    y: f64,
    value: Option<f64>,
}

/// Drawn for two numeric axes of two values or more, alone or with one other axis.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let numeric: Vec<&String> = summary.axes.iter().filter(|axis| axis_values(summary, axis).len() >= 2).collect();
    let [x_axis, y_axis] = numeric[..] else { return None };
    if summary.axes.len() > 3 {
        return None;
    }
    let other = summary.axes.iter().find(|axis| *axis != x_axis && *axis != y_axis);
    // Different training losses cannot be compared in one of them, so each panel shows its own.
    let by_loss = other.is_some_and(|axis| axis == "loss");
    let metric = if by_loss { Metric::TestLoss.into() } else { summary.metric.clone() };
    let metric_title = metric.title();
    let (xs, ys) = (axis_values(summary, x_axis), axis_values(summary, y_axis));
    let layout = Layout { x_axis, y_axis, xs, ys, metric };
    let panels = panels(summary, &layout, other);
    // A random search leaves most cells empty.
    if 2 * summary.arms.len() < layout.xs.len() * layout.ys.len() * panels.len() {
        return None;
    }
    let width = LEFT + CELL.0 * layout.xs.len() as f64 + 24.0;
    let height = TOP + CELL.1 * layout.ys.len() as f64 + 62.0;
    let columns = ((PAGE_WIDTH / width) as usize).clamp(1, panels.len().max(1));
    let mut svg = Svg::new(width * columns as f64, height * panels.len().div_ceil(columns) as f64);
    for (index, panel) in panels.iter().enumerate() {
        let corner = ((index % columns) as f64 * width + LEFT, (index / columns) as f64 * height + TOP);
        draw_labels(&mut svg, corner, &layout, &panel.name);
        draw_cells(&mut svg, corner, &layout, &panel.cells);
    }
    let by = format!("{} and {}", axis_label(x_axis), axis_label(y_axis));
    let words = FigureText {
        title: format!("{} by {by}", capitalised(&metric_title)),
        alt: format!("Heat map of the interquartile mean of {metric_title} over {by}."),
        caption: format!(
            "Interquartile mean over seeds in each cell; the darker, the better; the best is framed. {}",
            finished_seeds(summary)
        ),
    };
    Some(Figure::svg("heatmap", words, svg))
}

/// The distinct values of an axis in rising order; empty if one is not a number.
fn axis_values(summary: &Summary, axis: &str) -> Vec<f64> {
    let value = |arm: &ArmSummary| summary.records_of(&arm.label).next()?.axes.get(axis)?.as_f64();
    let Some(mut all) = summary.arms.iter().map(value).collect::<Option<Vec<f64>>>() else { return Vec::new() };
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

fn panels<'a>(summary: &'a Summary, layout: &Layout, other: Option<&String>) -> Vec<HeatmapPanel<'a>> {
    let mut panels: Vec<HeatmapPanel> = Vec::new();
    for arm in &summary.arms {
        let Some(axes) = summary.records_of(&arm.label).next().map(|record| &record.axes) else { continue };
        let number = |axis: &str| axes.get(axis).and_then(Value::as_f64);
        let (Some(x), Some(y)) = (number(layout.x_axis), number(layout.y_axis)) else { continue };
        let name = other.and_then(|axis| axes.get(axis)).map_or(String::new(), |value| match value {
            Value::String(text) => text.clone(),
            value => format!("{}={value}", other.map_or("", String::as_str)),
        });
        let value = arm.metric(&layout.metric).and_then(|found| found.description.iqm);
        let cell = HeatmapCell { arm: &arm.label, x, y, value };
        match panels.iter_mut().find(|panel| panel.name == name) {
            Some(panel) => panel.cells.push(cell),
            None => panels.push(HeatmapPanel { name, cells: vec![cell] }),
        }
    }
    panels
}

/// The panel's title, the labels of its axes and their values.
fn draw_labels(svg: &mut Svg, corner: (f64, f64), layout: &Layout, name: &str) {
    let (left, top) = corner;
    let (width, height) = (CELL.0 * layout.xs.len() as f64, CELL.1 * layout.ys.len() as f64);
    let (middle, bottom) = (left + width / 2.0, top + height);
    let title = match name {
        "" => layout.metric.title(),
        name => format!("{name}: {}", layout.metric.title()),
    };
    svg.text((middle, top - 16.0), &title, Anchor::Middle, TEXT, INK);
    svg.text((middle, bottom + 42.0), &axis_label(layout.x_axis), Anchor::Middle, TEXT, INK);
    svg.upward((left - 48.0, top + height / 2.0), &axis_label(layout.y_axis));
    for (column, x) in layout.xs.iter().enumerate() {
        let point = (left + CELL.0 * (column as f64 + 0.5), bottom + 19.0);
        svg.text(point, &x.to_string(), Anchor::Middle, TEXT - 1.0, INK);
    }
    for (row, y) in layout.ys.iter().enumerate() {
        let point = (left - 10.0, top + CELL.1 * (row as f64 + 0.5) + 5.0);
        svg.text(point, &y.to_string(), Anchor::End, TEXT - 1.0, INK);
    }
}

fn draw_cells(svg: &mut Svg, corner: (f64, f64), layout: &Layout, cells: &[HeatmapCell]) {
    let area = |cell: &HeatmapCell| {
        let column = layout.xs.iter().position(|x| *x == cell.x).unwrap_or(0);
        let row = layout.ys.iter().position(|y| *y == cell.y).unwrap_or(0);
        let (left, top) = (corner.0 + CELL.0 * column as f64, corner.1 + CELL.1 * row as f64);
        Rectangle { left, top, width: CELL.0, height: CELL.1 }
    };
    let values = || cells.iter().filter_map(|cell| cell.value).map(|value| layout.metric.goodness(value));
    let (worst, best) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    for cell in cells {
        let area = area(cell);
        let goodness = cell
            .value
            .map_or(0.0, |value| (layout.metric.goodness(value) - worst) / (best - worst).max(f64::MIN_POSITIVE));
        let text = cell.value.map_or("-".into(), |value| layout.metric.format(value));
        let middle = (area.left + CELL.0 / 2.0, area.top + CELL.1 / 2.0 + 5.0);
        // The colour is the value's and not the arm's.
        svg.arm(cell.arm, PALETTE[0], |svg| {
            svg.rect(area, PALETTE[0], 0.06 + 0.5 * goodness, GRID);
            svg.text(middle, &text, Anchor::Middle, TEXT - 1.0, INK);
        });
    }
    for cell in cells.iter().filter(|cell| cell.value.is_some_and(|value| layout.metric.goodness(value) == best)) {
        let Rectangle { left, top, width, height } = area(cell);
        let inner = Rectangle { left: left + 1.0, top: top + 1.0, width: width - 2.0, height: height - 2.0 };
        svg.arm(cell.arm, PALETTE[0], |svg| svg.frame(inner, INK, 2.0));
    }
}
