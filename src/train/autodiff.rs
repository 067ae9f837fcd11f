//! Training steps by Burn's autodiff and Burn's optimizers: a stack is one tensor program.

use burn::module::{Module, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};

use super::batch::{Batch, Batcher};
use super::{Job, StepScores};
use crate::evaluate::{Scores, correct, evaluate};
use crate::nn::models::Network;
use crate::nn::models::linear::StackedLinear;
use crate::nn::optim::clip;

/// A stack in training.
pub struct AutodiffSteps<'a> {
    job: &'a Job<'a>,
    model: Network,
    optimizer: ModuleOptimizer,
    device: Device,
    scores: PendingScores,
}

/// Losses and correct predictions of steps, kept on the device so that no step waits for a read.
#[derive(Default)]
struct PendingScores {
    /// `[R]` each
    losses: Vec<Tensor<1>>,
    /// `[R]` each; empty for a task without accuracy.
    correct: Vec<Tensor<1>>,
    /// Examples of each replica.
    counts: Vec<usize>,
}

impl<'a> AutodiffSteps<'a> {
    /// Before the first step.
    pub fn new(model: Network, job: &'a Job<'a>) -> Self {
        Self {
            job,
            model: model.train(),
            optimizer: job.config.optimizer.build(),
            device: job.device.clone().autodiff(),
            scores: PendingScores::default(),
        }
    }

    /// The batches of `epoch`, counted from 0.
    pub fn batches(&self, epoch: usize) -> Batcher<'a> {
        Batcher::new(self.job, epoch, self.model.hidden_widths())
    }

    /// Takes a step.
    pub fn step(&mut self, batches: Vec<Batch>, rate: f64) {
        let job = self.job;
        let (replicas, count) = (batches.len(), batches.first().map_or(0, |batch| batch.count));
        let tensor = |values: Vec<f32>| {
            let width = values.len() / replicas / count;
            Tensor::<3>::from_data(TensorData::new(values, [replicas, count, width]), &self.device)
        };
        let masks = batches.first().map_or(0, |batch| batch.masks.len());
        let masks: Vec<Tensor<3>> =
            (0..masks).map(|i| tensor(batches.iter().flat_map(|batch| &batch.masks[i]).copied().collect())).collect();
        let targets = tensor(batches.iter().flat_map(|batch| &batch.targets).copied().collect());
        let inputs = tensor(batches.into_iter().flat_map(|batch| batch.inputs.into_dense()).collect());
        let outputs = self.model.forward_masked(inputs, &masks); // [R, B, out]
        let losses = job.config.loss.per_replica(outputs.clone(), targets.clone()); // [R]
        self.scores.losses.push(losses.clone().inner());
        self.scores.counts.push(count);
        if job.task.has_accuracy() {
            self.scores.correct.push(correct(outputs.inner(), targets.inner(), job.task));
        }
        let mut gradients = GradientsParams::from_grads(losses.backward(), &self.model);
        self.adjust(&mut gradients);
        self.model = self.optimizer.step(rate, self.model.clone(), gradients);
        if job.config.unit_norm {
            self.model.layers_mut().into_iter().for_each(to_unit_norm);
        }
    }

    /// Adds the penalties to the gradients, drops those of frozen layers, and clips the rest.
    fn adjust(&self, gradients: &mut GradientsParams) {
        let (config, model) = (self.job.config, &self.model);
        let examples = self.job.train.count() as f64;
        if config.l1() > 0.0 || config.l2 > 0.0 {
            model.layers().into_iter().for_each(|layer| {
                penalise(&layer.weight, gradients, config.l1() / examples, config.l2 / examples);
            });
        }
        for layer in model.layers().into_iter().take(self.job.frozen) {
            let parameters = std::iter::once(&layer.weight).chain(&layer.bias);
            parameters.for_each(|parameter| drop(gradients.remove::<3>(parameter.id)));
        }
        if let Some(limit) = config.clip_value {
            clip::by_value(model, gradients, limit);
        }
        if let Some(limit) = config.clip_norm {
            clip::by_norm(model, gradients, limit);
        }
    }

    /// The scores of each replica over the steps since the last call.
    pub fn take_scores(&mut self) -> Vec<StepScores> {
        let PendingScores { losses, correct, counts } = std::mem::take(&mut self.scores);
        let read = |tensors: Vec<Tensor<1>>| -> Vec<f32> {
            Tensor::cat(tensors, 0).into_data().iter::<f32>().collect() // [steps * R]
        };
        let losses = read(losses);
        let correct = (!correct.is_empty()).then(|| read(correct));
        let replicas = self.job.seeds.len();
        let examples: usize = counts.iter().sum();
        let loss = self.job.config.loss;
        (0..replicas)
            .map(|r| {
                let of_steps = |values: &[f32]| -> Vec<f64> {
                    values.iter().skip(r).step_by(replicas).map(|&value| f64::from(value)).collect()
                };
                let sum = of_steps(&losses).iter().zip(&counts).map(|(&of_step, &n)| loss.sum_of(of_step, n)).sum();
                let correct = correct.as_ref().map(|correct| of_steps(correct).iter().sum::<f64>());
                let accuracy = correct.map(|correct| correct / examples as f64);
                let all = Scores { loss: loss.of_sum(sum, examples), accuracy };
                StepScores { all, first_loss: f64::from(losses[r]) }
            })
            .collect()
    }

    /// The scores of each replica on the validation examples.
    pub fn validate(&self) -> Vec<Scores> {
        let Job { validation, task, config, device, .. } = *self.job;
        evaluate(&self.network(), validation, task, config.loss, device)
    }

    /// The stack as it is now, without autodiff.
    pub fn network(&self) -> Network {
        self.model.valid()
    }
}

/// Divides the weights and biases of each replica's layer by the Euclidean norm of its weights; weights of 0 stay.
fn to_unit_norm(layer: &mut StackedLinear) {
    let norm = layer.weight.val().inner().square().sum_dim(1).sum_dim(2).sqrt(); // [R, 1, 1]
    let zero = norm.clone().equal_elem(0.0);
    let norm = norm.mask_fill(zero, 1.0);
    for parameter in std::iter::once(&mut layer.weight).chain(&mut layer.bias) {
        *parameter = parameter.clone().map(|values| Tensor::from_inner(values.inner() / norm.clone()).require_grad());
    }
}

/// Adds the derivative of `l1 * sum |w| + l2 / 2 * sum w^2`.
fn penalise(weight: &Param<Tensor<3>>, gradients: &mut GradientsParams, l1: f64, l2: f64) {
    let Some(mut gradient) = gradients.remove::<3>(weight.id) else { return };
    let values = weight.val().inner();
    if l2 > 0.0 {
        gradient = gradient + values.clone().mul_scalar(l2);
    }
    if l1 > 0.0 {
        gradient = gradient + values.sign().mul_scalar(l1);
    }
    gradients.register::<3>(weight.id, gradient);
}
