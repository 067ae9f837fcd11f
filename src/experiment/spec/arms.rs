//! The `[[arms]]` tables of an experiment file.
//!
//! In: a list of tables. Out: named arms, every key of which is known.

use toml::Spanned;
use toml::de::DeValue;

use super::keys;
use super::parse::File;
use super::values::{known, plain, typed};
use super::{Assignment, NamedArm, SpecError};

type Result<T> = std::result::Result<T, SpecError>;

impl File<'_> {
    /// The arms: each table has a name, and settings by their short or full keys.
    pub(super) fn arms(&self, value: &Spanned<DeValue>, location: &str) -> Result<Vec<NamedArm>> {
        let DeValue::Array(list) = value.get_ref() else {
            return Err(SpecError::new(location, "arms are written as [[arms]] tables"));
        };
        let mut arms: Vec<NamedArm> = Vec::new();
        for table in list.iter() {
            let location = self.location(table.span().start);
            let (mut name, mut settings) = (None, Vec::new());
            for (key, location, value) in self.table(table, &location, "arms")? {
                match (key, value.get_ref()) {
                    ("name", _) => name = Some(typed::<String>(plain(value), &location, "name")?),
                    // TOML reads `train.lr = 0.1` as a table in a table.
                    (section, DeValue::Table(_)) if keys::SECTIONS.contains(&section) => {
                        settings.extend(self.section(section, value, &location)?);
                    }
                    _ => {
                        let path = known(key, &location)?;
                        settings.push(Assignment { path: path.into(), value: plain(value), location });
                    }
                }
            }
            let name = name.filter(|name| !name.trim().is_empty());
            let name = name.ok_or_else(|| SpecError::new(location.as_str(), "an arm needs a `name = \"...\"`"))?;
            if arms.iter().any(|arm| arm.name == name) {
                return Err(SpecError::new(location, format!("there are two arms `{name}`; give one another name")));
            }
            arms.push(NamedArm { name, settings, location });
        }
        Ok(arms)
    }
}
