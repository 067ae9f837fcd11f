//! Studies of one network or one function: descent down a test function, learning-rate finder, gradient check, loss
//! landscape, worked examples of losses and of the chain rule, a GPU against the CPU.
//!
//! In: settings, a network, examples. Out: curves, grids and differences; nothing is drawn or printed here.

pub(crate) mod chain_rule;
pub(crate) mod descent;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
pub(crate) mod device_check;
pub(crate) mod gradient_check;
pub(crate) mod grid;
pub(crate) mod landscape;
pub(crate) mod loss_examples;
pub(crate) mod lr_finder;

use crate::data::Split;
use crate::nn::loss::Loss;
use crate::nn::task::Task;

/// What a network's loss is taken of.
#[derive(Debug, Clone, Copy)]
pub struct Objective<'a> {
    /// The examples.
    pub split: Split<'a>,
    /// What the network predicts for them.
    pub task: Task,
    /// The loss of the predictions.
    pub loss: Loss,
}
