//! Networks, losses, optimizers and test functions on Burn tensors, and the devices they run on.
//!
//! In: settings and tensors. Out: tensors. [`cpu`] computes the same networks, losses and update rules on the CPU without
//! tensors.

pub mod cpu;
pub mod device;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
pub mod gpu;
pub mod loss;
pub mod models;
pub mod optim;
pub mod task;
pub mod test_function;
mod update_rule;
