//! `train.vary`: which of a trial's random draws follow its seed. The others are those of seed 0 in every run, and the split is the file's.

use serde::{Deserialize, Serialize};

/// A source of the differences between runs of the same settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The initial weights.
    Init,
    /// What is drawn in training: the order of the examples, dropout, noise, augmentation.
    Order,
    /// Which examples of the training file train, and which validate.
    Split,
}

/// The sources that follow the seed, in one order however they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Source>")]
pub struct Vary(Vec<Source>);

impl From<Vec<Source>> for Vary {
    fn from(mut sources: Vec<Source>) -> Self {
        sources.sort();
        Self(sources)
    }
}

impl Default for Vary {
    fn default() -> Self {
        Self(vec![Source::Init, Source::Order])
    }
}

impl Vary {
    /// Whether a source follows the seed.
    pub fn varies(&self, source: Source) -> bool {
        self.0.contains(&source)
    }

    /// The seeds that a source is drawn by in runs with these seeds.
    pub fn seeds(&self, source: Source, seeds: &[u64]) -> Vec<u64> {
        if self.varies(source) { seeds.to_vec() } else { vec![0; seeds.len()] }
    }

    /// Checks that the list names one source or more, each once.
    ///
    /// # Errors
    /// It does not.
    pub fn validate(&self) -> Result<(), String> {
        let twice = self.0.iter().enumerate().any(|(index, source)| self.0[..index].contains(source));
        match self.0.is_empty() || twice {
            true => Err("`train.vary` must name one or more of init, order and split, each once".into()),
            false => Ok(()),
        }
    }
}
