//! The CPU's own networks against Burn's operations and automatic derivatives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use kindling::nn::cpu::{Inputs, Pass, convert, loss};
use kindling::nn::loss::Loss;
use kindling::nn::models::{ActivationKind, AutoencoderConfig, Init, Mlp, MlpConfig, Network};
use kindling::nn::task::Task;
use kindling::seed::{Purpose, Stream};

const SEEDS: [u64; 2] = [4, 9];
const BATCH: usize = 7;

fn config(activation: ActivationKind) -> MlpConfig {
    MlpConfig {
        inputs: 5,
        hidden: vec![17, 4],
        outputs: 3,
        activation,
        init: Init::HeNormal.into(),
        bias: true,
        output: ActivationKind::Identity,
        first_layer: 0,
    }
}

/// Inputs `[B, 5]`, one-hot targets `[B, width]` and dropout masks of the given widths.
fn batch(width: usize, hidden: &[usize]) -> (Vec<f32>, Vec<f32>, Vec<Vec<f32>>) {
    let mut stream = Stream::new(1, Purpose::Data, 0);
    let inputs = (0..BATCH * 5).map(|_| stream.normal() as f32).collect();
    let mut targets = vec![0.0f32; BATCH * width];
    for row in targets.chunks_exact_mut(width) {
        row[stream.below(width as u32) as usize] = 1.0;
    }
    let mut mask = |width: &usize| (0..BATCH * width).map(|_| if stream.below(4) == 0 { 0.0 } else { 1.5 }).collect();
    (inputs, targets, hidden.iter().map(&mut mask).collect())
}

/// What a network leaves for each replica: outputs, the loss, and the gradient of every parameter, layer by layer, weights
/// before biases, then the slopes.
#[derive(Debug)]
struct Left {
    outputs: Vec<f32>,
    loss: f64,
    gradients: Vec<Vec<f32>>,
}

fn by_burn(network: &Network, loss: Loss, width: usize, dropout: bool) -> Vec<Left> {
    let device = Device::flex().autodiff();
    let network = network.clone().train();
    let (inputs, targets, masks) = batch(width, &network.hidden_widths());
    let tensor = |values: Vec<f32>| {
        let shape = [1, BATCH, values.len() / BATCH];
        Tensor::<3>::from_data(TensorData::new(values, shape), &device).repeat_dim(0, SEEDS.len())
    };
    let masks: Vec<Tensor<3>> = if dropout { masks.into_iter().map(tensor).collect() } else { Vec::new() };
    let outputs = network.forward_masked(tensor(inputs), &masks);
    let losses = loss.per_replica(outputs.clone(), tensor(targets));
    let gradients = losses.clone().sum().backward();
    let read = |tensor: Tensor<3>| tensor.into_data().try_to_vec::<f32>().unwrap();
    let of = |parameter: &Param<Tensor<3>>, r: usize| match parameter.val().grad(&gradients) {
        Some(gradient) => read(gradient.narrow(0, r, 1)),
        None => vec![0.0; parameter.val().dims().iter().product::<usize>() / SEEDS.len()],
    };
    let losses = losses.into_data().try_to_vec::<f32>().unwrap();
    (0..SEEDS.len())
        .map(|r| {
            let layers = network.layers().into_iter();
            let layers = layers.flat_map(|layer| [of(&layer.weight, r), of(layer.bias.as_ref().unwrap(), r)]);
            Left {
                outputs: read(outputs.clone().narrow(0, r, 1)),
                loss: f64::from(losses[r]),
                gradients: layers.chain(network.slopes().into_iter().map(|slope| of(slope, r))).collect(),
            }
        })
        .collect()
}

fn by_the_cpu(network: &Network, loss: Loss, width: usize, dropout: bool) -> Vec<Left> {
    let (inputs, targets, masks) = batch(width, &network.hidden_widths());
    let (inputs, masks) = (Inputs::Dense(inputs), if dropout { masks } else { Vec::new() });
    let mut replicas = convert::unstack(network);
    let of = |replica: &mut kindling::nn::cpu::FeedForward| {
        let mut pass = Pass::default();
        let outputs = replica.forward(&inputs, BATCH, &masks, &mut pass).to_vec();
        let mut total = 0.0;
        let score = |outputs: &[f32], grad: &mut [f32]| {
            total = loss::loss_and_gradient(loss, outputs, &targets, width, grad);
        };
        let mut gradients: Vec<[Vec<f32>; 2]> =
            replica.layers.iter().map(|layer| [vec![0.0; layer.weight.len()], vec![0.0; layer.outputs]]).collect();
        let mut slopes: Vec<Vec<f32>> =
            replica.layers.iter().filter(|layer| layer.slope.is_some()).map(|_| vec![0.0]).collect();
        let lowest = replica.lowest_reached();
        replica.backward((&inputs, BATCH, &masks), &mut pass, lowest, score, |index, layer, gradient| {
            gradient.weight_rows(0..layer.inputs, &mut gradients[index][0]);
            gradients[index][1] = gradient.bias();
            if let (Some(_), Some(hidden)) = (layer.slope, layer.hidden) {
                slopes[hidden] = vec![gradient.slope];
            }
        });
        Left {
            outputs,
            loss: loss.of_sum(total, BATCH),
            gradients: gradients.into_iter().flatten().chain(slopes).collect(),
        }
    };
    replicas.iter_mut().map(of).collect()
}

/// Whether all numbers differ by at most this share of the largest.
fn are_near(a: &[f32], b: &[f32], share: f32) -> bool {
    let largest = a.iter().chain(b).fold(1e-6f32, |largest, value| largest.max(value.abs()));
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= share * largest)
}

