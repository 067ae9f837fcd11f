//! Keys, axis values and typed values of an experiment file, and serde's error messages with the nearest valid name.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::de::DeValue;
use toml::{Spanned, Value};

use super::keys;
use super::{AxisValues, SpecError, SweepAxis};
use crate::suggest::suggestion;

type Result<T> = std::result::Result<T, SpecError>;

/// The path of a key of `[sweep]` or `--set`.
pub fn known(key: &str, location: &str) -> Result<&'static str> {
    keys::canonical(key).ok_or_else(|| {
        let names = keys::names();
        let near = suggestion(key, keys::all_names());
        let short: Vec<&str> = names.iter().copied().filter(|name| !name.contains('.')).collect();
        SpecError::new(location, format!("unknown key `{key}`{near}; known are {}", short.join(", ")))
    })
}

/// On which scale the values of a range are distributed uniformly.
#[derive(Clone, Copy, PartialEq)]
enum RangeScale {
    Linear,
    Log,
}

/// The values of an axis: a list, or a range for a search.
pub fn values(value: Value, location: &str, key: &str) -> Result<AxisValues> {
    let range = |bounds: &Value, scale: RangeScale| {
        let log = scale == RangeScale::Log;
        let wrong = || {
            SpecError::new(
                location,
                format!(
                    "the range of `{key}` must be two rising numbers, [low, high]{}",
                    if log { ", above 0" } else { "" }
                ),
            )
        };
        let list = bounds.as_array().filter(|list| list.len() == 2).ok_or_else(wrong)?;
        let number = |v: &Value| v.as_float().or_else(|| v.as_integer().map(|i| i as f64)).ok_or_else(wrong);
        let (low, high) = (number(&list[0])?, number(&list[1])?);
        let whole = list.iter().all(Value::is_integer);
        if !(low < high && high.is_finite() && (!log || low > 0.0)) {
            return Err(wrong());
        }
        Ok(AxisValues::Range { low, high, log, whole })
    };
    match &value {
        Value::Array(list) => Ok(AxisValues::List(list.clone())),
        Value::Table(table) if table.len() == 1 && table.contains_key("log_uniform") => {
            range(&table["log_uniform"], RangeScale::Log)
        }
        Value::Table(table) if table.len() == 1 && table.contains_key("uniform") => {
            range(&table["uniform"], RangeScale::Linear)
        }
        _ => Err(SpecError::new(
            location,
            format!(
                "`{key}` in [sweep] must be a list of values, or {{ uniform = [low, high] }} or {{ log_uniform = [low, high] }}"
            ),
        )),
    }
}

/// An axis. It must not be empty, and where a value is itself a list, it must be a list of lists.
pub fn axis(key: &str, path: &str, values: AxisValues, location: String) -> Result<SweepAxis> {
    if let AxisValues::List(list) = &values {
        if list.is_empty() {
            return Err(SpecError::new(location, format!("the axis `{key}` is empty; give it at least one value")));
        }
        if keys::LIST_VALUED.contains(&path) && list.iter().any(|value| is_item(path, value)) {
            let example = match path {
                "train.vary" => "[[\"init\"], [\"order\"]]",
                "data.classes" => "[[0, 1], [3, 5]]",
                "data.ignore" => "[[\"id\"], []]",
                _ => "[[64, 32], [128, 64]]",
            };
            let what = format!("a value of `{key}` is itself a list; write {example}");
            return Err(SpecError::new(location, what));
        }
    }
    Ok(SweepAxis { path: path.into(), key: key.into(), values, location })
}

/// Whether a value is what the lists of a list-valued key are made of.
pub fn is_item(path: &str, value: &Value) -> bool {
    if ["train.vary", "data.ignore"].contains(&path) { value.is_str() } else { value.is_integer() || value.is_float() }
}

/// The value without its locations.
pub fn plain(value: &Spanned<DeValue>) -> Value {
    let text = value.clone().into_deserializer();
    // A parsed value always converts; the fallback is never taken.
    Value::deserialize(text).unwrap_or_else(|error| Value::String(error.to_string()))
}

/// The value as the type of its key.
pub fn typed<T: DeserializeOwned>(value: Value, location: &str, key: &str) -> Result<T> {
    value
        .try_into()
        .map_err(|error: toml::de::Error| SpecError::new(location, format!("`{key}`: {}", explained(error.message()))))
}

/// A message of serde about an unknown name, with the nearest of the valid names that it lists.
pub fn explained(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((word, names)) if message.starts_with("unknown") => {
            format!("{message}{}", suggestion(word, names.iter().copied()))
        }
        _ => message.to_string(),
    }
}
