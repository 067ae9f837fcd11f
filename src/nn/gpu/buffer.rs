//! Numbers in a GPU's memory.

use anyhow::{Result, anyhow};
use burn::tensor::{DType, Int, Tensor, TensorData};
use burn_cubecl::Cube;
use burn_cubecl::cubecl::client::Client;
use burn_cubecl::cubecl::prelude::BufferArg;
use burn_cubecl::tensor::CubeTensor;

use crate::nn::device::{Adapter, Gpu};

/// What does not fit into a GPU's memory.
#[derive(Debug, thiserror::Error)]
#[error(
    "{needed} bytes do not fit into a buffer of {adapter}, which has at most {most}; use a smaller batch, narrower layers or `--backend flex`"
)]
pub struct TooLarge {
    needed: u64,
    most: u64,
    adapter: Adapter,
}

fn ensure_fits(count: usize, gpu: &Gpu) -> Result<(), TooLarge> {
    // Kernels count the numbers of a buffer in 32 bits.
    let (needed, most) = (4 * count as u64, gpu.adapter.largest_buffer.min(4 * u64::from(u32::MAX)));
    if needed <= most { Ok(()) } else { Err(TooLarge { needed, most, adapter: gpu.adapter.clone() }) }
}

/// A list of 32-bit numbers in a GPU's memory.
#[derive(Debug, Clone)]
pub struct Buffer(CubeTensor);

impl Buffer {
    /// A copy of floats; of no floats one number, since no buffer is empty.
    ///
    /// # Errors
    /// The device is no GPU, or they do not fit into one of its buffers.
    pub fn floats(mut values: Vec<f32>, gpu: &Gpu) -> Result<Self> {
        values.resize(values.len().max(1), 0.0);
        let count = values.len();
        ensure_fits(count, gpu)?;
        let tensor = Tensor::<1>::from_data(TensorData::new(values, [count]), &gpu.device);
        Ok(Self(tensor.try_into_primitive::<Cube>().map_err(no_gpu)?))
    }

    /// A copy of whole numbers; of none one number, since no buffer is empty.
    ///
    /// # Errors
    /// The device is no GPU, or they do not fit into one of its buffers.
    pub fn words(mut values: Vec<u32>, gpu: &Gpu) -> Result<Self> {
        values.resize(values.len().max(1), 0);
        let count = values.len();
        ensure_fits(count, gpu)?;
        let tensor = Tensor::<1, Int>::from_data(TensorData::new(values, [count]), (&gpu.device, DType::U32));
        Ok(Self(tensor.try_into_primitive::<Cube>().map_err(no_gpu)?))
    }

    /// Room for so many numbers, whatever they are.
    ///
    /// # Errors
    /// The device is no GPU, or they do not fit into one of its buffers.
    pub fn room(count: usize, gpu: &Gpu) -> Result<Self> {
        ensure_fits(count, gpu)?;
        let tensor = Tensor::<1>::empty([count.max(1)], &gpu.device);
        Ok(Self(tensor.try_into_primitive::<Cube>().map_err(no_gpu)?))
    }

    /// The floats, once everything that was asked of the device before is done.
    ///
    /// # Errors
    /// The device failed, now or earlier.
    pub fn read(&self) -> Result<Vec<f32>> {
        let data = Tensor::<1>::from_primitive::<Cube>(self.0.clone()).try_into_data();
        let data = data.map_err(failure)?;
        data.try_to_vec::<f32>().map_err(failure)
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.0.meta.num_elements()
    }

    /// As a kernel takes it.
    pub fn arg(&self) -> BufferArg {
        self.0.clone().into_buffer_arg()
    }

    /// What launches kernels on the buffer's device.
    pub fn client(&self) -> &Client {
        &self.0.client
    }
}

/// What a driver said, in one line and without where in the program it was said.
fn failure(error: impl std::fmt::Display) -> anyhow::Error {
    let text = error.to_string();
    let said = text.split("Backtrace:").next().unwrap_or_default();
    anyhow!("the GPU failed: {}", said.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn no_gpu(error: impl std::fmt::Debug) -> anyhow::Error {
    anyhow!("the device is no GPU: {error:?}")
}
