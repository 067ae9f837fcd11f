//! Learning curves: loss and accuracy, training and validation, over the epochs.

use super::Figure;
use super::axis::{Axis, Spread};
use super::svg::{Anchor, GRID, INK, Svg, TEXT, colour, dash, text_width};
use crate::analysis::stats::describe::{interquartile_mean, quantile, sorted};
use crate::analysis::summary::Summary;
use crate::experiment::metric::Metric;
use crate::record::{History, TrialRecord};

/// More lines than this cannot be told apart.
const MOST: usize = 8;

const PANEL: (f64, f64) = (310.0, 190.0);

type Column = fn(&History) -> &Vec<f32>;

/// One arm's curve in one panel: lower quartile, interquartile mean, upper quartile for each epoch.
type Curve = Vec<[f64; 3]>;

/// Two panels a row, which share their y axis; the best arms where there are many.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let mut shown: Vec<usize> = (0..summary.arms.len()).collect();
    let value = |index: usize| {
        let sign = if summary.metric.higher_is_better() { 1.0 } else { -1.0 };
        let iqm = summary.arms[index].metric(&summary.metric).map(|metric| metric.description.iqm);
        iqm.map_or(f64::NEG_INFINITY, |iqm| sign * iqm)
    };
    if shown.len() > MOST {
        shown.sort_by(|&a, &b| value(b).total_cmp(&value(a)));
        shown.truncate(MOST);
    }
    // A descent's values are in the figure of its way.
    if summary.records.iter().all(|record| record.history.validation_loss.is_empty()) {
        return None;
    }
    let mut rows: Vec<(&str, [Column; 2])> = vec![("loss", [|h| &h.train_loss, |h| &h.validation_loss])];
    // An autoencoder has none.
    if summary.records.iter().any(|record| !record.history.validation_accuracy.is_empty()) {
        rows.push(("accuracy", [|h| &h.train_accuracy, |h| &h.validation_accuracy]));
    }
    let count = rows.len() as f64;
    let (left, top, gap) = (74.0, 34.0, (42.0, 34.0));
    let legend_top = top + count * PANEL.1 + (count - 1.0) * gap.1 + 62.0;
    let labels: Vec<&str> = shown.iter().map(|&index| summary.arms[index].label.as_str()).collect();
    let entries = legend(&labels, 760.0 - left);
    let height = legend_top + entries.last().map_or(0.0, |(_, y)| y + 26.0);
    let mut svg = Svg::new(760.0, height);
    for (title, column) in [("training", 0), ("validation", 1)] {
        let middle = left + column as f64 * (PANEL.0 + gap.0) + PANEL.0 / 2.0;
        svg.text((middle, 20.0), title, Anchor::Middle, TEXT, INK);
    }
    for (row, (name, columns)) in rows.into_iter().enumerate() {
        let panels: Vec<Vec<Curve>> = columns
            .iter()
            .map(|column| shown.iter().map(|&i| curve(summary.records_of(&summary.arms[i].label), *column)).collect())
            .collect();
        let y0 = top + row as f64 * (PANEL.1 + gap.1);
        let every: Vec<f64> = panels.iter().flatten().flatten().flatten().copied().collect();
        let spread =
            if name == "loss" { Spread::Log } else { Axis::spread_of(&Metric::ValidationAccuracy.into(), &every) };
        let y = Axis::over(every, spread, (y0 + PANEL.1, y0))?;
        for (column, curves) in panels.iter().enumerate() {
            let x0 = left + column as f64 * (PANEL.0 + gap.0);
            panel(&mut svg, curves, &y, x0, (name, column == 0, row as f64 == count - 1.0));
        }
    }
    for ((dx, dy), (index, label)) in entries.into_iter().zip(labels.iter().enumerate()) {
        let (x, y) = (left + dx, legend_top + dy);
        svg.polyline(&[(x, y - 5.0), (x + 26.0, y - 5.0)], colour(index), 2.5, dash(index));
        svg.text((x + 33.0, y), label, Anchor::Start, TEXT, INK);
    }
    let part = if shown.len() < summary.arms.len() {
        format!(" The {} best of {} arms.", shown.len(), summary.arms.len())
    } else {
        String::new()
    };
    let caption = format!(
        "Line: interquartile mean over seeds; band: middle half of the seeds (quartiles). Training numbers are means \
         over an epoch as the weights change; validation numbers are taken at its end.{part}"
    );
    Some(Figure::svg("curves", "How they got there", caption, svg))
}

