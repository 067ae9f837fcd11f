//! The probability of improvement of each comparison of the ranking.

use super::axis::{Axis, Scale};
use super::svg::{Anchor, FAINT, GRID, INK, OF_ARM, Svg, TEXT, colour, text_width};
use super::{Figure, FigureText};
use crate::analysis::summary::Summary;

/// Pixels above the first row.
const TOP: f64 = 14.0;
/// Pixels of a comparison's row.
const ROW: f64 = 34.0;
const WIDTH: f64 = 760.0;

/// A dot with its interval per comparison, between 0 and 1; `None` without comparisons.
pub fn draw(summary: &Summary) -> Option<Figure> {
    if summary.ranking.is_empty() {
        return None;
    }
    let names: Vec<String> = summary.ranking.iter().map(|versus| format!("{} over {}", versus.a, versus.b)).collect();
    let left = 44.0 + names.iter().map(|name| text_width(name, TEXT)).fold(0.0, f64::max).min(420.0);
    let axis = Axis::exactly((0.0, 1.0), Scale::Linear, (left, WIDTH - 24.0));
    let bottom = TOP + ROW * names.len() as f64;
    let mut svg = Svg::new(WIDTH, bottom + 50.0);
    let ticks = axis.ticks(5, false);
    svg.behind_rows(TOP, |svg| {
        for x in ticks.iter().map(|(value, _)| axis.to_pixels(*value)) {
            svg.line((x, TOP), (x, bottom), GRID, 1.0);
        }
        svg.line((axis.to_pixels(0.5), TOP), (axis.to_pixels(0.5), bottom), FAINT, 1.5);
    });
    for (index, (versus, name)) in summary.ranking.iter().zip(&names).enumerate() {
        let y = TOP + ROW * (index as f64 + 0.5);
        let (estimate, interval) = versus.comparison.probability_of_better(summary.metric.higher_is_better());
        svg.versus([&versus.a, &versus.b], colour(index), ROW, |svg| {
            svg.text((left - 14.0, y + 5.0), name, Anchor::End, TEXT, INK);
            let mut said = format!("better than {} with probability {estimate:.2}", versus.b);
            if let Some(interval) = interval {
                let ends = [interval.low, interval.high].map(|end| axis.to_pixels(end));
                svg.line((ends[0], y), (ends[1], y), OF_ARM, 5.0);
                svg.lines(&ends.map(|end| [(end, y - 7.0), (end, y + 7.0)]), OF_ARM, 2.0);
                said = format!("{said}, from {:.2} to {:.2}", interval.low, interval.high);
            }
            svg.named_dots([((axis.to_pixels(estimate), y), said)], 5.0, OF_ARM, 1.0);
        });
    }
    svg.below_rows(|svg| {
        svg.line((left, bottom), (WIDTH - 24.0, bottom), INK, 1.0);
        for (value, text) in &ticks {
            svg.text((axis.to_pixels(*value), bottom + 19.0), text, Anchor::Middle, TEXT - 1.0, INK);
        }
        let middle = (f64::midpoint(left, WIDTH), bottom + 40.0);
        svg.text(middle, "probability of improvement", Anchor::Middle, TEXT, INK);
    });
    let words = FigureText {
        title: "Probability of improvement".into(),
        alt: "For each arm of the ranking and the next, the probability that a run of the first is the better one.".into(),
        caption: "Dot: the share of pairs of runs, one of each arm, in which the first arm's is better, ties counted half; line: its interval \
                  (Newcombe, 2006) at the confidence of the ranking's line. At 0.5 neither is better more often."
            .into(),
    };
    Some(Figure::svg("improvement", words, svg))
}