fn assert_alike(network: &Network, loss: Loss, width: usize, what: &str) {
    for dropout in [false, true] {
        let all = by_the_cpu(network, loss, width, dropout).into_iter().zip(by_burn(network, loss, width, dropout));
        for (own, burns) in all {
            assert!(are_near(&own.outputs, &burns.outputs, 1e-5), "{what}: {own:?}, {burns:?}");
            assert!((own.loss - burns.loss).abs() < 1e-5 * burns.loss.abs().max(1.0), "{what}: {own:?}, {burns:?}");
            assert_eq!(own.gradients.len(), burns.gradients.len(), "{what}");
            for (a, b) in own.gradients.iter().zip(&burns.gradients) {
                assert!(are_near(a, b, 3e-5), "{what}, dropout {dropout}: {a:?}, {b:?}");
            }
        }
    }
}

#[test]
fn outputs_losses_and_gradients_are_burns_for_every_activation_and_loss() {
    for &activation in ActivationKind::ALL {
        let network = Network::Classifier(config(activation).init(&SEEDS, &Device::flex()));
        for &loss in Loss::ALL {
            assert_alike(&network, loss, 3, &format!("{activation:?}, {loss:?}"));
        }
    }
}

#[test]
fn an_autoencoder_has_burns_gradients_for_both_its_losses() {
    for loss in [Loss::Mse, Loss::Bce] {
        for activation in [ActivationKind::Tanh, ActivationKind::Prelu] {
            let encoder = MlpConfig { outputs: 2, ..config(activation) };
            let config = AutoencoderConfig { encoder, output: loss.autoencoder_output() };
            let network = Network::Autoencoder(config.init(&SEEDS, &Device::flex()));
            assert_alike(&network, loss, 5, &format!("{loss:?}, {activation:?}"));
        }
    }
}

#[test]
fn a_network_without_biases_and_with_an_output_activation_is_burns() {
    let config = MlpConfig { bias: false, output: ActivationKind::Sigmoid, ..config(ActivationKind::Relu) };
    let network = Network::Classifier(config.init(&SEEDS, &Device::flex()));
    let (inputs, _, _) = batch(3, &[]);
    let tensor = Tensor::<3>::from_data(TensorData::new(inputs.clone(), [1, BATCH, 5]), &Device::flex());
    let burns = network.forward(tensor).into_data().try_to_vec::<f32>().unwrap();
    let inputs = Inputs::Dense(inputs);
    for (replica, burns) in convert::unstack(&network).iter().zip(burns.chunks_exact(3 * BATCH)) {
        assert!(are_near(replica.forward(&inputs, BATCH, &[], &mut Pass::default()), burns, 1e-5));
    }
}

#[test]
fn a_stack_taken_apart_and_put_together_is_the_same() {
    let mlp = config(ActivationKind::Prelu);
    let autoencoder = AutoencoderConfig { encoder: mlp.clone(), output: Loss::Bce.autoencoder_output() };
    let device = Device::flex();
    let networks =
        [Network::Classifier(mlp.init(&SEEDS, &device)), Network::Autoencoder(autoencoder.init(&SEEDS, &device))];
    for network in networks {
        let mut replicas = convert::unstack(&network);
        for (r, replica) in replicas.iter_mut().enumerate() {
            let slopes = replica.layers.iter_mut().filter_map(|layer| layer.slope.as_mut());
            slopes.enumerate().for_each(|(i, slope)| *slope = 0.1 * i as f32 + r as f32);
        }
        let again = convert::stack(&network, &replicas, &device);
        for (layer, before) in again.layers().into_iter().zip(network.layers()) {
            assert_eq!(layer.weight.val().into_data(), before.weight.val().into_data());
            assert_eq!(layer.bias.as_ref().unwrap().val().into_data(), before.bias.as_ref().unwrap().val().into_data());
        }
        for (i, slope) in again.slopes().into_iter().enumerate() {
            let values = slope.val().into_data().try_to_vec::<f32>().unwrap();
            assert_eq!(values, [0.1 * i as f32, 0.1 * i as f32 + 1.0]);
        }
    }
}

#[test]
fn correct_predictions_are_those_of_burns_argmax() {
    let z = vec![0.1, 0.9, 0.2, 0.5, 0.5, 0.1, f32::NAN, 1.0, 0.0, -1.0, -2.0, -0.5];
    let t = vec![0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let tensor = |values: &[f32]| Tensor::<3>::from_data(TensorData::new(values.to_vec(), [1, 4, 3]), &Device::flex());
    let burns = tensor(&z).argmax(2).equal(tensor(&t).argmax(2)).float().sum().into_data();
    let own = loss::correct(&z, &t, 3, Task::Classify { classes: 3 });
    assert_eq!(burns.try_to_vec::<f32>().unwrap(), [own as f32]);
}

#[test]
fn a_replica_computes_the_bits_it_computes_alone() {
    let device = Device::flex();
    let (inputs, _, _) = batch(3, &[]);
    let inputs = Inputs::Dense(inputs);
    let outputs = |mlp: Mlp| -> Vec<Vec<f32>> {
        let replicas = convert::unstack(&Network::Classifier(mlp));
        replicas.iter().map(|one| one.forward(&inputs, BATCH, &[], &mut Pass::default()).to_vec()).collect()
    };
    let together = outputs(config(ActivationKind::Tanh).init(&SEEDS, &device));
    let alone = SEEDS.map(|seed| outputs(config(ActivationKind::Tanh).init(&[seed], &device)).concat());
    assert_eq!(together, alone);
}
