//! The ledger: every claim of every experiment beside what was published and what the records say.
//!
//! In: experiments with the summaries of their runs. Out: one page, grouped by the publication. Nothing in it is written by hand.

use std::path::Path;

use crate::analysis::claims::Finding;
use crate::analysis::summary::Summary;
use crate::experiment::plan::cost::human;
use crate::report::page::{Block, Page};
use crate::report::sentences::finding;
use crate::report::table::Table;

/// One experiment in the ledger.
#[derive(Debug)]
pub struct Entry {
    /// Its results.
    pub summary: Summary,
    /// Its folder, as seen from the ledger.
    pub folder: String,
    /// The records' file name.
    pub records: String,
    /// The figure to look at first.
    pub figure: Option<String>,
}

/// A source's name, without the figure or chapter behind it: what stands before the first comma outside brackets.
pub fn publication(source: &str) -> &str {
    let mut depth = 0;
    let end = source.char_indices().find(|(_, letter)| {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0 && *letter == ','
    });
    end.map_or(source, |(at, _)| &source[..at])
}

/// The picture that says most, of those a run left in `folder`.
pub fn first_figure(folder: &Path) -> Option<String> {
    const BEST: &[&str] = &["fit.svg", "boundary.svg", "descent.svg", "heatmap.svg", "response.svg", "boxplot.svg"];
    BEST.iter().find(|name| folder.join("figures").join(name).is_file()).map(|name| format!("figures/{name}"))
}

/// Every claim, by publication; then what was run and how long it took. `missing` names experiments without a whole run.
pub fn page(entries: &[Entry], missing: &[String]) -> Page<'static> {
    let mut blocks = vec![Block::Text(counted(entries))];
    if !missing.is_empty() {
        let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        blocks.push(Block::Text(format!("Not run, or not to the end, and so not judged: {names}.")));
    }
    for name in publications(entries) {
        let own = || entries.iter().filter(|entry| publication_of(entry) == name);
        blocks.push(Block::Heading(name.to_string()));
        blocks.push(Block::Table(claims(own())));
        blocks.push(Block::Table(runs(own())));
    }
    blocks.push(Block::Heading("How to read it".into()));
    blocks.push(Block::List(
        [
            "Confirmed, refuted, inconclusive: what the interval over seeds and the signed-rank test say together; a range is confirmed \
             when the whole interval lies inside, refuted when all of it lies outside. What each test means: `src/claims.rs`.",
            "Measured: the interquartile mean over seeds, or a difference of two, with its 95 % bootstrap interval and the number of seeds.",
            "Claims without a publication of their own are marked: `common teaching`, `a question of ours`.",
            "`kindling reproduce` runs what is missing and writes this page again; `kindling verify` retrains some trials of a run and \
             compares the bytes.",
        ]
        .map(String::from)
        .to_vec(),
    ));
    Page { title: "The ledger: published claims, rerun and judged".into(), blocks }
}

fn publication_of(entry: &Entry) -> &str {
    entry.summary.source.as_deref().map_or("Kindling's own questions", publication)
}

fn publications(entries: &[Entry]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for entry in entries {
        let name = publication_of(entry);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// How many claims came out how.
fn counted(entries: &[Entry]) -> String {
    let all = || entries.iter().flat_map(|entry| &entry.summary.claims);
    let count = |wanted: Finding| all().filter(|claim| claim.finding == wanted).count();
    format!(
        "{} claims of {} experiments: {} confirmed, {} refuted, {} inconclusive, {} not testable.",
        all().count(),
        entries.len(),
        count(Finding::Confirmed),
        count(Finding::Refuted),
        count(Finding::Inconclusive),
        count(Finding::Untestable)
    )
}

fn claims<'a>(entries: impl Iterator<Item = &'a Entry>) -> Table {
    let head = ["claim", "published", "measured", "verdict", "where"].map(String::from).to_vec();
    let mut rows = Vec::new();
    for entry in entries {
        for claim in &entry.summary.claims {
            let own = claim.source.as_deref() != entry.summary.source.as_deref();
            let says = match &claim.source {
                Some(source) if own => format!("{} ({source})", claim.says),
                _ => claim.says.clone(),
            };
            rows.push(vec![
                says,
                claim.published.clone().unwrap_or_default(),
                claim.evidence.clone(),
                finding(claim.finding).to_lowercase(),
                link(&entry.summary.name, &entry.folder, "report.md"),
            ]);
        }
    }
    Table { head, rows }
}

fn runs<'a>(entries: impl Iterator<Item = &'a Entry>) -> Table {
    let head = ["experiment", "question", "arms", "trials", "diverged", "training and evaluation, added up", "look"];
    let row = |entry: &Entry| {
        let summary = &entry.summary;
        let mut look = vec![link("records", &entry.folder, &entry.records)];
        look.extend(entry.figure.as_ref().map(|figure| link("figure", &entry.folder, figure)));
        vec![
            link(&summary.name, &entry.folder, "report.md"),
            summary.question.clone(),
            summary.arms.len().to_string(),
            summary.records.len().to_string(),
            summary.arms.iter().map(|arm| arm.diverged).sum::<usize>().to_string(),
            human(summary.trial_seconds),
            look.join(", "),
        ]
    };
    Table { head: head.map(String::from).to_vec(), rows: entries.map(row).collect() }
}

fn link(text: &str, folder: &str, file: &str) -> String {
    format!("[{text}]({folder}/{file})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_is_what_stands_before_the_figure() {
        assert_eq!(publication("Neural Networks (project report), Fig. 9"), "Neural Networks (project report)");
        assert_eq!(publication("How (article, 2026), schedules"), "How (article, 2026)");
        assert_eq!(publication("Lecture notes"), "Lecture notes");
    }
}
