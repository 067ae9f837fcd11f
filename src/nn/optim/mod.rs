//! Optimizers by name, learning-rate schedules, and gradient clipping that keeps replicas apart.
//!
//! In: an `optimizer` entry of an experiment file. Out: one of Burn's optimizers, fused on the CPU. All of them work
//! element by element, so a stack's replicas never meet.

mod build;
pub mod clip;
mod fused;
pub mod schedule;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

pub use build::Optimizer;
pub use schedule::Schedule;

/// An optimizer and its settings; a setting it does not have is absent, and so is one left out as zero.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OptimizerConfig {
    /// Which rule.
    pub name: Rule,
    /// Learning rate before any schedule.
    pub lr: f64,
    /// Share of the velocity kept (`momentum`, `rmsprop`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// Nesterov's variant (`momentum`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nesterov: Option<bool>,
    /// Smoothing of the squared gradient (`rmsprop`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f64>,
    /// Smoothing of gradient and squared gradient (`adam`, `adamw`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub betas: Option<[f64; 2]>,
    /// Added to the denominator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eps: Option<f64>,
    /// L2 penalty added to the gradient; for `adamw`, decoupled from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
}

/// The rules on offer, all Burn's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Rule {
    Sgd,
    Momentum,
    RmsProp,
    AdaGrad,
    Adam,
    AdamW,
}

/// The names an experiment file uses.
pub const NAMES: &[&str] = &["sgd", "momentum", "rmsprop", "adagrad", "adam", "adamw"];

/// A settings table as it stands in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: Rule,
    lr: Option<f64>,
    momentum: Option<f64>,
    nesterov: Option<bool>,
    alpha: Option<f64>,
    betas: Option<[f64; 2]>,
    eps: Option<f64>,
    weight_decay: Option<f64>,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::of(Rule::Adam)
    }
}

impl Rule {
    /// The settings this rule has, besides `lr` and `weight_decay`.
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Sgd => &[],
            Self::Momentum => &["momentum", "nesterov"],
            Self::RmsProp => &["alpha", "momentum", "eps"],
            Self::AdaGrad => &["eps"],
            Self::Adam | Self::AdamW => &["betas", "eps"],
        }
    }

    /// The name an experiment file uses.
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }
}

impl OptimizerConfig {
    /// The rule with its defaults, which are PyTorch's (and so the numbers readers expect), except that
    /// `sgd` and `momentum`, which have no default rate there in older versions, take 0.01.
    pub fn of(name: Rule) -> Self {
        let bare = Self {
            name,
            lr: 0.01,
            momentum: None,
            nesterov: None,
            alpha: None,
            betas: None,
            eps: None,
            weight_decay: None,
        };
        match name {
            Rule::Sgd => bare,
            Rule::Momentum => Self { momentum: Some(0.9), nesterov: Some(false), ..bare },
            Rule::RmsProp => Self { alpha: Some(0.99), momentum: Some(0.0), eps: Some(1e-8), ..bare },
            Rule::AdaGrad => Self { eps: Some(1e-10), ..bare },
            Rule::Adam => Self { lr: 0.001, betas: Some([0.9, 0.999]), eps: Some(1e-8), ..bare },
            Rule::AdamW => Self { weight_decay: Some(0.01), name, ..Self::of(Rule::Adam) },
        }
    }

    /// # Errors
    /// A rate, a share or a constant out of its range.
    pub fn validate(&self) -> Result<(), String> {
        let name = self.name.name();
        let check = |key: &str, value: Option<f64>, fine: fn(f64) -> bool, range: &str| match value {
            Some(value) if !(value.is_finite() && fine(value)) => {
                Err(format!("`{key}` of `{name}` is {value}; it must be {range}"))
            }
            _ => Ok(()),
        };
        check("lr", Some(self.lr), |v| v > 0.0, "above 0")?;
        for share in [self.momentum, self.alpha, self.betas.map(|b| b[0]), self.betas.map(|b| b[1])] {
            // Burn keeps them in 32 bits, where the nearest number to 0.99999999 is 1.
            let below_one = |v: f64| (0.0..1.0).contains(&v) && (v as f32) < 1.0;
            check("momentum, alpha or betas", share, below_one, "at least 0 and below 1")?;
        }
        check("eps", self.eps, |v| v as f32 > 0.0, "above 0, in 32 bits too")?;
        check("weight_decay", self.weight_decay, |v| v >= 0.0, "0 or more")
    }
}

impl Table {
    /// Fills in the rule's defaults and refuses a setting the rule does not have.
    fn fill(self) -> Result<OptimizerConfig, String> {
        let given = [
            ("momentum", self.momentum.is_some()),
            ("nesterov", self.nesterov.is_some()),
            ("alpha", self.alpha.is_some()),
            ("betas", self.betas.is_some()),
            ("eps", self.eps.is_some()),
        ];
        let settings = self.name.settings();
        if let Some((key, _)) = given.iter().find(|(key, set)| *set && !settings.contains(key)) {
            let mut valid = vec!["lr", "weight_decay"];
            valid.extend(settings);
            return Err(format!(
                "optimizer `{}` has no setting `{key}`; it has {}",
                self.name.name(),
                valid.join(", ")
            ));
        }
        let default = OptimizerConfig::of(self.name);
        Ok(OptimizerConfig {
            name: self.name,
            lr: self.lr.unwrap_or(default.lr),
            momentum: self.momentum.or(default.momentum),
            nesterov: self.nesterov.or(default.nesterov),
            alpha: self.alpha.or(default.alpha),
            betas: self.betas.or(default.betas),
            eps: self.eps.or(default.eps),
            weight_decay: self.weight_decay.or(default.weight_decay),
        })
    }
}

/// A bare name or a table: written by hand because an untagged enum would hide which key is wrong.
impl<'de> Deserialize<'de> for OptimizerConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;

        impl<'de> Visitor<'de> for NameOrTable {
            type Value = OptimizerConfig;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an optimizer's name, or a table with its `name` and settings")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<OptimizerConfig, E> {
                Rule::deserialize(de::value::StrDeserializer::new(name)).map(OptimizerConfig::of)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OptimizerConfig, A::Error> {
                let table = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
                table.fill().map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_any(NameOrTable)
    }
}

#[cfg(test)]
mod tests;
