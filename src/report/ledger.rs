//! The ledger: one page with every claim of every experiment, what was published and what the records say.
//!
//! Claims are grouped by publication, and nothing on the page is written by hand.

use std::path::Path;

use super::page::{Block, Page};
use super::table::{Cell, Link, Table};
use crate::analysis::claims::{Finding, JudgedClaim, p_value_text};
use crate::analysis::stats::family::benjamini_hochberg;
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
    let shares = false_shares(entries);
    for name in publications(entries) {
        let own = || entries.iter().enumerate().filter(|(_, entry)| publication_of(entry) == name);
        blocks.push(Block::Heading(name.to_string()));
        blocks.push(Block::Table(claims(&own().map(|(index, entry)| (entry, &shares[index][..])).collect::<Vec<_>>())));
        blocks.push(Block::Table(runs(own().map(|(_, entry)| entry))));
    }
    blocks.push(Block::Heading("How to read it".into()));
    blocks.push(Block::List(
        [
            "Confirmed, refuted, inconclusive: whether the whole interval over runs lies where it is claimed to, all of it lies elsewhere, or \
             neither. Practically the same: the whole interval of a difference lies within the margin. What each test means: `docs/claims.md`.",
            "Measured: the interquartile mean over runs, or a difference of two, with its interval and the number of runs. The tests of one \
             experiment are corrected together by Holm's method; an interval at another confidence than 95 % is that of its test.",
            "q: of all claims of the ledger called at this p-value or a smaller one, the share that is expected to be called by chance alone \
             (Benjamini and Hochberg, 1995). Within an experiment Holm's method is stricter: it bounds the chance of any.",
            "A claim that has been tried in several ways is marked as one of so many readings: each is a hypothesis of its own.",
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

/// Benjamini and Hochberg's q of every claim, over all claims of all entries; `None` for those without a p-value.
fn false_shares(entries: &[Entry]) -> Vec<Vec<Option<f64>>> {
    let all = entries.iter().flat_map(|entry| &entry.summary.claims);
    let mut shares = benjamini_hochberg(&all.filter_map(|claim| claim.p).collect::<Vec<_>>()).into_iter();
    let mut of_claim = |claim: &JudgedClaim| claim.p.and_then(|_| shares.next());
    entries.iter().map(|entry| entry.summary.claims.iter().map(&mut of_claim).collect()).collect()
}

/// The claims of one publication, each with its q.
fn claims(entries: &[(&Entry, &[Option<f64>])]) -> Table {
    let readings = |says: &str| {
        entries.iter().flat_map(|(entry, _)| &entry.summary.claims).filter(|claim| claim.says == says).count()
    };
    let mut rows = Vec::new();
    for (entry, shares) in entries {
        for (claim, share) in entry.summary.claims.iter().zip(*shares) {
            let own_source = claim.source.as_deref() != entry.summary.source.as_deref();
            let says = match &claim.source {
                Some(source) if own_source => format!("{} ({source})", claim.says),
                _ => claim.says.clone(),
            };
            let says = match readings(&claim.says) {
                1 => says,
                several => format!("{says} (one of {several} readings)"),
            };
            rows.push(vec![
                Cell::Text(says),
                Cell::Text(claim.published.clone().unwrap_or_default()),
                Cell::from(&claim.evidence),
                Cell::Number(share.map(p_value_text)),
                Cell::Finding(claim.finding),
                report_link(entry),
            ]);
        }
    }
    Table::new(["claim", "published", "measured", "q", "finding", "report"], rows)
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
            "| It is deep | 3 | no data | - | not testable | [made-up](reference/deep/report.md) |",
            "| [made-up](reference/deep/report.md) | Which is best? | 1 | 2 | 0 | 5 s | \
             [records](reference/deep/records.jsonl.gz), [figure](reference/deep/figures/boxplot.svg) |",
        ] {
            assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
        }
    }

    #[test]
    fn q_is_over_all_experiments_and_claims_tried_twice_say_so() {
        // Arms 1, 2 and 3 differ by a tenth with seeds a hundredth apart: both claims are called, at one p-value, which is q too.
        let entry = || {
            let claims = "[[claims]]\nsays = 'More is better'\ntest = 'lr=0.3 > lr=0.2 on test_accuracy'\n";
            let summary = Fixture::new(&format!("seeds = 8\n[sweep]\nlr = [0.2, 0.3]\n{claims}"))
                .metric("test_accuracy", |arm, seed| Some(if arm == "lr=0.3" { 0.9 } else { 0.8 } + 0.01 * seed as f64))
                .summary();
            Entry { summary, folder: "deep".into(), records: "records.jsonl".into(), figure: None }
        };
        let entries = [entry(), entry()];
        let p = entries[0].summary.claims[0].p.unwrap();
        assert_eq!(false_shares(&entries), [[Some(p)], [Some(p)]]);
        let text = crate::report::markdown::render(&page(&entries, &[]));
        let row = |line: &str| {
            line.starts_with("| More is better (one of 2 readings) | ")
                && line.contains("p 0.0006 | 0.0006 | confirmed |")
        };
        assert_eq!(text.lines().filter(|line| row(line)).count(), 2, "{text}");
    }
}
