//! How many trainings would have been saved by adding seeds until every claim is known, replayed on committed records.
//!
//!     cargo bench --profile dev --bench replay -- [FOLDER]
//!
//! In: a folder of runs, `artifacts/reference` by default. Out: a table in Markdown with a row for each run that has claims.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kindling::analysis::claims::Finding;
use kindling::analysis::stats::looks::looks;
use kindling::analysis::summary::Summary;
use kindling::experiment::plan::Plan;
use kindling::experiment::spec::library;
use kindling::record;

fn main() -> Result<()> {
    // Cargo adds an argument of its own.
    let folder = std::env::args().skip(1).find(|argument| argument != "--bench");
    let folder = PathBuf::from(folder.unwrap_or_else(|| "artifacts/reference".into()));
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut runs: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    runs.sort();
    println!("| run | seeds | needed | findings that differ |\n| --- | --- | --- | --- |");
    let (mut all, mut trained) = (0, 0);
    for run in &runs {
        let Some((seeds, needed, different, arms)) = replay(run)? else { continue };
        println!("| {} | {seeds} | {needed} | {different} |", run.file_name().unwrap_or_default().to_string_lossy());
        all += seeds * arms;
        trained += needed * arms;
    }
    println!("\n{trained} of {all} trainings, {:.0} % saved", 100.0 * (1.0 - trained as f64 / all as f64));
    Ok(())
}

/// The seeds of a run, those after which nothing would have been open, the number of claims whose finding is then another than at once with all,
/// and the number of arms; `None` for a run without claims to be tested, or the same for every seed.
fn replay(folder: &Path) -> Result<Option<(u64, u64, usize, u64)>> {
    let spec = library::load(&folder.join("spec.toml"))?;
    let plan = Plan::new(&spec)?;
    if plan.claims.iter().all(|claim| claim.untestable.is_some()) || plan.is_deterministic() {
        return Ok(None);
    }
    let records = record::read_all(folder)?;
    let find = |label: &str, seed: u64| records.iter().find(|record| record.arm == label && record.seed == seed);
    let findings = |plan: &Plan| -> Result<Vec<Finding>> {
        let own = plan.trials().filter_map(|trial| find(&trial.label, trial.seed).cloned()).collect();
        Ok(Summary::new(plan, own)?.claims.iter().map(|claim| claim.finding).collect())
    };
    let at_once = findings(&plan)?;
    let looks = looks(spec.seeds);
    for &seeds in &looks {
        let plan = Plan { seeds: (0..seeds).collect(), looks: looks.clone(), ..plan.clone() };
        let found = findings(&plan)?;
        if seeds == spec.seeds || !found.contains(&Finding::Inconclusive) {
            let different = found.iter().zip(&at_once).filter(|(now, then)| now != then).count();
            return Ok(Some((spec.seeds, seeds, different, plan.arms.len() as u64)));
        }
    }
    Ok(None)
}
