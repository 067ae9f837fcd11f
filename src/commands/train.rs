//! `kindling train`: one network, shown as it trains, described per class, saved.

use std::path::Path;

use anyhow::{Result, bail};

use super::subject::{self, Opened};
use super::{Exit, listen_for_interrupts, resolve};
use crate::analysis::summary::metric_names;
use crate::cli::TrainArgs;
use crate::data::{PIXELS, width_of};
use crate::evaluate::classification::{ClassReport, macro_mean, per_class};
use crate::experiment::metric;
use crate::experiment::plan::{Arm, Plan};
use crate::record::{Status, TrialRecord};
use crate::report::table::{Cell, Table};
use crate::run::dashboard::Dashboard;
use crate::trial::saved::{self, ModelCard};

/// The same trial as in a sweep, with a dashboard, and the network kept.
pub fn run(args: &TrainArgs) -> Result<Exit> {
    let args = &args.subject;
    let Opened { arm, lab, name } = subject::open(args)?;
    let out = args.run.out.clone().unwrap_or_else(|| resolve::out(&args.run, &format!("model-{name}")));
    let stop = listen_for_interrupts()?;
    let label = format!("{} seed {}", arm.label, args.seed);
    let trained = Dashboard::show((&label, &arm.config), args.run.quiet, stop, |screen| {
        lab.run(&[arm.trial(0, args.seed)], screen)
    });
    let Some((records, networks)) = trained.transpose()?.flatten() else {
        eprintln!("stopped before the last epoch; nothing is saved");
        return Ok(Exit::Interrupted);
    };
    let (Some(record), Some(model)) = (records.first(), networks.first()) else {
        bail!("`{}` trains no network; run it with `kindling sweep`", arm.label)
    };
    if record.status == Status::Diverged && args.run.json {
        println!("{}", record.to_line()?);
        return Ok(Exit::Done);
    }
    if record.status == Status::Diverged {
        println!("{label}: diverged in epoch {}; nothing is saved", record.diverged_epoch.unwrap_or(0));
        return Ok(Exit::Done);
    }
    let classes = &lab.dataset(&arm.config.data.dataset)?.classes;
    let card = ModelCard::new(record, classes, &arm.config);
    saved::save(&out, model, &card)?;
    show(record, classes, &out, args.run.json)?;
    Ok(Exit::Done)
}

pub fn choose<'a>(plan: &'a Plan, label: Option<&str>) -> Result<(usize, &'a Arm)> {
    let labels: Vec<&str> = plan.arms.iter().map(|arm| arm.label.as_str()).collect();
    match (label, &plan.arms[..]) {
        (None, [only]) => Ok((0, only)),
        (None, _) => bail!("{} has several arms; choose one with --arm: {}", plan.name, labels.join(", ")),
        (Some(label), arms) => match arms.iter().position(|arm| arm.label == label) {
            Some(index) => Ok((index, &arms[index])),
            None => {
                let near = crate::suggest::nearest(label, labels.iter().copied());
                let near = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
                bail!("no arm `{label}` in {}{near}; there are {}", plan.name, labels.join(", "))
            }
        },
    }
}

pub fn file_name(experiment: &str, label: &str) -> String {
    let whole = if label == "default" { experiment.to_string() } else { format!("{experiment}-{label}") };
    whole.chars().map(|c| if c.is_alphanumeric() || "-._=".contains(c) { c } else { '-' }).collect()
}

fn show(record: &TrialRecord, classes: &[String], out: &Path, json: bool) -> Result<()> {
    if json {
        println!("{}", record.to_line()?);
        return Ok(());
    }
    if record.metric("test_accuracy").is_some() {
        println!("{}\n", per_class_table(record, classes).text());
    }
    let found = metric_names(std::slice::from_ref(record)).into_iter().filter_map(|name| {
        let unit = if metric::is_percent(&name) { " %" } else { "" };
        let value = record.metric(&name).filter(|_| name.starts_with("test"))?;
        Some(format!("{} {}{unit}", metric::title(&name), metric::number(&name, value)))
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
    let of_images = width_of(&record.made_with.dataset) == PIXELS;
    let next = if record.metric("test_accuracy").is_some() && of_images {
        format!("; try `kindling predict {} IMAGE.png`", out.display())
    } else {
        String::new()
    };
    println!("saved in {}{next}", out.display());
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
    let means = [mean(|r| r.precision), mean(|r| r.recall), mean(|r| r.f1)];
    let means = std::iter::once("macro mean".into()).chain(means).chain([Cell::number(support)]).collect();
    Table::new(["class", "precision", "recall", "F1", "support"], rows.chain([means]))
}
