//! The parts of a step of one network by the units of a cube: inputs, forward pass, backward pass, update.
//!
//! A unit computes [`ROWS`] rows of one column at a time, and adds in an order that depends on the shapes alone.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::activation::{activate, derivative};
use super::kernel::Program;
use super::rule::{constant, update};
use super::table;

/// Rows of a matrix that a unit computes at a time.
const ROWS: usize = 4;

/// The table of the last layer.
#[cube]
pub fn last_layer(networks: &[u32], network: usize) -> usize {
    network + table::HEADER + (networks[network + table::LAYERS] as usize - 1) * table::LAYER
}

/// Writes the inputs of `count` examples to the intermediate results: those that are listed from `places` on.
#[cube]
pub fn gather(
    inputs: &[u32],
    numbers: &[f32],
    order: &[u32],
    places: usize,
    networks: &[u32],
    network: usize,
    work: &mut [f32],
    base: usize,
    count: usize,
    #[comptime] program: Program,
) {
    let width = networks[network + table::WIDTH] as usize;
    let x = base + networks[network + table::HEADER + table::X] as usize;
    let mut i = UNIT_POS as usize;
    while i < count * width {
        let example = order[places + i / width] as usize;
        let from = example * width + i % width;
        if comptime![program.is_packed] {
            let word = inputs[from / 4];
            let byte = (word >> (8 * (from % 4) as u32)) & 255;
            work[x + i] = numbers[byte as usize];
        } else {
            work[x + i] = f32::reinterpret(inputs[from]);
        }
        i += CUBE_DIM as usize;
    }
}

/// The outputs of all layers, first to last. Every unit sees them when it returns.
#[cube]
pub fn forward(
    networks: &[u32],
    network: usize,
    parameters: &[f32],
    masks: &[f32],
    mask: usize,
    work: &mut [f32],
    base: usize,
    count: usize,
    #[comptime] program: Program,
) {
    let layers = networks[network + table::LAYERS] as usize;
    for index in 0..layers {
        let layer = network + table::HEADER + index * table::LAYER;
        let inputs = networks[layer + table::INPUTS] as usize;
        let outputs = networks[layer + table::OUTPUTS] as usize;
        let weight = networks[layer + table::WEIGHT] as usize;
        let bias = networks[layer + table::BIAS];
        let slope = slope_of(networks, layer, parameters);
        let kind = networks[layer + table::ACTIVATION];
        let x = base + networks[layer + table::X] as usize;
        let z = base + networks[layer + table::Z] as usize;
        let y = base + networks[layer + table::Y] as usize;
        let blocks = (count + ROWS - 1) / ROWS;
        let mut task = UNIT_POS as usize;
        while task < blocks * outputs {
            let column = task % outputs;
            let row = task / outputs * ROWS;
            let x0 = x + row * inputs;
            let x1 = x + at_most(row + 1, count - 1) * inputs;
            let x2 = x + at_most(row + 2, count - 1) * inputs;
            let x3 = x + at_most(row + 3, count - 1) * inputs;
            let mut s0 = f32::new(0.0);
            if bias != table::NONE {
                s0 = parameters[bias as usize + column];
            }
            let mut s1 = s0;
            let mut s2 = s0;
            let mut s3 = s0;
            let mut w = weight + column;
            for i in 0..inputs {
                let value = parameters[w];
                s0 = fma(work[x0 + i], value, s0);
                s1 = fma(work[x1 + i], value, s1);
                s2 = fma(work[x2 + i], value, s2);
                s3 = fma(work[x3 + i], value, s3);
                w += outputs;
            }
            #[unroll]
            for k in 0..ROWS {
                let sum = comptime_of_four(s0, s1, s2, s3, k);
                if row + k < count {
                    let at = (row + k) * outputs + column;
                    let output = activate(kind, sum, slope, comptime![program.activations.clone()]);
                    work[z + at] = sum;
                    work[y + at] = output;
                    if comptime![program.has_masks] {
                        let own = networks[layer + table::MASK];
                        if own != table::NONE {
                            let width = networks[network + table::MASK_WIDTH] as usize;
                            let dropped = base + networks[layer + table::DROPPED] as usize;
                            work[dropped + at] = output * masks[mask + (row + k) * width + own as usize + column];
                        }
                    }
                }
            }
            task += CUBE_DIM as usize;
        }
        sync_storage();
    }
}

