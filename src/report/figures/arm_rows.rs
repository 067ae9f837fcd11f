//! Plots with one row per arm: every seed with a box of quartiles, and the interquartile mean with its interval.

use super::arm_colours::ArmColours;
use super::axis::Axis;
use super::svg::{Anchor, FAINT, GRID, INK, OF_ARM, Rectangle, Svg, TEXT, text_width};
use super::{Figure, FigureText, capitalised, finished_seeds};
use crate::analysis::stats::Description;
use crate::analysis::summary::{ArmSummary, Summary};
use crate::record::TrialRecord;
use crate::report::table::{interquartile_mean_text, interval_name};
use crate::seed::{Purpose, Stream};

/// Pixels above the first row.
const TOP: f64 = 14.0;
/// Pixels of an arm's row in the box plot.
const BOX_ROW: f64 = 46.0;
/// Pixels of an arm's row in the interval plot.
const INTERVAL_ROW: f64 = 34.0;

/// A dot for every finished seed over the box of its arm, in plan order; `None` if no trial has the metric.
pub fn boxplot(summary: &Summary) -> Option<Figure> {
    let title = summary.metric.title();
    let colours = ArmColours::of(summary);
    let draw_row = |svg: &mut Svg, axis: &Axis, arm: &ArmSummary, row: usize, middle: f64| {
        let of_seed = |record: &TrialRecord| Some((record.seed, record.quantity(&summary.metric)?));
        let runs: Vec<(u64, f64)> = summary.records_of(&arm.label).filter_map(of_seed).collect();
        if let Some(found) = arm.metric(&summary.metric) {
            let values: Vec<f64> = runs.iter().map(|(_, value)| *value).collect();
            draw_box(svg, axis, &found.description, &values, middle);
        }
        let mut jitter = Stream::new(row as u64, Purpose::Pick, 0);
        let dots = runs.into_iter().map(|(seed, value)| {
            let y = middle + jitter.uniform(-0.28, 0.28) * BOX_ROW;
            ((axis.to_pixels(value), y), format!("seed {seed}: {}", with_unit(summary, value)))
        });
        svg.named_dots(dots, 3.2, OF_ARM, 0.65);
    };
    let (svg, axis) = rows(summary, &colours, every_value(summary), BOX_ROW, &summary.metric.title(), draw_row)?;
    let words = FigureText {
        title: format!("{}, every seed", capitalised(&title)),
        alt: format!("Box plot of {title} for each arm, with a dot for every seed."),
        caption: format!(
            "Every dot is one seed. Box: quartiles; line: median; whiskers: the furthest seeds within 1.5 interquartile ranges. {}{}",
            finished_seeds(summary),
            axis.note()
        ),
    };
    Some(Figure::svg("boxplot", words, svg))
}

/// The interquartile mean of every arm with its interval, in plan order; `None` if no trial has the metric.
pub fn intervals(summary: &Summary) -> Option<Figure> {
    let title = summary.metric.title();
    let x_label = format!("interquartile mean of {}", summary.metric.title());
    let ends = summary.arms.iter().filter_map(|arm| arm.metric(&summary.metric)?.iqm_interval);
    let values = every_value(summary).into_iter().chain(ends.flat_map(|interval| [interval.low, interval.high]));
    let colours = ArmColours::of(summary);
    let draw_row = |svg: &mut Svg, axis: &Axis, arm: &ArmSummary, _: usize, y: f64| {
        let Some(found) = arm.metric(&summary.metric) else { return };
        let Some(iqm) = found.description.iqm else { return };
        let mut name = with_unit(summary, iqm);
        if let Some(interval) = found.iqm_interval {
            let ends = [interval.low, interval.high].map(|end| axis.to_pixels(end));
            svg.line((ends[0], y), (ends[1], y), OF_ARM, 5.0);
            svg.lines(&ends.map(|end| [(end, y - 7.0), (end, y + 7.0)]), OF_ARM, 2.0);
            let number = |value| summary.metric.format(value);
            name = format!("{name}, from {} to {}", number(interval.low), number(interval.high));
        }
        svg.named_dots([((axis.to_pixels(iqm), y), name)], 5.0, OF_ARM, 1.0);
    };
    let (svg, axis) = rows(summary, &colours, values.collect(), INTERVAL_ROW, &x_label, draw_row)?;
    let without_interval = |arm: &ArmSummary| arm.metric(&summary.metric).is_some_and(|m| m.iqm_interval.is_none());
    let has_arm_without_interval = summary.arms.iter().any(without_interval);
    let words = FigureText {
        title: format!("Interquartile mean with {}", interval_name(summary)),
        alt: format!("Interquartile mean of {title} for each arm, with its {}.", interval_name(summary)),
        caption: format!(
            "{}, with its {}{}. {}{}",
            capitalised(&interquartile_mean_text(summary)),
            interval_name(summary),
            if has_arm_without_interval {
                "; an arm has none if its runs are too few, too many of them diverged, or all have the same value"
            } else {
                ""
            },
            finished_seeds(summary),
            axis.note()
        ),
    };
    Some(Figure::svg("intervals", words, svg))
}

