//! Published claims, judged by the records: confirmed, practically the same, refuted or inconclusive.
//!
//! In: a claim's test, in the small language below, and records. Out: a [`JudgedClaim`] with its evidence in words.
//!
//! | test | confirmed when |
//! | --- | --- |
//! | `adam > sgd on test_accuracy` | the interval of the difference of interquartile means lies above 0 |
//! | `a > b > c on test_accuracy` | the same for each pair of neighbours |
//! | `best(adam) > best(sgd) on test_accuracy` | the same, between the arms of each group that validate best; each seed is compared as the arm that the other half of the seeds chooses |
//! | `adam > sgd + 0.005 on test_accuracy` | the interval of the difference lies above the margin |
//! | `adam ~ sgd within 0.002 on test_accuracy` | the interval of the difference lies within the margin on either side: *practically the same* |
//! | `mean(adam) > mean(sgd) on test_accuracy` | the interval of the difference of means lies above 0; also `median` |
//! | `sd(adam) < sd(sgd) on test_accuracy` | the interval of the difference of mean distances from the median lies below 0 |
//! | `adam > 0.97 on test_accuracy` | the interval of the interquartile mean lies above the number; also `mean`, `median`, `sd` |
//! | `adam in [0.95, 0.98] on test_accuracy` | the interval lies inside; refuted when wholly outside |
//! | `increasing in batch_size on test_loss` | the interval of the mean over seeds of Kendall's tau along the axis lies above 0; also `decreasing`; with several axes the mean over their other values, or over those with `for KEY=VALUE` |
//!
//! A metric may be a difference of two of the same run: `adam > 0 on train_accuracy - test_accuracy`. `epochs_to@0.9` is the first epoch
//! whose validation accuracy is 0.9 or more. `diverged` is 1 for a run that diverged and 0 for one that did not.
//!
//! A claim is refuted by the same evidence the other way round, and else inconclusive. A descent without jitter is the same for every
//! seed: its values are compared without statistics. A claim that no run of this program can judge says `untestable = "why"` instead of
//! a test.

mod evidence;
mod judge;
mod language;
mod outlook;
mod trend;

use anyhow::{Result, anyhow};
use serde::Serialize;

use crate::analysis::stats::MIN_SEEDS_FOR_TRUST;
use crate::analysis::stats::hypothesis::{Tested, correct};
use crate::analysis::stats::looks::level;
use crate::experiment::config::TrialKind;
use crate::experiment::metric::{Metric, Quantity};
use crate::experiment::plan::{Arm, Plan};
use crate::experiment::spec::Claim;
use crate::record::TrialRecord;
use crate::suggest::suggestion;
use evidence::Evidence;
use judge::ClaimContext;
use language::Test;

pub(crate) use evidence::{comparison_text, margin_text, p_value_text};
pub use outlook::{Outlook, outlook};

/// What the records say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// Every part of the evidence is for it.
    Confirmed,
    /// The difference of two arms is confirmed to lie within a margin.
    #[serde(rename = "practically the same")]
    Same,
    /// Some part of the evidence is for its opposite.
    Refuted,
    /// Neither.
    Inconclusive,
    /// No run of this program can judge it.
    #[serde(rename = "not testable")]
    Untestable,
}

/// A claim with its finding.
#[derive(Debug, Clone, Serialize)]
pub struct JudgedClaim {
    /// The claim, as published.
    pub says: String,
    /// Where it was published.
    pub source: Option<String>,
    /// The published number, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// The test in the claim language; empty where the claim is untestable.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub test: String,
    /// What the records say.
    pub finding: Finding,
    /// The p-value of the claim on its own, before any correction, two-sided: the largest of its parts' against the claim's failing, or the
    /// smallest of their contrary ones times their number, whichever is smaller. `None` where nothing is tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// The numbers behind the finding, with the number of seeds.
    pub evidence: String,
}

/// Checks that every claim of a plan can be read and names arms and axes of it, before anything is trained.
///
/// # Errors
/// The first claim that does not, with the valid names.
pub fn check(plan: &Plan) -> Result<()> {
    plan.claims.iter().filter(|claim| claim.untestable.is_none()).try_for_each(|claim| parse(claim, plan).map(|_| ()))
}

/// Splits claims into those that a plan can judge, and those that name an arm or an axis that it does not have, as when `--set`
/// replaced an axis.
pub(crate) fn applicable(claims: Vec<Claim>, plan: &Plan) -> (Vec<Claim>, Vec<Claim>) {
    claims.into_iter().partition(|claim| claim.untestable.is_some() || parse(claim, plan).is_ok())
}

/// The metrics that the claims are about, both sides of each difference.
pub(crate) fn metrics(plan: &Plan) -> Vec<Metric> {
    let quantities = plan.claims.iter().filter_map(|claim| Some(language::parse(&claim.test).ok()?.1));
    quantities.flat_map(|quantity| quantity.metrics().cloned().collect::<Vec<_>>()).collect()
}

/// What is known of a claim before Holm's correction.
enum Outcome<'a> {
    /// Why it cannot be tested.
    Untestable(&'a str),
    /// Its evidence, part by part.
    Tested { test: Test, quantity: Quantity, evidence: Vec<Evidence> },
}

