//! The activations and their derivatives.
//!
//! In: the sums of a layer's units. Out: the units' outputs, and gradients with respect to the sums. What is not a number
//! stays so: a comparison is written such that it fails for NaN where the result is then the argument itself.

use super::math::{exp, exp_m1, normal, sigmoid, softplus, tanh};
use super::simd::vectorised;
use super::sum::sum_pairs;
use crate::nn::models::activation::{ActivationKind, PRELU_START, SELU_ALPHA, SELU_SCALE};

/// The slope of a leaky ReLU for negative numbers, Burn's and PyTorch's default.
const LEAKY: f32 = 0.01;

/// `1 / sqrt(2 pi)`, the height of the standard normal density.
const DENSITY: f32 = 0.398_942_3;

/// `sqrt(2 / pi)` and the cubic term of the approximate GELU (Hendrycks and Gimpel, "Gaussian error linear units", 2016).
const GELU: [f32; 2] = [0.797_884_6, 0.044_715];

/// Writes to `y` the activation of each number of `z`. `slope` is that of a PReLU; without it a PReLU has its initial one.
///
/// # Panics
/// The lengths differ.
pub fn forward(kind: ActivationKind, slope: Option<f32>, z: &[f32], y: &mut [f32]) {
    assert_eq!(z.len(), y.len(), "as many outputs as sums");
    let slope = slope.unwrap_or(PRELU_START);
    match kind {
        ActivationKind::Identity => y.copy_from_slice(z),
        ActivationKind::Relu => each(z, y, relu),
        ActivationKind::Sigmoid => each(z, y, sigmoid),
        ActivationKind::Tanh => each(z, y, tanh),
        ActivationKind::LeakyRelu => each(
            z,
            y,
            #[inline(always)]
            |x| leaky(x, LEAKY),
        ),
        ActivationKind::Prelu => each(
            z,
            y,
            #[inline(always)]
            |x| leaky(x, slope),
        ),
        ActivationKind::Gelu => each(
            z,
            y,
            #[inline(always)]
            |x| x * normal(x),
        ),
        ActivationKind::GeluApproximate => each(
            z,
            y,
            #[inline(always)]
            |x| 0.5 * x * (1.0 + tanh(gelu_argument(x))),
        ),
        ActivationKind::Silu => each(
            z,
            y,
            #[inline(always)]
            |x| x * sigmoid(x),
        ),
        ActivationKind::Mish => each(
            z,
            y,
            #[inline(always)]
            |x| x * tanh(softplus(x)),
        ),
        // CELU is ELU where alpha is 1.
        ActivationKind::Elu | ActivationKind::Celu => each(z, y, elu),
        ActivationKind::Selu => each(z, y, selu),
        ActivationKind::Relu6 => each(
            z,
            y,
            #[inline(always)]
            |x| x.clamp(0.0, 6.0),
        ),
        ActivationKind::Softplus => each(z, y, softplus),
        ActivationKind::Softsign => each(
            z,
            y,
            #[inline(always)]
            |x| x / (1.0 + x.abs()),
        ),
        ActivationKind::LogSigmoid => each(
            z,
            y,
            #[inline(always)]
            |x| -softplus(-x),
        ),
        ActivationKind::HardSigmoid => each(
            z,
            y,
            #[inline(always)]
            |x| (0.2 * x + 0.5).clamp(0.0, 1.0),
        ),
        ActivationKind::HardSwish => each(
            z,
            y,
            #[inline(always)]
            |x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
        ),
        ActivationKind::HardTanh => each(
            z,
            y,
            #[inline(always)]
            |x| x.clamp(-1.0, 1.0),
        ),
        ActivationKind::ThresholdedRelu => each(
            z,
            y,
            #[inline(always)]
            |x| if x <= 1.0 { 0.0 } else { x },
        ),
        ActivationKind::HardShrink => each(
            z,
            y,
            #[inline(always)]
            |x| if x.abs() <= 0.5 { 0.0 } else { x },
        ),
        ActivationKind::SoftShrink => each(
            z,
            y,
            #[inline(always)]
            |x| x - x.clamp(-0.5, 0.5),
        ),
        ActivationKind::TanhShrink => each(
            z,
            y,
            #[inline(always)]
            |x| x - tanh(x),
        ),
        ActivationKind::Step => each(
            z,
            y,
            #[inline(always)]
            |x| if x >= 0.0 { 1.0 } else { 0.0 * x },
        ),
    }
}

