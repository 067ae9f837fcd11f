//! Training steps on a GPU: the steps of an epoch are gathered, and taken many at a time, all networks side by side.
//!
//! In: a batch order for each network and the learning rate of each step. Out: new weights, and the scores of every step. Nothing waits for the
//! device between the start of an epoch and its end.

use std::ops::Range;

use anyhow::Result;
use burn::tensor::Device;

use super::batch::{Batch, Batcher, shuffled};
use super::{Job, StepScores};
use crate::evaluate::Scores;
use crate::nn::cpu::update::Update;
use crate::nn::cpu::{FeedForward, convert};
use crate::nn::device::Gpu;
use crate::nn::gpu::buffer::Buffer;
use crate::nn::gpu::evaluation::evaluate;
use crate::nn::gpu::examples::Examples;
use crate::nn::gpu::networks::Networks;
use crate::nn::gpu::rule::{self, Adjustments};
use crate::nn::gpu::training::{Part, Settings, Training, refuse_missing};
use crate::nn::models::Network;

/// Numbers of inputs, targets and masks that are copied to the device at a time, where they are made on the CPU.
const COPIED: usize = 1 << 24;

/// A stack in training.
pub struct GpuSteps<'a> {
    job: &'a Job<'a>,
    device: &'a Device,
    /// The kind and shape of the networks.
    template: Network,
    training: Training,
    train: Data,
    validation: Examples,
    epoch: Epoch<'a>,
    /// Steps asked for so far.
    steps: usize,
    /// Steps of a launch.
    most_steps: usize,
}

/// Where the inputs of the steps come from.
enum Data {
    /// The examples are on the device.
    Resident(Examples),
    /// Noise, augmentation and dropout are drawn on the CPU, from the trial's streams.
    Drawn,
}

/// The epoch at hand.
struct Epoch<'a> {
    /// The order of each network on the device, `[R, n]`.
    order: Option<Buffer>,
    batcher: Option<Batcher<'a>>,
    /// Batches of steps that were asked for and not launched.
    batches: Vec<Vec<Batch<'a>>>,
    /// The numbers of these steps.
    pending: Vec<[f32; rule::of_step::COUNT]>,
    /// Examples of each network that were launched.
    launched: usize,
    /// Launches whose scores were not taken.
    scores: Vec<LaunchScores>,
}

/// The scores of a launch, which may still be on its way.
struct LaunchScores {
    /// Steps of each network.
    steps: usize,
    /// Examples of each network.
    examples: usize,
    /// `[R, steps, 2]`
    buffer: Buffer,
}

impl<'a> GpuSteps<'a> {
    /// Before the first step.
    ///
    /// # Errors
    /// The device is no GPU.
    pub fn new(model: Network, job: &'a Job<'a>, gpu: &'a Gpu) -> Result<Self> {
        let networks = convert::unstack(&model);
        let config = job.config;
        let examples = job.train.count() as f64;
        let adjustments = Adjustments {
            l1: config.l1() / examples,
            l2: config.l2 / examples,
            limit: config.clip_value,
            norm: config.clip_norm,
            unit_norm: config.unit_norm,
        };
        let optimizer = &config.optimizer;
        let update = Update::new(optimizer.rule, optimizer.lr, optimizer.weight_decay.unwrap_or(0.0), 1);
        let settings = |network: &FeedForward| {
            let has_slopes = network.layers.iter().any(|layer| layer.slope.is_some());
            Settings {
                batch: config.batch_size,
                // The slopes of frozen layers learn.
                lowest: network.lowest_reached().max(if has_slopes { 0 } else { job.frozen }),
                frozen: job.frozen,
                rule: optimizer.rule,
                constants: rule::constants(&update, adjustments),
            }
        };
        let settings: Vec<Settings> = networks.iter().map(settings).collect();
        let widths: usize = networks.first().map_or(0, |network| {
            network.layers.iter().map(|layer| layer.outputs).sum::<usize>() + job.train.rows.width()
        });
        let is_drawn = !job.takes_pixels_as_stored() || job.dropout > 0.0;
        let copied_in_step = 2 * widths * config.batch_size * networks.len();
        let training = Training::new(Networks::upload(networks, gpu)?, &settings, config.loss, job.dropout > 0.0)?;
        let copied = if is_drawn { COPIED / copied_in_step.max(1) } else { usize::MAX };
        let most_steps = training.most_steps.min(copied);
        let device = &gpu.device;
        let train = if is_drawn { Data::Drawn } else { Data::Resident(Examples::upload(job.train, job.task, device)?) };
        Ok(Self {
            job,
            device,
            training,
            train,
            validation: Examples::upload(job.validation, job.task, device)?,
            epoch: Epoch {
                order: None,
                batcher: None,
                batches: Vec::new(),
                pending: Vec::new(),
                launched: 0,
                scores: Vec::new(),
            },
            template: model,
            steps: 0,
            most_steps: most_steps.max(1),
        })
    }

    /// Starts epoch `epoch`, counted from 0.
    ///
    /// # Errors
    /// The device failed.
    pub fn start_epoch(&mut self, epoch: usize) -> Result<()> {
        self.launch()?;
        self.epoch.launched = 0;
        match &self.train {
            Data::Resident(examples) => {
                let count = examples.count as u32;
                let order = self.job.seeds.iter().flat_map(|&seed| shuffled(seed, epoch, count)).collect();
                self.epoch.order = Some(Buffer::words(order, self.device)?);
            }
            Data::Drawn => {
                self.epoch.batcher = Some(Batcher::new(self.job, epoch, self.template.hidden_widths()));
            }
        }
        Ok(())
    }

