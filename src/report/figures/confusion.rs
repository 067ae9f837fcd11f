//! Confusion matrix of the median run of the best arm.

use super::Figure;
use super::svg::{Anchor, GRID, INK, Svg, TEXT, text_width};
use crate::analysis::summary::Summary;
use crate::data::{Dataset, class_names_of};

const CELL: f64 = 44.0;

/// `None` when the records hold no confusion matrix.
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
    let slanted = widest > CELL;
    let mut svg = Svg::new(left + side + 24.0, top + side + if slanted { 50.0 + widest } else { 62.0 });
    let most_wrong = counts
        .iter()
        .enumerate()
        .flat_map(|(t, row)| row.iter().enumerate().filter(move |(p, _)| *p != t).map(|(_, n)| *n))
        .max()
        .unwrap_or(0);
    for (truth, row) in counts.iter().enumerate() {
        let y = top + CELL * truth as f64;
        svg.text((left - 10.0, y + CELL / 2.0 + 5.0), &names[truth], Anchor::End, TEXT, INK);
        for (predicted, &count) in row.iter().enumerate() {
            let x = left + CELL * predicted as f64;
            // Right targets in one colour, mistakes by their number in another: the diagonal would drown them.
            let (fill, opacity) = if truth == predicted {
                ("#0072B2", 0.16)
            } else {
                ("#D55E00", 0.85 * f64::from(count) / f64::from(most_wrong.max(1)))
            };
            svg.rect((x, y), (CELL, CELL), fill, opacity, GRID);
            if count > 0 {
                let at = (x + CELL / 2.0, y + CELL / 2.0 + 5.0);
                svg.text(at, &count.to_string(), Anchor::Middle, TEXT - 1.0, INK);
            }
        }
    }
    for (class, name) in names.iter().enumerate() {
        let x = left + CELL * (class as f64 + 0.5);
        if slanted {
            svg.upward((x + 5.0, top + side + 8.0 + widest / 2.0), name);
        } else {
            svg.text((x, top + side + 20.0), name, Anchor::Middle, TEXT, INK);
        }
    }
    let below = svg.height - 12.0;
    svg.text((left + side / 2.0, below), "predicted", Anchor::Middle, TEXT, INK);
    svg.upward((18.0, top + side / 2.0), "true");
    let who = if run.metric(&crate::experiment::metric::Metric::KnnAccuracy).is_some() {
        ", by the nearest training codes"
    } else {
        ""
    };
    let caption = format!(
        "Test images by true and predicted class{who}: the median run of the best arm ({}, seed {}, {:.2} % right).",
        run.arm,
        run.seed,
        100.0 * crate::evaluate::classification::accuracy(counts)
    );
    Some(Figure::svg("confusion", "What is taken for what", caption, svg))
}
