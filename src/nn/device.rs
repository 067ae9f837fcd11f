//! The choice of a backend, which is passed on as a [`Device`]. Computations that are always on the CPU, and the kernels
//! for it, use [`Device::flex`] directly; no other module opens another backend.
//!
//! In: the name typed after `--backend`, or none. Out: a device that was seen to compute, or an error with the backends
//! that this binary was built with.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor};

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

/// A backend whose device works, with what records keep of it.
#[derive(Debug, Clone)]
pub struct OpenBackend {
    /// The device that tensors are created on.
    pub device: Device,
    /// The backend's name, part of a trial's identity.
    pub name: &'static str,
    /// Whether it computes on the CPU, which several workers share.
    pub is_cpu: bool,
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

    fn device(self) -> Device {
        match self {
            Self::Flex => Device::flex(),
            #[cfg(feature = "ndarray")]
            #[allow(deprecated)]
            Self::Ndarray => Device::ndarray(),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(feature = "cuda")]
            Self::Cuda => Device::cuda(0usize),
        }
    }

    fn is_cpu(self) -> bool {
        !matches!(self.name(), "wgpu" | "cuda")
    }
}

/// Opens the named backend, or the default one, and tests that it can add.
///
/// # Errors
/// The name is unknown or not built in, or the device cannot be used (no adapter, no driver).
pub fn open(name: Option<&str>) -> Result<OpenBackend> {
    let names: Vec<&str> = Backend::BUILT_IN.iter().map(|backend| backend.name()).collect();
    let backend = match name {
        None => Backend::BUILT_IN[0],
        Some(name) => match Backend::BUILT_IN.iter().find(|backend| backend.name() == name) {
            Some(&backend) => backend,
            None if ["ndarray", "wgpu", "cuda"].contains(&name) => bail!(
                "backend `{name}` is not built into this binary, which has {}; build it in with \
                 `cargo run --features {name} -- ...`",
                names.join(", ")
            ),
            None => {
                bail!("unknown backend `{name}`; this binary has {}; give one of them to `--backend`", names.join(", "))
            }
        },
    };
    // The GPU backends panic if there is no adapter or driver: the panic becomes an error. A CPU backend cannot fail,
    // so the panic hook, which all threads share, is left alone.
    let quiet = (!backend.is_cpu()).then(QuietPanics::new);
    let works = catch_unwind(AssertUnwindSafe(|| {
        let device = backend.device();
        let two = Tensor::<1>::from_data([1.0f32], &device) + 1.0;
        (two.into_data().try_to_vec::<f32>().ok() == Some(vec![2.0])).then_some(device)
    }));
    drop(quiet);
    match works {
        Ok(Some(device)) => Ok(OpenBackend { device, name: backend.name(), is_cpu: backend.is_cpu() }),
        _ => bail!(
            "backend `{}` is built in but found no usable device (no adapter or no driver); use the CPU with \
             `--backend {CPU_NAME}`",
            backend.name()
        ),
    }
}

type PanicHook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Sync + Send + 'static>;

/// While it lives, a panic prints nothing, because it becomes an error.
struct QuietPanics(Option<PanicHook>);

impl QuietPanics {
    fn new() -> Self {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        Self(Some(previous))
    }
}

impl Drop for QuietPanics {
    fn drop(&mut self) {
        if let Some(previous) = self.0.take() {
            std::panic::set_hook(previous);
        }
    }
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

/// The device the unit tests run on: `KINDLING_TEST_BACKEND`, or the CPU by flex.
#[cfg(test)]
pub fn for_tests() -> Device {
    let name = std::env::var("KINDLING_TEST_BACKEND").unwrap_or_else(|_| CPU_NAME.into());
    open(Some(&name)).expect("the test backend is built in").device
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
