//! Published claims and the measured rows that confirm, refute or fail to settle them.
//!
//! In: a claim's test, in the small language below, and records. Out: a [`JudgedClaim`] claim with its evidence in words.
//!
//! | test | confirmed when |
//! | --- | --- |
//! | `adam > sgd on test_accuracy` | the paired difference of interquartile means is above 0: interval and Holm-corrected p agree |
//! | `a > b > c on test_accuracy` | the same for each pair of neighbours |
//! | `best(adam) > best(sgd) on test_accuracy` | the same, between the arm of each group that validates best |
//! | `sd(adam) < sd(sgd) on test_accuracy` | the interval of the difference of standard deviations lies below 0; also `median`, `mean` |
//! | `adam > sgd + 0.005 on test_accuracy` | the interval of the difference lies above the margin, and so does the signed-rank test |
//! | `adam > 0.97 on test_accuracy` | the interval of the difference lies above 0, and so does the signed-rank test |
//! | `adam in [0.95, 0.98] on test_accuracy` | the interval lies inside; refuted when wholly outside |
//! | `increasing in batch_size on test_loss` | the mean over seeds of Kendall's tau along the axis is above 0, with its interval; also `decreasing`; with several axes the mean over their other values, or `for KEY=VALUE` of them |
//!
//! A metric may be a difference of two of the same run: `adam > 0 on train_accuracy - test_accuracy`; `epochs_to@0.9` is the first epoch
//! that validates at 0.9, and `diverged` is 1 for a run that did and 0 for one that did not.
//!
//! Refuted is the same evidence the other way round. All else is inconclusive. A descent without jitter is the same for every seed: what
//! it does is compared as it is. A claim that no run of ours can judge says `untestable = "why"` instead of a test.

mod evidence;
mod judge;
mod language;
mod trend;

use anyhow::{Result, anyhow};
use serde::Serialize;

use crate::analysis::stats::FEWEST_FOR_TRUST;
use crate::analysis::stats::compare::{Comparison, correct};
use crate::experiment::metric;
use crate::experiment::plan::{Arm, Plan};
use crate::experiment::spec::Claim;
use crate::record::TrialRecord;
use crate::suggest::suggestion;
use evidence::Evidence;
use judge::ClaimContext;
use language::Test;

pub use evidence::in_words;

/// What the records say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Finding {
    Confirmed,
    Refuted,
    Inconclusive,
    #[serde(rename = "not testable")]
    Untestable,
}

/// A claim with its finding.
#[derive(Debug, Clone, Serialize)]
pub struct JudgedClaim {
    /// The claim in words.
    pub says: String,
    /// Who says so.
    pub source: Option<String>,
    /// The number that was published, as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// How it was tested.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub test: String,
    /// What the records say.
    pub finding: Finding,
    /// In numbers, with n.
    pub evidence: String,
}

/// Checks that every claim of a plan can be read and names arms and axes of it, before anything is trained.
///
/// # Errors
/// The first that cannot, with the valid names.
pub fn check(plan: &Plan) -> Result<()> {
    plan.claims.iter().filter(|claim| claim.untestable.is_none()).try_for_each(|claim| parsed(claim, plan).map(|_| ()))
}

/// Splits claims into those a plan can judge and those that name an arm or an axis it no longer has, as when `--set`
/// replaced an axis.
pub fn applicable(claims: Vec<Claim>, plan: &Plan) -> (Vec<Claim>, Vec<Claim>) {
    claims.into_iter().partition(|claim| claim.untestable.is_some() || parsed(claim, plan).is_ok())
}

/// The metrics that the claims ask about, both sides of each difference.
pub fn metrics(plan: &Plan) -> Vec<String> {
    let asked = plan.claims.iter().filter_map(|claim| Some(language::parse(&claim.test).ok()?.1));
    let both = asked.flat_map(|metric| {
        let (first, second) = metric::sides(&metric);
        [Some(first.to_string()), second.map(String::from)]
    });
    both.flatten().collect()
}

