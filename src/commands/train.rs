//! `kindling train`: one network, shown as it trains, described per class, saved.

use std::path::Path;

use anyhow::{Context, Result};

use super::arm::SelectedArm;
use super::print::Format;
use super::run::RunOptions;
use super::{Exit, failed, interrupts};
use crate::analysis::summary::Summary;
use crate::cli::TrainArgs;
use crate::data::Dataset;
use crate::experiment::metric::Metric;
use crate::experiment::plan::Plan;
use crate::files::check_writable;
use crate::record::{Status, TrialRecord};
use crate::report::training;
use crate::run::dashboard::Dashboard;
use crate::terminal;
use crate::train::TrainError;
use crate::trial::Lab;
use crate::trial::Stack;
use crate::trial::saved::{self, ModelCard};
use crate::trial::snapshot::{Snapshot, run_with_snapshots};

/// Trains the same trial as in a sweep, with a dashboard, and saves the network. A training that the user stops is saved as far as it came.
pub fn run(args: &TrainArgs) -> Result<Exit> {
    let args = &args.subject;
    let options = RunOptions::from_flags(&args.run);
    let SelectedArm { plan, lab, name } = SelectedArm::open(args)?;
    let arm = plan.arms.first().context("the plan has no arm")?;
    let folder = options.folder(&format!("model-{name}"));
    check_writable(&folder)?;
    let stop = interrupts::stop_after_the_step()?;
    let label = format!("{} seed {}", arm.label, args.seed);
    let trained = Dashboard::show(&label, &arm.config, (args.run.quiet, true), stop, |screen| {
        let trials = [arm.trial(0, args.seed)];
        let alone = run_with_snapshots(&lab, &[Stack { trials: &trials, callback: screen }])?.pop();
        Ok(alone.context("the training left no result")?)
    });
    let (trained, mut snapshots) = match trained {
        Ok(trained) => trained,
        Err(TrainError::Interrupted) => {
            terminal::tell(format_args!(
                "stopped before the first step of the network's own training; nothing is saved"
            ));
            return Ok(Exit::Interrupted);
        }
        Err(error) => return Ok(failed(&error.into())),
    };
    let record = trained.records.first().context("the training left no record")?;
    let network = trained.networks.first().context("the training left no network")?;
    let format = Format::of(args.json);
    if record.status == Status::Diverged {
        match format {
            Format::Json => terminal::print(format_args!("{}", record.to_line()?)),
            Format::Text => {
                terminal::print(format_args!(
                    "{label}: diverged in epoch {}; nothing is saved",
                    record.diverged_epoch.unwrap_or(0)
                ));
            }
        }
        return Ok(Exit::Failed);
    }
    let dataset = lab.dataset(&arm.config.data)?;
    let saved = saved::save(&folder, network, &ModelCard::new(record, dataset, &arm.config));
    // The numbers are printed whatever became of the file: they took the training to get.
    show(record, dataset, saved.is_ok().then_some(folder.as_path()), format)?;
    if let Some(epoch) = record.stopped_epoch {
        let kept = match record.epochs_kept {
            Some(kept) if kept < epoch => format!("of epoch {kept}, the best on validation"),
            _ => "as they were then".into(),
        };
        terminal::tell(format_args!("stopped in epoch {epoch}; the weights are {kept}"));
    }
    if let Err(error) = saved {
        terminal::tell(format_args!(
            "error: the network is not saved: {error:#}; the same command trains the same network again"
        ));
        return Ok(Exit::Failed);
    }
    let snapshot = snapshots.pop().flatten().filter(|_| !args.run.no_weights);
    if let Err(error) = report(&plan, record, &lab, snapshot, &folder) {
        return Ok(failed(&error.context("the network is saved, and its report is not")));
    }
    Ok(if record.stopped_epoch.is_some() { Exit::Interrupted } else { Exit::Done })
}

/// Writes the curves and the report beside the network.
fn report(plan: &Plan, record: &TrialRecord, lab: &Lab, snapshot: Option<Snapshot>, folder: &Path) -> Result<()> {
    let summary = Summary::new(&Plan { claims: Vec::new(), ..plan.clone() }, vec![record.clone()])?;
    let config = plan.config_of(&record.arm).context("the plan has no such arm")?;
    training::write(&summary, record, lab.dataset(&config.data)?, snapshot, folder)
}

/// Prints what was measured, and the folder that the network is saved in.
fn show(record: &TrialRecord, dataset: &Dataset, saved_in: Option<&Path>, format: Format) -> Result<()> {
    if format == Format::Json {
        terminal::print(format_args!("{}", record.to_line()?));
        return Ok(());
    }
    if record.metric(&Metric::TestAccuracy).is_some() {
        terminal::print(format_args!("{}\n", training::per_class_table(record, &dataset.classes).text()));
    }
    let of_test = [Metric::TestAccuracy, Metric::TestLoss, Metric::TestMse, Metric::TestBce];
    let found = of_test.into_iter().filter_map(|metric| {
        let unit = if metric.is_percent() { " %" } else { "" };
        Some(format!("{} {}{unit}", metric.title(), metric.format(record.metric(&metric)?)))
    });
    terminal::print(format_args!(
        "{} seed {}: {}, {} epochs in {:.1} s on {}",
        record.arm,
        record.seed,
        found.collect::<Vec<_>>().join(", "),
        record.epochs_kept.unwrap_or(0),
        record.seconds,
        record.made_with.dataset
    ));
    if let Some(folder) = saved_in {
        let example = match (dataset.train.images(), &dataset.table) {
            (Some(_), _) if record.metric(&Metric::TestAccuracy).is_some() => Some("IMAGE.png"),
            (None, Some(_)) => Some("ROWS.csv"),
            _ => None,
        };
        let next =
            example.map_or(String::new(), |file| format!("; try `kindling predict {} {file}`", folder.display()));
        terminal::print(format_args!("saved in {}, with report.html{next}", folder.display()));
    }
    Ok(())
}
