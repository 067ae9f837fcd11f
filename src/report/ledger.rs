//! The ledger: one page with every claim of every experiment, what was published and what the records say.
//!
//! Claims are grouped by publication; questions of ours and comparisons with other programs stand apart. Nothing on the page is written by
//! hand.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::claims;
use super::figures::{Figure, published};
use super::page::{Block, Page};
use super::table::{Cell, Link, Table};
use crate::analysis::claims::{Finding, JudgedClaim, p_value_text};
use crate::analysis::stats::family::benjamini_hochberg;
use crate::analysis::summary::Summary;
use crate::experiment::plan::cost::human;
use crate::experiment::spec::ClaimKind;

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

/// A claim of an entry.
struct Row<'a> {
    entry: &'a Entry,
    claim: &'a JudgedClaim,
    /// Benjamini and Hochberg's q over all claims of the ledger; `None` for one without a p-value.
    q: Option<f64>,
}

/// Every claim of all entries, each with its q.
fn rows(entries: &[Entry]) -> Vec<Row<'_>> {
    let all = || entries.iter().flat_map(|entry| entry.summary.claims.iter().map(move |claim| (entry, claim)));
    let mut shares = benjamini_hochberg(&all().filter_map(|(_, claim)| claim.p).collect::<Vec<_>>()).into_iter();
    all().map(|(entry, claim)| Row { entry, claim, q: claim.p.and_then(|_| shares.next()) }).collect()
}

/// The ledger of `entries`; `missing` names the experiments that have no complete run.
pub fn page<'a>(entries: &[Entry], missing: &[String], figures: &'a [(String, Vec<Figure>)]) -> Page<'a> {
    let rows = rows(entries);
    let sources = sources(entries, &rows);
    let mut blocks: Vec<Block> = counted(&rows).into_iter().map(Block::Text).collect();
    let differing: Vec<&Entry> = entries.iter().filter(|entry| !entry.summary.differs.is_empty()).collect();
    if !differing.is_empty() {
        blocks.push(Block::Notice(format!(
            "Not as published: {} of {} experiments ran with other settings than their files', and judge no claim of a source.",
            differing.len(),
            entries.len()
        )));
        let line = |entry: &&Entry| format!("`{}`: {}", entry.summary.name, entry.summary.differs.join("; "));
        blocks.push(Block::List(differing.iter().map(line).collect()));
    }
    if !missing.is_empty() {
        let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        blocks.push(Block::Text(format!("Not run, or not to the end, and so not judged: {names}.")));
    }
    if let Some(table) = corrections(&rows) {
        blocks.push(Block::Heading("What there is to correct".into()));
        blocks.push(Block::Table(table));
    }
    for name in &sources {
        let own: Vec<&Row> = of_source(&rows, name).collect();
        blocks.push(Block::Heading((*name).into()));
        blocks.push(Block::Text(format!("{}.", claims::counted(own.iter().map(|row| row.claim), NOUNS[0].1))));
        if !own.is_empty() {
            blocks.push(Block::Table(claims_of(&own)));
        }
        let drawn = figures.iter().filter(|(source, _)| source == name).flat_map(|(_, figures)| figures);
        blocks.extend(drawn.map(Block::Figure));
        let of_entry = |entry: &&Entry| entry.summary.source.as_deref().map(publication) == Some(*name);
        blocks.push(Block::Table(runs(entries.iter().filter(of_entry))));
    }
    for (kind, nouns) in &NOUNS[1..] {
        let own: Vec<&Row> = rows.iter().filter(|row| row.claim.kind == *kind).collect();
        if !own.is_empty() {
            let heading = claims::KINDS.iter().find(|(known, _)| known == kind).map_or("", |(_, heading)| heading);
            blocks.push(Block::Heading(heading.into()));
            blocks.push(Block::Text(format!("{}.", claims::counted(own.iter().map(|row| row.claim), *nouns))));
            blocks.push(Block::Table(claims_of(&own)));
        }
    }
    let without_source: Vec<&Entry> = entries.iter().filter(|entry| entry.summary.source.is_none()).collect();
    if !without_source.is_empty() {
        blocks.push(Block::Heading("Experiments of ours".into()));
        blocks.push(Block::Table(runs(without_source.into_iter())));
    }
    blocks.push(Block::Heading("How to read it".into()));
    blocks.push(Block::List(
        [
            "A claim is a source's, in its own direction and with its own settings. Questions of ours and comparisons with other programs are \
             counted apart.",
            "Confirmed, refuted, inconclusive: whether the whole interval over runs lies where it is claimed to, all of it lies elsewhere, or \
             neither. Practically the same: the whole interval of a difference lies within the margin. Not enough is said: the source leaves \
             open what is meant, and its plausible readings come to different findings. What each test means: `docs/claims.md`.",
            "Not as published: the run has other settings than the source's, and judges none of its claims.",
            "Measured: the interquartile mean over runs, or a difference of two, with its interval and the number of runs. The tests of one \
             experiment are corrected together by Holm's method; an interval at another confidence than 95 % is that of its test.",
            "q: of all claims of the ledger called at this p-value or a smaller one, the share that is expected to be called by chance alone \
             (Benjamini and Hochberg, 1995). Within an experiment Holm's method is stricter: it bounds the chance of any.",
            "Assumed: what the source leaves open, and what was run instead. A claim that has been tried in several experiments is marked as \
             one of so many: each is a hypothesis of its own.",
            "`kindling reproduce` runs what is missing and writes this page again; `kindling verify` retrains some trials of a run and \
             compares the bytes.",
        ]
        .map(String::from)
        .to_vec(),
    ));
    Page { title: "The ledger: published claims, rerun and judged".into(), blocks, can_filter: true, interactive: None }
}

