//! The losses of a batch and their gradients, and the number of correct predictions.
//!
//! In: outputs and targets `[B, out]` of one replica. Out: the sum of the examples' losses in 64 bits, added in the order of
//! the examples, and the gradient of the batch's loss, which is their mean except for [`Loss::PerceptronSum`].

use super::math::{exp, sigmoid, softplus};
use super::simd::vectorised;
use super::sum::sum_pairs;
use crate::nn::loss::Loss;
use crate::nn::task::Task;

/// The sum of the losses of the examples. `grad` `[B, out]` becomes the gradient of the batch's loss with respect to the outputs.
///
/// # Panics
/// The lengths differ, or are not a multiple of `width`.
pub fn loss_and_gradient(loss: Loss, z: &[f32], t: &[f32], width: usize, grad: &mut [f32]) -> f64 {
    assert!(z.len() == t.len() && z.len() == grad.len(), "a target and a gradient for each output");
    assert!(z.len().is_multiple_of(width), "as many outputs for each example");
    let mut total = 0.0;
    vectorised(
        #[inline(always)]
        || {
            total = match loss {
                Loss::CrossEntropy => cross_entropy(z, t, width, grad),
                Loss::Mse => elementwise(z, t, width, grad, [1.0, 2.0].map(|c| c / width as f64), square, difference),
                Loss::Quadratic => elementwise(z, t, width, grad, [0.5, 1.0], square, difference),
                Loss::Bce => elementwise(z, t, width, grad, [1.0; 2].map(|c| c / width as f64), bce, bce_derivative),
                Loss::BceSum => elementwise(z, t, width, grad, [1.0; 2], bce, bce_derivative),
                Loss::Perceptron => elementwise(z, t, width, grad, [1.0; 2], perceptron, perceptron_derivative),
                Loss::PerceptronSum => {
                    let factors = [1.0, (z.len() / width) as f64];
                    elementwise(z, t, width, grad, factors, distance_if_wrong, distance_derivative)
                }
            };
        },
    );
    total
}

/// A loss that is a sum over the outputs, times the first factor, and its derivative, which is times the second.
#[inline(always)]
fn elementwise(
    z: &[f32],
    t: &[f32],
    width: usize,
    grad: &mut [f32],
    [factor, derivative_factor]: [f64; 2],
    f: impl Fn(f32, f32) -> f32,
    derivative: impl Fn(f32, f32) -> f32,
) -> f64 {
    let share = (derivative_factor / (z.len() / width) as f64) as f32;
    let mut total = 0.0;
    for ((grad, z), t) in grad.chunks_exact_mut(width).zip(z.chunks_exact(width)).zip(t.chunks_exact(width)) {
        for i in 0..width {
            grad[i] = share * derivative(z[i], t[i]);
        }
        total += factor * sum_pairs(z, t, &f);
    }
    total
}

#[inline(always)]
fn square(z: f32, t: f32) -> f32 {
    (z - t) * (z - t)
}

#[inline(always)]
fn difference(z: f32, t: f32) -> f32 {
    z - t
}

/// `-t ln s(z) - (1 - t) ln s(-z)` with the sigmoid s, which is `ln(1 + e^z) - t z`.
#[inline(always)]
fn bce(z: f32, t: f32) -> f32 {
    softplus(z) - t * z
}

#[inline(always)]
fn bce_derivative(z: f32, t: f32) -> f32 {
    sigmoid(z) - t
}

#[inline(always)]
fn perceptron(z: f32, t: f32) -> f32 {
    perceptron_derivative(z, t) * z
}

/// `H(z) - t` with the Heaviside step H, which counts as a constant.
#[inline(always)]
fn perceptron_derivative(z: f32, t: f32) -> f32 {
    if z >= 0.0 { 1.0 - t } else { 0.0 * z - t }
}

/// `-y z` with y = 2 t - 1 where that is above 0, else 0.
#[inline(always)]
fn distance_if_wrong(z: f32, t: f32) -> f32 {
    distance_derivative(z, t) * z
}

/// `-y` for an example with `y z < 0`, else 0.
#[inline(always)]
fn distance_derivative(z: f32, t: f32) -> f32 {
    let turned = 1.0 - 2.0 * t;
    if turned * z > 0.0 { turned } else { 0.0 * z }
}

/// `-sum(t ln softmax(z))`, and its derivative `softmax(z) sum(t) - t`.
#[inline(always)]
fn cross_entropy(z: &[f32], t: &[f32], width: usize, grad: &mut [f32]) -> f64 {
    let share = (1.0 / (z.len() / width) as f64) as f32;
    // `grad` holds the differences from each row's largest output, then their exponentials, then the gradient.
    for (grad, z) in grad.chunks_exact_mut(width).zip(z.chunks_exact(width)) {
        let max = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for (grad, z) in grad.iter_mut().zip(z) {
            *grad = z - max;
        }
    }
    let mut total = 0.0;
    for (grad, t) in grad.chunks_exact(width).zip(t.chunks_exact(width)) {
        total -= sum_pairs(grad, t, |difference, t| if t == 0.0 { 0.0 } else { difference * t });
    }
    for grad in grad.iter_mut() {
        *grad = exp(*grad);
    }
    for (grad, t) in grad.chunks_exact_mut(width).zip(t.chunks_exact(width)) {
        let sum = sum_pairs(grad, grad, |exponential, _| exponential);
        let targets = sum_pairs(t, t, |t, _| t);
        total += targets * libm::log(sum);
        let factor = (targets / sum) as f32;
        for (grad, t) in grad.iter_mut().zip(t) {
            *grad = share * (*grad * factor - t);
        }
    }
    total
}

