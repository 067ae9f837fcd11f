//! The two kernels: steps of training, and evaluation. A cube computes one network from its first layer to its last, so that a network's
//! numbers do not depend on the others of a launch.
//!
//! In: examples, networks and their settings in buffers. Out: new parameters and the scores of every step, or scores and outputs.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::loss::loss;
use super::pass::{backward, barrier, descend, forward, gather, last_layer, norm_factor, to_unit_norm};
use super::program::Program;
use super::rule::of_step;
use super::table;

/// Steps of training: each network goes through its examples `FIRST..LAST`.
#[cube(launch)]
pub fn train(
    inputs: &[u32],
    numbers: &[f32],
    targets: &[u32],
    order: &[u32],
    networks: &[u32],
    constants: &[f32],
    steps: &[f32],
    masks: &[f32],
    parameters: &mut [f32],
    moments: &mut [f32],
    work: &mut [f32],
    scores: &mut [f32],
    row: u32,
    #[comptime] program: Program,
) {
    let mut shared = Shared::new_slice(comptime![2 * program.units]);
    let network = CUBE_POS as usize * (row as usize);
    let batch = networks[network + table::BATCH] as usize;
    let last = networks[network + table::LAST] as usize;
    let first = networks[network + table::FIRST] as usize;
    let base = networks[network + table::WORK] as usize;
    let mut start = first;
    let mut step = networks[network + table::STEPS] as usize;
    let mut score = networks[network + table::SCORES] as usize;
    let mut mask = networks[network + table::MASKS] as usize;
    while start < last {
        let mut count = batch;
        if start + batch > last {
            count = last - start;
        }
        let places = networks[network + table::ORDER] as usize + start;
        gather(inputs, numbers, order, places, networks, network, work, base, count, comptime![program.clone()]);
        barrier(comptime![program.clone()]);
        forward(networks, network, &*parameters, masks, mask, work, base, count, comptime![program.clone()]);
        let found = loss(
            targets,
            order,
            places,
            networks,
            network,
            &*parameters,
            work,
            base,
            count,
            &mut shared,
            comptime![program.clone()],
        );
        if UNIT_POS == 0 {
            scores[score] = found.0;
            scores[score + 1] = found.1;
        }
        barrier(comptime![program.clone()]);
        backward(
            networks,
            network,
            &*parameters,
            masks,
            mask,
            work,
            base,
            count,
            &mut shared,
            comptime![program.clone()],
        );
        let mut factor = f32::new(1.0);
        if comptime![program.has_norms] {
            factor = norm_factor(networks, network, &*parameters, constants, &*work, base, count, &mut shared);
        }
        descend(networks, network, parameters, moments, constants, steps, step, &*work, base, count, factor);
        barrier(comptime![program.clone()]);
        if comptime![program.has_norms] {
            to_unit_norm(networks, network, parameters, constants, &mut shared);
        }
        start += batch;
        step += of_step::COUNT;
        score += 2;
        mask += batch * (networks[network + table::MASK_WIDTH] as usize);
    }
}

/// Scores, and where they are wanted outputs, of all networks on examples that are the same for each: cube (r, c) takes every C-th chunk of
/// `BATCH` examples from chunk c on, for network r.
#[cube(launch)]
pub fn evaluate(
    inputs: &[u32],
    numbers: &[f32],
    targets: &[u32],
    order: &[u32],
    networks: &[u32],
    parameters: &[f32],
    work: &mut [f32],
    scores: &mut [f32],
    outputs: &mut [f32],
    row: u32,
    work_size: u32,
    #[comptime] program: Program,
) {
    let mut shared = Shared::new_slice(comptime![2 * program.units]);
    let r = CUBE_POS_X as usize;
    let network = r * (row as usize);
    let batch = networks[network + table::BATCH] as usize;
    let last = networks[network + table::LAST] as usize;
    let chunks = (last + batch - 1) / batch;
    let base = (r * (CUBE_COUNT_Y as usize) + CUBE_POS_Y as usize) * (work_size as usize);
    let mut chunk = CUBE_POS_Y as usize;
    while chunk < chunks {
        let start = chunk * batch;
        let mut count = batch;
        if start + batch > last {
            count = last - start;
        }
        gather(inputs, numbers, order, start, networks, network, work, base, count, comptime![program.clone()]);
        barrier(comptime![program.clone()]);
        forward(networks, network, parameters, parameters, 0, work, base, count, comptime![program.clone()]);
        let found = loss(
            targets,
            order,
            start,
            networks,
            network,
            parameters,
            work,
            base,
            count,
            &mut shared,
            comptime![program.clone()],
        );
        if UNIT_POS == 0 {
            let score = (r * chunks + chunk) * 2;
            scores[score] = found.0;
            scores[score + 1] = found.1;
        }
        if comptime![program.has_outputs] {
            let layer = last_layer(networks, network);
            let width = networks[layer + table::OUTPUTS] as usize;
            let y = base + networks[layer + table::Y] as usize;
            let mut i = UNIT_POS as usize;
            while i < count * width {
                outputs[(r * last + start) * width + i] = work[y + i];
                i += CUBE_DIM as usize;
            }
        }
        barrier(comptime![program.clone()]);
        chunk += CUBE_COUNT_Y as usize;
    }
}
