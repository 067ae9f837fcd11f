//! `summary.json`: the whole summary, without the raw records.

use anyhow::Result;

use super::Export;
use crate::analysis::summary::Summary;

/// Arms, ranking and judged claims.
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
