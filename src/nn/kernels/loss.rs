//! The losses of a batch as one operation each, and how many of its outputs are right.
//!
//! In: outputs and targets `[R, B, out]`. Out: one number a replica, `[R]`. Sums are burn-flex's own and every step between them is
//! Burn's, in its order, so the numbers are the same to the last bit; they take two passes instead of ten.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::Shape;

use super::exponential::{Exponential, in_blocks};
use super::flex::{dims, numbers, tensor, whole};

/// Which loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossKind {
    /// `-sum(t * log_softmax(z))`, mean over the batch.
    CrossEntropy,
    /// `(z - t)^2`, mean over batch and outputs.
    SquaredError,
}

impl LossKind {
    /// A loss is the mean over the batch of sums over the outputs, times this.
    fn share(self, outputs: usize) -> f64 {
        match self {
            Self::CrossEntropy => 1.0,
            Self::SquaredError => 1.0 / outputs as f64,
        }
    }
}

/// What the backward pass needs, each `[R, B, out]` but for the sums, `[R, B, 1]`.
#[derive(Debug, Clone)]
struct Kept {
    kind: LossKind,
    /// Of the cross-entropy: `e^(z - max)`. Of the squared error: `z - t`.
    terms: FloatTensor<Flex>,
    targets: FloatTensor<Flex>,
    /// Of `terms`; the cross-entropy's only.
    sums: Option<FloatTensor<Flex>>,
}

/// The loss of each replica.
pub fn forward(kind: LossKind, outputs: FloatTensor<Flex>, targets: FloatTensor<Flex>) -> FloatTensor<Flex> {
    run(kind, outputs, targets).0
}

/// The same, followed by autodiff.
pub fn tracked<C: CheckpointStrategy>(
    kind: LossKind,
    outputs: FloatTensor<Autodiff<Flex, C>>,
    targets: FloatTensor<Autodiff<Flex, C>>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let (outputs, of_outputs) = outputs.into_parts();
    let (losses, kept) = run(kind, outputs, targets.into_primitive());
    match Loss.prepare::<C>([of_outputs]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(kept, losses),
        OpsKind::UnTracked(prepared) => prepared.finish(losses),
    }
}

fn run(kind: LossKind, outputs: FloatTensor<Flex>, targets: FloatTensor<Flex>) -> (FloatTensor<Flex>, Kept) {
    let (outputs, targets) = (whole(outputs), whole(targets));
    let shape = dims(&outputs);
    let ([stack, _, width], z, t) = (shape, numbers(&outputs), numbers(&targets));
    let (elementwise, terms, sums) = match kind {
        LossKind::SquaredError => {
            let differences: Vec<f32> = z.iter().zip(t).map(|(z, t)| z - t).collect();
            (tensor(differences.iter().map(|d| d * d).collect(), shape), tensor(differences, shape), None)
        }
        LossKind::CrossEntropy => {
            let mut shifted = Vec::with_capacity(z.len());
            for row in z.chunks_exact(width) {
                let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                shifted.extend(row.iter().map(|z| z - max));
            }
            let mut terms = shifted.clone();
            in_blocks::<Exponential>(&mut terms);
            let terms = tensor(terms, shape);
            let sums = Flex::float_sum_dim(terms.clone(), 2); // [R, B, 1]
            let mut elementwise = shifted;
            let rows = elementwise.chunks_exact_mut(width).zip(t.chunks_exact(width));
            for ((row, t), sum) in rows.zip(numbers(&sums)) {
                let log = sum.ln();
                row.iter_mut().zip(t).for_each(|(shifted, t)| *shifted = -((*shifted - log) * t));
            }
            (tensor(elementwise, shape), terms, Some(sums))
        }
    };
    let means = Flex::float_mean_dim(Flex::float_sum_dim(elementwise, 2), 1); // [R, 1, 1]
    let losses = Flex::float_mul_scalar(means, kind.share(width).into());
    let losses = Flex::float_reshape(losses, Shape::from(vec![stack]));
    (losses, Kept { kind, terms, targets, sums })
}

#[derive(Debug)]
struct Loss;

impl Backward<Flex, 1> for Loss {
    type State = Kept;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        unary::<Flex, _>(ops.parents, ops.node, gradients, |slopes| slope_of_outputs(ops.state, &whole(slopes)));
    }
}

/// The gradient of the outputs, `[R, B, out]`, from that of the losses, `[R]`.
fn slope_of_outputs(kept: Kept, slopes: &FloatTensor<Flex>) -> FloatTensor<Flex> {
    let shape = dims(&kept.terms);
    let [_, batch, width] = shape;
    let (terms, t) = (numbers(&kept.terms), numbers(&kept.targets));
    let share = kept.kind.share(width) as f32;
    let each = (1.0 / batch as f64) as f32;
    let replicas = terms.chunks_exact(batch * width).zip(t.chunks_exact(batch * width)).zip(numbers(slopes));
    let mut out = Vec::with_capacity(terms.len());
    for (r, ((terms, t), grad)) in replicas.enumerate() {
        let grad = each * (grad * share);
        match &kept.sums {
            None => out.extend(terms.iter().map(|d| grad * d + grad * d)),
            Some(sums) => {
                let sums = &numbers(sums)[r * batch..(r + 1) * batch];
                for ((terms, t), sum) in terms.chunks_exact(width).zip(t.chunks_exact(width)).zip(sums) {
                    // Of the logarithm's argument; the targets of a row sum to its weight, 1 for a class.
                    let weight: f32 = t.iter().map(|t| grad * t).sum();
                    let common = weight * (1.0 / sum);
                    out.extend(terms.iter().zip(t).map(|(term, t)| -grad * t + common * term));
                }
            }
        }
    }
    tensor(out, shape)
}

/// Right targets of each replica, `[R]`: the first of the largest outputs is the first of the largest targets.
pub fn correct(outputs: FloatTensor<Flex>, targets: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let (outputs, targets) = (whole(outputs), whole(targets));
    let [stack, batch, width] = dims(&outputs);
    let rows =
        |values: &FloatTensor<Flex>| -> Vec<usize> { numbers(values).chunks_exact(width).map(largest).collect() };
    let right: Vec<bool> = rows(&outputs).iter().zip(rows(&targets)).map(|(found, class)| *found == class).collect();
    let count = |own: &[bool]| own.iter().filter(|&&right| right).count() as f32;
    tensor(right.chunks_exact(batch).map(count).collect(), [stack])
}

/// Where the first of the largest numbers is, or the first that is not a number.
fn largest(row: &[f32]) -> usize {
    if let Some(index) = row.iter().position(|value| value.is_nan()) {
        return index;
    }
    (1..row.len()).fold(0, |best, index| if row[index] > row[best] { index } else { best })
}
