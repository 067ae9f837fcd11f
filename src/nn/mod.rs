//! Networks, losses, optimizers and test functions on Burn tensors, and the devices they run on.
//!
//! In: settings and tensors. Out: tensors. [`kernels`] has fused CPU implementations of operations that the other
//! modules would otherwise compose of many.

pub mod device;
pub mod kernels;
pub mod loss;
pub mod models;
pub mod optim;
pub mod task;
pub mod test_function;
mod update_rule;
