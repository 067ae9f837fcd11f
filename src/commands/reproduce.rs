//! `kindling reproduce`: run what is missing of every experiment, and write the ledger.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Exit, resolve, session, sweep};
use crate::analysis::summary::Summary;
use crate::cli::{ReproduceArgs, RunFlags};
use crate::data::source;
use crate::experiment::plan::{Plan, identity};
use crate::experiment::spec::{Spec, library};
use crate::record::{self, Status, TrialRecord};
use crate::report;
use crate::report::ledger::{self, Entry};
use crate::suggest::suggestion;

/// Where runs and ledger go.
struct Shelf {
    /// A folder an experiment below it.
    runs: PathBuf,
    /// The folder of the ledger.
    ledger: PathBuf,
}

impl Shelf {
    fn of(args: &ReproduceArgs) -> Self {
        let artifacts = Path::new("artifacts");
        match (&args.run.out, args.run.smoke) {
            (Some(out), _) => Self { runs: out.clone(), ledger: out.clone() },
            (None, true) => Self { runs: artifacts.join("smoke"), ledger: artifacts.join("smoke") },
            (None, false) => Self { runs: artifacts.join("reference"), ledger: artifacts.into() },
        }
    }

    /// The folder of an experiment, as seen from the ledger.
    fn seen(&self, name: &str) -> String {
        let below = self.runs.strip_prefix(&self.ledger).map_or(String::new(), |path| path.display().to_string());
        if below.is_empty() { name.into() } else { format!("{below}/{name}") }
    }
}

/// Runs the experiments chosen, as far as their records are missing; then the ledger of all that have been run.
pub fn run(args: &ReproduceArgs) -> Result<Exit> {
    let chosen = choose(args)?;
    let shelf = Shelf::of(args);
    let mut worst = Exit::Done;
    for (place, name) in chosen.iter().enumerate() {
        if !args.run.quiet {
            eprintln!("[{}/{}] {name}", place + 1, chosen.len());
        }
        match reproduce(name, args, &shelf.runs.join(name)) {
            Ok(Exit::Done) => {}
            Ok(Exit::Failed) => worst = Exit::Failed,
            Ok(Exit::Interrupted) => return Ok(Exit::Interrupted),
            // One that cannot start is no reason to leave the others out of the ledger.
            Err(error) => {
                eprintln!("error: experiment `{name}`: {error:#}");
                worst = Exit::Failed;
            }
        }
    }
    let (mut entries, mut missing) = (Vec::new(), Vec::new());
    for (name, _) in library::EXPERIMENTS {
        match entry(name, args, &shelf)? {
            Some(entry) => entries.push(entry),
            None => missing.push((*name).to_string()),
        }
    }
    let page = ledger::page(&entries, &missing);
    std::fs::create_dir_all(&shelf.ledger).with_context(|| format!("cannot create {}", shelf.ledger.display()))?;
    crate::files::write_atomic(&shelf.ledger.join("ledger.md"), report::markdown::render(&page).as_bytes())?;
    crate::files::write_atomic(&shelf.ledger.join("ledger.html"), report::html::render(&page).as_bytes())?;
    for claim in entries.iter().filter(|e| chosen.contains(&e.summary.name)).flat_map(|e| &e.summary.claims) {
        println!("{}", report::claim_line(claim));
    }
    println!("\nledger: {}", shelf.ledger.join("ledger.html").display());
    Ok(worst)
}

/// The experiments named, or those of a source, or all.
fn choose(args: &ReproduceArgs) -> Result<Vec<String>> {
    let all: Vec<&str> = library::EXPERIMENTS.iter().map(|(name, _)| *name).collect();
    for name in &args.experiments {
        if !all.contains(&name.as_str()) {
            let near = suggestion(name, all.iter().copied());
            bail!("no experiment `{name}` in the ledger{near}; there are {}", all.join(", "));
        }
    }
    let mut chosen: Vec<String> = Vec::new();
    let mut sources: Vec<String> = Vec::new();
    for name in all {
        let source = library::find(name)?.source.unwrap_or_default();
        let known = ledger::publication(&source).to_string();
        if !sources.contains(&known) {
            sources.push(known);
        }
        let wanted = args.source.as_ref().is_none_or(|text| source.to_lowercase().contains(&text.to_lowercase()));
        let named = args.experiments.is_empty() || args.experiments.iter().any(|wanted| wanted == name);
        if wanted && named {
            chosen.push(name.into());
        }
    }
    if chosen.is_empty() {
        bail!(
            "no experiment named is of a source with `{}` in its name; the sources are {}",
            args.source.as_deref().unwrap_or(""),
            sources.join("; ")
        );
    }
    Ok(chosen)
}

