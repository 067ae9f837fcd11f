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
pub(crate) mod test_function;
