//! `kindling list`: a row per experiment with its cost and question, by source.

use anyhow::Result;

use super::Exit;
use super::run::workers;
use crate::experiment::plan::Plan;
use crate::experiment::plan::cost::{human, plan_seconds};
use crate::experiment::spec::library::{self, EXPERIMENTS};
use crate::report::ledger::publication;
use crate::report::table::{Cell, Table};
use crate::terminal;

/// Prints the experiments that are compiled in, and those of an experiments/ folder here.
pub fn run() -> Result<Exit> {
    let mut names: Vec<String> = EXPERIMENTS.iter().map(|(name, _)| (*name).to_string()).collect();
    if let Ok(entries) = std::fs::read_dir("experiments") {
        let mut local: Vec<String> = entries
            .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_string()))
            .filter(|name| !names.contains(name))
            .collect();
        local.sort();
        names.extend(local);
    }
    let mut by_source: Vec<(String, Vec<Vec<Cell>>)> = Vec::new();
    let mut unreadable = Vec::new();
    for name in names {
        let plan = match library::find(&name).and_then(|spec| Ok(Plan::new(&spec)?)) {
            Ok(plan) => plan,
            Err(error) => {
                unreadable.push(format!("{name} cannot be read: {error:#}"));
                continue;
            }
        };
        let source = plan.source.as_deref().map_or("No source", publication).to_string();
        let row = vec![
            Cell::Text(name),
            Cell::number(plan.arms.len() * plan.seeds.len()),
            Cell::number(human(plan_seconds(&plan, workers(None, true)))),
            Cell::Text(plan.question),
        ];
        match by_source.iter_mut().find(|(known, _)| *known == source) {
            Some((_, rows)) => rows.push(row),
            None => by_source.push((source, vec![row])),
        }
    }
    // One table, so that the columns of all sources stand below each other; a source is a line between its rows.
    let rows = by_source.iter().flat_map(|(_, rows)| rows.iter().cloned());
    let text = Table::new(["experiment", "trials", "about", "question"], rows).listed();
    let mut lines = text.lines();
    terminal::print(format_args!("{}", lines.next().unwrap_or_default()));
    for (source, rows) in &by_source {
        terminal::print(format_args!("\n{source}"));
        lines.by_ref().take(rows.len()).for_each(|line| terminal::print(format_args!("{line}")));
    }
    unreadable.iter().for_each(|line| terminal::print(format_args!("\n{line}")));
    terminal::print(format_args!(
        "\nRun one with `kindling sweep NAME`; see its plan with `--dry-run`, try it with `--smoke`."
    ));
    Ok(Exit::Done)
}
