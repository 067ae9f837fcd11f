//! `kindling train`: one network, shown as it trains, described per class, saved.

use std::path::Path;

use anyhow::{Context, Result};

use super::arm::SelectedArm;
use super::print::Format;
use super::run::RunOptions;
use super::{Exit, failed, interrupts};
use crate::cli::TrainArgs;
use crate::data::{PIXELS, width_of};
use crate::evaluate::classification::{ClassReport, macro_mean, per_class};
use crate::experiment::metric::Metric;
use crate::files::check_writable;
use crate::record::{Status, TrialRecord};
use crate::report::table::{Cell, Table};
use crate::run::dashboard::Dashboard;
use crate::terminal;
use crate::train::TrainError;
use crate::trial::run_stack;
use crate::trial::saved::{self, ModelCard};

/// Trains the same trial as in a sweep, with a dashboard, and saves the network.
pub fn run(args: &TrainArgs) -> Result<Exit> {
    let args = &args.subject;
    let options = RunOptions::from_flags(&args.run);
    let SelectedArm { arm, lab, name } = SelectedArm::open(args)?;
    let folder = options.folder(&format!("model-{name}"));
    check_writable(&folder)?;
    let stop = interrupts::stop_after_the_step()?;
    let label = format!("{} seed {}", arm.label, args.seed);
    let trained = Dashboard::show(&label, &arm.config, args.run.quiet, stop, |screen| {
        run_stack(&lab, &[arm.trial(0, args.seed)], screen)
    });
    let trained = match trained {
        Ok(trained) => trained,
        Err(TrainError::Interrupted) => {
            terminal::tell(format_args!("stopped before the last epoch; nothing is saved"));
            return Ok(Exit::Interrupted);
        }
        Err(TrainError::Failed(error)) => return Ok(failed(&error)),
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
        return Ok(Exit::Done);
    }
    let classes = &lab.dataset(&arm.config.data.full_name())?.classes;
    let saved = saved::save(&folder, network, &ModelCard::new(record, classes, &arm.config));
    // The numbers are printed whatever became of the file: they took the training to get.
    show(record, classes, saved.is_ok().then_some(folder.as_path()), format)?;
    match saved {
        Ok(()) => Ok(Exit::Done),
        Err(error) => {
            terminal::tell(format_args!(
                "error: the network is not saved: {error:#}; the same command trains the same network again"
            ));
            Ok(Exit::Failed)
        }
    }
}

/// Prints what was measured, and the folder that the network is saved in.
fn show(record: &TrialRecord, classes: &[String], saved_in: Option<&Path>, format: Format) -> Result<()> {
    if format == Format::Json {
        terminal::print(format_args!("{}", record.to_line()?));
        return Ok(());
    }
    if record.metric(&Metric::TestAccuracy).is_some() {
        terminal::print(format_args!("{}\n", per_class_table(record, classes).text()));
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
        let of_images = width_of(&record.made_with.dataset) == PIXELS;
        let next = if record.metric(&Metric::TestAccuracy).is_some() && of_images {
            format!("; try `kindling predict {} IMAGE.png`", folder.display())
        } else {
            String::new()
        };
        terminal::print(format_args!("saved in {}{next}", folder.display()));
    }
    Ok(())
}

/// Precision, recall, F1 and support of each class, and their means.
fn per_class_table(record: &TrialRecord, classes: &[String]) -> Table {
    let reports = per_class(&record.confusion);
    let number = |value: Option<f64>| Cell::Number(value.map(|v| format!("{v:.4}")));
    let row = |(name, r): (&String, &ClassReport)| {
        vec![Cell::from(name), number(r.precision), number(r.recall), number(r.f1), Cell::number(r.support)]
    };
    let rows = classes.iter().zip(&reports).map(row);
    let mean = |measure: fn(&ClassReport) -> Option<f64>| number(macro_mean(&reports, measure));
    let support: u32 = reports.iter().map(|r| r.support).sum();
    // As the metrics of a record: a class that was never predicted counts as 0.
    let means = [
        mean(|r| r.precision.or_else(|| r.zero_division())),
        mean(|r| r.recall),
        mean(|r| r.f1.or_else(|| r.zero_division())),
    ];
    let means = std::iter::once("macro mean".into()).chain(means).chain([Cell::number(support)]).collect();
    Table::new(["class", "precision", "recall", "F1", "support"], rows.chain([means]))
}
