//! `kindling sweep`: run an experiment.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::session::Prepared;
use super::{Exit, resolve, search, session};
use crate::analysis::summary::Summary;
use crate::cli::SweepArgs;
use crate::data::Dataset;
use crate::experiment::plan::Plan;
use crate::experiment::spec::library;
use crate::report;
use crate::run::progress::{ProgressMode, SweepProgress, cost_line};

/// Spec, session, training, report: a line or two each.
pub fn run(args: &SweepArgs) -> Result<Exit> {
    let mut spec = library::find(&args.experiment)?;
    resolve::apply(&mut spec, &args.run)?;
    if let Some(seeds) = args.seeds {
        spec.seeds = seeds;
        spec.check_seeds("--seeds")?;
    }
    session::check(args.jobs, args.stack)?;
    let out = resolve::out(&args.run, &spec.name);
    if args.dry_run {
        return dry_run(&Plan::new(&spec)?, &out, args);
    }
    let prepared = session::prepare(spec, &args.run, (args.jobs, args.stack))?;
    train(prepared, out, args.run.quiet, |summary, shown, out| show(summary, shown, out, args.run.json))
}

/// Trains what is not recorded, writes the report, and has `tell` say it.
///
/// # Errors
/// It could not start.
pub fn train(
    mut prepared: Prepared,
    out: PathBuf,
    quiet: bool,
    tell: impl FnOnce(&Summary, Option<&Dataset>, &Path) -> Result<()>,
) -> Result<Exit> {
    match search::climb(&mut prepared, &out, quiet)? {
        Exit::Done => {}
        exit => return Ok(exit),
    }
    let session = prepared.open(out, quiet, false)?;
    let lab = &prepared.lab;
    let progress = SweepProgress::new(ProgressMode::fitting(quiet));
    session.run(lab, &progress, |summary, out| {
        let shown = summary.median_run().and_then(|run| lab.dataset(&run.made_with.dataset).ok());
        report::write(summary, shown, Vec::new(), out)?;
        tell(summary, shown, out)
    })
}

/// The table, the verdicts and where the rest is, on stdout.
pub fn show(summary: &Summary, dataset: Option<&Dataset>, out: &Path, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(summary)?);
        return Ok(());
    }
    println!("{}\n", summary.question);
    println!("{}", report::table::arms(summary).text());
    println!("{}\n", report::table::caption(summary));
    if let (Some(_), Some(metrics)) = (report::codes::table(summary), report::table::metrics(summary)) {
        println!("{}\n", metrics.text());
    }
    if let Some((table, note)) = report::codes::one_vs_rest_table(summary, dataset) {
        println!("{}\n{note}\n", table.text());
    }
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
        let cost = crate::experiment::plan::cost::seconds(arm);
        println!(
            "#{index:<3} {:<32} {:>9} steps  about {} a trial",
            arm.label,
            crate::experiment::plan::cost::steps(arm),
            crate::experiment::plan::cost::human(cost)
        );
    }
    println!("\n{}", cost_line(plan, resolve::jobs(args.jobs, true)));
    println!("results would go to {}", out.display());
    Ok(Exit::Done)
}
