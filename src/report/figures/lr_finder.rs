//! The learning rate range test: the smoothed loss of each network over the rate.

use super::axis::{Axis, Scale};
use super::panel::{AxisLabels, Panel};
use super::svg::{Anchor, INK, Svg, TEXT, colour};
use super::{Figure, FigureText};
use crate::studies::lr_finder::LossCurve;

/// A curve ends where its loss exceeds this many times the highest loss of the first batch, since it diverges from there on.
const CUT: f64 = 1.5;

/// A line per network, and a vertical line at the suggested rate; `None` if no loss is finite.
pub fn draw(curves: &[LossCurve], suggested: Option<f64>) -> Option<Figure> {
    let start = curves.iter().filter_map(|curve| curve.smoothed.first()).copied().fold(0.0, f64::max);
    let shown = |curve: &LossCurve| -> Vec<(f64, f64)> {
        let both = curve.rates.iter().copied().zip(curve.smoothed.iter().copied());
        both.take_while(|(_, loss)| loss.is_finite() && *loss <= CUT * start).collect()
    };
    let all: Vec<Vec<(f64, f64)>> = curves.iter().map(shown).collect();
    let points = || all.iter().flatten();
    let x = Axis::over(points().map(|p| p.0), Scale::Log, (70.0, 740.0))?;
    let y = Axis::over(points().map(|p| p.1), Scale::Linear, (330.0, 30.0))?;
    let panel = Panel { x, y };
    let mut svg = Svg::new(760.0, 385.0);
    panel.grid(&mut svg);
    for curve in &all {
        let pixels: Vec<(f64, f64)> = curve.iter().map(|&point| panel.to_pixels(point)).collect();
        svg.polyline(&pixels, colour(0), 1.6, "");
    }
    if let Some(rate) = suggested {
        let pixel = x.to_pixels(rate);
        svg.line((pixel, 30.0), (pixel, 330.0), INK, 1.5);
        svg.text((pixel, 22.0), &format!("{rate:.1e}"), Anchor::Middle, TEXT, INK);
    }
    panel.ticks(&mut svg, AxisLabels { x: "learning rate", y: "smoothed loss" });
    let words = FigureText {
        title: "Learning rate range test".into(),
        alt: "The smoothed loss of each network over the learning rate.".into(),
        caption: "The smoothed loss of each network as the learning rate rises from batch to batch. Vertical line: the rate at which it falls \
                  most steeply, the median over networks."
            .into(),
    };
    Some(Figure::svg("lr-find", words, svg))
}
