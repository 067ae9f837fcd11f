//! The parts of a step of one network by the units of a cube: inputs, forward pass, backward pass, update.
//!
//! A unit computes [`ROWS`] rows of one column at a time, and adds in an order that depends on the shapes alone.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::activation::{activate, derivative};
use super::program::Program;
use super::rule::{constant, update};
use super::table;
use crate::nn::models::activation::PRELU_START;

/// Rows of a matrix that a unit computes at a time.
pub const ROWS: usize = 4;

/// Terms of a sum between two looks at whether there are more.
pub const UNROLLED: usize = 8;

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
            let mut start = f32::new(0.0);
            if bias != table::NONE {
                start = parameters[bias as usize + column];
            }
            let mut sums = Array::<f32>::new(ROWS);
            #[unroll]
            for k in 0..ROWS {
                sums[k] = start;
            }
            let rows = (x + row * inputs, count - row, inputs);
            products(&mut sums, &*work, rows, 1, parameters, weight + column, outputs, inputs);
            #[unroll]
            for k in 0..ROWS {
                let sum = sums[k];
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
        barrier(comptime![program.clone()]);
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
                let mut sums = zeros();
                let rows = (g + row * outputs, count - row, outputs);
                products(&mut sums, &*work, rows, 1, parameters, weight + column * outputs, 1, outputs);
                #[unroll]
                for k in 0..ROWS {
                    let mut sum = sums[k];
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
            barrier(comptime![program.clone()]);
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
                        let sum = sums[k];
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
                    let gradient =
                        clipped(bias_gradient(networks, layer, work, base, count, column), constants, constant);
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
                            let sum = sums[k];
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
pub fn to_unit_norm(networks: &[u32], network: usize, parameters: &mut [f32], constants: &[f32], shared: &mut [f32]) {
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

/// The sums of two numbers of each unit, for every unit. `shared` has two numbers for each.
#[cube]
pub fn sums_of_units(first: f32, second: f32, shared: &mut [f32]) -> (f32, f32) {
    let unit = UNIT_POS as usize;
    let units = CUBE_DIM as usize;
    sync_cube();
    shared[unit] = first;
    shared[units + unit] = second;
    let mut half = units / 2;
    while half > 0 {
        sync_cube();
        if unit < half {
            shared[unit] += shared[unit + half];
            shared[units + unit] += shared[units + unit + half];
        }
        half /= 2;
    }
    sync_cube();
    (shared[0], shared[units])
}

/// The sum of a number of each unit, for every unit.
#[cube]
pub fn sum_of_units(own: f32, shared: &mut [f32]) -> f32 {
    sums_of_units(own, 0.0, shared).0
}

/// Waits for all units of the cube, which then see each other's writes to buffers.
#[cube]
pub fn barrier(#[comptime] program: Program) {
    if comptime![program.fences_buffers] {
        sync_cube();
    } else {
        sync_storage();
    }
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
) -> Array<f32> {
    let inputs = networks[layer + table::INPUTS] as usize;
    let outputs = networks[layer + table::OUTPUTS] as usize;
    let x = base + networks[layer + table::X] as usize;
    let g = base + networks[layer + table::GRADIENT] as usize + column;
    let mut sums = zeros();
    products(&mut sums, work, (x + row, inputs - row, 1), inputs, work, g, outputs, count);
    sums
}

/// Adds to each sum the products of a row of `left` and the numbers `right`, `right + right_step` and so on. `rows` says where the first row
/// starts, how many there are, and how far apart; the last stands for those that are not there.
#[cube]
fn products(
    sums: &mut Array<f32>,
    left: &[f32],
    rows: (usize, usize, usize),
    left_step: usize,
    right_values: &[f32],
    right: usize,
    right_step: usize,
    count: usize,
) {
    let last = rows.1 - 1;
    let mut l0 = rows.0;
    let mut l1 = rows.0 + at_most(1, last) * rows.2;
    let mut l2 = rows.0 + at_most(2, last) * rows.2;
    let mut l3 = rows.0 + at_most(3, last) * rows.2;
    let mut r = right;
    let blocks = count / UNROLLED;
    for _ in 0..blocks {
        #[unroll]
        for n in 0..UNROLLED {
            let value = right_values[r + n * right_step];
            sums[0] = fma(left[l0 + n * left_step], value, sums[0]);
            sums[1] = fma(left[l1 + n * left_step], value, sums[1]);
            sums[2] = fma(left[l2 + n * left_step], value, sums[2]);
            sums[3] = fma(left[l3 + n * left_step], value, sums[3]);
        }
        l0 += UNROLLED * left_step;
        l1 += UNROLLED * left_step;
        l2 += UNROLLED * left_step;
        l3 += UNROLLED * left_step;
        r += UNROLLED * right_step;
    }
    for n in 0..count - blocks * UNROLLED {
        let value = right_values[r + n * right_step];
        sums[0] = fma(left[l0 + n * left_step], value, sums[0]);
        sums[1] = fma(left[l1 + n * left_step], value, sums[1]);
        sums[2] = fma(left[l2 + n * left_step], value, sums[2]);
        sums[3] = fma(left[l3 + n * left_step], value, sums[3]);
    }
}

#[cube]
fn zeros() -> Array<f32> {
    let mut sums = Array::<f32>::new(ROWS);
    #[unroll]
    for k in 0..ROWS {
        sums[k] = f32::new(0.0);
    }
    sums
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

/// The slope of a layer's PReLU; one that learns none, such as that of an output, has the initial one.
#[cube]
pub fn slope_of(networks: &[u32], layer: usize, parameters: &[f32]) -> f32 {
    let mut slope = f32::new(PRELU_START);
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