/// Judges every claim of a plan. Holm's correction is over every part of every claim.
///
/// # Errors
/// A claim names an unknown arm or metric, or is not in the claim language.
pub(crate) fn judge_all(plan: &Plan, records: &[TrialRecord]) -> Result<Vec<JudgedClaim>> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(plan.claims.len());
    for claim in &plan.claims {
        outcomes.push(match &claim.untestable {
            Some(why) => Outcome::Untestable(why),
            None => {
                let (test, quantity) = parse(claim, plan)?;
                let evidence = ClaimContext { plan, records, quantity: &quantity }.evidence(&test)?;
                Outcome::Tested { test, quantity, evidence }
            }
        });
    }
    let mut family: Vec<&mut Tested> = Vec::new();
    for outcome in &mut outcomes {
        if let Outcome::Tested { evidence, .. } = outcome {
            family.extend(evidence.iter_mut().filter_map(Evidence::test_mut));
        }
    }
    correct(&mut family, level(&plan.looks, plan.seeds.len() as u64));
    Ok(plan.claims.iter().zip(&outcomes).map(|(claim, outcome)| conclude(claim, outcome, plan)).collect())
}

/// A claim is confirmed when every part of the evidence confirms it, and refuted when any part refutes it.
fn conclude(claim: &Claim, outcome: &Outcome, plan: &Plan) -> JudgedClaim {
    let (finding, evidence) = match outcome {
        Outcome::Untestable(why) => (Finding::Untestable, (*why).to_string()),
        Outcome::Tested { test, quantity, evidence } => {
            let finding = if evidence.iter().all(|part| part.finding() == Finding::Confirmed) {
                if matches!(test, Test::Same { .. }) { Finding::Same } else { Finding::Confirmed }
            } else if evidence.iter().any(|part| part.finding() == Finding::Refuted) {
                Finding::Refuted
            } else {
                Finding::Inconclusive
            };
            let mut text = evidence.iter().map(|part| part.text(quantity)).collect::<Vec<_>>().join("; ");
            let seeds = evidence.iter().map(Evidence::seeds).min().unwrap_or(0);
            if seeds < MIN_SEEDS_FOR_TRUST && !plan.is_deterministic() {
                text.push_str(&format!(
                    "; only {seeds} runs, so that the intervals hold for normally distributed values"
                ));
            }
            (finding, text)
        }
    };
    JudgedClaim {
        says: claim.says.clone(),
        source: claim.source.clone().or_else(|| plan.source.clone()),
        published: claim.published.clone(),
        test: claim.test.clone(),
        p: p_value(outcome),
        finding,
        evidence,
    }
}

/// See [`JudgedClaim::p`].
fn p_value(outcome: &Outcome) -> Option<f64> {
    let Outcome::Tested { evidence, .. } = outcome else { return None };
    let parts: Vec<&Tested> = evidence.iter().map(Evidence::test).collect::<Option<_>>()?;
    let every = parts.iter().map(|part| part.p_for()).reduce(f64::max)?;
    let any = parts.iter().map(|part| part.p_against()).reduce(f64::min)? * parts.len() as f64;
    Some(every.min(any))
}

/// A claim's test and quantity, checked against the arms and axes of a plan.
fn parse(claim: &Claim, plan: &Plan) -> Result<(Test, Quantity)> {
    let fail = |what: String| anyhow!("claim `{}`: {what}", claim.test);
    let (test, quantity) = language::parse(&claim.test).map_err(fail)?;
    plan.check_measured(&quantity).map_err(fail)?;
    let labels: Vec<&str> = plan.arms.iter().map(|arm| arm.label.as_str()).collect();
    for arm in test.arms() {
        if !labels.contains(&arm) {
            let near = suggestion(arm, labels.iter().copied());
            return Err(fail(format!("no arm `{arm}`{near}; the arms are {}", labels.join(", "))));
        }
    }
    if quantity == Quantity::from(Metric::Diverged) && test.has_other_statistic() {
        return Err(fail("`diverged` is 0 or 1 for a run, and an arm's name alone is the share of its runs".into()));
    }
    for group in test.groups() {
        check_group(group, plan).map_err(fail)?;
    }
    if let Test::Trend { axis, fixed, .. } = &test {
        trend::series(plan, axis, fixed).map_err(fail)?;
    }
    Ok((test, quantity))
}

/// Checks that some arms have this axis value, and that one of them can be chosen on validation.
fn check_group(group: &str, plan: &Plan) -> Result<(), String> {
    if plan.arms.iter().any(|arm| matches!(arm.config.kind(), TrialKind::Descent(_))) {
        return Err(format!("`best({group})` is chosen on validation, and a descent has none; name the arm"));
    }
    let members = plan.arms.iter().filter(|arm| axis_names(arm).any(|name| name == group));
    // Accuracies can be compared whatever the loss.
    let without_accuracy = members.filter(|arm| !matches!(arm.config.kind(), TrialKind::Classification));
    let mut losses: Vec<_> = without_accuracy.map(|arm| arm.config.train.loss).collect();
    losses.dedup();
    if losses.len() > 1 {
        return Err(format!("the arms of `{group}` have different losses, so none validates best"));
    }
    let names: Vec<&str> = plan.arms.iter().flat_map(axis_names).collect();
    if !names.contains(&group) {
        return Err(format!("no arm has the axis value `{group}`; there are {}", names.join(", ")));
    }
    Ok(())
}

/// The axis values of an arm that are names, such as its optimizer.
fn axis_names(arm: &Arm) -> impl Iterator<Item = &str> {
    arm.values.iter().filter_map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests;
