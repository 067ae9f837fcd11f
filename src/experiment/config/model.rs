//! The `[model]` section: what network is trained, and what its weights start as.

use serde::{Deserialize, Serialize};

use super::{TrialConfig, is_default};
use crate::nn::models::{ActivationKind, LayerInit, MlpConfig};

/// The network between the inputs and the classes, whose numbers the data gives; with a `latent` width, an autoencoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Numbers of an autoencoder's code. Without it the network predicts classes, or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent: Option<usize>,
    /// Widths of the hidden layers (of an autoencoder: of its encoder). `[]` is a linear model.
    pub hidden: Hidden,
    /// The activation function after every hidden layer.
    pub activation: ActivationKind,
    /// The distribution from which the initial weights are drawn.
    pub init: LayerInit,
    /// Whether layers have biases.
    pub bias: bool,
    /// The probability that an output of a hidden layer is set to zero in a training step.
    pub dropout: f64,
    /// The activation function after the last layer of a classifier. It must be the identity where the loss is on logits.
    #[serde(skip_serializing_if = "is_identity")]
    pub output: ActivationKind,
    /// Outputs, where there is not one for each class: with 1 output, its sign separates two classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<usize>,
    /// The number of layers, counted from the first, whose weights are not trained.
    #[serde(skip_serializing_if = "is_default")]
    pub frozen: usize,
    /// Where the initial weights come from, if they are not drawn from `init`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            latent: None,
            hidden: Hidden::Widths(vec![64, 32]),
            activation: ActivationKind::Relu,
            init: LayerInit::default(),
            bias: true,
            dropout: 0.0,
            output: ActivationKind::Identity,
            outputs: None,
            frozen: 0,
            start: None,
        }
    }
}

impl ModelConfig {
    /// The multi-layer perceptron with `inputs` inputs and `outputs` outputs.
    pub(super) fn mlp(&self, inputs: usize, outputs: usize) -> MlpConfig {
        MlpConfig {
            inputs,
            hidden: self.hidden.widths(inputs, outputs),
            outputs,
            activation: self.activation,
            init: self.init,
            bias: self.bias,
            output: self.output,
            first_layer: 0,
        }
    }
}

fn is_identity(activation: &ActivationKind) -> bool {
    *activation == ActivationKind::Identity
}

/// The hidden widths of a network: `[64, 32]`, or `{ depth = 3 }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a list of widths such as [64, 32], or { depth = 3 }")]
pub enum Hidden {
    /// These widths.
    Widths(Vec<usize>),
    /// A number of layers. Each width is the one before it times the same factor.
    Taper(Taper),
}

/// See [`Hidden::Taper`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taper {
    /// Weight matrices between inputs and outputs; with 1 there is no hidden layer.
    pub depth: usize,
}

/// The largest depth of a tapered network.
pub(super) const MAX_DEPTH: usize = 5;

impl Hidden {
    /// The widths of the hidden layers between `inputs` inputs and `outputs` outputs. Tapered widths above 16 are rounded to the nearest multiple of 8, the number of
    /// 32-bit floats in a vector register.
    pub(crate) fn widths(&self, inputs: usize, outputs: usize) -> Vec<usize> {
        match self {
            Self::Widths(widths) => widths.clone(),
            Self::Taper(Taper { depth }) => {
                let ratio = outputs as f64 / inputs as f64;
                (1..*depth)
                    .map(|layer| rounded(inputs as f64 * libm::pow(ratio, layer as f64 / *depth as f64)))
                    .collect()
            }
        }
    }
}

fn rounded(width: f64) -> usize {
    if width > 16.0 { 8 * (width / 8.0).round() as usize } else { width.round().max(1.0) as usize }
}

/// Where initial weights come from: `"weights.npz"`, or `{ after = "online" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected the path of a .safetensors or .npz file, or { after = \"ARM\" }")]
pub enum Start {
    /// The weights in this file, for every seed.
    File(String),
    /// Each seed starts from the weights that another arm ended with for the same seed.
    WarmStart(WarmStart),
}

/// See [`Start::WarmStart`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarmStart {
    /// The other arm's label.
    pub after: String,
    /// The other arm's settings. The plan fills them in, so that they are part of the trial's identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Box<TrialConfig>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taper_shrinks_by_one_factor_between_its_ends() {
        let taper = |depth| Hidden::Taper(Taper { depth }).widths(784, 32);
        assert_eq!(taper(1), [0usize; 0]);
        // 784 / sqrt(24.5) = 158.4.
        assert_eq!(taper(2), [160]);
        // 24.5^(1/3) = 2.904: 270.0 and 93.0.
        assert_eq!(taper(3), [272, 96]);
        assert_eq!(taper(5).len(), 4);
        assert_eq!(Hidden::Widths(vec![512, 128]).widths(784, 32), [512, 128]);
    }
}
