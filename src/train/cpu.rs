//! Training steps on the CPU: each network of a stack takes its own, one after the other.
//!
//! In: a batch for each network. Out: new weights. The gradient of a layer is made a few rows at a time, and their weights
//! are updated before the next rows follow, so that the gradient is never written to memory.

use rayon::prelude::*;

use super::batch::{Batch, Batcher};
use super::{Job, StepScores};
use crate::evaluate::{Scores, evaluate_replica};
use crate::experiment::config::TrainConfig;
use crate::nn::cpu::aligned::Aligned;
use crate::nn::cpu::feed_forward::{Layer, LayerGradient};
use crate::nn::cpu::simd::vectorised;
use crate::nn::cpu::sum::sum_pairs;
use crate::nn::cpu::update::Update;
use crate::nn::cpu::{FeedForward, Pass, convert, loss};
use crate::nn::loss::Loss;
use crate::nn::models::Network;

/// A stack in training.
pub struct CpuSteps<'a> {
    job: &'a Job<'a>,
    /// The kind and shape of the networks.
    template: Network,
    replicas: Vec<ReplicaSteps>,
    /// Steps taken so far.
    steps: usize,
}

/// A network in training.
struct ReplicaSteps {
    network: FeedForward,
    /// For each layer.
    moments: Vec<LayerMoments>,
    pass: Pass,
    scores: Sums,
}

/// Sums over the steps since the scores were last taken.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    loss: f64,
    correct: usize,
    examples: usize,
    /// The loss of the first of the steps.
    first_loss: Option<f64>,
}

/// The optimizer's state of one layer.
struct LayerMoments {
    /// `[inputs, outputs]` each; empty where the rule has fewer moments.
    weight: [Aligned; 2],
    /// `[outputs]` each; empty where the rule has fewer moments, or the layer no bias.
    bias: [Vec<f32>; 2],
    slope: [f32; 2],
    /// `[inputs]`: whether a row of the weights has had a gradient. Until then its moments are 0.
    has_had_gradient: Vec<bool>,
}

impl<'a> CpuSteps<'a> {
    /// Before the first step.
    pub fn new(model: Network, job: &'a Job<'a>) -> Self {
        let moments = job.config.optimizer.rule.moments();
        let replica = |network: FeedForward| ReplicaSteps {
            moments: network.layers.iter().map(|layer| LayerMoments::zeros(layer, moments)).collect(),
            network,
            pass: Pass::default(),
            scores: Sums::default(),
        };
        Self { job, replicas: convert::unstack(&model).into_iter().map(replica).collect(), template: model, steps: 0 }
    }

    /// The batches of `epoch`, counted from 0.
    pub fn batches(&self, epoch: usize) -> Batcher<'a> {
        Batcher::new(self.job, epoch, self.template.hidden_widths())
    }

    /// Takes a step.
    pub fn step(&mut self, batches: Vec<Batch>, rate: f64) {
        self.steps += 1;
        let optimizer = &self.job.config.optimizer;
        let decay = optimizer.weight_decay.unwrap_or(0.0);
        let update = Update::new(optimizer.rule, rate, decay, self.steps);
        let adjustment = Adjustment::of(self.job);
        for (replica, batch) in self.replicas.iter_mut().zip(batches) {
            replica.step(self.job, &batch, &update, adjustment);
            if self.job.config.unit_norm {
                replica.network.layers.iter_mut().for_each(to_unit_norm);
            }
        }
    }

    /// The scores of each replica over the steps since the last call.
    pub fn take_scores(&mut self) -> Vec<StepScores> {
        let has_accuracy = self.job.task.has_accuracy();
        let take = |replica: &mut ReplicaSteps| {
            let Sums { loss, correct, examples, first_loss } = std::mem::take(&mut replica.scores);
            let accuracy = has_accuracy.then(|| correct as f64 / examples as f64);
            let all = Scores { loss: self.job.config.loss.of_sum(loss, examples), accuracy };
            StepScores { all, first_loss: first_loss.unwrap_or(f64::NAN) }
        };
        self.replicas.iter_mut().map(take).collect()
    }

    /// The scores of each replica on the validation examples.
    pub fn validate(&self) -> Vec<Scores> {
        let Job { validation, task, config, .. } = *self.job;
        self.replicas.iter().map(|replica| evaluate_replica(&replica.network, validation, task, config.loss)).collect()
    }

    /// The stack as it is now.
    pub fn network(&self) -> Network {
        let networks: Vec<FeedForward> = self.replicas.iter().map(|replica| replica.network.clone()).collect();
        convert::stack(&self.template, &networks, self.job.device)
    }
}

