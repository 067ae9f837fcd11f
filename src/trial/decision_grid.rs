//! The outputs of a network on an even grid over its two inputs, or along its one: decision boundaries and fitted curves.

use burn::tensor::Device;

use crate::data::{Dataset, Rows};
use crate::evaluate::classification::predictions;
use crate::evaluate::outputs_of_one;
use crate::nn::loss::Loss;
use crate::nn::models::Network;
use crate::nn::task::Task;
use crate::record::DecisionGrid;

/// Grid points along each coordinate, of one input and of two.
const POINTS: [usize; 2] = [65, 41];
/// Margin around the training points, as a share of their range.
const MARGIN: f32 = 0.08;

/// How many values the grid of a data set of points has; 0 of one that has none.
pub fn values(dataset: &Dataset) -> usize {
    match dataset.train.points().map(|points| points.width) {
        Some(1) => POINTS[0],
        Some(2) => POINTS[1] * POINTS[1],
        _ => 0,
    }
}

/// The grid of a stack of one; `None` where the examples are not points of one or two numbers, or a number is predicted from two. Of two classes it has the probability of the
/// second, of more the predicted class.
pub fn of(model: &Network, dataset: &Dataset, task: Task, loss: Loss, device: &Device) -> Option<DecisionGrid> {
    let points = dataset.train.points().filter(|points| points.width <= 2)?;
    // Numbers over a plane are no boundary.
    if points.width == 2 && task == Task::Regress {
        return None;
    }
    let ends: Vec<[f32; 2]> = (0..points.width)
        .map(|axis| {
            let (low, high) = points.range(axis);
            // A column with one value has a range too, around it.
            let margin = if high > low { MARGIN * (high - low) } else { 1.0 };
            [low - margin, high + margin]
        })
        .collect();
    let side = POINTS[points.width - 1];
    let grid = grid(&ends, side);
    let found = outputs_of_one(model, Rows::Numbers { values: &grid, width: points.width }, device);
    let values = match task {
        Task::Classify { classes } if classes > 2 => {
            predictions(&found, classes).iter().map(|prediction| f32::from(prediction.class)).collect()
        }
        Task::Classify { classes } => found.chunks_exact(classes).map(|row| probability_of_second(row, loss)).collect(),
        Task::Binary { .. } => found.iter().map(|&z| probability_of_one(z, loss)).collect(),
        Task::Regress | Task::Reconstruct => found,
    };
    // Four decimals are more than a figure shows, and keep records short.
    let rounded = values.into_iter().map(|v| (v * 1e4).round() / 1e4).collect();
    Some(DecisionGrid { ends, side, values: rounded })
}

fn grid(ends: &[[f32; 2]], side: usize) -> Vec<f32> {
    let at = |axis: usize, step: usize| {
        let [low, high] = ends[axis];
        low + (high - low) * step as f32 / (side - 1) as f32
    };
    match ends.len() {
        1 => (0..side).map(|step| at(0, step)).collect(),
        _ => (0..side).flat_map(|row| (0..side).flat_map(move |column| [at(0, column), at(1, row)])).collect(),
    }
}

/// The probability of the second class.
fn probability_of_second(row: &[f32], loss: Loss) -> f32 {
    let [first, second] = [row.first().copied().unwrap_or(0.0), row.get(1).copied().unwrap_or(0.0)];
    // A half where the two outputs are equal.
    if loss.is_on_logits() { logistic(second - first) } else { (0.5 + 0.5 * (second - first)).clamp(0.0, 1.0) }
}

/// The probability of class 1 by a network of one output.
fn probability_of_one(z: f32, loss: Loss) -> f32 {
    match loss {
        loss if loss.is_perceptrons() => f32::from(z >= 0.0),
        loss if loss.is_on_logits() => logistic(z),
        _ => z.clamp(0.0, 1.0),
    }
}

fn logistic(z: f32) -> f32 {
    (1.0 + libm::expf(-z.max(-80.0))).recip()
}
