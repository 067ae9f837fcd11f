//! A [`Grid2d`] as a coloured picture and as contour lines.

use anyhow::{Context, Result};
use contour::ContourBuilder;

use super::panel::Panel;
use super::rgb;
use super::svg::Svg;
use crate::studies::grid::Grid2d;

/// The contour lines of the grid at `levels`, each a chain of points inside the grid.
///
/// # Errors
/// There are fewer than two points along a coordinate, or not as many numbers as the grid has points.
fn lines(grid: &Grid2d, levels: &[f64]) -> Result<Vec<Vec<(f64, f64)>>> {
    let Grid2d { ends, side, values } = grid;
    let step = |axis: usize| (ends[axis].1 - ends[axis].0) / (side - 1) as f64;
    // The library takes each number for the middle of a cell, so its origin is half a cell to the left of and below the grid's.
    let builder = ContourBuilder::new(*side, *side, true)
        .x_step(step(0))
        .y_step(step(1))
        .x_origin(ends[0].0 - step(0) / 2.0)
        .y_origin(ends[1].0 - step(1) / 2.0);
    let lines = builder.lines(values, levels).context("cannot draw contour lines")?;
    let chains = lines.iter().flat_map(|line| &line.geometry().0);
    let chains = chains.map(|chain| chain.coords().map(|point| (point.x, point.y)).collect::<Vec<_>>());
    Ok(chains.flat_map(|chain| inside(ends, &chain)).collect())
}

/// The pieces of a chain that lie inside the grid. The library closes every line around the higher part of the grid, half a cell
/// outside of it.
fn inside(ends: &[(f64, f64); 2], chain: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let within = |value: f64, ends: (f64, f64)| {
        let (low, high) = ends;
        let slack = 1e-9 * (high - low);
        value >= low - slack && value <= high + slack
    };
    let outside = |(x, y): &(f64, f64)| !(within(*x, ends[0]) && within(*y, ends[1]));
    chain.split(outside).filter(|piece| piece.len() > 1).map(<[_]>::to_vec).collect()
}

/// Draws the contour lines of the grid at `levels` into a panel.
///
/// # Errors
/// There are fewer than two points along a coordinate, or not as many numbers as the grid has points.
pub fn draw_lines(svg: &mut Svg, panel: &Panel, grid: &Grid2d, levels: &[f64], stroke: &str, width: f64) -> Result<()> {
    for piece in lines(grid, levels)? {
        let pixels: Vec<(f64, f64)> = piece.iter().map(|&point| panel.to_pixels(point)).collect();
        svg.polyline(&pixels, stroke, width, "");
    }
    Ok(())
}

/// A PNG of the grid with one pixel per point and the second coordinate upwards; `colour` maps a number to red, green and blue.
///
/// # Errors
/// The PNG cannot be encoded.
pub fn png(grid: &Grid2d, colour: impl Fn(f64) -> [u8; 3]) -> Result<Vec<u8>> {
    let rows = grid.values.chunks(grid.side).rev();
    let bytes: Vec<u8> = rows.flatten().flat_map(|&value| colour(value)).collect();
    rgb::png(grid.side, grid.side, &bytes).context("cannot encode the PNG of a grid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_plane_is_straight_and_where_it_belongs() {
        let plane = Grid2d::of([(-1.0, 3.0), (0.0, 2.0)], 21, |points| points.iter().map(|p| p[0] + p[1]).collect());
        let lines = lines(&plane, &[1.0]).unwrap();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].len() > 10 && lines[0].iter().all(|(x, y)| (x + y - 1.0).abs() < 0.06), "{lines:?}");
    }

    #[test]
    fn a_circle_is_closed_and_round() {
        let bowl = Grid2d::of([(-2.0, 2.0), (-2.0, 2.0)], 41, |points| {
            points.iter().map(|p| (p[0] * p[0] + p[1] * p[1]).sqrt()).collect()
        });
        let lines = lines(&bowl, &[1.0]).unwrap();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 0.03));
        let first = lines[0].first().unwrap();
        assert_eq!(Some(first), lines[0].last());
    }
}
