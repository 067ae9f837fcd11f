//! `kindling sweep`: run an experiment.

use std::path::Path;

use anyhow::{Context, Result};

use super::print::{self, Format};
use super::run::{Run, RunOptions, ensure_can_be_cut, settle_dataset, workers};
use super::until::{self, DEFAULT_BUDGET, Goal, margin};
use super::{Exit, interrupts, trust};
use crate::analysis::claims::outlook;
use crate::analysis::stats::looks::looks;
use crate::analysis::summary::Summary;
use crate::cli::SweepArgs;
use crate::data::known::KNOWN;
use crate::experiment::plan::shard::Shard;
use crate::experiment::plan::{Plan, Trial, cost};
use crate::experiment::spec::{Spec, library};
use crate::record;
use crate::report::{self, OfNetwork};
use crate::run::progress::cost_line;
use crate::run::{RunnerOptions, Shards, memory};
use crate::terminal;
use crate::trial::Lab;

/// Runs the experiment and writes its report.
pub fn run(args: &SweepArgs) -> Result<Exit> {
    let shard = args.shard.as_deref().map(|text| shard(text, args.run.quiet)).transpose()?;
    // One part of one is the whole.
    let shard = shard.filter(|shard| shard.count() > 1);
    let flags = RunOptions::from_flags(&args.run);
    let options = RunOptions {
        seeds: args.seeds,
        jobs: args.jobs,
        stack: args.stack,
        fresh: shard.is_none().then_some(args.fresh),
        share: !args.no_share,
        save_models: args.save_models,
        shard,
        ..flags
    };
    let mut spec = library::find(&args.experiment)?;
    options.apply(&mut spec)?;
    ensure_can_be_cut(&spec, shard)?;
    let folder = options.folder(&spec.name);
    let budget = if args.run.smoke { spec.seeds } else { args.seeds.unwrap_or(DEFAULT_BUDGET) };
    let adds_seeds = args.until.is_some() || args.precision.is_some();
    if args.dry_run {
        if adds_seeds {
            (spec.seeds, spec.looks) = (budget, looks(budget));
        }
        let spread = args.spread.as_deref().map(|text| margin(text, &Plan::new(&spec)?.metric)).transpose()?;
        return dry_run(spec, &folder, &options, spread);
    }
    let format = Format::of(args.json);
    let report = |run: &Run, summary: &Summary| {
        let dataset = run.shown_dataset(summary);
        report::write(summary, dataset, OfNetwork::default(), &run.folder, options.weights)?;
        print::summary(summary, dataset, &run.folder, format)
    };
    if adds_seeds {
        let goal = Goal { claims: args.until.is_some(), precision: args.precision.clone() };
        return until::run(&spec, &folder, &options, (&goal, budget), report);
    }
    let run = Run::prepare(spec, folder, &options)?;
    if !options.quiet && !run.plan.is_search && shard.is_none() {
        tell_outlook(&run.plan, &run.folder);
    }
    run.train(report)
}

/// The shard that a flag asks for. Says where its number is from, where it is not in the flag.
fn shard(text: &str, is_quiet: bool) -> Result<Shard> {
    // A scheduler's warning may come while the data are read.
    interrupts::stop_at_once()?;
    let (shard, variable) =
        Shard::from_flag(text, |name| std::env::var(name).ok()).map_err(|why| anyhow::anyhow!("--shard {why}"))?;
    if let Some(variable) = variable.filter(|_| !is_quiet) {
        terminal::tell(format_args!("shard {shard}, its number from {variable}"));
    }
    Ok(shard)
}

/// Says before the training what its seeds can show.
fn tell_outlook(plan: &Plan, folder: &Path) {
    let earlier = record::read_all(folder).unwrap_or_default();
    if earlier.len() >= plan.arms.len() * plan.seeds.len() {
        return;
    }
    if let Some(outlook) = outlook(plan, &earlier, None).filter(|_| plan.arms.len() > 1 || !plan.claims.is_empty()) {
        terminal::tell(format_args!("{}", outlook.differences));
        outlook.undecidable.iter().for_each(|claim| terminal::tell(format_args!("{claim}")));
    }
}

