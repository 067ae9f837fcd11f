//! Examples in a GPU's memory: images as bytes, what outputs are compared with, and an order.

use anyhow::Result;

use super::buffer::Buffer;
use super::program::{Hits, Targets};
use crate::data::{Rows, Split};
use crate::nn::device::Gpu;
use crate::nn::task::Task;

/// Examples in a GPU's memory.
#[derive(Debug, Clone)]
pub struct Examples {
    /// Inputs as bytes, four in a number, or as floats.
    pub(super) inputs: Buffer,
    /// What a network takes for each byte.
    pub(super) numbers: Buffer,
    pub(super) targets: Buffer,
    /// `0, 1, ..., n - 1`
    pub in_order: Buffer,
    pub(super) is_packed: bool,
    pub(super) kind: Targets,
    pub(super) hits: Hits,
    /// How many there are.
    pub count: usize,
}

impl Examples {
    /// Copies a split to the device.
    ///
    /// # Errors
    /// The device is no GPU, or its memory has no room for them.
    pub fn upload(split: Split, task: Task, gpu: &Gpu) -> Result<Self> {
        let (inputs, numbers) = match split.rows {
            Rows::Images(images) => (Buffer::words(packed(images.bytes), gpu)?, images.pixels.numbers().to_vec()),
            Rows::Numbers { values, .. } => (Buffer::words(bits(values), gpu)?, Vec::new()),
        };
        let (kind, targets) = match task {
            Task::Classify { .. } => (Targets::Classes, split.labels.iter().map(|&label| u32::from(label)).collect()),
            Task::Binary { .. } | Task::Regress => {
                (Targets::Numbers, bits(&task.targets(&[], split.labels, split.targets)))
            }
            Task::Reconstruct => (Targets::Inputs, Vec::new()),
        };
        Self::of(inputs, numbers, (kind, targets), task, split.count(), gpu)
    }

    /// Copies numbers to the device: inputs `[n * width]` and targets `[n * out]`.
    ///
    /// # Errors
    /// The device is no GPU, or its memory has no room for them.
    pub fn of_numbers(inputs: &[f32], targets: &[f32], count: usize, task: Task, gpu: &Gpu) -> Result<Self> {
        let targets = match task {
            Task::Classify { classes } => {
                let class = |row: &[f32]| row.iter().position(|&target| target == 1.0).unwrap_or(0) as u32;
                (Targets::Classes, targets.chunks_exact(classes).map(class).collect())
            }
            Task::Binary { .. } | Task::Regress | Task::Reconstruct => (Targets::Numbers, bits(targets)),
        };
        Self::of(Buffer::words(bits(inputs), gpu)?, Vec::new(), targets, task, count, gpu)
    }

    fn of(
        inputs: Buffer,
        numbers: Vec<f32>,
        (kind, targets): (Targets, Vec<u32>),
        task: Task,
        count: usize,
        gpu: &Gpu,
    ) -> Result<Self> {
        let hits = match task {
            Task::Classify { .. } => Hits::Largest,
            Task::Binary { logits: true } => Hits::AboveZero,
            Task::Binary { logits: false } => Hits::AboveHalf,
            Task::Regress | Task::Reconstruct => Hits::None,
        };
        Ok(Self {
            inputs,
            is_packed: !numbers.is_empty(),
            numbers: Buffer::floats(numbers, gpu)?,
            targets: Buffer::words(targets, gpu)?,
            in_order: Buffer::words((0..count as u32).collect(), gpu)?,
            kind,
            hits,
            count,
        })
    }
}

/// Bytes, four in a number, the first in its lowest bits.
fn packed(bytes: &[u8]) -> Vec<u32> {
    let word = |four: &[u8]| four.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
    bytes.chunks(4).map(word).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_bytes_are_a_number_and_the_first_is_in_its_lowest_bits() {
        assert_eq!(packed(&[1, 2, 3, 4, 5]), [0x0403_0201, 5]);
    }
}
