//! `kindling train`: one network, shown as it trains, described per class, saved.

use std::path::Path;

use anyhow::{Context, Result};

use super::arm::SelectedArm;
use super::print::Format;
use super::run::RunOptions;
use super::{Exit, listen_for_interrupts, unless_interrupted};
use crate::cli::TrainArgs;
use crate::data::{PIXELS, width_of};
use crate::evaluate::classification::{ClassReport, macro_mean, per_class};
use crate::experiment::metric::Metric;
use crate::files::check_writable;
use crate::record::{Status, TrialRecord};
use crate::report::table::Table;
use crate::run::dashboard::Dashboard;
use crate::trial::run_stack;
use crate::trial::saved::{self, ModelCard};

/// Trains the same trial as in a sweep, with a dashboard, and saves the network.
pub fn run(args: &TrainArgs) -> Result<Exit> {
    let args = &args.subject;
    let options = RunOptions::from_flags(&args.run);
    let SelectedArm { arm, lab, name } = SelectedArm::open(args)?;
    let folder = options.folder(&format!("model-{name}"));
    check_writable(&folder)?;
    let stop = listen_for_interrupts()?;
    let label = format!("{} seed {}", arm.label, args.seed);
    let trained = Dashboard::show(&label, &arm.config, args.run.quiet, stop, |screen| {
        run_stack(&lab, &[arm.trial(0, args.seed)], screen)
    });
    let Some(trained) = unless_interrupted(trained)? else {
        eprintln!("stopped before the last epoch; nothing is saved");
        return Ok(Exit::Interrupted);
    };
    let record = trained.records.first().context("the training left no record")?;
    let network = trained.networks.first().context("the training left no network")?;
    let format = Format::of(args.run.json);
    if record.status == Status::Diverged {
        match format {
            Format::Json => println!("{}", record.to_line()?),
            Format::Text => {
                println!("{label}: diverged in epoch {}; nothing is saved", record.diverged_epoch.unwrap_or(0));
            }
        }
        return Ok(Exit::Done);
    }
    let classes = &lab.dataset(&arm.config.data.dataset)?.classes;
    let saved = saved::save(&folder, network, &ModelCard::new(record, classes, &arm.config));
    // The numbers are printed whatever became of the file: they took the training to get.
    show(record, classes, saved.is_ok().then_some(folder.as_path()), format)?;
    match saved {
        Ok(()) => Ok(Exit::Done),
        Err(error) => {
            eprintln!("error: the network is not saved: {error:#}; the same command trains the same network again");
            Ok(Exit::Failed)
        }
    }
}

/// Prints what was measured, and the folder that the network is saved in.
fn show(record: &TrialRecord, classes: &[String], saved_in: Option<&Path>, format: Format) -> Result<()> {
    if format == Format::Json {
        println!("{}", record.to_line()?);
        return Ok(());
    }
    if record.metric(&Metric::TestAccuracy).is_some() {
        println!("{}\n", per_class_table(record, classes).text());
    }
    let of_test = [Metric::TestAccuracy, Metric::TestLoss, Metric::TestMse, Metric::TestBce];
    let found = of_test.into_iter().filter_map(|metric| {
        let unit = if metric.is_percent() { " %" } else { "" };
        Some(format!("{} {}{unit}", metric.title(), metric.format(record.metric(&metric)?)))
    });
    println!(
        "{} seed {}: {}, {} epochs in {:.1} s on {}",
        record.arm,
        record.seed,
        found.collect::<Vec<_>>().join(", "),
        record.epochs_kept.unwrap_or(0),
        record.seconds,
        record.made_with.dataset
    );
    if let Some(folder) = saved_in {
        let of_images = width_of(&record.made_with.dataset) == PIXELS;
        let next = if record.metric(&Metric::TestAccuracy).is_some() && of_images {
            format!("; try `kindling predict {} IMAGE.png`", folder.display())
        } else {
            String::new()
        };
        println!("saved in {}{next}", folder.display());
    }
    Ok(())
}

/// Precision, recall, F1 and support of each class, and their means.
fn per_class_table(record: &TrialRecord, classes: &[String]) -> Table {
    let reports = per_class(&record.confusion);
    let number = |value: Option<f64>| value.map_or("-".to_string(), |v| format!("{v:.4}"));
    let row = |(name, r): (&String, &ClassReport)| {
        vec![name.clone(), number(r.precision), number(r.recall), number(r.f1), r.support.to_string()]
    };
    let mut table = Table {
        head: ["class", "precision", "recall", "F1", "support"].map(String::from).to_vec(),
        rows: classes.iter().zip(&reports).map(row).collect(),
    };
    let mean = |measure: fn(&ClassReport) -> Option<f64>| number(macro_mean(&reports, measure));
    let support: u32 = reports.iter().map(|r| r.support).sum();
    let means = [mean(|r| r.precision), mean(|r| r.recall), mean(|r| r.f1)];
    table.rows.push(std::iter::once("macro mean".into()).chain(means).chain([support.to_string()]).collect());
    table
}
