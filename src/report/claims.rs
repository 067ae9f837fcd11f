//! Claims as tables: those of the source, questions of ours, and comparisons with other programs, each kind apart.

use super::table::{Cell, Table};
use crate::analysis::claims::{Finding, JudgedClaim, Measured};
use crate::experiment::spec::ClaimKind;

/// The kinds of claims in the order in which they are shown, with the heading of their table.
pub const KINDS: &[(ClaimKind, &str)] = &[
    (ClaimKind::Claim, "Claims"),
    (ClaimKind::Question, "Questions of ours"),
    (ClaimKind::Comparison, "Comparisons with other programs"),
];

/// A row per claim of an experiment's report.
pub fn table<'a>(claims: impl IntoIterator<Item = &'a JudgedClaim>) -> Table {
    let row = |claim: &JudgedClaim| {
        vec![
            Cell::Text(said(claim)),
            Cell::Text(claim.published.clone().unwrap_or_default()),
            Cell::Finding(claim.finding),
            Cell::from(&claim.evidence),
            Cell::Text(learnt(claim)),
        ]
    };
    Table::new(["claim", "published", "finding", "evidence", "what to learn"], claims.into_iter().map(row))
}

/// What there is to learn, once the claim is judged.
pub fn learnt(claim: &JudgedClaim) -> String {
    claim.learn.clone().filter(|_| claim.finding != Finding::NotAsPublished).unwrap_or_default()
}

/// The claim's sentence, with what had to be assumed for it alone.
pub fn said(claim: &JudgedClaim) -> String {
    match &claim.assumes[..] {
        [] => claim.says.clone(),
        assumed => format!("{} (assumed: {})", claim.says, assumed.join("; ")),
    }
}

/// The published numbers of all claims beside what was measured; `None` without any.
pub fn measured(claims: &[JudgedClaim]) -> Option<Table> {
    let row = |cell: &Measured| {
        let number = |value: f64| cell.quantity.format(value);
        let [low, high] = cell.published;
        let unit = if cell.quantity.is_percent() { ", %" } else { "" };
        vec![
            Cell::Text(if cell.reading.is_empty() {
                cell.what.clone()
            } else {
                format!("{}: {}", cell.reading, cell.what)
            }),
            Cell::Text(format!("{}{unit}", cell.quantity.title())),
            Cell::number(if low == high { number(low) } else { format!("{} to {}", number(low), number(high)) }),
            Cell::number(number(cell.estimate)),
            Cell::Number(
                cell.interval.map(|interval| format!("{} to {}", number(interval.low), number(interval.high))),
            ),
            Cell::Finding(cell.finding),
        ]
    };
    let rows: Vec<Vec<Cell>> = claims.iter().flat_map(|claim| &claim.measured).map(row).collect();
    (!rows.is_empty()).then(|| Table::new(["of", "metric", "published", "measured", "interval", "finding"], rows))
}

/// How many claims come to each finding: "12 claims: 7 confirmed, 3 refuted, 2 inconclusive".
pub fn counted<'a>(claims: impl IntoIterator<Item = &'a JudgedClaim>, [one, several]: [&str; 2]) -> String {
    let findings: Vec<Finding> = claims.into_iter().map(|claim| claim.finding).collect();
    let count = |wanted: &Finding| findings.iter().filter(|finding| *finding == wanted).count();
    let parts = Finding::ALL.iter().filter(|finding| count(finding) > 0);
    let parts: Vec<String> = parts.map(|finding| format!("{} {}", count(finding), finding.name())).collect();
    let all = format!("{} {}", findings.len(), if findings.len() == 1 { one } else { several });
    if parts.is_empty() { all } else { format!("{all}: {}", parts.join(", ")) }
}
