//! The activations by name: every elementwise activation that Burn has, and the Heaviside step.
//!
//! In: a tensor of any rank. Out: a tensor of the same shape. Not included are SwiGLU, a gated layer with weights of
//! its own, and RReLU, which draws from the backend's process-wide generator. The slope of a PReLU is a parameter of
//! the network, one per replica.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// An activation by name; constants have Burn's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the names are standard
pub enum ActivationKind {
    #[default]
    Relu,
    Sigmoid,
    Tanh,
    LeakyRelu,
    Gelu,
    GeluApproximate,
    Silu,
    Mish,
    Elu,
    Celu,
    Selu,
    Prelu,
    Relu6,
    Softplus,
    Softsign,
    LogSigmoid,
    HardSigmoid,
    HardSwish,
    HardTanh,
    ThresholdedRelu,
    HardShrink,
    SoftShrink,
    TanhShrink,
    /// The Heaviside step: 1 for x >= 0, else 0. Its gradient is 0, so only the layers after the last step learn.
    Step,
    Identity,
}

/// The initial slope of a PReLU (He et al., "Delving deep into rectifiers", 2015, and Burn's default).
pub const PRELU_START: f32 = 0.25;

/// The constants of SELU (Klambauer et al., "Self-normalizing neural networks", 2017).
pub(crate) const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
pub(crate) const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

/// `e^min(x, 0) - 1`. Burn's own ELU, CELU and SELU take the exponential of large positive numbers as well and mask it
/// out, so their gradient there is 0 times infinity.
fn negative_exponential<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    (-activation::relu(-x)).exp() - 1.0
}

impl ActivationKind {
    /// Every activation.
    pub const ALL: &[Self] = &[
        Self::Relu,
        Self::Sigmoid,
        Self::Tanh,
        Self::LeakyRelu,
        Self::Gelu,
        Self::GeluApproximate,
        Self::Silu,
        Self::Mish,
        Self::Elu,
        Self::Celu,
        Self::Selu,
        Self::Prelu,
        Self::Relu6,
        Self::Softplus,
        Self::Softsign,
        Self::LogSigmoid,
        Self::HardSigmoid,
        Self::HardSwish,
        Self::HardTanh,
        Self::ThresholdedRelu,
        Self::HardShrink,
        Self::SoftShrink,
        Self::TanhShrink,
        Self::Step,
        Self::Identity,
    ];

    /// The name in experiment files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::LeakyRelu => "leaky_relu",
            Self::Gelu => "gelu",
            Self::GeluApproximate => "gelu_approximate",
            Self::Silu => "silu",
            Self::Mish => "mish",
            Self::Elu => "elu",
            Self::Celu => "celu",
            Self::Selu => "selu",
            Self::Prelu => "prelu",
            Self::Relu6 => "relu6",
            Self::Softplus => "softplus",
            Self::Softsign => "softsign",
            Self::LogSigmoid => "log_sigmoid",
            Self::HardSigmoid => "hard_sigmoid",
            Self::HardSwish => "hard_swish",
            Self::HardTanh => "hard_tanh",
            Self::ThresholdedRelu => "thresholded_relu",
            Self::HardShrink => "hard_shrink",
            Self::SoftShrink => "soft_shrink",
            Self::TanhShrink => "tanh_shrink",
            Self::Step => "step",
            Self::Identity => "identity",
        }
    }

    /// Whether its units can be saturated, as a watched training counts them: at a limit of a sigmoid or tanh, or at 0 after a ReLU.
    pub fn has_limits(self) -> bool {
        matches!(self, Self::Sigmoid | Self::Tanh | Self::Relu)
    }

    /// The formula, for figures.
    pub fn formula(self) -> &'static str {
        match self {
            Self::Relu => "max(0, x)",
            Self::Sigmoid => "s(x) = 1 / (1 + e^-x)",
            Self::Tanh => "tanh x",
            Self::LeakyRelu => "x if x > 0, else 0.01x",
            Self::Gelu => "x Φ(x), normal distribution Φ",
            Self::GeluApproximate => "gelu with tanh in place of Φ",
            Self::Silu => "x s(x), sigmoid s",
            Self::Mish => "x tanh(ln(1 + e^x))",
            Self::Elu => "x if x > 0, else e^x - 1",
            Self::Celu => "x if x > 0, else e^x - 1 (alpha = 1)",
            Self::Selu => "1.051 (x if x > 0, else 1.673 (e^x - 1))",
            Self::Prelu => "x if x > 0, else ax; a = 0.25 is learned",
            Self::Relu6 => "max(0, x), at most 6",
            Self::Softplus => "ln(1 + e^x)",
            Self::Softsign => "x / (1 + |x|)",
            Self::LogSigmoid => "-ln(1 + e^-x)",
            Self::HardSigmoid => "0.2x + 0.5, cut to 0 and 1",
            Self::HardSwish => "x times (x/6 + 0.5, cut to 0 and 1)",
            Self::HardTanh => "x, cut to -1 and 1",
            Self::ThresholdedRelu => "x if x > 1, else 0",
            Self::HardShrink => "x if |x| > 0.5, else 0",
            Self::SoftShrink => "x minus (x, cut to -0.5 and 0.5)",
            Self::TanhShrink => "x - tanh x",
            Self::Step => "1 if x >= 0, else 0",
            Self::Identity => "x",
        }
    }

    /// Applies the activation to each element. `slope` is that of a PReLU, broadcast against `x`; without it a PReLU
    /// has its initial slope. Other activations ignore it.
    pub fn apply<const D: usize>(self, x: Tensor<D>, slope: Option<Tensor<D>>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(x),
            Self::Sigmoid => activation::sigmoid(x),
            Self::Tanh => activation::tanh(x),
            Self::LeakyRelu => activation::leaky_relu(x, 0.01),
            Self::Gelu => activation::gelu(x),
            Self::GeluApproximate => activation::gelu_approximate(x),
            Self::Silu => activation::silu(x),
            Self::Mish => activation::mish(x),
            // CELU is ELU where alpha is 1.
            Self::Elu | Self::Celu => activation::relu(x.clone()) + negative_exponential(x),
            Self::Selu => {
                (activation::relu(x.clone()) + negative_exponential(x).mul_scalar(SELU_ALPHA)).mul_scalar(SELU_SCALE)
            }
            Self::Prelu => match slope {
                Some(slope) => activation::relu(x.clone()) - slope * activation::relu(-x),
                None => activation::leaky_relu(x, f64::from(PRELU_START)),
            },
            Self::Relu6 => activation::relu6(x),
            Self::Softplus => activation::softplus_with_threshold(x, 1.0, 20.0),
            Self::Softsign => activation::softsign(x),
            Self::LogSigmoid => activation::log_sigmoid(x),
            Self::HardSigmoid => activation::hard_sigmoid(x, 0.2, 0.5),
            Self::HardSwish => activation::hard_swish(x),
            Self::HardTanh => activation::hardtanh(x, -1.0, 1.0),
            Self::ThresholdedRelu => activation::thresholded_relu(x, 1.0),
            Self::HardShrink => activation::hard_shrink(x, 0.5),
            Self::SoftShrink => activation::soft_shrink(x, 0.5),
            Self::TanhShrink => activation::tanhshrink(x),
            Self::Step => {
                let dtype = x.dtype();
                x.detach().greater_equal_elem(0.0).float().cast(dtype)
            }
            Self::Identity => x,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_experiment_files() {
        for kind in ActivationKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
