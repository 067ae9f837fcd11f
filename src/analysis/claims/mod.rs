//! Published claims, judged by the records: confirmed, practically the same, refuted or inconclusive.
//!
//! In: a claim's test, in the small language below, and records. Out: a [`JudgedClaim`] with its evidence in words.
//!
//! | test | confirmed when |
//! | --- | --- |
//! | `adam > sgd on test_accuracy` | the interval of the difference of interquartile means lies above 0 |
//! | `a > b > c on test_accuracy` | the same for each pair of neighbours |
//! | `adam > others on test_accuracy` | the same for the arm and each other arm; also `median(adam) > others` |
//! | `gain(epochs=10 from epochs=1) > gain(epochs=50 from epochs=10) on test_accuracy` | the interval of the difference of the two differences lies above 0; also `gain(a from b) > 0.01` |
//! | `best(adam) > best(sgd) on test_accuracy` | the same, between the arms of each group that validate best; each seed is compared as the arm that the other half of the seeds chooses |
//! | `adam > sgd + 0.005 on test_accuracy` | the interval of the difference lies above the margin |
//! | `adam ~ sgd within 0.002 on test_accuracy` | the interval of the difference lies within the margin on either side: *practically the same* |
//! | `mean(adam) > mean(sgd) on test_accuracy` | the interval of the difference of means lies above 0; also `median` |
//! | `sd(adam) < sd(sgd) on test_accuracy` | the interval of the difference of mean distances from the median lies below 0 |
//! | `adam > 0.97 on test_accuracy` | the interval of the interquartile mean lies above the number; also `mean`, `median`, `sd` |
//! | `adam in [0.95, 0.98] on test_accuracy` | the interval lies inside; refuted when wholly outside |
//! | `table within 0.02 on test_accuracy` | the interval of the mean over runs of a run's mean distance from the numbers of the claim's `table`, `[["ARM", 0.93], ...]`, lies below the margin; an entry may name its own metric, `"ARM on METRIC"`; with `table of A within ...` the entries are what follows A in its arms' labels |
//! | `784 * 128 = 100352` | the expression has that value, to the digits written; no run decides it |
//! | `increasing in batch_size on test_loss` | the interval of the mean over seeds of Kendall's tau along the axis lies above 0; also `decreasing`; with several axes the mean over their other values, or over those with `for KEY=VALUE` |
//!
//! A metric may be a difference of two of the same run: `adam > 0 on train_accuracy - test_accuracy`. `epochs_to@0.9` is the first epoch
//! whose validation accuracy is 0.9 or more. `diverged` is 1 for a run that diverged and 0 for one that did not.
//!
//! A claim is refuted by the same evidence the other way round, and else inconclusive. A descent without jitter is the same for every
//! seed: its values are compared without statistics. A claim whose source leaves open what is meant has `readings` instead of a test, each
//! with a `name` and a `test`: where they come to the same finding it is the claim's, and else *not enough is said* to rerun it. A claim
//! that no run of this program can judge says `untestable = "why"`. A claim of a source, or a comparison with another program, is *not as
//! published*, whatever the records say, in a run whose settings differ from the experiment's file.

mod arithmetic;
mod evidence;
mod judge;
mod language;
mod outlook;
mod trend;

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};

use crate::analysis::stats::hypothesis::{Tested, correct};
use crate::analysis::stats::looks::level;
use crate::analysis::stats::{Interval, MIN_SEEDS_FOR_TRUST};
use crate::experiment::config::TrialKind;
use crate::experiment::metric::Metric;
use crate::experiment::plan::{Arm, Plan};
use crate::experiment::quantity::Quantity;
use crate::experiment::spec::{Claim, ClaimKind};
use crate::record::TrialRecord;
use crate::suggest::suggestion;
use evidence::Evidence;
use judge::ClaimContext;
use language::{Context, Test};

pub(crate) use evidence::{comparison_text, margin_text, p_value_text};
pub use outlook::{Outlook, outlook};

/// What the records say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Its plausible readings come to different findings.
    #[serde(rename = "not enough is said")]
    Underspecified,
    /// The run has other settings than the source's.
    #[serde(rename = "not as published")]
    NotAsPublished,
    /// No run of this program can judge it.
    #[serde(rename = "not testable")]
    Untestable,
}

