//! The stacked linear layer as one operation: forward, and its three gradients.
//!
//! In: `x [R, B, in]`, weights `[R, in, out]`, biases `[R, 1, out]`. Out: `x W + b`, `[R, B, out]`. Burn would record two
//! operations, copy the gradient between them, and clear each product's memory before it is written.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use pulp::Arch;

use super::flex::{dims, numbers, tensor, whole};
use super::product::{Matrices, products};

/// `x W + b`.
pub fn forward(x: FloatTensor<Flex>, weight: FloatTensor<Flex>, bias: FloatTensor<Flex>) -> FloatTensor<Flex> {
    let (x, weight, bias) = (whole(x), whole(weight), whole(bias));
    let ([_, batch, _], [stack, _, outputs]) = (dims(&x), dims(&weight));
    let mut y = products(matrices(&x), matrices(&weight));
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (own, bias) in y.chunks_exact_mut(batch * outputs).zip(numbers(&bias).chunks_exact(outputs)) {
                for row in own.chunks_exact_mut(outputs) {
                    row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
                }
            }
        },
    );
    tensor(y, [stack, batch, outputs])
}

/// The same, followed by autodiff.
pub fn tracked<C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<Flex, C>>,
    weight: FloatTensor<Autodiff<Flex, C>>,
    bias: FloatTensor<Autodiff<Flex, C>>,
) -> FloatTensor<Autodiff<Flex, C>> {
    let ((x, of_x), (weight, of_weight), (bias, of_bias)) = (x.into_parts(), weight.into_parts(), bias.into_parts());
    match Linear.prepare::<C>([of_x, of_weight, of_bias]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish((x.clone(), weight.clone()), forward(x, weight, bias)),
        OpsKind::UnTracked(prepared) => prepared.finish(forward(x, weight, bias)),
    }
}

#[derive(Debug)]
struct Linear;

impl Backward<Flex, 3> for Linear {
    /// `x` and `W`.
    type State = (FloatTensor<Flex>, FloatTensor<Flex>);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let (x, weight) = (whole(ops.state.0), whole(ops.state.1));
        let grad = whole(gradients.consume::<Flex>(&ops.node)); // [R, B, out]
        let [stack, batch, _] = dims(&grad);
        let [_, inputs, outputs] = dims(&weight);
        let [of_x, of_weight, of_bias] = ops.parents;
        if let Some(node) = of_x {
            let values = products(matrices(&grad), matrices(&weight).transposed());
            gradients.register::<Flex>(node.id, tensor(values, [stack, batch, inputs]));
        }
        if let Some(node) = of_weight {
            let values = products(matrices(&x).transposed(), matrices(&grad));
            gradients.register::<Flex>(node.id, tensor(values, [stack, inputs, outputs]));
        }
        if let Some(node) = of_bias {
            gradients.register::<Flex>(node.id, Flex::float_sum_dim(grad, 1));
        }
    }
}

fn matrices(tensor: &FloatTensor<Flex>) -> Matrices<'_> {
    Matrices::new(numbers(tensor), dims(tensor))
}
