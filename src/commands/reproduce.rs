//! `kindling reproduce`: run what is missing of every experiment, and write the ledger.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Exit;
use super::run::folder::finished;
use super::run::{Run, RunOptions};
use crate::analysis::summary::Summary;
use crate::cli::ReproduceArgs;
use crate::data::source;
use crate::experiment::spec::{Spec, library};
use crate::files::{read_within, write_atomic};
use crate::record;
use crate::report::ledger::{self, Earlier, Entry};
use crate::report::{self, OfNetwork};
use crate::suggest::suggestion;
use crate::terminal;

/// The longest earlier ledger that is compared with, in bytes.
const MAX_LEDGER: u64 = 1 << 26;

/// The folders of the runs and of the ledger.
struct Folders {
    /// Holds one folder per experiment.
    runs: PathBuf,
    /// Holds the ledger.
    ledger: PathBuf,
}

impl Folders {
    fn of(options: &RunOptions) -> Self {
        let artifacts = Path::new("artifacts");
        match (&options.out, options.smoke) {
            (Some(out), _) => Self { runs: out.clone(), ledger: out.clone() },
            (None, true) => Self { runs: artifacts.join("smoke"), ledger: artifacts.join("smoke") },
            (None, false) => Self { runs: artifacts.join("reference"), ledger: artifacts.into() },
        }
    }

    /// The folder of an experiment, relative to the ledger.
    fn relative(&self, name: &str) -> String {
        let below = self.runs.strip_prefix(&self.ledger).map_or(String::new(), |path| path.display().to_string());
        if below.is_empty() { name.into() } else { format!("{below}/{name}") }
    }
}

