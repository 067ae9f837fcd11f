//! Test functions for optimizers: formula, usual start, global minimum.
//!
//! In: points in 64 bits. Out: values and gradients.

use serde::{Deserialize, Serialize};

/// A function of one number w, or of two numbers x and y.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// `(1 - x)^2 + 100 (y - x^2)^2` (Rosenbrock, "An automatic method for finding the greatest or least value of a
    /// function", 1960).
    #[default]
    Rosenbrock,
    /// `w^4 - 3 w^3 + 2 w^2 + w`, with a local minimum at 1.43 and the global one at -0.18.
    Quartic,
    /// `w^2 + 0.5 sin 4w`.
    Wavy,
    /// `0.5 (x^2 + y^2) + 0.3 sin 3x cos 3y`.
    Bowl,
    /// `w^4 / 4 - 3 w^3 + 7 w - 5`, with a local minimum at -0.84 and the global one at 8.91.
    Assignment,
    /// `0.5 (x^2 - y^2) + y^4 / 4`: a saddle at the origin between minima at (0, -1) and (0, 1). From y = 0 plain descent goes to
    /// the saddle and stays there.
    Saddle,
    /// `0.5 (x^2 + 25 y^2)`: steep in y and flat in x, with the condition number 25. Its square root is 5, so that the rates of
    /// convergence are fractions to check by hand: at the best learning rates a step leaves (25 - 1) / (25 + 1) = 12/13 of the
    /// distance without momentum and about (5 - 1) / (5 + 1) = 2/3 with it (Polyak, "Some methods of speeding up the convergence
    /// of iteration methods", 1964).
    Ravine,
    /// The quadratic cost of a sigmoid neuron with weight x and bias y, for input 1 and target 0: `s(x + y)^2 / 2`.
    NeuronQuadratic,
    /// The cross-entropy of the same neuron: `-ln(1 - s(x + y))`.
    NeuronCrossEntropy,
}

impl Function {
    /// Every function.
    pub const ALL: &[Self] = &[
        Self::Rosenbrock,
        Self::Quartic,
        Self::Wavy,
        Self::Bowl,
        Self::Assignment,
        Self::Saddle,
        Self::Ravine,
        Self::NeuronQuadratic,
        Self::NeuronCrossEntropy,
    ];

