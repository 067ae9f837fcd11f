//! The `[[claims]]` of an experiment file: what was said, by whom, and how the records judge it.

use serde::{Deserialize, Serialize};

/// A sentence about the arms, and how the records judge it, or why they cannot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The sentence.
    pub says: String,
    /// Whose sentence it is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: ClaimKind,
    /// The test in the claim language, which the module `analysis::claims` defines; empty where there are `readings`, or where the claim is
    /// untestable.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub test: String,
    /// The tests of a claim whose source leaves open what is meant: one for each plausible reading.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
    /// Why no run of this program can judge it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untestable: Option<String>,
    /// What was published, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// The published number in the metric's own unit, to be drawn beside what was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<PublishedValue>,
    /// Published numbers by the label of their arm, for the tests `table within MARGIN on METRIC` and `table of ARM within MARGIN on METRIC`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<(String, f64)>,
    /// Where it was published, if not in the experiment's source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What had to be assumed for this claim alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumes: Vec<String>,
    /// What there is to learn from it, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learn: Option<String>,
    /// Its place among the corrections with which the ledger opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<u32>,
}

/// Whose sentence a claim is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimKind {
    /// The source's.
    #[default]
    Claim,
    /// Ours, asked of the source's experiment.
    Question,
    /// A comparison with what another program gives for the same settings.
    Comparison,
}

/// One plausible reading of a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// What is assumed in it: `with Adam`.
    pub name: String,
    /// Its test in the claim language.
    pub test: String,
}

/// A published number, or the two ends of a published range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number, or the two ends of a range")]
pub enum PublishedValue {
    /// A number.
    Number(f64),
    /// A range.
    Range([f64; 2]),
}

impl PublishedValue {
    /// The lower and the upper end; the number twice where it is one.
    pub fn ends(self) -> [f64; 2] {
        match self {
            Self::Number(number) => [number; 2],
            Self::Range(ends) => ends,
        }
    }
}

impl Claim {
    /// Its tests: one, or one for each reading, with what the reading assumes; none where it is untestable.
    pub fn tests(&self) -> impl Iterator<Item = (&str, &str)> {
        let only = (!self.test.is_empty()).then_some(("", self.test.as_str()));
        only.into_iter().chain(self.readings.iter().map(|reading| (reading.name.as_str(), reading.test.as_str())))
    }

    /// Checks that it has exactly one of a test, readings and the reason why it is untestable, and what its test needs.
    ///
    /// # Errors
    /// It has none or several of them; or it has readings of one kind alone, or a table without the test that reads it.
    pub(super) fn validate(&self) -> Result<(), String> {
        let ways = [!self.test.is_empty(), !self.readings.is_empty(), self.untestable.is_some()];
        if ways.into_iter().filter(|given| *given).count() != 1 {
            return Err(
                "a claim has one of a `test`, of `readings`, each with its test, and of why it is `untestable`".into(),
            );
        }
        if self.readings.len() == 1 {
            return Err("a claim with one reading has nothing left open; write its `test`".into());
        }
        if self.table.is_empty() == self.tests().any(|(_, test)| test.starts_with(TABLE_TEST)) {
            return Err(format!(
                "a `table` of published numbers goes with a test `{TABLE_TEST}within MARGIN on METRIC`, and such a test with a table"
            ));
        }
        Ok(())
    }
}

/// How a test begins that compares every number of a claim's table.
pub const TABLE_TEST: &str = "table ";

/// What tells whether claims changed: a hash of their sentences and tests, in order.
pub fn claims_hash(claims: &[Claim]) -> String {
    let text = |claim: &Claim| {
        let tests = claim.tests().map(|(_, test)| format!("{test}\n")).collect::<String>();
        let numbers = claim.table.iter().map(|(arm, number)| format!("{arm} {number}\n")).collect::<String>();
        let tests = if tests.is_empty() { "\n".into() } else { tests };
        format!("{}\n{tests}{numbers}", claim.says)
    };
    crate::hash::short_of(claims.iter().map(text).collect::<String>().as_bytes())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
