//! Autodiff through the stacked loss against central differences in 64-bit arithmetic, for every activation and loss.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor, TensorData, activation};
use kindling::nn::loss::Loss;
use kindling::nn::models::{ActivationKind, Autoencoder, AutoencoderConfig, Init, Mlp, MlpConfig};
use kindling::seed::{Purpose, Stream};

const SEEDS: [u64; 2] = [4, 9];
const BATCH: usize = 6;

fn config(activation: ActivationKind) -> MlpConfig {
    MlpConfig {
        inputs: 5,
        hidden: vec![7, 4],
        outputs: 3,
        activation,
        init: Init::HeNormal,
        bias: true,
        output: ActivationKind::Identity,
        first_layer: 0,
    }
}

/// Inputs `[R, B, 5]` and one-hot targets `[R, B, 3]`.
fn batch(device: &Device, dtype: DType) -> (Tensor<3>, Tensor<3>) {
    let mut stream = Stream::new(1, Purpose::Data, 0);
    let inputs: Vec<f32> = (0..2 * BATCH * 5).map(|_| stream.normal() as f32).collect();
    let mut targets = vec![0.0f32; 2 * BATCH * 3];
    for row in 0..2 * BATCH {
        targets[row * 3 + stream.below(3) as usize] = 1.0;
    }
    let tensor = |values, width| Tensor::<3>::from_data(TensorData::new(values, [2, BATCH, width]), device).cast(dtype);
    (tensor(inputs, 5), tensor(targets, 3))
}

fn device() -> Device {
    let backend = std::env::var("KINDLING_TEST_BACKEND").unwrap_or_else(|_| "flex".into());
    kindling::nn::device::open(Some(&backend)).unwrap().device
}

/// Every parameter of a network: weights and biases layer by layer, then the slopes.
fn parameters(model: &Mlp) -> Vec<Tensor<3>> {
    let layers = model.layers.iter().flat_map(|layer| [Some(layer.weight.val()), layer.bias.as_ref().map(Param::val)]);
    layers.flatten().chain(model.slopes.iter().map(Param::val)).collect()
}

/// The network in 64 bits, one number of one parameter moved. Always on flex: other backends take their sigmoids through 32
/// bits, which a difference of 1e-6 does not survive.
fn widened(model: &Mlp, moved: Option<(usize, usize, f64)>) -> Mlp {
    let device = &Device::flex();
    let mut model = model.clone();
    let mut wide = parameters(&model).into_iter().enumerate().map(|(place, tensor)| {
        let shape = tensor.dims();
        let mut values: Vec<f64> = tensor.into_data().iter::<f64>().collect();
        if let Some((which, index, by)) = moved
            && place == which
        {
            values[index] += by;
        }
        Param::from_tensor(Tensor::<3>::from_data(TensorData::new(values, shape), (device, DType::F64)))
    });
    for layer in &mut model.layers {
        layer.weight = wide.next().unwrap();
        layer.bias = wide.next();
    }
    for slope in &mut model.slopes {
        *slope = wide.next().unwrap();
    }
    drop(wide);
    model
}

/// The loss of the stack, replicas added up, with number `index` of parameter `which` moved by `by`, in 64 bits.
fn moved_loss(model: &Mlp, which: usize, index: usize, by: f64, loss: Loss) -> f64 {
    let model = widened(model, Some((which, index, by)));
    let (inputs, targets) = batch(&Device::flex(), DType::F64);
    loss.per_replica(model.forward(inputs), targets).into_data().iter::<f64>().sum()
}

/// The largest relative difference over a sample of the numbers of every parameter.
fn check(activation: ActivationKind, loss: Loss) -> f64 {
    const STEP: f64 = 1e-6;
    let device = device();
    // The perceptron's loss bends at an output of 0, where dead units and no biases would put it.
    let init = if loss == Loss::Perceptron { Init::Normal(0.7) } else { Init::HeNormal };
    let train = MlpConfig { init, ..config(activation) }.init(&SEEDS, &device.clone().autodiff());
    let (inputs, targets) = batch(&device.clone().autodiff(), DType::F32);
    let gradients = loss.per_replica(train.forward(inputs), targets).sum().backward();
    let plain = train.valid();
    let mut worst = 0.0f64;
    for (which, parameter) in parameters(&train).into_iter().enumerate() {
        let gradient: Vec<f64> = match parameter.grad(&gradients) {
            Some(gradient) => gradient.into_data().iter::<f64>().collect(),
            // The step function passes no gradient on.
            None => vec![0.0; parameter.shape().num_elements()],
        };
        let scale = gradient.iter().fold(0.0f64, |most, g| most.max(g.abs())).max(1e-8);
        for index in (0..gradient.len()).step_by(if gradient.len() > 20 { 3 } else { 1 }) {
            let up = moved_loss(&plain, which, index, STEP, loss);
            let down = moved_loss(&plain, which, index, -STEP, loss);
            let numeric = (up - down) / (2.0 * STEP);
            worst = worst.max((gradient[index] - numeric).abs() / scale);
        }
    }
    worst
}