impl Finding {
    /// Every finding, in the order in which they are counted.
    pub const ALL: &[Self] = &[
        Self::Confirmed,
        Self::Same,
        Self::Refuted,
        Self::Inconclusive,
        Self::Underspecified,
        Self::NotAsPublished,
        Self::Untestable,
    ];

    /// Its name in tables and sentences.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Same => "practically the same",
            Self::Refuted => "refuted",
            Self::Inconclusive => "inconclusive",
            Self::Underspecified => "not enough is said",
            Self::NotAsPublished => "not as published",
            Self::Untestable => "not testable",
        }
    }
}

/// A claim with its finding.
#[derive(Debug, Clone, Serialize)]
pub struct JudgedClaim {
    /// The claim.
    pub says: String,
    /// Whose sentence it is.
    pub kind: ClaimKind,
    /// Where it was published; `None` for a question of ours.
    pub source: Option<String>,
    /// What was published, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// What had to be assumed for this claim alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumes: Vec<String>,
    /// What there is to learn from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learn: Option<String>,
    /// Its place among the corrections with which the ledger opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<u32>,
    /// Its tests in the claim language, one or one for each reading; none where the claim is untestable.
    pub tests: Vec<String>,
    /// What the records say.
    pub finding: Finding,
    /// The p-value of the claim on its own, before any correction, two-sided: the largest of its parts' against the claim's failing, or the
    /// smallest of their contrary ones times their number, whichever is smaller. `None` where nothing is tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// The numbers behind the finding, with the number of seeds.
    pub evidence: String,
    /// The published numbers beside what was measured of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
}

/// A published number, or range, beside what was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The reading of the claim; empty where it has but one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reading: String,
    /// The arm, or what else the number is of.
    pub what: String,
    /// The quantity.
    pub quantity: Quantity,
    /// The published number twice, or the ends of the published range.
    pub published: [f64; 2],
    /// What was measured.
    pub estimate: f64,
    /// Its interval; `None` for a number without statistics.
    pub interval: Option<Interval>,
    /// What it says of this number alone.
    pub finding: Finding,
}

/// One test of a claim, read and checked against a plan.
#[derive(Debug, Clone)]
struct ParsedTest {
    /// What is assumed in this reading of the claim; empty where it has but one.
    reading: String,
    /// The test as written.
    text: String,
    /// The test.
    test: Test,
    /// What it is about.
    quantity: Quantity,
}

/// Checks that every claim of a plan can be read and names arms and axes of it, before anything is trained.
///
/// # Errors
/// The first claim that does not, with the valid names.
pub fn check(plan: &Plan) -> Result<()> {
    plan.claims.iter().try_for_each(|claim| parse(claim, plan).map(|_| ()))
}

/// Splits claims into those that a plan can judge, and those that name an arm or an axis that it does not have, as when `--set`
/// replaced an axis.
pub(crate) fn applicable(claims: Vec<Claim>, plan: &Plan) -> (Vec<Claim>, Vec<Claim>) {
    claims.into_iter().partition(|claim| parse(claim, plan).is_ok())
}

/// The metrics that the claims are about, both sides of each difference.
pub(crate) fn metrics(plan: &Plan) -> Vec<Metric> {
    let parsed = plan.claims.iter().flat_map(|claim| parse(claim, plan).unwrap_or_default());
    let of_test = |one: ParsedTest| {
        let mut all: Vec<Metric> = one.quantity.metrics().cloned().collect();
        if let Test::Table { cells, .. } = &one.test {
            all.extend(cells.iter().filter_map(|cell| cell.quantity.as_ref()).flat_map(Quantity::metrics).cloned());
        }
        all
    };
    parsed.flat_map(of_test).collect()
}

/// What is known of a claim before Holm's correction.
enum Outcome<'a> {
    /// Why it cannot be tested.
    Untestable(&'a str),
    /// The run is not what its source describes.
    NotAsPublished,
    /// Each of its tests with its evidence, part by part.
    Tested(Vec<(ParsedTest, Vec<Evidence>)>),
}

