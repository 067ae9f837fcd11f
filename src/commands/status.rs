//! `kindling status`: how far a run is, from its records, and what its jobs do, from the scheduler.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use serde_json::json;

use super::Exit;
use super::run::folder::{self, by_trial, plan_of};
use super::run::workers;
use crate::cli::StatusArgs;
use crate::cluster::{jobs, slurm};
use crate::experiment::plan::{Arm, Plan, cost};
use crate::record::{self, Status, TrialRecord};
use crate::run::NeededTrials;
use crate::terminal;

/// What the records say.
struct Progress {
    trials: usize,
    done: usize,
    diverged: usize,
    pruned: usize,
    failed: Vec<TrialRecord>,
    missing: usize,
    /// Rough seconds of what is missing on one core: by the estimate, or as its machines have needed for what is recorded.
    seconds: f64,
    /// Whether a search will need more than these.
    is_whole: bool,
}

/// Reads the records first, then asks the scheduler.
pub fn run(args: &StatusArgs) -> Result<Exit> {
    let folder = folder::named(&args.run)?;
    let plan = plan_of(&folder)?;
    let records = if record::are_in(&folder) { record::read_all(&folder)? } else { Vec::new() };
    let progress = progress(&plan, &records);
    let known = jobs::read(&folder)?;
    let ids: Vec<String> = known.jobs.iter().map(|job| job.id.clone()).collect();
    let queue = if ids.is_empty() { Ok(Vec::new()) } else { slurm::queue(&ids) };
    let waiting =
        |task: &slurm::Task| ["PENDING", "CONFIGURING", "REQUEUED", "SUSPENDED"].contains(&task.state.as_str());
    let (waits, runs) = queue
        .iter()
        .flatten()
        .fold((0, 0), |(waits, runs), task| if waiting(task) { (waits + 1, runs) } else { (waits, runs + 1) });
    let ended = if ids.is_empty() { None } else { slurm::accounting(&ids).map(|tasks| badly_ended(&tasks)) };
    let Progress { trials, done, diverged, pruned, failed, missing, seconds, is_whole } = &progress;
    if args.json {
        let tasks = queue.as_ref().ok().filter(|_| !ids.is_empty());
        terminal::print(format_args!(
            "{}",
            json!({
                "run": folder, "trials": trials, "done": done, "diverged": diverged, "pruned": pruned, "failed": failed.len(),
                "missing": missing, "core_seconds_left": seconds, "jobs": ids,
                "tasks_running": tasks.map(|_| runs), "tasks_waiting": tasks.map(|_| waits), "tasks_badly_ended": ended,
            })
        ));
        return Ok(Exit::Done);
    }
    let more = if *is_whole { "" } else { ", and those that the search chooses then" };
    terminal::print(format_args!("{}: {trials} trials, {} arms{more}", folder.display(), plan.arms.len()));
    terminal::print(format_args!("{done:>7} done{}", counted(&[(*diverged, "diverged"), (*pruned, "pruned")])));
    terminal::print(format_args!("{:>7} failed{}", failed.len(), why(failed)));
    let cores = workers(None, true);
    let left = match missing {
        0 => String::new(),
        _ => format!(
            ", about {} of one core, {} of {cores} here",
            cost::human(*seconds),
            cost::human(seconds / cores as f64)
        ),
    };
    terminal::print(format_args!("{missing:>7} missing{left}"));
    if let Some(last) = known.jobs.last() {
        match &queue {
            Ok(_) => terminal::print(format_args!("jobs {}: {runs} tasks run, {waits} wait", ids.join(", "))),
            Err(why) => terminal::print(format_args!("jobs {}: {why}", ids.join(", "))),
        }
        match &ended {
            Some(ended) if !ended.is_empty() && missing + failed.len() > 0 => {
                let states: Vec<String> = ended.iter().map(|(state, count)| format!("{count} {state}")).collect();
                terminal::print(format_args!("tasks that ended otherwise than completed: {}", states.join(", ")));
            }
            _ => {}
        }
        terminal::print(format_args!("logs: {}", folder.join("logs").join(format!("{}_*.txt", last.id)).display()));
    }
    let (left, is_busy) = (missing + failed.len(), waits + runs > 0);
    terminal::print(format_args!("{}", next(left, is_busy, !ids.is_empty(), &folder.display().to_string())));
    Ok(Exit::Done)
}

