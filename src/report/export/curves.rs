//! `curves.csv`: one row per trial and epoch.

use anyhow::Result;

use super::{Export, finish, write_row};
use crate::analysis::summary::Summary;

/// Columns: arm, seed, epoch from 1, training and validation loss and accuracy.
#[derive(Debug)]
pub struct CurvesCsv;

impl Export for CurvesCsv {
    fn file(&self) -> &'static str {
        "curves.csv"
    }

    fn export(&self, summary: &Summary) -> Result<Vec<u8>> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        write_row(
            &mut csv,
            &["arm", "seed", "epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"],
        )?;
        for record in &summary.records {
            let history = &record.history;
            let columns =
                [&history.train_loss, &history.train_accuracy, &history.validation_loss, &history.validation_accuracy];
            for epoch in 0..history.train_loss.len() {
                let mut row = vec![record.arm.clone(), record.seed.to_string(), (epoch + 1).to_string()];
                row.extend(columns.iter().map(|column| column.get(epoch).map_or(String::new(), ToString::to_string)));
                write_row(&mut csv, &row)?;
            }
        }
        finish(csv)
    }
}
