//! From a folder of records to tables, figures and a report, all redone without training.
//!
//! In: a [`Summary`] and, where it is at hand, the data. Out: files in the folder.

pub mod codes;
pub mod export;
pub mod figures;
pub mod html;
pub mod ledger;
pub mod markdown;
pub mod page;
pub mod sentences;
pub mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::analysis::summary::Summary;
use crate::data::Dataset;
use crate::files::write_atomic;
use figures::Figure;

/// Writes exports, figures, `report.md` and `report.html`, with the pictures of a gallery behind the figures; returns the paths
/// written.
///
/// # Errors
/// The folder cannot be written.
pub fn write(
    summary: &Summary,
    dataset: Option<&Dataset>,
    gallery: Vec<Figure>,
    folder: &Path,
) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    let mut put = |name: &str, bytes: &[u8]| -> Result<()> {
        let path = folder.join(name);
        write_atomic(&path, bytes)?;
        written.push(path);
        Ok(())
    };
    for format in export::ALL {
        put(format.file(), &format.export(summary)?)?;
    }
    let pictures = folder.join("figures");
    fs::create_dir_all(&pictures).with_context(|| format!("cannot create {}", pictures.display()))?;
    let mut figures = figures::all(summary, dataset)?;
    figures.extend(gallery);
    for figure in &figures {
        put(&format!("figures/{}", figure.file), &figure.bytes)?;
    }
    let page = page::page(summary, dataset, &figures);
    put("report.html", html::render(&page).as_bytes())?;
    // Last: a folder that has it has all the others.
    put("report.md", markdown::render(&page).as_bytes())?;
    Ok(written)
}

pub use sentences::{claim_line, verdict_line};
