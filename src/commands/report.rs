//! `kindling report`: redo a run's tables, figures and report from its records.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::{Exit, keeper, resolve, sweep};
use crate::analysis::summary::Summary;
use crate::cli::ReportArgs;
use crate::data::{Dataset, source};
use crate::experiment::metric::Metric;
use crate::experiment::plan::Plan;
use crate::experiment::spec::library;
use crate::nn::device;
use crate::record::{self, TrialRecord};
use crate::report::figures::Figure;
use crate::trial::Lab;

/// Reads, summarises, writes, prints.
pub fn run(args: &ReportArgs) -> Result<Exit> {
    let summary = read(&args.folder)?;
    let search = resolve::local(&args.data);
    let name = summary.median_run().filter(|run| run.path.is_empty()).map(|run| run.made_with.dataset.clone());
    let dataset = name.as_ref().and_then(|name| source::load(name, &search).ok());
    if let (Some(name), None) = (&name, &dataset) {
        eprintln!("note: {name} is not at hand, so there are no pictures of its images (--data-dir)");
    }
    let shown = dataset.as_ref();
    let gallery = match (summary.median_run(), &dataset) {
        (Some(run), Some(dataset)) if keeper::has_network(&args.folder, run.seed) => look(args, run, dataset)
            .unwrap_or_else(|error| {
                eprintln!("note: no pictures of codes: {error:#}");
                Vec::new()
            }),
        (Some(run), Some(_)) if run.metric(&Metric::KnnAccuracy).is_some() && summary.arms.len() == 1 => {
            eprintln!("note: the median run's network is not in models/, so there are no pictures of its codes");
            Vec::new()
        }
        _ => Vec::new(),
    };
    crate::report::write(&summary, shown, gallery, &args.folder)?;
    if args.compress && args.folder.join("records.jsonl").is_file() {
        record::write_compressed(&args.folder)?;
    }
    sweep::show(&summary, shown, &args.folder, args.json)?;
    Ok(Exit::Done)
}

/// Pictures of the network kept of the median run.
fn look(args: &ReportArgs, run: &TrialRecord, dataset: &Dataset) -> Result<Vec<Figure>> {
    let made = &run.made_with;
    ensure!(dataset.hash == made.data, "{} here is not what the run was trained on", dataset.name);
    // Where it was trained does not matter to a look at it.
    let backend = device::open(Some(&made.backend)).or_else(|_| device::open(Some("flex")))?;
    let plan = plan_of(&args.folder)?;
    let lab = Lab::with(dataset.clone(), backend);
    let model = keeper::load(&args.folder, run, &plan.arms[0].config, &lab)?;
    keeper::gallery(run, &model, &plan, &lab, &keeper::strip(&args.strip, &lab, &plan)?, &args.folder)
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
