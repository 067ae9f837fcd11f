//! `kindling sweep`: run an experiment.

use std::path::Path;

use anyhow::Result;

use super::Exit;
use super::print::{self, Format};
use super::run::{Run, RunOptions, workers};
use super::until::{self, DEFAULT_BUDGET, Goal, margin};
use crate::analysis::claims::outlook;
use crate::analysis::stats::looks::looks;
use crate::analysis::summary::Summary;
use crate::cli::SweepArgs;
use crate::experiment::plan::{Plan, cost};
use crate::experiment::spec::library;
use crate::record;
use crate::report;
use crate::run::progress::cost_line;
use crate::run::{RunnerOptions, memory};
use crate::terminal;

/// Runs the experiment and writes its report.
pub fn run(args: &SweepArgs) -> Result<Exit> {
    let flags = RunOptions::from_flags(&args.run);
    let options = RunOptions { seeds: args.seeds, jobs: args.jobs, stack: args.stack, ..flags };
    let mut spec = library::find(&args.experiment)?;
    options.apply(&mut spec)?;
    let folder = options.folder(&spec.name);
    let budget = if args.run.smoke { spec.seeds } else { args.seeds.unwrap_or(DEFAULT_BUDGET) };
    let adds_seeds = args.until.is_some() || args.precision.is_some();
    if args.dry_run {
        if adds_seeds {
            (spec.seeds, spec.looks) = (budget, looks(budget));
        }
        let spread = args.spread.as_deref().map(|text| margin(text, &Plan::new(&spec)?.metric)).transpose()?;
        return dry_run(&Plan::new(&spec)?, &folder, &options, spread);
    }
    let format = Format::of(args.json);
    let report = |run: &Run, summary: &Summary| {
        let dataset = run.shown_dataset(summary);
        report::write(summary, dataset, Vec::new(), &run.folder)?;
        print::summary(summary, dataset, &run.folder, format)
    };
    if adds_seeds {
        let goal = Goal { claims: args.until.is_some(), precision: args.precision.clone() };
        return until::run(&spec, &folder, &options, (&goal, budget), report);
    }
    Run::prepare(spec, folder, &options)?.train(report)
}

/// Prints the arms, the cost, and what the seeds can show, by the spread of the runs that the folder holds already unless one is given.
fn dry_run(plan: &Plan, folder: &Path, options: &RunOptions, spread: Option<f64>) -> Result<Exit> {
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
    let on_cpu = RunnerOptions { jobs: workers(options.jobs, true), stack: options.stack, is_cpu: true };
    let free = memory::available().map_or(String::new(), |bytes| format!("; {} are free", memory::human(bytes)));
    let needed = memory::human(memory::needed(plan, on_cpu));
    terminal::print(format_args!("about {needed} of memory on the CPU, besides the data{free}"));
    let earlier = record::read_all(folder).unwrap_or_default();
    if let Some(outlook) = outlook(plan, &earlier, spread) {
        terminal::print(format_args!("{}", outlook.differences));
        outlook.undecidable.iter().for_each(|claim| terminal::print(format_args!("{claim}")));
    }
    terminal::print(format_args!("results would go to {}", folder.display()));
    Ok(Exit::Done)
}
