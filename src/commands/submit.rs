//! `kindling submit`: give the missing parts of a run to a scheduler.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::Exit;
use super::run::folder::finished;
use super::run::{Run, RunOptions, is_one_task};
use crate::cli::{KubernetesArgs, Scheduler, SlurmArgs, SubmittedRun};
use crate::cluster::jobs::{self, Job, Jobs};
use crate::cluster::kubernetes::Manifest;
use crate::cluster::ranges;
use crate::cluster::slurm::{self, Script};
use crate::data::DataConfig;
use crate::data::source::cache_dir;
use crate::experiment::plan::shard::MAX_SHARDS;
use crate::experiment::plan::{Plan, Trial, cost};
use crate::experiment::spec::{Spec, library};
use crate::files::write_atomic;
use crate::record;
use crate::run::{RunnerOptions, Shards};
use crate::terminal;

/// Submits to the scheduler.
pub fn run(scheduler: &Scheduler) -> Result<Exit> {
    match scheduler {
        Scheduler::Slurm(args) => to_slurm(args),
        Scheduler::Kubernetes(args) => to_kubernetes(args),
    }
}

/// A task that takes less is mostly waiting and starting.
const SHORT: f64 = 60.0;
/// What a task is to take, in seconds, where the number of tasks is not given.
const GOOD: f64 = 600.0;

/// The experiment as it was asked for.
fn spec_and_options(submitted: &SubmittedRun) -> Result<(Spec, RunOptions)> {
    ensure!(submitted.cpus > 0, "--cpus 0 trains nothing; it must be at least 1");
    ensure!(submitted.at_once != Some(0), "--at-once 0 trains nothing; it must be at least 1");
    if let Some(tasks) = submitted.tasks {
        ensure!((1..=MAX_SHARDS).contains(&tasks), "--tasks {tasks}: there can be 1 to {MAX_SHARDS}");
    }
    let flags = RunOptions::from_flags(&submitted.run);
    let options = RunOptions { seeds: submitted.seeds, jobs: Some(submitted.cpus), ..flags };
    let mut spec = library::find(&submitted.experiment)?;
    options.apply(&mut spec)?;
    Ok((spec, options))
}

/// How many tasks, where they are not given: as many as take [`GOOD`] seconds each.
fn good_tasks(seconds: f64, units: usize, cpus: usize) -> usize {
    let good = (seconds / (cpus as f64 * GOOD)).ceil() as usize;
    good.clamp(1, units.div_ceil(cpus).clamp(1, MAX_SHARDS))
}

/// The number of tasks, by the flag or by the cost, and a note where it is not a good one.
fn tasks(submitted: &SubmittedRun, spec: &Spec, earlier: Option<usize>, seconds: f64, units: usize) -> Result<usize> {
    if is_one_task(spec) {
        ensure!(
            submitted.tasks.is_none_or(|tasks| tasks == 1),
            "--tasks: this search decides by the scores of all trainings so far what it trains next, and tasks do not hear of each other; \
             submit it as one task with many cores (--cpus)"
        );
        return Ok(1);
    }
    let good = good_tasks(seconds, units, submitted.cpus);
    let count = submitted.tasks.or(earlier).unwrap_or(good);
    let each = seconds / (count * submitted.cpus) as f64;
    if each < SHORT && count > good && !submitted.run.quiet {
        terminal::tell(format_args!(
            "note: a task takes about {}, less than it may wait; --tasks {good} would take about {} each",
            cost::human(each),
            cost::human(seconds / (good * submitted.cpus) as f64)
        ));
    }
    Ok(count)
}

/// Rough seconds of trials on one core.
fn seconds_of(plan: &Plan, trials: &[Trial]) -> f64 {
    trials.iter().filter_map(|trial| plan.arms.get(trial.arm)).map(cost::seconds).sum()
}

