//! Nvidia GPUs through CUDA.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Result, anyhow};
use burn::tensor::{Device, DeviceType, Tensor};
use burn_cubecl::Cube;

use super::adapter::Adapter;

/// All GPUs, in the order in which the driver names them.
pub fn list() -> Vec<Adapter> {
    // What is not there is told by a panic.
    let listed = with_panics_as_text(|| Device::enumerate(DeviceType::Cuda).iter().map(adapter).collect());
    listed.unwrap_or_default()
}

/// Opens the first GPU, once in a process.
///
/// # Errors
/// There is none, or its driver or CUDA's libraries are not there; the text is theirs.
pub fn open() -> Result<(Device, Adapter)> {
    static OPENED: OnceLock<Result<(Device, Adapter), String>> = OnceLock::new();
    let open = || {
        with_panics_as_text(|| {
            let device = Device::cuda(0usize);
            let adapter = adapter(&device);
            (device, adapter)
        })
    };
    OPENED.get_or_init(open).clone().map_err(|error| anyhow!(error))
}

fn adapter(device: &Device) -> Adapter {
    let name = device.identity().map_or("a GPU".to_string(), |identity| identity.name.to_string());
    let tensor = Tensor::<1>::zeros([1], device).try_into_primitive::<Cube>();
    let largest_buffer = tensor.map_or(0, |tensor| tensor.client.properties().memory.max_page_size);
    // CUDA's own interface to the driver's version is not among what CubeCL passes on.
    let version = std::fs::read_to_string("/proc/driver/nvidia/version").unwrap_or_default();
    let driver = version.lines().next().unwrap_or_default().trim().to_string();
    Adapter { name, api: "cuda".into(), driver, is_software: false, largest_buffer }
}

/// Runs what panics where a library is missing, and makes an error of all that is said then, on this thread or another.
fn with_panics_as_text<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let previous = std::panic::take_hook();
    let listener = said.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or("a panic without a text").to_string();
        listener.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }));
    let done = catch_unwind(AssertUnwindSafe(work));
    std::panic::set_hook(previous);
    done.map_err(|_| said.lock().unwrap_or_else(PoisonError::into_inner).join("; "))
}