/// The next command.
fn next(left: usize, is_busy: bool, was_submitted: bool, folder: &str) -> String {
    match (left, is_busy, was_submitted) {
        (0, _, _) => format!("next: kindling report {folder}"),
        (_, true, _) => format!(
            "next: wait; `kindling cancel {folder}` ends it, and `kindling report {folder}` reports on what there is"
        ),
        (_, false, true) => "next: the same `kindling submit` again, where squeue is, submits what is missing".into(),
        (_, false, false) => "next: the same command again trains what is missing".into(),
    }
}

fn progress(plan: &Plan, records: &[TrialRecord]) -> Progress {
    let needed = NeededTrials::of(plan, records);
    let recorded = by_trial(records);
    let mut found = Progress {
        trials: 0,
        done: 0,
        diverged: 0,
        pruned: 0,
        failed: Vec::new(),
        missing: 0,
        seconds: 0.0,
        is_whole: needed.is_whole,
    };
    let arms: HashMap<&str, &Arm> = plan.arms.iter().map(|arm| (arm.label.as_str(), arm)).collect();
    let (mut measured, mut estimated) = (0.0, 0.0);
    for trial in needed.trials(plan) {
        found.trials += 1;
        let estimate = arms.get(trial.label.as_str()).map_or(0.0, |arm| cost::seconds(arm));
        let record = recorded.get(&(trial.label.as_str(), trial.seed));
        match record.map(|record| record.status) {
            None => (found.missing, found.seconds) = (found.missing + 1, found.seconds + estimate),
            Some(Status::Failed) => found.failed.extend(record.map(|record| (*record).clone())),
            Some(status) => {
                found.done += 1;
                found.diverged += usize::from(status == Status::Diverged);
                found.pruned += usize::from(status == Status::Pruned);
                if status == Status::Done {
                    measured += record.map_or(0.0, |record| record.seconds);
                    estimated += estimate;
                }
            }
        }
    }
    if measured > 0.0 && estimated > 0.0 {
        found.seconds *= measured / estimated;
    }
    found
}

/// `(2 diverged, 1 pruned)`, without those that are none.
fn counted(counts: &[(usize, &str)]) -> String {
    let parts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// Why the first of the trials that failed did.
fn why(failed: &[TrialRecord]) -> String {
    let Some(first) = failed.first() else { return String::new() };
    let error = first.error.as_deref().unwrap_or("for no stated reason");
    format!(", the first, `{}`, seed {}: {}", first.arm, first.seed, error.lines().next().unwrap_or_default())
}

/// How many tasks ended in each state but the good one. A task that was requeued counts by how it ended at last.
fn badly_ended(tasks: &[slurm::Task]) -> BTreeMap<String, usize> {
    const OTHERS: [&str; 6] = ["COMPLETED", "RUNNING", "PENDING", "REQUEUED", "COMPLETING", "CONFIGURING"];
    let mut last: HashMap<(&str, usize), &str> = HashMap::new();
    for task in tasks {
        last.insert((&task.job, task.number), &task.state);
    }
    let mut counts = BTreeMap::new();
    for state in last.into_values().filter(|state| !OTHERS.contains(state)) {
        *counts.entry(state.to_string()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_was_requeued_counts_by_how_it_ended_at_last() {
        let task = |number, state: &str| slurm::Task { job: "1".into(), number, state: state.into() };
        let tasks = [
            task(0, "NODE_FAIL"),
            task(0, "COMPLETED"),
            task(1, "TIMEOUT"),
            task(2, "RUNNING"),
            task(3, "TIMEOUT"),
            task(4, "FAILED"),
        ];
        let expected = [("FAILED".to_string(), 1), ("TIMEOUT".to_string(), 2)];
        assert_eq!(badly_ended(&tasks).into_iter().collect::<Vec<_>>(), expected);
    }
}
