//! Denoising: image quality and recognition over the noise level, of the noisy images and of their reconstructions.

use super::axis::{Axis, Scale};
use super::panel::Panel;
use super::svg::{Anchor, FAINT, GRID, INK, OF_ARM, Svg, TEXT, colour};
use super::{Figure, FigureText, finished_seeds};
use crate::analysis::stats::Interval;
use crate::analysis::summary::{ArmSummary, MetricSummary, Summary};
use crate::experiment::metric::{Level, Metric};
use crate::experiment::quantity::Quantity;
use crate::report::table::interval_name;

/// Width and height of a panel.
const SIZE: (f64, f64) = (300.0, 190.0);
const LEFT: f64 = 70.0;
const TOP: f64 = 30.0;
/// Pixels between two panels of a row, and between two rows.
const GAP: (f64, f64) = (70.0, 74.0);

/// A metric that is measured at noise levels.
type AtLevel = fn(Level) -> Metric;

/// One measure of the images before and after denoising.
struct Measure {
    title: &'static str,
    denoised: AtLevel,
    noisy: AtLevel,
    /// Whether the measure of the noisy images depends on the autoencoder, so that every arm has its own.
    noisy_of_arm: bool,
}

const MEASURES: [Measure; 4] = [
    Measure { title: "PSNR, dB", denoised: Metric::Psnr, noisy: Metric::PsnrNoisy, noisy_of_arm: false },
    Measure { title: "SSIM", denoised: Metric::Ssim, noisy: Metric::SsimNoisy, noisy_of_arm: false },
    Measure {
        title: "accuracy of a classifier",
        denoised: Metric::ClassifierCleaned,
        noisy: Metric::ClassifierNoisy,
        noisy_of_arm: false,
    },
    Measure {
        title: "accuracy of KNN on codes",
        denoised: Metric::KnnCleaned,
        noisy: Metric::KnnNoisy,
        noisy_of_arm: true,
    },
];

/// A measure of one arm at one noise level.
#[derive(Clone, PartialEq)]
struct LevelPoint {
    level: f64,
    iqm: f64,
    interval: Option<Interval>,
}

/// The curves of one panel, each in rising order of level.
struct Curves {
    title: &'static str,
    percent: bool,
    /// In plan order.
    denoised: Vec<Vec<LevelPoint>>,
    /// In plan order, or one that all arms share.
    noisy: Vec<Vec<LevelPoint>>,
    noisy_of_arm: bool,
}

/// A panel per measure; `None` if no trial denoised test images.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let measured = |measure: &&Measure| summary.arms.iter().any(|arm| !curve(arm, measure.denoised).is_empty());
    let panels: Vec<Curves> = MEASURES.iter().filter(measured).map(|measure| curves(summary, measure)).collect();
    if panels.is_empty() {
        return None;
    }
    let legend_top = TOP + panels.len().div_ceil(2) as f64 * (SIZE.1 + GAP.1);
    let height = legend_top + 24.0 * (summary.arms.len() as f64 + 1.0) + 10.0;
    let mut svg = Svg::new(LEFT + 2.0 * SIZE.0 + GAP.0 + 30.0, height);
    for (index, curves) in panels.iter().enumerate() {
        let left = LEFT + (index % 2) as f64 * (SIZE.0 + GAP.0);
        let top = TOP + (index / 2) as f64 * (SIZE.1 + GAP.1);
        draw_panel(&mut svg, (left, top), curves, &summary.arms);
    }
    for (index, arm) in summary.arms.iter().enumerate() {
        let y = legend_top + 24.0 * index as f64;
        let label = if summary.arms.len() > 1 { format!(" ({})", arm.label) } else { String::new() };
        svg.arm(&arm.label, colour(index), |svg| {
            svg.polyline(&[(LEFT, y - 5.0), (LEFT + 30.0, y - 5.0)], OF_ARM, 2.5, "");
            svg.text((LEFT + 38.0, y), &format!("denoised{label}"), Anchor::Start, TEXT, INK);
        });
    }
    let y = legend_top + 24.0 * summary.arms.len() as f64;
    svg.polyline(&[(LEFT, y - 5.0), (LEFT + 30.0, y - 5.0)], FAINT, 2.5, "5 4");
    let noisy = "noisy, not denoised; in an arm's colour where arms differ";
    svg.text((LEFT + 38.0, y), noisy, Anchor::Start, TEXT, INK);
    let words = FigureText {
        title: "Denoising".into(),
        alt: "Image quality and recognition of noisy and of denoised test images over the noise level.".into(),
        caption: format!(
            "Interquartile mean over seeds, with its {} as a band. The classifier, 784-64-32-10, was trained on \
             clean images; KNN searches the codes of clean training images. {}",
            interval_name(summary),
            finished_seeds(summary)
        ),
    };
    Some(Figure::svg("denoising", words, svg))
}

