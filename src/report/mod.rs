//! From a [`Summary`] to tables, figures, exports and a report.
//!
//! Everything here is made from the records, without training, except the figures of an autoencoder, which need its trained network.
//! Pictures of test images also need the data set.

mod claims;
pub(crate) mod codes;
pub(crate) mod export;
pub mod figures;
#[cfg(test)]
mod fixture;
pub(crate) mod html;
pub(crate) mod interactive;
pub mod ledger;
pub(crate) mod markdown;
mod page;
pub mod table;
mod test_set;
pub mod training;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::analysis::summary::Summary;
use crate::data::Dataset;
use crate::files::{read_within, write_atomic};
use crate::record::{self, TrialRecord};
use figures::Figure;
use interactive::codes::WalkableCodes;
use interactive::{Extras, Interactive};

pub(crate) use page::{best_of_search, claim_line, not_as_published};
pub use page::{verdict_line, winner_line};

/// What is drawn from a trained network, and not from records.
#[derive(Default)]
pub struct OfNetwork {
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Its codes, for a page in HTML.
    pub codes: Option<WalkableCodes>,
}

/// Writes `report.html` alone, with the figures that the records give inside.
///
/// # Errors
/// A figure cannot be drawn, or the file cannot be written.
pub fn write_html(summary: &Summary, dataset: Option<&Dataset>, folder: &Path, with_weights: bool) -> Result<()> {
    let figures = figures::all(summary, dataset)?;
    let interactive =
        Interactive::of(summary, dataset, Extras { run: with_weights.then_some(folder), ..Extras::default() })?;
    let page = page::page(summary, dataset, &figures, interactive);
    write_atomic(&folder.join("report.html"), html::render(&page)?.as_bytes())
}

/// Whether `report.md`, which is written last, is there and was made from these records, their times included.
pub fn is_of(folder: &Path, records: &[TrialRecord]) -> Result<bool> {
    // A longer one is none that was written here.
    const MAX_BYTES: u64 = 1 << 26;
    let report = read_within(&folder.join("report.md"), MAX_BYTES).unwrap_or_default();
    Ok(String::from_utf8_lossy(&report).contains(&page::made_from(&record::hash_of(records)?)))
}

/// Writes the exports, the figures, `report.md` and `report.html` into `folder` and returns their paths.
///
/// `dataset` is that of the summary's median run; without it there are no pictures of test images, and classes have numbers
/// for names. `of_network` is shown after the figures made from records; an autoencoder has it. Without `with_weights` no network is in
/// `report.html`.
///
/// # Errors
/// A figure cannot be drawn, or the folder cannot be written.
pub fn write(
    summary: &Summary,
    dataset: Option<&Dataset>,
    of_network: OfNetwork,
    folder: &Path,
    with_weights: bool,
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
    figures.extend(of_network.figures);
    for figure in &figures {
        put(&format!("figures/{}", figure.file), &figure.bytes)?;
    }
    if let Some(search) = &summary.search {
        put("best.toml", search.experiment.as_bytes())?;
    }
    let extras = Extras {
        run: with_weights.then_some(folder),
        codes: of_network.codes.filter(|_| with_weights),
        ..Extras::default()
    };
    let page = page::page(summary, dataset, &figures, Interactive::of(summary, dataset, extras)?);
    put("report.html", html::render(&page)?.as_bytes())?;
    // Last: a folder that has it has all the others.
    put("report.md", markdown::render(&page).as_bytes())?;
    Ok(written)
}
