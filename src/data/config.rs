//! The `[data]` section of an experiment: which data set, how it is split, and how its numbers reach a network.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::known::KNOWN;
use super::scale::Scale;
use super::{PIXELS, Pixels, SplitSizes, classes, digits, toys};

/// Which data set, and how it is split. Its JSON is part of every trial's identity: a setting at its default is left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// `mnist`, `fashion-mnist`, `digits`, a toy such as `blobs`, or data of one's own: a CSV file, a `.npy` file, or a folder of IDX files or
    /// of PNG pictures.
    pub dataset: String,
    /// The training examples. Of a published set, from the beginning of the training file.
    pub train: Size,
    /// The validation examples. Of a published set, from the end of the training file.
    pub validation: Size,
    /// The test examples. Of a published set, from the beginning of the test file.
    pub test: Size,
    /// How an image's bytes become numbers.
    #[serde(skip_serializing_if = "is_default")]
    pub pixels: Pixels,
    /// The classes whose images are kept, which become classes 0, 1, ... in this order; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<u8>,
    /// The least distance of the points of `separable` from the straight line between its classes.
    #[serde(skip_serializing_if = "is_usual_margin")]
    pub margin: f64,
    /// The column with the class, of a CSV file, or the file with the classes, beside a `.npy` file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The column, or the file, with the number to predict; then the task is a regression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Columns of a CSV file that are not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// How the numbers of a table are scaled.
    #[serde(skip_serializing_if = "is_default")]
    pub scale: Scale,
    /// The seed by which the split of one's own data is drawn.
    #[serde(skip_serializing_if = "is_default")]
    pub split_seed: u64,
    /// What the data turned out to be, once they are read.
    #[serde(skip)]
    pub shape: LearntShape,
}

/// The size of a split.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number of examples such as 5000, a share of them such as 0.2, or \"auto\"")]
pub enum Size {
    /// So many examples.
    Count(usize),
    /// This share of the examples there are.
    Share(f64),
    /// As the other splits leave, or a fifth: see [`DataConfig::sizes_of`].
    Auto(Auto),
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Share(share) => share.fmt(f),
            Self::Auto(_) => f.write_str("auto"),
        }
    }
}

/// See [`Size::Auto`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// `"auto"`
    Auto,
}

/// What is known of data once they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataShape {
    /// Numbers in an example.
    pub inputs: usize,
    /// Number of classes; 0 for a regression.
    pub classes: usize,
    /// The sizes of the splits.
    pub sizes: SplitSizes,
}

/// What is known of the data. It is no setting: two settings are equal whatever is known of their data.
#[derive(Debug, Clone, Copy, Default)]
pub struct LearntShape(pub Option<DataShape>);

impl PartialEq for LearntShape {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The share that validates, and that tests, of data of one's own.
const SHARE: f64 = 0.2;

impl Size {
    /// The size where it is at most so many.
    pub fn at_most(self, most: usize) -> Self {
        match self {
            Self::Count(count) => Self::Count(count.min(most)),
            other => other,
        }
    }

    /// Whether it is known to be more.
    pub fn exceeds(self, most: usize) -> bool {
        matches!(self, Self::Count(count) if count > most)
    }

    /// The examples, of `all` there are; `auto` is what stands for `"auto"`.
    fn of(self, all: usize, auto: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Share(share) => share_of(share, all),
            Self::Auto(_) => auto,
        }
    }
}

/// At least one example.
fn share_of(share: f64, all: usize) -> usize {
    ((share * all as f64).round() as usize).max(1)
}