/// Rough seconds of a task: of its share of the work, and at least of its longest training, which is one core's.
fn task_seconds(plan: &Plan, trials: &[Trial], cpus: usize) -> f64 {
    let longest = trials.iter().filter_map(|trial| plan.arms.get(trial.arm)).map(cost::seconds).fold(0.0, f64::max);
    longest.max(seconds_of(plan, trials) / cpus as f64)
}

fn to_slurm(args: &SlurmArgs) -> Result<Exit> {
    let submitted = &args.submitted;
    let (spec, options) = spec_and_options(submitted)?;
    let folder = std::path::absolute(options.folder(&spec.name)).context("there is no current folder")?;
    let shown = options.folder(&spec.name);
    ensure_can_be_written(submitted, args)?;
    let run = Run::prepare(spec.clone(), folder.clone(), &options)?;
    ensure_spec_is_whole(&run)?;
    let _lock = if args.dry_run { None } else { Some(jobs::hold(&folder)?) };
    let missing = run.missing()?;
    // What a search needs next is known to it alone.
    let is_done = if is_one_task(&spec) { finished(&spec, &folder)?.is_some() } else { missing.is_empty() };
    if is_done {
        terminal::print(format_args!("every trial is recorded; next: kindling report {}", shown.display()));
        return Ok(Exit::Done);
    }
    let mut known = jobs::read(&folder)?;
    let seconds = seconds_of(&run.plan, &missing);
    let earlier = known.jobs.last().map(|job| job.shards);
    let count = tasks(submitted, &spec, earlier, seconds, run.shards(1).units)?;
    let shards = run.shards(count);
    let mut left: BTreeMap<usize, Vec<Trial>> = BTreeMap::new();
    for trial in missing {
        left.entry(shards.of(trial.arm, trial.seed).unwrap_or(0)).or_default().push(trial);
    }
    if is_one_task(&spec) {
        left.entry(0).or_default();
    }
    let all = left.len();
    let busy = in_queue(&known, count, args.dry_run)?;
    left.retain(|shard, _| !busy.contains(shard));
    if !args.dry_run {
        write_spec(&run, &folder, &known, !busy.is_empty())?;
    }
    if left.is_empty() {
        terminal::print(format_args!(
            "all {all} tasks with trials left are in the queue already; next: kindling status {}",
            shown.display()
        ));
        return Ok(Exit::Done);
    }
    let longest = left.values().map(|trials| task_seconds(&run.plan, trials, submitted.cpus)).fold(0.0, f64::max);
    let time = args.time.clone().unwrap_or_else(|| minutes(4.0 * longest + 600.0));
    let script = script(&run, submitted, &folder, count, &time)?;
    let arrays = arrays(&left.keys().copied().collect::<Vec<_>>(), submitted.at_once);
    let path = folder.join("submit.sh");
    if args.dry_run {
        terminal::print(format_args!("{}", script.trim_end()));
        for array in &arrays {
            let flags: String = args.sbatch.iter().map(|flag| format!(" {flag}")).collect();
            terminal::print(format_args!("# sbatch --array={}{flags} {} {}", array.text, path.display(), array.offset));
        }
        return Ok(Exit::Done);
    }
    std::fs::create_dir_all(folder.join("logs")).with_context(|| format!("cannot write {}", folder.display()))?;
    write_atomic(&path, script.as_bytes())?;
    for array in arrays {
        let id = slurm::submit(&path, &array.text, array.offset, &args.sbatch)?;
        let tasks = ranges::written(&array.tasks);
        terminal::print(format_args!("job {id}: {} tasks of {} cores", array.tasks.len(), submitted.cpus));
        known.jobs.push(Job { id, shards: count, offset: array.offset, tasks });
        jobs::write(&folder, &known)?;
    }
    let trials: Vec<Trial> = left.values().flatten().cloned().collect();
    terminal::print(format_args!(
        "{} trials, about {} of one core, in {} of {count} tasks\nnext: kindling status {}",
        trials.len(),
        cost::human(seconds_of(&run.plan, &trials)),
        left.len(),
        shown.display()
    ));
    Ok(Exit::Done)
}