impl ReplicaSteps {
    fn step(&mut self, job: &Job, batch: &Batch, update: &Update, adjustment: Adjustment) {
        let Self { network, moments, pass, scores } = self;
        let (loss, task, width) = (job.config.loss, job.task, batch.targets.len() / batch.count);
        network.forward(&batch.inputs, batch.count, &batch.masks, pass);
        // The slopes of frozen layers learn.
        let has_slopes = network.layers.iter().any(|layer| layer.slope.is_some());
        let lowest = network.lowest_reached().max(if has_slopes { 0 } else { job.frozen });
        let score = |outputs: &[f32], grad: &mut [f32]| {
            let total = loss::loss_and_gradient(loss, outputs, &batch.targets, width, grad);
            scores.add(loss, total, batch.count);
            if task.has_accuracy() {
                scores.correct += loss::correct(outputs, &batch.targets, width, task);
            }
        };
        let batch = (&batch.inputs, batch.count, batch.masks.as_slice());
        match job.config.clip_norm {
            None => network.backward(batch, pass, lowest, score, |index, layer, gradient| {
                moments[index].update(layer, gradient, index < job.frozen, update, adjustment);
            }),
            Some(limit) => {
                let mut gradients = Vec::new();
                network.backward(batch, pass, lowest, score, |index, layer, gradient| {
                    gradients.push((index, WholeGradient::of(layer, gradient, index < job.frozen, adjustment)));
                });
                gradients.reverse();
                let squares = gradients.iter().fold(0.0, |sum, (_, gradient)| sum + gradient.squares());
                // PyTorch's `clip_grad_norm_` adds the same 1e-6, so that a gradient of zero stays zero.
                let factor = (limit / (squares.sqrt() + 1e-6)).min(1.0) as f32;
                for (index, mut gradient) in gradients {
                    gradient.scale(factor);
                    moments[index].update_by(&mut network.layers[index], &gradient, update);
                }
            }
        }
    }
}

impl Sums {
    fn add(&mut self, loss: Loss, sum: f64, examples: usize) {
        self.loss += sum;
        self.examples += examples;
        self.first_loss.get_or_insert(loss.of_sum(sum, examples));
    }
}

/// What is done to a gradient before the optimizer sees it.
#[derive(Debug, Clone, Copy)]
struct Adjustment {
    /// Factors of the weights' signs and of the weights in the gradient of the weights.
    l1: f32,
    l2: f32,
    /// The largest absolute value of a derivative.
    limit: Option<f32>,
}

impl Adjustment {
    fn of(job: &Job) -> Self {
        let examples = job.train.count() as f64;
        let TrainConfig { l2, clip_value, .. } = *job.config;
        Self {
            l1: (job.config.l1() / examples) as f32,
            l2: (l2 / examples) as f32,
            limit: clip_value.map(|limit| limit as f32),
        }
    }

    /// Whether the gradient of a weight is 0 where the loss does not depend on it.
    fn keeps_zero(self) -> bool {
        self.l1 == 0.0 && self.l2 == 0.0
    }

    /// The gradient of weights, with the derivative of `l1 * sum |w| + l2 / 2 * sum w^2`.
    fn weights(self, gradient: &mut [f32], weights: &[f32]) {
        if !self.keeps_zero() {
            let Self { l1, l2, .. } = self;
            // Without vector instructions a fused product and sum is a call of a function.
            vectorised(
                #[inline(always)]
                || {
                    for (gradient, &weight) in gradient.iter_mut().zip(weights) {
                        let sign = if weight == 0.0 { 0.0 } else { weight.signum() };
                        *gradient = l1.mul_add(sign, l2.mul_add(weight, *gradient));
                    }
                },
            );
        }
        self.clip(gradient);
    }

    fn clip(self, gradient: &mut [f32]) {
        if let Some(limit) = self.limit {
            gradient.iter_mut().for_each(|gradient| *gradient = gradient.clamp(-limit, limit));
        }
    }
}

