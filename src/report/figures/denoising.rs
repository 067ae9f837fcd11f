//! Denoising curves: image quality and recognition over the noise level, before cleaning and after.

use super::Figure;
use super::axis::{Axis, Spread};
use super::svg::{Anchor, FAINT, GRID, INK, Svg, TEXT, colour};
use crate::analysis::summary::{ArmSummary, Summary};
use crate::experiment::metric;

const PANEL: (f64, f64) = (300.0, 190.0);
const LEFT: f64 = 70.0;
const TOP: f64 = 30.0;
const GAP: (f64, f64) = (70.0, 74.0);

/// A panel: its title, the metric after cleaning, the metric before, and whether the latter is the autoencoder's own.
const PANELS: [(&str, &str, &str, bool); 4] = [
    ("PSNR, dB", "psnr", "psnr_noisy", false),
    ("SSIM", "ssim", "ssim_noisy", false),
    ("accuracy of a classifier", "classifier_cleaned", "classifier_noisy", false),
    ("accuracy of KNN on codes", "knn_cleaned", "knn_noisy", true),
];

/// Level, interquartile mean, and its interval.
type Point = (f64, f64, Option<(f64, f64)>);

/// Drawn where trials were asked to clean noisy images.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let has = |name: &str| summary.arms.iter().any(|arm| !curve(arm, name).is_empty());
    let shown = |(_, cleaned, _, _): &&(&str, &str, &str, bool)| has(cleaned);
    let panels: Vec<_> = PANELS.iter().filter(shown).collect();
    if panels.is_empty() {
        return None;
    }
    let rows = panels.len().div_ceil(2);
    let legend_top = TOP + rows as f64 * (PANEL.1 + GAP.1);
    let height = legend_top + 24.0 * (summary.arms.len() as f64 + 1.0) + 10.0;
    let mut svg = Svg::new(LEFT + 2.0 * PANEL.0 + GAP.0 + 30.0, height);
    for (index, (title, name, noisy, own)) in panels.iter().enumerate() {
        let corner = (LEFT + (index % 2) as f64 * (PANEL.0 + GAP.0), TOP + (index / 2) as f64 * (PANEL.1 + GAP.1));
        let curves = |name: &str| summary.arms.iter().map(|arm| curve(arm, name)).collect::<Vec<Vec<Point>>>();
        let (cleaned, mut noisy) = (curves(name), curves(noisy));
        // Arms on the same images under the same noise share one curve before cleaning.
        let present = || noisy.iter().filter(|points| !points.is_empty());
        let own = *own || present().zip(present().skip(1)).any(|(a, b)| a != b);
        if !own {
            noisy = present().take(1).cloned().collect();
        }
        let percent = metric::is_percent(&metric::at_level(name, 0.0));
        panel(&mut svg, corner, (title, percent), (&cleaned, &noisy, own));
    }
    for (index, arm) in summary.arms.iter().enumerate() {
        let y = legend_top + 24.0 * index as f64;
        svg.polyline(&[(LEFT, y - 5.0), (LEFT + 30.0, y - 5.0)], colour(index), 2.5, "");
        let label = if summary.arms.len() > 1 { format!(" ({})", arm.label) } else { String::new() };
        svg.text((LEFT + 38.0, y), &format!("cleaned{label}"), Anchor::Start, TEXT, INK);
    }
    let y = legend_top + 24.0 * summary.arms.len() as f64;
    svg.polyline(&[(LEFT, y - 5.0), (LEFT + 30.0, y - 5.0)], FAINT, 2.5, "5 4");
    svg.text((LEFT + 38.0, y), "noisy, not cleaned; in an arm's colour where arms differ", Anchor::Start, TEXT, INK);
    let caption = format!(
        "Interquartile mean over seeds, with its 95 % bootstrap interval as a band. The classifier, 784-64-32-10, was trained on \
         clean images; KNN looks among the codes of clean training images. {}",
        super::boxplot::counts(summary)
    );
    Some(Figure::svg("denoising", "What noise it undoes", caption, svg))
}

/// A metric over the levels it was measured at.
fn curve(arm: &ArmSummary, name: &str) -> Vec<Point> {
    let point = |metric: &crate::analysis::summary::MetricSummary| {
        let (base, level) = metric.name.split_once('@')?;
        let interval = metric.iqm_interval.map(|interval| (interval.low, interval.high));
        (base == name).then_some((level.parse().ok()?, metric.description.iqm, interval))
    };
    let mut points: Vec<Point> = arm.metrics.iter().filter_map(point).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

/// The curves of a panel: after cleaning, before, and whether the latter are each arm's own.
type Curves<'a> = (&'a [Vec<Point>], &'a [Vec<Point>], bool);

fn panel(svg: &mut Svg, (left, top): (f64, f64), (title, percent): (&str, bool), (cleaned, noisy, own): Curves) {
    let all = || cleaned.iter().chain(noisy).flatten();
    let ends = |(_, iqm, interval): &Point| interval.map_or([*iqm; 2], |(low, high)| [low, high]);
    let (bottom, right) = (top + PANEL.1, left + PANEL.0);
    let x = Axis::over(all().map(|(level, ..)| *level), Spread::Linear, (left, right));
    let y = Axis::over(all().flat_map(ends), Spread::Linear, (bottom, top));
    let (Some(x), Some(y)) = (x, y) else { return };
    for (value, text) in y.ticks(5, percent) {
        svg.line((left, y.to_pixels(value)), (right, y.to_pixels(value)), GRID, 1.0);
        svg.text((left - 7.0, y.to_pixels(value) + 5.0), &text, Anchor::End, TEXT - 2.0, INK);
    }
    for (value, text) in x.ticks(9, false) {
        svg.line((x.to_pixels(value), bottom), (x.to_pixels(value), bottom + 4.0), INK, 1.0);
        svg.text((x.to_pixels(value), bottom + 18.0), &text, Anchor::Middle, TEXT - 2.0, INK);
    }
    svg.line((left, bottom), (right, bottom), INK, 1.0);
    svg.text((left + PANEL.0 / 2.0, top - 10.0), title, Anchor::Middle, TEXT, INK);
    svg.text((left + PANEL.0 / 2.0, bottom + 36.0), "noise level", Anchor::Middle, TEXT - 1.0, INK);
    for (index, points) in noisy.iter().enumerate() {
        line(svg, (&x, &y), points, if own { colour(index) } else { FAINT }, "5 4");
    }
    for (index, points) in cleaned.iter().enumerate() {
        line(svg, (&x, &y), points, colour(index), "");
    }
}

fn line(svg: &mut Svg, (x, y): (&Axis, &Axis), points: &[Point], colour: &str, dash: &str) {
    let banded = || points.iter().filter_map(|(level, _, interval)| Some((*level, (*interval)?)));
    let mut band: Vec<(f64, f64)> = banded().map(|(level, (low, _))| (x.to_pixels(level), y.to_pixels(low))).collect();
    let upper: Vec<(f64, f64)> = banded().map(|(level, (_, high))| (x.to_pixels(level), y.to_pixels(high))).collect();
    band.extend(upper.into_iter().rev());
    svg.area(&band, colour, 0.2);
    let chain: Vec<(f64, f64)> =
        points.iter().map(|(level, iqm, _)| (x.to_pixels(*level), y.to_pixels(*iqm))).collect();
    svg.polyline(&chain, colour, 2.2, dash);
    for point in chain {
        svg.dot(point, 2.8, colour, 1.0);
    }
}
