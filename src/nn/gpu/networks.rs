//! Networks in a GPU's memory.
//!
//! In: networks of any shapes. Out: their parameters in one buffer, and a table of where everything is; and back.

use anyhow::Result;

use super::buffer::Buffer;
use super::{effort, table};
use crate::nn::cpu::FeedForward;
use crate::nn::cpu::feed_forward::Layer;
use crate::nn::device::Gpu;
use crate::nn::models::ActivationKind;

/// Units of a cube, where the GPU has as many: two networks then keep one of its processors busy.
const UNITS: usize = 512;

/// Networks in a GPU's memory.
#[derive(Debug)]
pub struct Networks {
    /// As they came.
    templates: Vec<FeedForward>,
    pub(super) parameters: Buffer,
    gpu: Gpu,
}

/// The table of the networks of a launch.
#[derive(Debug, Clone)]
pub struct Table {
    /// `[networks, row]`
    pub(super) numbers: Vec<u32>,
    /// Numbers of a row.
    pub(super) row: usize,
    /// Numbers of each network's intermediate results.
    pub(super) work: Vec<usize>,
}

impl Networks {
    /// Copies networks to the device.
    ///
    /// # Errors
    /// The device is no GPU, or its memory has no room for them.
    pub fn upload(networks: Vec<FeedForward>, gpu: &Gpu) -> Result<Self> {
        let parameters = networks.iter().flat_map(|network| &network.layers).flat_map(parameters_of).collect();
        Ok(Self { parameters: Buffer::floats(parameters, gpu)?, templates: networks, gpu: gpu.clone() })
    }

    /// The networks as they are now.
    ///
    /// # Errors
    /// The device failed.
    pub fn read(&self) -> Result<Vec<FeedForward>> {
        Ok(self.with_parameters(&self.parameters.read()?))
    }

    /// The networks with these numbers, in the order of the parameters.
    pub(super) fn with_parameters(&self, numbers: &[f32]) -> Vec<FeedForward> {
        let mut rest = numbers;
        let mut networks = self.templates.clone();
        for layer in networks.iter_mut().flat_map(|network| &mut network.layers) {
            let mut take = |values: &mut [f32]| {
                let (own, others) = rest.split_at(values.len());
                values.copy_from_slice(own);
                rest = others;
            };
            take(&mut layer.weight);
            layer.bias.iter_mut().for_each(|bias| take(bias));
            layer.slope.iter_mut().for_each(|slope| take(std::slice::from_mut(slope)));
        }
        networks
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.templates.len()
    }

    /// The GPU that they are on.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Units of a cube.
    pub(super) fn units(&self) -> usize {
        let most = self.parameters.client().properties().hardware.max_units_per_cube as usize;
        // Sums over all units halve them.
        if most < UNITS { (most + 1).next_power_of_two() / 2 } else { UNITS }
    }

    /// Rounds of loops of a step of each network, of which network r has `batches[r]` examples in one.
    pub(super) fn rounds_of_step(&self, batches: &[usize], has_norms: bool) -> Vec<usize> {
        let units = self.units();
        let all = self.templates.iter().zip(batches);
        all.map(|(network, &batch)| effort::rounds_of_step(network, batch, units, has_norms)).collect()
    }

    /// The most rounds of a launch.
    ///
    /// # Errors
    /// The GPU is a program that cannot take one step.
    pub(super) fn most_rounds(&self, of_step: usize) -> Result<usize> {
        Ok(effort::most_rounds(&self.gpu.adapter, of_step, self.count())?)
    }

