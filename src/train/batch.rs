//! Batches of a stack: each replica's own shuffle, gathered from bytes on the host.
//!
//! In: the training images and an epoch. Out: inputs `[R, B, 784]` and one-hot targets `[R, B, classes]`.

use burn::tensor::{Device, Tensor, TensorData};

use super::Job;
use crate::data::{PIXELS, scaled};
use crate::models::Mlp;
use crate::seed::{Purpose, Stream};

/// Walks an epoch in each replica's order.
pub struct Batcher<'a> {
    job: &'a Job<'a>,
    /// `[R][n]`
    orders: Vec<Vec<u32>>,
    /// `[R]`, for this epoch.
    dropout: Vec<Stream>,
    next: usize,
}

/// One step's worth of examples.
pub struct Batch {
    /// `[R, B, 784]`, 0 to 1.
    pub inputs: Tensor<3>,
    /// `[R, B, classes]`, one-hot.
    pub targets: Tensor<3>,
    /// B.
    pub count: usize,
}

impl<'a> Batcher<'a> {
    /// Shuffles for `epoch`.
    pub fn new(job: &'a Job<'a>, epoch: usize) -> Self {
        let examples = job.train.labels.len() as u32;
        let order = |&seed: &u64| {
            let mut order: Vec<u32> = (0..examples).collect();
            Stream::new(seed, Purpose::Shuffle, epoch as u64).shuffle(&mut order);
            order
        };
        let dropout = |&seed: &u64| Stream::new(seed, Purpose::Dropout, epoch as u64);
        Self {
            job,
            orders: job.seeds.iter().map(order).collect(),
            dropout: job.seeds.iter().map(dropout).collect(),
            next: 0,
        }
    }

    /// The next `size` examples of each replica, fewer at the end of the epoch.
    pub fn next(&mut self, size: usize, device: &Device) -> Batch {
        let (train, classes) = (self.job.train, self.job.classes);
        let start = self.next;
        let count = size.min(train.labels.len() - start);
        self.next += count;
        let replicas = self.orders.len();
        let mut inputs = Vec::with_capacity(replicas * count * PIXELS);
        let mut targets = vec![0.0f32; replicas * count * classes];
        let rows = self.orders.iter().flat_map(|order| &order[start..start + count]);
        for (row, &index) in rows.enumerate() {
            let index = index as usize;
            let pixels = &train.pixels[index * PIXELS..(index + 1) * PIXELS];
            inputs.extend(pixels.iter().map(|&pixel| scaled(pixel)));
            targets[row * classes + usize::from(train.labels[index])] = 1.0;
        }
        let tensor = |values, width| Tensor::from_data(TensorData::new(values, [replicas, count, width]), device);
        Batch { inputs: tensor(inputs, PIXELS), targets: tensor(targets, classes), count }
    }

    /// A mask `[R, B, width]` for each hidden layer of `model`, 0 with probability `rate` and else
    /// 1 / (1 - rate) (Srivastava et al., 2014, scaled while training); none at rate 0.
    pub fn dropout_masks(&mut self, batch: &Batch, model: &Mlp, rate: f64, device: &Device) -> Vec<Tensor<3>> {
        if rate == 0.0 {
            return Vec::new();
        }
        let keep = (1.0 / (1.0 - rate)) as f32;
        let hidden = &model.layers[..model.layers.len() - 1];
        let widths: Vec<usize> = hidden.iter().map(|layer| layer.weight.dims()[2]).collect();
        let replicas = self.dropout.len();
        widths
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