/// The quartiles and interquartile mean over the runs that reached each epoch.
fn curve<'a>(records: impl Iterator<Item = &'a TrialRecord>, column: Column) -> Curve {
    let runs: Vec<&Vec<f32>> = records.map(|record| column(&record.history)).collect();
    let epochs = runs.iter().map(|run| run.len()).max().unwrap_or(0);
    (0..epochs)
        .map(|epoch| {
            let values: Vec<f64> = runs.iter().filter_map(|run| run.get(epoch)).map(|&v| f64::from(v)).collect();
            let ordered = sorted(&values);
            [quantile(&ordered, 0.25), interquartile_mean(&values), quantile(&ordered, 0.75)]
        })
        .collect()
}

fn panel(svg: &mut Svg, curves: &[Curve], y: &Axis, x0: f64, (name, first, last): (&str, bool, bool)) {
    let epochs = curves.iter().map(Vec::len).max().unwrap_or(1).max(1);
    let ends = (x0, x0 + PANEL.0);
    let Some(x) = Axis::over([1.0, epochs as f64], Spread::Linear, ends) else { return };
    let (bottom, top) = y.pixels();
    for (value, text) in y.ticks(5, name == "accuracy") {
        svg.line((ends.0, y.to_pixels(value)), (ends.1, y.to_pixels(value)), GRID, 1.0);
        if first {
            svg.text((ends.0 - 7.0, y.to_pixels(value) + 5.0), &text, Anchor::End, TEXT - 2.0, INK);
        }
    }
    if last {
        for (value, text) in x.ticks(6, false).into_iter().filter(|(value, _)| value.fract() == 0.0 && *value >= 1.0) {
            svg.line((x.to_pixels(value), bottom), (x.to_pixels(value), bottom + 4.0), INK, 1.0);
            svg.text((x.to_pixels(value), bottom + 18.0), &text, Anchor::Middle, TEXT - 2.0, INK);
        }
        svg.text(((ends.0 + ends.1) / 2.0, bottom + 37.0), "epoch", Anchor::Middle, TEXT, INK);
    }
    if first {
        svg.upward((16.0, (bottom + top) / 2.0), name);
    }
    svg.line((ends.0, bottom), (ends.1, bottom), INK, 1.0);
    for (index, curve) in curves.iter().enumerate() {
        let points =
            |which: usize| curve.iter().enumerate().map(move |(epoch, values)| (epoch as f64 + 1.0, values[which]));
        let pixels = |(at, value): (f64, f64)| (x.to_pixels(at), y.to_pixels(value));
        let mut band: Vec<(f64, f64)> = points(0).map(pixels).collect();
        let upper: Vec<(f64, f64)> = points(2).map(pixels).collect();
        band.extend(upper.into_iter().rev());
        svg.area(&band, colour(index), 0.2);
        svg.polyline(&points(1).map(pixels).collect::<Vec<_>>(), colour(index), 2.0, dash(index));
        if curve.len() == 1 {
            svg.dot(pixels((1.0, curve[0][1])), 4.0, colour(index), 1.0);
        }
    }
}

/// Where each legend entry goes, left to right, broken into lines.
fn legend(labels: &[&str], width: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (0.0, 0.0);
    labels
        .iter()
        .map(|label| {
            let wide = 56.0 + text_width(label, TEXT);
            if x > 0.0 && x + wide > width {
                (x, y) = (0.0, y + 24.0);
            }
            let entry = (x, y);
            x += wide;
            entry
        })
        .collect()
}
