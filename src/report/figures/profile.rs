//! The performance profile: for every level of the metric, the share of an arm's runs that are better than it.
//!
//! One experiment is one task: of rliable's profiles (Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice",
//! 2021) these are the run-score distributions over one.

use super::axis::{Axis, Scale};
use super::legend::{entries, part_of_arms, shown_arms};
use super::panel::Panel;
use super::svg::{Anchor, GRID, INK, OF_ARM, Svg, TEXT, colour, dash};
use super::{Figure, FigureText};
use crate::analysis::stats::SIGNIFICANCE;
use crate::analysis::stats::share::share;
use crate::analysis::summary::Summary;

/// Height of the plot.
const HEIGHT: f64 = 250.0;
const WIDTH: f64 = 760.0;
const LEFT: f64 = 74.0;
const TOP: f64 = 16.0;
/// With more arms than this their bands would hide each other.
const MOST_BANDS: usize = 4;

/// A part of a profile between two levels at which runs lie: from and to, the share of runs that are better, and its interval.
struct Step {
    ends: [f64; 2],
    share: f64,
    low: f64,
    high: f64,
}

/// A line per arm, the best arms where there are many, with a band where there are few; `None` for one arm, or without the metric.
pub fn draw(summary: &Summary) -> Option<Figure> {
    if summary.ranking.is_empty() {
        return None;
    }
    let labels = shown_arms(summary);
    let of_arm = |label: &&str| -> Vec<f64> {
        summary.records_of(label).filter_map(|record| record.outcome(&summary.metric)).collect()
    };
    let values: Vec<Vec<f64>> = labels.iter().map(of_arm).collect();
    let finite: Vec<f64> = values.iter().flatten().copied().filter(|value| value.is_finite()).collect();
    let scale = Axis::scale_for(&summary.metric, &finite);
    let bottom = TOP + HEIGHT;
    let x = Axis::over(finite.iter().copied(), scale, (LEFT, WIDTH - 24.0))?;
    let panel = Panel { x, y: Axis::exactly((0.0, 1.0), Scale::Linear, (bottom, TOP)) };
    let places = entries(&labels, WIDTH - LEFT);
    let mut svg = Svg::new(WIDTH, bottom + 78.0 + places.last().map_or(0.0, |(_, y)| *y));
    for (value, text) in x.ticks(7, summary.metric.is_percent()) {
        svg.line((x.to_pixels(value), TOP), (x.to_pixels(value), bottom), GRID, 1.0);
        svg.text((x.to_pixels(value), bottom + 19.0), &text, Anchor::Middle, TEXT - 1.0, INK);
    }
    for (value, text) in panel.y.ticks(5, true) {
        svg.line((LEFT, panel.y.to_pixels(value)), (WIDTH - 24.0, panel.y.to_pixels(value)), GRID, 1.0);
        svg.text((LEFT - 7.0, panel.y.to_pixels(value) + 5.0), &text, Anchor::End, TEXT - 1.0, INK);
    }
    svg.upward((16.0, f64::midpoint(TOP, bottom)), "share of runs that are better");
    svg.text((f64::midpoint(LEFT, WIDTH), bottom + 40.0), &summary.metric.title(), Anchor::Middle, TEXT, INK);
    let ends = finite.iter().copied().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    let with_bands = labels.len() <= MOST_BANDS;
    for ((index, label), of_arm) in labels.iter().enumerate().zip(&values) {
        let steps = steps(of_arm, ends, summary.metric.higher_is_better());
        let line = |height: fn(&Step) -> f64| -> Vec<(f64, f64)> {
            steps.iter().flat_map(|step| step.ends.map(|end| (end, height(step)))).collect()
        };
        let points: Vec<(f64, f64)> = line(|step| step.share).into_iter().map(|point| panel.to_pixels(point)).collect();
        svg.arm(label, colour(index), |svg| {
            if with_bands {
                svg.area(&panel.band(&line(|step| step.low), &line(|step| step.high)), OF_ARM, 0.15);
            }
            svg.polyline(&points, OF_ARM, 2.0, dash(index));
        });
    }
    svg.line((LEFT, bottom), (WIDTH - 24.0, bottom), INK, 1.0);
    for ((dx, dy), (index, label)) in places.into_iter().zip(labels.iter().enumerate()) {
        let (x, y) = (LEFT + dx, bottom + 66.0 + dy);
        svg.arm(label, colour(index), |svg| {
            svg.polyline(&[(x, y - 5.0), (x + 26.0, y - 5.0)], OF_ARM, 2.5, dash(index));
            svg.text((x + 33.0, y), label, Anchor::Start, TEXT, INK);
        });
    }
    let title = summary.metric.title();
    let bands = if with_bands { "; band: its 95 % interval at each level, by Clopper and Pearson" } else { "" };
    let words = FigureText {
        title: "Performance profiles".into(),
        alt: format!("For each level of {title}, the share of each arm's runs that are better."),
        caption: format!(
            "Line: share of runs that are better than the level below it{bands}. A line that is above another everywhere is that of the better \
             arm, whatever one asks of a run. A run that diverged is never better.{}{}",
            x.note(),
            part_of_arms(summary, &labels)
        ),
    };
    Some(Figure::svg("profile", words, svg))
}

/// The profile of an arm with these values, between the ends of all arms' values.
fn steps(values: &[f64], ends: (f64, f64), higher_is_better: bool) -> Vec<Step> {
    let mut levels: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    levels.extend([ends.0, ends.1]);
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let step = |pair: &[f64]| {
        let middle = f64::midpoint(pair[0], pair[1]);
        let is_better = |value: &f64| if higher_is_better { *value > middle } else { *value < middle };
        let better: Vec<f64> = values.iter().map(|value| f64::from(u8::from(is_better(value)))).collect();
        let found = share(&better)?;
        let interval = found.interval(SIGNIFICANCE / 2.0)?;
        Some(Step { ends: [pair[0], pair[1]], share: found.estimate, low: interval.low, high: interval.high })
    };
    levels.windows(2).filter_map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_fall_at_every_run_where_higher_is_better_and_rise_where_lower_is() {
        let values = [0.2, 0.4, 0.4, f64::NEG_INFINITY];
        let shares = |values: &[f64], higher| {
            steps(values, (0.1, 0.5), higher).iter().map(|step| step.share).collect::<Vec<_>>()
        };
        assert_eq!(shares(&values, true), [0.75, 0.5, 0.0]);
        assert_eq!(shares(&[0.2, 0.4, 0.4, f64::INFINITY], false), [0.0, 0.25, 0.75]);
    }
}
