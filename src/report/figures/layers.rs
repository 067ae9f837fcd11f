//! The layers of watched trainings over the epochs: the norm of the gradient, the share of saturated units, the mean slope.

use super::axis::{Axis, Scale};
use super::legend::{entries, shown_arms};
use super::panel::Panel;
use super::svg::{Anchor, GRID, INK, Svg, TEXT, colour, dash};
use super::{Figure, FigureText};
use crate::analysis::stats::describe::{quantile, sorted};
use crate::analysis::summary::Summary;
use crate::record::LayerHistory;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 66.0;
const TOP: f64 = 58.0;
/// Height of a panel.
const HEIGHT: f64 = 130.0;
/// Pixels between two panels of a row, and between two rows.
const GAP: (f64, f64) = (58.0, 46.0);
/// More arms than this fill more than a page.
const MOST_ARMS: usize = 6;

/// What the panels of a column show.
struct Column {
    name: &'static str,
    scale: Scale,
    percent: bool,
    values: fn(&LayerHistory) -> &Vec<f32>,
}

const COLUMNS: [Column; 3] = [
    Column { name: "gradient norm", scale: Scale::Log, percent: false, values: |layer| &layer.gradient_norm },
    Column { name: "saturated units (%)", scale: Scale::Linear, percent: true, values: |layer| &layer.saturated },
    Column { name: "mean slope", scale: Scale::Linear, percent: false, values: |layer| &layer.slope },
];

/// The medians of one arm's runs, `[layers][epochs + 1]`.
type Curves = Vec<Vec<f64>>;

