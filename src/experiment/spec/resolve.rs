//! One [`TrialConfig`] from layers of settings: those of the file, of a named arm, of the axes, and the overrides.

use std::cmp::Ordering;

use toml::{Table, Value};

use super::keys::ARM;
use super::values::explained;
use super::{Assignment, AxisValues, Spec, SpecError};
use crate::data::DataConfig;
use crate::experiment::config::TrialConfig;
use crate::nn::loss::Loss;

const OPTIMIZER: &str = "train.optimizer";
const HIDDEN: &str = "model.hidden";
const DEPTH: &str = "model.hidden.depth";

impl Spec {
    /// The complete settings of an arm, given its axis values.
    ///
    /// # Errors
    /// A value does not fit its key; the error has the value's location.
    pub(crate) fn resolve(&self, arm: &[Assignment]) -> Result<TrialConfig, SpecError> {
        let named = arm.iter().find(|assignment| assignment.path == ARM).and_then(|a| a.value.as_str());
        let own = self.arms.iter().find(|arm| Some(arm.name.as_str()) == named);
        let settings = own.map_or(&[][..], |arm| &arm.settings);
        let axes: Vec<Assignment> = arm.iter().filter(|assignment| assignment.path != ARM).cloned().collect();
        let mut config = resolve([&self.base, settings, &axes, &self.overrides])?;
        if let Some(max) = self.max_sizes {
            let data = &mut config.data;
            data.train = data.train.at_most(max.train);
            data.validation = data.validation.at_most(max.validation);
            data.test = data.test.at_most(max.test);
        }
        Ok(config)
    }

    /// Checks every value of the file and of the overrides on its own, so that a mistake is reported with its location. Settings that
    /// can be checked only together with others are left to the check of whole arms.
    pub(super) fn check_values(&self) -> Result<(), SpecError> {
        let is_checked_alone = |path: &str| match path.strip_prefix("train.optimizer.") {
            // The others are settings of some optimizers only.
            Some(setting) => matches!(setting, "lr" | "weight_decay"),
            // These depend on the data, or on the rest of the network.
            None => ![
                "evaluate.",
                "descend.",
                "model.output",
                "model.start",
                "model.frozen",
                "data.dataset",
                "data.classes",
                "data.margin",
                "data.label",
                "data.target",
                "data.ignore",
                "data.scale",
                "data.split_seed",
                "train.unit_norm",
            ]
            .iter()
            .any(|part| path.starts_with(part)),
        };
        let check = |one: Assignment| {
            let mut start = TrialConfig::default();
            if one.path == "model.latent" {
                // Whether the loss goes with an autoencoder is left to the check of the whole arm.
                start.train.loss = Loss::Mse;
            }
            let config = apply(start, &one)?;
            config.validate().map_err(|what| SpecError::new(one.location.as_str(), what))
        };
        let of_arms = self.arms.iter().flat_map(|arm| &arm.settings);
        for assignment in self.base.iter().chain(of_arms).chain(&self.overrides).filter(|a| is_checked_alone(&a.path)) {
            check(assignment.clone())?;
        }
        for axis in self.axes.iter().filter(|axis| is_checked_alone(&axis.path)) {
            if let AxisValues::List(values) = &axis.values {
                for value in values {
                    check(Assignment {
                        path: axis.path.clone(),
                        value: value.clone(),
                        location: axis.location.clone(),
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// Merges layers of settings. A setting of a later layer replaces that of an earlier one.
fn resolve(layers: [&[Assignment]; 4]) -> Result<TrialConfig, SpecError> {
    let mut chosen: Vec<(usize, &Assignment)> = Vec::new();
    for (layer, assignments) in layers.into_iter().enumerate() {
        for assignment in assignments {
            chosen.retain(|(_, earlier)| earlier.path != assignment.path);
            chosen.push((layer, assignment));
        }
    }
    // `train.optimizer` before `train.optimizer.lr`, `model.hidden` before `model.hidden.depth`; otherwise as written.
    chosen.sort_by_key(|(_, assignment)| assignment.path.matches('.').count());
    let optimizer = chosen.iter().find(|(_, a)| a.path == OPTIMIZER).copied();
    let widths = chosen.iter().find(|(_, a)| a.path == HIDDEN).copied();
    let mut config = TrialConfig::default();
    if let Some(dataset) = chosen.iter().find(|(_, a)| a.path == "data.dataset").and_then(|(_, a)| a.value.as_str()) {
        // The default sizes are those of the data set.
        config.data = DataConfig::named(dataset);
    }
    for (layer, assignment) in chosen {
        if let (Some(setting), Some((later, whole))) = (assignment.path.strip_prefix("train.optimizer."), optimizer) {
            // An optimizer table of a later layer that has this setting replaces the setting of an earlier layer.
            let given = whole.value.as_table().is_some_and(|table| table.contains_key(setting));
            if given && later > layer {
                continue;
            }
        }
        if let (DEPTH, Some((other, widths))) = (assignment.path.as_str(), widths) {
            match other.cmp(&layer) {
                Ordering::Greater => continue,
                Ordering::Less => {}
                Ordering::Equal => {
                    let what = format!("`depth` and `hidden` (in {}) both give the widths; keep one", widths.location);
                    return Err(SpecError::new(assignment.location.as_str(), what));
                }
            }
        }
        config = apply(config, assignment)?;
    }
    Ok(config)
}

/// The settings with one of them changed.
fn apply(config: TrialConfig, assignment: &Assignment) -> Result<TrialConfig, SpecError> {
    let fail = |what: String| SpecError::new(assignment.location.as_str(), what);
    let name = super::keys::short(&assignment.path);
    let mut table = Table::try_from(&config).map_err(|error| fail(error.to_string()))?;
    let mut inner = &mut table;
    let mut parts = assignment.path.split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            inner.insert(part.into(), assignment.value.clone());
            break;
        }
        let value = inner.entry(part).or_insert_with(|| Value::Table(Table::new()));
        // `hidden.depth = 3` replaces `hidden = [64, 32]`.
        if !value.is_table() {
            *value = Value::Table(Table::new());
        }
        let Value::Table(value) = value else { return Err(fail(format!("`{part}` is not a table"))) };
        inner = value;
    }
    table.try_into().map_err(|error: toml::de::Error| fail(format!("`{name}`: {}", explained(error.message()))))
}
