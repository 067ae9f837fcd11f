//! Numbers on an even grid over the plane.

/// Heights `[side * side]`, the first coordinate changing fastest, between the ends of each coordinate.
#[derive(Debug, Clone)]
pub struct Grid2d {
    /// First and last value of each coordinate.
    pub ends: [(f64, f64); 2],
    /// Points along each coordinate.
    pub side: usize,
    /// The heights.
    pub values: Vec<f64>,
}

impl Grid2d {
    /// Heights of a function on an even grid.
    pub fn of(ends: [(f64, f64); 2], side: usize, height: impl Fn(&[Vec<f64>]) -> Vec<f64>) -> Self {
        let at = |axis: usize, step: usize| {
            let (low, high) = ends[axis];
            low + (high - low) * step as f64 / (side - 1) as f64
        };
        let points: Vec<Vec<f64>> = (0..side * side).map(|i| vec![at(0, i % side), at(1, i / side)]).collect();
        Self { ends, side, values: height(&points) }
    }
}
