//! Which shard of a plan trains which trials.
//!
//! In: a plan and the number of shards. Out: the shard of every trial. Trials that could share a stack stay together. The choice depends on the
//! plan, the number of shards and the size of stacks alone, so that processes that never meet agree on it; and more seeds move no trial of the
//! seeds before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use super::RunnerOptions;
use super::stacks::{most_seeds, training};
use crate::experiment::plan::{Plan, cost};

/// The shard of every trial of a plan.
#[derive(Debug, Clone)]
pub struct Shards {
    /// The shard's place, from 0, by arm and seed.
    shard_of: HashMap<(usize, u64), usize>,
    /// How many trainings there are that cannot be cut further.
    pub units: usize,
}

/// Trials that stay together.
struct Unit {
    /// The first seed of the stack.
    seed: u64,
    /// Rough microseconds on one core. Whole numbers add up to the same sum everywhere.
    cost: u64,
    /// Arm and seed of each trial.
    trials: Vec<(usize, u64)>,
}

impl Shards {
    /// Cuts a plan into so many shards: seed by seed, the longest trainings first, each goes to the shard with the least work so far (Graham's
    /// rule, "Bounds on multiprocessing timing anomalies", 1969).
    pub fn new(plan: &Plan, options: RunnerOptions, count: usize) -> Self {
        let units = units(plan, options);
        // The least work first, then the first shard.
        let mut shards: BinaryHeap<Reverse<(u64, usize)>> =
            (0..count.max(1)).map(|shard| Reverse((0, shard))).collect();
        let mut shard_of = HashMap::with_capacity(plan.arms.len() * plan.seeds.len());
        for unit in &units {
            let Some(Reverse((work, shard))) = shards.pop() else { break };
            shards.push(Reverse((work.saturating_add(unit.cost), shard)));
            shard_of.extend(unit.trials.iter().map(|&trial| (trial, shard)));
        }
        Self { shard_of, units: units.len() }
    }

    /// The place, from 0, of the shard that trains the trial of an arm and a seed.
    pub fn of(&self, arm: usize, seed: u64) -> Option<usize> {
        self.shard_of.get(&(arm, seed)).copied()
    }
}

/// The trials that stay together, in the order in which they are dealt out.
fn units(plan: &Plan, options: RunnerOptions) -> Vec<Unit> {
    let mut units: BTreeMap<(u64, usize), Unit> = BTreeMap::new();
    // The first arm of each training; others, with more or fewer epochs, are trained with it.
    let mut first_of: HashMap<String, usize> = HashMap::new();
    for (index, arm) in plan.arms.iter().enumerate() {
        let first = *first_of.entry(training(&arm.config)).or_insert(index);
        let seeds_of_stack = most_seeds(&arm.config, options) as u64;
        // Of a stack that more seeds would fill, the cost of the full one: else more seeds would change what is dealt out when.
        let cost = (1e6 * cost::seconds(arm) * seeds_of_stack as f64) as u64;
        for &seed in &plan.seeds {
            let begins = seed - seed % seeds_of_stack;
            let unit = units.entry((begins, first)).or_insert(Unit { seed: begins, cost: 0, trials: Vec::new() });
            unit.cost = unit.cost.max(cost);
            unit.trials.push((index, seed));
        }
    }
    let mut units: Vec<Unit> = units.into_values().collect();
    // Of equal cost, the first arm stays first.
    units.sort_by_key(|unit| (unit.seed, Reverse(unit.cost)));
    units
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::experiment::plan::Trial;
    use crate::experiment::spec::Spec;

    fn plan(seeds: u64, sweep: &str) -> Plan {
        let text = format!(
            "question = 'q'\nseeds = {seeds}\n[data]\ndataset = 'blobs'\n[train]\nepochs = 5\n[sweep]\n{sweep}\n"
        );
        Plan::new(&Spec::parse("x", "x.toml", &text).unwrap()).unwrap()
    }

    const ON_CPU: RunnerOptions = RunnerOptions { jobs: 1, stack: None, is_cpu: true };

    fn shares(plan: &Plan, options: RunnerOptions, count: usize) -> Vec<Vec<Trial>> {
        let shards = Shards::new(plan, options, count);
        let mut shares = vec![Vec::new(); count];
        for trial in plan.trials() {
            shares[shards.of(trial.arm, trial.seed).unwrap()].push(trial);
        }
        shares
    }

    #[test]
    fn every_trial_is_in_one_shard_and_no_shard_has_more_work_than_its_share_and_one_training() {
        let plan = plan(10, "batch_size = [4, 16, 64]\nhidden = [[], [8], [64]]");
        let seconds =
            |trials: &[Trial]| -> f64 { trials.iter().map(|trial| cost::seconds(&plan.arms[trial.arm])).sum() };
        let all: Vec<Trial> = plan.trials().collect();
        let longest = plan.arms.iter().map(cost::seconds).fold(0.0, f64::max);
        for count in [1, 3, 7, 16] {
            let shares = shares(&plan, ON_CPU, count);
            assert_eq!(shares.iter().map(Vec::len).sum::<usize>(), 90);
            for share in &shares {
                assert!(seconds(share) < seconds(&all) / count as f64 + longest + 1e-3);
            }
        }
        // More shards than trainings: the rest have none.
        assert_eq!(shares(&plan, ON_CPU, 100).iter().filter(|share| share.is_empty()).count(), 10);
    }

    #[test]
    fn more_seeds_move_no_trial_of_the_seeds_before() {
        for options in [ON_CPU, RunnerOptions { is_cpu: false, ..ON_CPU }, RunnerOptions { stack: Some(4), ..ON_CPU }] {
            let sweep = "batch_size = [4, 16, 64]\nepochs = [2, 5]";
            let [few, many] = [7, 40].map(|seeds| plan(seeds, sweep));
            for count in [2, 5] {
                let [before, after] = [&few, &many].map(|plan| Shards::new(plan, options, count));
                assert!(few.trials().all(|Trial { arm, seed, .. }| before.of(arm, seed) == after.of(arm, seed)));
            }
        }
    }

    #[test]
    fn what_trains_together_stays_together() {
        // Two numbers of epochs are one training; on a GPU 15 seeds of it are a stack.
        let plan = plan(30, "batch_size = [4, 16]\nepochs = [2, 5]");
        for (options, together) in [(ON_CPU, 1), (RunnerOptions { is_cpu: false, ..ON_CPU }, 15)] {
            let shards = Shards::new(&plan, options, 4);
            assert_eq!(shards.units, 2 * 30 / together as usize);
            let mut of: HashMap<(String, u64), HashSet<usize>> = HashMap::new();
            for trial in plan.trials() {
                let key = (training(&trial.config), trial.seed / together);
                of.entry(key).or_default().insert(shards.of(trial.arm, trial.seed).unwrap());
            }
            assert!(of.values().all(|shards| shards.len() == 1));
        }
    }
}