/// The number of correct predictions among the examples.
pub fn correct(z: &[f32], t: &[f32], width: usize, task: Task) -> usize {
    let rows = z.chunks_exact(width).zip(t.chunks_exact(width));
    let threshold = task.threshold() as f32;
    let is_correct = |(z, t): &(&[f32], &[f32])| match task {
        Task::Binary { .. } => (z[0] > threshold) == (t[0] > 0.5),
        Task::Classify { .. } | Task::Regress | Task::Reconstruct => argmax(z) == argmax(t),
    };
    rows.filter(is_correct).count()
}

/// The index of the largest number, the first of equal ones; of the first NaN, if there is one.
fn argmax(row: &[f32]) -> usize {
    if let Some(index) = row.iter().position(|value| value.is_nan()) {
        return index;
    }
    (1..row.len()).fold(0, |best, index| if row[index] > row[best] { index } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(loss: Loss, z: &[f32], t: &[f32], width: usize) -> (f64, Vec<f32>) {
        let mut grad = vec![f32::NAN; z.len()];
        let total = loss_and_gradient(loss, z, t, width, &mut grad);
        (loss.of_sum(total, z.len() / width), grad)
    }

    #[test]
    fn losses_are_those_worked_by_hand() {
        let (loss, grad) = mean(Loss::CrossEntropy, &[7.0; 4], &[0.0, 1.0, 0.0, 0.0], 4);
        assert!((loss - 4f64.ln()).abs() < 1e-7);
        assert_eq!(grad, [0.25, -0.75, 0.25, 0.25]);
        // Errors 1, 3 and 0, 2.
        let (z, t) = ([1.0, 3.0, 0.0, 2.0], [0.0; 4]);
        assert_eq!(mean(Loss::Mse, &z, &t, 2), (3.5, vec![0.5, 1.5, 0.0, 1.0]));
        assert_eq!(mean(Loss::Quadratic, &z, &t, 2), (3.5, vec![0.5, 1.5, 0.0, 1.0]));
        assert_eq!(mean(Loss::Quadratic, &z, &t, 1), (1.75, vec![0.25, 0.75, 0.0, 0.5]));
        let (loss, grad) = mean(Loss::Bce, &[0.0, 0.0], &[1.0, 0.0], 2);
        assert!((loss - std::f64::consts::LN_2).abs() < 1e-7);
        assert_eq!(grad, [-0.25, 0.25]);
        assert_eq!(mean(Loss::BceSum, &[500.0, -500.0], &[0.0; 2], 2), (500.0, vec![1.0, 0.0]));
        // Predicted 1, 0, 1, 0, of which the last two are wrong and cost their distances from 0.
        let (loss, grad) = mean(Loss::Perceptron, &[2.0, -1.0, 2.0, -1.0], &[1.0, 0.0, 0.0, 1.0], 1);
        assert_eq!((loss, grad), (0.75, vec![0.0, 0.0, 0.25, -0.25]));
        let (loss, grad) = mean(Loss::PerceptronSum, &[2.0, -1.0, 2.0, -1.0, 0.0], &[1.0, 0.0, 0.0, 1.0, 1.0], 1);
        assert_eq!((loss, grad), (3.0, vec![0.0, 0.0, 1.0, -1.0, 0.0]));
    }

    #[test]
    fn gradients_are_those_of_central_differences() {
        let z: Vec<f32> = (0..15).map(|i| ((i * 7) % 11) as f32 * 0.31 - 1.7).collect();
        let t: Vec<f32> = (0..15).map(|i| f32::from(u8::from(i % 5 == i / 5))).collect();
        for &loss in Loss::ALL {
            let (_, grad) = mean(loss, &z, &t, 5);
            for i in 0..z.len() {
                const STEP: f32 = 1e-2;
                let at = |by: f32| {
                    let mut moved = z.clone();
                    moved[i] += by;
                    mean(loss, &moved, &t, 5).0
                };
                let difference = (at(STEP) - at(-STEP)) / (2.0 * f64::from(STEP));
                assert!((f64::from(grad[i]) - difference).abs() < 2e-4, "{loss:?} {i}: {} {difference}", grad[i]);
            }
        }
    }

    #[test]
    fn a_loss_of_what_is_not_a_number_is_none() {
        for &loss in Loss::ALL {
            let (found, grad) = mean(loss, &[1.0, f32::NAN, 0.5], &[0.0, 1.0, 0.0], 3);
            assert!(found.is_nan() && grad[1].is_nan(), "{loss:?}: {found} {grad:?}");
        }
    }

    #[test]
    fn a_prediction_is_correct_if_the_largest_output_is_the_largest_target_and_the_first_of_equal_ones() {
        let z = [0.1, 0.9, 0.2, 0.5, 0.5, 0.1, f32::NAN, 1.0, 0.0, -1.0, -2.0, -0.5];
        let t = [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(correct(&z, &t, 3, Task::Classify { classes: 3 }), 2);
        assert_eq!(correct(&[0.4, 0.6, 0.5], &[0.0, 1.0, 1.0], 1, Task::Binary { logits: false }), 2);
        assert_eq!(correct(&[0.4, -0.6, 0.5], &[0.0, 0.0, 1.0], 1, Task::Binary { logits: true }), 2);
    }
}
