//! Gradients by autodiff against central differences in 64-bit arithmetic, for every activation and loss.
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
        init: Init::HeNormal.into(),
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

/// A change of one element of one parameter.
#[derive(Clone, Copy)]
struct Change {
    /// The parameter's index in [`parameters`].
    parameter: usize,
    /// The element's index in the parameter.
    element: usize,
    /// What is added to the element.
    offset: f64,
}

/// The network in 64 bits after a change, if there is one. Always on burn-flex: other backends compute sigmoids in 32
/// bits, whose rounding errors exceed a difference of 1e-6.
fn in_f64(model: &Mlp, change: Option<Change>) -> Mlp {
    let device = &Device::flex();
    let mut model = model.clone();
    let mut changed = parameters(&model).into_iter().enumerate().map(|(parameter, tensor)| {
        let shape = tensor.dims();
        let mut values: Vec<f64> = tensor.into_data().iter::<f64>().collect();
        if let Some(change) = change.filter(|change| change.parameter == parameter) {
            values[change.element] += change.offset;
        }
        Param::from_tensor(Tensor::<3>::from_data(TensorData::new(values, shape), (device, DType::F64)))
    });
    for layer in &mut model.layers {
        layer.weight = changed.next().unwrap();
        layer.bias = changed.next();
    }
    for slope in &mut model.slopes {
        *slope = changed.next().unwrap();
    }
    drop(changed);
    model
}

/// The sum of the replicas' losses after a change, in 64 bits.
fn changed_loss(model: &Mlp, change: Change, loss: Loss) -> f64 {
    let model = in_f64(model, Some(change));
    let (inputs, targets) = batch(&Device::flex(), DType::F64);
    loss.per_replica(model.forward(inputs), targets).into_data().iter::<f64>().sum()
}

/// The largest difference over a sample of the elements of every parameter, relative to the parameter's largest
/// derivative.
fn largest_difference(activation: ActivationKind, loss: Loss) -> f64 {
    const STEP: f64 = 1e-6;
    let device = device();
    // The perceptron criterion has a kink at an output of 0, which dead units and zero biases would give.
    let init = if loss.is_perceptrons() { Init::Normal(0.7) } else { Init::HeNormal };
    let train = MlpConfig { init: init.into(), ..config(activation) }.init(&SEEDS, &device.clone().autodiff());
    let (inputs, targets) = batch(&device.clone().autodiff(), DType::F32);
    let gradients = loss.per_replica(train.forward(inputs), targets).sum().backward();
    let plain = train.valid();
    let mut largest = 0.0f64;
    for (index, parameter) in parameters(&train).into_iter().enumerate() {
        let gradient: Vec<f64> = match parameter.grad(&gradients) {
            Some(gradient) => gradient.into_data().iter::<f64>().collect(),
            // Parameters before a Heaviside step have no gradient.
            None => vec![0.0; parameter.shape().num_elements()],
        };
        let scale = gradient.iter().fold(0.0f64, |max, g| max.max(g.abs())).max(1e-8);
        for element in (0..gradient.len()).step_by(if gradient.len() > 20 { 3 } else { 1 }) {
            let loss_at = |offset| changed_loss(&plain, Change { parameter: index, element, offset }, loss);
            let numeric = (loss_at(STEP) - loss_at(-STEP)) / (2.0 * STEP);
            largest = largest.max((gradient[element] - numeric).abs() / scale);
        }
    }
    largest
}

#[test]
fn large_inputs_have_finite_gradients_under_every_activation() {
    let device = device().autodiff();
    // The Heaviside step has no gradient.
    for &activation in ActivationKind::ALL.iter().filter(|kind| **kind != ActivationKind::Step) {
        let x = Tensor::<3>::from_data(TensorData::new(vec![-200.0f32, -90.0, 90.0, 200.0], [1, 1, 4]), &device);
        let x = x.require_grad();
        let gradients = activation.apply(x.clone(), None).sum().backward();
        let gradient: Vec<f32> = x.grad(&gradients).unwrap().into_data().iter::<f32>().collect();
        assert!(gradient.iter().all(|g| g.is_finite()), "{activation:?}: {gradient:?}");
    }
}

