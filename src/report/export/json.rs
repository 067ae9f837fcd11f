//! `summary.json`: the summary without the records.

use anyhow::Result;

use super::Export;
use crate::analysis::summary::Summary;

/// The serialised [`Summary`].
#[derive(Debug)]
pub struct SummaryJson;

impl Export for SummaryJson {
    fn file(&self) -> &'static str {
        "summary.json"
    }

    fn export(&self, summary: &Summary) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(summary)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