/// Judges every claim of a plan. Holm's correction is over all the pairs of arms that the claims compare.
///
/// # Errors
/// A claim that names an unknown arm or metric, or is not in the claim language.
pub fn judge_all(plan: &Plan, records: &[TrialRecord]) -> Result<Vec<JudgedClaim>> {
    let mut all: Vec<(&Claim, String, Vec<Evidence>)> = Vec::new();
    for (index, claim) in plan.claims.iter().enumerate() {
        if claim.untestable.is_some() {
            all.push((claim, String::new(), Vec::new()));
            continue;
        }
        let (test, metric) = parsed(claim, plan)?;
        let bench = ClaimContext { plan, records, metric: &metric, index: index as u64 };
        let evidence = bench.evidence(&test)?;
        all.push((claim, metric, evidence));
    }
    let mut compared: Vec<&mut Comparison> = all
        .iter_mut()
        .flat_map(|(_, _, evidence)| evidence)
        .filter_map(|evidence| match evidence {
            Evidence::Compared { comparison, .. } => Some(comparison),
            Evidence::Told { .. } => None,
        })
        .collect();
    correct(&mut compared);
    Ok(all.into_iter().map(|(claim, metric, evidence)| conclude(claim, &metric, &evidence, plan)).collect())
}

/// Confirmed when every part of the evidence confirms, refuted when any refutes.
fn conclude(claim: &Claim, metric: &str, parts: &[Evidence], plan: &Plan) -> JudgedClaim {
    if let Some(why) = &claim.untestable {
        return judged(claim, plan, Finding::Untestable, why.clone());
    }
    let finding = if parts.iter().all(|part| part.finding() == Finding::Confirmed) {
        Finding::Confirmed
    } else if parts.iter().any(|part| part.finding() == Finding::Refuted) {
        Finding::Refuted
    } else {
        Finding::Inconclusive
    };
    let mut words = parts.iter().map(|part| part.in_words(metric)).collect::<Vec<_>>().join("; ");
    let seeds = parts.iter().map(Evidence::seeds).min().unwrap_or(0);
    if seeds < FEWEST_FOR_TRUST && !plan.is_deterministic() {
        words.push_str(&format!("; only {seeds} seeds, so the intervals are too narrow"));
    }
    judged(claim, plan, finding, words)
}

fn judged(claim: &Claim, plan: &Plan, finding: Finding, evidence: String) -> JudgedClaim {
    JudgedClaim {
        says: claim.says.clone(),
        source: claim.source.clone().or_else(|| plan.source.clone()),
        published: claim.published.clone(),
        test: claim.test.clone(),
        finding,
        evidence,
    }
}

fn parsed(claim: &Claim, plan: &Plan) -> Result<(Test, String)> {
    let labels: Vec<&str> = plan.arms.iter().map(|arm| arm.label.as_str()).collect();
    let fail = |what: String| anyhow!("claim `{}`: {what}", claim.test);
    let (test, metric) = language::parse(&claim.test).map_err(fail)?;
    metric::check(&metric).map_err(fail)?;
    plan.check_measured(&metric).map_err(fail)?;
    for arm in test.arms() {
        if !labels.contains(&arm) {
            let near = suggestion(arm, labels.iter().copied());
            return Err(fail(format!("no arm `{arm}`{near}; the arms are {}", labels.join(", "))));
        }
    }
    if let Some(group) = test.groups().first().filter(|_| plan.arms.iter().any(|arm| arm.config.descend.is_some())) {
        return Err(fail(format!("`best({group})` is chosen on validation, and a descent has none; name the arm")));
    }
    for group in test.groups() {
        let values: Vec<&str> = plan.arms.iter().flat_map(group_names).collect();
        let members = plan.arms.iter().filter(|arm| group_names(arm).any(|name| name == group));
        let mut losses: Vec<_> =
            members.filter(|arm| !arm.config.has_accuracy()).map(|arm| arm.config.train.loss).collect();
        losses.dedup();
        if losses.len() > 1 {
            return Err(fail(format!("the arms of `{group}` have different losses, so none validates best")));
        }
        if !values.contains(&group) {
            return Err(fail(format!("no arm has the axis value `{group}`; there are {}", values.join(", "))));
        }
    }
    if let Test::Trend { axis, fixed, .. } = &test {
        trend::lines(plan, axis, fixed).map_err(fail)?;
    }
    Ok((test, metric))
}

/// The named axis values of an arm, such as its optimizer.
fn group_names(arm: &Arm) -> impl Iterator<Item = &str> {
    arm.values.iter().filter_map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests;
