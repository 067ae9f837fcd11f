//! Optimizers with their settings, learning-rate schedules and gradient clipping.
//!
//! In: the `optimizer` entry of an experiment file. Out: its update rule for the CPU, or Burn's optimizer for other devices.
//! Every rule works element by element, so the replicas of a stack stay independent.

mod build;
pub(crate) mod clip;
pub(crate) mod schedule;

use serde::de::{DeserializeOwned, Deserializer, Error, Unexpected};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

pub use super::update_rule::{AdaGrad, Adam, Momentum, NAMES, RmsProp, UpdateRule};
pub use schedule::Schedule;

/// An optimizer: an update rule, and the settings that every rule has.
///
/// In a file it is a table of the rule's `name`, `lr`, the rule's own settings and `weight_decay`. A file may give the name
/// alone, or leave settings out; what it leaves out takes the default of [`OptimizerConfig::new`].
#[derive(Debug, Clone, PartialEq)]
pub struct OptimizerConfig {
    /// The update rule with its own settings.
    pub rule: UpdateRule,
    /// Learning rate before any schedule.
    pub lr: f64,
    /// Factor of the parameter in the L2 penalty's gradient, or in `adamw`'s decoupled decay. `None` trains like 0 but is not
    /// written, so the two have different identities.
    pub weight_decay: Option<f64>,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::new(UpdateRule::Adam(Adam::default()))
    }
}

impl OptimizerConfig {
    /// The rule with PyTorch's default learning rate and weight decay. For `sgd` and `momentum`, which have no default rate in
    /// older versions of PyTorch, the rate is 0.01.
    pub fn new(rule: UpdateRule) -> Self {
        let (lr, weight_decay) = match rule {
            UpdateRule::Sgd | UpdateRule::Momentum(_) | UpdateRule::RmsProp(_) | UpdateRule::AdaGrad(_) => (0.01, None),
            UpdateRule::Adam(_) => (0.001, None),
            UpdateRule::AdamW(_) => (0.001, Some(0.01)),
        };
        Self { rule, lr, weight_decay }
    }

    /// # Errors
    /// A setting is out of its range; the message names it.
    pub fn validate(&self) -> Result<(), String> {
        let Self { rule, lr, weight_decay } = self;
        rule.check("lr", *lr, *lr as f32 > 0.0, "above 0, in 32 bits too")?;
        rule.validate()?;
        weight_decay.map_or(Ok(()), |decay| rule.check("weight_decay", decay, decay >= 0.0, "0 or more"))
    }

    fn read(mut table: Table) -> Result<Self, toml::de::Error> {
        let name: String = take(&mut table, "name")?.ok_or_else(|| toml::de::Error::missing_field("name"))?;
        let lr = take(&mut table, "lr")?;
        let weight_decay = take(&mut table, "weight_decay")?;
        let default = Self::new(UpdateRule::read(&name, table)?);
        Ok(Self {
            rule: default.rule,
            lr: lr.unwrap_or(default.lr),
            weight_decay: weight_decay.or(default.weight_decay),
        })
    }
}

fn take<T: DeserializeOwned>(table: &mut Table, key: &str) -> Result<Option<T>, toml::de::Error> {
    table.remove(key).map(Value::try_into).transpose()
}

/// The keys and their order go into the identities of trials: `name`, `lr`, the rule's own settings, `weight_decay`.
impl Serialize for OptimizerConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written {
            name: &'static str,
            lr: f64,
            #[serde(flatten)]
            settings: UpdateRule,
            #[serde(skip_serializing_if = "Option::is_none")]
            weight_decay: Option<f64>,
        }
        let Self { rule, lr, weight_decay } = *self;
        Written { name: rule.name(), lr, settings: rule, weight_decay }.serialize(serializer)
    }
}

/// Goes through a TOML value because the name, which decides how the settings are read, may follow them. serde's untagged
/// enums would do that too, but their errors do not say which key is wrong.
impl<'de> Deserialize<'de> for OptimizerConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = match Value::deserialize(deserializer)? {
            Value::String(name) => UpdateRule::read(&name, Table::new()).map(Self::new),
            Value::Table(table) => Self::read(table),
            other => Err(Error::invalid_type(
                Unexpected::Other(other.type_str()),
                &"an optimizer's name, or a table with its `name` and settings",
            )),
        };
        read.map_err(|error| D::Error::custom(error.message()))
    }
}

#[cfg(test)]
mod tests;
