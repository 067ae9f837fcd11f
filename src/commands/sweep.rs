//! `kindling sweep`: run an experiment.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{Exit, listen_for_interrupts, resolve};
use crate::cli::SweepArgs;
use crate::plan::Plan;
use crate::progress::{Shown, SweepProgress, cost_line};
use crate::record::{RecordFile, Status};
use crate::runner::{self, Options, Outcome};
use crate::spec::{Spec, library};
use crate::summary::Summary;
use crate::trial::Lab;
use crate::{device, report};

/// Spec, plan, data, records, training, summary, report: a line or two each.
pub fn run(args: &SweepArgs) -> Result<Exit> {
    let mut spec = library::find(&args.experiment)?;
    resolve::apply(&mut spec, &args.run)?;
    if let Some(seeds) = args.seeds {
        spec.seeds = seeds;
        spec.check_seeds("--seeds")?;
    }
    ensure!(args.jobs != Some(0), "--jobs 0 trains nothing; it must be at least 1");
    ensure!(args.stack != Some(0), "--stack 0 trains nothing; it must be at least 1");
    let out = resolve::out(&args.run, &spec.name);
    if args.dry_run {
        return dry_run(&Plan::new(&spec)?, &out, args);
    }
    let place = device::open(args.run.backend.as_deref())?;
    let options = Options { jobs: resolve::jobs(args.jobs, place.is_cpu), stack: args.stack, is_cpu: place.is_cpu };
    let search = resolve::search(&args.run.data, args.run.quiet);
    resolve::settle_dataset(&mut spec, &search)?;
    let plan = Plan::new(&spec)?;
    let lab = Lab::open(&plan, &search, place)?;
    let (mut file, found, torn) = RecordFile::open(&out)?;
    let work = runner::resume(&plan, &lab, found)?;
    write_spec(&spec, &out)?;
    let progress = SweepProgress::new(Shown::fitting(args.run.quiet));
    if let (Some(torn), false) = (torn, args.run.quiet) {
        eprintln!("note: {torn}");
    }
    let stop = listen_for_interrupts()?;
    let outcome = runner::run(work, &lab, &mut file, options, &progress, stop);
    progress.finish();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            // The sweep had started, so this is not "could not start".
            eprintln!("error: {error:#}");
            return Ok(Exit::Failed);
        }
    };
    // The sweep had started: what goes wrong from here on is not "could not start".
    finish(&plan, &lab, outcome, &out, args).or_else(|error| {
        eprintln!("error: {error:#}");
        Ok(Exit::Failed)
    })
}

/// Summary, report and exit code of a run, whole or broken off.
fn finish(plan: &Plan, lab: &Lab, outcome: Outcome, out: &Path, args: &SweepArgs) -> Result<Exit> {
    if outcome.interrupted {
        let all = plan.arms.len() * plan.seeds.len();
        eprintln!("{} of {all} trials are done; the same command goes on from here", outcome.records.len());
    }
    let failed = outcome.records.iter().filter(|record| record.status == Status::Failed).count();
    let summary = Summary::new(plan, outcome.records)?;
    let shown = summary.median_run().and_then(|run| lab.corpus(&run.made_with.dataset).ok());
    report::write(&summary, shown, out)?;
    show(&summary, out, args.run.json)?;
    if failed > 0 {
        eprintln!(
            "error: {failed} trials failed, for reasons told in their records; the same command tries them again"
        );
    }
    Ok(match (outcome.interrupted, failed) {
        (true, _) => Exit::Interrupted,
        (false, 0) => Exit::Done,
        (false, _) => Exit::Failed,
    })
}

fn write_spec(spec: &Spec, out: &Path) -> Result<()> {
    report::replace(&out.join("spec.toml"), spec.to_toml()?.as_bytes()).context("cannot write the resolved spec")
}

/// The table, the verdicts and where the rest is, on stdout.
pub fn show(summary: &Summary, out: &Path, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(summary)?);
        return Ok(());
    }
    println!("{}\n", summary.question);
    println!("{}", report::table::arms(summary).text());
    println!("{}\n", report::table::caption(summary));
    for versus in &summary.ranking {
        println!("{}", report::verdict_line(versus, &summary.metric));
    }
    if !summary.claims.is_empty() {
        println!();
    }
    for claim in &summary.claims {
        println!("{}", report::claim_line(claim));
    }
    println!("\nreport: {}", out.join("report.html").display());
    Ok(())
}

fn dry_run(plan: &Plan, out: &Path, args: &SweepArgs) -> Result<Exit> {
    println!("{}\n", plan.question);
    for (index, arm) in plan.arms.iter().enumerate() {
        let cost = crate::plan::cost::seconds(arm);
        println!(
            "#{index:<3} {:<32} {:>9} steps  about {} a trial",
            arm.label,
            crate::plan::cost::steps(arm),
            crate::plan::cost::human(cost)
        );
    }
    println!("\n{}", cost_line(plan, resolve::jobs(args.jobs, true)));
    println!("results would go to {}", out.display());
    Ok(Exit::Done)
}
