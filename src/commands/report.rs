//! `kindling report`: redo a run's tables, figures and report from its records.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::print::{self, Format};
use super::run::local_data;
use super::{Exit, autoencoder_figures};
use crate::analysis::summary::Summary;
use crate::cli::ReportArgs;
use crate::data::{Dataset, source};
use crate::experiment::metric::Metric;
use crate::experiment::plan::Plan;
use crate::experiment::spec::library;
use crate::nn::device;
use crate::record::{self, TrialRecord};
use crate::report::figures::Figure;
use crate::trial::{Lab, saved};

/// Reads, summarises, writes, prints.
pub fn run(args: &ReportArgs) -> Result<Exit> {
    let summary = read(&args.folder)?;
    let locations = local_data(&args.data);
    let name = summary.median_run().filter(|run| run.path.is_empty()).map(|run| run.made_with.dataset.clone());
    let dataset = name.as_ref().and_then(|name| source::load(name, &locations).ok());
    if let (Some(name), None) = (&name, &dataset) {
        eprintln!("note: {name} is not at hand, so there are no pictures of its images (--data-dir)");
    }
    let shown = dataset.as_ref();
    let figures = match (summary.median_run(), &dataset) {
        (Some(run), Some(dataset)) if saved::folder_of_seed(&args.folder, run.seed).is_dir() => {
            figures(args, run, dataset).unwrap_or_else(|error| {
                eprintln!("note: no pictures of codes: {error:#}");
                Vec::new()
            })
        }
        (Some(run), Some(_)) if run.metric(&Metric::KnnAccuracy).is_some() && summary.arms.len() == 1 => {
            eprintln!("note: the median run's network is not in models/, so there are no pictures of its codes");
            Vec::new()
        }
        _ => Vec::new(),
    };
    crate::report::write(&summary, shown, figures, &args.folder)?;
    if args.compress && args.folder.join("records.jsonl").is_file() {
        record::write_compressed(&args.folder)?;
    }
    print::summary(&summary, shown, &args.folder, Format::of(args.json))?;
    Ok(Exit::Done)
}

/// Figures of the network that was saved of the median run.
fn figures(args: &ReportArgs, run: &TrialRecord, dataset: &Dataset) -> Result<Vec<Figure>> {
    let made = &run.made_with;
    ensure!(dataset.hash == made.data, "{} here is not what the run was trained on", dataset.name);
    // Where it was trained does not matter to its figures.
    let backend = device::open(Some(&made.backend)).or_else(|_| device::open(Some("flex")))?;
    let plan = plan_of(&args.folder)?;
    let config = autoencoder_figures::only_config(&plan)?;
    let lab = Lab::with(dataset.clone(), backend);
    let network = autoencoder_figures::load(&args.folder, run, config, &lab)?;
    let interpolation = autoencoder_figures::interpolation(&args.strip, &lab, config)?;
    autoencoder_figures::draw(run, &network, config, &lab, &interpolation, &args.folder)
}

/// The summary of a run's records, in plan order.
pub fn read(folder: &Path) -> Result<Summary> {
    let plan = plan_of(folder)?;
    let records = record::read_all(folder)?;
    let find = |label: &str, seed: u64| records.iter().rev().find(|r| r.arm == label && r.seed == seed).cloned();
    let ordered: Vec<_> = plan.trials().filter_map(|trial| find(&trial.label, trial.seed)).collect();
    if ordered.is_empty() {
        bail!("none of the {} records of {} belongs to its spec.toml", records.len(), folder.display());
    }
    Summary::new(&plan, ordered)
}

/// The plan of a run's folder, named after the folder.
pub fn plan_of(folder: &Path) -> Result<Plan> {
    let mut spec = library::load(&folder.join("spec.toml"))
        .with_context(|| format!("{} is not the folder of a run", folder.display()))?;
    spec.name = folder.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned());
    Ok(Plan::new(&spec)?)
}