    /// Width of each network's output.
    pub(super) fn outputs(&self) -> impl Iterator<Item = usize> + '_ {
        self.templates.iter().map(|network| network.layers.last().map_or(0, |layer| layer.outputs))
    }

    /// The activations of all networks, each once.
    pub(super) fn activations(&self) -> Vec<ActivationKind> {
        let all = self.templates.iter().flat_map(|network| &network.layers).map(|layer| layer.activation);
        let mut kinds: Vec<ActivationKind> = Vec::new();
        for kind in all {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        // One program for the same activations, in whatever order the networks come.
        kinds.sort_by_key(|&kind| kind as u32);
        kinds
    }

    /// Whether there are slopes that learn.
    pub(super) fn have_slopes(&self) -> bool {
        self.templates.iter().flat_map(|network| &network.layers).any(|layer| layer.slope.is_some())
    }

    /// The table for steps of `batches[r]` examples, with or without dropout masks. What a launch decides is still 0.
    pub(super) fn table(&self, batches: &[usize], has_masks: bool) -> Table {
        let deepest = self.templates.iter().map(|network| network.layers.len()).max().unwrap_or(0);
        let row = table::HEADER + deepest * table::LAYER;
        let mut table = Table { numbers: Vec::new(), row, work: Vec::new() };
        let mut parameter = 0;
        for (network, &batch) in self.templates.iter().zip(batches) {
            let from = table.numbers.len();
            table.numbers.resize(from + row, 0);
            let mut places = Places { parameter, work: 0, mask: 0 };
            for (index, layer) in network.layers.iter().enumerate() {
                let at = from + table::HEADER + index * table::LAYER;
                let input = if index == 0 {
                    places.work(batch * layer.inputs)
                } else {
                    table.numbers[at - table::LAYER + table::DROPPED]
                };
                let own = &mut table.numbers[at..at + table::LAYER];
                places.fill(own, layer, batch, input, has_masks);
            }
            let header = &mut table.numbers[from..];
            header[table::LAYERS] = network.layers.len() as u32;
            header[table::WIDTH] = network.layers.first().map_or(0, |layer| layer.inputs) as u32;
            header[table::BATCH] = batch as u32;
            header[table::MASK_WIDTH] = places.mask as u32;
            parameter = places.parameter;
            table.work.push(places.work);
        }
        table
    }
}

impl Table {
    /// Writes a number of a network's header.
    pub(super) fn set(&mut self, network: usize, place: usize, number: usize) {
        self.numbers[network * self.row + place] = number as u32;
    }

    /// A number of a network's header.
    pub(super) fn get(&self, network: usize, place: usize) -> usize {
        self.numbers[network * self.row + place] as usize
    }
}

/// The next free places.
struct Places {
    parameter: usize,
    work: usize,
    mask: usize,
}

impl Places {
    /// A place that 32 bits do not hold is in no buffer: they are refused before.
    fn work(&mut self, count: usize) -> u32 {
        self.work += count;
        (self.work - count) as u32
    }

    fn parameter(&mut self, count: usize) -> u32 {
        self.parameter += count;
        (self.parameter - count) as u32
    }

    fn fill(&mut self, own: &mut [u32], layer: &Layer, batch: usize, input: u32, has_masks: bool) {
        let count = batch * layer.outputs;
        own[table::INPUTS] = layer.inputs as u32;
        own[table::OUTPUTS] = layer.outputs as u32;
        own[table::WEIGHT] = self.parameter(layer.inputs * layer.outputs);
        own[table::BIAS] = layer.bias.as_ref().map_or(table::NONE, |bias| self.parameter(bias.len()));
        own[table::SLOPE] = layer.slope.map_or(table::NONE, |_| self.parameter(1));
        own[table::ACTIVATION] = layer.activation as u32;
        own[table::X] = input;
        own[table::Z] = self.work(count);
        own[table::Y] = self.work(count);
        own[table::GRADIENT] = self.work(count);
        own[table::SLOPE_GRADIENT] = self.work(1);
        let is_masked = has_masks && layer.hidden.is_some();
        own[table::DROPPED] = if is_masked { self.work(count) } else { own[table::Y] };
        own[table::MASK] = if is_masked { self.mask as u32 } else { table::NONE };
        self.mask += if is_masked { layer.outputs } else { 0 };
    }
}

/// Weights, biases and slope of a layer.
fn parameters_of(layer: &Layer) -> impl Iterator<Item = f32> + '_ {
    layer.weight.iter().chain(layer.bias.iter().flatten()).chain(&layer.slope).copied()
}
