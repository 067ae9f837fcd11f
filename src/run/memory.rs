//! Whether a plan's trainings fit into the memory of this machine, before the first of them.

use std::fs;

use anyhow::{Result, ensure};

use super::RunnerOptions;
use super::stacks::stack_size;
use crate::experiment::plan::{Arm, Plan, cost};

/// Replicas of an arm's stack, and stacks that train at a time if all are of that arm.
fn at_a_time(plan: &Plan, arm: &Arm, options: RunnerOptions) -> (usize, usize) {
    let seeds = plan.seeds.len().max(1);
    let replicas = options.stack.unwrap_or_else(|| stack_size(&arm.config, options.is_cpu)).clamp(1, seeds);
    (replicas, (plan.arms.len() * seeds.div_ceil(replicas)).min(options.jobs))
}

/// Rough bytes of the trainings that run at a time on the CPU, if all are of the arm that takes most.
pub fn needed(plan: &Plan, options: RunnerOptions) -> u64 {
    let of_arm = |arm: &Arm| {
        let (replicas, stacks) = at_a_time(plan, arm, options);
        cost::bytes(arm).saturating_mul((replicas * stacks) as u64)
    };
    plan.arms.iter().map(of_arm).max().unwrap_or(0)
}

/// Bytes of memory that are free: those of the machine, or those that a container's limit leaves. `None` where the operating system does
/// not say.
pub fn available() -> Option<u64> {
    let of_machine = free_in(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let of_group = |name: &str| -> Option<u64> {
        fs::read_to_string(format!("/sys/fs/cgroup/memory.{name}")).ok()?.trim().parse().ok()
    };
    // What a group holds of files it has read makes room where it is needed.
    let stat = fs::read_to_string("/sys/fs/cgroup/memory.stat").unwrap_or_default();
    let of_files: u64 = ["inactive_file ", "active_file "]
        .iter()
        .filter_map(|key| stat.lines().find_map(|line| line.strip_prefix(key))?.trim().parse::<u64>().ok())
        .sum();
    let used = of_group("current").unwrap_or(0).saturating_sub(of_files);
    // The limit of a group without one is `max`, which is no number.
    let of_container = of_group("max").map(|limit| limit.saturating_sub(used));
    Some(of_container.map_or(of_machine, |left| left.min(of_machine)))
}

/// The line `MemAvailable` of `/proc/meminfo`, in bytes.
fn free_in(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Checks that a plan's trainings fit into memory. On a GPU, whose memory is its own, and where the memory is not known, they do.
///
/// # Errors
/// They do not: how much they take, and what to change.
pub fn check(plan: &Plan, options: RunnerOptions) -> Result<()> {
    let Some(available) = available().filter(|_| options.is_cpu) else { return Ok(()) };
    let needed = needed(plan, options);
    ensure!(
        needed <= available,
        "the trainings that run at a time would take about {} of memory, and {} are free; use fewer with --jobs, smaller stacks with \
         --stack, or narrower layers",
        human(needed),
        human(available)
    );
    Ok(())
}

/// Bytes in one unit: `12 MB`, `2.5 GB`.
pub fn human(bytes: u64) -> String {
    match bytes as f64 / 1e6 {
        mega if mega < 1000.0 => format!("{} MB", mega.ceil()),
        mega => format!("{:.1} GB", mega / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::spec::Spec;

    fn plan(hidden: &str) -> Plan {
        let text = format!("question = 'q'\nseeds = 4\n[model]\nhidden = {hidden}\n");
        Plan::new(&Spec::parse("x", "x.toml", &text).unwrap()).unwrap()
    }

    #[test]
    fn each_training_at_a_time_and_each_replica_of_a_stack_takes_its_own() {
        let needed = |jobs, stack| needed(&plan("[1000]"), RunnerOptions { jobs, stack: Some(stack), is_cpu: true });
        // 784 x 1000 + 1000 + 1000 x 10 + 10 parameters, five times, of 4 bytes.
        assert!(needed(1, 1) > 5 * 4 * 795_010 && needed(1, 1) < 6 * 4 * 795_010);
        assert_eq!((needed(2, 1), needed(1, 2)), (2 * needed(1, 1), 2 * needed(1, 1)));
        // There are four trials.
        assert_eq!((needed(100, 1), needed(1, 100)), (4 * needed(1, 1), 4 * needed(1, 1)));
        assert_eq!(needed(100, 4), 4 * needed(1, 1));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_both_sizes() {
        let Some(free) = available() else { return };
        let options = RunnerOptions { jobs: 1_000_000, stack: Some(4), is_cpu: true };
        let wide = plan("[7000, 7000]");
        let error = check(&Plan { seeds: (0..100_000).collect(), ..wide }, options).unwrap_err().to_string();
        assert!(error.contains("GB of memory") && error.contains("--jobs"), "{error} {free}");
        assert!(check(&plan("[64]"), RunnerOptions { jobs: 2, ..options }).is_ok());
    }

    #[test]
    fn the_free_memory_is_read_from_linuxs_table() {
        assert_eq!(free_in("MemTotal:  9 kB\nMemFree: 1 kB\nMemAvailable:   24000 kB\n"), Some(24_576_000));
        assert_eq!(free_in("MemTotal:  9 kB\n"), None);
    }
}
