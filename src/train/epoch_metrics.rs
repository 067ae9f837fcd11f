//! Training loss and accuracy of an epoch, read from the device once, at its end.

use burn::tensor::Tensor;

use crate::evaluate::{Scores, correct};
use crate::nn::task::Task;

/// Losses and correct predictions of an epoch's steps, kept on the device so that no step waits for a read.
#[derive(Default)]
pub struct EpochMetrics {
    losses: Vec<Tensor<1>>,
    correct: Vec<Tensor<1>>,
    counts: Vec<usize>,
}

impl EpochMetrics {
    /// Adds the losses `[R]` of a step of `count` examples per replica.
    pub fn add_losses(&mut self, losses: &Tensor<1>, count: usize) {
        self.losses.push(losses.clone().inner());
        self.counts.push(count);
    }

    /// Adds the correct predictions of the step: outputs and targets are `[R, B, out]`.
    pub fn add_correct(&mut self, outputs: &Tensor<3>, targets: &Tensor<3>, task: Task) {
        self.correct.push(correct(outputs.clone(), targets.clone(), task));
    }

    /// The scores of each replica over the epoch, and its loss on the first batch.
    pub fn read(self, replicas: usize) -> Vec<(Scores, f64)> {
        let read = |tensors: Vec<Tensor<1>>| -> Vec<f32> {
            Tensor::cat(tensors, 0).into_data().iter::<f32>().collect() // [steps * R]
        };
        let losses = read(self.losses);
        let correct = (!self.correct.is_empty()).then(|| read(self.correct));
        let examples: usize = self.counts.iter().sum();
        let mean = |r: usize, values: &[f32], weight: &dyn Fn(usize) -> f64| {
            let terms = self.counts.iter().enumerate();
            let sum: f64 = terms.map(|(s, &n)| f64::from(values[s * replicas + r]) * weight(n)).sum();
            sum / examples as f64
        };
        (0..replicas)
            .map(|r| {
                let loss = mean(r, &losses, &|n| n as f64);
                let accuracy = correct.as_ref().map(|correct| mean(r, correct, &|_| 1.0));
                (Scores { loss, accuracy }, f64::from(losses[r]))
            })
            .collect()
    }
}