/// Divides the weights and biases of a layer by the Euclidean norm of its weights; weights of 0 have no direction, and stay.
fn to_unit_norm(layer: &mut Layer) {
    let norm = sum_pairs(&layer.weight, &layer.weight, |a, b| a * b).sqrt();
    if norm != 0.0 {
        let numbers = layer.weight.iter_mut().chain(layer.bias.iter_mut().flatten());
        numbers.for_each(|number| *number = (f64::from(*number) / norm) as f32);
    }
}

/// Numbers of a gradient that are made at a time: they stay in the first-level cache until they are used.
const BLOCK: usize = 4_096;

/// The rows of a block are a multiple of this, so that the product has no incomplete tile.
const BLOCK_ROWS: usize = 6;

/// Multiplications of a layer's gradient from which several threads share it.
const PARALLEL_THRESHOLD: usize = 4_000_000;

/// Some rows of a layer's weights with their state.
struct Rows<'a> {
    first_row: usize,
    weight: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    has_had_gradient: &'a mut [bool],
}

impl LayerMoments {
    fn zeros(layer: &Layer, moments: usize) -> Self {
        let count = |moment: usize, all: usize| if moment < moments { all } else { 0 };
        let biases = layer.bias.as_ref().map_or(0, Vec::len);
        Self {
            weight: [0, 1].map(|moment| Aligned::zeros(count(moment, layer.weight.len()))),
            bias: [0, 1].map(|moment| vec![0.0; count(moment, biases)]),
            slope: [0.0; 2],
            has_had_gradient: vec![false; layer.inputs],
        }
    }

    /// Updates a layer; only its slope if it is frozen.
    fn update(
        &mut self,
        layer: &mut Layer,
        gradient: &LayerGradient,
        is_frozen: bool,
        update: &Update,
        adjustment: Adjustment,
    ) {
        let Self { weight: [first, second], bias, slope, has_had_gradient } = self;
        if !is_frozen {
            let all = Rows { first_row: 0, weight: &mut layer.weight, first, second, has_had_gradient };
            let threads = rayon::current_num_threads();
            if threads > 1 && gradient.multiplications() >= PARALLEL_THRESHOLD {
                let share = layer.inputs.div_ceil(threads).next_multiple_of(BLOCK_ROWS);
                let parts = all.split(share, layer.outputs);
                parts.into_par_iter().for_each(|rows| rows.update(gradient, layer.outputs, update, adjustment));
            } else {
                all.update(gradient, layer.outputs, update, adjustment);
            }
            if let Some(biases) = &mut layer.bias {
                let mut gradient = gradient.bias();
                adjustment.clip(&mut gradient);
                let [first, second] = bias;
                update.apply(biases, &gradient, first, second);
            }
        }
        if let Some(value) = &mut layer.slope {
            let mut gradient = [gradient.slope];
            adjustment.clip(&mut gradient);
            update_number(update, value, gradient[0], slope);
        }
    }

    /// Updates a layer by its whole gradient.
    fn update_by(&mut self, layer: &mut Layer, gradient: &WholeGradient, update: &Update) {
        let Self { weight: [first, second], bias: [first_of_bias, second_of_bias], slope, has_had_gradient } = self;
        if let Some(weight) = &gradient.weight {
            update.apply(&mut layer.weight, weight, first, second);
            has_had_gradient.fill(true);
        }
        if let (Some(biases), Some(gradient)) = (&mut layer.bias, &gradient.bias) {
            update.apply(biases, gradient, first_of_bias, second_of_bias);
        }
        if let (Some(value), Some(gradient)) = (&mut layer.slope, gradient.slope) {
            update_number(update, value, gradient, slope);
        }
    }
}

/// Updates a single parameter.
fn update_number(update: &Update, value: &mut f32, gradient: f32, [first, second]: &mut [f32; 2]) {
    let one = std::slice::from_mut;
    update.apply(one(value), &[gradient], one(first), one(second));
}

