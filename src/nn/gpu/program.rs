//! What a kernel is compiled for: all that is the same for the networks of a launch.

use crate::nn::loss::Loss;
use crate::nn::models::activation::ActivationKind;

/// What a kernel is compiled for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Program {
    /// The loss.
    pub loss: Loss,
    /// What outputs are compared with.
    pub targets: Targets,
    /// When a prediction is correct.
    pub hits: Hits,
    /// Activations of the networks.
    pub activations: Vec<ActivationKind>,
    /// Whether inputs are bytes, four in a number.
    pub is_packed: bool,
    /// Whether there are dropout masks.
    pub has_masks: bool,
    /// Whether there are slopes that learn.
    pub has_slopes: bool,
    /// Whether some network's gradient is clipped by its norm, or its weights are divided by theirs.
    pub has_norms: bool,
    /// Whether the outputs are wanted.
    pub has_outputs: bool,
    /// Units of a cube.
    pub units: usize,
    /// Whether a barrier of a cube orders writes to buffers as well, as in CUDA; the other interfaces have another barrier for them.
    pub fences_buffers: bool,
}

/// What outputs are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Targets {
    /// `[n]` classes, one output each.
    Classes,
    /// `[n, out]` numbers.
    Numbers,
    /// The inputs.
    Inputs,
}

/// When a prediction is correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hits {
    /// Never: there is no accuracy.
    None,
    /// Where the largest output is that of the class.
    Largest,
    /// Where the output is above 0, or not, as the target is above a half.
    AboveZero,
    /// Where the output is above a half, or not, as the target is.
    AboveHalf,
}