/// The gradients with respect to the sums of all layers from the one before the last to the lowest; that of the last is there already.
/// Every unit sees them when it returns, and those of the slopes.
#[cube]
pub fn backward(
    networks: &[u32],
    network: usize,
    parameters: &[f32],
    masks: &[f32],
    mask: usize,
    work: &mut [f32],
    base: usize,
    count: usize,
    shared: &mut [f32],
    #[comptime] program: Program,
) {
    let layers = networks[network + table::LAYERS] as usize;
    let lowest = networks[network + table::LOWEST] as usize;
    for back in 1..layers {
        let index = layers - 1 - back;
        if index >= lowest {
            let layer = network + table::HEADER + index * table::LAYER;
            let above = layer + table::LAYER;
            let width = networks[layer + table::OUTPUTS] as usize;
            let outputs = networks[above + table::OUTPUTS] as usize;
            let weight = networks[above + table::WEIGHT] as usize;
            let slope = slope_of(networks, layer, parameters);
            let kind = networks[layer + table::ACTIVATION];
            let z = base + networks[layer + table::Z] as usize;
            let y = base + networks[layer + table::Y] as usize;
            let own = base + networks[layer + table::GRADIENT] as usize;
            let g = base + networks[above + table::GRADIENT] as usize;
            let blocks = (count + ROWS - 1) / ROWS;
            let mut slope_sum = f32::new(0.0);
            let mut task = UNIT_POS as usize;
            while task < blocks * width {
                let column = task % width;
                let row = task / width * ROWS;
                let g0 = g + row * outputs;
                let g1 = g + at_most(row + 1, count - 1) * outputs;
                let g2 = g + at_most(row + 2, count - 1) * outputs;
                let g3 = g + at_most(row + 3, count - 1) * outputs;
                let mut s0 = f32::new(0.0);
                let mut s1 = f32::new(0.0);
                let mut s2 = f32::new(0.0);
                let mut s3 = f32::new(0.0);
                let w = weight + column * outputs;
                for o in 0..outputs {
                    let value = parameters[w + o];
                    s0 = fma(work[g0 + o], value, s0);
                    s1 = fma(work[g1 + o], value, s1);
                    s2 = fma(work[g2 + o], value, s2);
                    s3 = fma(work[g3 + o], value, s3);
                }
                #[unroll]
                for k in 0..ROWS {
                    let mut sum = comptime_of_four(s0, s1, s2, s3, k);
                    if row + k < count {
                        let at = (row + k) * width + column;
                        if comptime![program.has_masks] {
                            let place = networks[layer + table::MASK];
                            if place != table::NONE {
                                let all = networks[network + table::MASK_WIDTH] as usize;
                                sum *= masks[mask + (row + k) * all + place as usize + column];
                            }
                        }
                        let sum_of_unit = work[z + at];
                        if comptime![program.has_slopes] {
                            if sum_of_unit <= 0.0 {
                                slope_sum = fma(sum, sum_of_unit, slope_sum);
                            }
                        }
                        let slope_of_output =
                            derivative(kind, sum_of_unit, work[y + at], slope, comptime![program.activations.clone()]);
                        work[own + at] = sum * slope_of_output;
                    }
                }
                task += CUBE_DIM as usize;
            }
            if comptime![program.has_slopes] {
                let total = sum_of_units(slope_sum, shared);
                if UNIT_POS == 0 {
                    work[base + networks[layer + table::SLOPE_GRADIENT] as usize] = total;
                }
            }
            sync_storage();
        }
    }
}

/// Moves the parameters by their gradients, times `factor`.
#[cube]
pub fn descend(
    networks: &[u32],
    network: usize,
    parameters: &mut [f32],
    moments: &mut [f32],
    constants: &[f32],
    steps: &[f32],
    step: usize,
    work: &[f32],
    base: usize,
    count: usize,
    factor: f32,
) {
    let layers = networks[network + table::LAYERS] as usize;
    let constant = networks[network + table::CONSTANTS] as usize;
    let rule = networks[network + table::RULE];
    for index in (networks[network + table::LOWEST] as usize)..layers {
        let layer = network + table::HEADER + index * table::LAYER;
        if index >= networks[network + table::FROZEN] as usize {
            let inputs = networks[layer + table::INPUTS] as usize;
            let outputs = networks[layer + table::OUTPUTS] as usize;
            let weight = networks[layer + table::WEIGHT] as usize;
            let blocks = (inputs + ROWS - 1) / ROWS;
            let mut task = UNIT_POS as usize;
            while task < blocks * outputs {
                let column = task % outputs;
                let row = task / outputs * ROWS;
                let sums = weight_gradients(networks, layer, work, base, count, row, column);
                #[unroll]
                for k in 0..ROWS {
                    if row + k < inputs {
                        let at = weight + (row + k) * outputs + column;
                        let sum = comptime_of_four(sums.0, sums.1, sums.2, sums.3, k);
                        let gradient = adjusted(sum, parameters[at], constants, constant) * factor;
                        update(parameters, moments, at, gradient, rule, steps, step, constants, constant);
                    }
                }
                task += CUBE_DIM as usize;
            }
            let bias = networks[layer + table::BIAS];
            if bias != table::NONE {
                let mut column = UNIT_POS as usize;
                while column < outputs {
                    let gradient = clipped(bias_gradient(networks, layer, work, base, count, column), constants, constant);
                    let at = bias as usize + column;
                    update(parameters, moments, at, gradient * factor, rule, steps, step, constants, constant);
                    column += CUBE_DIM as usize;
                }
            }
        }
        let slope = networks[layer + table::SLOPE];
        if slope != table::NONE && UNIT_POS == 0 {
            let found = work[base + networks[layer + table::SLOPE_GRADIENT] as usize];
            let gradient = clipped(found, constants, constant) * factor;
            update(parameters, moments, slope as usize, gradient, rule, steps, step, constants, constant);
        }
    }
}