/// The shards whose tasks wait or run.
fn in_queue(known: &Jobs, count: usize, is_dry: bool) -> Result<BTreeSet<usize>> {
    let ids: Vec<String> = known.jobs.iter().map(|job| job.id.clone()).collect();
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let tasks = match slurm::queue(&ids) {
        Ok(tasks) => tasks,
        Err(why) if is_dry => {
            terminal::tell(format_args!("note: whether tasks are in the queue cannot be seen: {why}"));
            Vec::new()
        }
        Err(why) => {
            bail!("whether tasks of this run are in the queue cannot be seen, and they would be submitted twice: {why}")
        }
    };
    let mut busy = BTreeSet::new();
    for task in tasks {
        let Some(job) = known.jobs.iter().find(|job| job.id == task.job) else { continue };
        ensure!(
            job.shards == count,
            "job {} with the run in {} tasks is in the queue; wait for it, end it with `kindling cancel`, or give --tasks {}",
            job.id,
            job.shards,
            job.shards
        );
        busy.insert(job.shard_of(task.number));
    }
    Ok(busy)
}

/// Tasks that are submitted together.
struct Array {
    /// As `--array` takes it.
    text: String,
    offset: usize,
    tasks: Vec<usize>,
}

/// The shards as arrays, none with a number above what the site allows.
fn arrays(shards: &[usize], at_once: Option<usize>) -> Vec<Array> {
    let most = if shards.iter().any(|&shard| shard > 0) { slurm::max_array_size() } else { 1 };
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &shard in shards {
        parts.entry(shard - shard % most).or_default().push(shard % most);
    }
    let limit = at_once.map_or(String::new(), |most| format!("%{most}"));
    let array = |(offset, tasks): (usize, Vec<usize>)| Array {
        text: format!("{}{limit}", ranges::written(&tasks)),
        offset,
        tasks,
    };
    parts.into_iter().map(array).collect()
}

fn script(run: &Run, submitted: &SubmittedRun, folder: &Path, shards: usize, time: &str) -> Result<String> {
    ensure!(
        !time.is_empty() && time.chars().all(|c| c.is_ascii_digit() || ":-".contains(c)),
        "--time `{time}`: expected minutes, or a time such as 1:30:00"
    );
    let absolute = |path: &Path| std::path::absolute(path).context("there is no current folder");
    let mut variables =
        vec![("KINDLING_CACHE_DIR".to_string(), absolute(&cache_dir())?.to_string_lossy().into_owned())];
    if let Some(data) = &submitted.run.data.folder.data_dir {
        variables.push(("KINDLING_DATA_DIR".into(), absolute(data)?.to_string_lossy().into_owned()));
    }
    Ok(Script {
        name: &run.plan.name,
        program: &std::env::current_exe().context("where this program is cannot be told")?,
        folder,
        directory: &absolute(&PathBuf::from("."))?,
        shards,
        cpus: submitted.cpus,
        jobs: if run.lab.backend.gpu.is_none() { submitted.cpus } else { 1 },
        time,
        flags: &sweep_flags(submitted),
        variables: &variables,
    }
    .text())
}

/// The flags that the resolved spec does not hold.
fn sweep_flags(submitted: &SubmittedRun) -> Vec<String> {
    let mut flags = vec!["--quiet".to_string()];
    if let Some(backend) = &submitted.run.backend {
        flags.extend(["--backend".into(), backend.clone()]);
    }
    // A node may have no way out, and the data are here.
    flags.push("--offline".into());
    flags
}

/// Checks that the spec will be read back to the plan at hand: a `--smoke` over several data sets has sizes that no spec can say.
fn ensure_spec_is_whole(run: &Run) -> Result<()> {
    let written = Plan::new(&Spec::parse(&run.plan.name, "spec.toml", &run.spec_text()?)?)?;
    let same = written.arms.len() == run.plan.arms.len()
        && written.arms.iter().zip(&run.plan.arms).all(|(a, b)| a.label == b.label && a.config == b.config);
    ensure!(
        same,
        "no spec.toml says all that this run is, as of a --smoke over several data sets; submit it without --smoke"
    );
    Ok(())
}

