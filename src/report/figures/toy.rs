//! The training points of a toy data set.

use super::axis::{Axis, Scale};
use super::panel::{AxisLabels, Panel};
use super::svg::{FAINT, PALETTE, Svg};
use super::{Figure, FigureText};
use crate::data::Dataset;

/// `None` if the data set is one of images.
pub fn draw(dataset: &Dataset) -> Option<Figure> {
    let points = dataset.train.points()?;
    let number = |v: &f32| f64::from(*v);
    let rows = || points.values.chunks_exact(points.width);
    // A point's height is its second coordinate or, if it has only one, its target.
    let heights: Vec<f64> = match points.width {
        1 => points.targets.iter().map(number).collect(),
        _ => rows().map(|row| number(&row[1])).collect(),
    };
    let across: Vec<f64> = rows().map(|row| number(&row[0])).collect();
    let panel = Panel {
        x: Axis::over(across.iter().copied(), Scale::Linear, (70.0, 480.0))?,
        y: Axis::over(heights.iter().copied(), Scale::Linear, (390.0, 20.0))?,
    };
    let mut svg = Svg::new(500.0, 445.0);
    panel.grid(&mut svg);
    let pixels: Vec<(f64, f64)> = across.iter().zip(&heights).map(|(&x, &y)| panel.to_pixels((x, y))).collect();
    let labels = || pixels.iter().zip(&points.labels);
    if dataset.is_regression() {
        svg.dots(&pixels, 2.0, FAINT, 0.6);
    }
    for class in 0..dataset.classes.len() {
        let own: Vec<(f64, f64)> = labels().filter(|(_, l)| usize::from(**l) == class).map(|(p, _)| *p).collect();
        svg.dots(&own, 2.6, PALETTE[class % PALETTE.len()], 0.8);
    }
    panel.ticks(&mut svg, AxisLabels { x: "x", y: "y" });
    let words = FigureText {
        title: format!("Training points of {}", dataset.name),
        alt: format!("The training points of {}, in the colour of their class.", dataset.name),
        caption: format!(
            "The {} points of the training file of `{}`; colours are classes.",
            pixels.len(),
            dataset.name
        ),
    };
    Some(Figure::svg("toy", words, svg))
}
