//! Decision boundaries: the probability of class 1 as colour over the plane, the points on top, the contour at a half.
//!
//! In: runs that kept a decision_grid. Out: the median and the worst run of each arm, side by side.

use anyhow::Result;

use super::Figure;
use super::axis::{Axis, Spread};
use super::contours::{self, between};
use super::panel::Panel;
use super::ranked::{Chosen, median_and_worst, panels, title};
use super::svg::{INK, PALETTE, Svg};
use crate::analysis::summary::Summary;
use crate::data::{PointSet, toys};
use crate::record::TrialRecord;
use crate::studies::grid::Grid2d;

/// More arms than this fill more than a page.
const MOST_ARMS: usize = 6;
/// More points than this hide the colour behind them.
const MOST_POINTS: usize = 300;
const SIZE: (f64, f64) = (380.0, 350.0);
const COLOURS: [[u8; 3]; 3] = [[0, 114, 178], [255, 255, 255], [213, 94, 0]];

/// `None` where no run has a decision_grid over a plane.
///
/// # Errors
/// A picture cannot be encoded.
pub fn draw(summary: &Summary) -> Result<Option<Figure>> {
    let flat =
        |run: &TrialRecord| run.decision_grid.as_ref().is_some_and(|decision_grid| decision_grid.ends.len() == 2);
    let arms = summary.arms.iter().take(MOST_ARMS);
    let chosen: Vec<Chosen> = arms.flat_map(|arm| median_and_worst(summary, &arm.label, flat)).collect();
    if chosen.is_empty() {
        return Ok(None);
    }
    let (mut svg, corners) = panels(chosen.len(), 2, SIZE);
    for (chosen, corner) in chosen.iter().zip(corners) {
        panel(&mut svg, summary, chosen, corner)?;
    }
    let caption = "Colour: the probability of class 1, from blue (0) by white (a half) to orange (1). Line: where it is a half. Dots: the \
                   first of the points in the colour of their class. The median and the worst of the runs that finished, of the first six arms."
        .to_string();
    Ok(Some(Figure::svg("boundary", "Where it draws the line", caption, svg)))
}

fn panel(svg: &mut Svg, summary: &Summary, chosen: &Chosen, (x, y): (f64, f64)) -> Result<()> {
    let Some(decision_grid) = &chosen.run.decision_grid else { return Ok(()) };
    let ends = [0, 1].map(|axis| (f64::from(decision_grid.ends[axis][0]), f64::from(decision_grid.ends[axis][1])));
    let across = Axis::exactly(ends[0], Spread::Linear, (x + 50.0, x + SIZE.0 - 20.0));
    let upwards = Axis::exactly(ends[1], Spread::Linear, (y + SIZE.1 - 34.0, y + 28.0));
    let panel = Panel { x: across, y: upwards };
    let grid =
        Grid2d { ends, side: decision_grid.side, values: decision_grid.values.iter().map(|&v| f64::from(v)).collect() };
    let colour = |p: f64| {
        let [low, middle, high] = COLOURS;
        // Paler than the points on top.
        let shade = |share: f64, end| between(middle, end, 0.75 * share);
        if p < 0.5 { shade(1.0 - 2.0 * p, low) } else { shade(2.0 * p - 1.0, high) }
    };
    let size = (SIZE.0 - 70.0, SIZE.1 - 62.0);
    svg.image((x + 50.0, y + 28.0), size, &contours::png(&grid, colour)?);
    contours::draw_lines(svg, &panel, &grid, &[0.5], INK, 2.0)?;
    let dataset = toys::find(&chosen.run.made_with.dataset).map(|toy| toy.dataset());
    if let Some(points) = dataset.as_ref().and_then(|dataset| dataset.train.points()) {
        dots(svg, &panel, points);
    }
    panel.ticks(svg, ("", ""));
    panel.title(svg, &title(summary, chosen));
    Ok(())
}

/// The training points, in the colour of their class.
fn dots(svg: &mut Svg, panel: &Panel, points: &PointSet) {
    for class in 0..2u8 {
        let own = points.values.chunks_exact(2).zip(&points.labels).take(MOST_POINTS);
        let of_class = own.filter(|(_, label)| **label == class);
        let pixels: Vec<(f64, f64)> =
            of_class.map(|(p, _)| panel.to_pixels((f64::from(p[0]), f64::from(p[1])))).collect();
        svg.dots(&pixels, 3.4, "#FFFFFF", 0.9);
        svg.dots(&pixels, 2.5, PALETTE[usize::from(class)], 0.9);
    }
}
