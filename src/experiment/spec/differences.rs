//! In what a run differs from its experiment's file.
//!
//! A source is judged by the settings that it names, so a run with others judges none of its claims. Other seeds, or more of them, are no
//! difference: every claim is about the runs of any seed.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::{Assignment, AxisValues, SearchConfig, Spec, keys};
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
            if asked.train.exceeds(most.train)
                || asked.validation.exceeds(most.validation)
                || asked.test.exceeds(most.test)
            {
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

    /// In what the settings of a run's own file, `written`, differ from these, as texts such as `train.epochs is 2 there, 256 here`. The numbers of
    /// seeds do not count.
    pub(crate) fn differing_from(&self, written: &Self) -> Vec<String> {
        let [here, there] = [self, written].map(Self::every_value);
        let text =
            |values: &BTreeMap<String, String>, path: &str| values.get(path).map_or("not set".into(), Clone::clone);
        let paths: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
        let differs = paths.into_iter().filter(|path| here.get(*path) != there.get(*path));
        differs.map(|path| format!("{path} is {} there, {} here", text(&there, path), text(&here, path))).collect()
    }

    /// Every setting with its value, by path: that of the whole file, or the values of its axis; and the arms.
    fn every_value(&self) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        let table = self.resolve(&[]).ok().and_then(|config| Table::try_from(config).ok()).unwrap_or_default();
        flatten(String::new(), Value::Table(table), &mut values);
        for axis in self.axes.iter().filter(|axis| !self.overrides.iter().any(|one| one.path == axis.path)) {
            // The values below it, such as those of an optimizer, are the axis's own.
            values.retain(|path, _| path != &axis.path && !path.starts_with(&format!("{}.", axis.path)));
            let written = match &axis.values {
                AxisValues::List(list) => {
                    let full =
                        list.iter().map(|value| self.in_full(&axis.path, value).unwrap_or_else(|_| value.clone()));
                    Value::Array(full.collect()).to_string()
                }
                AxisValues::Range { .. } => self.value_of(&axis.path),
            };
            values.insert(axis.path.clone(), written);
        }
        if let Some(search) = &self.search {
            // What a search has learnt is no setting of it.
            let asked = SearchConfig { scores: Vec::new(), ..search.clone() };
            values.insert("search".into(), Value::try_from(asked).map_or(String::new(), |asked| asked.to_string()));
        }
        for arm in &self.arms {
            let settings: Vec<String> =
                arm.settings.iter().map(|one| format!("{} = {}", keys::short(&one.path), one.value)).collect();
            values.insert(format!("arm `{}`", arm.name), settings.join(", "));
        }
        values
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

/// The values of a table and of the tables in it, by path.
fn flatten(path: String, value: Value, values: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let inner = if path.is_empty() { key } else { format!("{path}.{key}") };
                flatten(inner, value, values);
            }
        }
        value => drop(values.insert(path, value.to_string())),
    }
}
