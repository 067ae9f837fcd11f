//! The report of one training: its curves, and what the network does on each class.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::export::Export;
use super::export::curves::CurvesCsv;
use super::figures;
use super::html;
use super::interactive::{Extras, Interactive};
use super::page::{self, Block, Page};
use super::table::{Cell, Table};
use crate::analysis::summary::Summary;
use crate::data::Dataset;
use crate::evaluate::classification::{ClassReport, macro_mean, per_class};
use crate::files::write_atomic;
use crate::record::TrialRecord;
use crate::trial::snapshot::Snapshot;

/// Writes `curves.csv`, the figures of one run and `report.html` into `folder`; `snapshot` is what the page may show of the network.
///
/// # Errors
/// A figure cannot be drawn, or the folder cannot be written.
pub fn write(
    summary: &Summary,
    record: &TrialRecord,
    dataset: &Dataset,
    snapshot: Option<Snapshot>,
    folder: &Path,
) -> Result<()> {
    let pictures = folder.join("figures");
    fs::create_dir_all(&pictures).with_context(|| format!("cannot create {}", pictures.display()))?;
    write_atomic(&folder.join(CurvesCsv.file()), &CurvesCsv.export(summary)?)?;
    let figures = figures::of_one_run(summary, Some(dataset))?;
    for figure in &figures {
        write_atomic(&pictures.join(&figure.file), &figure.bytes)?;
    }
    let mut blocks = vec![Block::Text(format!(
        "One training of `{}`, seed {}, on {}.",
        record.arm, record.seed, record.made_with.dataset
    ))];
    if let Some(epoch) = record.stopped_epoch {
        blocks.push(Block::Text(format!("It was stopped in epoch {epoch}, before the end that its settings say.")));
    }
    if !record.confusion.is_empty() {
        blocks.push(Block::Table(per_class_table(record, &dataset.classes)));
    }
    let extras = Extras { of_the_only_run: snapshot, ..Extras::default() };
    let interactive = Interactive::of(summary, Some(dataset), extras)?;
    blocks.extend(page::shown(&figures, &interactive));
    blocks.push(Block::Heading("Settings".into()));
    blocks.push(Block::Table(page::settings(summary)));
    let title = summary.question.clone();
    let page = Page { title, blocks, can_filter: false, interactive: Some(interactive) };
    write_atomic(&folder.join("report.html"), html::render(&page)?.as_bytes())
}

/// Precision, recall, F1 and support of each class, and their means.
pub fn per_class_table(record: &TrialRecord, classes: &[String]) -> Table {
    let reports = per_class(&record.confusion);
    let number = |value: Option<f64>| Cell::Number(value.map(|v| format!("{v:.4}")));
    let row = |(name, r): (&String, &ClassReport)| {
        vec![Cell::from(name), number(r.precision), number(r.recall), number(r.f1), Cell::number(r.support)]
    };
    let rows = classes.iter().zip(&reports).map(row);
    let mean = |measure: fn(&ClassReport) -> Option<f64>| number(macro_mean(&reports, measure));
    let support: u32 = reports.iter().map(|r| r.support).sum();
    // As the metrics of a record: a class that was never predicted counts as 0.
    let means = [
        mean(|r| r.precision.or_else(|| r.zero_division())),
        mean(|r| r.recall),
        mean(|r| r.f1.or_else(|| r.zero_division())),
    ];
    let means = std::iter::once("macro mean".into()).chain(means).chain([Cell::number(support)]).collect();
    Table::new(["class", "precision", "recall", "F1", "support"], rows.chain([means]))
}
