//! The stacked linear layer: R independent maps `y = x W + b` as one batched matrix product.
//!
//! In: `[R, B, in]`, or `[1, B, in]` for every replica alike. Out: `[R, B, out]`.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use super::init::LayerInit;
use crate::seed::{Purpose, Stream};

/// R independent affine maps of the same shape.
#[derive(Module, Debug)]
pub struct StackedLinear {
    /// `[R, in, out]`
    pub weight: Param<Tensor<3>>,
    /// `[R, 1, out]`; `None` for a layer without bias.
    pub bias: Option<Param<Tensor<3>>>,
}

/// Shape and initialiser of a [`StackedLinear`].
#[derive(Debug, Clone)]
pub struct LinearConfig {
    /// Width of the input.
    pub inputs: usize,
    /// Width of the output.
    pub outputs: usize,
    /// Whether a bias is added.
    pub bias: bool,
    /// The initialiser of weights and biases.
    pub init: LayerInit,
    /// The layer's index in its network: the counter of its stream of initial weights.
    pub index: u64,
}

impl LinearConfig {
    /// A stack with one replica for each seed, whose weights are drawn on the host from the seed's own stream.
    pub fn init(&self, seeds: &[u64], device: &Device) -> StackedLinear {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let mut weights = Vec::with_capacity(seeds.len() * inputs * outputs);
        let mut biases = Vec::with_capacity(seeds.len() * outputs);
        for &seed in seeds {
            let mut stream = Stream::new(seed, Purpose::Init, self.index);
            self.init.draw([inputs, outputs], &mut stream, &mut weights, &mut biases);
        }
        let stack = seeds.len();
        let bias = TensorData::new(biases, [stack, 1, outputs]);
        StackedLinear {
            weight: parameter(TensorData::new(weights, [stack, inputs, outputs]), device),
            bias: self.bias.then(|| parameter(bias, device)),
        }
    }
}

impl StackedLinear {
    /// `[R or 1, B, in] -> [R, B, out]`; an input `[1, B, in]` is the input of every replica.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let y = x.matmul(self.weight.val());
        match &self.bias {
            Some(bias) => y + bias.val(),
            None => y,
        }
    }

    /// Replica `r` as a stack of one.
    pub fn replica(&self, r: usize) -> Self {
        self.map_tensors(|tensor| tensor.narrow(0, r, 1))
    }

    /// Stacks of one shape, one after the other, as one stack.
    pub fn concat(layers: &[&Self]) -> Self {
        let cat = |tensors: Vec<Tensor<3>>| Param::from_tensor(Tensor::cat(tensors, 0));
        let biases: Option<Vec<_>> = layers.iter().map(|layer| Some(layer.bias.as_ref()?.val())).collect();
        Self { weight: cat(layers.iter().map(|layer| layer.weight.val()).collect()), bias: biases.map(cat) }
    }

    fn map_tensors(&self, f: impl Fn(Tensor<3>) -> Tensor<3>) -> Self {
        Self {
            weight: Param::from_tensor(f(self.weight.val())),
            bias: self.bias.as_ref().map(|bias| Param::from_tensor(f(bias.val()))),
        }
    }
}

fn parameter(data: TensorData, device: &Device) -> Param<Tensor<3>> {
    Param::from_tensor(Tensor::from_data(data, device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::device;

    #[test]
    fn a_stack_of_two_computes_the_values_worked_by_hand_for_each_replica() {
        let device = device::for_tests();
        let weight = TensorData::new(vec![1.0f32, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0], [2, 2, 2]);
        let layer = StackedLinear {
            weight: parameter(weight, &device),
            bias: Some(parameter(TensorData::new(vec![0.5f32, 0.0, 0.0, -1.0], [2, 1, 2]), &device)),
        };
        let x = Tensor::from_data(TensorData::new(vec![1.0f32, 1.0], [1, 1, 2]), &device);
        let y = layer.forward(x).into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(y, [4.5, 6.0, 40.0, 59.0]);
        let again = StackedLinear::concat(&[&layer.replica(0), &layer.replica(1)]);
        assert_eq!(again.weight.val().into_data(), layer.weight.val().into_data());
    }
}
