//! What a launch asks of a unit, and how much that may be.

use super::pass::{ROWS, UNROLLED};
use crate::nn::cpu::FeedForward;
use crate::nn::cpu::feed_forward::Layer;
use crate::nn::device::Adapter;

/// Rounds of all loops that Mesa's llvmpipe goes through in one launch, after which it leaves them without a word: the constant
/// `LP_MAX_TGSI_LOOP_ITERATIONS` of its sources, 65,535, less what the estimate below may lack.
const SOFTWARE_ROUNDS: usize = 50_000;

/// Rounds of a launch on a GPU: some hundredths of a second, so that a desktop's screen, which shares the GPU, is drawn meanwhile, and no driver
/// takes the launch for one that hangs.
const ROUNDS: usize = 1 << 20;

/// Rounds of loops that a unit goes through for one step of a network, or less for a forward pass alone. `has_norms` says whether a gradient may be
/// clipped by its norm, or weights divided by theirs.
pub fn rounds_of_step(network: &FeedForward, batch: usize, units: usize, has_norms: bool) -> usize {
    let shared = |tasks: usize| tasks.div_ceil(units);
    let sum = |terms: usize| terms / UNROLLED + UNROLLED;
    let width = network.layers.first().map_or(0, |layer| layer.inputs);
    let of_layer = |(index, layer): (usize, &Layer)| {
        let (inputs, outputs) = (layer.inputs, layer.outputs);
        let rows = batch.div_ceil(ROWS);
        let forward = shared(rows * outputs) * sum(inputs);
        let backward = if index == 0 { 0 } else { shared(rows * inputs) * sum(outputs) };
        let update = shared(inputs.div_ceil(ROWS) * outputs) * sum(batch) + shared(outputs) * batch;
        // The gradient is computed once more for its norm, and weights are gone through twice for theirs.
        let norms = if has_norms { update + 2 * shared(inputs * outputs) } else { 0 };
        forward + backward + update + norms
    };
    let outputs = network.layers.last().map_or(0, |layer| layer.outputs);
    let loss = shared(batch) * 4 * outputs + shared(batch * outputs);
    let layers: usize = network.layers.iter().enumerate().map(of_layer).sum();
    // Sums over all units take a round for each power of two, and the loop over the layers some more.
    shared(batch * width) + layers + loss + 64 + 64 * network.layers.len()
}

/// A step that a program which computes as a GPU cannot take.
#[derive(Debug, thiserror::Error)]
#[error(
    "a step of this network takes {rounds} rounds of a loop, and {adapter}, which is a program that computes on the CPU, leaves loops after 65,535; \
     use `--backend flex`, which computes on the CPU faster, or smaller batches"
)]
pub struct StepTooLong {
    rounds: usize,
    adapter: Adapter,
}

/// The most rounds of a launch of so many networks.
///
/// # Errors
/// The adapter is a program, and cannot take one step of these rounds.
pub fn most_rounds(adapter: &Adapter, of_step: usize, networks: usize) -> Result<usize, StepTooLong> {
    /// Networks that a small GPU computes at a time; it computes others after them.
    const AT_A_TIME: usize = 16;
    if !adapter.is_software {
        return Ok(ROUNDS / networks.div_ceil(AT_A_TIME).max(1));
    }
    if of_step > SOFTWARE_ROUNDS {
        return Err(StepTooLong { rounds: of_step, adapter: adapter.clone() });
    }
    Ok(SOFTWARE_ROUNDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::cpu::aligned::Aligned;
    use crate::nn::models::ActivationKind;

    #[test]
    fn the_rounds_of_a_step_are_those_counted_by_hand() {
        let layer = Layer {
            inputs: 784,
            outputs: 10,
            weight: Aligned::zeros(7_840),
            bias: Some(vec![0.0; 10]),
            activation: ActivationKind::Identity,
            slope: None,
            hidden: None,
        };
        let network = FeedForward { layers: vec![layer] };
        // Of 4 examples: 7 numbers of the inputs; a sum of 784 terms, eight a round; the loss of an example by each unit.
        let forward = 7 + (98 + 8) + (4 * 10 + 1);
        // 1,960 blocks of four weights, of which a unit has 4 at most; a bias; 16 weights to be divided by their norm.
        let update = 4 * 8 + 4;
        assert_eq!(rounds_of_step(&network, 4, 512, false), forward + update + 64 + 64);
        assert_eq!(rounds_of_step(&network, 4, 512, true), forward + 2 * update + 2 * 16 + 64 + 64);
    }

    #[test]
    fn a_program_takes_short_launches_and_no_step_that_it_would_leave_unfinished() {
        let gpu = Adapter {
            name: "g".into(),
            api: "vulkan".into(),
            driver: String::new(),
            is_software: false,
            largest_buffer: 1,
        };
        let program = Adapter { is_software: true, ..gpu.clone() };
        assert_eq!(most_rounds(&program, 50_000, 1).ok(), Some(50_000));
        assert!(most_rounds(&program, 50_001, 1).unwrap_err().to_string().contains("50001 rounds"));
        // 256 networks are sixteen times 16.
        assert_eq!(
            [1, 16, 256].map(|networks| most_rounds(&gpu, 1 << 30, networks).ok()),
            [1 << 20, 1 << 20, 1 << 16].map(Some)
        );
    }
}
