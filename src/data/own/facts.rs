//! What was understood of a table: its rows, classes, ranges and missing values.

use std::collections::HashMap;

/// A table in a few numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct TableFacts {
    /// Number of rows.
    pub rows: usize,
    /// The columns that a network takes.
    pub inputs: Vec<ColumnFacts>,
    /// The column that is predicted; of a class it has neither range nor mean.
    pub outcome: ColumnFacts,
    /// Whether a class is predicted, and not a number.
    pub is_class: bool,
    /// The text of each class and its rows, in the order in which they first occur.
    pub classes: Vec<(String, usize)>,
    /// The place of each class in that list.
    places: HashMap<String, usize>,
}

/// A column in a few numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// The smallest number; infinite where there is none.
    pub low: f64,
    /// The largest number; infinite where there is none.
    pub high: f64,
    /// Cells without a value.
    pub missing: usize,
    sum: f64,
    count: usize,
}

impl TableFacts {
    pub(super) fn new(outcome: &str, is_class: bool) -> Self {
        Self {
            rows: 0,
            inputs: Vec::new(),
            outcome: ColumnFacts::new(outcome),
            is_class,
            classes: Vec::new(),
            places: HashMap::new(),
        }
    }

    pub(super) fn count_class(&mut self, text: &str) {
        match self.places.get(text) {
            Some(&place) => self.classes[place].1 += 1,
            None => {
                self.places.insert(text.into(), self.classes.len());
                self.classes.push((text.into(), 1));
            }
        }
    }
}

impl ColumnFacts {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.into(), low: f64::INFINITY, high: f64::NEG_INFINITY, missing: 0, sum: 0.0, count: 0 }
    }

    pub(super) fn add(&mut self, number: f64) {
        (self.low, self.high) = (self.low.min(number), self.high.max(number));
        (self.sum, self.count) = (self.sum + number, self.count + 1);
    }

    /// The mean of its numbers; `None` where there are none.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}
