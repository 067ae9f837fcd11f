//! `scores.npz`: the scores of every run in the form that rliable and NumPy read.

use std::io::{Cursor, Write};

use anyhow::{Context, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Export;
use crate::analysis::summary::Summary;
use crate::npy;

/// An array `[runs, 1]` of 64-bit floats per arm, by its label: of each seed the metric that ranks the arms, with its sign turned where a smaller
/// value is the better one, since rliable takes larger scores for better. A run that diverged has the score minus infinity; one that
/// failed is left out, and so is one that diverged where the metric is a difference. The second axis is rliable's tasks, of which an experiment is one.
#[derive(Debug)]
pub struct ScoresNpz;

impl Export for ScoresNpz {
    fn file(&self) -> &'static str {
        "scores.npz"
    }

    fn export(&self, summary: &Summary) -> Result<Vec<u8>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        // Stored, with the fixed date of the format's beginning: the same scores are the same bytes.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for arm in &summary.arms {
            let values = summary.records_of(&arm.label).filter_map(|record| record.outcome(&summary.metric));
            let scores: Vec<f64> = values.map(|value| summary.metric.goodness(value)).collect();
            archive.start_file(format!("{}.npy", arm.label), options).context("cannot write scores.npz")?;
            archive.write_all(&npy::f64_column(&scores)).context("cannot write scores.npz")?;
        }
        Ok(archive.finish().context("cannot write scores.npz")?.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::record::Status;
    use crate::report::fixture::Fixture;

    #[test]
    fn every_arm_has_a_column_of_scores_of_which_larger_ones_are_better() {
        let summary = Fixture::new("seeds = 3\nmetric = 'test_loss'\n[sweep]\nlr = [0.1, 0.2]")
            .metric("test_loss", |arm, seed| (arm == "lr=0.1" || seed < 2).then_some(0.5 + seed as f64))
            .each(|record| {
                if record.metrics.iter().next().is_none() {
                    record.status = Status::Diverged;
                }
            })
            .summary();
        let bytes = ScoresNpz.export(&summary).unwrap();
        assert_eq!(bytes, ScoresNpz.export(&summary).unwrap());
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut array = |name: &str| {
            let mut bytes = Vec::new();
            archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
            let header = bytes.len() - 24;
            assert_eq!(header % 64, 0);
            assert!(String::from_utf8_lossy(&bytes[..header]).contains("'shape': (3, 1)"));
            bytes[header..].chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(array("lr=0.1.npy"), [-0.5, -1.5, -2.5]);
        assert_eq!(array("lr=0.2.npy"), [-0.5, -1.5, f64::NEG_INFINITY]);
    }
}