    /// The name in experiment files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rosenbrock => "rosenbrock",
            Self::Quartic => "quartic",
            Self::Wavy => "wavy",
            Self::Bowl => "bowl",
            Self::Assignment => "assignment",
            Self::Saddle => "saddle",
            Self::Ravine => "ravine",
            Self::NeuronQuadratic => "neuron_quadratic",
            Self::NeuronCrossEntropy => "neuron_cross_entropy",
        }
    }

    /// The formula, for captions.
    pub fn formula(self) -> &'static str {
        match self {
            Self::Rosenbrock => "(1 - x)² + 100 (y - x²)²",
            Self::Quartic => "w⁴ - 3w³ + 2w² + w",
            Self::Wavy => "w² + 0.5 sin 4w",
            Self::Bowl => "0.5 (x² + y²) + 0.3 sin 3x cos 3y",
            Self::Assignment => "w⁴/4 - 3w³ + 7w - 5",
            Self::Saddle => "0.5 (x² - y²) + y⁴/4",
            Self::Ravine => "0.5 (x² + 100y²)",
            Self::NeuronQuadratic => "s(x + y)² / 2 with the sigmoid s",
            Self::NeuronCrossEntropy => "-ln(1 - s(x + y)) with the sigmoid s",
        }
    }

    /// Number of its arguments, 1 or 2.
    pub fn dimensions(self) -> usize {
        match self {
            Self::Quartic | Self::Wavy | Self::Assignment => 1,
            _ => 2,
        }
    }

    /// The start of a descent in the sources that use the function. Kindling's own are those of the saddle, so near to y = 0 that
    /// plain descent lingers at the saddle before it leaves, and of the ravine, where both terms are 50.
    pub fn usual_start(self) -> Vec<f64> {
        match self {
            Self::Rosenbrock => vec![-1.5, 2.0],
            Self::Quartic | Self::Wavy => vec![3.0],
            Self::Bowl => vec![2.0, 2.0],
            Self::Assignment => vec![0.0],
            Self::Saddle => vec![1.5, 0.001],
            Self::Ravine => vec![10.0, 1.0],
            Self::NeuronQuadratic | Self::NeuronCrossEntropy => vec![2.0, 2.0],
        }
    }

    /// The global minima, found by Newton's method on the derivative from the best point of a fine grid where there is no formula;
    /// none for the neurons, whose cost approaches 0 but never reaches it.
    pub fn minima(self) -> Vec<Vec<f64>> {
        match self {
            Self::Rosenbrock => vec![vec![1.0, 1.0]],
            // The roots of 4w^3 - 9w^2 + 4w + 1 are 1 and (5 ± sqrt 41) / 8.
            Self::Quartic => vec![vec![(5.0 - 41f64.sqrt()) / 8.0]],
            Self::Wavy => vec![vec![-0.313_088_308_500_647_2]],
            Self::Bowl => vec![vec![-0.378_793_211_320_047_2, 0.0]],
            Self::Assignment => vec![vec![8.911_862_425_897_336]],
            Self::Saddle => vec![vec![0.0, -1.0], vec![0.0, 1.0]],
            Self::Ravine => vec![vec![0.0, 0.0]],
            Self::NeuronQuadratic | Self::NeuronCrossEntropy => Vec::new(),
        }
    }

    /// The value at the global minima; `None` where there is none.
    pub fn lowest_value(self) -> Option<f64> {
        self.minima().first().map(|point| self.value_at(point))
    }

    /// The Euclidean distance from a point to the nearest global minimum; `None` where there is none.
    pub fn distance_to_minimum(self, point: &[f64]) -> Option<f64> {
        let to = |minimum: Vec<f64>| point.iter().zip(minimum).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        self.minima().into_iter().map(to).reduce(f64::min)
    }

    /// The value at a point.
    pub fn value_at(self, point: &[f64]) -> f64 {
        let (x, y) = (point[0], point.get(1).copied().unwrap_or(0.0));
        let w = x;
        match self {
            Self::Rosenbrock => (1.0 - x) * (1.0 - x) + 100.0 * (y - x * x) * (y - x * x),
            Self::Quartic => w * w * w * w - 3.0 * w * w * w + 2.0 * w * w + w,
            Self::Wavy => w * w + 0.5 * libm::sin(4.0 * w),
            Self::Bowl => 0.5 * (x * x + y * y) + 0.3 * libm::sin(3.0 * x) * libm::cos(3.0 * y),
            Self::Assignment => 0.25 * w * w * w * w - 3.0 * w * w * w + 7.0 * w - 5.0,
            Self::Saddle => 0.5 * (x * x - y * y) + 0.25 * y * y * y * y,
            Self::Ravine => 0.5 * (x * x + 100.0 * y * y),
            Self::NeuronQuadratic => 0.5 * sigmoid(x + y) * sigmoid(x + y),
            // -ln(1 - s(z)) = ln(1 + e^z), in a form that does not overflow.
            Self::NeuronCrossEntropy => (x + y).max(0.0) + libm::log1p(libm::exp(-(x + y).abs())),
        }
    }

    /// The gradient at a point.
    pub fn gradient_at(self, point: &[f64]) -> Vec<f64> {
        let (x, y) = (point[0], point.get(1).copied().unwrap_or(0.0));
        let w = x;
        match self {
            Self::Rosenbrock => vec![-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)],
            Self::Quartic => vec![4.0 * w * w * w - 9.0 * w * w + 4.0 * w + 1.0],
            Self::Wavy => vec![2.0 * w + 2.0 * libm::cos(4.0 * w)],
            Self::Bowl => vec![
                x + 0.9 * libm::cos(3.0 * x) * libm::cos(3.0 * y),
                y - 0.9 * libm::sin(3.0 * x) * libm::sin(3.0 * y),
            ],
            Self::Assignment => vec![w * w * w - 9.0 * w * w + 7.0],
            Self::Saddle => vec![x, y * y * y - y],
            Self::Ravine => vec![x, 100.0 * y],
            Self::NeuronQuadratic => {
                let a = sigmoid(x + y);
                vec![a * a * (1.0 - a); 2]
            }
            Self::NeuronCrossEntropy => vec![sigmoid(x + y); 2],
        }
    }
}

