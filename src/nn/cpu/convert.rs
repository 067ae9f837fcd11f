//! Networks as Burn modules, and as the CPU computes them.
//!
//! In: a stack of networks. Out: its replicas one by one, and back.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

use super::aligned::Aligned;
use super::feed_forward::{FeedForward, Layer};
use crate::nn::models::{ActivationKind, AutoencoderOutput, Mlp, Network};

/// The replicas of a stack.
pub fn unstack(network: &Network) -> Vec<FeedForward> {
    let mut replicas = match network {
        Network::Classifier(mlp) => replicas_of(mlp),
        Network::Autoencoder(autoencoder) => {
            let (mut encoders, decoders) = (replicas_of(&autoencoder.encoder), replicas_of(&autoencoder.decoder));
            for (encoder, decoder) in encoders.iter_mut().zip(decoders) {
                encoder.layers.extend(decoder.layers);
                if let (AutoencoderOutput::Pixels, Some(last)) = (autoencoder.output(), encoder.layers.last_mut()) {
                    last.activation = ActivationKind::Sigmoid;
                }
            }
            encoders
        }
    };
    for replica in &mut replicas {
        let hidden = replica.layers.iter_mut().filter(|layer| layer.hidden.is_some());
        hidden.enumerate().for_each(|(index, layer)| layer.hidden = Some(index));
    }
    replicas
}

fn replicas_of(mlp: &Mlp) -> Vec<FeedForward> {
    let stack = mlp.layers.first().map_or(0, |layer| layer.weight.dims()[0]);
    let mut replicas: Vec<FeedForward> = (0..stack).map(|_| FeedForward { layers: Vec::new() }).collect();
    for (index, layer) in mlp.layers.iter().enumerate() {
        let [_, inputs, outputs] = layer.weight.dims();
        let weights = read(&layer.weight);
        let biases = layer.bias.as_ref().map(read);
        let is_last = index + 1 == mlp.layers.len();
        let slopes = mlp.slopes.get(index).map(read);
        for (r, replica) in replicas.iter_mut().enumerate() {
            replica.layers.push(Layer {
                inputs,
                outputs,
                weight: Aligned::copy_of(&weights[r * inputs * outputs..(r + 1) * inputs * outputs]),
                bias: biases.as_ref().map(|biases| biases[r * outputs..(r + 1) * outputs].to_vec()),
                activation: if is_last { mlp.output() } else { mlp.activation() },
                slope: slopes.as_ref().map(|slopes| slopes[r]),
                hidden: (!is_last).then_some(0),
            });
        }
    }
    replicas
}

fn read(parameter: &Param<Tensor<3>>) -> Vec<f32> {
    parameter.val().into_data().iter::<f32>().collect()
}

/// A stack of the kind and shape of `template` with the parameters of the replicas, which are at least one.
pub fn stack(template: &Network, replicas: &[FeedForward], device: &Device) -> Network {
    let mut network = template.clone();
    let count = replicas.len();
    let parameter = |values: Vec<f32>, [rows, columns]: [usize; 2]| {
        Param::from_tensor(Tensor::from_data(TensorData::new(values, [count, rows, columns]), device))
    };
    for (index, layer) in network.layers_mut().into_iter().enumerate() {
        let own = || replicas.iter().map(move |replica| &replica.layers[index]);
        let [_, inputs, outputs] = layer.weight.dims();
        layer.weight = parameter(own().flat_map(|layer| layer.weight.to_vec()).collect(), [inputs, outputs]);
        if layer.bias.is_some() {
            let biases = own().filter_map(|layer| layer.bias.as_deref()).flatten().copied();
            layer.bias = Some(parameter(biases.collect(), [1, outputs]));
        }
    }
    for (index, slope) in network.slopes_mut().into_iter().enumerate() {
        let own = |replica: &FeedForward| replica.layers.iter().filter_map(|layer| layer.slope).nth(index);
        *slope = parameter(replicas.iter().filter_map(own).collect(), [1, 1]);
    }
    network
}