/// Runs the experiments chosen, as far as their records are missing; then writes the ledger of all that have been run to the end. An
/// experiment whose folder cannot be read or gone on with is reported and left out of the ledger, and the exit is [`Exit::Failed`].
///
/// # Errors
/// An option does not fit one of the experiments chosen, which shows before the first of them runs; the backend or an experiment's data
/// are unavailable; or the ledger cannot be written.
pub fn run(args: &ReproduceArgs) -> Result<Exit> {
    let options = RunOptions { jobs: args.jobs, ..RunOptions::from_flags(&args.run) };
    let chosen = choose(args)?;
    let specs = chosen.iter().map(|name| spec(name, &options).with_context(|| format!("experiment `{name}`")));
    let specs: Vec<Spec> = specs.collect::<Result<_>>()?;
    let folders = Folders::of(&options);
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    let mut worst = Exit::Done;
    for (index, (name, spec)) in chosen.iter().zip(specs).enumerate() {
        if !options.quiet {
            terminal::tell(format_args!("[{}/{}] {name}", index + 1, chosen.len()));
        }
        let folder = folders.runs.join(name);
        let outcome = match report_finished(&spec, &options, &folder) {
            Ok(true) => Ok(Exit::Done),
            Ok(false) => {
                let run = Run::prepare(spec, folder, &options).with_context(|| format!("experiment `{name}`"))?;
                train(run, options.weights)
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(Exit::Done) => {}
            Ok(Exit::Failed | Exit::Different) => worst = Exit::Failed,
            Ok(Exit::Interrupted) => return Ok(Exit::Interrupted),
            Err(error) => {
                terminal::tell(format_args!("error: experiment `{name}`: {error:#}"));
                reported.insert(name);
            }
        }
    }
    let (mut entries, mut missing) = (Vec::new(), Vec::new());
    for (name, _) in library::EXPERIMENTS {
        match entry(name, &options, &folders) {
            Ok(Some(entry)) => entries.push(entry),
            Ok(None) => missing.push((*name).to_string()),
            Err(error) => {
                if reported.insert(name) {
                    terminal::tell(format_args!("error: experiment `{name}`: {error:#}"));
                }
                missing.push((*name).to_string());
            }
        }
    }
    let json = write_ledger(&folders.ledger, &entries, &missing, args.json)?;
    terminal::print(format_args!("{json}"));
    Ok(if reported.is_empty() { worst } else { Exit::Failed })
}

/// Writes the ledger in its three forms and returns what is printed: the ledger as JSON, or a line for each source and each claim that
/// changed.
fn write_ledger(folder: &Path, entries: &[Entry], missing: &[String], as_json: bool) -> Result<String> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let json = folder.join("ledger.json");
    // A ledger that is not there, or is of another version, has nothing to compare with.
    let earlier: Vec<Earlier> =
        read_within(&json, MAX_LEDGER).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let lines = serde_json::to_string_pretty(&ledger::lines(entries))? + "\n";
    write_atomic(&json, lines.as_bytes())?;
    let figures = ledger::figures(entries);
    write_atomic(&folder.join("ledger.md"), report::markdown::render(&ledger::page(entries, missing, &[])).as_bytes())?;
    let page = ledger::page(entries, missing, &figures);
    write_atomic(&folder.join("ledger.html"), report::html::render(&page)?.as_bytes())?;
    if as_json {
        return Ok(lines.trim_end().into());
    }
    let changes = ledger::changes(entries, &earlier);
    let changed = match (earlier.is_empty(), changes.len()) {
        (true, _) => "There was no ledger to compare with.".into(),
        (false, 0) => "No finding changed.".into(),
        (false, count) => format!("Changed, {count}:\n{}", changes.join("\n")),
    };
    let by_source = ledger::counted_by_source(entries).join("\n");
    Ok(format!("{by_source}\n\n{changed}\n\nledger: {}", folder.join("ledger.html").display()))
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
fn spec(name: &str, options: &RunOptions) -> Result<Spec> {
    let mut spec = library::find(name)?;
    // Smoke runs of thirty experiments would note the same left-out claims thirty times.
    RunOptions { quiet: true, ..options.clone() }.apply(&mut spec)?;
    Ok(spec)
}

/// Whether nothing is missing in the folder. Where that is so, the report is written again, unless there is one of the same claims and records.
fn report_finished(spec: &Spec, options: &RunOptions, folder: &Path) -> Result<bool> {
    let Some((kept, plan, records)) = finished(spec, folder)? else { return Ok(false) };
    let written = std::fs::read_to_string(folder.join("spec.toml")).unwrap_or_default();
    let known = kept.to_toml()?;
    // The report in Markdown is written last: where there is none, or one of fewer records, it was cut off. The one in HTML, to which the
    // ledger leads, is not committed, and made without touching what is.
    let is_whole = written == known && report::is_of(folder, &records)?;
    if !is_whole || !folder.join("report.html").is_file() {
        let summary = Summary::new(&plan, records)?;
        let config = summary.median_run().and_then(|run| plan.config_of(&run.arm));
        let dataset = config.and_then(|config| source::load(&config.data, &options.data.offline()).ok());
        if is_whole {
            report::write_html(&summary, dataset.as_ref(), folder, options.weights)?;
        } else {
            report::write(&summary, dataset.as_ref(), OfNetwork::default(), folder, options.weights)?;
            write_atomic(&folder.join("spec.toml"), known.as_bytes())?;
        }
    }
    Ok(true)
}

/// Trains what is missing, and reports.
fn train(run: Run, with_weights: bool) -> Result<Exit> {
    run.train(|run, summary| {
        report::write(summary, run.shown_dataset(summary), OfNetwork::default(), &run.folder, with_weights)?;
        Ok(())
    })
}

/// The experiment's entry in the ledger; `None` where it has not been run to the end.
fn entry(name: &str, options: &RunOptions, folders: &Folders) -> Result<Option<Entry>> {
    let folder = folders.runs.join(name);
    // The options may not fit one that was not chosen; then it was never run with them.
    let Ok(spec) = spec(name, options) else { return Ok(None) };
    let Some((_, plan, records)) = finished(&spec, &folder)? else { return Ok(None) };
    let summary = Summary::new(&plan, records)?;
    Ok(Some(Entry {
        summary,
        folder: folders.relative(name),
        records: record::file_in(&folder).file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned()),
        figure: ledger::first_figure(&folder),
    }))
}