/// A run of more seconds than this is warned of.
const LONG: f64 = 3600.0;

/// Prints the arms, the cost, and what the seeds can show, by the spread of the runs that the folder holds already unless one is given.
fn dry_run(mut spec: Spec, folder: &Path, options: &RunOptions, spread: Option<f64>) -> Result<Exit> {
    let backend = trust::open(options.backend.as_deref())?;
    let here = options.data.offline();
    // What would be downloaded is not looked at; everything else that a run would refuse is refused.
    let is_fetched = |name: &String| {
        KNOWN.iter().any(|known| known.name == *name && here.find(name).is_none()) && here.dir.is_none()
    };
    let mut plan = Plan::new(&spec)?;
    if plan.datasets().iter().any(|name| is_fetched(&name.split('[').next().unwrap_or(name).to_string())) {
        terminal::tell(format_args!(
            "note: the data are not here yet; a run would download them, or draw digits instead"
        ));
    } else {
        settle_dataset(&mut spec, &here)?;
        plan = Plan::new(&spec)?;
        let lab = Lab::open(&plan, &here, backend).with_context(|| spec.file.clone())?;
        plan.learn_shapes(|data| lab.shape(data));
    }
    let plan = &plan;
    terminal::print(format_args!("{}\n", plan.question));
    for (index, arm) in plan.arms.iter().enumerate() {
        terminal::print(format_args!(
            "#{index:<3} {:<32} {:>9} steps  about {} per trial",
            arm.label,
            cost::steps(arm),
            cost::human(cost::seconds(arm))
        ));
    }
    terminal::print(format_args!("\n{}", cost_line(plan, workers(options.jobs, true))));
    let count = spec.search.as_ref().and_then(|search| search.bayesian).unwrap_or(1);
    let seconds = count as f64 * cost::plan_seconds(plan, workers(options.jobs, true));
    let on_cpu = RunnerOptions { jobs: workers(options.jobs, true), stack: options.stack, is_cpu: true };
    if let Some(shard) = options.shard {
        let shards = Shards::new(plan, on_cpu, shard.count());
        let own: Vec<Trial> =
            plan.trials().filter(|trial| shards.of(trial.arm, trial.seed) == Some(shard.index())).collect();
        let seconds: f64 = own.iter().map(|trial| cost::seconds(&plan.arms[trial.arm])).sum();
        terminal::print(format_args!(
            "shard {shard} has {} of them: about {}",
            own.len(),
            cost::human(seconds / on_cpu.jobs as f64)
        ));
    }
    if count > 1 {
        terminal::print(format_args!(
            "this is the first of {count} arms, which a Bayesian search proposes one after the other: about {} for all",
            cost::human(seconds)
        ));
    }
    let free = memory::available().map_or(String::new(), |bytes| format!("; {} are free", memory::human(bytes)));
    let needed = memory::human(memory::needed(plan, on_cpu));
    terminal::print(format_args!("about {needed} of memory on the CPU, besides the data{free}"));
    let earlier = record::read_all(folder).unwrap_or_default();
    if let Some(outlook) = outlook(plan, &earlier, spread).filter(|_| !plan.is_search) {
        terminal::print(format_args!("{}", outlook.differences));
        outlook.undecidable.iter().for_each(|claim| terminal::print(format_args!("{claim}")));
    }
    if seconds > LONG {
        terminal::tell(format_args!(
            "warning: this takes more than an hour; fewer --seeds or --epochs, or `search = {{ random = N, halving = ... }}`, take less"
        ));
    }
    terminal::print(format_args!("results would go to {}", folder.display()));
    Ok(Exit::Done)
}
