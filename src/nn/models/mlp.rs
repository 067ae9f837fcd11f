//! The multi-layer perceptron, stacked: R networks of one shape, trained as one tensor program.
//!
//! In: `[R, B, in]`, or `[1, B, in]` for every replica alike. Out: `[R, B, out]`, which are logits if the loss is a
//! cross-entropy.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use super::activation::{ActivationKind, PRELU_START};
use super::init::LayerInit;
use super::linear::{LinearConfig, StackedLinear};

/// The shape of an [`Mlp`] and its initialiser.
#[derive(Debug, Clone, PartialEq)]
pub struct MlpConfig {
    /// Width of the input: 784 for a 28x28 image.
    pub inputs: usize,
    /// Width of each hidden layer, first to last; empty for a linear model.
    pub hidden: Vec<usize>,
    /// Width of the output: for a classifier, the number of classes.
    pub outputs: usize,
    /// Applied after every hidden layer.
    pub activation: ActivationKind,
    /// The initialiser of weights and biases.
    pub init: LayerInit,
    /// Whether the layers have biases.
    pub bias: bool,
    /// Applied after the last layer.
    pub output: ActivationKind,
    /// The index of its first layer in the whole network: above 0 for a decoder, so that it draws other weights than
    /// the encoder.
    pub first_layer: u64,
}

/// R multi-layer perceptrons of one shape.
#[derive(Module, Debug)]
pub struct Mlp {
    /// The linear layers, first to last.
    pub layers: Vec<StackedLinear>,
    /// The slopes `[R, 1, 1]` of each hidden layer's PReLU; empty for other activations.
    pub slopes: Vec<Param<Tensor<3>>>,
    #[module(skip)]
    activation: ActivationKind,
    #[module(skip)]
    output: ActivationKind,
}

/// The shape of one linear layer and the activation after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerShape {
    /// Width of the input.
    pub inputs: usize,
    /// Width of the output.
    pub outputs: usize,
    /// Number of biases: one for each output, or none.
    pub biases: usize,
    /// Number of slopes: 1 of a PReLU, else none.
    pub slopes: usize,
    /// Applied to the outputs.
    pub activation: ActivationKind,
}

impl LayerShape {
    /// Number of weights of one replica.
    pub fn weights(&self) -> usize {
        self.inputs * self.outputs
    }

    /// Number of parameters of one replica: weights, biases and slopes.
    pub fn parameters(&self) -> usize {
        self.weights() + self.biases + self.slopes
    }
}

impl MlpConfig {
    /// All widths from input to output, such as `[784, 64, 32, 10]`.
    pub fn widths(&self) -> Vec<usize> {
        std::iter::once(self.inputs).chain(self.hidden.iter().copied()).chain(std::iter::once(self.outputs)).collect()
    }

    /// The linear layers, first to last.
    pub fn shapes(&self) -> Vec<LayerShape> {
        let shape = |(index, pair): (usize, &[usize])| {
            let is_hidden = index < self.hidden.len();
            LayerShape {
                inputs: pair[0],
                outputs: pair[1],
                biases: if self.bias { pair[1] } else { 0 },
                slopes: usize::from(is_hidden && self.activation == ActivationKind::Prelu),
                activation: if is_hidden { self.activation } else { self.output },
            }
        };
        self.widths().windows(2).enumerate().map(shape).collect()
    }

    /// Number of parameters of one replica.
    pub fn parameters(&self) -> usize {
        self.shapes().iter().map(LayerShape::parameters).sum()
    }

    /// A stack with one replica for each seed.
    pub fn init(&self, seeds: &[u64], device: &Device) -> Mlp {
        let widths = self.widths();
        let layers = widths.windows(2).enumerate().map(|(index, pair)| {
            let [inputs, outputs] = [pair[0], pair[1]];
            let index = self.first_layer + index as u64;
            LinearConfig { inputs, outputs, bias: self.bias, init: self.init, index }.init(seeds, device)
        });
        let slope = || {
            let data = TensorData::new(vec![PRELU_START; seeds.len()], [seeds.len(), 1, 1]);
            Param::from_tensor(Tensor::from_data(data, device))
        };
        let slopes = if self.activation == ActivationKind::Prelu { self.hidden.len() } else { 0 };
        Mlp {
            layers: layers.collect(),
            slopes: (0..slopes).map(|_| slope()).collect(),
            activation: self.activation,
            output: self.output,
        }
    }
}

