//! What an arm is called: its axis values, as short as they stay clear.

use serde_json::Value as Json;
use toml::Value;

use super::Combination;
use crate::spec::keys;

/// A label for each arm. Names stand alone (`adam`), numbers carry their key (`lr=0.1`), and optimizers that
/// share a name carry the settings they were given.
pub fn labels(combinations: &[Combination]) -> Vec<String> {
    let optimizer =
        |combination: &Combination| combination.iter().find(|a| a.path == "train.optimizer").map(|a| a.value.clone());
    let mut seen: Vec<Value> = Vec::new();
    for value in combinations.iter().filter_map(optimizer) {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    let shared = |name: &str| seen.iter().filter(|value| name_of(value) == Some(name)).count() > 1;
    let label = |combination: &Combination| {
        let parts: Vec<String> = combination
            .iter()
            .map(|assignment| part(keys::short(&assignment.path), &assignment.value, &shared))
            .collect();
        if parts.is_empty() { "default".to_string() } else { parts.join(" ") }
    };
    combinations.iter().map(label).collect()
}

/// An arm's axis values for its records: short key and value.
pub fn values(combination: &Combination) -> Vec<(String, Json)> {
    let json = |value: &Value| serde_json::to_value(value).unwrap_or(Json::Null);
    let short = |path: &str| keys::short(path).to_string();
    combination
        .iter()
        .map(|assignment| match (assignment.path.as_str(), name_of(&assignment.value)) {
            // An optimizer is known by its name; its settings are in the spec.
            ("train.optimizer", Some(name)) => ("optimizer".into(), Json::from(name)),
            (path, _) => (short(path), json(&assignment.value)),
        })
        .collect()
}

fn name_of(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("name").and_then(Value::as_str))
}

fn part(key: &str, value: &Value, shared: &dyn Fn(&str) -> bool) -> String {
    match value {
        Value::String(name) => name.clone(),
        Value::Table(table) => match table.get("name").and_then(Value::as_str) {
            Some(name) if !shared(name) => name.to_string(),
            Some(name) => {
                let rest = table.iter().filter(|(key, _)| *key != "name");
                rest.fold(name.to_string(), |label, (key, value)| format!("{label} {key}={}", plain(value)))
            }
            None => {
                let parts: Vec<String> = table.iter().map(|(k, v)| format!("{k}={}", plain(v))).collect();
                parts.join(" ")
            }
        },
        value => format!("{key}={}", plain(value)),
    }
}

/// `64-32` for a list; `0.001` and not `1e-3` for a number.
fn plain(value: &Value) -> String {
    match value {
        Value::Array(list) if list.is_empty() => "none".into(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join("-"),
        Value::String(text) => text.clone(),
        Value::Float(number) => short_number(*number),
        Value::Table(table) => table.iter().map(|(k, v)| format!("{k}={}", plain(v))).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// Four significant digits, which is all a sampled rate needs in its name.
fn short_number(number: f64) -> String {
    let rounded: f64 = format!("{number:.3e}").parse().unwrap_or(number);
    if rounded == number || number == 0.0 { number.to_string() } else { rounded.to_string() }
}
