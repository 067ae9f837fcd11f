//! The data: from a data set's name to its examples in memory, checked.
//!
//! In: a name and where to look. Out: a [`Dataset`], whose hash is part of every trial's identity.

pub(crate) mod augment;
pub(crate) mod classes;
mod config;
pub mod digits;
mod download;
mod examples;
pub mod folder;
mod gather;
pub mod idx;
pub mod known;
pub mod noise;
pub mod own;
pub(crate) mod picture;
mod pixels;
pub(crate) mod prefetch;
pub mod scale;
pub mod source;
pub mod sparse;
mod split;
mod strokes;
pub mod toys;

use sha2::{Digest, Sha256};

use crate::hash;
use scale::InputTable;

pub use config::{Auto, DataConfig, DataShape, LearntShape, Size};
pub use examples::{Example, Examples, Images, PointSet};
pub use pixels::{Pixels, scaled};
pub use split::{ImageRows, Rows, SparseBatch, Split};

/// Rows and columns of every image.
pub const SIDE: usize = 28;
/// Pixels of every image.
pub const PIXELS: usize = SIDE * SIDE;

/// A data set: a training file and a test file, read and checked.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// `mnist`, `fashion-mnist`, `digits`, ...
    pub name: String,
    /// All examples of the training file; training and validation splits are cut from it.
    pub train: Examples,
    /// All examples of the test file.
    pub test: Examples,
    /// Names of the classes; empty for a regression.
    pub classes: Vec<String>,
    /// First 16 hex digits of the SHA-256 of all inputs, classes and targets.
    pub hash: String,
    /// The sizes of the splits, of one's own data, which are split when they are read.
    pub sizes: Option<SplitSizes>,
    /// The inputs of a table, by which new rows are read.
    pub table: Option<InputTable>,
    /// Whether new pictures are taken as they are, and not brought into MNIST's form.
    pub as_is: bool,
}

/// How many examples each split has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitSizes {
    /// Training examples.
    pub train: usize,
    /// Validation examples.
    pub validation: usize,
    /// Test examples.
    pub test: usize,
}

impl Dataset {
    /// A data set of images. Its classes are 0 to the largest label of either file.
    pub fn new(name: &str, train: Images, test: Images) -> Self {
        let count = train.labels.iter().chain(&test.labels).max().map_or(0, |&max| usize::from(max) + 1);
        Self::of(name, Examples::Images(train), Examples::Images(test), class_names(name, count))
    }

    /// A data set of any examples; `classes` are the names of its classes, none for a regression.
    pub fn of(name: &str, train: Examples, test: Examples, classes: Vec<String>) -> Self {
        let mut hasher = Sha256::new();
        for examples in [&train, &test] {
            hasher.update((examples.count() as u64).to_le_bytes());
            match examples {
                Examples::Images(images) => hasher.update(&images.pixels),
                Examples::Points(points) => {
                    points.values.iter().chain(&points.targets).for_each(|v| hasher.update(v.to_le_bytes()));
                }
            }
            hasher.update(examples.labels());
        }
        let hash = hash::short(hasher);
        Self { name: name.into(), classes, train, test, hash, sizes: None, table: None, as_is: false }
    }

    /// What a plan may know of it.
    pub fn shape(&self, config: &DataConfig) -> DataShape {
        DataShape { inputs: self.train.width(), classes: self.classes.len(), sizes: self.sizes_of(config) }
    }

    /// The sizes of the splits by these settings: those that its data were split by, or those that follow from the settings.
    pub fn sizes_of(&self, config: &DataConfig) -> SplitSizes {
        self.sizes.unwrap_or_else(|| config.sizes_of(self.train.count(), self.test.count()))
    }

    /// Whether a number is predicted instead of a class.
    pub fn is_regression(&self) -> bool {
        self.classes.is_empty()
    }
}

fn class_names(dataset: &str, count: usize) -> Vec<String> {
    /// In the order of the labels (Xiao, Rasul and Vollgraf, "Fashion-MNIST", 2017).
    const FASHION: [&str; 10] =
        ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"];
    (0..count)
        .map(|class| match FASHION.get(class) {
            Some(name) if dataset == "fashion-mnist" => (*name).to_string(),
            _ => class.to_string(),
        })
        .collect()
}

/// Names of the `count` classes of the data with this hash: those of `dataset` if it has the hash, else numbers from 0.
pub fn class_names_of(hash: &str, count: usize, dataset: Option<&Dataset>) -> Vec<String> {
    match dataset {
        Some(dataset) if dataset.hash == hash => dataset.classes.clone(),
        _ => (0..count).map(|class| class.to_string()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_covers_pixels_labels_and_which_file_an_image_is_in() {
        let single = |pixel, label| Images::new(vec![pixel; PIXELS], vec![label]);
        let hash = |train, test| Dataset::new("x", train, test).hash;
        let base = hash(single(0, 0), single(1, 1));
        assert_ne!(base, hash(single(2, 0), single(1, 1)));
        assert_ne!(base, hash(single(0, 2), single(1, 1)));
        assert_ne!(base, hash(single(1, 1), single(0, 0)));
        assert_eq!(base, hash(single(0, 0), single(1, 1)));
    }
}