/// Judges every claim of a plan. Holm's correction is over every part of every claim.
///
/// # Errors
/// A claim names an unknown arm or metric, or is not in the claim language.
pub(crate) fn judge_all(plan: &Plan, records: &[TrialRecord]) -> Result<Vec<JudgedClaim>> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(plan.claims.len());
    for claim in &plan.claims {
        // A comparison is with what another program gave for the published settings.
        let is_of_source = claim.kind != ClaimKind::Question && source_of(claim, plan).is_some();
        outcomes.push(match &claim.untestable {
            Some(why) => Outcome::Untestable(why),
            None if is_of_source && !plan.differs.is_empty() => Outcome::NotAsPublished,
            None => {
                let judged = |one: ParsedTest| {
                    let evidence = ClaimContext { plan, records, quantity: &one.quantity }.evidence(&one.test)?;
                    Ok((one, evidence))
                };
                Outcome::Tested(parse(claim, plan)?.into_iter().map(judged).collect::<Result<_>>()?)
            }
        });
    }
    let mut family: Vec<&mut Tested> = Vec::new();
    for outcome in &mut outcomes {
        if let Outcome::Tested(tests) = outcome {
            family.extend(tests.iter_mut().flat_map(|(_, evidence)| evidence).filter_map(Evidence::test_mut));
        }
    }
    correct(&mut family, level(&plan.looks, plan.seeds.len() as u64));
    Ok(plan.claims.iter().zip(&outcomes).map(|(claim, outcome)| conclude(claim, outcome, (plan, records))).collect())
}

/// Where a claim was published: the experiment's source, unless it names its own. Ours and comparisons have none but their own.
fn source_of(claim: &Claim, plan: &Plan) -> Option<String> {
    let of_plan = plan.source.clone().filter(|_| claim.kind == ClaimKind::Claim);
    claim.source.clone().or(of_plan)
}

fn conclude(claim: &Claim, outcome: &Outcome, (plan, records): (&Plan, &[TrialRecord])) -> JudgedClaim {
    let (finding, evidence) = match outcome {
        Outcome::Untestable(why) => (Finding::Untestable, (*why).to_string()),
        Outcome::NotAsPublished => (Finding::NotAsPublished, plan.differs.join("; ")),
        Outcome::Tested(tests) => (finding_of_readings(tests), evidence_text(tests, plan)),
    };
    JudgedClaim {
        says: claim.says.clone(),
        kind: claim.kind,
        source: source_of(claim, plan),
        published: claim.published.clone(),
        assumes: claim.assumes.clone(),
        learn: claim.learn.clone(),
        correction: claim.correction,
        tests: claim.tests().map(|(_, test)| test.to_string()).collect(),
        p: p_value(outcome),
        finding,
        evidence,
        measured: measured(claim, outcome, (plan, records)),
    }
}

/// The finding that all readings come to; where they differ, the text that was published is not enough.
fn finding_of_readings(tests: &[(ParsedTest, Vec<Evidence>)]) -> Finding {
    let mut findings = tests.iter().map(|(one, evidence)| finding_of_parts(&one.test, evidence));
    let first = findings.next().unwrap_or(Finding::Inconclusive);
    if findings.all(|finding| finding == first) { first } else { Finding::Underspecified }
}

/// A test is confirmed when every part of the evidence confirms it, and refuted when any part refutes it.
fn finding_of_parts(test: &Test, evidence: &[Evidence]) -> Finding {
    if evidence.iter().all(|part| part.finding() == Finding::Confirmed) {
        if matches!(test, Test::Same { .. }) { Finding::Same } else { Finding::Confirmed }
    } else if evidence.iter().any(|part| part.finding() == Finding::Refuted) {
        Finding::Refuted
    } else {
        Finding::Inconclusive
    }
}

