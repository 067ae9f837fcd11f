//! What a report says, in order, whatever it is written in.

use super::codes;
use super::sentences::{finding, verdict_line};
use super::table::{self, Table};
use crate::analysis::claims::Finding;
use crate::analysis::summary::Summary;
use crate::data::Dataset;
use crate::experiment::plan::cost::human;
use crate::report::figures::Figure;

/// A piece of a report.
pub enum Block<'a> {
    /// A section's heading.
    Heading(String),
    /// Running text.
    Text(String),
    /// One line each.
    List(Vec<String>),
    /// Cells.
    Table(Table),
    /// A picture with its caption.
    Figure(&'a Figure),
}

/// A report's title and its pieces.
pub struct Page<'a> {
    /// The experiment's question.
    pub title: String,
    /// In order.
    pub blocks: Vec<Block<'a>>,
}

/// Lays out an experiment's results.
pub fn page<'a>(summary: &Summary, dataset: Option<&Dataset>, figures: &'a [Figure]) -> Page<'a> {
    let mut blocks = Vec::new();
    if let Some(source) = &summary.source {
        blocks.push(Block::Text(format!(
            "Source: {source}. Experiment `{}`, data set {}.",
            summary.name, summary.dataset
        )));
    } else {
        blocks.push(Block::Text(format!("Experiment `{}`, data set {}.", summary.name, summary.dataset)));
    }
    blocks.push(Block::Table(table::arms(summary)));
    blocks.push(Block::Text(table::caption(summary)));
    blocks.extend(lost(summary).map(Block::Text));
    if let Some(codes) = codes::table(summary) {
        blocks.push(Block::Heading("What the code keeps".into()));
        blocks.push(Block::Table(codes));
        blocks.push(Block::Text(codes::CAPTION.into()));
    }
    if let Some((table, note)) = codes::one_vs_rest_table(summary, dataset) {
        blocks.push(Block::Heading("Neighbours of the code, class by class".into()));
        blocks.push(Block::Table(table));
        blocks.push(Block::Text(note));
    }
    if !summary.claims.is_empty() {
        blocks.push(Block::Heading("Claims".into()));
        blocks.push(Block::Table(claims(summary)));
    }
    if !summary.ranking.is_empty() {
        blocks.push(Block::Heading("Ranking".into()));
        let lines = summary.ranking.iter().map(|versus| verdict_line(versus, &summary.metric));
        blocks.push(Block::List(lines.collect()));
        blocks.push(Block::Text(
            "Each arm against the next best. ΔIQM: paired difference of interquartile means. P(run beats): the chance that one \
             run of the first beats one run of the second, an effect size. p: paired Wilcoxon signed-rank, Holm-corrected over \
             this list."
                .into(),
        ));
    }
    for figure in figures {
        blocks.push(Block::Heading(figure.title.clone()));
        blocks.push(Block::Figure(figure));
    }
    blocks.push(Block::Heading("How this was made".into()));
    blocks.push(Block::List(made(summary)));
    Page { title: summary.question.clone(), blocks }
}

/// The claims with their findings.
fn claims(summary: &Summary) -> Table {
    let row = |claim: &crate::analysis::claims::JudgedClaim| {
        vec![
            claim.says.clone(),
            claim.source.clone().unwrap_or_default(),
            finding(claim.finding).to_lowercase(),
            claim.evidence.clone(),
        ]
    };
    Table {
        head: ["claim", "who says so", "finding", "evidence"].map(String::from).to_vec(),
        rows: summary.claims.iter().map(row).collect(),
    }
}

/// What became of trials without metrics, where there are any.
fn lost(summary: &Summary) -> Option<String> {
    let diverged: usize = summary.arms.iter().map(|arm| arm.diverged).sum();
    let failed: usize = summary.arms.iter().map(|arm| arm.failed).sum();
    let trials: usize = summary.arms.iter().map(|arm| arm.trials).sum();
    (diverged + failed > 0).then(|| {
        format!(
            "Of {trials} trials {diverged} diverged and {failed} failed. They have no metrics: n counts the others, and a \
             comparison pairs the seeds that both arms finished."
        )
    })
}

fn made(summary: &Summary) -> Vec<String> {
    let mut lines = vec![
        format!("{} trials, {} of training and evaluation added up.", summary.records.len(), human(summary.trial_seconds)),
        "Every trial with every epoch: `records.jsonl`; as tables: `trials.csv`, `curves.csv`, `summary.csv`; the resolved \
         settings: `spec.toml`."
            .into(),
        "`kindling report` redoes this page from the records; `kindling verify` retrains some of them and compares.".into(),
    ];
    if let Some(made) = summary.records.first().map(|record| &record.made_with) {
        lines.push(format!(
            "kindling {}, burn {}, backend {} on {} ({}), data {} with hash {}.",
            made.kindling, made.burn, made.backend, made.device, made.cpu_features, made.dataset, made.data
        ));
    }
    if summary.claims.iter().any(|claim| claim.finding == Finding::Inconclusive) {
        lines.push("Inconclusive is an answer: these seeds do not settle the question either way.".into());
    }
    lines
}
