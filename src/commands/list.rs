//! `kindling list`: every experiment with its question and cost.

use anyhow::Result;

use super::Exit;
use super::run::workers;
use crate::experiment::plan::Plan;
use crate::experiment::spec::library::{self, EXPERIMENTS};
use crate::run::progress::cost_line;

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
    for name in names {
        let plan = match library::find(&name).and_then(|spec| Ok(Plan::new(&spec)?)) {
            Ok(plan) => plan,
            Err(error) => {
                println!("{name}\n  cannot be read: {error:#}\n");
                continue;
            }
        };
        println!("{name}\n  {}", plan.question);
        if let Some(source) = &plan.source {
            println!("  source: {source}");
        }
        println!("  {}\n", cost_line(&plan, workers(None, true)));
    }
    println!("Run one with `kindling sweep NAME`; see its plan with `--dry-run`, try it with `--smoke`.");
    Ok(Exit::Done)
}
