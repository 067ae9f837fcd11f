//! The codes on a plane, coloured by class.
//!
//! In: the codes' places on the plane. Out: a scatter plot.

use super::TrainedAutoencoder;
use crate::evaluate::tsne::perplexity;
use crate::report::figures::Figure;
use crate::report::figures::svg::{Anchor, INK, Svg, TEXT};

/// Ten colours that stay apart as small dots: Tableau's, from Stone and others, "Tableau 10", 2016.
const COLOURS: [&str; 10] =
    ["#4E79A7", "#F28E2B", "#E15759", "#76B7B2", "#59A14F", "#EDC948", "#B07AA1", "#FF9DA7", "#9C755F", "#79706E"];

const SIDE: f64 = 620.0;
const MARGIN: f64 = 16.0;

/// The scatter plot of coordinates `[n * 2]`.
pub fn draw(exhibit: &TrainedAutoencoder, plane: &[f32]) -> Figure {
    let ends = |axis: usize| {
        let values = plane.iter().skip(axis).step_by(2).map(|&v| f64::from(v));
        (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
    };
    let ((x0, x1), (y0, y1)) = (ends(0), ends(1));
    // One scale for both axes: t-SNE's distances mean the same in every direction.
    let extent = (x1 - x0).max(y1 - y0);
    let scale = if extent > 0.0 { (SIDE - 2.0 * MARGIN) / extent } else { 1.0 };
    let pixel = |point: &[f32]| {
        let centred = |v: f32, low: f64, high: f64| SIDE / 2.0 + (f64::from(v) - (low + high) / 2.0) * scale;
        (centred(point[0], x0, x1), centred(point[1], y0, y1))
    };
    let mut svg = Svg::new(SIDE + 140.0, SIDE);
    let mut names: Vec<(f64, f64, &str)> = Vec::new();
    for (class, name) in exhibit.dataset.classes.iter().enumerate() {
        let own = plane.chunks_exact(2).zip(exhibit.test.labels).filter(|(_, label)| usize::from(**label) == class);
        let points: Vec<(f64, f64)> = own.map(|(point, _)| pixel(point)).collect();
        let colour = COLOURS[class % COLOURS.len()];
        svg.dots(&points, 1.5, colour, 0.65);
        let at = MARGIN + 14.0 + 26.0 * class as f64;
        svg.dot((SIDE + 14.0, at - 5.0), 6.0, colour, 1.0);
        svg.text((SIDE + 28.0, at), name, Anchor::Start, TEXT + 1.0, INK);
        if let Some((x, y)) = middle(&points) {
            names.push((x, y, name));
        }
    }
    // The class's name where most of it lies, so that the picture reads without its colours too.
    for (x, y, name) in names {
        svg.label((x, y + 6.0), name, TEXT + 4.0);
    }
    let caption = format!(
        "t-SNE of the {} test codes of {} numbers (perplexity {}, seed {}), coloured by class. Near means near in the \
         code; sizes of groups and gaps between them mean nothing.",
        exhibit.test.count(),
        exhibit.latent(),
        perplexity(exhibit.test.count()),
        exhibit.seed
    );
    Figure::svg("codes", "The codes on a plane", caption, svg)
}

/// The medians of both coordinates.
fn middle(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let median = |axis: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = points.iter().map(axis).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Some((median(|p| p.0)?, median(|p| p.1)?))
}
