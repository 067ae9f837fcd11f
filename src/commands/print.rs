//! The results of a run on stdout: table, verdicts, and where the rest is.

use std::path::Path;

use anyhow::Result;

use crate::analysis::claims::Finding;
use crate::analysis::stats::compare::Verdict;
use crate::analysis::summary::Summary;
use crate::data::Dataset;
use crate::report;
use crate::terminal::{self, Mood};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Tables and sentences.
    Text,
    /// The summary as one JSON object.
    Json,
}

impl Format {
    /// The format that `--json` asks for, or does not.
    pub fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// Prints a summary whose report is in `folder`.
///
/// # Errors
/// The summary cannot be written as JSON.
pub fn summary(summary: &Summary, dataset: Option<&Dataset>, folder: &Path, format: Format) -> Result<()> {
    if format == Format::Json {
        terminal::print(format_args!("{}", serde_json::to_string_pretty(summary)?));
        return Ok(());
    }
    terminal::print(format_args!("{}\n", summary.question));
    if let Some(notice) = report::not_as_published(summary) {
        terminal::print(format_args!("{notice}\n"));
    }
    terminal::print(format_args!("{}", report::table::arms_not_pruned(summary).text()));
    let pruned = summary.arms.iter().filter(|arm| arm.pruned_epoch.is_some()).count();
    if pruned > 0 {
        terminal::print(format_args!("{pruned} arms fell behind and were pruned; the report lists them"));
    }
    terminal::print(format_args!("{}\n", report::table::caption(summary)));
    if let Some(search) = &summary.search {
        terminal::print(format_args!("{}", report::best_of_search(summary, search)));
        terminal::print(format_args!("train it: kindling train {}\n", folder.join("best.toml").display()));
    }
    if let (Some(_), Some(metrics)) = (report::codes::table(summary), report::table::metrics(summary)) {
        terminal::print(format_args!("{}\n", metrics.text()));
    }
    if let Some((table, note)) = report::codes::one_vs_rest_table(summary, dataset) {
        terminal::print(format_args!("{}\n{note}\n", table.text()));
    }
    if let Some(winner) = report::winner_line(summary) {
        terminal::print_sentence("", &winner, Mood::Open);
    }
    for pair in &summary.ranking {
        let line = report::verdict_line(pair, &summary.metric);
        let is_open = pair.comparison.verdict() == Verdict::Inconclusive;
        let (between, numbers) = line.split_at(line.find(": ").unwrap_or(0));
        terminal::print_sentence(between, numbers, if is_open { Mood::Open } else { Mood::Good });
    }
    let judged: Vec<_> = summary.claims.iter().filter(|claim| claim.finding != Finding::NotAsPublished).collect();
    if !judged.is_empty() {
        terminal::print(format_args!(""));
    }
    for claim in judged {
        let line = report::claim_line(claim);
        let (word, rest) = line.split_at(line.find(':').unwrap_or(0));
        let mood = match claim.finding {
            Finding::Confirmed => Mood::Good,
            Finding::Refuted => Mood::Bad,
            _ => Mood::Open,
        };
        terminal::print_sentence(word, rest, mood);
    }
    terminal::print(format_args!("\nreport: {}", folder.join("report.html").display()));
    Ok(())
}
