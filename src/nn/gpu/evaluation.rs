//! The evaluation of networks in a GPU's memory.

use anyhow::{Result, ensure};
use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim};

use super::buffer::Buffer;
use super::examples::Examples;
use super::kernel::evaluate as kernel;
use super::networks::Networks;
use super::program::Program;
use super::table;
use super::training::{MISSING, refuse_missing};
use crate::nn::loss::Loss;

/// Examples that a cube takes at a time. The sums of their losses are added on the CPU, in 64 bits.
const CHUNK: usize = 50;

/// Cubes of a launch, where there are as many chunks: what keeps a large GPU busy.
const CUBES: usize = 512;

/// What was found of one network.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The sum of the examples' losses.
    pub loss: f64,
    /// The number of correct predictions.
    pub correct: f64,
    /// `[n * out]`, where they are wanted.
    pub outputs: Vec<f32>,
}

/// Evaluates each network on the examples.
///
/// # Errors
/// The device failed, or skipped what it was asked for.
pub fn evaluate(networks: &Networks, examples: &Examples, loss: Loss, has_outputs: bool) -> Result<Vec<Found>> {
    let (count, gpu) = (networks.count(), networks.gpu());
    let chunks = examples.count.div_ceil(CHUNK);
    let of_chunk = networks.rounds_of_step(&vec![CHUNK; count], false).into_iter().fold(1, usize::max);
    let most_chunks = (networks.most_rounds(of_chunk)? / of_chunk).max(1);
    let cubes = (CUBES / count.max(1)).max(chunks.div_ceil(most_chunks)).clamp(1, chunks.max(1));
    let mut table = networks.table(&vec![CHUNK; count], false);
    let width = networks.outputs().next().unwrap_or(0);
    ensure!(
        networks.outputs().all(|outputs| outputs == width),
        "the networks of an evaluation have outputs of one width"
    );
    for r in 0..count {
        table.set(r, table::LAST, examples.count);
    }
    let work = table.work.iter().copied().max().unwrap_or(0);
    let fitting = gpu.adapter.largest_buffer / (4 * (count * work).max(1)) as u64;
    let cubes = cubes.min(fitting.max(1) as usize);
    let program = Program {
        loss,
        targets: examples.kind,
        hits: examples.hits,
        activations: networks.activations(),
        is_packed: examples.is_packed,
        has_masks: false,
        has_slopes: false,
        has_norms: false,
        has_outputs,
        units: networks.units(),
        fences_buffers: networks.gpu().adapter.api == "cuda",
    };
    let scores = Buffer::floats(vec![MISSING; count * chunks * 2], gpu)?;
    let outputs = Buffer::floats(vec![MISSING; if has_outputs { count * examples.count * width } else { 0 }], gpu)?;
    kernel::launch(
        scores.client(),
        CubeCount::Static(count as u32, cubes as u32, 1),
        CubeDim::new_1d(program.units as u32),
        examples.inputs.arg(),
        examples.numbers.arg(),
        examples.targets.arg(),
        examples.in_order.arg(),
        Buffer::words(table.numbers, gpu)?.arg(),
        networks.parameters.arg(),
        Buffer::room(count * cubes * work, gpu)?.arg(),
        scores.arg(),
        outputs.arg(),
        table.row as u32,
        work as u32,
        program,
    );
    let scores = scores.read()?;
    refuse_missing(&scores)?;
    let outputs = if has_outputs { outputs.read()? } else { Vec::new() };
    let sum = |r: usize, which: usize| -> f64 {
        scores[r * chunks * 2..(r + 1) * chunks * 2].iter().skip(which).step_by(2).map(|&score| f64::from(score)).sum()
    };
    let share = outputs.len() / count.max(1);
    let found =
        |r: usize| Found { loss: sum(r, 0), correct: sum(r, 1), outputs: outputs[r * share..(r + 1) * share].to_vec() };
    Ok((0..count).map(found).collect())
}
