//! The logistic function of many numbers at a time.
//!
//! In: a tensor of any shape. Out: `1 / (1 + e^-x)` of each, by the two formulas of burn-flex that never overflow.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::ops::ActivationOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};

use super::exponential::{Block, LANES, exp, in_blocks};
use super::flex::whole;

/// Each number's logistic function.
pub fn forward(x: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let mut x = whole(x);
    in_blocks::<Logistic>(x.storage_mut());
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

/// The same, followed by autodiff.
pub fn tracked<C: CheckpointStrategy>(x: FloatTensor<Autodiff<Flex, C>>) -> FloatTensor<Autodiff<Flex, C>> {
    let (x, of_x) = x.into_parts();
    let y = forward(x);
    match Sigmoid.prepare::<C>([of_x]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(y.clone(), y),
        OpsKind::UnTracked(prepared) => prepared.finish(y),
    }
}

#[derive(Debug)]
struct Sigmoid;

impl Backward<Flex, 1> for Sigmoid {
    /// Its outputs.
    type State = FloatTensor<Flex>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        unary::<Flex, _>(ops.parents, ops.node, gradients, |grad| Flex::sigmoid_backward(ops.state, grad));
    }
}