/// The kinds of claims, and what one of them and several are called.
const NOUNS: &[(ClaimKind, [&str; 2])] = &[
    (ClaimKind::Claim, ["claim", "claims"]),
    (ClaimKind::Question, ["question of ours", "questions of ours"]),
    (ClaimKind::Comparison, ["comparison with other programs", "comparisons with other programs"]),
];

/// A line for each kind of claim, with how many of it come to each finding.
fn counted(rows: &[Row]) -> Vec<String> {
    let line = |(kind, [one, several]): &(ClaimKind, [&str; 2])| {
        let own: Vec<&JudgedClaim> = rows.iter().map(|row| row.claim).filter(|claim| claim.kind == *kind).collect();
        let several = match kind {
            ClaimKind::Claim => format!("claims of {} sources", publications(rows).len()),
            ClaimKind::Question | ClaimKind::Comparison => (*several).into(),
        };
        (!own.is_empty()).then(|| format!("{}.", claims::counted(own, [one, &several])))
    };
    NOUNS.iter().filter_map(line).collect()
}

/// A line for each source with how many of its claims come to each finding, then those of the other kinds.
pub fn counted_by_source(entries: &[Entry]) -> Vec<String> {
    let rows = rows(entries);
    let of =
        |name: &&str| format!("{name}: {}", claims::counted(of_source(&rows, name).map(|row| row.claim), NOUNS[0].1));
    let others = NOUNS[1..].iter().filter_map(|(kind, nouns)| {
        let mut own = rows.iter().map(|row| row.claim).filter(|claim| claim.kind == *kind).peekable();
        own.peek().is_some().then(|| claims::counted(own, *nouns))
    });
    publications(&rows).iter().map(of).chain(others).collect()
}

/// The publications behind the claims, in the order of the experiments.
fn publications<'a>(rows: &[Row<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for name in rows.iter().filter_map(Row::publication) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The publications behind the experiments and the claims. Of an experiment no claim may be left, where flags took its arms away.
fn sources<'a>(entries: &'a [Entry], rows: &[Row<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    let of_entries = entries.iter().filter_map(|entry| entry.summary.source.as_deref()).map(publication);
    for name in of_entries.chain(publications(rows)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn of_source<'a, 'b>(rows: &'b [Row<'a>], name: &'b str) -> impl Iterator<Item = &'b Row<'a>> {
    rows.iter().filter(move |row| row.publication() == Some(name))
}

impl<'a> Row<'a> {
    /// The publication whose claim it is; `None` for those of other kinds, and without a source.
    fn publication(&self) -> Option<&'a str> {
        let is_claim = self.claim.kind == ClaimKind::Claim;
        self.claim.source.as_deref().filter(|_| is_claim).map(publication)
    }

    /// What was assumed: for the experiment, and for the claim alone.
    fn assumed(&self) -> String {
        let of_experiment = self.entry.summary.assumes.iter().map(|(what, why)| format!("{what}: {why}"));
        of_experiment.chain(self.claim.assumes.iter().cloned()).collect::<Vec<_>>().join("; ")
    }
}

