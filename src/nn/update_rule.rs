//! The update rules of the optimizers, each with its own settings.
//!
//! [`optim`](super::optim) reads, writes and builds them, and [`cpu`](super::cpu) takes their steps on the CPU. Learning
//! rate and weight decay are not here: every rule has them, so they are fields of `OptimizerConfig`.

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use crate::suggest::suggestion;

/// The names of the rules in an experiment file, in the order of [`UpdateRule::all`].
pub const NAMES: &[&str] = &["sgd", "momentum", "rmsprop", "adagrad", "adam", "adamw"];

/// An update rule with its settings, for a parameter `w`, its gradient `g` and the learning rate `lr`. Every default but the one of
/// [`Momentum`] is PyTorch's. It is written as its settings alone; the name stands elsewhere in the table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum UpdateRule {
    /// `w -= lr g`.
    Sgd,
    /// Stochastic gradient descent with momentum.
    Momentum(Momentum),
    /// Tieleman and Hinton, "Lecture 6.5: rmsprop", 2012.
    RmsProp(RmsProp),
    /// Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011.
    AdaGrad(AdaGrad),
    /// Kingma and Ba, "Adam: a method for stochastic optimization", 2015.
    Adam(Adam),
    /// Adam with a weight decay that is decoupled from the gradient: Loshchilov and Hutter, "Decoupled weight decay
    /// regularization", 2019.
    AdamW(Adam),
}

/// `v = momentum v + g`, then `w -= lr v`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Momentum {
    /// Factor of the velocity `v`, at least 0 and below 1.
    pub momentum: f64,
    /// Nesterov's variant: the last step is `w -= lr (momentum v + g)`.
    pub nesterov: bool,
}

/// `s = alpha s + (1 - alpha) g^2`, `v = momentum v + g / (sqrt(s) + eps)`, then `w -= lr v`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RmsProp {
    /// Factor of the velocity `v`, at least 0 and below 1.
    pub momentum: f64,
    /// Decay of the mean square `s`, at least 0 and below 1.
    pub alpha: f64,
    /// Added to the denominator.
    pub eps: f64,
}

/// `s = s + g^2`, then `w -= lr g / (sqrt(s) + eps)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AdaGrad {
    /// Added to the denominator.
    pub eps: f64,
}

/// `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, then `w -= lr m' / (sqrt(v') + eps)`, where at step `t` the unbiased
/// moments are `m' = m / (1 - b1^t)` and `v' = v / (1 - b2^t)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adam {
    /// Decay `[b1, b2]` of the first and the second moment, each at least 0 and below 1.
    pub betas: [f64; 2],
    /// Added to the denominator.
    pub eps: f64,
}

impl Default for Momentum {
    /// PyTorch's SGD has a momentum of 0 unless one is given; 0.9 is the usual one.
    fn default() -> Self {
        Self { momentum: 0.9, nesterov: false }
    }
}

impl Default for RmsProp {
    fn default() -> Self {
        Self { momentum: 0.0, alpha: 0.99, eps: 1e-8 }
    }
}

impl Default for AdaGrad {
    fn default() -> Self {
        Self { eps: 1e-10 }
    }
}

impl Default for Adam {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], eps: 1e-8 }
    }
}

impl UpdateRule {
    /// Every rule with its default settings.
    pub fn all() -> [Self; 6] {
        [
            Self::Sgd,
            Self::Momentum(Momentum::default()),
            Self::RmsProp(RmsProp::default()),
            Self::AdaGrad(AdaGrad::default()),
            Self::Adam(Adam::default()),
            Self::AdamW(Adam::default()),
        ]
    }

