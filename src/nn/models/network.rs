//! A network of either kind, as the training loop uses it.
//!
//! In: inputs `[R, B, in]`. Out: outputs `[R, B, out]` for the loss.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::activation::ActivationKind;
use super::autoencoder::{Autoencoder, AutoencoderConfig, AutoencoderOutput};
use super::linear::StackedLinear;
use super::mlp::{LayerShape, Mlp, MlpConfig};

/// The shape of a [`Network`].
#[derive(Debug, Clone, PartialEq)]
pub enum NetworkConfig {
    /// A multi-layer perceptron; predicts a number in a regression.
    Classifier(MlpConfig),
    /// From image to image.
    Autoencoder(AutoencoderConfig),
}

/// A stack of R networks of one kind and shape.
#[derive(Module, Debug)]
pub enum Network {
    /// A multi-layer perceptron; predicts a number in a regression.
    Classifier(Mlp),
    /// From image to image.
    Autoencoder(Autoencoder),
}

impl NetworkConfig {
    /// Number of parameters of one replica.
    pub fn parameters(&self) -> usize {
        match self {
            Self::Classifier(mlp) => mlp.parameters(),
            Self::Autoencoder(autoencoder) => autoencoder.parameters(),
        }
    }

    /// The linear layers, first to last, each with its name in saved files. The last layer of an autoencoder has the sigmoid that its
    /// training has, or none where the loss contains it.
    pub fn shapes(&self) -> Vec<(String, LayerShape)> {
        match self {
            Self::Classifier(mlp) => named("", mlp.shapes()),
            Self::Autoencoder(autoencoder) => {
                let mut decoder = autoencoder.decoder().shapes();
                if let (Some(last), AutoencoderOutput::Pixels) = (decoder.last_mut(), autoencoder.output) {
                    last.activation = ActivationKind::Sigmoid;
                }
                [named("encoder.", autoencoder.encoder.shapes()), named("decoder.", decoder)].concat()
            }
        }
    }

    /// Number of linear layers.
    pub fn layers(&self) -> usize {
        self.shapes().len()
    }

    /// A stack with one replica for each seed.
    pub fn init(&self, seeds: &[u64], device: &Device) -> Network {
        match self {
            Self::Classifier(mlp) => Network::Classifier(mlp.init(seeds, device)),
            Self::Autoencoder(autoencoder) => Network::Autoencoder(autoencoder.init(seeds, device)),
        }
    }
}

impl Network {
    /// The encoders of autoencoders, `[R or 1, B, 784] -> [R, B, latent]`.
    pub fn encoder_of(autoencoder: &Autoencoder) -> Self {
        Self::Classifier(autoencoder.encoder.clone())
    }

    /// The decoders of autoencoders, `[R, B, latent] -> [R, B, 784]`, pixels from 0 to 1.
    pub fn decoder_of(autoencoder: &Autoencoder) -> Self {
        Self::Classifier(autoencoder.decoder.with_output(ActivationKind::Sigmoid))
    }

    /// Autoencoders that end in pixels from 0 to 1, whatever they end in while they are trained.
    pub fn reconstructor_of(autoencoder: &Autoencoder) -> Self {
        Self::Autoencoder(autoencoder.with_output(AutoencoderOutput::Pixels))
    }

    /// Number of replicas, R.
    pub fn stack(&self) -> usize {
        self.layers().first().map_or(0, |layer| layer.weight.dims()[0])
    }

    /// The perceptrons it is made of, first to last, each with what precedes its parameters' names in saved files.
    fn perceptrons(&self) -> Vec<(&'static str, &Mlp)> {
        match self {
            Self::Classifier(mlp) => vec![("", mlp)],
            Self::Autoencoder(Autoencoder { encoder, decoder, .. }) => {
                vec![("encoder.", encoder), ("decoder.", decoder)]
            }
        }
    }

    /// The perceptrons in the order of [`Self::perceptrons`].
    fn perceptrons_mut(&mut self) -> Vec<&mut Mlp> {
        match self {
            Self::Classifier(mlp) => vec![mlp],
            Self::Autoencoder(Autoencoder { encoder, decoder, .. }) => vec![encoder, decoder],
        }
    }

    /// The linear layers, first to last; the encoder's before the decoder's.
    pub fn layers(&self) -> Vec<&StackedLinear> {
        self.perceptrons().into_iter().flat_map(|(_, mlp)| &mlp.layers).collect()
    }

    /// The linear layers in the order of [`Self::layers`].
    pub fn layers_mut(&mut self) -> Vec<&mut StackedLinear> {
        self.perceptrons_mut().into_iter().flat_map(|mlp| &mut mlp.layers).collect()
    }

    /// Replaces all parameters by those of a stack of the same shape, copied to `device`.
    pub fn copy_weights(&mut self, source: &Self, device: &Device) {
        let copy =
            |parameter: &Param<Tensor<3>>| Param::from_tensor(Tensor::from_data(parameter.val().into_data(), device));
        for (layer, source) in self.layers_mut().into_iter().zip(source.layers()) {
            layer.weight = copy(&source.weight);
            layer.bias = source.bias.as_ref().map(copy);
        }
        for (slope, source) in self.slopes_mut().into_iter().zip(source.slopes()) {
            *slope = copy(source);
        }
    }

