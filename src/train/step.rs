//! The steps of a training on whichever device it runs; the training loop and the learning-rate finder repeat them.

use super::autodiff::AutodiffSteps;
use super::batch::Batcher;
use super::cpu::CpuSteps;
use super::{Job, StepScores};
use crate::evaluate::Scores;
use crate::nn::device;
use crate::nn::models::Network;

/// A stack in training: its weights, its optimizer, and the scores of the steps since they were last taken.
pub enum Steps<'a> {
    /// On the CPU, network by network.
    Cpu(CpuSteps<'a>),
    /// On any other device, by Burn's autodiff, all networks as one tensor program.
    Autodiff(Box<AutodiffSteps<'a>>),
}

impl<'a> Steps<'a> {
    /// Before the first step.
    pub fn new(model: Network, job: &'a Job<'a>) -> Self {
        if device::is_flex(job.device) {
            Self::Cpu(CpuSteps::new(model, job))
        } else {
            Self::Autodiff(Box::new(AutodiffSteps::new(model, job)))
        }
    }

    /// The batches of `epoch`, counted from 0.
    pub fn batches(&self, epoch: usize) -> Batcher<'a> {
        match self {
            Self::Cpu(steps) => steps.batches(epoch),
            Self::Autodiff(steps) => steps.batches(epoch),
        }
    }

    /// Takes the next batch and one step at the learning rate `rate`.
    pub fn step(&mut self, batches: &mut Batcher, rate: f64) {
        match self {
            Self::Cpu(steps) => steps.step(batches.next(), rate),
            Self::Autodiff(steps) => steps.step(batches.next(), rate),
        }
    }

    /// The scores of each replica over the steps since the last call, of which there is at least one.
    pub fn take_scores(&mut self) -> Vec<StepScores> {
        match self {
            Self::Cpu(steps) => steps.take_scores(),
            Self::Autodiff(steps) => steps.take_scores(),
        }
    }

    /// The scores of each replica on the validation examples.
    pub fn validate(&self) -> Vec<Scores> {
        match self {
            Self::Cpu(steps) => steps.validate(),
            Self::Autodiff(steps) => steps.validate(),
        }
    }

    /// The stack as it is now, without autodiff.
    pub fn network(&self) -> Network {
        match self {
            Self::Cpu(steps) => steps.network(),
            Self::Autodiff(steps) => steps.network(),
        }
    }
}