fn is_usual_margin(margin: &f64) -> bool {
    *margin == toys::MARGIN
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for DataConfig {
    fn default() -> Self {
        Self::named("mnist")
    }
}

impl DataConfig {
    /// The data set of this name with nothing else set.
    pub fn named(dataset: &str) -> Self {
        let [train, validation, test] = Self::sizes(dataset);
        Self {
            dataset: dataset.into(),
            train,
            validation,
            test,
            pixels: Pixels::Unit,
            classes: Vec::new(),
            margin: toys::MARGIN,
            label: None,
            target: None,
            ignore: Vec::new(),
            scale: Scale::default(),
            split_seed: 0,
            shape: LearntShape(None),
        }
    }

    /// The sizes of the training, validation and test split of a data set, unless the experiment gives others.
    pub fn sizes(dataset: &str) -> [Size; 3] {
        let of_digits = SplitSizes { train: 55_000, validation: 5_000, test: 10_000 };
        match toys::find(dataset) {
            None if is_own(dataset) => [Size::Auto(Auto::Auto); 3],
            toy => {
                let SplitSizes { train, validation, test } = toy.map_or(of_digits, |toy| toy.sizes);
                [train, validation, test].map(Size::Count)
            }
        }
    }

    /// Whether the data are the user's own, and neither published nor drawn by Kindling.
    pub fn is_own(&self) -> bool {
        is_own(&self.dataset)
    }

    /// The name of the data set with what is chosen of it, which records keep: `mnist[3,5]`.
    pub fn full_name(&self) -> String {
        match toys::find(&self.dataset) {
            Some(toy) if toy.has_margin() => toy.name_with(self.margin),
            _ => classes::name_with(&self.dataset, &self.classes),
        }
    }

    /// What tells the data of two settings apart: the name, and of one's own data everything that decides how they are read and split.
    pub fn key(&self) -> String {
        if !self.is_own() {
            return self.full_name();
        }
        // These types always serialise; the name alone would only have the first of two settings read.
        format!("{} {}", self.full_name(), serde_json::to_string(self).unwrap_or_default())
    }

    /// The number of classes; 0 for a regression. Before data of one's own are read it is a guess, unless they are of a regression.
    pub fn class_count(&self) -> usize {
        match (&self.shape.0, &self.target, toys::find(&self.dataset)) {
            (Some(shape), ..) => shape.classes,
            (None, Some(_), _) => 0,
            (None, None, Some(toy)) => toy.classes,
            (None, None, None) if self.classes.is_empty() => digits::CLASSES,
            (None, None, None) => self.classes.len(),
        }
    }

    /// Numbers in an example. Before data of one's own are read, a guess.
    pub fn likely_inputs(&self) -> usize {
        match (&self.shape.0, toys::find(&self.dataset)) {
            (Some(shape), _) => shape.inputs,
            (None, Some(toy)) => toy.width,
            (None, None) => PIXELS,
        }
    }

    /// The sizes of the splits of a training file of `all` examples and a test file of `tests`; without a test file (0), the test examples
    /// are some of the others. A share is one of the file's. Of one's own data, a fifth validates, a fifth or the whole test file tests, and
    /// the rest trains. Of chosen classes of a published set, a default size is more than there is: then a twelfth of the training file
    /// validates, as of MNIST 5,000 of 60,000 do, the rest trains, and the whole test file tests.
    pub fn sizes_of(&self, all: usize, tests: usize) -> SplitSizes {
        let usual = Self::sizes(&self.dataset);
        let is_changed = |size: Size, default: Size| !self.classes.is_empty() && size == default;
        let auto_if = |size: Size, default: Size| if is_changed(size, default) { Size::Auto(Auto::Auto) } else { size };
        let share = if self.is_own() { share_of(SHARE, all) } else { (all / 12).max(1) };
        let test = match tests {
            0 => auto_if(self.test, usual[2]).of(all, share),
            tests => auto_if(self.test, usual[2]).of(tests, tests),
        };
        let taken = if tests == 0 { test } else { 0 };
        let validation = auto_if(self.validation, usual[1]).of(all, share);
        let rest = all.saturating_sub(taken.saturating_add(validation));
        let share_of_all = |size: Size| if let Size::Share(share) = size { Some(share) } else { None };
        let of_test = if tests == 0 { share_of_all(self.test) } else { Some(0.0) };
        let shares = [share_of_all(self.train), share_of_all(self.validation), of_test];
        // Shares of the whole, each rounded, may be one example more than there are.
        let is_whole = shares.into_iter().sum::<Option<f64>>().is_some_and(|sum| (sum - 1.0).abs() < 1e-9);
        let train = if is_whole { rest } else { auto_if(self.train, usual[0]).of(all, rest) };
        SplitSizes { train, validation, test }
    }

    /// The sizes of the splits, as far as they are known before the data are read: of ten classes each has about a tenth of the examples.
    pub fn likely_sizes(&self) -> SplitSizes {
        if let Some(shape) = self.shape.0 {
            return shape.sizes;
        }
        /// A guess at data that are not read yet.
        const ROWS: usize = 1_000;
        let usual = Self::sizes(&self.dataset);
        let of = |size: Size, default: Size, auto: f64| match size {
            Size::Count(count) if size == default && (1..10).contains(&self.classes.len()) => {
                count * self.classes.len() / 10
            }
            size => size.of(ROWS, share_of(auto, ROWS)),
        };
        SplitSizes {
            train: of(self.train, usual[0], 1.0 - 2.0 * SHARE),
            validation: of(self.validation, usual[1], SHARE),
            test: of(self.test, usual[2], SHARE),
        }
    }
}

fn is_own(dataset: &str) -> bool {
    dataset != "digits" && toys::parse(dataset).is_none() && KNOWN.iter().all(|known| known.name != dataset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(data: &DataConfig, all: usize, tests: usize) -> [usize; 3] {
        let SplitSizes { train, validation, test } = data.sizes_of(all, tests);
        [train, validation, test]
    }

    #[test]
    fn default_sizes_of_chosen_classes_are_shares_of_what_there_is_and_other_sizes_are_kept() {
        let mut data = DataConfig { classes: vec![0, 1], ..DataConfig::default() };
        assert_eq!(counts(&data, 12_665, 2_115), [11_610, 1_055, 2_115]);
        (data.train, data.test) = (Size::Count(1_000), Size::Count(500));
        assert_eq!(counts(&data, 12_665, 2_115), [1_000, 1_055, 500]);
        data.classes.clear();
        assert_eq!(counts(&data, 12_665, 2_115), [1_000, 5_000, 500]);
    }

    #[test]
    fn of_ones_own_data_a_fifth_validates_a_fifth_tests_and_the_rest_trains() {
        let mut data = DataConfig::named("wine.csv");
        assert_eq!(counts(&data, 178, 0), [106, 36, 36]);
        // A test file of its own is used whole.
        assert_eq!(counts(&data, 100, 40), [80, 20, 40]);
        (data.validation, data.test) = (Size::Share(0.1), Size::Count(20));
        assert_eq!(counts(&data, 100, 0), [70, 10, 20]);
        data.train = Size::Count(5);
        assert_eq!(counts(&data, 100, 0), [5, 10, 20]);
        (data.train, data.validation, data.test) = (Size::Share(0.6), Size::Share(0.2), Size::Share(0.2));
        for all in 5..300 {
            assert_eq!(counts(&data, all, 0).iter().sum::<usize>(), all);
        }
    }

    #[test]
    fn a_size_is_written_as_a_number_and_read_as_a_number_a_share_or_auto() {
        let json = serde_json::to_value(DataConfig::default()).unwrap();
        assert_eq!(json, serde_json::json!({ "dataset": "mnist", "train": 55000, "validation": 5000, "test": 10000 }));
        let read = |text: &str| serde_json::from_str::<Size>(text);
        assert_eq!(read("0.25").unwrap(), Size::Share(0.25));
        assert_eq!(read("\"auto\"").unwrap(), Size::Auto(Auto::Auto));
        assert!(read("\"all\"").unwrap_err().to_string().contains("a share of them such as 0.2"));
    }
}
