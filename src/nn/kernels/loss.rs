//! The losses of a batch as one operation each, with their gradients, and the number of correct predictions.
//!
//! In: outputs and targets `[R, B, out]`. Out: one number per replica, `[R]`. Sums are taken by burn-flex, and the
//! operations between them are Burn's in Burn's order, so that results are the same to the last bit; they take two
//! passes over memory instead of ten.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::Shape;

use super::exponential::{Exponential, apply};
use super::flex::{as_slice, contiguous, dims, from_vec};

/// The losses that have a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossKind {
    /// `-sum(t * log_softmax(z))`, mean over the batch.
    CrossEntropy,
    /// `(z - t)^2`, mean over batch and outputs.
    SquaredError,
}

impl LossKind {
    /// The factor on the mean over the batch of the sum over the outputs.
    fn factor(self, outputs: usize) -> f64 {
        match self {
            Self::CrossEntropy => 1.0,
            Self::SquaredError => 1.0 / outputs as f64,
        }
    }
}

/// What the forward pass saves for the backward pass.
#[derive(Debug, Clone)]
struct Saved {
    kind: LossKind,
    /// `[R, B, out]`: `e^(z - max)` for the cross-entropy, `z - t` for the squared error.
    terms: FloatTensor<Flex>,
    /// `[R, B, out]`
    targets: FloatTensor<Flex>,
    /// `[R, B, 1]`: the sums of `terms`, for the cross-entropy only.
    sums: Option<FloatTensor<Flex>>,
}

/// The loss of each replica, `[R]`, without autodiff.
pub fn forward(kind: LossKind, outputs: FloatTensor<Flex>, targets: FloatTensor<Flex>) -> FloatTensor<Flex> {
    forward_and_save(kind, outputs, targets).0
}

/// The loss of each replica, `[R]`, as a node of the autodiff graph; targets have no gradient.
pub fn tracked<C: CheckpointStrategy>(
    kind: LossKind,
    outputs: FloatTensor<Autodiff<Flex, C>>,
    targets: FloatTensor<Autodiff<Flex, C>>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let (outputs, outputs_node) = outputs.into_parts();
    let (losses, saved) = forward_and_save(kind, outputs, targets.into_primitive());
    match LossBackward.prepare::<C>([outputs_node]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(saved, losses),
        OpsKind::UnTracked(prepared) => prepared.finish(losses),
    }
}

fn forward_and_save(
    kind: LossKind,
    outputs: FloatTensor<Flex>,
    targets: FloatTensor<Flex>,
) -> (FloatTensor<Flex>, Saved) {
    let (outputs, targets) = (contiguous(outputs), contiguous(targets));
    let shape = dims(&outputs);
    let ([stack, _, width], z, t) = (shape, as_slice(&outputs), as_slice(&targets));
    let (elementwise, terms, sums) = match kind {
        LossKind::SquaredError => {
            let differences: Vec<f32> = z.iter().zip(t).map(|(z, t)| z - t).collect();
            (from_vec(differences.iter().map(|d| d * d).collect(), shape), from_vec(differences, shape), None)
        }
        LossKind::CrossEntropy => {
            let mut shifted = Vec::with_capacity(z.len());
            for row in z.chunks_exact(width) {
                let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                shifted.extend(row.iter().map(|z| z - max));
            }
            let mut terms = shifted.clone();
            apply::<Exponential>(&mut terms);
            let terms = from_vec(terms, shape);
            let sums = Flex::float_sum_dim(terms.clone(), 2); // [R, B, 1]
            let mut elementwise = shifted;
            let rows = elementwise.chunks_exact_mut(width).zip(t.chunks_exact(width));
            for ((row, t), sum) in rows.zip(as_slice(&sums)) {
                let log = sum.ln();
                row.iter_mut().zip(t).for_each(|(shifted, t)| *shifted = -((*shifted - log) * t));
            }
            (from_vec(elementwise, shape), terms, Some(sums))
        }
    };
    let means = Flex::float_mean_dim(Flex::float_sum_dim(elementwise, 2), 1); // [R, 1, 1]
    let losses = Flex::float_mul_scalar(means, kind.factor(width).into());
    let losses = Flex::float_reshape(losses, Shape::from(vec![stack]));
    (losses, Saved { kind, terms, targets, sums })
}

/// The backward pass.
#[derive(Debug)]
struct LossBackward;

impl Backward<Flex, 1> for LossBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        unary::<Flex, _>(ops.parents, ops.node, gradients, |grad| outputs_grad(ops.state, &contiguous(grad)));
    }
}

/// The gradient with respect to the outputs, `[R, B, out]`, from that with respect to the losses, `[R]`.
fn outputs_grad(saved: Saved, losses_grad: &FloatTensor<Flex>) -> FloatTensor<Flex> {
    let shape = dims(&saved.terms);
    let [_, batch, width] = shape;
    let (terms, t) = (as_slice(&saved.terms), as_slice(&saved.targets));
    let factor = saved.kind.factor(width) as f32;
    let batch_factor = (1.0 / batch as f64) as f32;
    let replicas = terms.chunks_exact(batch * width).zip(t.chunks_exact(batch * width)).zip(as_slice(losses_grad));
    let mut out = Vec::with_capacity(terms.len());
    for (r, ((terms, t), grad)) in replicas.enumerate() {
        let grad = batch_factor * (grad * factor);
        match &saved.sums {
            None => out.extend(terms.iter().map(|d| grad * d + grad * d)),
            Some(sums) => {
                let sums = &as_slice(sums)[r * batch..(r + 1) * batch];
                for ((terms, t), sum) in terms.chunks_exact(width).zip(t.chunks_exact(width)).zip(sums) {
                    // -grad t comes from the shifted outputs, the other term from the logarithm of their sum, whose
                    // factor is the sum of the targets: 1 for one-hot targets.
                    let targets_grad: f32 = t.iter().map(|t| grad * t).sum();
                    let sum_grad = targets_grad * (1.0 / sum);
                    out.extend(terms.iter().zip(t).map(|(term, t)| -grad * t + sum_grad * term));
                }
            }
        }
    }
    from_vec(out, shape)
}

/// The number of correct predictions of each replica, `[R]`: rows whose largest output and largest target have the same
/// index, the first of equal ones.
pub fn correct(outputs: FloatTensor<Flex>, targets: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let (outputs, targets) = (contiguous(outputs), contiguous(targets));
    let [stack, batch, width] = dims(&outputs);
    let classes =
        |values: &FloatTensor<Flex>| -> Vec<usize> { as_slice(values).chunks_exact(width).map(argmax).collect() };
    let correct: Vec<bool> =
        classes(&outputs).iter().zip(classes(&targets)).map(|(predicted, class)| *predicted == class).collect();
    let count = |replica: &[bool]| replica.iter().filter(|&&correct| correct).count() as f32;
    from_vec(correct.chunks_exact(batch).map(count).collect(), [stack])
}

/// The index of the largest number, the first of equal ones; of the first NaN, if there is one.
fn argmax(row: &[f32]) -> usize {
    if let Some(index) = row.iter().position(|value| value.is_nan()) {
        return index;
    }
    (1..row.len()).fold(0, |best, index| if row[index] > row[best] { index } else { best })
}
