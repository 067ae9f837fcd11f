//! From a folder of records to tables, figures and a report, all redone without training.
//!
//! In: a [`Summary`] and, where it is at hand, the data. Out: files in the folder.

pub mod codes;
pub mod html;
pub mod markdown;
pub mod page;
pub mod table;
pub mod words;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::data::Corpus;
use crate::figures::Figure;
use crate::summary::Summary;
use crate::{export, figures};

/// Writes exports, figures, `report.md` and `report.html`, with the pictures of a gallery behind the figures; returns the paths
/// written.
///
/// # Errors
/// The folder cannot be written.
pub fn write(summary: &Summary, corpus: Option<&Corpus>, gallery: Vec<Figure>, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    let mut put = |name: &str, bytes: &[u8]| -> Result<()> {
        let path = folder.join(name);
        replace(&path, bytes)?;
        written.push(path);
        Ok(())
    };
    for format in export::ALL {
        put(format.file(), &format.export(summary)?)?;
    }
    let pictures = folder.join("figures");
    fs::create_dir_all(&pictures).with_context(|| format!("cannot create {}", pictures.display()))?;
    let mut figures = figures::all(summary, corpus)?;
    figures.extend(gallery);
    for figure in &figures {
        put(&format!("figures/{}", figure.file), &figure.bytes)?;
    }
    let page = page::page(summary, corpus, &figures);
    put("report.md", markdown::render(&page).as_bytes())?;
    put("report.html", html::render(&page).as_bytes())?;
    Ok(written)
}

/// Writes a file under a temporary name and renames it, so that no reader meets half a file.
///
/// # Errors
/// The folder cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    fs::write(&part, bytes).with_context(|| format!("cannot write {}", part.display()))?;
    fs::rename(&part, path).with_context(|| format!("cannot rename {}", part.display()))
}

pub use words::{claim_line, verdict_line};
