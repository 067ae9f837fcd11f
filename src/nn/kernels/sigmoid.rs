//! The logistic function of a tensor as one operation, with its gradient.
//!
//! In: a tensor of any shape. Out: `1 / (1 + e^-x)` of each number, by the formulas of burn-flex for x >= 0 and x < 0,
//! neither of which overflows.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::ops::ActivationOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};

use super::exponential::{Block, LANES, apply, exp};
use super::flex::contiguous;

/// The logistic function of each number, without autodiff.
pub fn forward(x: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let mut x = contiguous(x);
    apply::<Logistic>(x.storage_mut());
    x
}

struct Logistic;

impl Block for Logistic {
    #[inline(always)]
    fn apply(x: [f32; LANES]) -> [f32; LANES] {
        let mut y = x;
        y.iter_mut().for_each(|y| *y = -y.abs());
        y = exp(y);
        for i in 0..LANES {
            y[i] = if x[i] >= 0.0 { 1.0 } else { y[i] } / (1.0 + y[i]);
        }
        y
    }
}

/// The logistic function of each number as a node of the autodiff graph.
pub fn tracked<C: CheckpointStrategy>(x: FloatTensor<Autodiff<Flex, C>>) -> FloatTensor<Autodiff<Flex, C>> {
    let (x, x_node) = x.into_parts();
    let y = forward(x);
    match Sigmoid.prepare::<C>([x_node]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(y.clone(), y),
        OpsKind::UnTracked(prepared) => prepared.finish(y),
    }
}

/// The backward pass.
#[derive(Debug)]
struct Sigmoid;

impl Backward<Flex, 1> for Sigmoid {
    /// The outputs.
    type State = FloatTensor<Flex>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        unary::<Flex, _>(ops.parents, ops.node, gradients, |grad| Flex::sigmoid_backward(ops.state, grad));
    }
}
