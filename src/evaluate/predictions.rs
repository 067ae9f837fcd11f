//! The predicted class of every test example, in the few bytes that a record has for it.
//!
//! In: predicted and true classes. Out: a line of text such as `8f9d120`: eight right predictions, then a wrong one, of class `f`; nine right
//! ones, then a wrong one, of class `d`; 120 right ones to the end. Class 0 is `a`, class 25 is `z`, class 26 is `ba`.

use std::fmt;

use anyhow::{Context, Result};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The predicted class of every test example that is not its true class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Predictions {
    /// Example, counted from 0 in ascending order, and predicted class.
    wrong: Vec<(usize, u8)>,
    examples: usize,
}

/// Letters of a class.
const LETTERS: u8 = 26;

impl Predictions {
    /// From predicted classes `[n]` and true classes `[n]`.
    pub fn new(predicted: &[u8], labels: &[u8]) -> Self {
        let both = predicted.iter().zip(labels).enumerate();
        let wrong = both.filter(|(_, (predicted, truth))| predicted != truth).map(|(i, (&class, _))| (i, class));
        Self { wrong: wrong.collect(), examples: labels.len() }
    }

    /// Number of test examples.
    pub fn examples(&self) -> usize {
        self.examples
    }

    /// The wrong predictions: example, counted from 0 in ascending order, and predicted class.
    pub fn wrong(&self) -> &[(usize, u8)] {
        &self.wrong
    }

    /// Whether there are none, as of a network that predicts no classes.
    pub fn is_empty(&self) -> bool {
        self.examples == 0
    }

    fn parse(text: &str) -> Result<Self> {
        let mut found = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (count, after) = rest.split_at(digits);
            let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_lowercase()).len();
            let (class, next) = after.split_at(letters);
            found.examples = count
                .parse()
                .ok()
                .and_then(|count: usize| found.examples.checked_add(count))
                .with_context(|| format!("`{rest}` does not begin with a number of right predictions"))?;
            if !class.is_empty() {
                let base = |sum: u16, letter: u8| {
                    sum.checked_mul(LETTERS.into())?.checked_add((letter - b'a').into()).filter(|&sum| sum < 256)
                };
                let class = class
                    .bytes()
                    .try_fold(0, base)
                    .with_context(|| format!("`{class}` is none of the 256 classes that there can be"))?;
                found.wrong.push((found.examples, class as u8));
                found.examples = found.examples.checked_add(1).context("there are too many predictions")?;
            }
            rest = next;
        }
        Ok(found)
    }
}

impl fmt::Display for Predictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut next = 0;
        for &(example, class) in &self.wrong {
            write!(f, "{}", example - next)?;
            if class >= LETTERS {
                write!(f, "{}", char::from(b'a' + class / LETTERS))?;
            }
            write!(f, "{}", char::from(b'a' + class % LETTERS))?;
            next = example + 1;
        }
        write!(f, "{}", self.examples - next)
    }
}

impl Serialize for Predictions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Predictions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| D::Error::custom(format!("`predictions`: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_one_written_by_hand() {
        let predictions = Predictions::new(&[0, 5, 3, 3, 30, 1], &[0, 0, 3, 3, 3, 1]);
        assert_eq!(predictions.to_string(), "1f2be1");
        assert_eq!(predictions.wrong(), [(1, 5), (4, 30)]);
        assert_eq!(Predictions::new(&[1, 0], &[0, 1]).to_string(), "0b0a0");
        assert_eq!(Predictions::new(&[1, 0], &[1, 0]).to_string(), "2");
    }

    #[test]
    fn what_was_written_is_read_back_with_every_class_there_is() {
        let predicted: Vec<u8> = (0..=255).chain([7, 7]).collect();
        let labels: Vec<u8> = (0..258u16).map(|i| (i / 2) as u8).collect();
        let predictions = Predictions::new(&predicted, &labels);
        let text = serde_json::to_string(&predictions).unwrap();
        assert_eq!(serde_json::from_str::<Predictions>(&text).unwrap(), predictions);
    }

    #[test]
    fn text_that_is_no_prediction_is_refused() {
        for bad in ["f", "3F2", "3 f2", "1zz2", "99999999999999999999", "18446744073709551615a", "1-2"] {
            assert!(serde_json::from_value::<Predictions>(bad.into()).is_err(), "{bad}");
        }
    }
}
