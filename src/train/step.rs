//! One training step, a batch in and new weights out; the training loop and the learning-rate finder repeat it.

use burn::module::Param;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

use super::Job;
use super::batch::{Batch, Batcher};
use crate::nn::models::Network;
use crate::nn::optim::{Optimizer, clip};

/// Takes the steps of a training: gradients, penalties, clipping, optimizer.
pub struct TrainStep<'a> {
    job: &'a Job<'a>,
    optimizer: Optimizer,
    device: Device,
}

/// Loss and outputs of a step, from before the weights moved.
pub struct StepOutput {
    /// The loss of each replica, `[R]`.
    pub losses: Tensor<1>,
    /// `[R, B, out]`, without autodiff.
    pub outputs: Tensor<3>,
    /// `[R, B, out]`, without autodiff.
    pub targets: Tensor<3>,
    /// Examples of each replica, B.
    pub count: usize,
}

impl<'a> TrainStep<'a> {
    /// A new optimizer, before the first step.
    pub fn new(job: &'a Job<'a>) -> Self {
        Self { job, optimizer: job.config.optimizer.build(job.device), device: job.device.clone().autodiff() }
    }

    /// Takes the next batch and one step at the learning rate `rate`.
    pub fn step(&mut self, model: Network, batches: &mut Batcher, rate: f64) -> (Network, StepOutput) {
        let batch = batches.next(self.job.config.batch_size, &self.device);
        let masks = batches.dropout_masks(&batch, &model, self.job.dropout, &self.device);
        let Batch { inputs, targets, count } = batch;
        let outputs = model.forward_masked(inputs, &masks); // [R, B, out]
        let losses = self.job.config.loss.per_replica(outputs.clone(), targets.clone()); // [R]
        let output = StepOutput { losses: losses.clone(), outputs: outputs.inner(), targets: targets.inner(), count };
        let mut gradients = GradientsParams::from_grads(losses.backward(), &model);
        self.adjust(&model, &mut gradients);
        (self.optimizer.step(rate, model, gradients), output)
    }

    /// Adds the penalties to the gradients, drops those of frozen layers, and clips the rest.
    fn adjust(&self, model: &Network, gradients: &mut GradientsParams) {
        let config = self.job.config;
        let examples = self.job.train.count() as f64;
        if config.l1 > 0.0 || config.l2 > 0.0 {
            model.layers().into_iter().for_each(|layer| {
                penalise(&layer.weight, gradients, config.l1 / examples, config.l2 / examples);
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
