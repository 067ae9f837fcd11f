//! Denoising curves: image quality and recognition over the noise level, before cleaning and after.

use super::Figure;
use super::axis::{Axis, Spread};
use super::svg::{Anchor, FAINT, GRID, INK, Svg, TEXT, colour};
use crate::analysis::summary::{ArmSummary, Summary};
use crate::experiment::metric::{Level, Metric, Quantity};

const PANEL: (f64, f64) = (300.0, 190.0);
const LEFT: f64 = 70.0;
const TOP: f64 = 30.0;
const GAP: (f64, f64) = (70.0, 74.0);

/// A metric that is measured at noise levels.
type AtLevel = fn(Level) -> Metric;

/// A panel: its title, the metric after cleaning, the metric before, and whether the latter is the autoencoder's own.
const PANELS: [(&str, AtLevel, AtLevel, bool); 4] = [
    ("PSNR, dB", Metric::Psnr, Metric::PsnrNoisy, false),
    ("SSIM", Metric::Ssim, Metric::SsimNoisy, false),
    ("accuracy of a classifier", Metric::ClassifierCleaned, Metric::ClassifierNoisy, false),
    ("accuracy of KNN on codes", Metric::KnnCleaned, Metric::KnnNoisy, true),
];

/// Level, interquartile mean, and its interval.
type Point = (f64, f64, Option<(f64, f64)>);

/// Drawn where trials were asked to clean noisy images.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let has = |at: AtLevel| summary.arms.iter().any(|arm| !curve(arm, at).is_empty());
    let panels: Vec<_> = PANELS.into_iter().filter(|(_, cleaned, _, _)| has(*cleaned)).collect();
    if panels.is_empty() {
        return None;
    }
    let rows = panels.len().div_ceil(2);
    let legend_top = TOP + rows as f64 * (PANEL.1 + GAP.1);
    let height = legend_top + 24.0 * (summary.arms.len() as f64 + 1.0) + 10.0;
    let mut svg = Svg::new(LEFT + 2.0 * PANEL.0 + GAP.0 + 30.0, height);
    for (index, (title, cleaned, noisy, own)) in panels.into_iter().enumerate() {
        let corner = (LEFT + (index % 2) as f64 * (PANEL.0 + GAP.0), TOP + (index / 2) as f64 * (PANEL.1 + GAP.1));
        let curves = |at: AtLevel| summary.arms.iter().map(|arm| curve(arm, at)).collect::<Vec<Vec<Point>>>();
        let percent = Level::new(0.0).is_some_and(|level| cleaned(level).is_percent());
        let (cleaned, mut noisy) = (curves(cleaned), curves(noisy));
        // Arms on the same images under the same noise share one curve before cleaning.
        let present = || noisy.iter().filter(|points| !points.is_empty());
        let own = own || present().zip(present().skip(1)).any(|(a, b)| a != b);
        if !own {
            noisy = present().take(1).cloned().collect();
        }
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
fn curve(arm: &ArmSummary, at: AtLevel) -> Vec<Point> {
    let point = |metric: &crate::analysis::summary::MetricSummary| {
        let Quantity::Single(measured) = &metric.quantity else { return None };
        let level = measured.level()?;
        let interval = metric.iqm_interval.map(|interval| (interval.low, interval.high));
        (*measured == at(level)).then_some((level.get(), metric.description.iqm, interval))
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
