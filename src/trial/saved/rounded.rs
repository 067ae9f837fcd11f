//! A network's weights rounded to 16 or 8 bits, as the text that a page of HTML holds.
//!
//! In: a stack of one. Out: its layers, and one base64 text of all numbers. A layer's weights `[in, out]` come first, then its biases `[out]`,
//! little-endian. With 16 bits they are half floats (IEEE 754 binary16). With 8 bits a layer begins with a half float for each output, by
//! which the signed bytes of its column are multiplied; biases stay half floats.

use anyhow::{Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use burn::module::Param;
use burn::tensor::Tensor;
use half::f16;
use serde::{Deserialize, Serialize};

use crate::nn::models::{ActivationKind, LayerShape, Network};

/// Bits of a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// A half float: a relative error of at most 1/2048.
    Sixteen,
    /// A signed byte: an error of at most 1/254 of the largest weight into the same unit.
    Eight,
}

/// The layers and the rounded numbers of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundedNetwork {
    /// First to last.
    pub layers: Vec<RoundedLayer>,
    /// 16 or 8.
    pub bits: u8,
    /// The numbers, as base64.
    pub numbers: String,
}

/// One layer: `y = activation(x W + b)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundedLayer {
    /// Width of the input.
    pub inputs: usize,
    /// Width of the output.
    pub outputs: usize,
    /// Whether there are biases.
    pub bias: bool,
    /// Applied to the outputs.
    pub activation: ActivationKind,
    /// The slope of a PReLU.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub slope: Option<f32>,
}

impl RoundedNetwork {
    /// Rounds a stack of one; `shapes` are those of its layers.
    ///
    /// # Errors
    /// The shapes are not the network's, or its numbers cannot be read from the device.
    pub fn new(network: &Network, shapes: &[LayerShape], bits: Bits) -> Result<Self> {
        let layers = network.layers();
        ensure!(layers.len() == shapes.len(), "{} layers and {} shapes", layers.len(), shapes.len());
        let mut slopes = network.slopes().into_iter();
        let mut rounded = Vec::with_capacity(shapes.len());
        let mut bytes = Vec::new();
        for (layer, shape) in layers.into_iter().zip(shapes) {
            let weights = numbers(&layer.weight)?;
            ensure!(weights.len() == shape.weights(), "{} weights of {}", weights.len(), shape.weights());
            put_weights(&weights, shape.outputs, bits, &mut bytes);
            let biases = layer.bias.as_ref().map(numbers).transpose()?;
            biases.iter().flatten().for_each(|&bias| put_half(bias, &mut bytes));
            let slope = if shape.slopes > 0 { slopes.next().map(numbers).transpose()? } else { None };
            rounded.push(RoundedLayer {
                inputs: shape.inputs,
                outputs: shape.outputs,
                bias: biases.is_some(),
                activation: shape.activation,
                slope: slope.and_then(|slope| slope.first().copied()),
            });
        }
        let bits = match bits {
            Bits::Sixteen => 16,
            Bits::Eight => 8,
        };
        Ok(Self { layers: rounded, bits, numbers: STANDARD.encode(bytes) })
    }

    /// The bytes that base64 makes of the numbers of layers of these shapes.
    pub fn text_bytes(shapes: &[LayerShape], bits: Bits) -> usize {
        let of_layer = |shape: &LayerShape| match bits {
            Bits::Sixteen => 2 * (shape.weights() + shape.biases),
            Bits::Eight => shape.weights() + 2 * (shape.outputs + shape.biases),
        };
        shapes.iter().map(of_layer).sum::<usize>().div_ceil(3) * 4
    }

    /// Whether there are as many numbers as the layers need, and each layer takes what the one before it gives. A file may say otherwise.
    pub fn is_whole(&self) -> bool {
        let of_layer = |layer: &RoundedLayer| {
            let (weights, biases) =
                (layer.inputs.checked_mul(layer.outputs)?, if layer.bias { layer.outputs } else { 0 });
            match self.bits {
                16 => weights.checked_add(biases)?.checked_mul(2),
                8 => layer.outputs.checked_add(biases)?.checked_mul(2)?.checked_add(weights),
                _ => None,
            }
        };
        let has_slopes =
            self.layers.iter().all(|layer| layer.activation != ActivationKind::Prelu || layer.slope.is_some());
        let bytes = self.layers.iter().try_fold(0usize, |sum, layer| sum.checked_add(of_layer(layer)?));
        let fits = self.layers.windows(2).all(|pair| pair[0].outputs == pair[1].inputs);
        fits && has_slopes
            && !self.layers.is_empty()
            && bytes.is_some_and(|bytes| STANDARD.decode(&self.numbers).is_ok_and(|found| found.len() == bytes))
    }
}

