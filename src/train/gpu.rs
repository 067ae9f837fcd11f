//! Training steps on a GPU: those of an epoch are gathered from all stacks that train side by side, and taken many at a time by all networks at
//! once.
//!
//! In: a batch order for each seed and the learning rate of each step. Out: new weights, and the scores of every step. Nothing waits for the
//! device between the start of an epoch and its end.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use anyhow::{Context, Result, ensure};

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
use crate::nn::gpu::rule::{self, Adjustments, OfStep};
use crate::nn::gpu::training::{Part, Settings, Training, refuse_missing};
use crate::nn::models::Network;

/// Numbers of inputs, targets and masks that are copied to the device at a time, where they are made on the CPU.
const COPIED: usize = 1 << 24;

/// One of the stacks that a GPU trains side by side.
pub struct GpuSteps<'a> {
    shared: Rc<RefCell<Shared<'a>>>,
    /// Which one.
    lane: usize,
}

/// All stacks that a GPU trains side by side.
struct Shared<'a> {
    gpu: &'a Gpu,
    lanes: Vec<StackOnGpu<'a>>,
    training: Training,
    train: Data,
    validation: Examples,
    /// Seeds whose orders are on the device.
    seeds: Vec<u64>,
    /// The epoch at hand, and the order of each seed in it, `[seeds, n]`.
    orders: Option<(usize, Buffer)>,
    /// Launches whose scores were not read, with each lane's share.
    launches: Vec<(Vec<Share>, Buffer)>,
    /// The scores of the networks as they are now, where they were asked for.
    validated: Option<Vec<Scores>>,
    /// The networks as they are now, where they were asked for.
    current: Option<Vec<FeedForward>>,
}

/// Where the inputs of the steps come from.
enum Data {
    /// The examples are on the device.
    Resident(Examples),
    /// Noise, augmentation and dropout are drawn on the CPU, from the trial's streams, so many steps at a time.
    Drawn { most_steps: usize },
}

/// A stack.
struct StackOnGpu<'a> {
    job: &'a Job<'a>,
    /// The kind and shape of its networks.
    template: Network,
    /// Which of all networks are its own.
    networks: Range<usize>,
    /// Steps asked for so far.
    steps: usize,
    batcher: Option<Batcher<'a>>,
    /// Batches of steps that were asked for and not launched, where they are made on the CPU.
    batches: Vec<Vec<Batch<'a>>>,
    /// The numbers of the steps that were asked for and not launched.
    pending: Vec<OfStep>,
    /// Examples of the epoch that were launched.
    launched: usize,
    /// `[R]`: what was read of the scores, and not taken.
    sums: Vec<Sums>,
}

/// What a launch did for each network of a lane.
#[derive(Debug, Clone, Copy)]
struct Share {
    steps: usize,
    examples: usize,
}

/// Sums over the steps whose scores were not taken.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    loss: f64,
    correct: f64,
    examples: usize,
    /// The loss of the first of the steps.
    first_loss: Option<f64>,
}

/// The stacks of these networks and jobs, before the first step.
///
/// # Errors
/// The device is no GPU or a program that cannot take one step, its memory has no room for them, or stacks whose batches are drawn are not alone.
pub fn side_by_side<'a>(stacks: Vec<(Network, &'a Job<'a>)>, gpu: &'a Gpu) -> Result<Vec<GpuSteps<'a>>> {
    let first = stacks.first().context("there is no stack to train")?.1;
    let is_drawn = |job: &Job| !job.takes_pixels_as_stored() || job.dropout > 0.0;
    ensure!(
        stacks.len() == 1 || !stacks.iter().any(|(_, job)| is_drawn(job)),
        "stacks whose batches are drawn cannot train side by side"
    );
    let (mut networks, mut settings, mut lanes, mut seeds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (template, job) in stacks {
        let own = convert::unstack(&template);
        settings.extend(own.iter().map(|network| settings_of(job, network)));
        let range = networks.len()..networks.len() + own.len();
        networks.extend(own);
        seeds.extend(job.seeds.iter().copied().filter(|seed| !seeds.contains(seed)).collect::<Vec<_>>());
        lanes.push(StackOnGpu {
            job,
            template,
            networks: range,
            steps: 0,
            batcher: None,
            batches: Vec::new(),
            pending: Vec::new(),
            launched: 0,
            sums: vec![Sums::default(); job.seeds.len()],
        });
    }
    let train = if is_drawn(first) {
        let widths = |network: &FeedForward| network.layers.iter().map(|layer| layer.outputs).sum::<usize>();
        let of_step = first.config.batch_size * networks.iter().map(widths).sum::<usize>()
            + first.config.batch_size * networks.len() * first.train.rows.width();
        Data::Drawn { most_steps: (COPIED / of_step.max(1)).max(1) }
    } else {
        Data::Resident(Examples::upload(first.train, first.task, gpu)?)
    };
    let networks = Networks::upload(networks, gpu)?;
    let shared = Shared {
        gpu,
        lanes,
        training: Training::new(networks, &settings, first.config.loss, first.dropout > 0.0)?,
        train,
        validation: Examples::upload(first.validation, first.task, gpu)?,
        seeds,
        orders: None,
        launches: Vec::new(),
        validated: None,
        current: None,
    };
    let (count, shared) = (shared.lanes.len(), Rc::new(RefCell::new(shared)));
    Ok((0..count).map(|lane| GpuSteps { shared: shared.clone(), lane }).collect())
}

