//! What a layer is like as training goes on: how large its gradient is, and how many of its units no longer respond to their inputs.
//!
//! In: a network and a probe, the first training examples. Out: a number or three for each layer. It is computed on the host in the order
//! that the CPU's passes define, on whichever device the network is trained; nothing is drawn, so that the training stays as it is.

use crate::data::Split;
use crate::evaluate::inputs;
use crate::nn::cpu::feed_forward::Layer;
use crate::nn::cpu::sum::sum_pairs;
use crate::nn::cpu::{FeedForward, Pass, activation, loss};
use crate::nn::loss::Loss;
use crate::nn::models::ActivationKind;
use crate::nn::task::Task;

/// The most examples of a probe.
pub const PROBE: usize = 256;

/// The share of an activation's range within which an output counts as at its limit.
const NEAR_A_LIMIT: f32 = 0.05;

/// One layer on the probe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerState {
    /// The Euclidean norm of the gradient of the probe's loss with respect to the weights, without penalties and biases; 0 where no
    /// gradient reaches the layer.
    pub gradient_norm: f64,
    /// The share of units and examples whose output is within 5 % of the range from a limit of a sigmoid or of tanh, or is 0 after a ReLU;
    /// `None` for other activations.
    pub saturated: Option<f64>,
    /// The mean derivative of the activation over units and examples; `None` for a layer without activation.
    pub slope: Option<f64>,
}

/// The layers of a network on the probe, first to last, without dropout or noise.
pub fn look(network: &FeedForward, probe: Split, task: Task, loss: Loss) -> Vec<LayerState> {
    let mut network = network.clone();
    let (count, inputs) = (probe.count(), inputs(probe.rows));
    let images = if task.reconstructs() { probe.rows.numbers() } else { Vec::new() };
    let targets = task.targets(&images, probe.labels, probe.targets);
    let mut pass = Pass::default();
    network.forward(&inputs, count, &[], &mut pass);
    let layers = network.layers.iter().enumerate();
    let mut states: Vec<LayerState> =
        layers.map(|(index, layer)| of_units(layer, pass.sums_and_outputs(index))).collect();
    let lowest = network.lowest_reached();
    let gradient_of_loss = |outputs: &[f32], grad: &mut [f32]| {
        loss::loss_and_gradient(loss, outputs, &targets, targets.len() / count, grad);
    };
    network.backward((&inputs, count, &[]), &mut pass, lowest, gradient_of_loss, |index, layer, gradient| {
        let mut weights = vec![0.0; layer.weight.len()];
        gradient.weight_rows(0..layer.inputs, &mut weights);
        states[index].gradient_norm = sum_pairs(&weights, &weights, |a, b| a * b).sqrt();
    });
    states
}

/// The state of a layer's units, from its sums and its outputs `[B, outputs]`, with no gradient yet.
fn of_units(layer: &Layer, (sums, outputs): (&[f32], &[f32])) -> LayerState {
    let kind = layer.activation;
    let share = |is_saturated: fn(f32) -> bool| {
        let saturated = outputs.iter().filter(|output| is_saturated(**output)).count();
        Some(saturated as f64 / outputs.len() as f64)
    };
    let saturated = match kind {
        ActivationKind::Sigmoid => share(|a| !(NEAR_A_LIMIT..=1.0 - NEAR_A_LIMIT).contains(&a)),
        ActivationKind::Tanh => share(|a| a.abs() > 1.0 - 2.0 * NEAR_A_LIMIT),
        ActivationKind::Relu => share(|a| a == 0.0),
        _ => None,
    };
    let slope = (kind != ActivationKind::Identity).then(|| {
        let mut slopes = vec![1.0; sums.len()];
        activation::backward(kind, layer.slope, sums, outputs, &mut slopes);
        sum_pairs(&slopes, &slopes, |slope, _| slope) / slopes.len() as f64
    });
    LayerState { gradient_norm: 0.0, saturated, slope }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Rows;
    use crate::nn::cpu::aligned::Aligned;

    fn layer(activation: ActivationKind, weights: &[f32]) -> Layer {
        Layer {
            inputs: 1,
            outputs: weights.len(),
            weight: Aligned::copy_of(weights),
            bias: None,
            activation,
            slope: None,
            hidden: None,
        }
    }

    /// The state of one layer whose sums are the weights times 1 and times -1.
    fn state(activation: ActivationKind, weights: &[f32]) -> LayerState {
        let network = FeedForward { layers: vec![layer(activation, weights)] };
        let targets = [0.0; 2];
        let probe =
            Split { rows: Rows::Numbers { values: &[1.0, -1.0], width: 1 }, labels: &[0, 0], targets: &targets };
        look(&network, probe, Task::Regress, Loss::Quadratic)[0]
    }

    #[test]
    fn saturation_and_slope_are_those_worked_by_hand() {
        // ReLU of 2 and -2: one of two inactive, slopes 1 and 0.
        let relu = state(ActivationKind::Relu, &[2.0]);
        assert_eq!((relu.saturated, relu.slope), (Some(0.5), Some(0.5)));
        // s(4) = 0.982 and s(-4) are near a limit, of slope 0.01766; s(0) = 0.5 is not, of slope 0.25. ln 19 is where 5 % begin.
        let sigmoid = |weight: f32| state(ActivationKind::Sigmoid, &[weight]);
        assert_eq!(sigmoid(4.0).saturated, Some(1.0));
        assert_eq!([2.9, 3.0].map(|weight| sigmoid(weight).saturated), [Some(0.0), Some(1.0)]);
        assert!((sigmoid(4.0).slope.unwrap() - 0.017_662_7).abs() < 1e-6);
        assert_eq!(sigmoid(0.0).slope, Some(0.25));
        // tanh 1.47 = 0.8996 and tanh 1.48 = 0.9015.
        assert_eq!([1.47, 1.48].map(|weight| state(ActivationKind::Tanh, &[weight]).saturated), [Some(0.0), Some(1.0)]);
        let identity = state(ActivationKind::Identity, &[2.0]);
        assert_eq!((identity.saturated, identity.slope), (None, None));
        assert_eq!(state(ActivationKind::Gelu, &[2.0]).saturated, None);
    }

    #[test]
    fn the_gradient_norm_is_the_one_worked_by_hand() {
        // Outputs 3 x with targets 0 at x = 1 and -1: the mean of z x is 3.
        assert_eq!(state(ActivationKind::Identity, &[3.0]).gradient_norm, 3.0);
        // Of two layers, y = 4 (3 x): the mean of z times the other weight and x is 48 for the first and 36 for the second.
        let layers = vec![layer(ActivationKind::Identity, &[3.0]), layer(ActivationKind::Identity, &[4.0])];
        let targets = [0.0; 2];
        let probe =
            Split { rows: Rows::Numbers { values: &[1.0, -1.0], width: 1 }, labels: &[0, 0], targets: &targets };
        let norms: Vec<f64> = look(&FeedForward { layers: layers.clone() }, probe, Task::Regress, Loss::Quadratic)
            .iter()
            .map(|state| state.gradient_norm)
            .collect();
        assert_eq!(norms, [48.0, 36.0]);
        // No gradient passes a step.
        let step = vec![layer(ActivationKind::Step, &[3.0]), layer(ActivationKind::Identity, &[4.0])];
        assert_eq!(look(&FeedForward { layers: step }, probe, Task::Regress, Loss::Quadratic)[0].gradient_norm, 0.0);
    }
}
