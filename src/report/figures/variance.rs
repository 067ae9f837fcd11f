//! Where the differences between runs come from: the variance of each arm beside that of the arm in which every source varies.

use super::axis::{Axis, Scale};
use super::svg::{Anchor, FAINT, GRID, INK, OF_ARM, Rectangle, Svg, TEXT, colour, text_width};
use super::{Figure, FigureText, finished_seeds};
use crate::analysis::stats::spread::ratio_of_variances;
use crate::analysis::summary::{ArmSummary, Summary};

/// Pixels above the first row.
const TOP: f64 = 14.0;
/// Pixels of an arm's row.
const ROW: f64 = 40.0;
/// Pixels of the whole figure's width.
const WIDTH: f64 = 760.0;

/// A bar per arm: its variance as a share of that of the arm with the most sources, with an interval. `None` unless `vary` is the only axis, and
/// one arm varies every source that any arm does.
pub fn draw(summary: &Summary) -> Option<Figure> {
    if summary.axes != ["vary"] {
        return None;
    }
    let sources = |arm: &ArmSummary| -> Option<Vec<String>> {
        let list = summary.records_of(&arm.label).next()?.axes.get("vary")?.as_array()?;
        Some(list.iter().filter_map(|source| source.as_str().map(String::from)).collect())
    };
    let of_arms: Vec<Vec<String>> = summary.arms.iter().map(sources).collect::<Option<_>>()?;
    let whole = of_arms.iter().position(|own| of_arms.iter().flatten().all(|source| own.contains(source)))?;
    let values = |arm: &ArmSummary| -> Vec<f64> {
        summary.records_of(&arm.label).filter_map(|record| record.quantity(&summary.metric)).collect()
    };
    let all = values(&summary.arms[whole]);
    let rows: Vec<_> = summary.arms.iter().map(|arm| ratio_of_variances(&values(arm), &all)).collect();
    let ends = rows.iter().flatten().map(|(_, interval)| interval.high);
    let name = |own: &[String]| own.join(" and ");
    let left = 44.0 + of_arms.iter().map(|own| text_width(&name(own), TEXT)).fold(0.0, f64::max);
    let axis = Axis::exactly((0.0, ends.fold(1.0, f64::max)), Scale::Linear, (left, WIDTH - 24.0));
    let bottom = TOP + ROW * rows.len() as f64;
    let mut svg = Svg::new(WIDTH, bottom + 50.0);
    let ticks = axis.ticks(7, true);
    svg.behind_rows(TOP, |svg| {
        for x in ticks.iter().map(|(value, _)| axis.to_pixels(*value)) {
            svg.line((x, TOP), (x, bottom), GRID, 1.0);
        }
    });
    for ((index, arm), (row, own)) in summary.arms.iter().enumerate().zip(rows.iter().zip(&of_arms)) {
        let middle = TOP + ROW * (index as f64 + 0.5);
        svg.row(&arm.label, colour(index), ROW, |svg| {
            svg.text((left - 14.0, middle + 5.0), &name(own), Anchor::End, TEXT, INK);
            let Some((share, interval)) = row else {
                svg.text((left + 8.0, middle + 5.0), "no variance", Anchor::Start, TEXT - 1.0, FAINT);
                return;
            };
            let width = axis.to_pixels(*share) - left;
            svg.rect(Rectangle { left, top: middle - 11.0, width, height: 22.0 }, OF_ARM, 0.35, INK);
            // The whole is what the others are shares of, and has no error of its own.
            if index != whole {
                let ends = [interval.low, interval.high].map(|end| axis.to_pixels(end));
                svg.line((ends[0], middle), (ends[1], middle), OF_ARM, 3.0);
                ends.iter().for_each(|&end| svg.line((end, middle - 6.0), (end, middle + 6.0), OF_ARM, 2.0));
            }
        });
    }
    svg.below_rows(|svg| {
        svg.line((left, bottom), (WIDTH - 24.0, bottom), INK, 1.0);
        for (value, text) in &ticks {
            svg.text((axis.to_pixels(*value), bottom + 19.0), text, Anchor::Middle, TEXT - 1.0, INK);
        }
        let middle = f64::midpoint(left, WIDTH);
        svg.text((middle, bottom + 40.0), "share of the whole variance, %", Anchor::Middle, TEXT, INK);
    });
    let title = summary.metric.title();
    let words = FigureText {
        title: format!("Where the variance of {title} comes from"),
        alt: format!(
            "Variance of {title} when only some of the random draws follow the seed, as a share of the whole variance."
        ),
        caption: format!(
            "Variance over runs in which only these draws follow the seed, as a share of that in which all do, with the 95 % interval of the \
             ratio. The shares need not add up to 100 %. {}",
            finished_seeds(summary)
        ),
    };
    Some(Figure::svg("variance", words, svg))
}
