//! Batches of a stack: every replica's examples in its own shuffled order, gathered on the host.
//!
//! In: the training examples and an epoch. Out: for each replica its inputs, augmented and with noise where that is asked for,
//! its targets, made before the noise is added, and its dropout masks.

use super::Job;
use crate::nn::cpu::Inputs;
use crate::seed::{Purpose, Stream};

/// The batches of one epoch.
pub struct Batcher<'a> {
    job: &'a Job<'a>,
    /// Widths of the hidden layers.
    hidden: Vec<usize>,
    /// `[R]`
    replicas: Vec<ReplicaBatches>,
    next: usize,
}

/// The indices of so many examples in the order in which a replica of this seed takes them in `epoch`, counted from 0.
pub fn shuffled(seed: u64, epoch: usize, examples: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..examples).collect();
    Stream::new(seed, Purpose::Shuffle, epoch as u64).shuffle(&mut order);
    order
}

/// The batches of one replica in one epoch.
struct ReplicaBatches {
    /// `[n]`: the examples in the replica's order.
    order: Vec<u32>,
    dropout: Stream,
    noise: Stream,
    augment: Stream,
}

/// The examples of one replica in one step.
pub struct Batch<'a> {
    /// `[B, in]`
    pub inputs: Inputs<'a>,
    /// `[B, out]`
    pub targets: Vec<f32>,
    /// For each hidden layer `[B, width]`: 0 with the probability of dropout, else 1 / (1 - that) (Srivastava et al., "Dropout", 2014,
    /// scaled while training). Empty without dropout.
    pub masks: Vec<Vec<f32>>,
    /// B
    pub count: usize,
}

impl<'a> Batcher<'a> {
    /// Shuffles the examples of each replica for `epoch`, counted from 0. `hidden` are the widths of the hidden layers.
    pub fn new(job: &'a Job<'a>, epoch: usize, hidden: Vec<usize>) -> Self {
        let replica = |&seed: &u64| {
            let stream = |purpose| Stream::new(seed, purpose, epoch as u64);
            ReplicaBatches {
                order: shuffled(seed, epoch, job.train.count() as u32),
                dropout: stream(Purpose::Dropout),
                noise: stream(Purpose::Noise),
                augment: stream(Purpose::Augment),
            }
        };
        Self { job, hidden, replicas: job.seeds.iter().map(replica).collect(), next: 0 }
    }

    /// The next examples of each replica, as many as a batch has; fewer at the end of the epoch.
    pub fn next(&mut self) -> Vec<Batch<'a>> {
        let start = self.next;
        let end = (start + self.job.config.batch_size).min(self.job.train.count());
        self.next = end;
        let (job, hidden) = (self.job, &self.hidden);
        self.replicas.iter_mut().map(|replica| replica.batch(job, start, end, hidden)).collect()
    }
}

impl ReplicaBatches {
    fn batch<'a>(&mut self, job: &'a Job<'a>, start: usize, end: usize, hidden: &[usize]) -> Batch<'a> {
        /// Rows of the next batch that are loaded ahead of time.
        const AHEAD: usize = 2;
        let rows = job.train.rows;
        let chosen: Vec<usize> = self.order[start..end].iter().map(|&index| index as usize).collect();
        let sparse = if job.takes_pixels_as_stored() { rows.gather_sparse(&chosen) } else { None };
        let mut dense = Vec::new();
        let reconstructs = job.task.reconstructs();
        if sparse.is_none() || reconstructs {
            dense.reserve_exact(chosen.len() * rows.width());
            rows.gather(&chosen, &mut dense);
            job.config.augment.apply(&mut dense, &mut self.augment);
        } else {
            let next = end..(end + AHEAD).min(self.order.len());
            rows.prefetch_sparse(&self.order[next].iter().map(|&index| index as usize).collect::<Vec<_>>());
        }
        let labels: Vec<u8> = chosen.iter().map(|&index| job.train.labels[index]).collect();
        let numbers: Vec<f32> = chosen.iter().filter_map(|&index| job.train.targets.get(index).copied()).collect();
        let (inputs, targets) = match sparse {
            Some(sparse) if reconstructs => (Inputs::Sparse(sparse), dense),
            Some(sparse) => (Inputs::Sparse(sparse), job.task.targets(&[], &labels, &numbers)),
            None => {
                let targets = job.task.targets(&dense, &labels, &numbers);
                job.noise.add(&mut dense, &mut self.noise);
                (Inputs::Dense(dense), targets)
            }
        };
        Batch { inputs, targets, masks: self.masks(job.dropout, chosen.len(), hidden), count: chosen.len() }
    }

    fn masks(&mut self, rate: f64, count: usize, hidden: &[usize]) -> Vec<Vec<f32>> {
        if rate == 0.0 {
            return Vec::new();
        }
        let keep = (1.0 / (1.0 - rate)) as f32;
        let mut number = || if self.dropout.unit_f32() < rate as f32 { 0.0 } else { keep };
        hidden.iter().map(|width| (0..count * width).map(|_| number()).collect()).collect()
    }
}
