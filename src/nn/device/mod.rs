//! The choice of a backend, which is passed on as a [`Device`]. Computations that are always on the CPU, and the kernels
//! for it, use [`Device::flex`] directly; no other module opens another backend.
//!
//! In: the name typed after `--backend`, or none. Out: a device, or an error with the backends that this binary was built with.

mod adapter;
#[cfg(feature = "cuda")]
mod cuda;
#[cfg(feature = "wgpu")]
mod wgpu;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;

pub use adapter::Adapter;

/// A backend built into this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The CPU, by burn-flex.
    Flex,
    /// The CPU, by burn-ndarray (deprecated by Burn since 0.22.0).
    #[cfg(feature = "ndarray")]
    Ndarray,
    /// A GPU through Vulkan, Metal, DirectX or WebGPU.
    #[cfg(feature = "wgpu")]
    Wgpu,
    /// An Nvidia GPU.
    #[cfg(feature = "cuda")]
    Cuda,
}

/// A backend that was opened.
#[derive(Debug, Clone)]
pub struct OpenBackend {
    /// Where networks are kept, and everything is computed but the trainings of a GPU.
    pub device: Device,
    /// The backend's name, part of a trial's identity.
    pub name: &'static str,
    /// The GPU that trains networks; none where the CPU does, which several workers share.
    pub gpu: Option<Gpu>,
}

/// A GPU that was opened.
#[derive(Debug, Clone)]
pub struct Gpu {
    /// The device of its buffers.
    pub device: Device,
    /// What the driver says of it.
    pub adapter: Adapter,
}

/// The name of the backend that every binary has, burn-flex.
pub(crate) const CPU_NAME: &str = "flex";

impl Backend {
    /// The backends in this binary; the first is the default.
    pub const BUILT_IN: &[Self] = &[
        #[cfg(feature = "cuda")]
        Self::Cuda,
        #[cfg(feature = "wgpu")]
        Self::Wgpu,
        Self::Flex,
        #[cfg(feature = "ndarray")]
        Self::Ndarray,
    ];

    /// The name typed after `--backend`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flex => CPU_NAME,
            #[cfg(feature = "ndarray")]
            Self::Ndarray => "ndarray",
            #[cfg(feature = "wgpu")]
            Self::Wgpu => "wgpu",
            #[cfg(feature = "cuda")]
            Self::Cuda => "cuda",
        }
    }
}

/// Opens the named backend, or the default one.
///
/// # Errors
/// The name is unknown or not built in, or there is no adapter or driver.
pub fn open(name: Option<&str>) -> Result<OpenBackend> {
    let host = host(name)?;
    let Some(opened) = open_gpu(named(name)?) else { return Ok(host) };
    let (device, adapter) = opened.with_context(|| {
        format!(
            "backend `{}` is built in but found no usable GPU; see `kindling devices`, or compute on the CPU with `--backend {CPU_NAME}`",
            host.name
        )
    })?;
    Ok(OpenBackend { gpu: Some(Gpu { device, adapter }), ..host })
}

/// The GPU of a backend that has one.
fn open_gpu(backend: Backend) -> Option<Result<(Device, Adapter)>> {
    match backend {
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => Some(wgpu::open()),
        #[cfg(feature = "cuda")]
        Backend::Cuda => Some(cuda::open()),
        _ => None,
    }
}

/// The named backend, or the default one, without its GPU: everything but trainings is computed on the CPU.
///
/// # Errors
/// The name is unknown or not built in.
pub fn host(name: Option<&str>) -> Result<OpenBackend> {
    let backend = named(name)?;
    let device = match backend {
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)]
        Backend::Ndarray => Device::ndarray(),
        _ => Device::flex(),
    };
    Ok(OpenBackend { device, name: backend.name(), gpu: None })
}

/// Whether the backend of this name computes on a GPU.
pub fn is_gpu(name: &str) -> bool {
    ["wgpu", "cuda"].contains(&name)
}

/// The backend of this name, or the default one.
fn named(name: Option<&str>) -> Result<Backend> {
    let Some(name) = name else { return Ok(Backend::BUILT_IN[0]) };
    if let Some(&backend) = Backend::BUILT_IN.iter().find(|backend| backend.name() == name) {
        return Ok(backend);
    }
    let names: Vec<&str> = Backend::BUILT_IN.iter().map(|backend| backend.name()).collect();
    let names = names.join(", ");
    if ["ndarray", "wgpu", "cuda"].contains(&name) {
        bail!(
            "backend `{name}` is not built into this binary, which has {names}; build it in with \
             `cargo run --features {name} -- ...`"
        );
    }
    bail!("unknown backend `{name}`; this binary has {names}; give one of them to `--backend`")
}

/// The adapters of each backend that computes on a GPU, by the backend's name. The first of them is not always the one that is used.
pub fn adapters() -> Vec<(&'static str, Vec<Adapter>)> {
    let of_backend = |backend: &Backend| match backend {
        Backend::Flex => None,
        #[cfg(feature = "ndarray")]
        Backend::Ndarray => None,
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => Some((backend.name(), wgpu::list())),
        #[cfg(feature = "cuda")]
        Backend::Cuda => Some((backend.name(), cuda::list())),
    };
    Backend::BUILT_IN.iter().filter_map(of_backend).collect()
}

/// Whether a device is the CPU by burn-flex, whose networks [`crate::nn::cpu`] computes.
pub fn is_flex(device: &Device) -> bool {
    // The comparison ignores whether autodiff is on.
    *device == Device::flex()
}

/// The CPU's vector instructions, such as `x86-64 avx2+fma`, by which some of Burn's backends choose their kernels and therefore the
/// last bits of results.
pub fn cpu_features() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let mut found = vec!["x86-64"];
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            found.push("avx2+fma");
        }
        if std::is_x86_feature_detected!("avx512f") {
            found.push("avx512f");
        }
        found.join(" ")
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH.to_string()
}

/// The backend that the unit tests run on: `KINDLING_TEST_BACKEND`, or the CPU by flex.
#[cfg(test)]
pub fn backend_for_tests() -> OpenBackend {
    let name = std::env::var("KINDLING_TEST_BACKEND").unwrap_or_else(|_| CPU_NAME.into());
    open(Some(&name)).expect("the test backend is built in")
}

/// The device that the unit tests keep networks on.
#[cfg(test)]
pub fn for_tests() -> Device {
    backend_for_tests().device
}

/// The GPU of the tests, the first that this binary can open. Without one, tests of a GPU say that they are skipped, unless
/// `KINDLING_REQUIRE_GPU` is set.
#[cfg(all(test, any(feature = "wgpu", feature = "cuda")))]
pub fn gpu_for_tests() -> Option<Gpu> {
    match open(None) {
        Ok(OpenBackend { gpu: Some(gpu), .. }) => Some(gpu),
        other => {
            assert!(std::env::var_os("KINDLING_REQUIRE_GPU").is_none(), "no GPU: {other:?}");
            eprintln!("skipped: no GPU can be opened ({other:?})");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_or_missing_backend_is_an_error_that_says_what_to_do() {
        let error = open(Some("flexx")).unwrap_err().to_string();
        assert!(error.contains("unknown backend `flexx`") && error.contains("flex"), "{error}");
        #[cfg(not(feature = "cuda"))]
        assert!(open(Some("cuda")).unwrap_err().to_string().contains("--features cuda"));
    }
}
