//! Files for other programs: a [`Summary`] in, bytes out. Only the caller touches the disk.

pub mod codes;
mod curves;
mod json;
mod summary;
mod trials;

use anyhow::Result;

use crate::analysis::summary::Summary;

/// One format of one view of the results.
pub trait Export {
    /// The file's name.
    fn file(&self) -> &'static str;
    /// The file's contents.
    ///
    /// # Errors
    /// The results cannot be written in this format.
    fn export(&self, summary: &Summary) -> Result<Vec<u8>>;
}

/// Everything a run leaves for other programs.
pub const ALL: &[&dyn Export] = &[&trials::TrialsCsv, &curves::CurvesCsv, &summary::SummaryCsv, &json::SummaryJson];

/// A cell that may be empty: never 0, never NaN.
fn cell(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or(String::new(), |v| v.to_string())
}

fn finish(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>> {
    writer.into_inner().map_err(|error| anyhow::anyhow!("cannot write CSV: {error}"))
}
