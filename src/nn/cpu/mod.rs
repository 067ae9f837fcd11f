//! What the CPU computes: forward and backward passes, losses and update steps of one network.
//!
//! In: numbers of 32 bits. Out: numbers that are the same to the bit on every processor, with every width of its vectors and any
//! number of threads: each is defined by an order of additions, multiplications, fused multiply-adds, divisions and square
//! roots, which IEEE 754 defines.

pub mod activation;
pub mod aligned;
pub mod convert;
pub mod feed_forward;
pub mod loss;
pub mod math;
pub mod product;
pub mod simd;
pub mod sparse;
pub mod sum;
pub mod update;

pub use feed_forward::{FeedForward, Inputs, Pass};
