//! Steps of networks in a GPU's memory: many steps in one launch, each network with settings of its own.

use anyhow::{Result, ensure};
use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim};

use super::buffer::Buffer;
use super::examples::Examples;
use super::kernel::train as kernel;
use super::networks::{Networks, Table};
use super::program::Program;
use super::rule::OfStep;
use super::{rule, table};
use crate::nn::loss::Loss;
use crate::nn::update_rule::UpdateRule;

/// What the scores of a step are before it is taken. A number of correct predictions is never below 0.
pub(super) const MISSING: f32 = -1.0;

/// Networks in training.
#[derive(Debug)]
pub struct Training {
    /// The networks.
    pub networks: Networks,
    table: Table,
    moments: Buffer,
    work: Buffer,
    constants: Buffer,
    loss: Loss,
    has_masks: bool,
    has_norms: bool,
    /// Rounds of loops of a step of each network.
    rounds: Vec<usize>,
    most_rounds: usize,
}

/// How a network is trained.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Examples of a step.
    pub batch: usize,
    /// Layers, from the first on, that have no gradient.
    pub lowest: usize,
    /// Layers, from the first on, whose weights and biases stay as they are.
    pub frozen: usize,
    /// The update rule.
    pub rule: UpdateRule,
    /// The rule's and the penalties' constants, at the places of [`rule::constant`].
    pub constants: [f32; rule::constant::COUNT],
}

/// The part of an epoch that one launch trains a network on.
#[derive(Debug, Clone)]
pub struct Part {
    /// Examples `from..to` of the network's order.
    pub examples: std::ops::Range<usize>,
    /// Place of the network's order in the buffer of orders.
    pub order: usize,
    /// The numbers of each step, at the places of [`rule::of_step`].
    pub steps: Vec<OfStep>,
    /// The scores of the first step are at this place in the buffer of scores.
    pub scores: usize,
}

impl Training {
    /// Before the first step.
    ///
    /// # Errors
    /// The device is no GPU or a program that cannot take one step, or its memory has no room for them.
    pub fn new(networks: Networks, settings: &[Settings], loss: Loss, has_masks: bool) -> Result<Self> {
        let gpu = networks.gpu().clone();
        let batches: Vec<usize> = settings.iter().map(|settings| settings.batch).collect();
        let mut table = networks.table(&batches, has_masks);
        let mut work = 0;
        for (r, settings) in settings.iter().enumerate() {
            table.set(r, table::LOWEST, settings.lowest);
            table.set(r, table::FROZEN, settings.frozen);
            table.set(r, table::RULE, rule::number(settings.rule) as usize);
            table.set(r, table::CONSTANTS, r * rule::constant::COUNT);
            table.set(r, table::WORK, work);
            work += table.work[r];
        }
        let constants: Vec<f32> = settings.iter().flat_map(|settings| settings.constants).collect();
        let has_norms = settings.iter().any(|settings| {
            settings.constants[rule::constant::NORM] >= 0.0 || settings.constants[rule::constant::UNIT_NORM] > 0.0
        });
        let rounds = networks.rounds_of_step(&batches, has_norms);
        Ok(Self {
            most_rounds: networks.most_rounds(rounds.iter().copied().max().unwrap_or(0))?,
            rounds,
            // Copied, and not filled by the device, so that no other kernel than this file's is needed.
            moments: Buffer::floats(vec![0.0; 2 * networks.parameters.len()], &gpu)?,
            work: Buffer::room(work, &gpu)?,
            constants: Buffer::floats(constants, &gpu)?,
            networks,
            table,
            loss,
            has_masks,
            has_norms,
        })
    }

    /// Steps of a network that one launch may take.
    pub fn most_steps(&self, network: usize) -> usize {
        self.rounds.get(network).map_or(1, |rounds| (self.most_rounds / rounds.max(&1)).max(1))
    }

    /// A buffer for the scores of so many steps, two numbers each: the sum of the examples' losses and the number of correct predictions.
    ///
    /// # Errors
    /// The device is no GPU, or its memory has no room for them.
    pub fn scores(&self, steps: usize) -> Result<Buffer> {
        Buffer::floats(vec![MISSING; 2 * steps], self.networks.gpu())
    }

    /// The first moments of all parameters.
    ///
    /// # Errors
    /// The device failed.
    pub(super) fn first_moments(&self) -> Result<Vec<f32>> {
        let mut both = self.moments.read()?;
        both.truncate(self.networks.parameters.len());
        Ok(both)
    }

    /// Trains every network on its part of the epoch, and writes the scores of each step to `scores`. `masks` are the dropout masks of the
    /// parts' examples, one network after the other. It returns before the device is done.
    ///
    /// # Errors
    /// The device is no GPU, or its memory has no room for them.
    pub fn launch(
        &mut self,
        examples: &Examples,
        order: &Buffer,
        parts: &[Part],
        masks: Vec<f32>,
        scores: &Buffer,
    ) -> Result<()> {
        let gpu = self.networks.gpu().clone();
        let (mut steps, mut mask) = (Vec::new(), 0);
        for (r, part) in parts.iter().enumerate() {
            self.table.set(r, table::FIRST, part.examples.start);
            self.table.set(r, table::LAST, part.examples.end);
            self.table.set(r, table::ORDER, part.order);
            self.table.set(r, table::STEPS, steps.len());
            self.table.set(r, table::SCORES, 2 * part.scores);
            self.table.set(r, table::MASKS, mask);
            mask += part.examples.len() * self.table.get(r, table::MASK_WIDTH);
            steps.extend(part.steps.iter().flatten().copied());
        }
        let program = Program {
            loss: self.loss,
            targets: examples.kind,
            hits: examples.hits,
            activations: self.networks.activations(),
            is_packed: examples.is_packed,
            has_masks: self.has_masks,
            has_slopes: self.networks.have_slopes(),
            has_norms: self.has_norms,
            has_outputs: false,
            units: self.networks.units(),
            fences_buffers: self.networks.gpu().adapter.api == "cuda",
        };
        kernel::launch(
            scores.client(),
            CubeCount::Static(parts.len() as u32, 1, 1),
            CubeDim::new_1d(program.units as u32),
            examples.inputs.arg(),
            examples.numbers.arg(),
            examples.targets.arg(),
            order.arg(),
            Buffer::words(self.table.numbers.clone(), &gpu)?.arg(),
            self.constants.arg(),
            Buffer::floats(steps, &gpu)?.arg(),
            Buffer::floats(masks, &gpu)?.arg(),
            self.networks.parameters.arg(),
            self.moments.arg(),
            self.work.arg(),
            scores.arg(),
            self.table.row as u32,
            program,
        );
        Ok(())
    }
}

/// Refuses scores of steps that were not taken.
///
/// # Errors
/// A number is still the one that was there before.
pub fn refuse_missing(scores: &[f32]) -> Result<()> {
    let missing = scores.chunks_exact(2).filter(|pair| pair[1] < 0.0).count();
    ensure!(missing == 0, "the GPU skipped {missing} of {} steps that it was asked for", scores.len() / 2);
    Ok(())
}
