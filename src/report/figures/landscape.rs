//! The loss landscape around a network: the loss along two directions as colour, with contour lines.

use anyhow::Result;

use super::axis::{Axis, Scale};
use super::contours;
use super::panel::{AxisLabels, Panel};
use super::rgb::mix;
use super::svg::{Anchor, FAINT, INK, Rectangle, Svg, TEXT};
use super::{Figure, FigureText};
use crate::studies::grid::Grid2d;

/// Contour lines, one fewer than this.
const LEVELS: usize = 14;
const DARK: [u8; 3] = [8, 64, 129];
const LIGHT: [u8; 3] = [247, 252, 240];

/// `grid` holds losses, with the network in its middle; `examples` is the number of test examples behind each loss.
///
/// # Errors
/// The picture cannot be encoded.
pub fn draw(grid: &Grid2d, examples: usize) -> Result<Figure> {
    let finite = || grid.values.iter().copied().filter(|loss| loss.is_finite());
    let (lowest, highest) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    // A logarithmic scale shows the small differences at the floor of the valley, where the network is.
    let height = |loss: f64| (loss.max(1e-9)).ln();
    let span = (height(highest) - height(lowest)).max(1e-12);
    let loss_at = |share: f64| (height(lowest) + share * span).exp();
    let panel = Panel {
        x: Axis::exactly(grid.ends[0], Scale::Linear, (80.0, 480.0)),
        y: Axis::exactly(grid.ends[1], Scale::Linear, (430.0, 30.0)),
    };
    let mut svg = Svg::new(620.0, 485.0);
    let colour =
        |loss: f64| mix(DARK, LIGHT, if loss.is_finite() { (height(loss) - height(lowest)) / span } else { 1.0 });
    svg.image(panel.area(), &contours::png(grid, colour)?);
    let levels: Vec<f64> = (1..LEVELS).map(|i| loss_at(i as f64 / LEVELS as f64)).collect();
    contours::draw_lines(&mut svg, &panel, grid, &levels, FAINT, 0.8)?;
    let (x, y) = panel.to_pixels((0.0, 0.0));
    svg.dot((x, y), 5.0, "#FFFFFF", 1.0);
    svg.dot((x, y), 3.2, "#D55E00", 1.0);
    panel.ticks(&mut svg, AxisLabels { x: "first direction", y: "second direction" });
    for step in 0..=40 {
        let share = f64::from(step) / 40.0;
        let [r, g, b] = mix(DARK, LIGHT, share);
        let fill = format!("rgb({r},{g},{b})");
        let area = Rectangle { left: 505.0, top: 420.0 - 390.0 * share, width: 20.0, height: 10.0 };
        svg.rect(area, &fill, 1.0, &fill);
    }
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        svg.text((532.0, 430.0 - 390.0 * share), &short(loss_at(share)), Anchor::Start, TEXT - 1.0, INK);
    }
    let words = FigureText {
        title: "Loss landscape".into(),
        alt: "The loss around the network along two random directions, with contour lines.".into(),
        caption: format!(
            "The loss on {examples} test examples around the network (the dot), along two random directions whose filters have the norms \
             of the network's own. Contour lines: equal loss, on a logarithmic scale."
        ),
    };
    Ok(Figure::svg("landscape", words, svg))
}

fn short(loss: f64) -> String {
    if loss < 0.1 { format!("{loss:.4}") } else { format!("{loss:.2}") }
}
