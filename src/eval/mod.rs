//! What a trained stack does on images it is shown: losses, accuracies, predictions.
//!
//! In: a stack without autodiff, and images every replica sees alike. Out: numbers on the host.

pub mod classification;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::data::{PIXELS, Part, scaled};
use crate::loss::Loss;
use crate::models::Mlp;

/// Images a forward pass: bounds memory, and fixes the order of every sum.
const CHUNK: usize = 500;

/// Loss and accuracy of one replica.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Mean over the images.
    pub loss: f64,
    /// Share of images whose largest output is their class.
    pub accuracy: f64,
}

/// The scores of each replica.
pub fn evaluate(model: &Mlp, part: Part, classes: usize, loss: Loss, device: &Device) -> Vec<Scores> {
    let replicas = model.layers[0].weight.dims()[0];
    let mut sums = vec![Scores { loss: 0.0, accuracy: 0.0 }; replicas];
    for chunk in chunks(part) {
        let count = chunk.labels.len();
        let targets = one_hot(chunk.labels, classes, device); // [1, B, classes]
        let outputs = model.forward(inputs(chunk, device)); // [R, B, classes]
        let right = outputs.clone().argmax(2).equal(targets.clone().argmax(2)).float(); // [R, B, 1]
        let hits: Vec<f32> = right.sum_dim(1).into_data().iter::<f32>().collect();
        let losses: Vec<f32> = loss.per_replica(outputs, targets).into_data().iter::<f32>().collect();
        for (sum, (hits, loss)) in sums.iter_mut().zip(hits.iter().zip(&losses)) {
            sum.accuracy += f64::from(*hits);
            sum.loss += f64::from(*loss) * count as f64;
        }
    }
    let count = part.labels.len() as f64;
    sums.iter().map(|sum| Scores { loss: sum.loss / count, accuracy: sum.accuracy / count }).collect()
}

/// The outputs of each replica, `[R][n * classes]`.
pub fn outputs(model: &Mlp, part: Part, device: &Device) -> Vec<Vec<f32>> {
    let replicas = model.layers[0].weight.dims()[0];
    let mut all = vec![Vec::new(); replicas];
    for chunk in chunks(part) {
        let values: Vec<f32> = model.forward(inputs(chunk, device)).into_data().iter::<f32>().collect();
        let share = values.len() / replicas;
        for (own, part) in all.iter_mut().zip(values.chunks_exact(share)) {
            own.extend_from_slice(part);
        }
    }
    all
}

fn chunks(part: Part<'_>) -> impl Iterator<Item = Part<'_>> {
    let pixels = part.pixels.chunks(CHUNK * PIXELS);
    pixels.zip(part.labels.chunks(CHUNK)).map(|(pixels, labels)| Part { pixels, labels })
}

/// `[1, B, 784]`
fn inputs(part: Part, device: &Device) -> Tensor<3> {
    let values: Vec<f32> = part.pixels.iter().map(|&pixel| scaled(pixel)).collect();
    Tensor::from_data(TensorData::new(values, [1, part.labels.len(), PIXELS]), device)
}

/// `[1, B, classes]`
fn one_hot(labels: &[u8], classes: usize, device: &Device) -> Tensor<3> {
    let mut values = vec![0.0f32; labels.len() * classes];
    for (row, &label) in labels.iter().enumerate() {
        values[row * classes + usize::from(label)] = 1.0;
    }
    Tensor::from_data(TensorData::new(values, [1, labels.len(), classes]), device)
}