/// What the gradients are multiplied by so that their norm is at most the limit, where there is one.
#[cube]
pub fn norm_factor(
    networks: &[u32],
    network: usize,
    parameters: &[f32],
    constants: &[f32],
    work: &[f32],
    base: usize,
    count: usize,
    shared: &mut [f32],
) -> f32 {
    let layers = networks[network + table::LAYERS] as usize;
    let constant = networks[network + table::CONSTANTS] as usize;
    let limit = constants[constant + constant::NORM];
    let mut factor = f32::new(1.0);
    if limit >= 0.0 {
        let mut squares = f32::new(0.0);
        for index in (networks[network + table::LOWEST] as usize)..layers {
            let layer = network + table::HEADER + index * table::LAYER;
            if index >= networks[network + table::FROZEN] as usize {
                let inputs = networks[layer + table::INPUTS] as usize;
                let outputs = networks[layer + table::OUTPUTS] as usize;
                let weight = networks[layer + table::WEIGHT] as usize;
                let blocks = (inputs + ROWS - 1) / ROWS;
                let mut task = UNIT_POS as usize;
                while task < blocks * outputs {
                    let column = task % outputs;
                    let row = task / outputs * ROWS;
                    let sums = weight_gradients(networks, layer, work, base, count, row, column);
                    #[unroll]
                    for k in 0..ROWS {
                        if row + k < inputs {
                            let at = weight + (row + k) * outputs + column;
                            let sum = comptime_of_four(sums.0, sums.1, sums.2, sums.3, k);
                            let gradient = adjusted(sum, parameters[at], constants, constant);
                            squares = fma(gradient, gradient, squares);
                        }
                    }
                    task += CUBE_DIM as usize;
                }
                if networks[layer + table::BIAS] != table::NONE {
                    let mut column = UNIT_POS as usize;
                    while column < outputs {
                        let found = bias_gradient(networks, layer, work, base, count, column);
                        let gradient = clipped(found, constants, constant);
                        squares = fma(gradient, gradient, squares);
                        column += CUBE_DIM as usize;
                    }
                }
            }
            if networks[layer + table::SLOPE] != table::NONE && UNIT_POS == 0 {
                let found = work[base + networks[layer + table::SLOPE_GRADIENT] as usize];
                let gradient = clipped(found, constants, constant);
                squares = fma(gradient, gradient, squares);
            }
        }
        // PyTorch's `clip_grad_norm_` adds the same 1e-6, so that a gradient of zero stays zero.
        let ratio = limit / (f32::sqrt(sum_of_units(squares, shared)) + 1e-6);
        if ratio < 1.0 {
            factor = ratio;
        }
    }
    factor
}

/// Divides the weights and biases of each layer by the norm of its weights, where that is asked for; weights of 0 stay.
#[cube]
pub fn to_unit_norm(
    networks: &[u32],
    network: usize,
    parameters: &mut [f32],
    constants: &[f32],
    shared: &mut [f32],
) {
    let constant = networks[network + table::CONSTANTS] as usize;
    if constants[constant + constant::UNIT_NORM] > 0.0 {
        let layers = networks[network + table::LAYERS] as usize;
        for index in 0..layers {
            let layer = network + table::HEADER + index * table::LAYER;
            let outputs = networks[layer + table::OUTPUTS] as usize;
            let numbers = networks[layer + table::INPUTS] as usize * outputs;
            let weight = networks[layer + table::WEIGHT] as usize;
            let mut squares = f32::new(0.0);
            let mut i = UNIT_POS as usize;
            while i < numbers {
                let value = parameters[weight + i];
                squares = fma(value, value, squares);
                i += CUBE_DIM as usize;
            }
            let norm = f32::sqrt(sum_of_units(squares, shared));
            if norm > 0.0 {
                let mut i = UNIT_POS as usize;
                while i < numbers {
                    parameters[weight + i] = parameters[weight + i] / norm;
                    i += CUBE_DIM as usize;
                }
                let bias = networks[layer + table::BIAS];
                if bias != table::NONE {
                    let mut column = UNIT_POS as usize;
                    while column < outputs {
                        let at = bias as usize + column;
                        parameters[at] = parameters[at] / norm;
                        column += CUBE_DIM as usize;
                    }
                }
            }
            sync_storage();
        }
    }
}