fn numbers(parameter: &Param<Tensor<3>>) -> Result<Vec<f32>> {
    Ok(parameter.val().into_data().try_to_vec()?)
}

fn put_half(value: f32, bytes: &mut Vec<u8>) {
    // What is larger than a half float can be is its largest.
    let largest = f16::MAX.to_f32();
    bytes.extend(f16::from_f32(value.clamp(-largest, largest)).to_le_bytes());
}

/// Weights `[in, out]`.
fn put_weights(weights: &[f32], outputs: usize, bits: Bits, bytes: &mut Vec<u8>) {
    if bits == Bits::Sixteen {
        weights.iter().for_each(|&weight| put_half(weight, bytes));
        return;
    }
    let mut steps = vec![0.0f32; outputs];
    for row in weights.chunks_exact(outputs) {
        steps.iter_mut().zip(row).for_each(|(largest, weight)| *largest = largest.max(weight.abs()));
    }
    for step in &mut steps {
        // The step is what will be read, and no byte may pass 127.
        *step = f16::from_f32(*step / 126.9).to_f32();
        put_half(*step, bytes);
    }
    for row in weights.chunks_exact(outputs) {
        let byte = |(weight, step): (&f32, &f32)| if *step > 0.0 { (weight / step).round() as i8 } else { 0 };
        bytes.extend(row.iter().zip(&steps).map(byte).map(|byte| byte as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::config::{Hidden, TrialConfig};
    use crate::nn::device;

    fn network() -> (Network, Vec<LayerShape>) {
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![5, 4]);
        config.model.activation = ActivationKind::Prelu;
        let network = config.network(7, 3);
        (network.init(&[1], &device::for_tests()), network.shapes().into_iter().map(|(_, shape)| shape).collect())
    }

    fn half(bytes: &[u8]) -> f32 {
        f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
    }

    #[test]
    fn half_floats_are_the_weights_to_a_part_in_2048() {
        let (network, shapes) = network();
        let rounded = RoundedNetwork::new(&network, &shapes, Bits::Sixteen).unwrap();
        assert!(rounded.is_whole());
        assert_eq!(rounded.numbers.len(), RoundedNetwork::text_bytes(&shapes, Bits::Sixteen));
        assert_eq!(rounded.layers[0].slope, Some(0.25));
        assert_eq!((rounded.layers[2].inputs, rounded.layers[2].outputs, rounded.layers[2].slope), (4, 3, None));
        let bytes = STANDARD.decode(&rounded.numbers).unwrap();
        let weights = numbers(&network.layers()[0].weight).unwrap();
        for (weight, bytes) in weights.iter().zip(bytes.chunks_exact(2)) {
            assert!((half(bytes) - weight).abs() <= weight.abs() / 2048.0 + 1e-7);
        }
    }

    #[test]
    fn bytes_are_the_weights_to_half_a_step_of_their_column() {
        let (network, shapes) = network();
        let rounded = RoundedNetwork::new(&network, &shapes, Bits::Eight).unwrap();
        assert!(rounded.is_whole());
        assert_eq!(rounded.numbers.len(), RoundedNetwork::text_bytes(&shapes, Bits::Eight));
        let bytes = STANDARD.decode(&rounded.numbers).unwrap();
        let steps: Vec<f32> = bytes[..10].chunks_exact(2).map(half).collect();
        let weights = numbers(&network.layers()[0].weight).unwrap();
        for (index, weight) in weights.iter().enumerate() {
            let step = steps[index % 5];
            let found = f32::from(bytes[10 + index] as i8) * step;
            assert!((found - weight).abs() <= 0.501 * step, "{found} {weight} {step}");
        }
    }

    #[test]
    fn a_text_of_another_length_or_of_layers_that_do_not_fit_is_not_whole() {
        let (network, shapes) = network();
        let rounded = RoundedNetwork::new(&network, &shapes, Bits::Sixteen).unwrap();
        let with = |change: fn(&mut RoundedNetwork)| {
            let mut other = rounded.clone();
            change(&mut other);
            other.is_whole()
        };
        assert!(!with(|n| n.numbers.truncate(8)));
        assert!(!with(|n| n.numbers = "no base64".into()));
        assert!(!with(|n| n.bits = 4));
        assert!(!with(|n| n.layers[0].inputs = usize::MAX));
        assert!(!with(|n| n.layers[1].outputs = 5));
        assert!(!with(|n| n.layers[0].slope = None));
    }
}
