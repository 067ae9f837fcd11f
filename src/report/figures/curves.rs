//! Learning curves: loss and accuracy on training and validation examples over the epochs.

use super::axis::{Axis, Scale};
use super::legend::{entries, part_of_arms, shown_arms};
use super::panel::Panel;
use super::svg::{Anchor, GRID, INK, OF_ARM, Svg, TEXT, colour, dash};
use super::{Figure, FigureText};
use crate::analysis::stats::describe::{interquartile_mean, quantile, sorted};
use crate::analysis::summary::Summary;
use crate::experiment::metric::Metric;
use crate::record::{History, TrialRecord};

/// Width and height of a panel.
const SIZE: (f64, f64) = (290.0, 190.0);
/// Pixels between two panels of a row, and between two rows.
const GAP: (f64, f64) = (82.0, 34.0);
const LEFT: f64 = 74.0;
const TOP: f64 = 34.0;
const WIDTH: f64 = 760.0;

/// A row of panels: one quantity, on training examples to the left and on validation examples to the right.
struct PanelRow {
    name: &'static str,
    percent: bool,
    histories: [fn(&History) -> &Vec<f32>; 2],
}

const LOSS: PanelRow =
    PanelRow { name: "loss", percent: false, histories: [|h| &h.train_loss, |h| &h.validation_loss] };
const ACCURACY: PanelRow =
    PanelRow { name: "accuracy", percent: true, histories: [|h| &h.train_accuracy, |h| &h.validation_accuracy] };

/// The runs of one arm in one epoch.
#[derive(Clone, Copy)]
pub struct EpochStatistics {
    pub lower_quartile: f64,
    pub iqm: f64,
    pub upper_quartile: f64,
}

/// Loss, and accuracy where there is one, with a line per arm; the best arms where there are many. `None` if no record has epochs.
pub fn draw(summary: &Summary) -> Option<Figure> {
    // The values of a descent are in its own figure.
    if summary.records.iter().all(|record| record.history.validation_loss.is_empty()) {
        return None;
    }
    let mut rows = vec![LOSS];
    // An autoencoder has no accuracy.
    if summary.records.iter().any(|record| !record.history.validation_accuracy.is_empty()) {
        rows.push(ACCURACY);
    }
    let labels = shown_arms(summary);
    let legend_top = TOP + rows.len() as f64 * (SIZE.1 + GAP.1) - GAP.1 + 62.0;
    let entries = entries(&labels, WIDTH - LEFT);
    let height = legend_top + entries.last().map_or(0.0, |(_, y)| y + 26.0);
    let mut svg = Svg::new(WIDTH, height);
    for (title, left) in [("training", LEFT), ("validation", LEFT + SIZE.0 + GAP.0)] {
        svg.text((left + SIZE.0 / 2.0, 20.0), title, Anchor::Middle, TEXT, INK);
    }
    for (index, row) in rows.iter().enumerate() {
        let last = index + 1 == rows.len();
        draw_row(&mut svg, summary, &labels, row, TOP + index as f64 * (SIZE.1 + GAP.1), last);
    }
    for ((dx, dy), (index, label)) in entries.into_iter().zip(labels.iter().enumerate()) {
        let (x, y) = (LEFT + dx, legend_top + dy);
        svg.arm(label, colour(index), |svg| {
            svg.polyline(&[(x, y - 5.0), (x + 26.0, y - 5.0)], OF_ARM, 2.5, dash(index));
            svg.text((x + 33.0, y), label, Anchor::Start, TEXT, INK);
        });
    }
    let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    let words = FigureText {
        title: "Learning curves".into(),
        alt: format!("Training and validation {} of each arm over the epochs.", names.join(" and ")),
        caption: format!(
            "Line: interquartile mean over seeds; band: middle half of the seeds (quartiles). Training numbers are means over an epoch \
             as the weights change; validation numbers are taken at its end. Every panel has its own scale.{}",
            part_of_arms(summary, &labels)
        ),
    };
    Some(Figure::svg("curves", words, svg))
}

