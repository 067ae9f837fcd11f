//! A GPU as its driver describes it.

use std::fmt;

/// A GPU, or a program that computes as one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Adapter {
    /// Its name, such as `NVIDIA H200`; part of a trial's identity.
    pub name: String,
    /// The interface to it, such as `vulkan` or `cuda`.
    pub api: String,
    /// The driver and its version, as far as the interface tells.
    pub driver: String,
    /// Whether it is a program that computes on the CPU.
    pub is_software: bool,
    /// The largest buffer, in bytes.
    pub largest_buffer: u64,
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.name, self.api)?;
        if !self.driver.is_empty() {
            write!(f, ", {}", self.driver)?;
        }
        f.write_str(")")
    }
}
