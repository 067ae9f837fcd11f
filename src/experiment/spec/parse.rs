//! From the text of an experiment file to a [`Spec`]; a mistake is reported with its line.

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::keys;
use super::values::{axis, is_item, known, plain, typed, values};
use super::{Assignment, AxisValues, Claim, DEFAULT_SEEDS, Halving, SearchConfig, Spec, SpecError};
use crate::experiment::quantity::Quantity;
use crate::suggest::suggestion;

type Result<T> = std::result::Result<T, SpecError>;

// The largest numbers of seeds and of sampled arms: far beyond use, and small enough that no count of trials overflows.
const MAX_SEEDS: u64 = 1_000_000;
pub(crate) const MAX_ARMS: u64 = 10_000;

/// A file's text and path, from which the location of a mistake is made.
pub(super) struct File<'a> {
    path: &'a str,
    text: &'a str,
}

impl File<'_> {
    pub(super) fn location(&self, offset: usize) -> String {
        let line = self.text[..offset.min(self.text.len())].matches('\n').count() + 1;
        format!("{}:{line}", self.path)
    }
}

/// A key of a table, its location and its value.
pub(super) type Entry<'a, 't> = (&'a str, String, &'a Spanned<DeValue<'t>>);

impl Spec {
    /// Parses the text of an experiment file. `name` is the experiment's name, `path` the file's path in messages.
    ///
    /// # Errors
    /// The first mistake, with its line: bad TOML, an unknown key (with the nearest known one), a value that does not fit its key, an
    /// empty axis.
    pub fn parse(name: &str, path: &str, text: &str) -> Result<Self> {
        let file = File { path, text };
        let document = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            SpecError::new(file.location(offset), format!("this is not TOML: {}", error.message()))
        })?;
        let mut spec = Self {
            name: name.into(),
            file: path.into(),
            question: String::new(),
            source: None,
            assumes: Vec::new(),
            metric: None,
            shows: None,
            seeds: DEFAULT_SEEDS,
            paired: false,
            looks: Vec::new(),
            base: Vec::new(),
            axes: Vec::new(),
            arms: Vec::new(),
            zip: Vec::new(),
            search: None,
            overrides: Vec::new(),
            max_sizes: None,
            claims: Vec::new(),
            claims_before: None,
            published: None,
            differs: Vec::new(),
            given: None,
        };
        for (key, location, value) in file.entries(document.get_ref()) {
            match key {
                "question" => spec.question = typed(plain(value), &location, key)?,
                "source" => spec.source = Some(typed(plain(value), &location, key)?),
                "assumes" => spec.assumes = file.assumes(value, &location)?,
                "metric" => {
                    let text: String = typed(plain(value), &location, key)?;
                    let quantity: Quantity = text.parse().map_err(|what: String| SpecError::new(location, what))?;
                    spec.metric = Some(quantity);
                }
                "shows" => spec.shows = Some(typed(plain(value), &location, key)?),
                "seeds" => spec.seeds = typed(plain(value), &location, key)?,
                "paired" => spec.paired = typed(plain(value), &location, key)?,
                "looks" => spec.looks = typed(plain(value), &location, key)?,
                "claims_before" => spec.claims_before = Some(typed(plain(value), &location, key)?),
                "differs" => spec.differs = typed(plain(value), &location, key)?,
                "given" => spec.given = Some(typed(plain(value), &location, key)?),
                "claims" => spec.claims = file.claims(value, &location)?,
                "sweep" => file.sweep(&mut spec, value, &location)?,
                "arms" => spec.arms = file.arms(value, &location)?,
                section if keys::SECTIONS.contains(&section) => {
                    spec.base.extend(file.section(section, value, &location)?);
                }
                _ => {
                    let what = match keys::place_of(key) {
                        Some((section, name)) => format!("`{key}` belongs under [{section}], as `{name}`"),
                        None => format!(
                            "unknown key `{key}`{}; a file has {}",
                            suggestion(key, keys::top_names().into_iter().chain(keys::names())),
                            keys::top_names().join(", ")
                        ),
                    };
                    return Err(SpecError::new(location, what));
                }
            }
        }
        if spec.question.is_empty() {
            return Err(SpecError::new(format!("{path}:1"), "there is no `question = \"...\"`"));
        }
        if let (Some(_), Some(arm)) = (&spec.search, spec.arms.first()) {
            return Err(SpecError::new(
                arm.location.as_str(),
                "[[arms]] cannot be combined with a search; leave out one of the two",
            ));
        }
        spec.check_seeds(&format!("{path}: seeds"))?;
        spec.check_values()?;
        Ok(spec)
    }

    /// Adds an override as typed after `--set`: `KEY=VALUE`. A list becomes an axis.
    ///
    /// # Errors
    /// There is no `=`, the key is unknown, or the value does not fit it.
    pub fn set(&mut self, typed: &str) -> Result<()> {
        let location = format!("--set {typed}");
        let Some((key, text)) = typed.split_once('=') else {
            return Err(SpecError::new(location, "expected KEY=VALUE, such as train.lr=0.01"));
        };
        let (key, text) = (key.trim(), text.trim());
        let path = known(key, &location)?;
        // A value that is not TOML is a string: `optimizer=adam` means `optimizer="adam"`.
        let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
        let value = parsed.unwrap_or_else(|| Value::String(text.into()));
        match value {
            Value::Array(list)
                if !(keys::LIST_VALUED.contains(&path) && list.iter().all(|item| is_item(path, item))) =>
            {
                self.axes.retain(|axis| axis.path != path);
                self.overrides.retain(|earlier| earlier.path != path);
                let axis = axis(key, path, AxisValues::List(list), location)?;
                self.axes.push(axis);
            }
            value => self.overrides.push(Assignment { path: path.into(), value, location }),
        }
        self.check_values()
    }

    /// Adds the override of a flag such as `--epochs`.
    ///
    /// # Errors
    /// The value does not fit the setting.
    pub(crate) fn set_flag(&mut self, flag: &str, path: &str, value: impl Into<Value>) -> Result<()> {
        let location = format!("--{flag}");
        self.overrides.push(Assignment { path: path.into(), value: value.into(), location });
        self.check_values()
    }

    /// Checks the number of seeds.
    ///
    /// # Errors
    /// It is 0, or above a million.
    pub(crate) fn check_seeds(&self, location: &str) -> Result<()> {
        if !(1..=MAX_SEEDS).contains(&self.seeds) {
            let what = format!("{} seeds; it must be at least 1 and at most {MAX_SEEDS}", self.seeds);
            return Err(SpecError::new(location, what));
        }
        if !self.looks.is_sorted_by(|a, b| a < b) || !self.looks.is_empty() && !self.looks.contains(&self.seeds) {
            let what =
                format!("`looks` are {:?}; they must rise, and `seeds`, {}, be one of them", self.looks, self.seeds);
            return Err(SpecError::new(location, what));
        }
        Ok(())
    }
}

