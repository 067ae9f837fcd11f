//! What a GPU computes of networks. A kernel gives each network to one cube, which trains it for many steps in one launch: there is no
//! traffic between networks, so that a network's numbers are the same whoever shares the launch.
//!
//! In: networks and examples. Out: trained networks, scores, outputs. All products are of 32-bit floats.

mod activation;
pub mod buffer;
pub mod effort;
pub mod evaluation;
pub mod examples;
pub mod gradient;
mod kernel;
mod loss;
pub mod networks;
mod pass;
mod program;
pub mod rule;
mod table;
pub mod training;
