//! The losses, their gradients with respect to the sums of the last layer, and correct predictions, as a kernel computes them.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::activation::{derivative, sigmoid, softplus};
use super::pass::{last_layer, slope_of, sums_of_units};
use super::program::{Hits, Program, Targets};
use super::table;
use crate::nn::loss::Loss;

/// Writes the gradients of a batch, and returns the sum of the examples' losses and the number of correct predictions.
#[cube]
pub fn loss(
    targets: &[u32],
    order: &[u32],
    places: usize,
    networks: &[u32],
    network: usize,
    parameters: &[f32],
    work: &mut [f32],
    base: usize,
    count: usize,
    shared: &mut [f32],
    #[comptime] program: Program,
) -> (f32, f32) {
    let layer = last_layer(networks, network);
    let width = networks[layer + table::OUTPUTS] as usize;
    let x = base + networks[network + table::HEADER + table::X] as usize;
    let z = base + networks[layer + table::Z] as usize;
    let y = base + networks[layer + table::Y] as usize;
    let g = base + networks[layer + table::GRADIENT] as usize;
    let kind = networks[layer + table::ACTIVATION];
    let slope_of_output = slope_of(networks, layer, parameters);
    let unit = UNIT_POS as usize;
    let units = CUBE_DIM as usize;
    let mut total = f32::new(0.0);
    let mut hits = f32::new(0.0);
    let share = 1.0 / f32::cast_from(count as u32);
    if comptime![program.loss == Loss::CrossEntropy] {
        // A unit computes whole examples.
        let mut row = unit;
        while row < count {
            let from = row * width;
            let mut largest = work[y + from];
            for i in 1..width {
                if work[y + from + i] > largest {
                    largest = work[y + from + i];
                }
            }
            let mut sum = f32::new(0.0);
            let mut weighted = f32::new(0.0);
            let mut weights = f32::new(0.0);
            for i in 0..width {
                let difference = work[y + from + i] - largest;
                let t = target(targets, order, places, row, i, width, &*work, x, comptime![program.targets]);
                sum += f32::exp(difference);
                weights += t;
                if t != 0.0 {
                    weighted = fma(t, difference, weighted);
                }
            }
            total += weights * f32::ln(sum) - weighted;
            for i in 0..width {
                let exponential = f32::exp(work[y + from + i] - largest);
                let t = target(targets, order, places, row, i, width, &*work, x, comptime![program.targets]);
                let gradient = share * (exponential * (weights / sum) - t);
                let slope = derivative(
                    kind,
                    work[z + from + i],
                    work[y + from + i],
                    slope_of_output,
                    comptime![program.activations.clone()],
                );
                work[g + from + i] = gradient * slope;
            }
            row += units;
        }
    } else {
        let of_width = 1.0 / f32::cast_from(width as u32);
        let mut i = unit;
        while i < count * width {
            let row = i / width;
            let output = work[y + i];
            let t = target(targets, order, places, row, i % width, width, &*work, x, comptime![program.targets]);
            let found = element(output, t, comptime![program.loss]);
            let mut of_loss = f32::new(1.0);
            let mut of_gradient = share;
            if comptime![matches!(program.loss, Loss::Mse | Loss::Bce)] {
                of_loss = of_width;
                of_gradient = share * of_width;
            }
            if comptime![program.loss == Loss::PerceptronSum] {
                of_gradient = f32::new(1.0);
            }
            total = fma(of_loss, found.0, total);
            let slope = derivative(kind, work[z + i], output, slope_of_output, comptime![program.activations.clone()]);
            work[g + i] = of_gradient * found.1 * slope;
            i += units;
        }
    }
    if comptime![program.hits != Hits::None] {
        let mut row = unit;
        while row < count {
            let example = order[places + row] as usize;
            let from = y + row * width;
            if comptime![program.hits == Hits::Largest] {
                if largest_of(&*work, from, width) == targets[example] as usize {
                    hits += 1.0;
                }
            } else {
                let mut threshold = f32::new(0.0);
                if comptime![program.hits == Hits::AboveHalf] {
                    threshold = f32::new(0.5);
                }
                let is_one = f32::reinterpret(targets[example]) > 0.5;
                if (work[from] > threshold) == is_one {
                    hits += 1.0;
                }
            }
            row += units;
        }
    }
    sums_of_units(total, hits, shared)
}

/// The loss of one output and its derivative, without the factors of means.
#[cube]
fn element(z: f32, t: f32, #[comptime] loss: Loss) -> (f32, f32) {
    match loss {
        Loss::Mse => ((z - t) * (z - t), 2.0 * (z - t)),
        Loss::Quadratic => (0.5 * (z - t) * (z - t), z - t),
        Loss::Bce => (softplus(z) - t * z, sigmoid(z) - t),
        Loss::BceSum => (softplus(z) - t * z, sigmoid(z) - t),
        Loss::Perceptron => {
            let mut d = 0.0 * z - t;
            if z >= 0.0 {
                d = 1.0 - t;
            }
            (d * z, d)
        }
        Loss::PerceptronSum => {
            let turned = 1.0 - 2.0 * t;
            let mut d = 0.0 * z;
            if turned * z > 0.0 {
                d = turned;
            }
            (d * z, d)
        }
        Loss::CrossEntropy => (z, z),
    }
}

/// What output `column` of the batch's example `row` is compared with.
#[cube]
fn target(
    targets: &[u32],
    order: &[u32],
    places: usize,
    row: usize,
    column: usize,
    width: usize,
    work: &[f32],
    x: usize,
    #[comptime] kind: Targets,
) -> f32 {
    match kind {
        Targets::Classes => {
            let mut t = f32::new(0.0);
            if targets[order[places + row] as usize] as usize == column {
                t = f32::new(1.0);
            }
            t
        }
        Targets::Numbers => f32::reinterpret(targets[order[places + row] as usize * width + column]),
        Targets::Inputs => work[x + row * width + column],
    }
}

/// The index of the largest number, the first of equal ones; of the first that is no number, if there is one.
#[cube]
fn largest_of(work: &[f32], from: usize, width: usize) -> usize {
    let mut best = 0usize;
    let mut largest = work[from];
    for i in 1..width {
        let value = work[from + i];
        // What is no number is larger than every number, and stays.
        if largest == largest && !(value <= largest) {
            largest = value;
            best = i;
        }
    }
    best
}
