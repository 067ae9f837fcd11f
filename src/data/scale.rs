//! The scaling of a table's columns, fitted on the training rows alone.

use serde::{Deserialize, Serialize};

/// How the columns of a table are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// To a mean of 0 and a standard deviation of 1.
    #[default]
    Standard,
    /// To 0 for the smallest value and 1 for the largest.
    Minmax,
    /// Divided by the largest absolute value, so that 0 stays 0.
    Unit,
    /// Not at all.
    None,
}

/// What is subtracted from each column, and by what the rest is divided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// `[width]`
    pub offset: Vec<f64>,
    /// `[width]`; 1 for a column that is the same in every training row.
    pub divisor: Vec<f64>,
}

/// The inputs of a network for a table: the names of its columns, and how they are scaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputTable {
    /// The names of the columns, in the order of the inputs.
    pub columns: Vec<String>,
    /// How their numbers become inputs.
    #[serde(flatten)]
    pub scaling: Scaling,
}

impl Scaling {
    /// The scaling of `values`, `[n, width]`, by the rows `train`.
    pub fn fit(scale: Scale, values: &[f64], width: usize, train: &[usize]) -> Self {
        let column = |axis: usize| train.iter().map(move |&row| values[row * width + axis]);
        let count = train.len() as f64;
        let one = |axis: usize| {
            let low = column(axis).fold(f64::INFINITY, f64::min);
            let high = column(axis).fold(f64::NEG_INFINITY, f64::max);
            if low == high && scale != Scale::None {
                return (low, 1.0);
            }
            match scale {
                Scale::Standard => {
                    let mean = column(axis).sum::<f64>() / count;
                    (mean, (column(axis).map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt())
                }
                Scale::Minmax => (low, high - low),
                Scale::Unit => (0.0, low.abs().max(high.abs())),
                Scale::None => (0.0, 1.0),
            }
        };
        let is_usable = |divisor: f64| divisor.is_finite() && divisor > 0.0;
        let (offset, divisor) =
            (0..width).map(one).map(|(offset, by)| (offset, if is_usable(by) { by } else { 1.0 })).unzip();
        Self { offset, divisor }
    }

    /// Whether numbers stay as they are.
    pub fn is_none(&self) -> bool {
        self.offset.iter().all(|offset| *offset == 0.0) && self.divisor.iter().all(|divisor| *divisor == 1.0)
    }

    /// A row of numbers as a network takes it.
    pub fn scaled(&self, row: &[f64]) -> Vec<f32> {
        let scale = self.offset.iter().zip(&self.divisor);
        row.iter().zip(scale).map(|(x, (offset, divisor))| ((x - offset) / divisor) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scale_is_what_its_name_says_by_the_training_rows() {
        // The last row does not train.
        let rows = [1.0, 5.0, 3.0, 5.0, -8.0, 7.0];
        let of = |scale| {
            let scaling = Scaling::fit(scale, &rows, 2, &[0, 1]);
            rows.chunks(2).map(|row| scaling.scaled(row)).collect::<Vec<_>>()
        };
        // Mean 2, standard deviation 1; the second column does not vary.
        assert_eq!(of(Scale::Standard), [[-1.0, 0.0], [1.0, 0.0], [-10.0, 2.0]]);
        assert_eq!(of(Scale::Minmax), [[0.0, 0.0], [1.0, 0.0], [-4.5, 2.0]]);
        assert_eq!(of(Scale::Unit), [[1.0 / 3.0, 0.0], [1.0, 0.0], [-8.0 / 3.0, 2.0]]);
        // A mean that is rounded leaves a standard deviation of 1e-16, by which nothing may be divided.
        let constant = Scaling::fit(Scale::Standard, &[0.1; 178], 1, &(0..106).collect::<Vec<_>>());
        assert_eq!((constant.divisor[0], constant.scaled(&[0.2])[0]), (1.0, 0.1));
        assert_eq!(of(Scale::None), [[1.0, 5.0], [3.0, 5.0], [-8.0, 7.0]]);
    }
}
