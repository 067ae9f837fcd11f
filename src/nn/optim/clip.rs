//! Gradient clipping of each replica on its own.
//!
//! Burn clips each parameter tensor by its norm, so in a stack one replica's gradient would change another's step. Here the norm
//! is taken over all parameters of one replica, as in Pascanu et al., "On the difficulty of training recurrent neural networks",
//! 2013, and in PyTorch's `clip_grad_norm_`.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Clamps every element of the gradients of `model` to the range from `-limit` to `limit`.
pub fn by_value<M: Module>(model: &M, gradients: &mut GradientsParams, limit: f64) {
    model.visit(&mut Rewrite { gradients, with: |gradient: Tensor<3>| gradient.clamp(-limit, limit) });
}

/// Scales each replica's gradient so that its Euclidean norm over all parameters is at most `limit`. Every parameter of `model`
/// must have rank 3 and shape `[R, ...]`.
pub fn by_norm<M: Module>(model: &M, gradients: &mut GradientsParams, limit: f64) {
    let mut squares: Option<Tensor<3>> = None; // [R, 1, 1]
    let sum = |gradient: Tensor<3>| {
        let own = gradient.clone().square().sum_dim(2).sum_dim(1);
        squares = Some(match squares.take() {
            Some(others) => others + own,
            None => own,
        });
        gradient
    };
    model.visit(&mut Rewrite { gradients, with: sum });
    if let Some(squares) = squares {
        // PyTorch's `clip_grad_norm_` adds the same 1e-6, so that a gradient of zero stays zero.
        let factor = (squares.sqrt() + 1e-6).recip().mul_scalar(limit).clamp_max(1.0);
        let scale = |gradient: Tensor<3>| gradient * factor.clone();
        model.visit(&mut Rewrite { gradients, with: scale });
    }
}

/// Replaces every gradient by what `with` makes of it.
struct Rewrite<'a, F> {
    gradients: &'a mut GradientsParams,
    with: F,
}

impl<F: FnMut(Tensor<3>) -> Tensor<3>> ModuleVisitor for Rewrite<'_, F> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<3>(param.id) {
            let gradient = (self.with)(gradient);
            self.gradients.register::<3>(param.id, gradient);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::device;
    use burn::tensor::TensorData;

    #[derive(Module, Debug)]
    struct Two {
        a: Param<Tensor<3>>,
        b: Param<Tensor<3>>,
    }

    #[test]
    fn the_norm_is_a_replicas_own_over_all_its_parameters() {
        let device = device::for_tests();
        let tensor = |values: [f32; 2]| Tensor::<3>::from_data(TensorData::new(values.to_vec(), [2, 1, 1]), &device);
        let model = Two { a: Param::from_tensor(tensor([0.0; 2])), b: Param::from_tensor(tensor([0.0; 2])) };
        let mut gradients = GradientsParams::new();
        // Replica 0 has gradient (3, 4), of norm 5; replica 1 has (0.3, 0.4), of norm 0.5.
        gradients.register::<3>(model.a.id, tensor([3.0, 0.3]));
        gradients.register::<3>(model.b.id, tensor([4.0, 0.4]));
        by_norm(&model, &mut gradients, 1.0);
        let read = |id| gradients.get::<3>(id).unwrap().into_data().try_to_vec::<f32>().unwrap();
        let [a, b] = [read(model.a.id), read(model.b.id)];
        assert!((a[0] - 0.6).abs() < 1e-5 && (b[0] - 0.8).abs() < 1e-5, "{a:?} {b:?}");
        assert_eq!((a[1], b[1]), (0.3, 0.4));
        by_value(&model, &mut gradients, 0.35);
        let read = |id| gradients.get::<3>(id).unwrap().into_data().try_to_vec::<f32>().unwrap();
        assert_eq!((read(model.a.id)[1], read(model.b.id)[1]), (0.3, 0.35));
    }
}