impl File<'_> {
    /// A table's entries in the order in which they are written.
    fn entries<'a, 't>(&self, table: &'a DeTable<'t>) -> Vec<Entry<'a, 't>> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (&'a Spanned<_>, _)| {
            let key: &'a Spanned<toml::de::DeString<'t>> = key;
            (key.get_ref().as_ref(), self.location(key.span().start), value)
        };
        entries.into_iter().map(entry).collect()
    }

    /// The entries of a value that must be a table; `key` is its key in the message.
    pub(super) fn table<'a, 't>(
        &self,
        value: &'a Spanned<DeValue<'t>>,
        location: &str,
        key: &str,
    ) -> Result<Vec<Entry<'a, 't>>> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(self.entries(table)),
            _ => Err(SpecError::new(location, format!("`{key}` must be a table: [{key}]"))),
        }
    }

    /// The settings of a section such as `[train]`.
    pub(super) fn section(&self, section: &str, value: &Spanned<DeValue>, location: &str) -> Result<Vec<Assignment>> {
        let mut settings = Vec::new();
        for (key, location, value) in self.table(value, location, section)? {
            let path = keys::canonical(&format!("{section}.{key}")).ok_or_else(|| {
                let valid = keys::of_section(section);
                let near = suggestion(key, valid.iter().copied());
                let what = format!("unknown key `{key}` in [{section}]{near}; it has {}", valid.join(", "));
                SpecError::new(location.as_str(), what)
            })?;
            settings.push(Assignment { path: path.into(), value: plain(value), location });
        }
        Ok(settings)
    }

    fn sweep(&self, spec: &mut Spec, value: &Spanned<DeValue>, location: &str) -> Result<()> {
        for (key, location, value) in self.table(value, location, "sweep")? {
            match (key, value.get_ref()) {
                ("search", _) => spec.search = Some(typed(plain(value), &location, "search")?),
                ("zip", _) => spec.zip = typed(plain(value), &location, "zip")?,
                // TOML reads `train.lr = [...]` as a table in a table.
                (section, DeValue::Table(inner)) if keys::SECTIONS.contains(&section) => {
                    for (rest, location, value) in self.entries(inner) {
                        self.axis(spec, &format!("{key}.{rest}"), location, value)?;
                    }
                }
                _ => self.axis(spec, key, location, value)?,
            }
        }
        for key in spec.zip.iter_mut().flatten() {
            let path = known(key, location)?;
            if !spec.axes.iter().any(|axis| axis.path == path) {
                return Err(SpecError::new(location, format!("`zip` names `{key}`, which is no axis of [sweep]")));
            }
            *key = path.into();
        }
        let zipped: Vec<&String> = spec.zip.iter().flatten().collect();
        if let Some(twice) = zipped.iter().enumerate().find(|(i, key)| zipped[..*i].contains(key)) {
            return Err(SpecError::new(location, format!("`zip` names `{}` twice", twice.1)));
        }
        if spec.search.is_some() && !spec.zip.is_empty() {
            return Err(SpecError::new(location, "`zip` has no meaning in a search; leave out one of the two"));
        }
        let range = spec.axes.iter().find(|axis| matches!(axis.values, AxisValues::Range { .. }));
        match (range, &spec.search) {
            (Some(axis), None) => {
                let what = format!(
                    "`{}` is a range; a range needs `search = {{ random = 40 }}` or `search = {{ bayesian = 40 }}`",
                    axis.key
                );
                Err(SpecError::new(axis.location.as_str(), what))
            }
            (
                _,
                Some(
                    SearchConfig { random: Some(_), bayesian: Some(_), .. }
                    | SearchConfig { random: None, bayesian: None, .. },
                ),
            ) => Err(SpecError::new(location, "`search` is one of { random = 40 } and { bayesian = 40 }")),
            (_, Some(SearchConfig { bayesian: Some(_), halving: Some(_), .. })) => Err(SpecError::new(
                location,
                "`halving` is for { random = 40 }: a Bayesian search proposes from whole trainings; leave it out",
            )),
            (_, Some(SearchConfig { halving: Some(Halving { from, factor }), .. }))
                if *from == 0 || !(2..=100).contains(factor) =>
            {
                let what = format!(
                    "`halving` has from = {from} and factor = {factor}; from must be 1 or more, and factor 2 to 100"
                );
                Err(SpecError::new(location, what))
            }
            (_, Some(search)) if !(1..=MAX_ARMS).contains(&search.count()) => {
                let what = format!("`search` samples {} arms; it must be 1 to {MAX_ARMS}", search.count());
                Err(SpecError::new(location, what))
            }
            _ => Ok(()),
        }
    }

    fn axis(&self, spec: &mut Spec, key: &str, location: String, value: &Spanned<DeValue>) -> Result<()> {
        let path = known(key, &location)?;
        if spec.axes.iter().any(|axis| axis.path == path) {
            return Err(SpecError::new(location, format!("`{key}` is an axis already; give it one list")));
        }
        let values = values(plain(value), &location, key)?;
        spec.axes.push(axis(key, path, values, location)?);
        Ok(())
    }

    fn claims(&self, value: &Spanned<DeValue>, location: &str) -> Result<Vec<Claim>> {
        let DeValue::Array(list) = value.get_ref() else {
            return Err(SpecError::new(location, "claims are written as [[claims]] tables"));
        };
        let claim = |claim: &Spanned<DeValue>| {
            let location = self.location(claim.span().start);
            let claim: Claim = typed(plain(claim), &location, "claims")?;
            claim.validate().map_err(|what| SpecError::new(location, format!("`{}`: {what}", claim.says)))?;
            Ok(claim)
        };
        list.iter().map(claim).collect()
    }

    /// `[assumes]`: a sentence for each setting, or for other words in quotation marks that hold a space.
    fn assumes(&self, value: &Spanned<DeValue>, location: &str) -> Result<Vec<(String, String)>> {
        let assumed = |(key, location, value): Entry| {
            let why: String = typed(plain(value), &location, key)?;
            // What is not a setting is said in words, so that a misspelt key cannot pass for one.
            let key = if key.contains(' ') { key } else { known(key, &location)? };
            Ok((key.to_string(), why))
        };
        self.table(value, location, "assumes")?.into_iter().map(assumed).collect()
    }
}
