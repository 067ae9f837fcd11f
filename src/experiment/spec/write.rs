//! A spec written as TOML, so that the same program reads it back to the same plan.

use serde::Serialize;
use toml::{Table, Value};

use super::{Assignment, AxisValues, Claim, Spec, keys};
use crate::experiment::config::TrialConfig;
use crate::experiment::quantity::Quantity;

#[derive(Serialize)]
struct Resolved<'a> {
    question: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<&'a Quantity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shows: Option<&'a str>,
    seeds: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    paired: bool,
    #[serde(skip_serializing_if = "<[u64]>::is_empty")]
    looks: &'a [u64],
    #[serde(skip_serializing_if = "Option::is_none")]
    claims_before: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differs: Vec<String>,
    given: Vec<String>,
    #[serde(skip_serializing_if = "Table::is_empty")]
    assumes: Table,
    #[serde(flatten)]
    base: TrialConfig,
}

#[derive(Serialize)]
struct Claims<'a> {
    claims: &'a [Claim],
}

impl Spec {
    /// The spec as TOML, with every default and override filled in and every optimizer of an axis in full.
    ///
    /// # Errors
    /// A value does not fit its key, or cannot be written as TOML.
    pub(crate) fn to_toml(&self) -> anyhow::Result<String> {
        let head = Resolved {
            question: &self.question,
            source: self.source.as_deref(),
            metric: self.metric.as_ref(),
            shows: self.shows.as_deref(),
            seeds: self.seeds,
            paired: self.paired,
            looks: &self.looks,
            claims_before: self.claims_before.as_deref(),
            differs: self.differences(),
            given: self.given.clone().unwrap_or_else(|| self.published.as_deref().unwrap_or(self).given_paths()),
            assumes: self.assumes.iter().map(|(key, why)| (key.clone(), Value::from(why.as_str()))).collect(),
            base: self.resolve(&[])?,
        };
        let mut text = if self.varies("data.dataset") {
            // Each data set has its own default sizes: only sizes that the file or a flag gives are written.
            let mut table = Table::try_from(&head)?;
            if let Some(Value::Table(data)) = table.get_mut("data") {
                data.retain(|key, _| {
                    !["train", "validation", "test"].into_iter().any(|size| size == key)
                        || self.assigns(&format!("data.{key}"))
                });
            }
            toml::to_string(&table)?
        } else {
            toml::to_string(&head)?
        };
        for arm in &self.arms {
            text.push_str(&format!("\n[[arms]]\nname = {}\n", Value::from(arm.name.as_str())));
            for Assignment { path, value, .. } in arm.settings.iter().filter(|setting| !self.overrides(&setting.path)) {
                let value = self
                    .max_size(path)
                    .zip(value.as_integer())
                    .map_or(value.clone(), |(max, asked)| Value::from(asked.min(max)));
                let value = &value;
                text.push_str(&format!("\"{}\" = {}\n", keys::short(path), self.in_full(path, value)?));
            }
        }
        let sweep = self.sweep_lines()?;
        if !sweep.is_empty() {
            text.push_str(&format!("\n[sweep]\n{}\n", sweep.join("\n")));
        }
        if !self.claims.is_empty() {
            text.push('\n');
            text.push_str(&toml::to_string(&Claims { claims: &self.claims })?);
        }
        Ok(text)
    }

    /// Whether a flag replaces a setting of an arm.
    fn overrides(&self, path: &str) -> bool {
        let whole = |flag: &str| path == flag || path.strip_prefix(flag).is_some_and(|rest| rest.starts_with('.'));
        let widths = |flag: &str| flag == "model.hidden.depth" && path == "model.hidden";
        self.overrides.iter().any(|flag| whole(&flag.path) || widths(&flag.path))
    }

    /// The upper bound on a setting that is the size of a split.
    fn max_size(&self, path: &str) -> Option<i64> {
        let max = self.max_sizes?;
        let count = match path {
            "data.train" => max.train,
            "data.validation" => max.validation,
            "data.test" => max.test,
            _ => return None,
        };
        Some(count as i64)
    }

    /// Whether arms differ in a setting.
    fn varies(&self, path: &str) -> bool {
        let of_arms = self.arms.iter().flat_map(|arm| &arm.settings);
        self.axes.iter().any(|axis| axis.path == path) || of_arms.into_iter().any(|assignment| assignment.path == path)
    }

    /// Whether the file or a flag gives a setting for every arm.
    fn assigns(&self, path: &str) -> bool {
        self.base.iter().chain(&self.overrides).any(|assignment| assignment.path == path)
    }

    /// The lines of `[sweep]`. They are written one by one because their order is the order of the arms, and the serialiser of tables
    /// would put lists of tables last.
    fn sweep_lines(&self) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        if let Some(search) = &self.search {
            lines.push(format!("search = {}", Value::try_from(search)?));
        }
        let kept = |path: &str| !self.overrides.iter().any(|o| o.path == path);
        let zip: Vec<Vec<String>> =
            self.zip.iter().map(|group| group.iter().filter(|path| kept(path)).cloned().collect()).collect();
        if !zip.is_empty() {
            lines.push(format!("zip = {}", Value::try_from(zip)?));
        }
        for axis in self.axes.iter().filter(|axis| kept(&axis.path)) {
            let value = match &axis.values {
                AxisValues::List(values) => {
                    let full = values.iter().map(|value| self.in_full(&axis.path, value));
                    Value::Array(full.collect::<anyhow::Result<_>>()?)
                }
                AxisValues::Range { low, high, log, whole } => {
                    let number = |x: f64| if *whole { Value::Integer(x as i64) } else { Value::Float(x) };
                    let kind = if *log { "log_uniform" } else { "uniform" };
                    Value::Table(Table::from_iter([(kind.into(), Value::Array(vec![number(*low), number(*high)]))]))
                }
            };
            // Without quotes a dotted key would be read as a table in a table.
            lines.push(format!("\"{}\" = {value}", keys::short(&axis.path)));
        }
        Ok(lines)
    }

    /// An optimizer with all its settings; any other value unchanged.
    pub(super) fn in_full(&self, path: &str, value: &Value) -> anyhow::Result<Value> {
        if path != "train.optimizer" {
            return Ok(value.clone());
        }
        let one = Assignment { path: path.into(), value: value.clone(), location: path.into() };
        Ok(Value::try_from(&self.resolve(&[one])?.train.optimizer)?)
    }
}