/// Writes the spec that the tasks read. Where nothing of the folder's spec was run or submitted, it is replaced.
fn write_spec(run: &Run, folder: &Path, known: &Jobs, is_busy: bool) -> Result<()> {
    if known.jobs.is_empty() && !record::are_in(folder) {
        return run.write_spec();
    }
    if run.agree_on_spec()? && is_busy {
        terminal::tell(format_args!(
            "note: tasks that run already train the seeds of before; the same submit after they end submits the others"
        ));
    }
    Ok(())
}

/// Checks what the script and the jobs could not express.
fn ensure_can_be_written(submitted: &SubmittedRun, args: &SlurmArgs) -> Result<()> {
    let folder = submitted.run.out.clone().unwrap_or_default();
    let here = std::env::current_dir().context("there is no current folder")?;
    for path in [&folder, &here] {
        let text = path.to_string_lossy();
        ensure!(
            !text.chars().any(|c| c.is_control() || c == '"' || c == '\\'),
            "Slurm cannot take `{text}` as a folder: it has a quotation mark, a backslash or a control character; use another"
        );
    }
    let other =
        args.sbatch.iter().find(|flag| ["-M", "--clusters", "-a", "--array"].iter().any(|own| flag.starts_with(own)));
    if let Some(flag) = other {
        bail!(
            "`{flag}` after --: Kindling chooses the tasks, and asks the cluster of this machine for them; leave it out"
        );
    }
    Ok(())
}

/// Whole minutes as Slurm reads them: `1:30:00`.
fn minutes(seconds: f64) -> String {
    let minutes = (seconds / 60.0).ceil().clamp(1.0, 1e6) as u64;
    format!("{}:{:02}:00", minutes / 60, minutes % 60)
}

fn to_kubernetes(args: &KubernetesArgs) -> Result<Exit> {
    let submitted = &args.submitted;
    let (spec, options) = spec_and_options(submitted)?;
    ensure!(options.out.is_none(), "--out: in a pod, results go to artifacts/ of the volume; leave it out");
    let plan = Plan::new(&spec)?;
    let own: Vec<&DataConfig> = plan.arms.iter().map(|arm| &arm.config.data).filter(|data| data.is_own()).collect();
    if let Some(data) = own.first().filter(|data| Path::new(&data.dataset).components().count() > 1) {
        bail!(
            "data of your own are read from data/ of the volume; put {0} there, and name the file alone: --dataset {1}",
            data.dataset,
            Path::new(&data.dataset).file_name().unwrap_or_default().display()
        );
    }
    let on_cpu = RunnerOptions { jobs: submitted.cpus, stack: None, is_cpu: true };
    let seconds = cost::plan_seconds(&plan, 1);
    let shards = tasks(submitted, &spec, None, seconds, Shards::new(&plan, on_cpu, 1).units)?;
    let manifest = Manifest {
        name: &spec.name,
        spec: &spec.to_toml()?,
        image: &args.image,
        volume: &args.volume,
        shards,
        at_once: submitted.at_once,
        cpus: submitted.cpus,
        memory: &args.memory,
        flags: &sweep_flags(submitted),
    };
    terminal::print(format_args!("{}", manifest.text()?.trim_end()));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_takes_minutes_and_not_seconds() {
        // Three minutes of one core are one task; an hour of 4 cores is 6.
        assert_eq!((good_tasks(180.0, 45, 8), good_tasks(4.0 * 3600.0, 1000, 4)), (1, 6));
        // There is nothing to cut below a training a core.
        assert_eq!(good_tasks(1e6, 10, 4), 3);
        assert_eq!((minutes(1.0).as_str(), minutes(5400.0).as_str()), ("0:01:00", "1:30:00"));
    }
}
