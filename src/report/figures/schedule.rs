//! Learning rate schedules, for arms that differ in theirs.

use super::axis::{Axis, Scale};
use super::panel::{AxisLabels, Panel};
use super::svg::{Anchor, INK, Svg, TEXT, colour, dash};
use super::{Figure, FigureText};
use crate::analysis::summary::Summary;

/// A line per arm; `None` if all arms have the same schedule.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let rates = &summary.rates;
    let every = || rates.iter().flat_map(|curve| &curve.points);
    let end = every().map(|(epoch, _)| *epoch).fold(0.0, f64::max);
    let (left, right, bottom) = (90.0, 560.0, 290.0);
    let y = Axis::over(every().map(|(_, rate)| *rate).chain([0.0]), Scale::Linear, (bottom, 16.0))?;
    if rates.is_empty() {
        return None;
    }
    let panel = Panel { x: Axis::exactly((0.0, end.max(1.0)), Scale::Linear, (left, right)), y };
    let mut svg = Svg::new(760.0, 340.0f64.max(40.0 + 24.0 * rates.len() as f64));
    panel.grid(&mut svg);
    for (index, curve) in rates.iter().enumerate() {
        let pixels: Vec<(f64, f64)> = curve.points.iter().map(|&point| panel.to_pixels(point)).collect();
        svg.polyline(&pixels, colour(index), 2.2, dash(index));
        let (x, y) = (right + 18.0, 30.0 + 24.0 * index as f64);
        svg.polyline(&[(x, y - 5.0), (x + 22.0, y - 5.0)], colour(index), 2.5, dash(index));
        svg.text((x + 28.0, y), &curve.arm, Anchor::Start, TEXT, INK);
    }
    panel.ticks(&mut svg, AxisLabels { x: "epoch", y: "learning rate" });
    let words = FigureText {
        title: "Learning rate schedules".into(),
        alt: "The learning rate of each arm over the epochs.".into(),
        caption: "The learning rate of every step, as the schedule gives it.".into(),
    };
    Some(Figure::svg("schedules", words, svg))
}
