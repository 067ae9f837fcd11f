//! The two searches whose next trainings depend on the scores of the last: Bayesian proposals, and the stages of a halving.

use anyhow::Result;

use super::Run;
use crate::analysis::stats::describe::interquartile_mean;
use crate::analysis::summary::Summary;
use crate::commands::Exit;
use crate::experiment::metric::Metric;
use crate::experiment::plan::Plan;
use crate::experiment::spec::Halving;
use crate::record::by_seed;
use crate::run::progress::{ProgressMode, SweepProgress};
use crate::run::{HalvingTrainer, Trainer};
use crate::terminal;

impl Run {
    /// Trains the proposals of a Bayesian search one after the other, each made from how those before it validated, until one is left,
    /// which [`Self::train`] trains with the rest. The scores are written into the run's spec, so that an interrupted search goes on where
    /// it stopped and the spec reads back to the same arms.
    pub(super) fn search(&mut self) -> Result<Exit> {
        let Some(count) = self.spec.search.as_ref().and_then(|search| search.bayesian) else { return Ok(Exit::Done) };
        let mut scores: Vec<f64> = Vec::new();
        loop {
            if let Some(search) = &mut self.spec.search {
                search.scores = scores.clone();
            }
            self.plan = Plan::new(&self.spec)?;
            self.plan.learn_shapes(|data| self.lab.shape(data));
            if scores.len() + 1 >= count as usize {
                return Ok(Exit::Done);
            }
            let arm = self.plan.sampled.last().and_then(|&index| self.plan.arms.get(index));
            let label = arm.map_or(String::new(), |arm| arm.label.clone());
            let mut score = f64::NAN;
            let (file, pending) = self.open_records()?;
            let silent = SweepProgress::new(ProgressMode::Quiet);
            let exit = self.with_trainer(|trainer| {
                self.train_pending(file, pending, trainer, &silent, |summary| {
                    score = validation_score(summary, &label);
                    Ok(())
                })
            })?;
            if exit != Exit::Done {
                return Ok(exit);
            }
            scores.push(score);
            if !self.quiet {
                let best = scores.iter().copied().filter(|s| s.is_finite()).fold(f64::NEG_INFINITY, f64::max);
                terminal::tell(format_args!(
                    "{:>3}/{count}  {label}: {score:.4} on validation, best {best:.4}",
                    scores.len()
                ));
            }
        }
    }

    /// Trains the stages of a search that halves, one after the other, until no trial is left that the search needs. `so_far` is then the
    /// summary of the last stage.
    pub(super) fn halve(&self, halving: Halving, trainer: &dyn Trainer, so_far: &mut Option<Summary>) -> Result<Exit> {
        loop {
            let (file, pending) = self.open_records()?;
            if pending.pending.is_empty() && pending.needed.is_whole {
                return Ok(Exit::Done);
            }
            let trainer = HalvingTrainer::new(trainer, halving, &self.plan, &pending.needed);
            let exit = self.train_pending(file, pending, &trainer, &self.progress(), |summary| {
                *so_far = Some(summary.clone());
                Ok(())
            })?;
            if exit != Exit::Done {
                return Ok(exit);
            }
        }
    }
}

/// How an arm did on validation, the higher the better: its accuracy, or its loss (of a descent, the last value) with the sign turned. Not
/// a number where a run of it diverged: a proposal that may fail is none.
fn validation_score(summary: &Summary, label: &str) -> f64 {
    let seeds: Vec<u64> = summary.records_of(label).map(|record| record.seed).collect();
    let score = |metric: Metric| -> Option<f64> {
        let values: Option<Vec<f64>> = by_seed(&summary.records, label, &seeds, &metric.into()).into_iter().collect();
        let finished = |values: &Vec<f64>| !values.is_empty() && values.iter().all(|value| value.is_finite());
        values.filter(finished).map(|values| interquartile_mean(&values))
    };
    let loss = || score(Metric::ValidationLoss).or_else(|| score(Metric::FinalValue));
    score(Metric::ValidationAccuracy).or_else(|| Some(-loss()?)).unwrap_or(f64::NAN)
}
