//! Batches of a stack: every replica's examples in its own shuffled order, gathered on the host.
//!
//! In: the training examples and an epoch. Out: inputs `[R, B, in]`, augmented and with noise where that is asked for, and targets
//! `[R, B, out]`, made before the noise is added.

use burn::tensor::{Device, Tensor, TensorData};

use super::Job;
use crate::nn::models::Network;
use crate::seed::{Purpose, Stream};

/// The batches of one epoch.
pub struct Batcher<'a> {
    job: &'a Job<'a>,
    /// `[R][n]`: the examples in each replica's order.
    orders: Vec<Vec<u32>>,
    /// `[R]`: streams of this epoch.
    dropout: Vec<Stream>,
    noise: Vec<Stream>,
    augment: Vec<Stream>,
    next: usize,
}

/// The examples of one step.
pub struct Batch {
    /// `[R, B, in]`
    pub inputs: Tensor<3>,
    /// `[R, B, out]`
    pub targets: Tensor<3>,
    /// Examples of each replica, B.
    pub count: usize,
}

impl<'a> Batcher<'a> {
    /// Shuffles the examples of each replica for `epoch`, counted from 0.
    pub fn new(job: &'a Job<'a>, epoch: usize) -> Self {
        let examples = job.train.labels.len() as u32;
        let order = |&seed: &u64| {
            let mut order: Vec<u32> = (0..examples).collect();
            Stream::new(seed, Purpose::Shuffle, epoch as u64).shuffle(&mut order);
            order
        };
        let streams = |purpose| job.seeds.iter().map(|&seed| Stream::new(seed, purpose, epoch as u64)).collect();
        Self {
            job,
            orders: job.seeds.iter().map(order).collect(),
            dropout: streams(Purpose::Dropout),
            noise: streams(Purpose::Noise),
            augment: streams(Purpose::Augment),
            next: 0,
        }
    }

    /// The next `size` examples of each replica, fewer at the end of the epoch.
    pub fn next(&mut self, size: usize, device: &Device) -> Batch {
        let (train, width) = (self.job.train, self.job.train.rows.width());
        let start = self.next;
        let count = size.min(train.labels.len() - start);
        self.next += count;
        let replicas = self.orders.len();
        let chosen: Vec<usize> =
            self.orders.iter().flat_map(|order| &order[start..start + count]).map(|&index| index as usize).collect();
        let mut inputs = Vec::with_capacity(chosen.len() * width);
        train.rows.gather(&chosen, &mut inputs);
        for (own, stream) in inputs.chunks_mut(count * width).zip(&mut self.augment) {
            self.job.config.augment.apply(own, stream);
        }
        let labels: Vec<u8> = chosen.iter().map(|&index| train.labels[index]).collect();
        let numbers: Vec<f32> = chosen.iter().filter_map(|&index| train.targets.get(index).copied()).collect();
        let targets = self.job.task.targets(&inputs, &labels, &numbers);
        for (own, stream) in inputs.chunks_mut(count * width).zip(&mut self.noise) {
            self.job.noise.add(own, stream);
        }
        let tensor = |values: Vec<f32>| {
            let width = values.len() / chosen.len();
            Tensor::from_data(TensorData::new(values, [replicas, count, width]), device)
        };
        Batch { inputs: tensor(inputs), targets: tensor(targets), count }
    }

    /// A dropout mask `[R, B, width]` for each hidden layer of `model`: 0 with probability `rate`, else 1 / (1 - rate) (Srivastava et al.,
    /// "Dropout", 2014, scaled while training). No masks at rate 0.
    pub fn dropout_masks(&mut self, batch: &Batch, model: &Network, rate: f64, device: &Device) -> Vec<Tensor<3>> {
        if rate == 0.0 {
            return Vec::new();
        }
        let keep = (1.0 / (1.0 - rate)) as f32;
        let replicas = self.dropout.len();
        model
            .hidden_widths()
            .into_iter()
            .map(|width| {
                let draws = batch.count * width;
                let mask = |stream: &mut Stream| -> Vec<f32> {
                    (0..draws).map(|_| if stream.unit_f32() < rate as f32 { 0.0 } else { keep }).collect()
                };
                let values: Vec<f32> = self.dropout.iter_mut().flat_map(mask).collect();
                Tensor::from_data(TensorData::new(values, [replicas, batch.count, width]), device)
            })
            .collect()
    }
}
