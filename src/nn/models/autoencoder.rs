//! The symmetric autoencoder, stacked: two multi-layer perceptrons, encoder and decoder.
//!
//! In: images `[R, B, 784]`, or `[1, B, 784]` for every replica alike. Out: codes `[R, B, latent]`, which have no
//! activation and are not bounded, and reconstructions `[R, B, 784]`, whose pixels are from 0 to 1.

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};

use super::mlp::{Mlp, MlpConfig};

/// The shape of an [`Autoencoder`].
#[derive(Debug, Clone, PartialEq)]
pub struct AutoencoderConfig {
    /// From the image to the code; the decoder has the same widths in reverse.
    pub encoder: MlpConfig,
    /// What the forward pass in training ends in.
    pub output: AutoencoderOutput,
}

/// What the forward pass in training ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoencoderOutput {
    /// Pixels from 0 to 1.
    Pixels,
    /// Their logits, for a loss that contains the sigmoid.
    Logits,
}

/// R autoencoders of one shape.
#[derive(Module, Debug)]
pub struct Autoencoder {
    /// `[R or 1, B, 784] -> [R, B, latent]`
    pub encoder: Mlp,
    /// `[R, B, latent] -> [R, B, 784]`, the logits of the pixels.
    pub decoder: Mlp,
    #[module(skip)]
    output: AutoencoderOutput,
}

impl AutoencoderConfig {
    /// The decoder: the encoder's widths in reverse, its layers numbered after the encoder's.
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

    /// Number of parameters of one replica.
    pub fn parameters(&self) -> usize {
        self.encoder.parameters() + self.decoder().parameters()
    }

    /// A stack with one replica for each seed.
    pub fn init(&self, seeds: &[u64], device: &Device) -> Autoencoder {
        Autoencoder {
            encoder: self.encoder.init(seeds, device),
            decoder: self.decoder().init(seeds, device),
            output: self.output,
        }
    }
}

impl Autoencoder {
    /// The forward pass in training, `[R or 1, B, 784] -> [R, B, 784]`: pixels or their logits. `masks` are dropout
    /// masks `[R, B, width]` of the hidden layers, the encoder's first; none means no dropout.
    pub fn forward_masked(&self, x: Tensor<3>, masks: &[Tensor<3>]) -> Tensor<3> {
        let (encoder_masks, decoder_masks) = masks.split_at(masks.len().min(self.encoder.layers.len() - 1));
        let code = self.encoder.forward_masked(x, encoder_masks); // [R, B, latent]
        let logits = self.decoder.forward_masked(code, decoder_masks); // [R, B, 784]
        match self.output {
            AutoencoderOutput::Logits => logits,
            AutoencoderOutput::Pixels => activation::sigmoid(logits),
        }
    }

    /// What the forward pass in training ends in.
    pub(crate) fn output(&self) -> AutoencoderOutput {
        self.output
    }

    /// The same networks with another end of their forward pass in training.
    pub fn with_output(&self, output: AutoencoderOutput) -> Self {
        Self { output, ..self.clone() }
    }

    /// Replica `r` as a stack of one.
    pub fn replica(&self, r: usize) -> Self {
        Self { encoder: self.encoder.replica(r), decoder: self.decoder.replica(r), output: self.output }
    }

    /// Stacks of one shape, one after the other, as one stack; `None` if there are none.
    pub fn concat(stacks: &[Self]) -> Option<Self> {
        let half =
            |of: fn(&Self) -> &Mlp| Mlp::concat(&stacks.iter().map(|stack| of(stack).clone()).collect::<Vec<_>>());
        Some(Self { encoder: half(|s| &s.encoder)?, decoder: half(|s| &s.decoder)?, output: stacks.first()?.output })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::device;
    use crate::nn::models::{ActivationKind, Init};
    use burn::tensor::TensorData;

    fn config(output: AutoencoderOutput) -> AutoencoderConfig {
        let encoder = MlpConfig {
            inputs: 9,
            hidden: vec![6, 4],
            outputs: 2,
            activation: ActivationKind::Tanh,
            init: Init::Default.into(),
            bias: true,
            output: ActivationKind::Identity,
            first_layer: 0,
        };
        AutoencoderConfig { encoder, output }
    }

    #[test]
    fn the_decoder_mirrors_the_encoder_and_has_weights_of_its_own() {
        let config = config(AutoencoderOutput::Pixels);
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
    fn a_replica_computes_what_it_does_alone_and_replicas_together_are_the_stack() {
        let device = device::for_tests();
        let x = Tensor::from_data(
            TensorData::new((0..27).map(|i| i as f32 / 27.0).collect::<Vec<_>>(), [1, 3, 9]),
            &device,
        );
        let values =
            |model: &Autoencoder| model.forward_masked(x.clone(), &[]).into_data().try_to_vec::<f32>().unwrap();
        let stack = config(AutoencoderOutput::Logits).init(&[3, 5], &device);
        let pixels = values(&stack.with_output(AutoencoderOutput::Pixels));
        for (logit, pixel) in values(&stack).iter().zip(&pixels) {
            assert!((1.0 / (1.0 + (-logit).exp()) - pixel).abs() < 1e-6);
        }
        let alone = config(AutoencoderOutput::Pixels).init(&[5], &device);
        assert_eq!(values(&alone), pixels[27..]);
        assert_eq!(values(&stack.replica(1)), values(&alone.with_output(AutoencoderOutput::Logits)));
        let again = Autoencoder::concat(&[stack.replica(0), stack.replica(1)]).unwrap();
        assert_eq!(again.decoder.layers[0].weight.val().into_data(), stack.decoder.layers[0].weight.val().into_data());
    }
}
