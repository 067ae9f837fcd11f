//! The results of a run on stdout: table, verdicts, and where the rest is.

use std::path::Path;

use anyhow::Result;

use crate::analysis::claims::Finding;
use crate::analysis::summary::Summary;
use crate::data::Dataset;
use crate::report;

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
        println!("{}", serde_json::to_string_pretty(summary)?);
        return Ok(());
    }
    println!("{}\n", summary.question);
    if let Some(notice) = report::not_as_published(summary) {
        println!("{notice}\n");
    }
    println!("{}", report::table::arms(summary).text());
    println!("{}\n", report::table::caption(summary));
    if let (Some(_), Some(metrics)) = (report::codes::table(summary), report::table::metrics(summary)) {
        println!("{}\n", metrics.text());
    }
    if let Some((table, note)) = report::codes::one_vs_rest_table(summary, dataset) {
        println!("{}\n{note}\n", table.text());
    }
    for pair in &summary.ranking {
        println!("{}", report::verdict_line(pair, &summary.metric));
    }
    let judged = summary.claims.iter().filter(|claim| claim.finding != Finding::NotAsPublished);
    let lines: Vec<String> = judged.map(report::claim_line).collect();
    if !lines.is_empty() {
        println!("\n{}", lines.join("\n"));
    }
    println!("\nreport: {}", folder.join("report.html").display());
    Ok(())
}