fn settings_of(job: &Job, network: &FeedForward) -> Settings {
    let config = job.config;
    let (optimizer, examples) = (&config.optimizer, job.train.count() as f64);
    let adjustments = Adjustments {
        l1: config.l1() / examples,
        l2: config.l2 / examples,
        limit: config.clip_value,
        norm: config.clip_norm,
        unit_norm: config.unit_norm,
    };
    let has_slopes = network.layers.iter().any(|layer| layer.slope.is_some());
    let update = Update::new(optimizer.rule, optimizer.lr, optimizer.weight_decay.unwrap_or(0.0), 1);
    Settings {
        batch: config.batch_size,
        // The slopes of frozen layers learn.
        lowest: network.lowest_reached().max(if has_slopes { 0 } else { job.frozen }),
        frozen: job.frozen,
        rule: optimizer.rule,
        constants: rule::constants(&update, adjustments),
    }
}

impl GpuSteps<'_> {
    /// Starts epoch `epoch`, counted from 0.
    ///
    /// # Errors
    /// The device failed.
    pub fn start_epoch(&mut self, epoch: usize) -> Result<()> {
        self.shared.borrow_mut().start_epoch(self.lane, epoch)
    }

    /// Takes the next step at the learning rate `rate`, now or with later ones.
    ///
    /// # Errors
    /// The device failed.
    pub fn step(&mut self, rate: f64) -> Result<()> {
        self.shared.borrow_mut().step(self.lane, rate)
    }

    /// Launches the steps that were asked for.
    ///
    /// # Errors
    /// The device failed.
    #[cfg(test)]
    pub fn launch(&mut self) -> Result<()> {
        self.shared.borrow_mut().launch()
    }

    /// The scores of each replica over the steps since the last call.
    ///
    /// # Errors
    /// The device failed, or skipped a step.
    pub fn take_scores(&mut self) -> Result<Vec<StepScores>> {
        let mut shared = self.shared.borrow_mut();
        shared.read_scores()?;
        let lane = &mut shared.lanes[self.lane];
        let Job { task, config, .. } = *lane.job;
        let take = |sums: &mut Sums| {
            let Sums { loss, correct, examples, first_loss } = std::mem::take(sums);
            let accuracy = task.has_accuracy().then(|| correct / examples as f64);
            let all = Scores { loss: config.loss.of_sum(loss, examples), accuracy };
            StepScores { all, first_loss: first_loss.unwrap_or(f64::NAN) }
        };
        Ok(lane.sums.iter_mut().map(take).collect())
    }

    /// The scores of each replica on the validation examples.
    ///
    /// # Errors
    /// The device failed.
    pub fn validate(&mut self) -> Result<Vec<Scores>> {
        let mut shared = self.shared.borrow_mut();
        let own = shared.lanes[self.lane].networks.clone();
        Ok(shared.validate()?[own].to_vec())
    }

    /// The stack as it is now.
    ///
    /// # Errors
    /// The device failed.
    pub fn network(&mut self) -> Result<Network> {
        let mut shared = self.shared.borrow_mut();
        shared.launch()?;
        if shared.current.is_none() {
            shared.current = Some(shared.training.networks.read()?);
        }
        let lane = &shared.lanes[self.lane];
        let own = &shared.current.as_ref().context("the networks were just read")?[lane.networks.clone()];
        Ok(convert::stack(&lane.template, own, lane.job.device))
    }
}

