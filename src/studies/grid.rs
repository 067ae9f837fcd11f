//! A function of two numbers on an even grid.

/// The values of a function on an even grid of `side` by `side` points.
#[derive(Debug, Clone)]
pub struct Grid2d {
    /// The first and the last value of each coordinate.
    pub ends: [(f64, f64); 2],
    /// Points along each coordinate.
    pub side: usize,
    /// `[side * side]` values; the first coordinate changes fastest.
    pub values: Vec<f64>,
}

impl Grid2d {
    /// Computes the grid of a function, which takes points `[x, y]` and returns as many values. `side` must be at least
    /// 2.
    pub fn of(ends: [(f64, f64); 2], side: usize, function: impl Fn(&[Vec<f64>]) -> Vec<f64>) -> Self {
        let coordinate = |axis: usize, step: usize| {
            let (low, high) = ends[axis];
            low + (high - low) * step as f64 / (side - 1) as f64
        };
        let points: Vec<Vec<f64>> =
            (0..side * side).map(|i| vec![coordinate(0, i % side), coordinate(1, i / side)]).collect();
        Self { ends, side, values: function(&points) }
    }
}
