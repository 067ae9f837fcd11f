//! The steps of a training on whichever device it runs; the training loop and the learning-rate finder repeat them.

use anyhow::Context;

use super::autodiff::AutodiffSteps;
use super::batch::Batcher;
use super::cpu::CpuSteps;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
use super::gpu::{self, GpuSteps};
use super::{Job, StepScores, TrainError};
use crate::evaluate::Scores;
use crate::nn::device;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
use crate::nn::gpu::{buffer::TooLarge, effort::StepTooLong};
use crate::nn::models::Network;

/// A stack in training: its weights, its optimizer, and the scores of the steps since they were last taken.
pub struct Steps<'a> {
    engine: Engine<'a>,
    /// The batches of the epoch at hand, where they are made on the CPU.
    batches: Option<Batcher<'a>>,
}

/// What takes the steps.
enum Engine<'a> {
    /// The CPU, network by network.
    Cpu(CpuSteps<'a>),
    /// A backend of Burn, by its autodiff, all networks as one tensor program.
    Autodiff(Box<AutodiffSteps<'a>>),
    /// A GPU, all networks of all stacks in one launch.
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    Gpu(GpuSteps<'a>),
}

impl<'a> Steps<'a> {
    /// A stack that trains alone, before the first step.
    ///
    /// # Errors
    /// The device failed.
    pub fn new(model: Network, job: &'a Job<'a>) -> Result<Self, TrainError> {
        let alone = Self::side_by_side(vec![(model, job)])?.pop();
        Ok(alone.context("there is no stack to train")?)
    }

    /// Stacks that train side by side on one device, before the first step: a GPU takes the steps of all of them at once.
    ///
    /// # Errors
    /// The device failed, or is a GPU on which they cannot share launches.
    pub fn side_by_side(stacks: Vec<(Network, &'a Job<'a>)>) -> Result<Vec<Self>, TrainError> {
        #[cfg(any(feature = "wgpu", feature = "cuda"))]
        if let Some(gpu) = stacks.first().and_then(|(_, job)| job.gpu) {
            let steps = on_gpu(|| gpu::side_by_side(stacks, gpu))?;
            return Ok(steps.into_iter().map(|steps| Self { engine: Engine::Gpu(steps), batches: None }).collect());
        }
        Ok(stacks.into_iter().map(|(model, job)| Self::on_the_cpu(model, job)).collect())
    }

    fn on_the_cpu(model: Network, job: &'a Job<'a>) -> Self {
        let engine = if device::is_flex(job.device) {
            Engine::Cpu(CpuSteps::new(model, job))
        } else {
            Engine::Autodiff(Box::new(AutodiffSteps::new(model, job)))
        };
        Self { engine, batches: None }
    }

    /// Starts epoch `epoch`, counted from 0.
    ///
    /// # Errors
    /// The device failed.
    pub fn start_epoch(&mut self, epoch: usize) -> Result<(), TrainError> {
        match &mut self.engine {
            Engine::Cpu(steps) => self.batches = Some(steps.batches(epoch)),
            Engine::Autodiff(steps) => self.batches = Some(steps.batches(epoch)),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            Engine::Gpu(steps) => on_gpu(|| steps.start_epoch(epoch))?,
        }
        Ok(())
    }

    /// Takes the next batch of the epoch and one step at the learning rate `rate`.
    ///
    /// # Errors
    /// No epoch was started, or the device failed.
    pub fn step(&mut self, rate: f64) -> Result<(), TrainError> {
        let mut next = || self.batches.as_mut().map(Batcher::next).context("a step needs an epoch that was started");
        match &mut self.engine {
            Engine::Cpu(steps) => steps.step(next()?, rate),
            Engine::Autodiff(steps) => steps.step(next()?, rate),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            Engine::Gpu(steps) => on_gpu(|| steps.step(rate))?,
        }
        Ok(())
    }

    /// The scores of each replica over the steps since the last call, of which there is at least one.
    ///
    /// # Errors
    /// The device failed.
    pub fn take_scores(&mut self) -> Result<Vec<StepScores>, TrainError> {
        match &mut self.engine {
            Engine::Cpu(steps) => Ok(steps.take_scores()),
            Engine::Autodiff(steps) => Ok(steps.take_scores()),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            Engine::Gpu(steps) => on_gpu(|| steps.take_scores()),
        }
    }

    /// The scores of each replica on the validation examples.
    ///
    /// # Errors
    /// The device failed.
    pub fn validate(&mut self) -> Result<Vec<Scores>, TrainError> {
        match &mut self.engine {
            Engine::Cpu(steps) => Ok(steps.validate()),
            Engine::Autodiff(steps) => Ok(steps.validate()),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            Engine::Gpu(steps) => on_gpu(|| steps.validate()),
        }
    }

    /// The stack as it is now, without autodiff.
    ///
    /// # Errors
    /// The device failed.
    pub fn network(&mut self) -> Result<Network, TrainError> {
        match &mut self.engine {
            Engine::Cpu(steps) => Ok(steps.network()),
            Engine::Autodiff(steps) => Ok(steps.network()),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            Engine::Gpu(steps) => on_gpu(|| steps.network()),
        }
    }
}

/// Runs what a GPU may fail at. A panic of its driver or of what launches kernels is a failure like any other.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn on_gpu<T>(work: impl FnOnce() -> anyhow::Result<T>) -> Result<T, TrainError> {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(anyhow::anyhow!("the GPU failed: {}", text.unwrap_or("for no stated reason")))
    });
    done.map_err(|error| {
        // What CubeCL's runtimes and wgpu say where memory runs out.
        const FULL: [&str; 4] = ["out of memory", "out-of-memory", "out of device memory", "can't allocate"];
        let said = format!("{error:#}").to_lowercase();
        if error.downcast_ref::<TooLarge>().is_some() || FULL.iter().any(|text| said.contains(text)) {
            TrainError::TooLarge(error)
        } else if error.downcast_ref::<StepTooLong>().is_some() {
            TrainError::Failed(error)
        } else {
            TrainError::Device(error)
        }
    })
}