/// The sum of a number of each unit, for every unit.
#[cube]
pub fn sum_of_units(own: f32, shared: &mut [f32]) -> f32 {
    let unit = UNIT_POS as usize;
    sync_cube();
    shared[unit] = own;
    let mut half = CUBE_DIM as usize / 2;
    while half > 0 {
        sync_cube();
        if unit < half {
            shared[unit] += shared[unit + half];
        }
        half /= 2;
    }
    sync_cube();
    shared[0]
}

/// The gradients of the weights from inputs `row..row + ROWS` to output `column`.
#[cube]
fn weight_gradients(
    networks: &[u32],
    layer: usize,
    work: &[f32],
    base: usize,
    count: usize,
    row: usize,
    column: usize,
) -> (f32, f32, f32, f32) {
    let inputs = networks[layer + table::INPUTS] as usize;
    let outputs = networks[layer + table::OUTPUTS] as usize;
    let x = base + networks[layer + table::X] as usize;
    let mut g = base + networks[layer + table::GRADIENT] as usize + column;
    let mut x0 = x + row;
    let mut x1 = x + at_most(row + 1, inputs - 1);
    let mut x2 = x + at_most(row + 2, inputs - 1);
    let mut x3 = x + at_most(row + 3, inputs - 1);
    let mut s0 = f32::new(0.0);
    let mut s1 = f32::new(0.0);
    let mut s2 = f32::new(0.0);
    let mut s3 = f32::new(0.0);
    for _ in 0..count {
        let gradient = work[g];
        s0 = fma(work[x0], gradient, s0);
        s1 = fma(work[x1], gradient, s1);
        s2 = fma(work[x2], gradient, s2);
        s3 = fma(work[x3], gradient, s3);
        g += outputs;
        x0 += inputs;
        x1 += inputs;
        x2 += inputs;
        x3 += inputs;
    }
    (s0, s1, s2, s3)
}

#[cube]
fn bias_gradient(networks: &[u32], layer: usize, work: &[f32], base: usize, count: usize, column: usize) -> f32 {
    let outputs = networks[layer + table::OUTPUTS] as usize;
    let mut g = base + networks[layer + table::GRADIENT] as usize + column;
    let mut sum = f32::new(0.0);
    for _ in 0..count {
        sum += work[g];
        g += outputs;
    }
    sum
}

/// The gradient of a weight with that of the penalties, clipped.
#[cube]
fn adjusted(gradient: f32, weight: f32, constants: &[f32], constant: usize) -> f32 {
    let mut sign = f32::new(0.0);
    if weight > 0.0 {
        sign = f32::new(1.0);
    }
    if weight < 0.0 {
        sign = f32::new(-1.0);
    }
    let penalised = fma(weight, constants[constant + constant::L2], gradient);
    clipped(fma(sign, constants[constant + constant::L1], penalised), constants, constant)
}

#[cube]
fn clipped(gradient: f32, constants: &[f32], constant: usize) -> f32 {
    let limit = constants[constant + constant::LIMIT];
    let mut y = gradient;
    if limit >= 0.0 {
        if gradient > limit {
            y = limit;
        }
        if gradient < -limit {
            y = -limit;
        }
    }
    y
}

/// The slope of a layer's PReLU; 0 for another activation.
#[cube]
fn slope_of(networks: &[u32], layer: usize, parameters: &[f32]) -> f32 {
    let mut slope = f32::new(0.0);
    let place = networks[layer + table::SLOPE];
    if place != table::NONE {
        slope = parameters[place as usize];
    }
    slope
}

#[cube]
fn at_most(value: usize, limit: usize) -> usize {
    let mut y = value;
    if value > limit {
        y = limit;
    }
    y
}

#[cube]
fn comptime_of_four(a: f32, b: f32, c: f32, d: f32, #[comptime] which: usize) -> f32 {
    match which {
        0 => a,
        1 => b,
        2 => c,
        _ => d,
    }
}
