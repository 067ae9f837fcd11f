//! `kindling report`: redo a run's tables, figures and report from its records.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Exit, keeper, resolve, sweep};
use crate::cli::ReportArgs;
use crate::data::source;
use crate::device;
use crate::plan::Plan;
use crate::record;
use crate::spec::library;
use crate::summary::Summary;
use crate::trial::Lab;

/// Reads, summarises, writes, prints.
pub fn run(args: &ReportArgs) -> Result<Exit> {
    let summary = read(&args.folder)?;
    let search = resolve::local(&args.data);
    let dataset = summary.median_run().map(|run| run.made_with.dataset.clone());
    let corpus = dataset.as_ref().and_then(|dataset| source::load(dataset, &search).ok());
    if let (Some(dataset), None) = (&dataset, &corpus) {
        eprintln!("note: {dataset} is not at hand, so there are no pictures of its images (--data-dir)");
    }
    let kept = summary.median_run().filter(|run| keeper::has_network(&args.folder, run.seed));
    let asked = summary.median_run().is_some_and(|run| run.metric("knn_accuracy").is_some()) && summary.arms.len() == 1;
    if asked && kept.is_none() {
        eprintln!("note: the median run's network is not in models/, so there are no pictures of its codes");
    }
    let lab = match (corpus, kept) {
        (Some(corpus), Some(run)) => Ok(Lab::with(corpus, device::open(Some(&run.made_with.backend))?)),
        (corpus, _) => Err(corpus),
    };
    let gallery = match &lab {
        Ok(lab) => {
            let plan = plan_of(&args.folder)?;
            keeper::gallery(&summary, &plan, lab, &keeper::strip(&args.strip, lab, &plan)?, &args.folder)?
        }
        Err(_) => Vec::new(),
    };
    let shown = match (&lab, &dataset) {
        (Ok(lab), Some(dataset)) => lab.corpus(dataset).ok(),
        (Ok(_), None) => None,
        (Err(corpus), _) => corpus.as_ref(),
    };
    crate::report::write(&summary, shown, gallery, &args.folder)?;
    if args.compress && args.folder.join("records.jsonl").is_file() {
        record::write_compressed(&args.folder)?;
    }
    sweep::show(&summary, shown, &args.folder, args.json)?;
    Ok(Exit::Done)
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