/// Every run's value of the metric that ranks the arms.
fn every_value(summary: &Summary) -> Vec<f64> {
    summary.records.iter().filter_map(|record| record.quantity(&summary.metric)).collect()
}

/// A value of the metric that ranks the arms, as it is printed, with its unit.
fn with_unit(summary: &Summary, value: f64) -> String {
    format!("{}{}", summary.metric.format(value), if summary.metric.is_percent() { " %" } else { "" })
}

/// Grid, ticks, names and marks of a plot with rows of `height` pixels, and its value axis, which holds `values`. `draw_row` draws an arm's
/// marks by its place in the plan and the middle of its row.
fn rows(
    summary: &Summary,
    colours: &ArmColours,
    values: Vec<f64>,
    height: f64,
    x_label: &str,
    draw_row: impl Fn(&mut Svg, &Axis, &ArmSummary, usize, f64),
) -> Option<(Svg, Axis)> {
    let names = summary.arms.iter().map(name);
    let left = 30.0 + names.map(|name| text_width(&name, TEXT)).fold(40.0, f64::max);
    let (width, bottom) = (760.0, TOP + height * summary.arms.len() as f64);
    let axis = Axis::over(values.iter().copied(), Axis::scale_for(&summary.metric, &values), (left, width - 24.0))?;
    let mut svg = Svg::new(width, bottom + 50.0 + colours.legend_height(width - 60.0));
    let ticks = axis.ticks(7, summary.metric.is_percent());
    svg.behind_rows(TOP, |svg| {
        for (value, _) in &ticks {
            let x = axis.to_pixels(*value);
            svg.line((x, TOP), (x, bottom), GRID, 1.0);
        }
    });
    for (index, arm) in summary.arms.iter().enumerate() {
        let middle = TOP + height * (index as f64 + 0.5);
        svg.row(&arm.label, colours.colour(index), height, |svg| {
            svg.text((left - 14.0, middle + 5.0), &name(arm), Anchor::End, TEXT, INK);
            if arm.metric(&summary.metric).is_none() {
                svg.text((left + 8.0, middle + 5.0), "no finished run", Anchor::Start, TEXT - 1.0, FAINT);
            }
            draw_row(svg, &axis, arm, index, middle);
        });
    }
    svg.below_rows(|svg| {
        svg.line((left, bottom), (width - 24.0, bottom), INK, 1.0);
        for (value, text) in &ticks {
            svg.text((axis.to_pixels(*value), bottom + 19.0), text, Anchor::Middle, TEXT - 1.0, INK);
        }
        svg.text((width / 2.0, bottom + 40.0), x_label, Anchor::Middle, TEXT, INK);
        colours.draw_legend(svg, (30.0, bottom + 50.0), width - 60.0);
    });
    Some((svg, axis))
}

/// The arm's label, with the number of its runs that diverged.
fn name(arm: &ArmSummary) -> String {
    match arm.diverged {
        0 => arm.label.clone(),
        n => format!("{} ({n} diverged)", arm.label),
    }
}

/// Tukey's box plot ("Exploratory data analysis", 1977): whiskers end at the furthest values within 1.5 interquartile ranges of
/// the box.
fn draw_box(svg: &mut Svg, axis: &Axis, d: &Description, values: &[f64], middle: f64) {
    let reach = 1.5 * (d.q3 - d.q1);
    let near = values.iter().copied().filter(|v| (d.q1 - reach..=d.q3 + reach).contains(v));
    let low = near.clone().fold(d.q1, f64::min);
    let high = near.fold(d.q3, f64::max);
    let half = 0.36 * BOX_ROW;
    let whisker = |from: f64, to: f64| [(axis.to_pixels(from), middle), (axis.to_pixels(to), middle)];
    let cap = |end: f64| [-0.5, 0.5].map(|share| (axis.to_pixels(end), middle + share * half));
    svg.lines(&[whisker(low, d.q1), whisker(d.q3, high), cap(low), cap(high)], INK, 1.2);
    let (left, right) = (axis.to_pixels(d.q1), axis.to_pixels(d.q3));
    let area = Rectangle { left, top: middle - half, width: (right - left).max(1.0), height: 2.0 * half };
    svg.rect(area, OF_ARM, 0.18, INK);
    let x = axis.to_pixels(d.median);
    svg.line((x, middle - half), (x, middle + half), INK, 2.4);
}