/// The experiment as this run asks for it.
fn spec(name: &str, flags: &RunFlags) -> Result<Spec> {
    let mut spec = library::find(name)?;
    resolve::apply(&mut spec, &RunFlags { quiet: true, ..flags.clone() })?;
    Ok(spec)
}

/// Trains what is missing, and reports; does nothing where nothing is missing and the report is of the same claims.
fn reproduce(name: &str, args: &ReproduceArgs, folder: &Path) -> Result<Exit> {
    let spec = spec(name, &args.run)?;
    if let Some((kept, plan, records)) = finished(&spec, folder)? {
        let written = std::fs::read_to_string(folder.join("spec.toml")).unwrap_or_default();
        let known = kept.to_toml()?;
        // The report is written last: where there is none, it was cut off.
        if written != known || !folder.join("report.html").is_file() {
            let summary = Summary::new(&plan, records)?;
            let search = resolve::local(&args.run.data.folder);
            let dataset = summary.median_run().and_then(|run| source::load(&run.made_with.dataset, &search).ok());
            report::write(&summary, dataset.as_ref(), Vec::new(), folder)?;
            crate::files::write_atomic(&folder.join("spec.toml"), known.as_bytes())?;
        }
        return Ok(Exit::Done);
    }
    let flags = RunFlags { out: Some(folder.into()), ..args.run.clone() };
    let prepared = session::prepare(spec, &flags, (args.jobs, None))?;
    sweep::train(prepared, folder.into(), args.run.quiet, |_, _, _| Ok(()))
}

/// The spec with what its run in this folder added: what a search has learnt, and the digits drawn where MNIST could not be had.
fn kept(spec: &Spec, folder: &Path) -> Option<Spec> {
    let (mut spec, written) = (spec.clone(), library::load(&folder.join("spec.toml")).ok()?);
    if !resolve::names_dataset(&spec) {
        let dataset = written.resolve(&[]).ok()?.data.dataset;
        spec.set_flag("dataset", "data.dataset", dataset).ok()?;
    }
    if let Some(search) = spec.search.as_mut().filter(|search| search.bayesian.is_some()) {
        search.scores = written.search?.scores;
    }
    Some(spec)
}

/// A spec with what its folder knows of it, its plan, and a record of every trial of it.
type Finished = (Spec, Plan, Vec<TrialRecord>);

/// What a folder that holds every trial of the spec has; needs no data.
fn finished(spec: &Spec, folder: &Path) -> Result<Option<Finished>> {
    if !folder.join("spec.toml").is_file() {
        return Ok(None);
    }
    let Some(spec) = kept(spec, folder) else { return Ok(None) };
    let plan = Plan::new(&spec)?;
    if spec.search.as_ref().is_some_and(|search| plan.sampled.len() < search.count() as usize) {
        return Ok(None);
    }
    let found = record::read_all(folder)?;
    let is_of = |record: &TrialRecord, label: &str, seed: u64| record.arm == label && record.seed == seed;
    let mut records = Vec::new();
    for trial in plan.trials() {
        let own = found.iter().rev().find(|record| is_of(record, &trial.label, trial.seed));
        let Some(record) = own.filter(|record| record.status != Status::Failed) else { return Ok(None) };
        let made = &record.made_with;
        if identity::trial_id(&trial.config, trial.seed, &made.data, &made.backend) != record.id {
            return Ok(None);
        }
        records.push(record.clone());
    }
    Ok(Some((spec, plan, records)))
}

/// The experiment's place in the ledger, where it has been run to the end.
fn entry(name: &str, args: &ReproduceArgs, shelf: &Shelf) -> Result<Option<Entry>> {
    let folder = shelf.runs.join(name);
    let Some((_, plan, records)) = finished(&spec(name, &args.run)?, &folder)? else { return Ok(None) };
    let summary = Summary::new(&plan, records)?;
    let file = ["records.jsonl", "records.jsonl.gz"].into_iter().find(|file| folder.join(file).is_file());
    Ok(Some(Entry {
        summary,
        folder: shelf.seen(name),
        records: file.unwrap_or("records.jsonl").into(),
        figure: ledger::first_figure(&folder),
    }))
}
