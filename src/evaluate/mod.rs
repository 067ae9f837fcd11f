//! The evaluation of trained networks: losses, accuracies, outputs, and the measures of the submodules.
//!
//! In: a stack without autodiff, and examples that are the same for every replica. Out: numbers on the host.

pub mod classification;
pub(crate) mod denoise;
pub(crate) mod edges;
pub(crate) mod image_quality;
pub mod knn;
pub mod pca;
pub mod predictions;
pub mod trustworthiness;
pub mod tsne;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::data::{Rows, Split};
use crate::nn::cpu::{FeedForward, Inputs, Pass, convert, loss};
use crate::nn::device;
use crate::nn::loss::Loss;
use crate::nn::models::Network;
use crate::nn::task::Task;

/// Examples in a forward pass. It bounds memory. In principal components, and on other devices than the CPU, it also fixes the
/// order of sums: another value changes the last bits of results.
pub const CHUNK: usize = 500;

/// Loss and accuracy of one replica on a split.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Mean loss of the examples, or the sum where the loss is one.
    pub loss: f64,
    /// Share of correct predictions; `None` for a task without accuracy.
    pub accuracy: Option<f64>,
}

/// The scores of each replica, `[R]`.
pub fn evaluate(model: &Network, split: Split, task: Task, loss: Loss, device: &Device) -> Vec<Scores> {
    if device::is_flex(device) {
        return convert::unstack(model).iter().map(|replica| evaluate_replica(replica, split, task, loss)).collect();
    }
    let replicas = model.stack();
    let mut losses = vec![0.0; replicas];
    let mut correct = task.has_accuracy().then(|| vec![0.0; replicas]);
    for chunk in split.chunks(CHUNK) {
        let inputs = chunk.rows.numbers();
        let targets = matrix(task.targets(&inputs, chunk.labels, chunk.targets), chunk.count(), device);
        let outputs = model.forward(matrix(inputs, chunk.count(), device)); // [R, B, out]
        // Broadcast to the shape of the outputs, so that a replica goes through the same kernels in every stack.
        let targets = targets.expand(outputs.dims());
        if let Some(correct) = &mut correct {
            let counts = self::correct(outputs.clone(), targets.clone(), task).into_data();
            correct.iter_mut().zip(counts.iter::<f32>()).for_each(|(sum, count)| *sum += f64::from(count));
        }
        let of_chunk = loss.per_replica(outputs, targets).into_data();
        losses
            .iter_mut()
            .zip(of_chunk.iter::<f32>())
            .for_each(|(sum, batch)| *sum += loss.sum_of(f64::from(batch), chunk.count()));
    }
    let count = split.count();
    let scores = |r: usize| Scores {
        loss: loss.of_sum(losses[r], count),
        accuracy: correct.as_ref().map(|correct| correct[r] / count as f64),
    };
    (0..replicas).map(scores).collect()
}

/// The scores of one network on the CPU.
pub fn evaluate_replica(network: &FeedForward, split: Split, task: Task, loss: Loss) -> Scores {
    let (mut total, mut correct) = (0.0, 0);
    let (mut pass, mut grad) = (Pass::default(), Vec::new());
    for chunk in split.chunks(CHUNK) {
        let dense = if task.reconstructs() { chunk.rows.numbers() } else { Vec::new() };
        let targets = task.targets(&dense, chunk.labels, chunk.targets);
        let width = targets.len() / chunk.count();
        let outputs = network.forward(&inputs(chunk.rows), chunk.count(), &[], &mut pass);
        grad.resize(outputs.len(), 0.0);
        total += loss::loss_and_gradient(loss, outputs, &targets, width, &mut grad);
        if task.has_accuracy() {
            correct += loss::correct(outputs, &targets, width, task);
        }
    }
    let accuracy = task.has_accuracy().then(|| correct as f64 / split.count() as f64);
    Scores { loss: loss.of_sum(total, split.count()), accuracy }
}

/// The rows as a batch, without their zeros if that is worth it.
pub(crate) fn inputs(rows: Rows<'_>) -> Inputs<'_> {
    let all: Vec<usize> = (0..rows.count()).collect();
    rows.gather_sparse(&all).map_or_else(|| Inputs::Dense(rows.numbers()), Inputs::Sparse)
}

/// The number of correct predictions of each replica: outputs and targets `[R, B, classes]`, or `[R, B, 1]` for a
/// binary task, to `[R]`.
pub fn correct(outputs: Tensor<3>, targets: Tensor<3>, task: Task) -> Tensor<1> {
    if let Task::Binary { .. } = task {
        let correct = outputs.greater_elem(task.threshold()).equal(targets.greater_elem(0.5)).float(); // [R, B, 1]
        return correct.sum_dim(1).flatten(0, 2);
    }
    let correct = outputs.argmax(2).equal(targets.argmax(2)).float(); // [R, B, 1]
    correct.sum_dim(1).flatten(0, 2)
}

/// The outputs of each replica for the rows, `[R][n * out]`.
pub fn outputs(model: &Network, rows: Rows, device: &Device) -> Vec<Vec<f32>> {
    let chunks = (0..rows.count()).step_by(CHUNK).map(|from| rows.range(from, (from + CHUNK).min(rows.count())));
    if device::is_flex(device) {
        let mut pass = Pass::default();
        let mut of = |network: &FeedForward| {
            let outputs = |chunk: Rows| network.forward(&inputs(chunk), chunk.count(), &[], &mut pass).to_vec();
            chunks.clone().flat_map(outputs).collect()
        };
        return convert::unstack(model).iter().map(&mut of).collect();
    }
    let replicas = model.stack();
    let mut all = vec![Vec::new(); replicas];
    for chunk in chunks {
        let outputs = model.forward(matrix(chunk.numbers(), chunk.count(), device)).into_data();
        let values: Vec<f32> = outputs.iter::<f32>().collect();
        let share = values.len() / replicas;
        for (replica, values) in all.iter_mut().zip(values.chunks_exact(share)) {
            replica.extend_from_slice(values);
        }
    }
    all
}

/// The outputs for the rows of a network that is a stack of one, `[n * out]`.
pub fn outputs_of_one(model: &Network, rows: Rows, device: &Device) -> Vec<f32> {
    outputs(model, rows, device).into_iter().next().unwrap_or_default()
}

/// The rows as a batch for every replica alike, `[1, rows, width]`.
fn matrix(values: Vec<f32>, rows: usize, device: &Device) -> Tensor<3> {
    let width = values.len() / rows;
    Tensor::from_data(TensorData::new(values, [1, rows, width]), device)
}