/// The logistic function.
fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-z))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(function: Function, at: &[f64]) -> f64 {
        function.value_at(at)
    }

    #[test]
    fn values_are_those_worked_by_hand() {
        for (function, at, expected) in [
            (Function::Rosenbrock, &[-1.5, 2.0][..], 6.25 + 100.0 * 0.0625),
            (Function::Quartic, &[2.0], 16.0 - 24.0 + 8.0 + 2.0),
            (Function::Wavy, &[0.0], 0.0),
            (Function::Bowl, &[2.0, 0.0], 2.0 + 0.3 * 6f64.sin()),
            (Function::Assignment, &[2.0], 4.0 - 24.0 + 14.0 - 5.0),
            (Function::Saddle, &[2.0, 1.0], 1.5 + 0.25),
            (Function::Ravine, &[10.0, 1.0], 50.0 + 50.0),
            (Function::NeuronQuadratic, &[0.0, 0.0], 0.125),
            (Function::NeuronCrossEntropy, &[0.0, 0.0], std::f64::consts::LN_2),
        ] {
            assert!((value(function, at) - expected).abs() < 1e-12, "{function:?}");
        }
    }

    #[test]
    fn gradients_are_those_of_central_differences() {
        const STEP: f64 = 1e-6;
        for &function in Function::ALL {
            for at in [[-1.3, 0.4], [0.2, -0.9], [2.1, 1.7]] {
                let gradient = function.gradient_at(&at[..function.dimensions()]);
                for (axis, derivative) in gradient.into_iter().enumerate() {
                    let moved = |by: f64| {
                        let mut point = at[..function.dimensions()].to_vec();
                        point[axis] += by;
                        function.value_at(&point)
                    };
                    let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                    let scale = derivative.abs().max(1.0);
                    assert!(
                        (derivative - difference).abs() < 1e-7 * scale,
                        "{function:?} {at:?}: {derivative}, {difference}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_point_is_lower_than_the_minima() {
        let minima = |function: &Function| function.minima().into_iter().map(|minimum| (*function, minimum)).collect();
        for (function, minimum) in Function::ALL.iter().flat_map::<Vec<_>, _>(minima) {
            let lowest = value(function, &minimum);
            for step in [1e-4, 1e-2, 0.3, 1.1, 3.7] {
                for axis in 0..minimum.len() {
                    for sign in [-1.0, 1.0] {
                        let mut other = minimum.clone();
                        other[axis] += sign * step;
                        assert!(value(function, &other) > lowest, "{function:?} {other:?}");
                    }
                }
            }
            for i in -400..=400 {
                let other: Vec<f64> = minimum.iter().map(|_| f64::from(i) * 0.03).collect();
                assert!(value(function, &other) >= lowest - 1e-12, "{function:?} {other:?}");
            }
        }
    }
    #[test]
    fn the_saddle_holds_what_starts_on_its_ridge_and_has_two_minima_equally_low() {
        assert_eq!(Function::Saddle.gradient_at(&[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(Function::Saddle.gradient_at(&[1.5, 0.0]), [1.5, 0.0]);
        assert!(value(Function::Saddle, &[0.0, 0.1]) < 0.0 && value(Function::Saddle, &[0.1, 0.0]) > 0.0);
        assert_eq!(Function::Saddle.lowest_value(), Some(-0.25));
        assert_eq!(value(Function::Saddle, &[0.0, -1.0]), value(Function::Saddle, &[0.0, 1.0]));
        // The nearer of the two.
        assert_eq!(Function::Saddle.distance_to_minimum(&[0.0, -3.0]), Some(2.0));
        assert_eq!(Function::Saddle.distance_to_minimum(&[3.0, 5.0]), Some(5.0));
        assert_eq!(Function::NeuronQuadratic.distance_to_minimum(&[0.0, 0.0]), None);
    }

    #[test]
    fn a_step_down_the_ravine_at_the_best_rate_leaves_99_of_101_parts_along_both_axes() {
        let gradient = Function::Ravine.gradient_at(&[1.0, 1.0]);
        let left: Vec<f64> = gradient.iter().map(|slope| 1.0 - 2.0 / 101.0 * slope).collect();
        assert!((left[0] - 99.0 / 101.0).abs() < 1e-12 && (left[1] + 99.0 / 101.0).abs() < 1e-12, "{left:?}");
    }
}
