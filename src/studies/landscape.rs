//! The loss landscape around a trained network, along two random directions in weight space (Li et al., "Visualizing
//! the loss landscape of neural nets", 2018).
//!
//! In: a network (a stack of one) and examples. Out: the loss on an even grid of steps along both directions. A
//! direction is drawn from the normal distribution and filter-normalised: its weights into each unit are scaled to the
//! norm of the network's own, so that steps compare between layers of any scale. Biases do not change.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

use super::Objective;
use super::grid::Grid2d;
use crate::evaluate::evaluate;
use crate::nn::models::Network;
use crate::seed::{Purpose, Stream};

/// Points of the grid that are evaluated as one stack of networks.
const STACK: usize = 32;

/// Extent, resolution and directions of the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LandscapeConfig {
    /// The grid reaches from `-reach` to `reach` along each direction, in filter norms.
    pub reach: f64,
    /// Points along each direction; an odd number puts the network itself in the middle.
    pub points: usize,
    /// The seed of the directions.
    pub seed: u64,
}

/// The loss at every point of the grid.
pub fn loss_landscape(model: &Network, objective: Objective, config: LandscapeConfig, device: &Device) -> Grid2d {
    let Objective { split, task, loss } = objective;
    let weights: Vec<LayerWeights> = model.layers().iter().map(|layer| LayerWeights::of(&layer.weight.val())).collect();
    let directions = [0, 1].map(|index| direction(&weights, config.seed, index));
    let ends = (-config.reach, config.reach);
    Grid2d::of([ends, ends], config.points, |points| {
        let stacks = points.chunks(STACK);
        let losses = stacks.flat_map(|steps| {
            let stack = perturbed(model, &weights, &directions, steps, device);
            evaluate(&stack, split, task, loss, device).into_iter().map(|scores| scores.loss).collect::<Vec<f64>>()
        });
        losses.collect()
    })
}

/// The weights of one layer, or a direction in them: `[inputs, outputs]`, row-major.
struct LayerWeights {
    values: Vec<f32>,
    outputs: usize,
}

impl LayerWeights {
    fn of(weight: &Tensor<3>) -> Self {
        Self { values: weight.clone().into_data().iter::<f32>().collect(), outputs: weight.dims()[2] }
    }

    /// The filter norms, `[outputs]`: the Euclidean norm of the weights into each unit.
    fn norms(&self) -> Vec<f64> {
        let mut squares = vec![0.0; self.outputs];
        self.values.iter().enumerate().for_each(|(i, &v)| squares[i % self.outputs] += f64::from(v) * f64::from(v));
        squares.into_iter().map(f64::sqrt).collect()
    }
}

/// Random direction `index` in the weights of all layers, filter-normalised.
fn direction(weights: &[LayerWeights], seed: u64, index: u64) -> Vec<LayerWeights> {
    let mut stream = Stream::new(seed, Purpose::Direction, index);
    weights
        .iter()
        .map(|weights| {
            let values = weights.values.iter().map(|_| stream.normal() as f32).collect();
            let mut drawn = LayerWeights { values, outputs: weights.outputs };
            let factors: Vec<f64> =
                weights.norms().iter().zip(drawn.norms()).map(|(norm, drawn)| norm / drawn.max(1e-12)).collect();
            let outputs = drawn.outputs;
            drawn.values.iter_mut().enumerate().for_each(|(i, v)| *v = (f64::from(*v) * factors[i % outputs]) as f32);
            drawn
        })
        .collect()
}

/// The network moved by each of some steps `[x, y]` along the two directions, as one stack.
fn perturbed(
    model: &Network,
    weights: &[LayerWeights],
    directions: &[Vec<LayerWeights>; 2],
    steps: &[Vec<f64>],
    device: &Device,
) -> Network {
    let copies: Vec<Network> = steps.iter().map(|_| model.clone()).collect();
    let mut stack = Network::concat(&copies).unwrap_or_else(|| model.clone());
    for (layer, index) in stack.layers_mut().into_iter().zip(0..) {
        let shape = layer.weight.dims();
        let [a, b] = directions.each_ref().map(|direction| &direction[index].values);
        let moved_by = |step: &Vec<f64>| {
            let (x, y) = (step[0] as f32, step[1] as f32);
            let offsets = a.iter().zip(b).map(move |(a, b)| x * a + y * b);
            weights[index].values.iter().zip(offsets).map(|(weight, offset)| weight + offset).collect::<Vec<f32>>()
        };
        let values: Vec<f32> = steps.iter().flat_map(moved_by).collect();
        layer.weight = Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device));
    }
    stack
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Pixels, toys};
    use crate::experiment::config::{Hidden, TrialConfig};
    use crate::nn::device;
    use crate::nn::loss::Loss;
    use crate::nn::task::Task;

    #[test]
    fn the_middle_is_the_networks_own_loss_and_directions_have_its_filter_norms() {
        let device = device::for_tests();
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![6]);
        let dataset = toys::find("blobs").unwrap().dataset();
        let (split, task, loss) = (dataset.test.slice(0, 50, Pixels::Unit), config.task(2), Loss::CrossEntropy);
        let model = config.network(2, 2).init(&[1], &device);
        let grid_config = LandscapeConfig { reach: 1.0, points: 7, seed: 0 };
        let grid = loss_landscape(&model, Objective { split, task, loss }, grid_config, &device);
        let expected = evaluate(&model, split, task, loss, &device)[0].loss;
        assert!((grid.values[24] - expected).abs() < 1e-6);
        assert!(grid.values.iter().any(|loss| (loss - expected).abs() > 0.05));
        let weights: Vec<LayerWeights> =
            model.layers().iter().map(|layer| LayerWeights::of(&layer.weight.val())).collect();
        for (drawn, weights) in direction(&weights, 0, 1).iter().zip(&weights) {
            assert!(drawn.norms().iter().zip(weights.norms()).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn the_squared_error_of_a_linear_model_is_quadratic_along_a_direction() {
        // All second differences along a row of the grid are equal.
        let device = device::for_tests();
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(Vec::new());
        config.data.dataset = "line".into();
        let dataset = toys::find("line").unwrap().dataset();
        let model = config.network(1, 0).init(&[1], &device);
        let split = dataset.test.slice(0, 100, Pixels::Unit);
        let objective = Objective { split, task: Task::Regress, loss: Loss::Mse };
        let grid_config = LandscapeConfig { reach: 2.0, points: 9, seed: 3 };
        let grid = loss_landscape(&model, objective, grid_config, &device);
        let row = &grid.values[36..45];
        let second: Vec<f64> = row.windows(3).map(|w| w[0] - 2.0 * w[1] + w[2]).collect();
        assert!(second.iter().all(|d| (d - second[0]).abs() < 1e-4 && *d > 0.0), "{second:?}");
    }
}
