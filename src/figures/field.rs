//! A height over the plane: bands of colour and lines of equal height.
//!
//! In: heights on an even grid. Out: an image stretched under a panel, and contour lines over it.

use anyhow::{Context, Result};
use contour::ContourBuilder;

use super::panel::Panel;
use super::svg::Svg;

/// Heights `[side * side]`, the first coordinate changing fastest, between the ends of each coordinate.
#[derive(Debug, Clone)]
pub struct Field {
    /// First and last value of each coordinate.
    pub ends: [(f64, f64); 2],
    /// Points along each coordinate.
    pub side: usize,
    /// The heights.
    pub values: Vec<f64>,
}

impl Field {
    /// Heights of a function on an even grid.
    pub fn of(ends: [(f64, f64); 2], side: usize, height: impl Fn(&[Vec<f64>]) -> Vec<f64>) -> Self {
        let at = |axis: usize, step: usize| {
            let (low, high) = ends[axis];
            low + (high - low) * step as f64 / (side - 1) as f64
        };
        let points: Vec<Vec<f64>> = (0..side * side).map(|i| vec![at(0, i % side), at(1, i / side)]).collect();
        Self { ends, side, values: height(&points) }
    }

    /// Lines along which the height is one of `levels`, as chains of points inside the grid.
    ///
    /// # Errors
    /// There are fewer than two points along a coordinate, or not as many heights as the grid has points.
    pub fn lines(&self, levels: &[f64]) -> Result<Vec<Vec<(f64, f64)>>> {
        let step = |axis: usize| (self.ends[axis].1 - self.ends[axis].0) / (self.side - 1) as f64;
        // The library takes each number for the middle of a cell: half a cell to the left and below of where it stands.
        let builder = ContourBuilder::new(self.side, self.side, true)
            .x_step(step(0))
            .y_step(step(1))
            .x_origin(self.ends[0].0 - step(0) / 2.0)
            .y_origin(self.ends[1].0 - step(1) / 2.0);
        let lines = builder.lines(&self.values, levels).context("cannot draw contour lines")?;
        let chains = lines.iter().flat_map(|line| &line.geometry().0);
        let chains = chains.map(|chain| chain.coords().map(|point| (point.x, point.y)).collect::<Vec<_>>());
        Ok(chains.flat_map(|chain| self.inside(&chain)).collect())
    }

    /// The pieces of a chain inside the grid: the library closes every line around the part of the grid that is higher, half a cell outside.
    fn inside(&self, chain: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let within = |value: f64, (low, high): (f64, f64)| {
            let slack = 1e-9 * (high - low);
            value >= low - slack && value <= high + slack
        };
        let outside = |(x, y): &(f64, f64)| !(within(*x, self.ends[0]) && within(*y, self.ends[1]));
        chain.split(outside).filter(|piece| piece.len() > 1).map(<[_]>::to_vec).collect()
    }

    /// Draws contour lines into a panel.
    ///
    /// # Errors
    /// As for [`Self::lines`].
    pub fn contours(&self, svg: &mut Svg, panel: &Panel, levels: &[f64], (stroke, width): (&str, f64)) -> Result<()> {
        for piece in self.lines(levels)? {
            let placed: Vec<(f64, f64)> = piece.iter().map(|&point| panel.place(point)).collect();
            svg.polyline(&placed, stroke, width, "");
        }
        Ok(())
    }

    /// A PNG of the heights, the second coordinate upwards: `colour` maps a height to red, green and blue.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub fn png(&self, colour: impl Fn(f64) -> [u8; 3]) -> Result<Vec<u8>> {
        let rows = self.values.chunks(self.side).rev();
        let bytes: Vec<u8> = rows.flatten().flat_map(|&height| colour(height)).collect();
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, self.side as u32, self.side as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().context("cannot encode a picture")?;
        writer.write_image_data(&bytes).context("cannot encode a picture")?;
        writer.finish().context("cannot encode a picture")?;
        Ok(out)
    }
}

/// A colour between two, `share` of the way from the first.
pub fn between(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|i| (f64::from(from[i]) + share * (f64::from(to[i]) - f64::from(from[i]))).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_plane_is_straight_and_where_it_belongs() {
        let plane = Field::of([(-1.0, 3.0), (0.0, 2.0)], 21, |points| points.iter().map(|p| p[0] + p[1]).collect());
        let lines = plane.lines(&[1.0]).unwrap();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].len() > 10 && lines[0].iter().all(|(x, y)| (x + y - 1.0).abs() < 0.06), "{lines:?}");
    }

    #[test]
    fn a_circle_is_closed_and_round() {
        let bowl = Field::of([(-2.0, 2.0), (-2.0, 2.0)], 41, |points| {
            points.iter().map(|p| (p[0] * p[0] + p[1] * p[1]).sqrt()).collect()
        });
        let lines = bowl.lines(&[1.0]).unwrap();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 0.03));
        let first = lines[0].first().unwrap();
        assert_eq!(Some(first), lines[0].last());
    }
}