    /// Takes the next step at the learning rate `rate`, now or with later ones.
    ///
    /// # Errors
    /// The device failed.
    pub fn step(&mut self, rate: f64) -> Result<()> {
        self.steps += 1;
        let optimizer = &self.job.config.optimizer;
        let update = Update::new(optimizer.rule, rate, optimizer.weight_decay.unwrap_or(0.0), self.steps);
        self.epoch.pending.push(rule::of_step(&update));
        if let Some(batcher) = &mut self.epoch.batcher {
            self.epoch.batches.push(batcher.next());
        }
        if self.epoch.pending.len() >= self.most_steps { self.launch() } else { Ok(()) }
    }

    /// Launches the steps that were asked for.
    pub fn launch(&mut self) -> Result<()> {
        let steps = std::mem::take(&mut self.epoch.pending);
        if steps.is_empty() {
            return Ok(());
        }
        let (batch, all, replicas) = (self.job.config.batch_size, self.job.train.count(), self.job.seeds.len());
        let from = self.epoch.launched;
        let to = (from + steps.len() * batch).min(all);
        self.epoch.launched = to;
        let scores = self.training.scores(replicas * steps.len())?;
        let part = |examples: Range<usize>, order: usize, r: usize| Part {
            examples,
            order,
            steps: steps.clone(),
            scores: r * steps.len(),
        };
        match (&self.train, &self.epoch.order) {
            (Data::Resident(examples), Some(order)) => {
                let parts: Vec<Part> = (0..replicas).map(|r| part(from..to, r * all, r)).collect();
                self.training.launch(examples, order, &parts, Vec::new(), &scores)?;
            }
            _ => {
                let count = to - from;
                let drawn = Drawn::of(std::mem::take(&mut self.epoch.batches), replicas);
                let examples = drawn.upload(self.job, replicas * count, self.device)?;
                let parts: Vec<Part> = (0..replicas).map(|r| part(0..count, r * count, r)).collect();
                self.training.launch(&examples, &examples.in_order, &parts, drawn.masks, &scores)?;
            }
        }
        self.epoch.scores.push(LaunchScores { steps: steps.len(), examples: to - from, buffer: scores });
        Ok(())
    }

    /// The scores of each replica over the steps since the last call.
    ///
    /// # Errors
    /// The device failed, or skipped a step.
    pub fn take_scores(&mut self) -> Result<Vec<StepScores>> {
        self.launch()?;
        let (replicas, batch) = (self.job.seeds.len(), self.job.config.batch_size);
        let loss = self.job.config.loss;
        let (mut sums, mut hits) = (vec![0.0; replicas], vec![0.0; replicas]);
        let mut first = vec![None; replicas];
        let mut examples = 0;
        for launch in std::mem::take(&mut self.epoch.scores) {
            let found = launch.buffer.read()?;
            refuse_missing(&found)?;
            examples += launch.examples;
            for (r, own) in found.chunks_exact(2 * launch.steps).enumerate() {
                for pair in own.chunks_exact(2) {
                    sums[r] += f64::from(pair[0]);
                    hits[r] += f64::from(pair[1]);
                    first[r].get_or_insert(loss.of_sum(f64::from(pair[0]), batch.min(launch.examples)));
                }
            }
        }
        let accuracy = |r: usize| self.job.task.has_accuracy().then(|| hits[r] / examples as f64);
        let scores = |r: usize| StepScores {
            all: Scores { loss: loss.of_sum(sums[r], examples), accuracy: accuracy(r) },
            first_loss: first[r].unwrap_or(f64::NAN),
        };
        Ok((0..replicas).map(scores).collect())
    }

    /// The scores of each replica on the validation examples.
    ///
    /// # Errors
    /// The device failed.
    pub fn validate(&mut self) -> Result<Vec<Scores>> {
        self.launch()?;
        let (count, has_accuracy, loss) = (self.validation.count, self.job.task.has_accuracy(), self.job.config.loss);
        let found = evaluate(&self.training.networks, &self.validation, loss, false)?;
        let scores = found.into_iter().map(|found| Scores {
            loss: loss.of_sum(found.loss, count),
            accuracy: has_accuracy.then(|| found.correct / count as f64),
        });
        Ok(scores.collect())
    }

    /// The stack as it is now.
    ///
    /// # Errors
    /// The device failed.
    pub fn network(&mut self) -> Result<Network> {
        self.launch()?;
        Ok(convert::stack(&self.template, &self.training.networks.read()?, self.job.device))
    }
}

/// The examples of some steps as they were drawn, one network after the other.
struct Drawn {
    inputs: Vec<f32>,
    targets: Vec<f32>,
    masks: Vec<f32>,
}

impl Drawn {
    fn of(steps: Vec<Vec<Batch>>, replicas: usize) -> Self {
        let mut drawn = Self { inputs: Vec::new(), targets: Vec::new(), masks: Vec::new() };
        let mut of_replica: Vec<Vec<Batch>> = (0..replicas).map(|_| Vec::with_capacity(steps.len())).collect();
        for step in steps {
            of_replica.iter_mut().zip(step).for_each(|(own, batch)| own.push(batch));
        }
        for batch in of_replica.into_iter().flatten() {
            // An example's masks stand together.
            for row in 0..batch.count {
                for mask in &batch.masks {
                    let width = mask.len() / batch.count;
                    drawn.masks.extend_from_slice(&mask[row * width..(row + 1) * width]);
                }
            }
            drawn.targets.extend(batch.targets);
            drawn.inputs.extend(batch.inputs.into_dense());
        }
        drawn
    }

    fn upload(&self, job: &Job, count: usize, device: &Device) -> Result<Examples> {
        Examples::of_numbers(&self.inputs, &self.targets, count, job.task, device)
    }
}