/// Two panels, each on its own scale; the last row has the labels of the epochs.
fn draw_row(svg: &mut Svg, summary: &Summary, labels: &[&str], row: &PanelRow, top: f64, last: bool) {
    let curves_of = |history: fn(&History) -> &Vec<f32>| {
        labels.iter().map(|label| statistics(summary.records_of(label), history)).collect::<Vec<_>>()
    };
    let sides = row.histories.map(curves_of);
    let bottom = top + SIZE.1;
    svg.upward((16.0, (bottom + top) / 2.0), row.name);
    for (side, curves) in sides.iter().enumerate() {
        let left = LEFT + side as f64 * (SIZE.0 + GAP.0);
        let right = left + SIZE.0;
        let epochs = curves.iter().map(Vec::len).max().unwrap_or(1).max(1);
        let every: Vec<f64> =
            curves.iter().flatten().flat_map(|s| [s.lower_quartile, s.iqm, s.upper_quartile]).collect();
        let scale = if row.percent { Axis::scale_for(&Metric::ValidationAccuracy.into(), &every) } else { Scale::Log };
        let x = Axis::over([1.0, epochs as f64], Scale::Linear, (left, right));
        let (Some(x), Some(y)) = (x, Axis::over(every, scale, (bottom, top))) else { continue };
        for (value, text) in y.ticks(5, row.percent) {
            svg.line((left, y.to_pixels(value)), (right, y.to_pixels(value)), GRID, 1.0);
            svg.text((left - 7.0, y.to_pixels(value) + 5.0), &text, Anchor::End, TEXT - 2.0, INK);
        }
        if last {
            let whole = |(value, _): &(f64, String)| value.fract() == 0.0 && *value >= 1.0;
            for (value, text) in x.ticks(6, false).into_iter().filter(whole) {
                svg.line((x.to_pixels(value), bottom), (x.to_pixels(value), bottom + 4.0), INK, 1.0);
                svg.text((x.to_pixels(value), bottom + 18.0), &text, Anchor::Middle, TEXT - 2.0, INK);
            }
            svg.text(((left + right) / 2.0, bottom + 37.0), "epoch", Anchor::Middle, TEXT, INK);
        }
        svg.line((left, bottom), (right, bottom), INK, 1.0);
        draw_curves(svg, &Panel { x, y }, labels, curves);
    }
}

fn draw_curves(svg: &mut Svg, panel: &Panel, labels: &[&str], curves: &[Vec<EpochStatistics>]) {
    for ((index, label), curve) in labels.iter().enumerate().zip(curves) {
        let points = |value: fn(&EpochStatistics) -> f64| {
            let epochs = curve.iter().enumerate();
            epochs.map(|(epoch, statistics)| (epoch as f64 + 1.0, value(statistics))).collect::<Vec<_>>()
        };
        let band = panel.band(&points(|s| s.lower_quartile), &points(|s| s.upper_quartile));
        let line: Vec<(f64, f64)> = points(|s| s.iqm).into_iter().map(|point| panel.to_pixels(point)).collect();
        svg.arm(label, colour(index), |svg| {
            svg.area(&band, OF_ARM, 0.2);
            svg.polyline(&line, OF_ARM, 2.0, dash(index));
            // A line through one point cannot be seen.
            if let [only] = line[..] {
                svg.dot(only, 4.0, OF_ARM, 1.0);
            }
        });
    }
}

/// For each epoch, over the runs that reached it.
pub fn statistics<'a>(
    records: impl Iterator<Item = &'a TrialRecord>,
    history: fn(&History) -> &Vec<f32>,
) -> Vec<EpochStatistics> {
    let runs: Vec<&Vec<f32>> = records.map(|record| history(&record.history)).collect();
    let epochs = runs.iter().map(|run| run.len()).max().unwrap_or(0);
    let of_epoch = |epoch: usize| {
        let values: Vec<f64> = runs.iter().filter_map(|run| run.get(epoch)).map(|&v| f64::from(v)).collect();
        let ordered = sorted(&values);
        EpochStatistics {
            lower_quartile: quantile(&ordered, 0.25),
            iqm: interquartile_mean(&values),
            upper_quartile: quantile(&ordered, 0.75),
        }
    };
    (0..epochs).map(of_epoch).collect()
}