#[test]
fn large_inputs_have_finite_gradients_under_every_activation() {
    let device = device().autodiff();
    // The step's output is not tracked: it has no gradient to be finite.
    for &activation in ActivationKind::ALL.iter().filter(|kind| **kind != ActivationKind::Step) {
        let x = Tensor::<3>::from_data(TensorData::new(vec![-200.0f32, -90.0, 90.0, 200.0], [1, 1, 4]), &device);
        let x = x.require_grad();
        let gradients = activation.apply(x.clone(), None).sum().backward();
        let gradient: Vec<f32> = x.grad(&gradients).unwrap().into_data().iter::<f32>().collect();
        assert!(gradient.iter().all(|g| g.is_finite()), "{activation:?}: {gradient:?}");
    }
}

#[test]
fn every_activation_and_loss_has_the_gradient_of_its_central_differences() {
    let all = ActivationKind::ALL.iter().flat_map(|&activation| Loss::ALL.iter().map(move |&loss| (activation, loss)));
    let differences = all.map(|(activation, loss)| (activation, loss, check(activation, loss)));
    let wrong: Vec<_> = differences.filter(|(_, _, worst)| *worst >= 1e-3 || worst.is_nan()).collect();
    assert!(wrong.is_empty(), "relative differences of 1e-3 and more: {wrong:?}");
}

/// An autoencoder's loss against clean targets, with a number of its encoder or of its decoder moved.
fn moved_autoencoder(model: &Autoencoder, (part, which, index, by): (usize, usize, usize, f64), loss: Loss) -> f64 {
    let moved = |of: usize| (of == part).then_some((which, index, by));
    let mut model = model.clone();
    model.encoder = widened(&model.encoder, moved(0));
    model.decoder = widened(&model.decoder, moved(1));
    let (inputs, _) = batch(&Device::flex(), DType::F64);
    let targets = activation::sigmoid(inputs.clone() * 2.0);
    loss.per_replica(model.forward_masked(inputs, &[]), targets).into_data().iter::<f64>().sum()
}

#[test]
fn an_autoencoder_has_the_gradient_of_its_central_differences_under_both_its_losses() {
    const STEP: f64 = 1e-6;
    let device = device();
    for loss in [Loss::Mse, Loss::Bce] {
        let encoder = MlpConfig { outputs: 2, ..config(ActivationKind::Tanh) };
        let shape = AutoencoderConfig { encoder, output: loss.autoencoder_output() };
        let train = shape.init(&SEEDS, &device.clone().autodiff());
        let (inputs, _) = batch(&device.clone().autodiff(), DType::F32);
        let targets = activation::sigmoid(inputs.clone() * 2.0);
        let gradients = loss.per_replica(train.forward_masked(inputs, &[]), targets).sum().backward();
        let plain = train.valid();
        for (part, mlp) in [&train.encoder, &train.decoder].into_iter().enumerate() {
            for (which, parameter) in parameters(mlp).into_iter().enumerate() {
                let gradient: Vec<f64> = parameter.grad(&gradients).unwrap().into_data().iter::<f64>().collect();
                let scale = gradient.iter().fold(0.0f64, |most, g| most.max(g.abs())).max(1e-8);
                for index in (0..gradient.len()).step_by(3) {
                    let at = |by| moved_autoencoder(&plain, (part, which, index, by), loss);
                    let numeric = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                    let off = (gradient[index] - numeric).abs() / scale;
                    assert!(off < 1e-3, "{loss:?}, part {part}, parameter {which}, number {index}: off by {off}");
                }
            }
        }
    }
}

#[test]
fn a_replica_of_a_stack_has_the_gradient_bits_it_has_alone() {
    let device = device().autodiff();
    for &loss in Loss::ALL {
        let gradient = |seeds: &[u64], inputs: Tensor<3>, targets: Tensor<3>| {
            let model = config(ActivationKind::Tanh).init(seeds, &device);
            let gradients = loss.per_replica(model.forward(inputs), targets).sum().backward();
            let read = |l: &kindling::nn::models::linear::StackedLinear| {
                l.weight.val().grad(&gradients).unwrap().into_data().iter::<f32>().collect::<Vec<f32>>()
            };
            model.layers.iter().map(read).collect::<Vec<_>>()
        };
        let (inputs, targets) = batch(&device, DType::F32);
        let both = gradient(&SEEDS, inputs.clone(), targets.clone());
        for r in 0..2 {
            let alone = gradient(&SEEDS[r..=r], inputs.clone().narrow(0, r, 1), targets.clone().narrow(0, r, 1));
            for (layer, own) in alone.iter().enumerate() {
                assert_eq!(own[..], both[layer][r * own.len()..(r + 1) * own.len()], "{loss:?}, replica {r}");
            }
        }
    }
}