/// The claims that their experiments' files mark as the most instructive corrections, in their order; `None` where none is judged.
fn corrections(rows: &[Row]) -> Option<Table> {
    let is_judged = |row: &&Row| !matches!(row.claim.finding, Finding::NotAsPublished);
    let mut marked: Vec<&Row> = rows.iter().filter(is_judged).filter(|row| row.claim.correction.is_some()).collect();
    marked.sort_by_key(|row| row.claim.correction);
    let row = |row: &&Row| {
        vec![
            Cell::Text(row.claim.says.clone()),
            Cell::Text(row.publication().unwrap_or_default().into()),
            Cell::Finding(row.claim.finding),
            Cell::Text(row.claim.learn.clone().unwrap_or_default()),
            report_link(row.entry),
        ]
    };
    (!marked.is_empty())
        .then(|| Table::new(["what is said", "by", "finding", "what to learn", "report"], marked.iter().map(row)))
}

/// Claims, each with its published and measured numbers and its q.
fn claims_of(own: &[&Row]) -> Table {
    let times = |says: &str| own.iter().filter(|row| row.claim.says == says).count();
    let row = |row: &&Row| {
        let Row { entry, claim, q } = row;
        let says = match times(&claim.says) {
            1 => claim.says.clone(),
            several => format!("{} (one of {several} experiments on it)", claim.says),
        };
        let by = claim.source.as_deref().filter(|_| claim.kind != ClaimKind::Claim);
        vec![
            Cell::Text(by.map_or(says.clone(), |source| format!("{says} ({source})"))),
            Cell::Text(claim.published.clone().unwrap_or_default()),
            Cell::from(&claim.evidence),
            Cell::Number(q.map(p_value_text)),
            Cell::Text(row.assumed()),
            Cell::Finding(claim.finding),
            Cell::Text(claims::learnt(claim)),
            report_link(entry),
        ]
    };
    let head = ["claim", "published", "measured", "q", "assumed", "finding", "what to learn", "report"];
    Table::new(head, own.iter().map(row))
}

/// For each publication its published numbers beside what was measured, as figures.
pub fn figures(entries: &[Entry]) -> Vec<(String, Vec<Figure>)> {
    let rows = rows(entries);
    let of = |name: &&str| {
        let named = of_source(&rows, name).map(|row| (format!("{}: ", row.entry.summary.name), row.claim));
        let named: Vec<(String, &JudgedClaim)> = named.collect();
        let claims: Vec<(&str, &JudgedClaim)> = named.iter().map(|(name, claim)| (name.as_str(), *claim)).collect();
        ((*name).to_string(), published::draw(&claims))
    };
    publications(&rows).iter().map(of).collect()
}

/// A claim as `ledger.json` has it.
#[derive(Debug, Clone, Serialize)]
pub struct Line<'a> {
    /// The experiment.
    pub experiment: &'a str,
    /// The judged claim.
    #[serde(flatten)]
    pub claim: &'a JudgedClaim,
    /// What was assumed for the experiment and for the claim.
    pub assumed: String,
    /// Benjamini and Hochberg's q over all claims of the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<f64>,
}

/// Every claim of the ledger, for `ledger.json`.
pub fn lines<'a>(entries: &'a [Entry]) -> Vec<Line<'a>> {
    let line =
        |row: Row<'a>| Line { assumed: row.assumed(), experiment: &row.entry.summary.name, claim: row.claim, q: row.q };
    rows(entries).into_iter().map(line).collect()
}

/// What is known of a claim of an earlier `ledger.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Earlier {
    /// The experiment.
    pub experiment: String,
    /// The claim.
    pub says: String,
    /// What it came to.
    pub finding: Finding,
}

