//! Which trials train side by side as one tensor program. The grouping changes no record.

use std::collections::{HashMap, VecDeque};

use super::RunnerOptions;
use crate::experiment::config::TrialConfig;
use crate::experiment::plan::Trial;

/// Replicas of a stack on the CPU, where a stack saves the cost of starting each tensor operation. Measured on the 784-64-32-10 network: five
/// replicas train 1.5 times as many examples per second as one at batch 8, 1.4 times at batch 32, 1.2 times at batch 64; eight no more than five.
const CPU_STACK: usize = 5;

/// Batch size times parameters above which a stack on the CPU gains nothing, because the arithmetic outweighs the start of the operations. At
/// batch 128 of the same network, 6.7 million, it gains nothing.
const LIGHT_STEP: usize = 4_000_000;

/// Parameters above which the weights, gradients and moments of five replicas no longer fit the caches: with 101,000 a stack still gains 1.1
/// to 1.5 times, with 127,000 nothing, and with 235,000 it loses a fifth.
const SMALL_NETWORK: usize = 125_000;

/// Replicas of a stack on a GPU, most of which one replica leaves idle.
const GPU_STACK: usize = 15;

/// Seeds of an arm with these settings that share a stack by default.
pub fn stack_size(config: &TrialConfig, is_cpu: bool) -> usize {
    let parameters = config.likely_network().parameters();
    let gains = parameters <= SMALL_NETWORK && config.train.batch_size.saturating_mul(parameters) <= LIGHT_STEP;
    match config.train.patience {
        // Under early stopping replicas stop at different epochs, and a stack trains its stopped replicas until the last one stops.
        Some(_) => 1,
        None if !is_cpu => GPU_STACK,
        None if gains => CPU_STACK,
        None => 1,
    }
}

/// The trials in groups that train together: some seeds of one arm, and with them the same seeds of arms that differ in the number of epochs
/// alone, which are checkpoints of the same training.
pub fn stacks(pending: Vec<Trial>, options: RunnerOptions) -> VecDeque<Vec<Trial>> {
    let mut stacks: VecDeque<Vec<Trial>> = VecDeque::new();
    // Indices of the stacks of each training.
    let mut stacks_of: HashMap<String, Vec<usize>> = HashMap::new();
    for trial in pending {
        let most = options.stack.unwrap_or_else(|| stack_size(&trial.config, options.is_cpu)).max(1);
        let own = stacks_of.entry(training(&trial.config)).or_default();
        let fits = |stack: &Vec<Trial>| {
            let seeds = stack.iter().filter(|other| other.arm == stack[0].arm).count();
            let same_seed = stack.iter().any(|other| other.seed == trial.seed);
            same_seed || (stack[0].arm == trial.arm && seeds < most)
        };
        match own.iter().rev().find(|&&index| fits(&stacks[index])) {
            Some(&index) => stacks[index].push(trial),
            None => {
                own.push(stacks.len());
                stacks.push_back(vec![trial]);
            }
        }
    }
    stacks
}

/// What the trials of one training share: their settings, without the number of epochs where earlier epochs do not depend on it.
fn training(config: &TrialConfig) -> String {
    let mut settings = config.clone();
    if settings.is_prefix_of_longer() {
        settings.train.epochs = 0;
    }
    // These types always serialise; an empty text would only put all trials through the comparison in `run_stack`, which refuses them.
    serde_json::to_string(&settings).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::config::Hidden;

    fn size(batch: usize, hidden: &[usize], patience: Option<usize>, is_cpu: bool) -> usize {
        let mut config = TrialConfig::default();
        config.train.batch_size = batch;
        config.train.patience = patience;
        config.model.hidden = Hidden::Widths(hidden.to_vec());
        stack_size(&config, is_cpu)
    }

    #[test]
    fn small_steps_of_small_networks_share_a_stack() {
        assert_eq!([8, 64, 128].map(|batch| size(batch, &[64, 32], None, true)), [5, 5, 1]);
        assert_eq!([vec![], vec![16], vec![128], vec![512]].map(|hidden| size(8, &hidden, None, true)), [5, 5, 5, 1]);
    }

    #[test]
    fn replicas_that_stop_on_their_own_never_do_and_a_gpu_takes_all_seeds() {
        assert_eq!([true, false].map(|is_cpu| size(8, &[64, 32], Some(3), is_cpu)), [1, 1]);
        assert_eq!(size(1_000, &[512], None, false), 15);
    }
}
