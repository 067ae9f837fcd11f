//! Files for other programs, as bytes made from a [`Summary`]; the caller writes them.

pub(crate) mod curves;
pub(crate) mod embeddings;
mod json;
mod scores;
mod summary;
mod trials;

use anyhow::Result;

use crate::analysis::summary::Summary;

/// A file for other programs.
pub trait Export {
    /// The file's name in the folder of the run.
    fn file(&self) -> &'static str;
    /// The file's bytes.
    ///
    /// # Errors
    /// A number or a row that the format cannot hold.
    fn export(&self, summary: &Summary) -> Result<Vec<u8>>;
}

/// The exports that a run leaves in its folder.
pub const ALL: &[&dyn Export] =
    &[&trials::TrialsCsv, &curves::CurvesCsv, &summary::SummaryCsv, &json::SummaryJson, &scores::ScoresNpz];

/// A number of a CSV file; empty, and never 0 or NaN, where there is none.
fn number(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or(String::new(), |v| v.to_string())
}

/// Writes a row. A text that a spreadsheet would take for a formula and run gets an apostrophe before it, which says that it is text.
fn write_row<T: AsRef<str>>(csv: &mut csv::Writer<Vec<u8>>, row: &[T]) -> Result<()> {
    let is_formula = |cell: &str| cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let cell = |cell: &T| {
        let cell = cell.as_ref();
        if is_formula(cell) { format!("'{cell}") } else { cell.into() }
    };
    Ok(csv.write_record(row.iter().map(cell))?)
}

fn finish(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>> {
    writer.into_inner().map_err(|error| anyhow::anyhow!("cannot write CSV: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::Status;
    use crate::report::fixture::Fixture;

    /// Two arms of three seeds: 0.5, 1.0 and a run that diverged; and three times 0.25.
    fn summary() -> Summary {
        Fixture::new("seeds = 3\n[sweep]\nlr = [0.1, 0.2]")
            .metric("test_accuracy", |arm, seed| match (arm, seed) {
                ("lr=0.1", 2) => None,
                ("lr=0.1", seed) => Some(0.5 + 0.5 * seed as f64),
                _ => Some(0.25),
            })
            .each(|record| match (record.arm.as_str(), record.seed) {
                ("lr=0.1", 2) => (record.status, record.diverged_epoch) = (Status::Diverged, Some(7)),
                _ => record.epochs_kept = Some(3),
            })
            .summary()
    }

    fn text(exporter: &dyn Export, summary: &Summary) -> String {
        String::from_utf8(exporter.export(summary).unwrap()).unwrap()
    }

    #[test]
    fn a_name_that_a_spreadsheet_would_run_is_marked_as_text_and_a_number_is_not() {
        let mut csv = csv::Writer::from_writer(Vec::new());
        write_row(&mut csv, &["=HYPERLINK(1)", "@x", "-0.5", "+cmd", "-1e-3", "adam"]).unwrap();
        assert_eq!(finish(csv).unwrap(), b"'=HYPERLINK(1),'@x,-0.5,'+cmd,-1e-3,adam\n");
    }

    #[test]
    fn trials_csv_has_a_row_per_trial_and_empty_cells_for_what_a_diverged_run_lacks() {
        let expected = "\
arm,param_lr,seed,status,diverged_epoch,epochs_kept,test_accuracy,seconds,id
lr=0.1,0.1,0,done,,3,0.5,2.5,lr=0.1/0
lr=0.1,0.1,1,done,,3,1,2.5,lr=0.1/1
lr=0.1,0.1,2,diverged,7,,,2.5,lr=0.1/2
lr=0.2,0.2,0,done,,3,0.25,2.5,lr=0.2/0
lr=0.2,0.2,1,done,,3,0.25,2.5,lr=0.2/1
lr=0.2,0.2,2,done,,3,0.25,2.5,lr=0.2/2
";
        assert_eq!(text(&trials::TrialsCsv, &summary()), expected);
    }

    #[test]
    fn curves_csv_has_a_row_per_epoch_and_empty_cells_for_what_was_not_measured() {
        let summary = Fixture::new("seeds = 1")
            .each(|record| {
                record.history.train_loss = vec![2.5, 1.25];
                record.history.train_accuracy = vec![0.5, 0.75];
                record.history.validation_loss = vec![2.0, 1.5];
            })
            .summary();
        let expected = "\
arm,seed,epoch,train_loss,train_accuracy,validation_loss,validation_accuracy
default,0,1,2.5,0.5,2,
default,0,2,1.25,0.75,1.5,
";
        assert_eq!(text(&curves::CurvesCsv, &summary), expected);
    }

    #[test]
    fn summary_csv_has_a_row_per_arm_and_metric_and_no_interval_of_values_that_say_nothing_of_their_spread() {
        // Of 0.5 and 1: sd sqrt(2 * 0.25^2), quartiles a quarter and three quarters of the way from the one to the other. No interquartile
        // mean: of three runs none is left out, and one diverged. Three equal values leave every interval open.
        let expected = "\
arm,metric,trials,diverged,failed,n,mean,mean_low,mean_high,stddev,min,q1,median,median_low,median_high,q3,max,iqm,iqm_low,iqm_high
lr=0.1,test_accuracy,3,1,0,2,0.75,,,0.3535533905932738,0.5,0.625,0.75,,,0.875,1,,,
lr=0.2,test_accuracy,3,0,0,3,0.25,,,0,0.25,0.25,0.25,,,0.25,0.25,0.25,,
";
        assert_eq!(text(&summary::SummaryCsv, &summary()), expected);
    }

    #[test]
    fn summary_json_holds_arms_ranking_and_claims() {
        let summary =
            Fixture::new("seeds = 3\n[[claims]]\nsays = 'It is deep'\nsource = 'a book'\nuntestable = 'no data'")
                .metric("test_accuracy", |_, _| Some(0.25))
                .summary();
        let mut found: serde_json::Value = serde_json::from_str(&text(&json::SummaryJson, &summary)).unwrap();
        let settings = found.as_object_mut().unwrap().remove("settings").unwrap();
        assert_eq!(settings[0], json!({ "key": "data.dataset", "value": "mnist", "origin": "default" }));
        let expected = json!({
            "name": "made-up",
            "question": "Which is best?",
            "source": null,
            "axes": [],
            "dataset": "mnist",
            "confidence": 0.95,
            "metric": "test_accuracy",
            "arms": [{
                "label": "default",
                "trials": 3,
                "diverged": 0,
                "failed": 0,
                "metrics": [{
                    "name": "test_accuracy",
                    "n": 3,
                    "mean": 0.25,
                    "sd": 0.0,
                    "min": 0.25,
                    "q1": 0.25,
                    "median": 0.25,
                    "q3": 0.25,
                    "max": 0.25,
                    "iqm": 0.25,
                    "mean_interval": null,
                    "median_interval": null,
                    "iqm_interval": null,
                }],
                "seconds": 2.5,
            }],
            "ranking": [],
            "claims": [{
                "says": "It is deep",
                "kind": "claim",
                "source": "a book",
                "tests": [],
                "finding": "not testable",
                "evidence": "no data",
            }],
            // SHA-256 of "It is deep\n\n".
            "claims_hash": "8bf95956a3d0ed64",
            "trial_seconds": 7.5,
        });
        assert_eq!(found, expected);
    }
}
