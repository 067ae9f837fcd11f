//! Which trials train together: those of one training as a stack, and on a GPU many stacks side by side. The grouping changes no record.

use std::collections::{HashMap, HashSet, VecDeque};

use super::RunnerOptions;
use crate::experiment::config::{Source, TrialConfig, TrialKind};
use crate::experiment::plan::Trial;

/// Replicas of a stack on a GPU, most of which one replica leaves idle.
const GPU_STACK: usize = 15;

/// More than any memory holds, and few enough that no cost overflows.
const LARGEST_STACK: usize = 1 << 20;

/// Seeds of an arm with these settings that share a stack by default. On the CPU there is nothing to share: networks are computed one
/// by one, and several at a time would only displace each other's weights from the caches.
pub(super) fn stack_size(config: &TrialConfig, is_cpu: bool) -> usize {
    // Under early stopping replicas stop at different epochs, and a stack trains its stopped replicas until the last one stops.
    // A stack has one split.
    let alone = config.train.patience.is_some() || config.train.vary.varies(Source::Split);
    if is_cpu || alone { 1 } else { GPU_STACK }
}

/// The trials in groups that train together: some seeds of one arm, and with them the same seeds of arms that differ in the number of epochs
/// alone, which are checkpoints of the same training. The seeds come one after the other, each with all arms, so that a run that is interrupted
/// has arms to compare.
pub fn stacks(mut pending: Vec<Trial>, options: RunnerOptions) -> VecDeque<Vec<Trial>> {
    pending.sort_by_key(|trial| (trial.seed, trial.arm));
    let mut stacks: VecDeque<Vec<Trial>> = VecDeque::new();
    // Indices of the stacks of each training.
    let mut stacks_of: HashMap<String, Vec<usize>> = HashMap::new();
    for trial in pending {
        let most = most_seeds(&trial.config, options);
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

/// Networks that a GPU trains at once by default: each takes one of its processors, of which large ones have some hundred.
const GPU_NETWORKS: usize = 256;

/// The stacks in groups that a GPU trains at once, whatever their shapes, optimizers, rates, schedules, activations or batch sizes: on the same
/// data, by the same loss, and with nothing drawn or decided on the CPU between the steps of an epoch.
pub fn side_by_side(stacks: VecDeque<Vec<Trial>>, options: RunnerOptions) -> VecDeque<Vec<Trial>> {
    let most = options.stack.unwrap_or(GPU_NETWORKS).max(1);
    let mut groups: VecDeque<Vec<Trial>> = VecDeque::new();
    // The last group of each kind, and how many networks it has.
    let mut open: HashMap<String, (usize, usize)> = HashMap::new();
    for stack in stacks {
        let networks = stack.iter().map(|trial| trial.seed).collect::<HashSet<u64>>().len();
        let kind = stack.first().and_then(|trial| shared_on_a_gpu(&trial.config));
        if let Some((group, taken)) = kind.as_ref().and_then(|kind| open.get_mut(kind))
            && *taken + networks <= most
        {
            groups[*group].extend(stack);
            *taken += networks;
            continue;
        }
        if let Some(kind) = kind {
            open.insert(kind, (groups.len(), networks));
        }
        groups.push_back(stack);
    }
    groups
}

/// What trainings share that a GPU takes at once; `None` for one that trains alone.
fn shared_on_a_gpu(config: &TrialConfig) -> Option<String> {
    let TrialConfig { data, model, train, .. } = config;
    let is_drawn = train.noise > 0.0 || !train.augment.is_none() || model.dropout > 0.0;
    let is_watched = train.patience.is_some() || train.validate_every.is_some();
    let is_descent = matches!(config.kind(), TrialKind::Descent(_));
    if is_drawn || is_watched || is_descent || train.vary.varies(Source::Split) {
        return None;
    }
    serde_json::to_string(&(data, model.outputs, model.latent.is_some(), train.loss)).ok()
}

/// The most seeds of an arm with these settings that share a stack, at least 1.
pub(super) fn most_seeds(config: &TrialConfig, options: RunnerOptions) -> usize {
    let asked = options.stack.filter(|_| !config.train.vary.varies(Source::Split));
    asked.unwrap_or_else(|| stack_size(config, options.is_cpu)).clamp(1, LARGEST_STACK)
}

/// What the trials of one training share: their settings, without the number of epochs where earlier epochs do not depend on it.
pub(super) fn training(config: &TrialConfig) -> String {
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

    #[test]
    fn a_gpu_takes_all_seeds_at_once_unless_they_stop_on_their_own() {
        let mut config = TrialConfig::default();
        assert_eq!([true, false].map(|is_cpu| stack_size(&config, is_cpu)), [1, 15]);
        config.train.patience = Some(3);
        assert_eq!([true, false].map(|is_cpu| stack_size(&config, is_cpu)), [1, 1]);
    }
}