/// A row of panels per arm with a line per layer; `None` if no training was watched.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let is_watched = |label: &&str| summary.records_of(label).any(|record| !record.layers.is_empty());
    let watched: Vec<&str> = shown_arms(summary).into_iter().filter(is_watched).collect();
    let labels = &watched[..watched.len().min(MOST_ARMS)];
    let curves_of = |column: &Column| -> Vec<Curves> {
        labels.iter().map(|label| medians(summary, label, column.values)).collect()
    };
    let all = COLUMNS.iter().map(|column| (column, curves_of(column)));
    let columns: Vec<(&Column, Vec<Curves>)> =
        all.filter(|(_, arms)| arms.iter().flatten().any(|curve| !curve.is_empty())).collect();
    let layers = columns.iter().flat_map(|(_, arms)| arms).map(Vec::len).max()?;
    let names: Vec<String> = (1..=layers).map(|layer| format!("layer {layer}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let places = entries(&names, WIDTH - LEFT);
    let legend_top = TOP + labels.len() as f64 * (HEIGHT + GAP.1) + 26.0;
    let mut svg = Svg::new(WIDTH, legend_top + places.last().map_or(0.0, |(_, y)| y + 26.0));
    let width = (WIDTH - LEFT - 16.0 - GAP.0 * (columns.len() - 1) as f64) / columns.len() as f64;
    for (index, (column, arms)) in columns.iter().enumerate() {
        let left = LEFT + index as f64 * (width + GAP.0);
        svg.text((left + width / 2.0, 20.0), column.name, Anchor::Middle, TEXT, INK);
        // An activation without limits has no units to be saturated.
        let is_drawn = |(_, curves): &(usize, &Curves)| curves.iter().any(|curve| !curve.is_empty());
        for (row, curves) in arms.iter().enumerate().filter(is_drawn) {
            let top = TOP + row as f64 * (HEIGHT + GAP.1);
            // The panels of a column share their axis, so that arms can be compared.
            let values = arms.iter().flatten().flatten().copied();
            let Some(y) = Axis::over(values, column.scale, (top + HEIGHT, top)) else { continue };
            let epochs = arms.iter().flatten().map(Vec::len).max().unwrap_or(2).max(2) - 1;
            let x = Axis::exactly((0.0, epochs as f64), Scale::Linear, (left, left + width));
            svg.arm(labels[row], INK, |svg| {
                draw_panel(svg, &Panel { x, y }, curves, column.percent, row + 1 == labels.len());
            });
        }
    }
    for (row, label) in labels.iter().enumerate() {
        let place = (LEFT, TOP + row as f64 * (HEIGHT + GAP.1) - 10.0);
        svg.arm(label, INK, |svg| svg.text(place, label, Anchor::Start, TEXT, INK));
    }
    for ((dx, dy), (index, name)) in places.into_iter().zip(names.iter().enumerate()) {
        let (x, y) = (LEFT + dx, legend_top + dy);
        svg.polyline(&[(x, y - 5.0), (x + 26.0, y - 5.0)], colour(index), 2.5, dash(index));
        svg.text((x + 33.0, y), name, Anchor::Start, TEXT, INK);
    }
    let part = if labels.len() < summary.arms.len() {
        format!(" {} of {} arms.", labels.len(), summary.arms.len())
    } else {
        String::new()
    };
    let words = FigureText {
        title: "Layers".into(),
        alt:
            "The gradient norm, the share of saturated units and the mean slope of each layer over the epochs, by arm."
                .into(),
        caption: format!(
            "Median over seeds, on the first training examples; epoch 0 is before training. Gradient norm: of the loss by a layer's weights. \
             Saturated: within 5 % of the range from a limit of a sigmoid or tanh, or 0 after a ReLU.{part}"
        ),
    };
    Some(Figure::svg("layers", words, svg))
}

fn draw_panel(svg: &mut Svg, panel: &Panel, curves: &Curves, percent: bool, with_epochs: bool) {
    let ((left, right), (bottom, _)) = (panel.x.pixels(), panel.y.pixels());
    for (value, text) in panel.y.ticks(4, percent) {
        svg.line((left, panel.y.to_pixels(value)), (right, panel.y.to_pixels(value)), GRID, 1.0);
        svg.text((left - 6.0, panel.y.to_pixels(value) + 5.0), &text, Anchor::End, TEXT - 2.0, INK);
    }
    let whole = |(value, _): &(f64, String)| value.fract() == 0.0;
    for (value, text) in panel.x.ticks(5, false).into_iter().filter(whole) {
        svg.line((panel.x.to_pixels(value), bottom), (panel.x.to_pixels(value), bottom + 4.0), INK, 1.0);
        svg.text((panel.x.to_pixels(value), bottom + 18.0), &text, Anchor::Middle, TEXT - 2.0, INK);
    }
    if with_epochs {
        svg.text(((left + right) / 2.0, bottom + 36.0), "epoch", Anchor::Middle, TEXT, INK);
    }
    svg.line((left, bottom), (right, bottom), INK, 1.0);
    for (index, curve) in curves.iter().enumerate().filter(|(_, curve)| !curve.is_empty()) {
        let points = curve.iter().enumerate().map(|(epoch, &value)| panel.to_pixels((epoch as f64, value)));
        svg.polyline(&points.collect::<Vec<_>>(), colour(index), 2.0, dash(index));
    }
}

/// For each layer and epoch the median over the runs that reached it.
fn medians(summary: &Summary, label: &str, values: fn(&LayerHistory) -> &Vec<f32>) -> Curves {
    let layers = summary.records_of(label).map(|record| record.layers.len()).max().unwrap_or(0);
    let of_layer = |layer: usize| {
        let runs: Vec<&Vec<f32>> =
            summary.records_of(label).filter_map(|record| record.layers.get(layer)).map(values).collect();
        let epochs = runs.iter().map(|run| run.len()).max().unwrap_or(0);
        let median = |epoch: usize| {
            let of_runs: Vec<f64> =
                runs.iter().filter_map(|run| run.get(epoch)).map(|&value| f64::from(value)).collect();
            quantile(&sorted(&of_runs), 0.5)
        };
        (0..epochs).map(median).collect()
    };
    (0..layers).map(of_layer).collect()
}
