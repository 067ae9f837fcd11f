//! The CPU's kernels against Burn's plain operations: the same numbers and the same gradients, to the last bit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use burn::tensor::{Device, Tensor, TensorData, activation};
use kindling::nn::kernels::{self, loss::LossKind};
use kindling::seed::{Purpose, Stream};

/// Replicas, batch, inputs and outputs: small and odd sizes, single rows and columns, and products that gemm splits
/// into blocks.
const SHAPES: [[usize; 4]; 7] =
    [[3, 5, 7, 4], [1, 1, 1, 1], [1, 1, 784, 64], [2, 5, 7, 1], [2, 5, 1, 7], [1, 128, 784, 64], [2, 33, 300, 130]];

fn device() -> Device {
    Device::flex().autodiff()
}

fn normal(stream: &mut Stream, shape: [usize; 3], scale: f64) -> Tensor<3> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| (stream.normal() * scale) as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &device()).require_grad()
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// The bits of floats, so that 0 and -0 are not equal.
fn bits(all: Vec<Vec<f32>>) -> Vec<Vec<u32>> {
    all.into_iter().map(|values| values.into_iter().map(f32::to_bits).collect()).collect()
}

/// The outputs of `f`, and the gradient of each input for a weighted sum of the outputs.
fn outputs_and_gradients<const D: usize>(inputs: &[Tensor<3>], f: impl Fn(&[Tensor<3>]) -> Tensor<D>) -> Vec<Vec<f32>> {
    let inputs: Vec<Tensor<3>> = inputs.iter().map(|x| x.clone().detach().require_grad()).collect();
    let outputs = f(&inputs);
    let count = outputs.dims().iter().product::<usize>();
    let weights: Vec<f32> = (0..count).map(|i| ((i * 7) % 11) as f32 / 5.0 - 1.0).collect();
    let weights = Tensor::<D>::from_data(TensorData::new(weights, outputs.dims()), &device());
    let gradients = (outputs.clone() * weights).sum().backward();
    std::iter::once(values(outputs)).chain(inputs.iter().map(|x| values(x.grad(&gradients).unwrap()))).collect()
}

#[test]
fn the_linear_layer_and_its_gradients_are_burns() {
    for [stack, batch, inputs, outputs] in SHAPES {
        let mut stream = Stream::new(1, Purpose::Data, 0);
        let x = normal(&mut stream, [stack, batch, inputs], 1.0);
        let weight = normal(&mut stream, [stack, inputs, outputs], 0.1);
        let bias = normal(&mut stream, [stack, 1, outputs], 1.0);
        let all = [x, weight, bias];
        let fused = outputs_and_gradients(&all, |t| kernels::linear(t[0].clone(), t[1].clone(), t[2].clone()));
        let plain = outputs_and_gradients(&all, |t| t[0].clone().matmul(t[1].clone()) + t[2].clone());
        assert_eq!(bits(fused), bits(plain), "{stack} x {batch} x {inputs} x {outputs}");
    }
}

#[test]
fn the_linear_layer_of_transposed_and_narrowed_tensors_is_burns() {
    let mut stream = Stream::new(2, Purpose::Data, 0);
    let x = normal(&mut stream, [2, 6, 5], 1.0).swap_dims(1, 2).narrow(1, 1, 3); // [2, 3, 6]
    let weight = normal(&mut stream, [2, 8, 6], 1.0).swap_dims(1, 2).narrow(2, 2, 4); // [2, 6, 4]
    let bias = normal(&mut stream, [2, 1, 4], 1.0);
    let fused = kernels::linear(x.clone(), weight.clone(), bias.clone());
    assert_eq!(values(fused), values(x.matmul(weight) + bias));
}

#[test]
fn the_logistic_function_and_its_gradient_are_burns() {
    for [stack, batch, inputs, _] in SHAPES {
        let x = [normal(&mut Stream::new(3, Purpose::Data, 0), [stack, batch, inputs], 20.0)];
        let fused = outputs_and_gradients(&x, |t| kernels::sigmoid(t[0].clone()));
        assert!(fused[0].iter().all(|y| (0.0..=1.0).contains(y)));
        assert_eq!(bits(fused), bits(outputs_and_gradients(&x, |t| activation::sigmoid(t[0].clone()))));
    }
}

/// Random one-hot targets.
fn one_hot_targets(stream: &mut Stream, [stack, batch, outputs]: [usize; 3]) -> Tensor<3> {
    let mut targets = vec![0.0f32; stack * batch * outputs];
    for row in targets.chunks_exact_mut(outputs) {
        row[stream.below(outputs as u32) as usize] = 1.0;
    }
    Tensor::from_data(TensorData::new(targets, [stack, batch, outputs]), &device())
}

#[test]
fn the_losses_and_their_gradients_are_burns() {
    for [stack, batch, _, outputs] in SHAPES {
        let mut stream = Stream::new(4, Purpose::Data, 0);
        let shape = [stack, batch, outputs];
        let logits = [normal(&mut stream, shape, 5.0)];
        let targets = one_hot_targets(&mut stream, shape);
        let mean = |elementwise: Tensor<3>, factor: f64| -> Tensor<1> {
            elementwise.sum_dim(2).mean_dim(1).mul_scalar(factor).flatten(0, 2)
        };
        let fused = |kind| outputs_and_gradients(&logits, |z| kernels::loss(kind, z[0].clone(), targets.clone()));
        let entropy = outputs_and_gradients(&logits, |z| {
            mean(-(activation::log_softmax(z[0].clone(), 2) * targets.clone()), 1.0)
        });
        assert_eq!(bits(fused(LossKind::CrossEntropy)), bits(entropy), "{shape:?}");
        let squares = |z: &[Tensor<3>]| mean((z[0].clone() - targets.clone()).square(), 1.0 / outputs as f64);
        assert_eq!(bits(fused(LossKind::SquaredError)), bits(outputs_and_gradients(&logits, squares)), "{shape:?}");
    }
}

#[test]
fn correct_predictions_are_counted_for_each_replica_and_of_equal_outputs_the_first_is_the_prediction() {
    let tensor =
        |values: [f32; 12]| Tensor::<3>::from_data(TensorData::new(values.to_vec(), [2, 2, 3]), &Device::flex());
    let outputs = tensor([0.1, 0.9, 0.2, 0.5, 0.5, 0.1, f32::NAN, 1.0, 0.0, -1.0, -2.0, -0.5]);
    let targets = tensor([0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(values(kernels::correct(outputs.clone(), targets.clone())), [1.0, 1.0]);
    let plain = outputs.argmax(2).equal(targets.argmax(2)).float().sum_dim(1);
    assert_eq!(values(plain), [1.0, 1.0]);
}