    /// Names of the linear layers in saved files, such as `layers.0` or `decoder.layers.2`.
    pub fn layer_names(&self) -> Vec<String> {
        let named = |(before, mlp): (&str, &Mlp)| numbered(before, "layers", mlp.layers.len());
        self.perceptrons().into_iter().flat_map(named).collect()
    }

    /// Names of the PReLU slopes in saved files, such as `slopes.0`; empty for other activations.
    pub fn slope_names(&self) -> Vec<String> {
        let named = |(before, mlp): (&str, &Mlp)| numbered(before, "slopes", mlp.slopes.len());
        self.perceptrons().into_iter().flat_map(named).collect()
    }

    /// The PReLU slopes `[R, 1, 1]`, first layer to last; empty for other activations.
    pub fn slopes(&self) -> Vec<&Param<Tensor<3>>> {
        self.perceptrons().into_iter().flat_map(|(_, mlp)| &mlp.slopes).collect()
    }

    /// The PReLU slopes in the order of [`Self::slopes`].
    pub fn slopes_mut(&mut self) -> Vec<&mut Param<Tensor<3>>> {
        self.perceptrons_mut().into_iter().flat_map(|mlp| &mut mlp.slopes).collect()
    }

    /// Widths of the hidden layers, which are the layers that dropout applies to; the code of an autoencoder is none.
    pub fn hidden_widths(&self) -> Vec<usize> {
        self.perceptrons().into_iter().flat_map(|(_, mlp)| mlp.hidden_widths()).collect()
    }

    /// `[R or 1, B, in] -> [R, B, out]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.forward_masked(x, &[])
    }

    /// The forward pass with a dropout mask `[R, B, width]` for each hidden layer; no masks means no dropout.
    pub fn forward_masked(&self, x: Tensor<3>, masks: &[Tensor<3>]) -> Tensor<3> {
        match self {
            Self::Classifier(mlp) => mlp.forward_masked(x, masks),
            Self::Autoencoder(autoencoder) => autoencoder.forward_masked(x, masks),
        }
    }

    /// Replica `r` as a stack of one.
    pub fn replica(&self, r: usize) -> Self {
        match self {
            Self::Classifier(mlp) => Self::Classifier(mlp.replica(r)),
            Self::Autoencoder(autoencoder) => Self::Autoencoder(autoencoder.replica(r)),
        }
    }

    /// Stacks of one kind and shape, one after the other, as one stack; `None` if there are none, or of both kinds.
    pub fn concat(stacks: &[Self]) -> Option<Self> {
        if let Some(all) = stacks.iter().map(Self::classifier).collect::<Option<Vec<_>>>() {
            return Mlp::concat(&all.into_iter().cloned().collect::<Vec<_>>()).map(Self::Classifier);
        }
        let all: Vec<Autoencoder> = stacks.iter().map(|stack| stack.autoencoder().cloned()).collect::<Option<_>>()?;
        Autoencoder::concat(&all).map(Self::Autoencoder)
    }

    /// The multi-layer perceptron; `None` for an autoencoder.
    pub fn classifier(&self) -> Option<&Mlp> {
        match self {
            Self::Classifier(mlp) => Some(mlp),
            Self::Autoencoder(_) => None,
        }
    }

    /// The autoencoder; `None` for a classifier.
    pub fn autoencoder(&self) -> Option<&Autoencoder> {
        match self {
            Self::Classifier(_) => None,
            Self::Autoencoder(autoencoder) => Some(autoencoder),
        }
    }
}

/// Layers with their names in saved files.
fn named(before: &str, shapes: Vec<LayerShape>) -> Vec<(String, LayerShape)> {
    numbered(before, "layers", shapes.len()).into_iter().zip(shapes).collect()
}

/// `count` names such as `encoder.layers.0`.
fn numbered(before: &str, what: &str, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{before}{what}.{index}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::device;
    use crate::nn::models::Init;
    use burn::tensor::TensorData;

    #[test]
    fn the_decoder_of_the_encoders_code_is_the_reconstruction() {
        let device = device::for_tests();
        let encoder = MlpConfig {
            inputs: 9,
            hidden: vec![6],
            outputs: 2,
            activation: ActivationKind::Tanh,
            init: Init::Default.into(),
            bias: true,
            output: ActivationKind::Identity,
            first_layer: 0,
        };
        let config = AutoencoderConfig { encoder, output: AutoencoderOutput::Logits };
        let shapes = NetworkConfig::Autoencoder(config.clone()).shapes();
        let names: Vec<&str> = shapes.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["encoder.layers.0", "encoder.layers.1", "decoder.layers.0", "decoder.layers.1"]);
        assert_eq!(shapes.iter().map(|(_, shape)| shape.parameters()).sum::<usize>(), config.parameters());
        let model = config.init(&[3, 5], &device);
        let pixels: Vec<f32> = (0..27).map(|i| i as f32 / 27.0).collect();
        let x = Tensor::from_data(TensorData::new(pixels, [1, 3, 9]), &device);
        let codes = Network::encoder_of(&model).forward(x.clone());
        assert_eq!(codes.dims(), [2, 3, 2]);
        let decoded = Network::decoder_of(&model).forward(codes);
        assert_eq!(decoded.into_data(), Network::reconstructor_of(&model).forward(x).into_data());
    }
}