/// Multiplies each number of `grad`, the gradient with respect to `y`, by the derivative of the activation: `grad` is then
/// the gradient with respect to `z`. At a kink the derivative is the left one; that of the Heaviside step is 0.
///
/// # Panics
/// The lengths differ.
pub fn backward(kind: ActivationKind, slope: Option<f32>, z: &[f32], y: &[f32], grad: &mut [f32]) {
    assert!(z.len() == grad.len() && y.len() == grad.len(), "as many outputs as sums, and a gradient for each");
    let slope = slope.unwrap_or(PRELU_START);
    match kind {
        ActivationKind::Identity => {}
        ActivationKind::Relu => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |x, _| inside(x, 0.0, f32::INFINITY),
        ),
        ActivationKind::Sigmoid => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |_, y| y * (1.0 - y),
        ),
        ActivationKind::Tanh => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |_, y| 1.0 - y * y,
        ),
        ActivationKind::LeakyRelu => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |x, _| if x > 0.0 { 1.0 } else { LEAKY },
        ),
        ActivationKind::Prelu => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |x, _| if x > 0.0 { 1.0 } else { slope },
        ),
        ActivationKind::Gelu => scale(z, y, grad, gelu_derivative),
        ActivationKind::GeluApproximate => scale(z, y, grad, gelu_approximate_derivative),
        ActivationKind::Silu => scale(z, y, grad, silu_derivative),
        ActivationKind::Mish => scale(z, y, grad, mish_derivative),
        ActivationKind::Elu | ActivationKind::Celu => {
            scale(
                z,
                y,
                grad,
                #[inline(always)]
                |x, _| if x > 0.0 { 1.0 } else { exp(x) },
            );
        }
        ActivationKind::Selu => scale(z, y, grad, selu_derivative),
        ActivationKind::Relu6 => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |x, _| inside(x, 0.0, 6.0),
        ),
        ActivationKind::Softplus => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |x, _| sigmoid(x),
        ),
        ActivationKind::Softsign => scale(z, y, grad, softsign_derivative),
        ActivationKind::LogSigmoid => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |x, _| sigmoid(-x),
        ),
        ActivationKind::HardSigmoid => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |x, _| 0.2 * inside(x, -2.5, 2.5),
        ),
        ActivationKind::HardSwish => scale(z, y, grad, hard_swish_derivative),
        ActivationKind::HardTanh => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |x, _| inside(x, -1.0, 1.0),
        ),
        ActivationKind::ThresholdedRelu => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |x, _| inside(x, 1.0, f32::INFINITY),
        ),
        ActivationKind::HardShrink | ActivationKind::SoftShrink => {
            scale(
                z,
                y,
                grad,
                #[inline(always)]
                |x, _| inside(x.abs(), 0.5, f32::INFINITY),
            );
        }
        ActivationKind::TanhShrink => scale(
            z,
            y,
            grad,
            #[inline(always)]
            |x, _| tanh(x) * tanh(x),
        ),
        ActivationKind::Step => grad.fill(0.0),
    }
}

/// The gradient with respect to the slope of a PReLU: the sum of `grad`, the gradient with respect to the outputs, times
/// the negative sums.
pub fn slope_gradient(z: &[f32], grad: &[f32]) -> f32 {
    sum_pairs(z, grad, |x, grad| if x > 0.0 { 0.0 } else { grad * x }) as f32
}

/// 1 between the two numbers, 0 below and above.
#[inline(always)]
fn inside(x: f32, low: f32, high: f32) -> f32 {
    if x > low && x <= high { 1.0 } else { 0.0 }
}

#[inline(always)]
fn relu(x: f32) -> f32 {
    if x <= 0.0 { 0.0 } else { x }
}

#[inline(always)]
fn leaky(x: f32, slope: f32) -> f32 {
    if x <= 0.0 { slope * x } else { x }
}

#[inline(always)]
fn elu(x: f32) -> f32 {
    if x <= 0.0 { exp_m1(x) } else { x }
}

#[inline(always)]
fn selu(x: f32) -> f32 {
    SELU_SCALE as f32 * if x <= 0.0 { SELU_ALPHA as f32 * exp_m1(x) } else { x }
}

#[inline(always)]
fn selu_derivative(x: f32, _y: f32) -> f32 {
    SELU_SCALE as f32 * if x > 0.0 { 1.0 } else { SELU_ALPHA as f32 * exp(x) }
}

#[inline(always)]
fn gelu_derivative(x: f32, _y: f32) -> f32 {
    normal(x) + x * DENSITY * exp(-0.5 * x * x)
}

#[inline(always)]
fn gelu_argument(x: f32) -> f32 {
    GELU[0] * (x + GELU[1] * x * x * x)
}