fn curves(summary: &Summary, measure: &Measure) -> Curves {
    let of_arms = |at: AtLevel| summary.arms.iter().map(|arm| curve(arm, at)).collect::<Vec<_>>();
    let mut noisy = of_arms(measure.noisy);
    let present = || noisy.iter().filter(|points| !points.is_empty());
    // Arms on the same images under the same noise share one curve of the noisy images.
    let noisy_of_arm = measure.noisy_of_arm || present().zip(present().skip(1)).any(|(a, b)| a != b);
    if !noisy_of_arm {
        noisy = present().take(1).cloned().collect();
    }
    let percent = Level::new(0.0).is_some_and(|level| (measure.denoised)(level).is_percent());
    Curves { title: measure.title, percent, denoised: of_arms(measure.denoised), noisy, noisy_of_arm }
}

/// The points of an arm's measure, in rising order of level.
fn curve(arm: &ArmSummary, at: AtLevel) -> Vec<LevelPoint> {
    let point = |found: &MetricSummary| {
        let Quantity::Single(measured) = &found.quantity else { return None };
        let level = measured.level().filter(|&level| *measured == at(level))?;
        Some(LevelPoint { level: level.get(), iqm: found.description.iqm?, interval: found.iqm_interval })
    };
    let mut points: Vec<LevelPoint> = arm.metrics.iter().filter_map(point).collect();
    points.sort_by(|a, b| a.level.total_cmp(&b.level));
    points
}

fn draw_panel(svg: &mut Svg, corner: (f64, f64), curves: &Curves, arms: &[ArmSummary]) {
    let ((left, top), all) = (corner, || curves.denoised.iter().chain(&curves.noisy).flatten());
    let (bottom, right) = (top + SIZE.1, left + SIZE.0);
    let ends = |point: &LevelPoint| point.interval.map_or([point.iqm; 2], |interval| [interval.low, interval.high]);
    let x = Axis::over(all().map(|point| point.level), Scale::Linear, (left, right));
    let y = Axis::over(all().flat_map(ends), Scale::Linear, (bottom, top));
    let (Some(x), Some(y)) = (x, y) else { return };
    for (value, text) in y.ticks(5, curves.percent) {
        svg.line((left, y.to_pixels(value)), (right, y.to_pixels(value)), GRID, 1.0);
        svg.text((left - 7.0, y.to_pixels(value) + 5.0), &text, Anchor::End, TEXT - 2.0, INK);
    }
    for (value, text) in x.ticks(9, false) {
        svg.line((x.to_pixels(value), bottom), (x.to_pixels(value), bottom + 4.0), INK, 1.0);
        svg.text((x.to_pixels(value), bottom + 18.0), &text, Anchor::Middle, TEXT - 2.0, INK);
    }
    svg.line((left, bottom), (right, bottom), INK, 1.0);
    svg.text((left + SIZE.0 / 2.0, top - 10.0), curves.title, Anchor::Middle, TEXT, INK);
    svg.text((left + SIZE.0 / 2.0, bottom + 36.0), "noise level", Anchor::Middle, TEXT - 1.0, INK);
    let panel = Panel { x, y };
    if !curves.noisy_of_arm {
        curves.noisy.iter().for_each(|points| draw_curve(svg, &panel, points, FAINT, "5 4"));
    }
    for (index, arm) in arms.iter().enumerate() {
        svg.arm(&arm.label, colour(index), |svg| {
            if let Some(points) = curves.noisy.get(index).filter(|_| curves.noisy_of_arm) {
                draw_curve(svg, &panel, points, OF_ARM, "5 4");
            }
            if let Some(points) = curves.denoised.get(index) {
                draw_curve(svg, &panel, points, OF_ARM, "");
            }
        });
    }
}

fn draw_curve(svg: &mut Svg, panel: &Panel, points: &[LevelPoint], colour: &str, dash: &str) {
    let intervals = || points.iter().filter_map(|point| Some((point.level, point.interval?)));
    let lower: Vec<(f64, f64)> = intervals().map(|(level, interval)| (level, interval.low)).collect();
    let upper: Vec<(f64, f64)> = intervals().map(|(level, interval)| (level, interval.high)).collect();
    svg.area(&panel.band(&lower, &upper), colour, 0.2);
    let line: Vec<(f64, f64)> = points.iter().map(|point| panel.to_pixels((point.level, point.iqm))).collect();
    svg.polyline(&line, colour, 2.2, dash);
    for point in line {
        svg.dot(point, 2.8, colour, 1.0);
    }
}
