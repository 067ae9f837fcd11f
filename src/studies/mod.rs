//! Closer looks at one thing: descent down a test function, the learning-rate finder, the gradient check, the loss landscape.
//!
//! In: settings, a network, examples. Out: curves, grids and differences; nothing is drawn or printed here.

pub mod descent;
pub mod gradient_check;
pub mod grid;
pub mod landscape;
pub mod lr_finder;
