//! The losses.
//!
//! In: outputs and targets `[R, B, out]`. Out: one loss per replica, `[R]`. The mean is over a replica's own batch, and
//! for elementwise losses over its outputs, but never over the stack, so a replica has the same gradient as alone.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::nn::models::{ActivationKind, AutoencoderOutput};

/// A loss by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Softmax and negative log-likelihood: `-sum(t * log_softmax(z))`, mean over the batch.
    #[default]
    CrossEntropy,
    /// `(z - t)^2`, mean over batch and outputs.
    Mse,
    /// The quadratic cost (Nielsen, "Neural networks and deep learning", 2015): `(z - t)^2 / 2`, summed over the
    /// outputs, mean over the batch.
    Quadratic,
    /// Binary cross-entropy on logits, `-t ln s(z) - (1 - t) ln s(-z)` with the sigmoid s, mean over batch and outputs.
    /// Neither logarithm overflows, and autodiff is right at z = 0 as well, unlike for the usual `max(z, 0) - z t +
    /// ln(1 + e^-|z|)`, whose two kinks at 0 cancel in the formula but not in the derivatives.
    Bce,
    /// Binary cross-entropy on logits, summed over the outputs, mean over the batch; its derivative at a sigmoid output
    /// a is `a - t`.
    BceSum,
    /// The perceptron criterion (Rosenblatt, "The perceptron", 1958): `(H(z) - t) z` with the Heaviside step H, summed
    /// over the outputs, mean over the batch. H counts as a constant, so the gradient is `H(z) - t`, which is 0 for a
    /// correct prediction.
    Perceptron,
    /// The perceptron's loss as lecture notes derive it: `-sum(y z)` over the misclassified examples, those with `y z < 0`, with y = 1 for
    /// class 1 and -1 for class 0; the sum over the batch, not the mean. Its derivative is `-y` where an example is misclassified, else 0.
    PerceptronSum,
}

impl Loss {
    /// Every loss.
    pub const ALL: &[Self] = &[
        Self::CrossEntropy,
        Self::Mse,
        Self::Quadratic,
        Self::Bce,
        Self::BceSum,
        Self::Perceptron,
        Self::PerceptronSum,
    ];

    /// Whether it is that of a perceptron, whose predictions are right or wrong and not more or less probable.
    pub fn is_perceptrons(self) -> bool {
        matches!(self, Self::Perceptron | Self::PerceptronSum)
    }

    /// The loss of so many examples whose own losses add up to `sum`: their mean, or for [`Self::PerceptronSum`] the sum itself.
    pub fn of_sum(self, sum: f64, examples: usize) -> f64 {
        if self == Self::PerceptronSum { sum } else { sum / examples as f64 }
    }

    /// What the losses of so many examples add up to, from the loss of them all: the inverse of [`Self::of_sum`].
    pub fn sum_of(self, loss: f64, examples: usize) -> f64 {
        if self == Self::PerceptronSum { loss } else { loss * examples as f64 }
    }

    /// Whether outputs are logits, which predict class 1 above 0; else they do above a half.
    pub fn is_on_logits(self) -> bool {
        !matches!(self, Self::Mse | Self::Quadratic)
    }

    /// What an autoencoder trained on this loss ends in.
    pub fn autoencoder_output(self) -> AutoencoderOutput {
        if self == Self::Bce { AutoencoderOutput::Logits } else { AutoencoderOutput::Pixels }
    }