/// The numbers behind the findings of a claim's tests.
fn evidence_text(tests: &[(ParsedTest, Vec<Evidence>)], plan: &Plan) -> String {
    let text_of = |(one, evidence): &(ParsedTest, Vec<Evidence>)| {
        let numbers = evidence.iter().map(|part| part.text(&one.quantity)).collect::<Vec<_>>().join("; ");
        match one.reading.as_str() {
            "" => numbers,
            reading => format!("{reading}: {}, {numbers}", finding_of_parts(&one.test, evidence).name()),
        }
    };
    let mut text = tests.iter().map(text_of).collect::<Vec<_>>().join("; ");
    let all = tests.iter().flat_map(|(_, evidence)| evidence);
    let seeds = all.map(Evidence::seeds).min().unwrap_or(0);
    if seeds < MIN_SEEDS_FOR_TRUST && !plan.is_deterministic() {
        text.push_str(&format!("; only {seeds} runs, so that the intervals hold for normally distributed values"));
    }
    text
}

/// The published numbers of a claim beside what was measured: those of its table, or its one value in each reading.
fn measured(claim: &Claim, outcome: &Outcome, (plan, records): (&Plan, &[TrialRecord])) -> Vec<Measured> {
    let Outcome::Tested(tests) = outcome else { return Vec::new() };
    let mut all = Vec::new();
    for (one, evidence) in tests {
        let mut push = |what: String, quantity: &Quantity, published: [f64; 2], part: &Evidence| {
            all.extend(part.number().map(|(estimate, interval)| Measured {
                reading: one.reading.clone(),
                what,
                quantity: quantity.clone(),
                published,
                estimate,
                interval,
                finding: part.finding(),
            }));
        };
        match (&one.test, claim.value, evidence.first()) {
            (Test::Table { cells, within }, ..) => {
                let context = ClaimContext { plan, records, quantity: &one.quantity };
                for cell in cells {
                    let quantity = cell.quantity.as_ref().unwrap_or(&one.quantity);
                    push(cell.side.to_string(), quantity, [cell.published; 2], &context.cell(cell, *within));
                }
            }
            (test, Some(value), Some(part)) => {
                let arm = test.arms().first().map_or_else(String::new, ToString::to_string);
                push(arm, &one.quantity, value.ends(), part);
            }
            _ => {}
        }
    }
    all
}

/// See [`JudgedClaim::p`]. A claim with several readings is called as confirmed or refuted where all of them are.
fn p_value(outcome: &Outcome) -> Option<f64> {
    let Outcome::Tested(tests) = outcome else { return None };
    let mut of_readings = Vec::with_capacity(tests.len());
    for (_, evidence) in tests {
        let parts: Vec<&Tested> = evidence.iter().map(Evidence::test).collect::<Option<_>>()?;
        let every = parts.iter().map(|part| part.p_for()).reduce(f64::max)?;
        let any = parts.iter().map(|part| part.p_against()).reduce(f64::min)? * parts.len() as f64;
        of_readings.push((every, any));
    }
    let all_for = of_readings.iter().map(|(every, _)| *every).reduce(f64::max)?;
    let all_against = of_readings.iter().map(|(_, any)| *any).reduce(f64::max)?;
    Some(all_for.min(all_against).min(1.0))
}

/// A claim's tests, checked against the arms and axes of a plan; none where it is untestable.
fn parse(claim: &Claim, plan: &Plan) -> Result<Vec<ParsedTest>> {
    claim.tests().map(|(reading, text)| parse_test(reading, text, claim, plan)).collect()
}

fn parse_test(reading: &str, text: &str, claim: &Claim, plan: &Plan) -> Result<ParsedTest> {
    let fail = |what: String| anyhow!("claim `{text}`: {what}");
    let labels: Vec<&str> = plan.arms.iter().map(|arm| arm.label.as_str()).collect();
    let context = Context { arms: &labels, table: &claim.table };
    let (test, quantity) = language::parse(text, context).map_err(fail)?;
    let quantity = quantity.unwrap_or_else(|| plan.metric.clone());
    plan.check_measured(&quantity).map_err(fail)?;
    if let Test::Table { cells, .. } = &test {
        cells
            .iter()
            .filter_map(|cell| cell.quantity.as_ref())
            .try_for_each(|own| plan.check_measured(own))
            .map_err(fail)?;
    }
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
    Ok(ParsedTest { reading: reading.into(), text: text.into(), test, quantity })
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
