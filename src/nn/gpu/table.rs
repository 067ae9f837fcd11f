//! Where a kernel finds what it needs of each network: a table of whole numbers, a row per network.
//!
//! In: the networks of a launch. Out: offsets into the buffers of parameters and of intermediate results.

/// An offset that is none.
pub const NONE: u32 = u32::MAX;

/// Number of layers.
pub const LAYERS: usize = 0;
/// Width of the inputs.
pub const WIDTH: usize = 1;
/// Examples of a step; the last one of an epoch may have fewer.
pub const BATCH: usize = 2;
/// The first example of this launch, in the network's order.
pub const FIRST: usize = 3;
/// The example after the last one of this launch.
pub const LAST: usize = 4;
/// Offset of the network's order in the buffer of orders.
pub const ORDER: usize = 5;
/// Layers, from the first on, that have no gradient.
pub const LOWEST: usize = 6;
/// Layers, from the first on, whose weights and biases stay as they are.
pub const FROZEN: usize = 7;
/// The update rule.
pub const RULE: usize = 8;
/// Offset of the numbers of the first step.
pub const STEPS: usize = 9;
/// Offset of the scores of the first step.
pub const SCORES: usize = 10;
/// Offset of the network's constants.
pub const CONSTANTS: usize = 11;
/// Offset of the network's intermediate results.
pub const WORK: usize = 12;
/// Offset of the dropout masks of the first example.
pub const MASKS: usize = 13;
/// Numbers of an example's dropout masks.
pub const MASK_WIDTH: usize = 14;
/// Numbers of the table before the layers.
pub const HEADER: usize = 15;

/// Width of a layer's input.
pub const INPUTS: usize = 0;
/// Width of its output.
pub const OUTPUTS: usize = 1;
/// Offset of its weights `[inputs, outputs]` in the parameters.
pub const WEIGHT: usize = 2;
/// Offset of its biases in the parameters, or none.
pub const BIAS: usize = 3;
/// Offset of the slope of its PReLU in the parameters, or none.
pub const SLOPE: usize = 4;
/// The activation's number.
pub const ACTIVATION: usize = 5;
/// Offset of the layer's input `[B, inputs]` in the intermediate results.
pub const X: usize = 6;
/// Offset of the sums `[B, outputs]`.
pub const Z: usize = 7;
/// Offset of the outputs `[B, outputs]`.
pub const Y: usize = 8;
/// Offset of the outputs after dropout; that of the outputs where there is none.
pub const DROPPED: usize = 9;
/// Offset of the gradient with respect to the sums.
pub const GRADIENT: usize = 10;
/// Offset of the gradient of the slope, one number.
pub const SLOPE_GRADIENT: usize = 11;
/// Place of the layer's mask in an example's masks, or none.
pub const MASK: usize = 12;
/// Numbers of the table for a layer.
pub const LAYER: usize = 13;
