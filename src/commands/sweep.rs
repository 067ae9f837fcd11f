//! `kindling sweep`: run an experiment.

use std::path::Path;

use anyhow::Result;

use super::Exit;
use super::print::{self, Format};
use super::run::{Run, RunOptions, workers};
use crate::cli::SweepArgs;
use crate::experiment::plan::{Plan, cost};
use crate::experiment::spec::library;
use crate::report;
use crate::run::progress::cost_line;

/// Runs the experiment and writes its report.
pub fn run(args: &SweepArgs) -> Result<Exit> {
    let flags = RunOptions::from_flags(&args.run);
    let options = RunOptions { seeds: args.seeds, jobs: args.jobs, stack: args.stack, ..flags };
    let mut spec = library::find(&args.experiment)?;
    options.apply(&mut spec)?;
    let folder = options.folder(&spec.name);
    if args.dry_run {
        return dry_run(&Plan::new(&spec)?, &folder, options.jobs);
    }
    let format = Format::of(args.json);
    Run::prepare(spec, folder, &options)?.train(|run, summary| {
        let dataset = run.shown_dataset(summary);
        report::write(summary, dataset, Vec::new(), &run.folder)?;
        print::summary(summary, dataset, &run.folder, format)
    })
}

fn dry_run(plan: &Plan, folder: &Path, jobs: Option<usize>) -> Result<Exit> {
    println!("{}\n", plan.question);
    for (index, arm) in plan.arms.iter().enumerate() {
        println!(
            "#{index:<3} {:<32} {:>9} steps  about {} per trial",
            arm.label,
            cost::steps(arm),
            cost::human(cost::seconds(arm))
        );
    }
    println!("\n{}", cost_line(plan, workers(jobs, true)));
    println!("results would go to {}", folder.display());
    Ok(Exit::Done)
}