    /// The rule's name in an experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Momentum(_) => "momentum",
            Self::RmsProp(_) => "rmsprop",
            Self::AdaGrad(_) => "adagrad",
            Self::Adam(_) => "adam",
            Self::AdamW(_) => "adamw",
        }
    }

    /// The keys of the rule's own settings in an experiment file, in the order in which messages list them.
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Sgd => &[],
            Self::Momentum(_) => &["momentum", "nesterov"],
            Self::RmsProp(_) => &["alpha", "momentum", "eps"],
            Self::AdaGrad(_) => &["eps"],
            Self::Adam(_) | Self::AdamW(_) => &["betas", "eps"],
        }
    }

    /// What the rule adds to its denominator; `None` for a rule without one.
    pub(super) fn eps(self) -> Option<f64> {
        match self {
            Self::Sgd | Self::Momentum(_) => None,
            Self::RmsProp(RmsProp { eps, .. }) | Self::AdaGrad(AdaGrad { eps }) => Some(eps),
            Self::Adam(Adam { eps, .. }) | Self::AdamW(Adam { eps, .. }) => Some(eps),
        }
    }

    /// The rule called `name` with the given settings, and with its defaults for those left out.
    ///
    /// # Errors
    /// There is no such rule, the rule has no such setting, or a setting is of the wrong type.
    pub(super) fn read(name: &str, settings: toml::Table) -> Result<Self, toml::de::Error> {
        let rule = Self::all().into_iter().find(|rule| rule.name() == name);
        let rule = rule.ok_or_else(|| toml::de::Error::unknown_variant(name, NAMES))?;
        if let Some(key) = settings.keys().find(|key| !rule.keys().contains(&key.as_str())) {
            let valid = [&["lr", "weight_decay"], rule.keys()].concat();
            return Err(toml::de::Error::custom(format!(
                "optimizer `{name}` has no setting `{key}`; it has {}{}",
                valid.join(", "),
                suggestion(key, valid.iter().copied())
            )));
        }
        Ok(match rule {
            Self::Sgd => Self::Sgd,
            Self::Momentum(_) => Self::Momentum(settings.try_into()?),
            Self::RmsProp(_) => Self::RmsProp(settings.try_into()?),
            Self::AdaGrad(_) => Self::AdaGrad(settings.try_into()?),
            Self::Adam(_) => Self::Adam(settings.try_into()?),
            Self::AdamW(_) => Self::AdamW(settings.try_into()?),
        })
    }

    /// # Errors
    /// A setting is out of its range; the message names it.
    pub(super) fn validate(self) -> Result<(), String> {
        let share = |key: &str, value: f64| {
            // Burn keeps settings in 32 bits, where the number nearest to 0.99999999 is 1.
            let in_range = (0.0..1.0).contains(&value) && (value as f32) < 1.0;
            self.check(key, value, in_range, "at least 0 and below 1")
        };
        match self {
            Self::Sgd | Self::AdaGrad(_) => {}
            Self::Momentum(Momentum { momentum, .. }) => share("momentum", momentum)?,
            Self::RmsProp(RmsProp { momentum, alpha, .. }) => {
                share("momentum", momentum)?;
                share("alpha", alpha)?;
            }
            Self::Adam(Adam { betas, .. }) | Self::AdamW(Adam { betas, .. }) => {
                betas.into_iter().try_for_each(|beta| share("betas", beta))?;
            }
        }
        self.eps().map_or(Ok(()), |eps| self.check("eps", eps, eps as f32 > 0.0, "above 0, in 32 bits too"))
    }

    /// Refuses a value that is not finite or not in its range, which `range` describes.
    pub(super) fn check(self, key: &str, value: f64, in_range: bool, range: &str) -> Result<(), String> {
        if value.is_finite() && in_range {
            return Ok(());
        }
        Err(format!("`{key}` of `{}` is {value}; it must be {range}", self.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_names_and_keys_are_those_of_the_rules() {
        assert_eq!(UpdateRule::all().map(UpdateRule::name), NAMES);
        for rule in UpdateRule::all() {
            let written = serde_json::to_value(rule).unwrap();
            let mut keys: Vec<&str> = written.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            let mut listed = rule.keys().to_vec();
            keys.sort_unstable();
            listed.sort_unstable();
            assert_eq!(listed, keys, "{}", rule.name());
        }
    }
}
