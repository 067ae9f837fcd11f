//! The confusion matrix of the median run of the best arm.

use super::svg::{Anchor, GRID, INK, Rectangle, Svg, TEXT, text_width};
use super::{Figure, FigureText};
use crate::analysis::summary::Summary;
use crate::data::{Dataset, class_names_of};
use crate::evaluate::classification::accuracy;
use crate::experiment::metric::Metric;

/// Width and height of a cell.
const CELL: f64 = 44.0;

/// True classes down and predicted classes across; `None` if the run has no confusion matrix.
pub fn draw(summary: &Summary, dataset: Option<&Dataset>) -> Option<Figure> {
    let run = summary.median_run()?;
    let counts = &run.confusion;
    if counts.is_empty() {
        return None;
    }
    let names = class_names_of(&run.made_with.data, counts.len(), dataset);
    let widest = names.iter().map(|name| text_width(name, TEXT)).fold(14.0, f64::max);
    let (left, top) = (54.0 + widest, 20.0);
    let side = CELL * counts.len() as f64;
    // Names that are too long to stand side by side read upwards.
    let upward = widest > CELL;
    let mut svg = Svg::new(left + side + 24.0, top + side + if upward { 50.0 + widest } else { 62.0 });
    let errors = |(truth, row): (usize, &Vec<u32>)| {
        row.iter().enumerate().filter(move |(predicted, _)| *predicted != truth).map(|(_, count)| *count).max()
    };
    let most_errors = counts.iter().enumerate().filter_map(errors).max().unwrap_or(0);
    for (truth, row) in counts.iter().enumerate() {
        let y = top + CELL * truth as f64;
        svg.text((left - 10.0, y + CELL / 2.0 + 5.0), &names[truth], Anchor::End, TEXT, INK);
        for (predicted, &count) in row.iter().enumerate() {
            let x = left + CELL * predicted as f64;
            // Errors are shaded by their number, and the diagonal is not: its counts would make them all look alike.
            let (fill, opacity) = if truth == predicted {
                ("#0072B2", 0.16)
            } else {
                ("#D55E00", 0.85 * f64::from(count) / f64::from(most_errors.max(1)))
            };
            svg.cell(truth, predicted, count, |svg| {
                svg.rect(Rectangle { left: x, top: y, width: CELL, height: CELL }, fill, opacity, GRID);
                if count > 0 {
                    let middle = (x + CELL / 2.0, y + CELL / 2.0 + 5.0);
                    svg.text(middle, &count.to_string(), Anchor::Middle, TEXT - 1.0, INK);
                }
            });
        }
    }
    for (class, name) in names.iter().enumerate() {
        let x = left + CELL * (class as f64 + 0.5);
        if upward {
            svg.upward((x + 5.0, top + side + 8.0 + widest / 2.0), name);
        } else {
            svg.text((x, top + side + 20.0), name, Anchor::Middle, TEXT, INK);
        }
    }
    let below = svg.height - 12.0;
    svg.text((left + side / 2.0, below), "predicted", Anchor::Middle, TEXT, INK);
    svg.upward((18.0, top + side / 2.0), "true");
    let classifier =
        if run.metric(&Metric::KnnAccuracy).is_some() { ", by KNN on the codes of the training images" } else { "" };
    let words = FigureText {
        title: "Confusion matrix".into(),
        alt: "Confusion matrix: the number of test examples for each pair of true and predicted class.".into(),
        caption: format!(
            "Test examples by true and predicted class{classifier}: the median run of the best arm ({}, seed {}, {:.2} % correct).",
            run.arm,
            run.seed,
            100.0 * accuracy(counts)
        ),
    };
    Some(Figure::svg("confusion", words, svg))
}
