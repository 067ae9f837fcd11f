//! GPUs through Vulkan, Metal, DirectX or OpenGL.

use std::sync::OnceLock;

use anyhow::{Result, anyhow};
use burn::tensor::Device;
use burn::tensor::wgpu::wgpu::{AdapterInfo, Backends, DeviceType, Instance, InstanceDescriptor, Limits};
use burn_cubecl::cubecl::future::block_on;

use super::adapter::Adapter;

/// All adapters, in the order in which the driver names them.
pub fn list() -> Vec<Adapter> {
    let instance = Instance::new(InstanceDescriptor {
        backends: Backends::all(),
        ..InstanceDescriptor::new_without_display_handle()
    });
    let found = block_on(instance.enumerate_adapters(Backends::all()));
    found.iter().map(|found| adapter(&found.get_info(), &found.limits())).collect()
}

/// Opens the adapter that wgpu prefers, once in a process.
///
/// # Errors
/// There is none, or it cannot be opened; the text is that of the driver.
pub fn open() -> Result<(Device, Adapter)> {
    static OPENED: OnceLock<Result<(Device, Adapter), String>> = OnceLock::new();
    let open = || {
        let (device, setup) = Device::wgpu_options().init_with_setup().map_err(|error| error.to_string())?;
        Ok((device, adapter(&setup.adapter.get_info(), &setup.adapter.limits())))
    };
    OPENED.get_or_init(open).clone().map_err(|error| anyhow!(error))
}

fn adapter(info: &AdapterInfo, limits: &Limits) -> Adapter {
    Adapter {
        name: info.name.clone(),
        api: info.backend.to_string(),
        driver: [info.driver.as_str(), info.driver_info.as_str()].join(" ").trim().to_string(),
        is_software: info.device_type == DeviceType::Cpu,
        largest_buffer: limits.max_storage_buffer_binding_size.into(),
    }
}