/// A sentence for each claim that is new, gone, or comes to another finding than in an earlier ledger.
pub fn changes(entries: &[Entry], earlier: &[Earlier]) -> Vec<String> {
    let lines = lines(entries);
    let is = |line: &Line, known: &Earlier| line.experiment == known.experiment && line.claim.says == known.says;
    let now = lines.iter().filter_map(|line| {
        let change = match earlier.iter().find(|known| is(line, known)) {
            Some(known) if known.finding == line.claim.finding => return None,
            Some(known) => format!("{}, was {}", line.claim.finding.name(), known.finding.name()),
            None => format!("new, {}", line.claim.finding.name()),
        };
        Some(format!("{}: {}: {change}", line.experiment, line.claim.says))
    });
    let gone = earlier.iter().filter(|known| !lines.iter().any(|line| is(line, known)));
    now.chain(gone.map(|known| format!("{}: {}: gone, was {}", known.experiment, known.says, known.finding.name())))
        .collect()
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
            "source = 'Book, ch. 1'\nseeds = 2\n[assumes]\nbatch_size = 'not named; 128'\n[[claims]]\nsays = 'It is deep'\npublished = '3'\n\
             untestable = 'no data'\nlearn = 'Ask first.'\ncorrection = 1\n[[claims]]\nsays = 'Is it?'\nkind = 'question'\n\
             test = 'default > 0.5 on test_accuracy'",
        )
        .summary();
        let entry = Entry {
            summary,
            folder: "reference/deep".into(),
            records: "records.jsonl.gz".into(),
            figure: Some("figures/boxplot.svg".into()),
        };
        let page = page(&[entry], &["wide".into()], &[]);
        let text = crate::report::markdown::render(&page);
        for line in [
            "1 claim: 1 not testable.",
            "Not run, or not to the end, and so not judged: `wide`.",
            "## Book",
            "| It is deep | 3 | no data | - | train.batch_size: not named; 128 | not testable | Ask first. | [made-up](reference/deep/report.md) |",
            "| [made-up](reference/deep/report.md) | Which is best? | 1 | 2 | 0 | 5 s | \
             [records](reference/deep/records.jsonl.gz), [figure](reference/deep/figures/boxplot.svg) |",
            "## What there is to correct",
            "| It is deep | Book | not testable | Ask first. | [made-up](reference/deep/report.md) |",
            "## Questions of ours",
            "1 question of ours: 1 inconclusive.",
        ] {
            assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
        }
    }

    #[test]
    fn what_changed_since_an_earlier_ledger_is_named() {
        let entries = [entry("[[claims]]\nsays = 'a'\nuntestable = 'x'\n[[claims]]\nsays = 'b'\nuntestable = 'x'")];
        let earlier =
            |says: &str, finding: Finding| Earlier { experiment: "made-up".into(), says: says.into(), finding };
        let same = [earlier("a", Finding::Untestable), earlier("b", Finding::Untestable)];
        assert_eq!(changes(&entries, &same), [""; 0]);
        let other = [earlier("a", Finding::Refuted), earlier("c", Finding::Confirmed)];
        assert_eq!(
            changes(&entries, &other),
            [
                "made-up: a: not testable, was refuted",
                "made-up: b: new, not testable",
                "made-up: c: gone, was confirmed"
            ]
        );
        // What is written is read back as an earlier ledger.
        let json = serde_json::to_string(&lines(&entries)).unwrap();
        let back: Vec<Earlier> = serde_json::from_str(&json).unwrap();
        assert_eq!(changes(&entries, &back), [""; 0]);
    }

    #[test]
    fn an_experiment_whose_claims_are_all_left_out_is_there() {
        let text = crate::report::markdown::render(&page(&[entry("")], &[], &[]));
        assert!(text.contains("## Book\n\n0 claims.\n") && text.contains("| [made-up](deep/report.md) |"), "{text}");
    }

    fn entry(claims: &str) -> Entry {
        let summary = Fixture::new(&format!("source = 'Book'\n{claims}")).summary();
        Entry { summary, folder: "deep".into(), records: "records.jsonl".into(), figure: None }
    }

    #[test]
    fn q_is_over_all_experiments_and_claims_tried_twice_say_so() {
        // Arms 1, 2 and 3 differ by a tenth with seeds a hundredth apart: both claims are called, at one p-value, which is q too.
        let entry = || {
            let claims =
                "[[claims]]\nsays = 'More is better'\nsource = 'Book'\ntest = 'lr=0.3 > lr=0.2 on test_accuracy'\n";
            let summary = Fixture::new(&format!("seeds = 8\n[sweep]\nlr = [0.2, 0.3]\n{claims}"))
                .metric("test_accuracy", |arm, seed| Some(if arm == "lr=0.3" { 0.9 } else { 0.8 } + 0.01 * seed as f64))
                .summary();
            Entry { summary, folder: "deep".into(), records: "records.jsonl".into(), figure: None }
        };
        let entries = [entry(), entry()];
        let p = entries[0].summary.claims[0].p.unwrap();
        assert_eq!(rows(&entries).iter().map(|row| row.q).collect::<Vec<_>>(), [Some(p), Some(p)]);
        let text = crate::report::markdown::render(&page(&entries, &[], &[]));
        let row = |line: &str| {
            line.starts_with("| More is better (one of 2 experiments on it) | ")
                && line.contains("p 0.0006 | 0.0006 |  | confirmed |")
        };
        assert_eq!(text.lines().filter(|line| row(line)).count(), 2, "{text}");
    }
}
