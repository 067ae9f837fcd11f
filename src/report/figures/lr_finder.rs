//! The range test of learning rates: the smoothed loss of each network over the rate.
//!
//! In: curves and the rate suggested. Out: a figure.

use super::Figure;
use super::axis::{Axis, Spread};
use super::panel::Panel;
use super::svg::{Anchor, INK, Svg, TEXT, colour};
use crate::studies::lr_finder::LossCurve;

/// Losses above this many times the highest at the start are cut off: they are on their way out.
const CUT: f64 = 1.5;

/// `None` where there is nothing finite to show.
pub fn draw(curves: &[LossCurve], suggested: Option<f64>) -> Option<Figure> {
    let start = curves.iter().filter_map(|curve| curve.smoothed.first()).copied().fold(0.0, f64::max);
    let shown = |curve: &LossCurve| -> Vec<(f64, f64)> {
        let both = curve.rates.iter().copied().zip(curve.smoothed.iter().copied());
        both.take_while(|(_, loss)| loss.is_finite() && *loss <= CUT * start).collect()
    };
    let all: Vec<Vec<(f64, f64)>> = curves.iter().map(shown).collect();
    let points = || all.iter().flatten();
    let x = Axis::over(points().map(|p| p.0), Spread::Log, (70.0, 740.0))?;
    let y = Axis::over(points().map(|p| p.1), Spread::Linear, (330.0, 30.0))?;
    let panel = Panel { x, y };
    let mut svg = Svg::new(760.0, 385.0);
    panel.grid(&mut svg);
    for curve in &all {
        let pixels: Vec<(f64, f64)> = curve.iter().map(|&point| panel.to_pixels(point)).collect();
        svg.polyline(&pixels, colour(0), 1.6, "");
    }
    if let Some(rate) = suggested {
        let at = x.to_pixels(rate);
        svg.line((at, 30.0), (at, 330.0), INK, 1.5);
        svg.text((at, 22.0), &format!("{rate:.1e}"), Anchor::Middle, TEXT, INK);
    }
    panel.ticks(&mut svg, ("learning rate", "smoothed loss"));
    let caption = "The smoothed loss of each network as the rate rises from batch to batch. Line: where it falls most steeply, the median \
                   over networks."
        .to_string();
    Some(Figure::svg("lr-find", "The range test of learning rates", caption, svg))
}
