//! The settings behind an experiment's records, each with where it comes from: the source, an assumption, or a default.
//!
//! In: a plan. Out: a row for each setting.

use serde::Serialize;
use toml::{Table, Value};

use crate::experiment::config::{TrialConfig, TrialKind};
use crate::experiment::plan::Plan;

/// A setting of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// Its value, or those of the arms.
    pub value: String,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "origin", content = "why")]
pub enum Origin {
    /// The experiment's file gives it and does not say that it is assumed.
    Given,
    /// The source leaves it open; what was assumed instead.
    Assumed(String),
    /// Nothing gives it: Kindling's default.
    Default,
}

/// More values than this are counted instead of listed.
const MOST_VALUES: usize = 8;

/// The settings of a plan's arms, in the order of their sections.
pub fn settings(plan: &Plan) -> Vec<Setting> {
    let of_arms: Vec<Vec<(String, String)>> = plan.arms.iter().map(|arm| flat(&arm.config)).collect();
    let mut keys: Vec<&str> = Vec::new();
    for (key, _) in of_arms.iter().flatten() {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    let row = |key: &str| {
        let mut values: Vec<&str> = Vec::new();
        for (_, value) in of_arms.iter().flatten().filter(|(known, _)| known == key) {
            if !values.contains(&value.as_str()) {
                values.push(value);
            }
        }
        let value = match values.len() {
            1..=MOST_VALUES => values.join("; "),
            count => format!("{count} values"),
        };
        Setting { key: key.into(), value, origin: origin(key, plan) }
    };
    keys.into_iter().map(row).collect()
}

/// The sections that matter to a trial's kind, each number with its key. A table without keys of its own is one value.
fn flat(config: &TrialConfig) -> Vec<(String, String)> {
    let is_descent = matches!(config.kind(), TrialKind::Descent(_));
    let matters = |section: &str, key: &str| match (is_descent, section) {
        (true, "descend") => true,
        (true, "train") => key == "optimizer",
        (true, _) | (false, "descend") => false,
        (false, _) => true,
    };
    let mut rows = Vec::new();
    for (section, value) in Table::try_from(config).unwrap_or_default() {
        let Value::Table(inner) = value else { continue };
        for (key, value) in inner.into_iter().filter(|(key, _)| matters(&section, key)) {
            push(format!("{section}.{key}"), value, &mut rows);
        }
    }
    rows
}

fn push(key: String, value: Value, rows: &mut Vec<(String, String)>) {
    match value {
        // The settings of an optimizer are keys, and those of a schedule are part of its value.
        Value::Table(table) if table.contains_key("name") => {
            for (inner, value) in table {
                let key = if inner == "name" { key.clone() } else { format!("{key}.{inner}") };
                push(key, value, rows);
            }
        }
        Value::String(text) => rows.push((key, text)),
        value => rows.push((key, value.to_string())),
    }
}

fn origin(key: &str, plan: &Plan) -> Origin {
    let is_part_of = |whole: &str| key == whole || key.strip_prefix(whole).is_some_and(|rest| rest.starts_with('.'));
    // `model.hidden.depth` gives `model.hidden`.
    let concerns = |path: &str| is_part_of(path) || path.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    match plan.assumes.iter().find(|(path, _)| concerns(path)) {
        Some((_, why)) => Origin::Assumed(why.clone()),
        None if plan.given.iter().any(|path| concerns(path)) => Origin::Given,
        None => Origin::Default,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::spec::Spec;

    #[test]
    fn a_setting_is_the_sources_or_assumed_or_a_default() {
        let text = "question = 'q'\nsource = 's'\n[assumes]\nbatch_size = 'not named; 32'\n'a number of points' = 'not named; 300'\n\
                    [train]\nepochs = 3\nbatch_size = 32\n[sweep]\noptimizer = ['sgd', 'adam']\nlr = [0.1, 0.2]";
        let plan = Plan::new(&Spec::parse("x", "x", text).unwrap()).unwrap();
        let all = settings(&plan);
        let of = |key: &str| {
            all.iter().find(|setting| setting.key == key).map(|one| (one.value.as_str(), one.origin.clone()))
        };
        assert_eq!(of("train.epochs"), Some(("3", Origin::Given)));
        assert_eq!(of("train.batch_size"), Some(("32", Origin::Assumed("not named; 32".into()))));
        assert_eq!(of("train.loss"), Some(("cross_entropy", Origin::Default)));
        assert_eq!(of("train.optimizer"), Some(("sgd; adam", Origin::Given)));
        assert_eq!(of("train.optimizer.lr"), Some(("0.1; 0.2", Origin::Given)));
        assert_eq!(of("descend.steps"), None);
    }
}
