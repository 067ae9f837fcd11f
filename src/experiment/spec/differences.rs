//! In what a run differs from its experiment's file.
//!
//! A source is judged by the settings that it names, so a run with others judges none of its claims. Other seeds, or more of them, are no
//! difference: every claim is about the runs of any seed.

use toml::{Table, Value};

use super::{Assignment, AxisValues, Spec, keys};
use crate::experiment::config::TrialKind;

impl Spec {
    /// The settings in which the run differs from the file, as sentences such as `train.epochs is 5 instead of 50`.
    pub(crate) fn differences(&self) -> Vec<String> {
        let mut all = self.differs.clone();
        let Some(file) = &self.published else { return all };
        let config = file.resolve(&[]).ok();
        let is_descent = config.as_ref().is_some_and(|config| matches!(config.kind(), TrialKind::Descent(_)));
        // A descent has neither epochs nor data.
        let matters =
            |path: &str| !is_descent || ["descend.", "train.optimizer"].iter().any(|part| path.starts_with(part));
        let mut paths: Vec<&str> = Vec::new();
        let given =
            self.overrides.iter().map(|one| one.path.as_str()).chain(self.axes.iter().map(|axis| axis.path.as_str()));
        for path in given {
            if matters(path) && !paths.contains(&path) {
                paths.push(path);
            }
        }
        all.extend(paths.into_iter().filter_map(|path| {
            let (now, then) = (self.value_of(path), file.value_of(path));
            (now != then).then(|| format!("{path} is {now} instead of {then}"))
        }));
        if let (Some(max), Some(config)) = (self.max_sizes, config.filter(|_| !is_descent)) {
            let (asked, most) = (&config.data, max);
            if asked.train > most.train || asked.validation > most.validation || asked.test > most.test {
                all.push(format!(
                    "at most {} training, {} validation and {} test examples are used instead of {}, {} and {}",
                    most.train, most.validation, most.test, asked.train, asked.validation, asked.test
                ));
            }
        }
        all
    }

    /// A setting as its axis, its arms or the whole file give it, as text.
    fn value_of(&self, path: &str) -> String {
        if let Some(override_) = self.overrides.iter().rev().find(|one| one.path == path) {
            return self.resolved(path, Some(override_));
        }
        if let Some(axis) = self.axes.iter().find(|axis| axis.path == path) {
            return match &axis.values {
                AxisValues::List(values) => Value::Array(values.clone()).to_string(),
                AxisValues::Range { low, high, .. } => format!("{low} to {high}"),
            };
        }
        let of_arms: Vec<&Assignment> =
            self.arms.iter().flat_map(|arm| &arm.settings).filter(|setting| setting.path == path).collect();
        if !of_arms.is_empty() {
            return "what its arms set".into();
        }
        self.resolved(path, None)
    }

    /// A setting after defaults; as given where it has no default.
    fn resolved(&self, path: &str, given: Option<&Assignment>) -> String {
        let as_given = || given.map_or_else(|| "not set".into(), |one| one.value.to_string());
        let table = self.resolve(&[]).ok().and_then(|config| Table::try_from(config).ok());
        let inside = |value: Value, key: &str| value.get(key).cloned();
        let found = table.and_then(|table| path.split('.').try_fold(Value::Table(table), inside));
        found.map_or_else(as_given, |value| match value.get("name") {
            // An optimizer is known by its name; its other settings may be axes of their own.
            Some(Value::String(name)) if path == "train.optimizer" => name.clone(),
            _ => value.to_string(),
        })
    }

    /// The settings that the file gives, axes and arms included, by path.
    pub(crate) fn given_paths(&self) -> Vec<String> {
        let of_arms = self.arms.iter().flat_map(|arm| &arm.settings);
        let settings = self.base.iter().chain(of_arms).map(|one| one.path.as_str());
        let mut paths: Vec<String> = Vec::new();
        for path in settings.chain(self.axes.iter().map(|axis| axis.path.as_str())) {
            if path != keys::ARM && !paths.iter().any(|known| known == path) {
                paths.push(path.into());
            }
        }
        paths
    }
}