#[test]
fn the_gradient_of_every_activation_and_loss_agrees_with_central_differences() {
    let all = ActivationKind::ALL.iter().flat_map(|&activation| Loss::ALL.iter().map(move |&loss| (activation, loss)));
    let differences = all.map(|(activation, loss)| (activation, loss, largest_difference(activation, loss)));
    let wrong: Vec<_> = differences.filter(|(_, _, largest)| *largest >= 1e-3 || largest.is_nan()).collect();
    assert!(wrong.is_empty(), "relative differences of 1e-3 and more: {wrong:?}");
}

/// The two networks of an autoencoder.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Half {
    Encoder,
    Decoder,
}

/// The sum of the replicas' losses after a change in one half, in 64 bits.
fn changed_autoencoder_loss(model: &Autoencoder, half: Half, change: Change, loss: Loss) -> f64 {
    let change_in = |other: Half| (other == half).then_some(change);
    let mut model = model.clone();
    model.encoder = in_f64(&model.encoder, change_in(Half::Encoder));
    model.decoder = in_f64(&model.decoder, change_in(Half::Decoder));
    let (inputs, _) = batch(&Device::flex(), DType::F64);
    let targets = activation::sigmoid(inputs.clone() * 2.0);
    loss.per_replica(model.forward_masked(inputs, &[]), targets).into_data().iter::<f64>().sum()
}

#[test]
fn the_gradient_of_an_autoencoder_agrees_with_central_differences_for_both_its_losses() {
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
        for (half, mlp) in [(Half::Encoder, &train.encoder), (Half::Decoder, &train.decoder)] {
            for (index, parameter) in parameters(mlp).into_iter().enumerate() {
                let gradient: Vec<f64> = parameter.grad(&gradients).unwrap().into_data().iter::<f64>().collect();
                let scale = gradient.iter().fold(0.0f64, |max, g| max.max(g.abs())).max(1e-8);
                for element in (0..gradient.len()).step_by(3) {
                    let change = |offset| Change { parameter: index, element, offset };
                    let loss_at = |offset| changed_autoencoder_loss(&plain, half, change(offset), loss);
                    let numeric = (loss_at(STEP) - loss_at(-STEP)) / (2.0 * STEP);
                    let difference = (gradient[element] - numeric).abs() / scale;
                    assert!(
                        difference < 1e-3,
                        "{loss:?}, {half:?}, parameter {index}, element {element}: {difference}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_replica_has_the_same_gradient_bits_in_a_stack_and_alone() {
    let device = device().autodiff();
    for &loss in Loss::ALL {
        let gradient = |seeds: &[u64], inputs: Tensor<3>, targets: Tensor<3>| {
            let model = config(ActivationKind::Tanh).init(seeds, &device);
            let gradients = loss.per_replica(model.forward(inputs), targets).sum().backward();
            let read = |layer: &kindling::nn::models::linear::StackedLinear| {
                layer.weight.val().grad(&gradients).unwrap().into_data().iter::<f32>().collect::<Vec<f32>>()
            };
            model.layers.iter().map(read).collect::<Vec<_>>()
        };
        let (inputs, targets) = batch(&device, DType::F32);
        let stack = gradient(&SEEDS, inputs.clone(), targets.clone());
        for r in 0..2 {
            let alone = gradient(&SEEDS[r..=r], inputs.clone().narrow(0, r, 1), targets.clone().narrow(0, r, 1));
            for (layer, alone) in alone.iter().enumerate() {
                assert_eq!(alone[..], stack[layer][r * alone.len()..(r + 1) * alone.len()], "{loss:?}, replica {r}");
            }
        }
    }
}
