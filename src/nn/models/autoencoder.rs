//! The symmetric autoencoder, stacked: two multi-layer perceptrons with a narrow code between them.
//!
//! In: images `[R, B, 784]`, or `[1, B, 784]` shown to every replica. Out: codes `[R, B, latent]`, and reconstructions
//! `[R, B, 784]` whose pixels are between 0 and 1. The code has no activation: its numbers may be anything.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::activation::sigmoid;
use super::mlp::{Mlp, MlpConfig};

/// The shape of an [`Autoencoder`].
#[derive(Debug, Clone, PartialEq)]
pub struct AutoencoderConfig {
    /// From the image to the code; the decoder is its mirror image.
    pub encoder: MlpConfig,
    /// Whether the forward pass ends in logits, for a loss that has the sigmoid in it.
    pub logits: bool,
}

/// R autoencoders of one shape.
#[derive(Module, Debug)]
pub struct Autoencoder {
    /// Image to code.
    pub encoder: Mlp,
    /// Code to the logits of the pixels.
    pub decoder: Mlp,
    #[module(skip)]
    logits: bool,
}

impl AutoencoderConfig {
    /// The decoder: the encoder's widths from the code back to the image.
    pub fn decoder(&self) -> MlpConfig {
        let encoder = &self.encoder;
        MlpConfig {
            inputs: encoder.outputs,
            hidden: encoder.hidden.iter().rev().copied().collect(),
            outputs: encoder.inputs,
            first_layer: encoder.first_layer + encoder.hidden.len() as u64 + 1,
            ..encoder.clone()
        }
    }

    /// Weights and biases of one replica.
    pub fn parameters(&self) -> usize {
        self.encoder.parameters() + self.decoder().parameters()
    }

    /// One replica a seed.
    pub fn init(&self, seeds: &[u64], device: &Device) -> Autoencoder {
        Autoencoder {
            encoder: self.encoder.init(seeds, device),
            decoder: self.decoder().init(seeds, device),
            logits: self.logits,
        }
    }
}

impl Autoencoder {
    /// `[R or 1, B, 784] -> [R, B, latent]`
    pub fn encode(&self, x: Tensor<3>) -> Tensor<3> {
        self.encoder.forward(x)
    }

    /// `[R, B, latent] -> [R, B, 784]`, 0 to 1.
    pub fn decode(&self, code: Tensor<3>) -> Tensor<3> {
        sigmoid(self.decoder.forward(code))
    }

    /// `[R or 1, B, 784] -> [R, B, 784]`, 0 to 1.
    pub fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
        self.decode(self.encode(x))
    }

    /// What the loss is taken of: reconstructions, or their logits. A dropout mask for each hidden layer, the encoder's
    /// first; none means no dropout.
    pub fn forward_masked(&self, x: Tensor<3>, masks: &[Tensor<3>]) -> Tensor<3> {
        let (before, after) = masks.split_at(masks.len().min(self.encoder.layers.len() - 1));
        let code = self.encoder.forward_masked(x, before); // [R, B, latent]
        let logits = self.decoder.forward_masked(code, after); // [R, B, 784]
        if self.logits { logits } else { sigmoid(logits) }
    }

    /// The same networks, their forward pass ending in logits or in reconstructions.
    pub fn ending_in(&self, logits: bool) -> Self {
        Self { logits, ..self.clone() }
    }

    /// Replica `r` as a stack of one.
    pub fn replica(&self, r: usize) -> Self {
        Self { encoder: self.encoder.replica(r), decoder: self.decoder.replica(r), logits: self.logits }
    }

    /// Stacks of one shape, one after the other, as one stack.
    pub fn concat(parts: &[Self]) -> Option<Self> {
        let part = |pick: fn(&Self) -> &Mlp| Mlp::concat(&parts.iter().map(|p| pick(p).clone()).collect::<Vec<_>>());
        Some(Self { encoder: part(|p| &p.encoder)?, decoder: part(|p| &p.decoder)?, logits: parts.first()?.logits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::device;
    use crate::nn::models::{ActivationKind, Init};
    use burn::tensor::TensorData;

    fn config(logits: bool) -> AutoencoderConfig {
        let encoder = MlpConfig {
            inputs: 9,
            hidden: vec![6, 4],
            outputs: 2,
            activation: ActivationKind::Tanh,
            init: Init::Default,
            bias: true,
            output: ActivationKind::Identity,
            first_layer: 0,
        };
        AutoencoderConfig { encoder, logits }
    }

    #[test]
    fn the_decoder_mirrors_the_encoder_and_draws_weights_of_its_own() {
        let config = config(false);
        assert_eq!(config.decoder().widths(), [2, 4, 6, 9]);
        // 9-6-4-2-4-6-9: weights and biases.
        assert_eq!(config.parameters(), (54 + 6) + (24 + 4) + (8 + 2) + (8 + 4) + (24 + 6) + (54 + 9));
        let model = config.init(&[0], &device::for_tests());
        assert_eq!(model.num_params(), config.parameters());
        let weights =
            |layer: &crate::nn::models::linear::StackedLinear| layer.weight.val().into_data().bytes().to_vec();
        assert_ne!(weights(&model.encoder.layers[0]), weights(&model.decoder.layers[2]));
    }

    #[test]
    fn logits_and_reconstructions_differ_by_the_sigmoid_and_a_replica_is_itself_alone() {
        let device = device::for_tests();
        let x = Tensor::from_data(
            TensorData::new((0..27).map(|i| i as f32 / 27.0).collect::<Vec<_>>(), [1, 3, 9]),
            &device,
        );
        let values = |tensor: Tensor<3>| tensor.into_data().try_to_vec::<f32>().unwrap();
        let stack = config(true).init(&[3, 5], &device);
        let logits = values(stack.forward_masked(x.clone(), &[]));
        let pixels = values(stack.reconstruct(x.clone()));
        for (logit, pixel) in logits.iter().zip(&pixels) {
            assert!((1.0 / (1.0 + (-logit).exp()) - pixel).abs() < 1e-6);
        }
        let alone = config(false).init(&[5], &device);
        assert_eq!(values(alone.forward_masked(x.clone(), &[])), pixels[27..]);
        assert_eq!(values(stack.replica(1).encode(x.clone())), values(alone.encode(x)));
        let again = Autoencoder::concat(&[stack.replica(0), stack.replica(1)]).unwrap();
        assert_eq!(again.decoder.layers[0].weight.val().into_data(), stack.decoder.layers[0].weight.val().into_data());
    }
}