impl Mlp {
    /// `[R or 1, B, in] -> [R, B, out]`
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.forward_masked(x, &[])
    }

    /// The forward pass with a dropout mask `[R, B, width]` for each hidden layer, already divided by the probability
    /// of keeping a unit (inverted dropout); no masks means no dropout.
    pub fn forward_masked(&self, mut x: Tensor<3>, masks: &[Tensor<3>]) -> Tensor<3> {
        let last = self.layers.len() - 1;
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x); // [R, B, width]
            if index < last {
                let slope = self.slopes.get(index).map(Param::val);
                x = self.activation.apply(x, slope);
                if let Some(mask) = masks.get(index) {
                    x = x * mask.clone();
                }
            }
        }
        self.output.apply(x, None)
    }

    /// The activation of the hidden layers.
    pub(crate) fn activation(&self) -> ActivationKind {
        self.activation
    }

    /// The activation of the last layer.
    pub(crate) fn output(&self) -> ActivationKind {
        self.output
    }

    /// The same networks with another activation of the last layer.
    pub(crate) fn with_output(&self, output: ActivationKind) -> Self {
        Self { output, ..self.clone() }
    }

    /// Widths of the hidden layers.
    pub fn hidden_widths(&self) -> Vec<usize> {
        let hidden = &self.layers[..self.layers.len() - 1];
        hidden.iter().map(|layer| layer.weight.dims()[2]).collect()
    }

    /// Replica `r` as a stack of one.
    pub fn replica(&self, r: usize) -> Self {
        Self {
            layers: self.layers.iter().map(|layer| layer.replica(r)).collect(),
            slopes: self.slopes.iter().map(|s| Param::from_tensor(s.val().narrow(0, r, 1))).collect(),
            activation: self.activation,
            output: self.output,
        }
    }

    /// Stacks of one shape, one after the other, as one stack; `None` if there are none.
    pub fn concat(stacks: &[Self]) -> Option<Self> {
        let first = stacks.first()?;
        let layer = |i: usize| StackedLinear::concat(&stacks.iter().map(|stack| &stack.layers[i]).collect::<Vec<_>>());
        let slope = |i: usize| {
            let all = stacks.iter().map(|stack| stack.slopes[i].val()).collect();
            Param::from_tensor(Tensor::cat(all, 0))
        };
        Some(Self {
            layers: (0..first.layers.len()).map(layer).collect(),
            slopes: (0..first.slopes.len()).map(slope).collect(),
            activation: first.activation,
            output: first.output,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::device;
    use crate::nn::models::Init;

    fn config(activation: ActivationKind) -> MlpConfig {
        MlpConfig {
            inputs: 5,
            hidden: vec![4, 3],
            outputs: 2,
            activation,
            init: Init::Default.into(),
            bias: true,
            output: ActivationKind::Identity,
            first_layer: 0,
        }
    }

    #[test]
    fn the_classifier_of_the_source_has_52650_parameters() {
        let classifier = MlpConfig { inputs: 784, hidden: vec![64, 32], outputs: 10, ..config(ActivationKind::Relu) };
        assert_eq!(classifier.parameters(), 784 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10);
        assert_eq!(classifier.init(&[0], &device::for_tests()).num_params(), 52_650);
        let each: Vec<usize> = classifier.shapes().iter().map(LayerShape::parameters).collect();
        assert_eq!(each, [50_240, 2_080, 330]);
    }

    #[test]
    fn a_hidden_layer_of_128_has_101_632_parameters_without_biases_and_101_770_with_them() {
        let with = MlpConfig { inputs: 784, hidden: vec![128], outputs: 10, ..config(ActivationKind::Relu) };
        assert_eq!(with.parameters(), 101_770);
        let without = MlpConfig { bias: false, ..with };
        let each: Vec<usize> = without.shapes().iter().map(LayerShape::parameters).collect();
        assert_eq!((each, without.parameters()), (vec![100_352, 1_280], 101_632));
    }

    #[test]
    fn a_replica_of_a_stack_computes_the_bits_it_computes_alone() {
        let device = device::for_tests();
        let x = Tensor::from_data(
            TensorData::new((0..35).map(|i| i as f32 / 9.0 - 2.0).collect::<Vec<_>>(), [1, 7, 5]),
            &device,
        );
        for &activation in ActivationKind::ALL {
            let config = config(activation);
            let stack = config.init(&[3, 1, 4], &device);
            let together = stack.forward(x.clone()).into_data().try_to_vec::<f32>().unwrap();
            for (r, seed) in [3, 1, 4].into_iter().enumerate() {
                let alone = config.init(&[seed], &device).forward(x.clone());
                let alone = alone.into_data().try_to_vec::<f32>().unwrap();
                assert_eq!(alone, together[r * 14..(r + 1) * 14], "{activation:?} replica {r}");
                let cut = stack.replica(r).forward(x.clone()).into_data().try_to_vec::<f32>().unwrap();
                assert_eq!(alone, cut);
            }
        }
    }

    #[test]
    fn concat_of_the_replicas_is_the_stack() {
        let device = device::for_tests();
        let stack = config(ActivationKind::Prelu).init(&[0, 1], &device);
        let again = Mlp::concat(&[stack.replica(0), stack.replica(1)]).unwrap();
        for (a, b) in stack.layers.iter().zip(&again.layers) {
            assert_eq!(a.weight.val().into_data(), b.weight.val().into_data());
        }
        assert_eq!(again.slopes.len(), 2);
    }
}
