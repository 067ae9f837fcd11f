//! `devices` and the process behind its check.

use clap::Args;

/// Lists what this binary can compute on, or compares its GPUs with the CPU.
#[derive(Debug, Args)]
pub struct DevicesArgs {
    /// Compare the GPU that a backend uses with the CPU: products, outputs, gradients, steps, bytes
    #[arg(long)]
    pub check: bool,

    /// The backend to compare; without it, every one of this binary that uses a GPU
    #[arg(long, value_name = "NAME", requires = "check")]
    pub backend: Option<String>,
}

/// Compares a GPU with the CPU in this process.
#[derive(Debug, Args)]
pub struct CheckDeviceArgs {
    /// The backend
    #[arg(long, value_name = "NAME")]
    pub backend: String,
}