    /// The loss of each replica: outputs `[R, B, out]` and targets `[R or 1, B, out]` to `[R]`. Targets have no
    /// gradient.
    pub fn per_replica(self, outputs: Tensor<3>, targets: Tensor<3>) -> Tensor<1> {
        let [_, _, width] = outputs.dims();
        match self {
            Self::Quadratic => return Self::Mse.per_replica(outputs, targets).mul_scalar(0.5 * width as f64),
            Self::BceSum => return Self::Bce.per_replica(outputs, targets).mul_scalar(width as f64),
            _ => {}
        }
        let elementwise = match self {
            Self::CrossEntropy => -(activation::log_softmax(outputs, 2) * targets),
            Self::Mse | Self::Quadratic => (outputs - targets).square(),
            Self::PerceptronSum => activation::relu((targets.mul_scalar(-2.0) + 1.0) * outputs),
            Self::Perceptron => (ActivationKind::Step.apply(outputs.clone(), None) - targets) * outputs,
            Self::Bce | Self::BceSum => {
                // ln s(z) - ln s(-z) = z leaves one logarithm: -t ln s(z) - (1 - t) ln s(-z) = -ln s(-z) - t z.
                let absent = activation::log_sigmoid(-outputs.clone());
                -(absent + outputs * targets)
            }
        }; // [R, B, out]
        let share = match self {
            Self::Mse | Self::Bce => 1.0 / width as f64,
            _ => 1.0,
        };
        let per_example = elementwise.sum_dim(2); // [R, B, 1]
        if self == Self::PerceptronSum {
            return per_example.sum_dim(1).flatten(0, 2); // [R]
        }
        per_example.mean_dim(1).mul_scalar(share).flatten(0, 2) // [R]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::device;
    use burn::tensor::TensorData;

    fn per_replica(loss: Loss, outputs: Vec<f32>, targets: Vec<f32>, shape: [usize; 3]) -> Vec<f32> {
        let device = device::for_tests();
        let tensor = |values| Tensor::from_data(TensorData::new(values, shape), &device);
        loss.per_replica(tensor(outputs), tensor(targets)).into_data().try_to_vec().unwrap()
    }

    #[test]
    fn cross_entropy_of_equal_logits_is_the_logarithm_of_the_number_of_classes() {
        let losses = per_replica(Loss::CrossEntropy, vec![7.0; 4], vec![0.0, 1.0, 0.0, 0.0], [1, 1, 4]);
        assert!((losses[0] - 4f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn the_mean_is_over_the_replicas_own_batch() {
        // Replica 0: errors 1 and 3; replica 1: errors 0 and 2. One output each.
        let losses = per_replica(Loss::Mse, vec![1.0, 3.0, 0.0, 2.0], vec![0.0; 4], [2, 2, 1]);
        assert_eq!(losses, [5.0, 2.0]);
    }

    #[test]
    fn binary_cross_entropy_is_hand_worked_and_does_not_overflow() {
        let losses = per_replica(Loss::Bce, vec![0.0, 0.0], vec![1.0, 0.0], [1, 1, 2]);
        assert!((losses[0] - std::f32::consts::LN_2).abs() < 1e-6);
        let losses = per_replica(Loss::Bce, vec![500.0, -500.0], vec![0.0, 0.0], [1, 1, 2]);
        assert_eq!(losses, [250.0]);
    }

    #[test]
    fn summed_losses_are_the_mean_losses_times_the_number_of_outputs() {
        let (z, t) = (vec![0.3f32, -1.2, 2.0, 0.1], vec![1.0f32, 0.0, 0.0, 1.0]);
        let of = |kind| per_replica(kind, z.clone(), t.clone(), [1, 2, 2])[0];
        assert!((of(Loss::Quadratic) - of(Loss::Mse)).abs() < 1e-6);
        assert!((of(Loss::BceSum) - 2.0 * of(Loss::Bce)).abs() < 1e-6);
    }

    #[test]
    fn the_perceptron_criterion_is_above_0_for_wrong_predictions_only() {
        // Predicted 1, 0, 1, 0, of which the last two are wrong and cost their distances from 0.
        let losses = per_replica(Loss::Perceptron, vec![2.0, -1.0, 2.0, -1.0], vec![1.0, 0.0, 0.0, 1.0], [4, 1, 1]);
        assert_eq!(losses, [0.0, 0.0, 2.0, 1.0]);
        let device = device::for_tests().autodiff();
        let tensor = |values: Vec<f32>| Tensor::<3>::from_data(TensorData::new(values, [1, 1, 3]), &device);
        let logits = tensor(vec![0.0, 2.0, -1.0]).require_grad();
        let gradients = Loss::Perceptron.per_replica(logits.clone(), tensor(vec![0.0, 1.0, 1.0])).sum().backward();
        let gradient = logits.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(gradient, [1.0, 0.0, -1.0]);
    }

    #[test]
    fn the_summed_perceptron_loss_adds_up_the_distances_of_misclassified_examples() {
        // y z is 2, 1, -2 and -1: the last two are misclassified, and an output of 0 is not.
        let (z, t) = (vec![2.0, -1.0, 2.0, -1.0, 0.0], vec![1.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(per_replica(Loss::PerceptronSum, z.clone(), t.clone(), [1, 5, 1]), [3.0]);
        let device = device::for_tests().autodiff();
        let tensor = |values: Vec<f32>| Tensor::<3>::from_data(TensorData::new(values, [1, 5, 1]), &device);
        let logits = tensor(z).require_grad();
        let gradients = Loss::PerceptronSum.per_replica(logits.clone(), tensor(t)).sum().backward();
        let gradient = logits.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(gradient, [0.0, 0.0, 1.0, -1.0, 0.0]);
    }

    #[test]
    fn binary_cross_entropy_has_the_right_gradient_at_a_logit_of_zero() {
        let device = device::for_tests().autodiff();
        let tensor = |values: [f32; 2]| Tensor::<3>::from_data(TensorData::new(values.to_vec(), [1, 1, 2]), &device);
        let logits = tensor([0.0, 0.0]).require_grad();
        let gradients = Loss::Bce.per_replica(logits.clone(), tensor([1.0, 0.0])).sum().backward();
        let gradient = logits.grad(&gradients).unwrap().into_data().try_to_vec::<f32>().unwrap();
        // (s(0) - t) / 2 outputs.
        assert_eq!(gradient, [-0.25, 0.25]);
    }
}
