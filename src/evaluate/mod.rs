//! What a trained stack does on examples it is shown: losses, accuracies, outputs.
//!
//! In: a stack without autodiff, and examples every replica sees alike. Out: numbers on the host.

pub mod classification;
pub mod denoise;
pub mod image_quality;
pub mod knn;
pub mod pca;
pub mod trustworthiness;
pub mod tsne;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::data::{Rows, Split};
use crate::nn::kernels;
use crate::nn::loss::Loss;
use crate::nn::models::{Autoencoder, Network};
use crate::nn::task::Task;

/// Examples a forward pass: bounds memory, and fixes the order of every sum.
pub const CHUNK: usize = 500;

/// Loss and accuracy of one replica.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Mean over the examples.
    pub loss: f64,
    /// Share of examples whose largest output is their class, where the task is to tell it.
    pub accuracy: Option<f64>,
}

/// The scores of each replica.
pub fn evaluate(model: &Network, split: Split, task: Task, loss: Loss, device: &Device) -> Vec<Scores> {
    let replicas = model.stack();
    let mut losses = vec![0.0; replicas];
    let mut correct = task.has_accuracy().then(|| vec![0.0; replicas]);
    for chunk in split.chunks(CHUNK) {
        let inputs = chunk.rows.numbers();
        let targets = matrix(task.targets(&inputs, chunk.labels, chunk.targets), chunk.count(), device);
        let outputs = model.forward(matrix(inputs, chunk.count(), device)); // [R, B, out]
        // Of the outputs' own shape, so that a replica takes the same way through the kernels in every stack.
        let targets = targets.expand(outputs.dims());
        if let Some(correct) = &mut correct {
            let own = self::correct(outputs.clone(), targets.clone(), task).into_data();
            correct.iter_mut().zip(own.iter::<f32>()).for_each(|(sum, correct)| *sum += f64::from(correct));
        }
        let own = loss.per_replica(outputs, targets).into_data();
        losses.iter_mut().zip(own.iter::<f32>()).for_each(|(sum, l)| *sum += f64::from(l) * chunk.count() as f64);
    }
    let count = split.count() as f64;
    let scores =
        |r: usize| Scores { loss: losses[r] / count, accuracy: correct.as_ref().map(|correct| correct[r] / count) };
    (0..replicas).map(scores).collect()
}

/// Right targets of each replica, `[R]`, of outputs and targets `[R, B, classes]`, or `[R, B, 1]` of two classes.
pub fn correct(outputs: Tensor<3>, targets: Tensor<3>, task: Task) -> Tensor<1> {
    if let Task::Binary { .. } = task {
        let right = outputs.greater_elem(task.threshold()).equal(targets.greater_elem(0.5)).float(); // [R, B, 1]
        return right.sum_dim(1).flatten(0, 2);
    }
    if kernels::support(&outputs) {
        return kernels::correct(outputs, targets);
    }
    let right = outputs.argmax(2).equal(targets.argmax(2)).float(); // [R, B, 1]
    right.sum_dim(1).flatten(0, 2)
}

/// The outputs of each replica, `[R][n * out]`.
pub fn outputs(model: &Network, split: Split, device: &Device) -> Vec<Vec<f32>> {
    apply(split.rows, model.stack(), device, |x| model.forward(x))
}

/// The codes of a split, `[n * latent]`; the autoencoder is a stack of one.
pub fn encode(model: &Autoencoder, split: Split, device: &Device) -> Vec<f32> {
    apply(split.rows, 1, device, |x| model.encode(x)).into_iter().flatten().collect()
}

/// What a stack makes of rows, `[R][n * out]`, chunk by chunk: `f` maps `[1, B, in]` to `[R, B, out]`.
pub fn apply(rows: Rows, replicas: usize, device: &Device, f: impl Fn(Tensor<3>) -> Tensor<3>) -> Vec<Vec<f32>> {
    let mut all = vec![Vec::new(); replicas];
    for from in (0..rows.count()).step_by(CHUNK) {
        let chunk = rows.range(from, (from + CHUNK).min(rows.count()));
        let values: Vec<f32> = f(matrix(chunk.numbers(), chunk.count(), device)).into_data().iter::<f32>().collect();
        let share = values.len() / replicas;
        for (own, split) in all.iter_mut().zip(values.chunks_exact(share)) {
            own.extend_from_slice(split);
        }
    }
    all
}

/// `[1, rows, width]`
fn matrix(values: Vec<f32>, rows: usize, device: &Device) -> Tensor<3> {
    let width = values.len() / rows;
    Tensor::from_data(TensorData::new(values, [1, rows, width]), device)
}
