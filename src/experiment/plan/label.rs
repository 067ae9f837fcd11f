//! An arm's label: its axis values in their shortest unambiguous form.

use serde_json::Value as Json;
use toml::Value;

use super::Combination;
use crate::experiment::spec::{Assignment, keys};
use crate::nn::optim::OptimizerConfig;

/// A label for each arm. A name stands alone (`adam`), a number has its key (`lr=0.1`), and optimizers of one name have the settings in
/// which they differ. `resolve` gives the complete settings of an optimizer's axis value, so that a label does not depend on which of
/// them the file writes out.
pub fn labels(combinations: &[Combination], resolve: impl Fn(&Assignment) -> Option<OptimizerConfig>) -> Vec<String> {
    let mut seen: Vec<(Value, Settings)> = Vec::new();
    for assignment in combinations.iter().flatten().filter(|a| a.path == OPTIMIZER) {
        if !seen.iter().any(|(value, _)| *value == assignment.value) {
            let settings = resolve(assignment).and_then(|config| settings(&config)).unwrap_or_default();
            seen.push((assignment.value.clone(), settings));
        }
    }
    let label = |combination: &Combination| {
        let parts: Vec<String> = combination
            .iter()
            .map(|assignment| match assignment.path.as_str() {
                OPTIMIZER => optimizer(&assignment.value, &seen),
                keys::ARM => assignment.value.as_str().unwrap_or_default().to_string(),
                path => part(keys::short(path), &assignment.value),
            })
            .collect();
        if parts.is_empty() { "default".to_string() } else { parts.join(" ") }
    };
    combinations.iter().map(label).collect()
}

const OPTIMIZER: &str = "train.optimizer";

/// An optimizer's settings by key, its name among them.
type Settings = serde_json::Map<String, Json>;

fn settings(config: &OptimizerConfig) -> Option<Settings> {
    serde_json::to_value(config).ok()?.as_object().cloned()
}

fn optimizer(value: &Value, seen: &[(Value, Settings)]) -> String {
    let name = name_of(value).unwrap_or("optimizer").to_string();
    let own = seen.iter().find(|(known, _)| known == value).map(|(_, settings)| settings);
    let of_that_name: Vec<&Settings> =
        seen.iter().map(|(_, s)| s).filter(|s| s.get("name") == Some(&Json::from(name.as_str()))).collect();
    let differs = |key: &str| of_that_name.iter().any(|other| other.get(key) != of_that_name[0].get(key));
    let shown = own.into_iter().flatten().filter(|(key, _)| of_that_name.len() > 1 && differs(key));
    shown.fold(name, |label, (key, value)| format!("{label} {key}={}", plain(value)))
}

/// An arm's axis values for its records: short key and value.
pub fn values(combination: &Combination) -> Vec<(String, Json)> {
    let short = |path: &str| keys::short(path).to_string();
    combination
        .iter()
        .map(|assignment| match (assignment.path.as_str(), name_of(&assignment.value)) {
            // A record holds an optimizer's name; its settings are in the spec.
            (OPTIMIZER, Some(name)) => ("optimizer".into(), Json::from(name)),
            (path, _) => (short(path), json(&assignment.value)),
        })
        .collect()
}

fn name_of(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("name").and_then(Value::as_str))
}

fn part(key: &str, value: &Value) -> String {
    match value {
        Value::String(name) => name.clone(),
        Value::Table(table) => variant(table),
        value => format!("{key}={}", plain(&json(value))),
    }
}

/// A variant with its settings: `normal=0.01`, `step every=5 gamma=0.5`.
fn variant(table: &toml::Table) -> String {
    let word = |(key, value): (&String, &Value)| match value {
        Value::Table(settings) => {
            settings.iter().fold(key.clone(), |label, (key, value)| format!("{label} {key}={}", plain(&json(value))))
        }
        value => format!("{key}={}", plain(&json(value))),
    };
    table.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn json(value: &Value) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}

/// An axis value as labels and claims write it: `64-32` for a list, `none` for an empty one, and no exponent for a number.
pub fn plain(value: &Json) -> String {
    match value {
        Json::Array(list) if list.is_empty() => "none".into(),
        Json::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join("-"),
        Json::String(text) => text.clone(),
        Json::Number(number) if number.is_f64() => number.as_f64().unwrap_or(f64::NAN).to_string(),
        other => other.to_string(),
    }
}
