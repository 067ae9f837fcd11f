//! The loss around a network: heights over two directions, with contour lines.
//!
//! In: losses on a grid. Out: a figure.

use anyhow::Result;

use super::Figure;
use super::axis::{Axis, Spread};
use super::contours::{self, between};
use super::panel::Panel;
use super::svg::{Anchor, FAINT, INK, Svg, TEXT};
use crate::studies::grid::Grid2d;

/// Lines of equal loss.
const LEVELS: usize = 14;
const DARK: [u8; 3] = [8, 64, 129];
const LIGHT: [u8; 3] = [247, 252, 240];

/// The network is in the middle; `examples` is what the loss was taken over.
///
/// # Errors
/// The picture cannot be encoded.
pub fn draw(grid: &Grid2d, examples: usize) -> Result<Figure> {
    let finite = || grid.values.iter().copied().filter(|loss| loss.is_finite());
    let (lowest, highest) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    // Evenly in the logarithm: the valley is where the network lives.
    let height = |loss: f64| (loss.max(1e-9)).ln();
    let span = (height(highest) - height(lowest)).max(1e-12);
    let at = |share: f64| (height(lowest) + share * span).exp();
    let panel = Panel {
        x: Axis::exactly(grid.ends[0], Spread::Linear, (80.0, 480.0)),
        y: Axis::exactly(grid.ends[1], Spread::Linear, (430.0, 30.0)),
    };
    let mut svg = Svg::new(620.0, 485.0);
    let colour =
        |loss: f64| between(DARK, LIGHT, if loss.is_finite() { (height(loss) - height(lowest)) / span } else { 1.0 });
    svg.image((80.0, 30.0), (400.0, 400.0), &contours::png(grid, colour)?);
    let levels: Vec<f64> = (1..LEVELS).map(|i| at(i as f64 / LEVELS as f64)).collect();
    contours::draw_lines(&mut svg, &panel, grid, &levels, FAINT, 0.8)?;
    let (x, y) = panel.to_pixels((0.0, 0.0));
    svg.dot((x, y), 5.0, "#FFFFFF", 1.0);
    svg.dot((x, y), 3.2, "#D55E00", 1.0);
    panel.ticks(&mut svg, ("first direction", "second direction"));
    for step in 0..=40 {
        let share = f64::from(step) / 40.0;
        let [r, g, b] = between(DARK, LIGHT, share);
        let fill = format!("rgb({r},{g},{b})");
        svg.rect((505.0, 420.0 - 390.0 * share), (20.0, 10.0), &fill, 1.0, &fill);
    }
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        svg.text((532.0, 430.0 - 390.0 * share), &short(at(share)), Anchor::Start, TEXT - 1.0, INK);
    }
    let caption = format!(
        "The loss over {examples} test examples around the network (the dot), along two random directions whose filters have the norms of the \
         network's own. Lines: equal loss, evenly in its logarithm."
    );
    Ok(Figure::svg("landscape", "The loss around the network", caption, svg))
}

fn short(loss: f64) -> String {
    if loss < 0.1 { format!("{loss:.4}") } else { format!("{loss:.2}") }
}
