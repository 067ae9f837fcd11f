//! A Bayesian search as a session: propose an arm, train it, tell how it validated, propose the next.
//!
//! In: a prepared session whose spec searches. Out: the session with all its arms, of which only the last report is told. The scores are
//! written into the run's spec, so that it goes on where it stopped, and reads back to the same arms.

use std::path::Path;

use anyhow::Result;

use super::Exit;
use super::session::Prepared;
use crate::analysis::stats::describe::interquartile_mean;
use crate::analysis::summary::Summary;
use crate::experiment::metric::Metric;
use crate::record::by_seed;
use crate::run::progress::{ProgressMode, SweepProgress};

/// Trains proposals until one is left to train; the caller trains that one and reports on all.
pub fn climb(prepared: &mut Prepared, out: &Path, quiet: bool) -> Result<Exit> {
    let Some(count) = prepared.search().and_then(|search| search.bayesian) else { return Ok(Exit::Done) };
    let mut scores: Vec<f64> = Vec::new();
    loop {
        prepared.propose(&scores)?;
        if scores.len() + 1 >= count as usize {
            return Ok(Exit::Done);
        }
        let arm = prepared.plan.sampled.last().and_then(|&index| prepared.plan.arms.get(index));
        let label = arm.map_or(String::new(), |arm| arm.label.clone());
        let mut score = f64::NAN;
        let silent = SweepProgress::new(ProgressMode::Quiet);
        let exit = prepared.open(out.into(), true, true)?.run(&prepared.lab, &silent, |summary, _| {
            score = validated(summary, &label);
            Ok(())
        })?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        scores.push(score);
        if !quiet {
            let best = scores.iter().copied().filter(|s| s.is_finite()).fold(f64::NEG_INFINITY, f64::max);
            eprintln!("{:>3}/{count}  {label}: {score:.4} on validation, best {best:.4}", scores.len());
        }
    }
}

/// How an arm did on validation, the higher the better: accuracy, or the loss (of a descent, the value) with its sign turned. Not a number where a run of it
/// diverged: a proposal that may fail is none.
fn validated(summary: &Summary, label: &str) -> f64 {
    let seeds: Vec<u64> = summary.records_of(label).map(|record| record.seed).collect();
    let of = |metric: Metric| -> Option<Vec<f64>> {
        by_seed(&summary.records, label, &seeds, &metric.into()).into_iter().collect()
    };
    let known = |metric| of(metric).filter(|values| !values.is_empty()).map(|values| interquartile_mean(&values));
    let low = || known(Metric::ValidationLoss).or_else(|| known(Metric::FinalValue));
    known(Metric::ValidationAccuracy).or_else(|| Some(-low()?)).unwrap_or(f64::NAN)
}