impl Shared<'_> {
    fn start_epoch(&mut self, lane: usize, epoch: usize) -> Result<()> {
        if self.orders.as_ref().is_none_or(|(current, _)| *current != epoch) {
            // What is pending is of the epoch before.
            self.launch()?;
            let count = self.lanes[lane].job.train.count() as u32;
            let order = match self.train {
                Data::Resident(_) => self.seeds.iter().flat_map(|&seed| shuffled(seed, epoch, count)).collect(),
                Data::Drawn { .. } => Vec::new(),
            };
            self.orders = Some((epoch, Buffer::words(order, self.gpu)?));
        }
        let own = &mut self.lanes[lane];
        own.launched = 0;
        if let Data::Drawn { .. } = self.train {
            own.batcher = Some(Batcher::new(own.job, epoch, own.template.hidden_widths()));
        }
        Ok(())
    }

    fn step(&mut self, lane: usize, rate: f64) -> Result<()> {
        let own = &mut self.lanes[lane];
        own.steps += 1;
        let optimizer = &own.job.config.optimizer;
        let update = Update::new(optimizer.rule, rate, optimizer.weight_decay.unwrap_or(0.0), own.steps);
        own.pending.push(rule::of_step(&update));
        own.batches.extend(own.batcher.as_mut().map(Batcher::next));
        match self.train {
            Data::Drawn { most_steps } if own.pending.len() >= most_steps => self.launch(),
            _ => Ok(()),
        }
    }

    /// Launches the steps that were asked for: in as many launches as the device needs, of each of which every lane takes its share.
    fn launch(&mut self) -> Result<()> {
        let needed = |lane: &StackOnGpu| {
            let most = self.training.most_steps(lane.networks.start).max(1);
            lane.pending.len().div_ceil(most)
        };
        let launches = self.lanes.iter().map(needed).max().unwrap_or(0);
        if launches == 0 {
            return Ok(());
        }
        (self.validated, self.current) = (None, None);
        let shares: Vec<Vec<OfStep>> = self.lanes.iter_mut().map(|lane| std::mem::take(&mut lane.pending)).collect();
        for launch in 0..launches {
            let share =
                |all: &Vec<OfStep>| all[launch * all.len() / launches..(launch + 1) * all.len() / launches].to_vec();
            self.launch_steps(shares.iter().map(share).collect())?;
        }
        Ok(())
    }

    /// Launches the next steps of each lane.
    fn launch_steps(&mut self, steps: Vec<Vec<OfStep>>) -> Result<()> {
        let all: usize = self.lanes.iter().zip(&steps).map(|(lane, steps)| lane.networks.len() * steps.len()).sum();
        let scores = self.training.scores(all)?;
        let count = self.lanes.first().map_or(0, |lane| lane.job.train.count());
        let (mut shares, mut parts, mut place) = (Vec::new(), Vec::new(), 0);
        for (lane, steps) in self.lanes.iter_mut().zip(steps) {
            let from = lane.launched;
            lane.launched = (from + steps.len() * lane.job.config.batch_size).min(count);
            shares.push(Share { steps: steps.len(), examples: lane.launched - from });
            for seed in lane.job.seeds {
                let order = self.seeds.iter().position(|known| known == seed).unwrap_or(0) * count;
                parts.push(Part { examples: from..lane.launched, order, steps: steps.clone(), scores: place });
                place += steps.len();
            }
        }
        match (&self.train, &self.orders) {
            (Data::Resident(examples), Some((_, orders))) => {
                self.training.launch(examples, orders, &parts, Vec::new(), &scores)?;
            }
            _ => {
                let lane = self.lanes.first_mut().context("there is no stack to train")?;
                let replicas = lane.networks.len();
                let rest = lane.batches.split_off(shares[0].steps);
                let drawn = Drawn::of(std::mem::replace(&mut lane.batches, rest), replicas);
                let count = parts.first().map_or(0, |part| part.examples.len());
                let (task, gpu) = (lane.job.task, self.gpu);
                let examples = Examples::of_numbers(&drawn.inputs, &drawn.targets, replicas * count, task, gpu)?;
                for (r, part) in parts.iter_mut().enumerate() {
                    (part.examples, part.order) = (0..count, r * count);
                }
                self.training.launch(&examples, &examples.in_order, &parts, drawn.masks, &scores)?;
            }
        }
        self.launches.push((shares, scores));
        Ok(())
    }

    /// Launches what is pending, and adds what the device scored to the sums.
    fn read_scores(&mut self) -> Result<()> {
        self.launch()?;
        for (shares, scores) in std::mem::take(&mut self.launches) {
            let found = scores.read()?;
            refuse_missing(&found)?;
            let mut rest = found.chunks_exact(2);
            for (lane, Share { steps, examples }) in self.lanes.iter_mut().zip(shares) {
                let config = lane.job.config;
                let first = config.batch_size.min(examples);
                for sums in &mut lane.sums {
                    sums.examples += examples;
                    for pair in rest.by_ref().take(steps) {
                        let loss = f64::from(pair[0]);
                        sums.loss += loss;
                        sums.correct += f64::from(pair[1]);
                        sums.first_loss.get_or_insert(config.loss.of_sum(loss, first));
                    }
                }
            }
        }
        Ok(())
    }

    fn validate(&mut self) -> Result<&[Scores]> {
        self.launch()?;
        if self.validated.is_none() {
            let Job { task, config, .. } = *self.lanes.first().context("there is no stack to train")?.job;
            let count = self.validation.count;
            let found = evaluate(&self.training.networks, &self.validation, config.loss, false)?;
            let scores = found.into_iter().map(|found| Scores {
                loss: config.loss.of_sum(found.loss, count),
                accuracy: task.has_accuracy().then(|| found.correct / count as f64),
            });
            self.validated = Some(scores.collect());
        }
        Ok(self.validated.as_deref().unwrap_or_default())
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
}

#[cfg(test)]
mod tests;
