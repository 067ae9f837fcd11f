//! The loss around a trained network, along two random directions through its weights.
//!
//! In: a network (a stack of one) and examples. Out: the loss on an even grid of steps along both directions. Each direction is drawn
//! normal and then scaled, filter by filter (here: the weights into one unit), to the norm of the network's own filter, so that steps
//! mean the same whatever the scale of a layer; biases stay. Li et al., "Visualizing the loss landscape of neural nets", 2018.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

use super::grid::Grid2d;
use crate::data::Split;
use crate::evaluate::evaluate;
use crate::nn::loss::Loss;
use crate::nn::models::Network;
use crate::nn::task::Task;
use crate::seed::{Purpose, Stream};

/// Points of the grid that are evaluated as one stack.
const STACK: usize = 32;

/// How far, how fine, and which directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// The last step along each direction, in filter norms.
    pub reach: f64,
    /// Points along each direction.
    pub points: usize,
    /// Keys the directions.
    pub seed: u64,
}

/// The loss at every point of the grid; the network itself is in its middle.
pub fn survey(model: &Network, (split, task): (Split, Task), loss: Loss, view: View, device: &Device) -> Grid2d {
    let own: Vec<Matrix> = model.layers().iter().map(|layer| Matrix::of(&layer.weight.val())).collect();
    let directions = [0, 1].map(|which| direction(&own, view.seed, which));
    let ends = (-view.reach, view.reach);
    Grid2d::of([ends, ends], view.points, |points| {
        let stacks = points.chunks(STACK);
        let losses = stacks.flat_map(|steps| {
            let moved = moved(model, &own, &directions, steps, device);
            evaluate(&moved, split, task, loss, device).into_iter().map(|scores| scores.loss).collect::<Vec<f64>>()
        });
        losses.collect()
    })
}

/// A layer's weights `[inputs, outputs]`, row by row.
struct Matrix {
    values: Vec<f32>,
    outputs: usize,
}

impl Matrix {
    fn of(weight: &Tensor<3>) -> Self {
        Self { values: weight.clone().into_data().iter::<f32>().collect(), outputs: weight.dims()[2] }
    }

    /// The norm of each unit's incoming weights.
    fn norms(&self) -> Vec<f64> {
        let mut squares = vec![0.0; self.outputs];
        self.values.iter().enumerate().for_each(|(i, &v)| squares[i % self.outputs] += f64::from(v) * f64::from(v));
        squares.into_iter().map(f64::sqrt).collect()
    }
}

/// A random direction through all weights, filter-normalised.
fn direction(own: &[Matrix], seed: u64, which: u64) -> Vec<Matrix> {
    let mut stream = Stream::new(seed, Purpose::Direction, which);
    own.iter()
        .map(|weights| {
            let values = weights.values.iter().map(|_| stream.normal() as f32).collect();
            let mut drawn = Matrix { values, outputs: weights.outputs };
            let factors: Vec<f64> =
                weights.norms().iter().zip(drawn.norms()).map(|(own, drawn)| own / drawn.max(1e-12)).collect();
            let outputs = drawn.outputs;
            drawn.values.iter_mut().enumerate().for_each(|(i, v)| *v = (f64::from(*v) * factors[i % outputs]) as f32);
            drawn
        })
        .collect()
}

/// The network moved to each of some points, as one stack.
fn moved(
    model: &Network,
    own: &[Matrix],
    directions: &[Vec<Matrix>; 2],
    steps: &[Vec<f64>],
    device: &Device,
) -> Network {
    let same: Vec<Network> = steps.iter().map(|_| model.clone()).collect();
    let mut stack = Network::concat(&same).unwrap_or_else(|| model.clone());
    for (layer, index) in stack.layers_mut().into_iter().zip(0..) {
        let shape = layer.weight.dims();
        let [a, b] = [0, 1].map(|which: usize| &directions[which][index].values);
        let at = |step: &Vec<f64>| {
            let (x, y) = (step[0] as f32, step[1] as f32);
            let moves = a.iter().zip(b).map(move |(a, b)| x * a + y * b);
            own[index].values.iter().zip(moves).map(|(w, m)| w + m).collect::<Vec<f32>>()
        };
        let values: Vec<f32> = steps.iter().flat_map(at).collect();
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

    #[test]
    fn the_middle_is_the_networks_own_loss_and_directions_have_its_norms() {
        let device = device::for_tests();
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(vec![6]);
        let dataset = toys::find("blobs").unwrap().dataset();
        let (split, task) = (dataset.test.slice(0, 50, Pixels::Unit), config.task(2));
        let model = config.network(2, 2).init(&[1], &device);
        let view = View { reach: 1.0, points: 7, seed: 0 };
        let field = survey(&model, (split, task), Loss::CrossEntropy, view, &device);
        let own = evaluate(&model, split, task, Loss::CrossEntropy, &device)[0].loss;
        assert!((field.values[24] - own).abs() < 1e-6);
        assert!(field.values.iter().any(|loss| (loss - own).abs() > 0.05));
        let own: Vec<Matrix> = model.layers().iter().map(|layer| Matrix::of(&layer.weight.val())).collect();
        for (drawn, own) in direction(&own, 0, 1).iter().zip(&own) {
            assert!(drawn.norms().iter().zip(own.norms()).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn a_linear_models_squared_error_is_a_bowl() {
        // Quadratic in the weights: second differences along a direction are all alike.
        let device = device::for_tests();
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(Vec::new());
        config.data.dataset = "line".into();
        let dataset = toys::find("line").unwrap().dataset();
        let model = config.network(1, 0).init(&[1], &device);
        let split = dataset.test.slice(0, 100, Pixels::Unit);
        let field = survey(&model, (split, Task::Regress), Loss::Mse, View { reach: 2.0, points: 9, seed: 3 }, &device);
        let row = &field.values[36..45];
        let second: Vec<f64> = row.windows(3).map(|w| w[0] - 2.0 * w[1] + w[2]).collect();
        assert!(second.iter().all(|d| (d - second[0]).abs() < 1e-4 && *d > 0.0), "{second:?}");
    }
}