#[inline(always)]
fn gelu_approximate_derivative(x: f32, _y: f32) -> f32 {
    let tanh = tanh(gelu_argument(x));
    let inner = GELU[0] * (1.0 + 3.0 * GELU[1] * x * x);
    // The square is 0 where the tangent is 1, but the inner derivative may be infinite.
    let square = 1.0 - tanh * tanh;
    0.5 * (1.0 + tanh) + if square == 0.0 { 0.0 } else { 0.5 * x * square * inner }
}

#[inline(always)]
fn silu_derivative(x: f32, _y: f32) -> f32 {
    let s = sigmoid(x);
    s + x * s * (1.0 - s)
}

#[inline(always)]
fn mish_derivative(x: f32, _y: f32) -> f32 {
    let tanh = tanh(softplus(x));
    tanh + x * (1.0 - tanh * tanh) * sigmoid(x)
}

#[inline(always)]
fn softsign_derivative(x: f32, _y: f32) -> f32 {
    let share = 1.0 / (1.0 + x.abs());
    share * share
}

#[inline(always)]
fn hard_swish_derivative(x: f32, _y: f32) -> f32 {
    if x > 3.0 { 1.0 } else { inside(x, -3.0, 3.0) * (x / 3.0 + 0.5) }
}

/// Writes `f` of each number of `z` to `y`.
#[inline(always)]
fn each(z: &[f32], y: &mut [f32], f: impl Fn(f32) -> f32) {
    let y = &mut y[..z.len()];
    vectorised(
        #[inline(always)]
        || {
            for i in 0..z.len() {
                y[i] = f(z[i]);
            }
        },
    );
}

/// Multiplies each number of `grad` by `f` of those of `z` and `y`.
#[inline(always)]
fn scale(z: &[f32], y: &[f32], grad: &mut [f32], f: impl Fn(f32, f32) -> f32) {
    let (z, y) = (&z[..grad.len()], &y[..grad.len()]);
    vectorised(
        #[inline(always)]
        || {
            for i in 0..grad.len() {
                grad[i] *= f(z[i], y[i]);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(kind: ActivationKind, z: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0; z.len()];
        forward(kind, None, z, &mut y);
        y
    }

    #[test]
    fn derivatives_are_those_of_central_differences() {
        // Not at the kinks: 0, 0.5, 1, 2.5, 3 and 6.
        let z: Vec<f32> = (-60..=80).map(|i| i as f32 * 0.1 + 0.033).collect();
        for &kind in ActivationKind::ALL {
            const STEP: f32 = 1e-2;
            let shifted = |by: f32| outputs(kind, &z.iter().map(|x| x + by).collect::<Vec<f32>>());
            let mut found = vec![1.0; z.len()];
            backward(kind, None, &z, &outputs(kind, &z), &mut found);
            for (((x, found), high), low) in z.iter().zip(found).zip(shifted(STEP)).zip(shifted(-STEP)) {
                let difference = (high - low) / (2.0 * STEP);
                assert!((found - difference).abs() < 3e-4, "{kind:?} at {x}: {found}, {difference}");
            }
        }
    }

    #[test]
    fn what_is_not_a_number_is_not_hidden_and_large_numbers_have_finite_derivatives() {
        for &kind in ActivationKind::ALL {
            assert!(outputs(kind, &[f32::NAN])[0].is_nan(), "{kind:?}");
            let z = [-1e30, -200.0, -90.0, 90.0, 200.0, 1e30];
            let mut grad = [1.0; 6];
            backward(kind, None, &z, &outputs(kind, &z), &mut grad);
            assert!(grad.iter().all(|grad| grad.is_finite()), "{kind:?}: {grad:?}");
        }
    }

    #[test]
    fn a_number_has_the_same_activation_at_every_position() {
        let z: Vec<f32> = (0..37).map(|i| i as f32 * 0.3 - 5.0).collect();
        for &kind in ActivationKind::ALL {
            let alone: Vec<f32> = z.iter().flat_map(|&x| outputs(kind, &[x])).collect();
            assert_eq!(outputs(kind, &z), alone, "{kind:?}");
        }
    }

    #[test]
    fn the_slope_of_a_prelu_learns_from_negative_sums_only() {
        assert_eq!(slope_gradient(&[2.0, -3.0, -1.0], &[7.0, 0.5, 2.0]), -3.5);
        let mut y = [0.0; 2];
        forward(ActivationKind::Prelu, Some(0.5), &[-4.0, 4.0], &mut y);
        assert_eq!(y, [-2.0, 4.0]);
    }
}
