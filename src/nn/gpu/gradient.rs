//! The gradients of networks, as a training on the GPU has it.

use anyhow::Result;

use super::examples::Examples;
use super::networks::Networks;
use super::rule::{self, Adjustments};
use super::training::{Part, Settings, Training, refuse_missing};
use crate::data::Split;
use crate::nn::cpu::FeedForward;
use crate::nn::cpu::update::Update;
use crate::nn::device::Gpu;
use crate::nn::loss::Loss;
use crate::nn::task::Task;
use crate::nn::update_rule::{Momentum, UpdateRule};

/// The derivatives of each network's loss of all examples, each in the place of its parameter; of a parameter that no gradient reaches it is 0.
///
/// # Errors
/// The device failed.
pub fn gradients(
    networks: &[FeedForward],
    split: Split,
    task: Task,
    loss: Loss,
    gpu: &Gpu,
) -> Result<Vec<FeedForward>> {
    // The velocity after the first step without momentum is the gradient.
    let rule = UpdateRule::Momentum(Momentum { momentum: 0.0, nesterov: false });
    let update = Update::new(rule, 0.0, 0.0, 1);
    let settings = |network: &FeedForward| Settings {
        batch: split.count(),
        lowest: network.lowest_reached(),
        frozen: 0,
        rule,
        constants: rule::constants(&update, Adjustments::default()),
    };
    let settings: Vec<Settings> = networks.iter().map(settings).collect();
    let examples = Examples::upload(split, task, gpu)?;
    let mut training = Training::new(Networks::upload(networks.to_vec(), gpu)?, &settings, loss, false)?;
    let part = |r: usize| Part { examples: 0..split.count(), order: 0, steps: vec![rule::of_step(&update)], scores: r };
    let parts: Vec<Part> = (0..networks.len()).map(part).collect();
    let scores = training.scores(networks.len())?;
    training.launch(&examples, &examples.in_order, &parts, Vec::new(), &scores)?;
    refuse_missing(&scores.read()?)?;
    Ok(training.networks.with_parameters(&training.first_moments()?))
}
