//! The stacked linear layer as one operation, with its gradients.
//!
//! In: `x [R, B, in]`, weights `[R, in, out]`, biases `[R, 1, out]`. Out: `x W + b`, `[R, B, out]`. By Burn's own
//! operations it would be two nodes of the graph, with a copy of the gradient between them and a product whose memory
//! is zeroed before it is written.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use pulp::Arch;

use super::flex::{as_slice, contiguous, dims, from_vec};
use super::product::{Matrices, products};

/// `x W + b`, without autodiff.
pub fn forward(x: FloatTensor<Flex>, weight: FloatTensor<Flex>, bias: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let (x, weight, bias) = (contiguous(x), contiguous(weight), contiguous(bias));
    let ([_, batch, _], [stack, _, outputs]) = (dims(&x), dims(&weight));
    let mut y = products(matrices(&x), matrices(&weight));
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (replica, bias) in y.chunks_exact_mut(batch * outputs).zip(as_slice(&bias).chunks_exact(outputs)) {
                for row in replica.chunks_exact_mut(outputs) {
                    row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
                }
            }
        },
    );
    from_vec(y, [stack, batch, outputs])
}

/// `x W + b` as a node of the autodiff graph.
pub fn tracked<C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<Flex, C>>,
    weight: FloatTensor<Autodiff<Flex, C>>,
    bias: FloatTensor<Autodiff<Flex, C>>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let ((x, x_node), (weight, weight_node), (bias, bias_node)) =
        (x.into_parts(), weight.into_parts(), bias.into_parts());
    match Linear.prepare::<C>([x_node, weight_node, bias_node]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((x.clone(), weight.clone()), forward(x, weight, bias)),
        OpsKind::UnTracked(prepared) => prepared.finish(forward(x, weight, bias)),
    }
}

/// The backward pass.
#[derive(Debug)]
struct Linear;

impl Backward<Flex, 3> for Linear {
    /// `x` and `W`.
    type State = (FloatTensor<Flex>, FloatTensor<Flex>);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let (x, weight) = (contiguous(ops.state.0), contiguous(ops.state.1));
        let grad = contiguous(gradients.consume::<Flex>(&ops.node)); // [R, B, out]
        let [stack, batch, _] = dims(&grad);
        let [_, inputs, outputs] = dims(&weight);
        let [x_node, weight_node, bias_node] = ops.parents;
        if let Some(node) = x_node {
            let values = products(matrices(&grad), matrices(&weight).transposed());
            gradients.register::<Flex>(node.id, from_vec(values, [stack, batch, inputs]));
        }
        if let Some(node) = weight_node {
            let values = products(matrices(&x).transposed(), matrices(&grad));
            gradients.register::<Flex>(node.id, from_vec(values, [stack, inputs, outputs]));
        }
        if let Some(node) = bias_node {
            gradients.register::<Flex>(node.id, Flex::float_sum_dim(grad, 1));
        }
    }
}

fn matrices(tensor: &FloatTensor<Flex>) -> Matrices<'_> {
    Matrices::new(as_slice(tensor), dims(tensor))
}