impl<'a> Rows<'a> {
    /// The rows in parts of `share` rows, each of `width` numbers.
    fn split(self, share: usize, width: usize) -> Vec<Rows<'a>> {
        let mut parts = Vec::new();
        let mut rest = self;
        while rest.has_had_gradient.len() > share {
            let cut = |values: &'a mut [f32]| {
                let middle = if values.is_empty() { 0 } else { share * width };
                values.split_at_mut(middle)
            };
            let (weight, weights) = cut(rest.weight);
            let (first, firsts) = cut(rest.first);
            let (second, seconds) = cut(rest.second);
            let (flags, more_flags) = rest.has_had_gradient.split_at_mut(share);
            parts.push(Rows { first_row: rest.first_row, weight, first, second, has_had_gradient: flags });
            rest = Rows {
                first_row: rest.first_row + share,
                weight: weights,
                first: firsts,
                second: seconds,
                has_had_gradient: more_flags,
            };
        }
        parts.push(rest);
        parts
    }

    /// Makes the gradient of the rows, `width` numbers each, block by block, and takes the update's step with each.
    fn update(self, gradient: &LayerGradient, width: usize, update: &Update, adjustment: Adjustment) {
        let Self { first_row, weight, first, second, has_had_gradient } = self;
        let block = (BLOCK / width).max(1).next_multiple_of(BLOCK_ROWS);
        let can_skip = update.keeps_what_has_no_gradient() && adjustment.keeps_zero();
        let mut made = vec![0.0; block * width];
        let mut row = 0;
        while row < has_had_gradient.len() {
            // A weight whose input was 0 in every batch so far has no moments, and stays as it is.
            let is_idle = |row: usize| can_skip && !has_had_gradient[row] && gradient.is_row_zero(first_row + row);
            if is_idle(row) {
                row += 1;
                continue;
            }
            let most = (row + block).min(has_had_gradient.len());
            let end = (row + 1..most).find(|&row| is_idle(row)).unwrap_or(most);
            let made = &mut made[..(end - row) * width];
            gradient.weight_rows(first_row + row..first_row + end, made);
            let numbers = row * width..end * width;
            let weight = &mut weight[numbers.clone()];
            adjustment.weights(made, weight);
            let moment = |values: &mut [f32]| if values.is_empty() { 0..0 } else { numbers.clone() };
            let (of_first, of_second) = (moment(first), moment(second));
            update.apply(weight, made, &mut first[of_first], &mut second[of_second]);
            has_had_gradient[row..end].fill(true);
            row = end;
        }
    }
}

/// The gradient of one layer in memory, where its norm must be known before it is used.
struct WholeGradient {
    /// `[inputs, outputs]`; `None` if the layer is frozen.
    weight: Option<Vec<f32>>,
    /// `[outputs]`; `None` if the layer is frozen or has no bias.
    bias: Option<Vec<f32>>,
    /// `None` if the layer has none.
    slope: Option<f32>,
}

impl WholeGradient {
    fn of(layer: &Layer, gradient: &LayerGradient, is_frozen: bool, adjustment: Adjustment) -> Self {
        let clipped = |mut values: Vec<f32>| {
            adjustment.clip(&mut values);
            values
        };
        let weight = || {
            let mut weight = vec![0.0; layer.weight.len()];
            gradient.weight_rows(0..layer.inputs, &mut weight);
            adjustment.weights(&mut weight, &layer.weight);
            weight
        };
        Self {
            weight: (!is_frozen).then(weight),
            bias: layer.bias.as_ref().filter(|_| !is_frozen).map(|_| clipped(gradient.bias())),
            slope: layer.slope.map(|_| clipped(vec![gradient.slope])[0]),
        }
    }

    /// The parts, each as numbers.
    fn parts(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let slope = self.slope.as_mut().map(std::slice::from_mut);
        let (weight, bias) = (self.weight.as_deref_mut(), self.bias.as_deref_mut());
        [weight, bias, slope].into_iter().flatten()
    }

    /// The sum of the squares of all derivatives.
    fn squares(&self) -> f64 {
        let slope = self.slope.as_ref().map(std::slice::from_ref);
        let parts = [self.weight.as_deref(), self.bias.as_deref(), slope];
        parts.into_iter().flatten().fold(0.0, |sum, part| sum + sum_pairs(part, part, |a, b| a * b))
    }

    fn scale(&mut self, factor: f32) {
        self.parts().flatten().for_each(|number| *number *= factor);
    }
}
