//! Any of the networks, as the one training loop sees them.
//!
//! In: inputs `[R, B, in]`. Out: whatever the task's loss compares with its targets.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::autoencoder::{Autoencoder, AutoencoderConfig};
use super::linear::StackedLinear;
use super::mlp::{Mlp, MlpConfig};

/// The shape of a [`Network`].
#[derive(Debug, Clone, PartialEq)]
pub enum NetworkConfig {
    /// Image to class.
    Classifier(MlpConfig),
    /// Image to image.
    Autoencoder(AutoencoderConfig),
}

/// A stack of R networks of one kind and shape.
#[derive(Module, Debug)]
pub enum Network {
    /// Image to class.
    Classifier(Mlp),
    /// Image to image.
    Autoencoder(Autoencoder),
}

impl NetworkConfig {
    /// Weights and biases of one replica.
    pub fn parameters(&self) -> usize {
        match self {
            Self::Classifier(mlp) => mlp.parameters(),
            Self::Autoencoder(autoencoder) => autoencoder.parameters(),
        }
    }

    /// Layers of weights.
    pub fn layers(&self) -> usize {
        match self {
            Self::Classifier(mlp) => mlp.hidden.len() + 1,
            Self::Autoencoder(both) => 2 * (both.encoder.hidden.len() + 1),
        }
    }

    /// One replica a seed.
    pub fn init(&self, seeds: &[u64], device: &Device) -> Network {
        match self {
            Self::Classifier(mlp) => Network::Classifier(mlp.init(seeds, device)),
            Self::Autoencoder(autoencoder) => Network::Autoencoder(autoencoder.init(seeds, device)),
        }
    }
}

impl Network {
    /// Replicas.
    pub fn stack(&self) -> usize {
        self.layers().first().map_or(0, |layer| layer.weight.dims()[0])
    }

    /// The layers of weights, first to last.
    pub fn layers(&self) -> Vec<&StackedLinear> {
        match self {
            Self::Classifier(mlp) => mlp.layers.iter().collect(),
            Self::Autoencoder(both) => both.encoder.layers.iter().chain(&both.decoder.layers).collect(),
        }
    }

    /// The layers of weights, to be changed.
    pub fn layers_mut(&mut self) -> Vec<&mut StackedLinear> {
        match self {
            Self::Classifier(mlp) => mlp.layers.iter_mut().collect(),
            Self::Autoencoder(both) => both.encoder.layers.iter_mut().chain(&mut both.decoder.layers).collect(),
        }
    }

    /// Takes over the weights, biases and slopes of a stack of the same shape.
    pub fn copy_weights(&mut self, other: &Self, device: &Device) {
        let copy = |theirs: &Param<Tensor<3>>| Param::from_tensor(Tensor::from_data(theirs.val().into_data(), device));
        for (own, theirs) in self.layers_mut().into_iter().zip(other.layers()) {
            own.weight = copy(&theirs.weight);
            own.bias = theirs.bias.as_ref().map(copy);
        }
        for (own, theirs) in self.slopes_mut().into_iter().zip(other.slopes()) {
            *own = copy(theirs);
        }
    }

    /// What the layers are called in saved files.
    pub fn layer_names(&self) -> Vec<String> {
        let named = |half: &str, count: usize| (0..count).map(move |i| format!("{half}layers.{i}")).collect::<Vec<_>>();
        match self {
            Self::Classifier(mlp) => named("", mlp.layers.len()),
            Self::Autoencoder(both) => {
                [named("encoder.", both.encoder.layers.len()), named("decoder.", both.decoder.layers.len())].concat()
            }
        }
    }

    /// What a PReLU network's slopes are called in saved files.
    pub fn slope_names(&self) -> Vec<String> {
        let named = |half: &str, count: usize| (0..count).map(move |i| format!("{half}slopes.{i}")).collect::<Vec<_>>();
        match self {
            Self::Classifier(mlp) => named("", mlp.slopes.len()),
            Self::Autoencoder(both) => {
                [named("encoder.", both.encoder.slopes.len()), named("decoder.", both.decoder.slopes.len())].concat()
            }
        }
    }

    /// A PReLU network's slopes.
    pub fn slopes(&self) -> Vec<&Param<Tensor<3>>> {
        match self {
            Self::Classifier(mlp) => mlp.slopes.iter().collect(),
            Self::Autoencoder(both) => both.encoder.slopes.iter().chain(&both.decoder.slopes).collect(),
        }
    }

    /// The same, to be changed.
    pub fn slopes_mut(&mut self) -> Vec<&mut Param<Tensor<3>>> {
        match self {
            Self::Classifier(mlp) => mlp.slopes.iter_mut().collect(),
            Self::Autoencoder(both) => both.encoder.slopes.iter_mut().chain(&mut both.decoder.slopes).collect(),
        }
    }

    /// Widths of the layers that dropout applies to, in order.
    pub fn hidden_widths(&self) -> Vec<usize> {
        match self {
            Self::Classifier(mlp) => mlp.hidden_widths(),
            Self::Autoencoder(both) => [both.encoder.hidden_widths(), both.decoder.hidden_widths()].concat(),
        }
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

    /// Stacks of one kind and shape, one after the other, as one stack; `None` for none, or for several kinds.
    pub fn concat(parts: &[Self]) -> Option<Self> {
        if let Some(all) = parts.iter().map(Self::classifier).collect::<Option<Vec<_>>>() {
            return Mlp::concat(&all.into_iter().cloned().collect::<Vec<_>>()).map(Self::Classifier);
        }
        let all: Vec<Autoencoder> = parts.iter().map(|part| part.autoencoder().cloned()).collect::<Option<_>>()?;
        Autoencoder::concat(&all).map(Self::Autoencoder)
    }

    /// The classifier, where it is one.
    pub fn classifier(&self) -> Option<&Mlp> {
        match self {
            Self::Classifier(mlp) => Some(mlp),
            Self::Autoencoder(_) => None,
        }
    }

    /// The autoencoder, where it is one.
    pub fn autoencoder(&self) -> Option<&Autoencoder> {
        match self {
            Self::Classifier(_) => None,
            Self::Autoencoder(autoencoder) => Some(autoencoder),
        }
    }
}
