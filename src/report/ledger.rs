//! The ledger: one page with every claim of every experiment, what was published and what the records say.
//!
//! Claims are grouped by publication, and nothing on the page is written by hand.

use std::path::Path;

use super::page::{Block, Page};
use super::table::{Cell, Link, Table};
use crate::analysis::claims::Finding;
use crate::analysis::summary::Summary;
use crate::experiment::plan::cost::human;

/// One experiment in the ledger.
#[derive(Debug)]
pub struct Entry {
    /// The results of its run.
    pub summary: Summary,
    /// The path of the run's folder, relative to the ledger.
    pub folder: String,
    /// The file name of the records in that folder.
    pub records: String,
    /// The path of [`first_figure`] in that folder.
    pub figure: Option<String>,
}

/// The name of a source without its figure or chapter, which is what stands before the first comma outside brackets.
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

/// The figure that the ledger links to: the first of a fixed list that is in `folder`.
pub fn first_figure(folder: &Path) -> Option<String> {
    const CHOICE: &[&str] = &["fit.svg", "boundary.svg", "descent.svg", "heatmap.svg", "response.svg", "boxplot.svg"];
    CHOICE.iter().find(|name| folder.join("figures").join(name).is_file()).map(|name| format!("figures/{name}"))
}

/// The ledger of `entries`; `missing` names the experiments that have no complete run.
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
            "Confirmed, refuted, inconclusive: whether the whole interval over runs lies where it is claimed to, all of it lies elsewhere, or \
             neither. Practically the same: the whole interval of a difference lies within the margin. What each test means: `docs/claims.md`.",
            "Measured: the interquartile mean over runs, or a difference of two, with its interval and the number of runs. The tests of one \
             experiment are corrected together by Holm's method; an interval at another confidence than 95 % is that of its test.",
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

/// How many claims have each finding.
fn counted(entries: &[Entry]) -> String {
    let all = || entries.iter().flat_map(|entry| &entry.summary.claims);
    let count = |wanted: Finding| all().filter(|claim| claim.finding == wanted).count();
    format!(
        "{} claims of {} experiments: {} confirmed, {} practically the same, {} refuted, {} inconclusive, {} not testable.",
        all().count(),
        entries.len(),
        count(Finding::Confirmed),
        count(Finding::Same),
        count(Finding::Refuted),
        count(Finding::Inconclusive),
        count(Finding::Untestable)
    )
}

fn claims<'a>(entries: impl Iterator<Item = &'a Entry>) -> Table {
    let mut rows = Vec::new();
    for entry in entries {
        for claim in &entry.summary.claims {
            let own_source = claim.source.as_deref() != entry.summary.source.as_deref();
            let says = match &claim.source {
                Some(source) if own_source => format!("{} ({source})", claim.says),
                _ => claim.says.clone(),
            };
            rows.push(vec![
                Cell::Text(says),
                Cell::Text(claim.published.clone().unwrap_or_default()),
                Cell::from(&claim.evidence),
                Cell::Finding(claim.finding),
                report_link(entry),
            ]);
        }
    }
    Table::new(["claim", "published", "measured", "finding", "report"], rows)
}

fn runs<'a>(entries: impl Iterator<Item = &'a Entry>) -> Table {
    let row = |entry: &Entry| {
        let summary = &entry.summary;
        let mut look = vec![link("records", entry, &entry.records)];
        look.extend(entry.figure.as_ref().map(|figure| link("figure", entry, figure)));
        vec![
            report_link(entry),
            Cell::from(&summary.question),
            Cell::number(summary.arms.len()),
            Cell::number(summary.records.len()),
            Cell::number(summary.arms.iter().map(|arm| arm.diverged).sum::<usize>()),
            Cell::number(human(summary.trial_seconds)),
            Cell::Links(look),
        ]
    };
    let head = ["experiment", "question", "arms", "trials", "diverged", "total time", "files"];
    Table::new(head, entries.map(row))
}

fn report_link(entry: &Entry) -> Cell {
    Cell::Links(vec![link(&entry.summary.name, entry, "report.md")])
}

fn link(text: &str, entry: &Entry, file: &str) -> Link {
    Link { text: text.into(), target: format!("{}/{file}", entry.folder) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::Fixture;

    #[test]
    fn a_publication_is_what_stands_before_the_figure() {
        assert_eq!(publication("Neural Networks (project report), Fig. 9"), "Neural Networks (project report)");
        assert_eq!(publication("How (article, 2026), schedules"), "How (article, 2026)");
        assert_eq!(publication("Lecture notes"), "Lecture notes");
    }

    #[test]
    fn a_claim_and_a_run_are_a_row_each_with_links_to_the_run() {
        let summary = Fixture::new(
            "source = 'Book, ch. 1'\nseeds = 2\n[[claims]]\nsays = 'It is deep'\npublished = '3'\nuntestable = 'no data'",
        )
        .summary();
        let entry = Entry {
            summary,
            folder: "reference/deep".into(),
            records: "records.jsonl.gz".into(),
            figure: Some("figures/boxplot.svg".into()),
        };
        let page = page(&[entry], &["wide".into()]);
        let text = crate::report::markdown::render(&page);
        for line in [
            "1 claims of 1 experiments: 0 confirmed, 0 practically the same, 0 refuted, 0 inconclusive, 1 not testable.",
            "Not run, or not to the end, and so not judged: `wide`.",
            "## Book",
            "| It is deep | 3 | no data | not testable | [made-up](reference/deep/report.md) |",
            "| [made-up](reference/deep/report.md) | Which is best? | 1 | 2 | 0 | 5 s | \
             [records](reference/deep/records.jsonl.gz), [figure](reference/deep/figures/boxplot.svg) |",
        ] {
            assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
        }
    }
}
