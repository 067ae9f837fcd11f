//! Scatter plot of the codes on a plane, in the colour of their class.

use super::TrainedAutoencoder;
use crate::evaluate::tsne::perplexity;
use crate::report::figures::svg::{Anchor, INK, Svg, TEXT};
use crate::report::figures::{Figure, FigureText};

/// Ten colours that can be distinguished as small dots (Stone, "How we designed the new color palettes in Tableau 10", 2016).
const COLOURS: [&str; 10] =
    ["#4E79A7", "#F28E2B", "#E15759", "#76B7B2", "#59A14F", "#EDC948", "#B07AA1", "#FF9DA7", "#9C755F", "#79706E"];

/// Width and height of the plane.
const SIDE: f64 = 620.0;
const MARGIN: f64 = 16.0;

/// Where the codes with these coordinates `[n * 2]` are in the figure.
pub fn pixels(plane: &[f32]) -> Vec<(f64, f64)> {
    let ends = |axis: usize| {
        let values = plane.iter().skip(axis).step_by(2).map(|&v| f64::from(v));
        (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
    };
    let ((x0, x1), (y0, y1)) = (ends(0), ends(1));
    // One scale for both axes, since t-SNE's distances mean the same in every direction.
    let extent = (x1 - x0).max(y1 - y0);
    let scale = if extent > 0.0 { (SIDE - 2.0 * MARGIN) / extent } else { 1.0 };
    let centred = |v: f32, low: f64, high: f64| SIDE / 2.0 + (f64::from(v) - (low + high) / 2.0) * scale;
    plane.chunks_exact(2).map(|point| (centred(point[0], x0, x1), centred(point[1], y0, y1))).collect()
}

/// A dot per test image; `plane` holds the coordinates of the codes, `[n * 2]`.
pub fn draw(trained: &TrainedAutoencoder, plane: &[f32]) -> Figure {
    let pixels = pixels(plane);
    let mut svg = Svg::new(SIDE + 140.0, SIDE);
    let mut names: Vec<(f64, f64, &str)> = Vec::new();
    for (class, name) in trained.dataset.classes.iter().enumerate() {
        let own = pixels.iter().zip(trained.test.labels).filter(|(_, label)| usize::from(**label) == class);
        let points: Vec<(f64, f64)> = own.map(|(pixel, _)| *pixel).collect();
        let colour = COLOURS[class % COLOURS.len()];
        svg.dots(&points, 1.5, colour, 0.65);
        let y = MARGIN + 14.0 + 26.0 * class as f64;
        svg.dot((SIDE + 14.0, y - 5.0), 6.0, colour, 1.0);
        svg.text((SIDE + 28.0, y), name, Anchor::Start, TEXT + 1.0, INK);
        if let Some((x, y)) = middle(&points) {
            names.push((x, y, name));
        }
    }
    // The name in the middle of a class lets the picture be read without its colours.
    for (x, y, name) in names {
        svg.label((x, y + 6.0), name, TEXT + 4.0);
    }
    let words = FigureText {
        title: "t-SNE of the test codes".into(),
        alt: "Scatter plot of the codes of the test images on a plane, in the colour of their class.".into(),
        caption: format!(
            "t-SNE of the {} test codes of {} numbers (perplexity {}, seed {}), coloured by class. Codes that are near each other here are \
             near each other as codes; the sizes of groups and the gaps between them mean nothing.",
            trained.test.count(),
            trained.latent(),
            perplexity(trained.test.count()),
            trained.seed
        ),
    };
    Figure::svg("codes", words, svg)
}

/// The median of each coordinate; `None` if there are no points.
fn middle(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let median = |axis: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = points.iter().map(axis).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Some((median(|p| p.0)?, median(|p| p.1)?))
}
