//! The data: from a name to images and labels in memory, checked.
//!
//! In: a data set's name and where to look. Out: a [`Dataset`], whose hash is part of every trial's identity.

pub mod augment;
pub mod digits;
pub mod download;
mod examples;
pub mod folder;
mod gather;
pub mod idx;
pub mod known;
pub mod noise;
pub mod picture;
pub mod source;
mod split;
pub mod strokes;
pub mod toys;

use burn_dataset::DatasetError;
use sha2::{Digest, Sha256};

use crate::hash;

pub use examples::{Examples, Pixels, PointSet};
pub use split::{Rows, Split};

/// Rows and columns of every image.
pub const SIDE: usize = 28;
/// Pixels of every image.
pub const PIXELS: usize = SIDE * SIDE;

/// Images and their classes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Images {
    /// `[n, 28, 28]`, 0 is background and 255 is ink.
    pub pixels: Vec<u8>,
    /// `[n]`
    pub labels: Vec<u8>,
}

/// One image, as burn-dataset hands it out.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// `[784]`, in 0 to 1.
    pub image: Vec<f32>,
    /// The class, from 0.
    pub label: u8,
}

/// A training file and a test file, read and checked.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// `mnist`, `fashion-mnist`, `digits`, ...
    pub name: String,
    /// The training file, whole.
    pub train: Examples,
    /// The test file, whole.
    pub test: Examples,
    /// What the classes are called; none where a number is to be predicted.
    pub classes: Vec<String>,
    /// First 16 hex digits of the SHA-256 of all inputs and targets.
    pub hash: String,
}

/// Training, validation and test examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultSizes {
    /// The first so many of the training file.
    pub train: usize,
    /// The last so many of the training file.
    pub validation: usize,
    /// The first so many of the test file.
    pub test: usize,
}

/// The numbers a network is shown of each example of a data set, as far as its name tells.
pub fn width_of(dataset: &str) -> usize {
    toys::find(dataset).map_or(PIXELS, |toy| toy.width)
}

/// The classes of a data set, as far as its name tells: 0 where a number is to be predicted, 10 for images.
pub fn classes_of(dataset: &str) -> usize {
    toys::find(dataset).map_or(10, |toy| toy.classes)
}

impl Images {
    /// How many.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// The pixels of image `index`.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * PIXELS..(index + 1) * PIXELS]
    }

    /// Images `from..to` borrowed.
    ///
    /// # Panics
    /// When the range reaches past the end.
    pub fn slice(&self, from: usize, to: usize) -> Split<'_> {
        let pixels = &self.pixels[from * PIXELS..to * PIXELS];
        Split { rows: Rows::Pixels(pixels), labels: &self.labels[from..to], targets: &[] }
    }
}

impl burn_dataset::Dataset<Example> for Images {
    fn get(&self, index: usize) -> Result<Example, DatasetError> {
        let image = self.image(index).iter().map(|&pixel| scaled(pixel)).collect();
        Ok(Example { image, label: self.labels[index] })
    }

    fn len(&self) -> usize {
        self.count()
    }
}

/// A pixel as a network sees it: 0 to 1.
#[inline(always)]
pub fn scaled(pixel: u8) -> f32 {
    f32::from(pixel) * (1.0 / 255.0)
}

impl Dataset {
    /// A dataset of images, hashed; its classes are those that occur.
    pub fn new(name: &str, train: Images, test: Images) -> Self {
        let count = train.labels.iter().chain(&test.labels).max().map_or(0, |&m| usize::from(m) + 1);
        Self::of(name, Examples::Images(train), Examples::Images(test), class_names(name, count))
    }

    /// Puts a dataset together and hashes it.
    pub fn of(name: &str, train: Examples, test: Examples, classes: Vec<String>) -> Self {
        let mut hasher = Sha256::new();
        for examples in [&train, &test] {
            hasher.update((examples.count() as u64).to_le_bytes());
            match examples {
                Examples::Images(images) => hasher.update(&images.pixels),
                Examples::PointSet(points) => {
                    points.values.iter().chain(&points.targets).for_each(|v| hasher.update(v.to_le_bytes()));
                }
            }
            hasher.update(examples.labels());
        }
        let hash = hash::short(hasher);
        Self { name: name.into(), classes, train, test, hash }
    }

    /// Whether a number is to be predicted, and no class.
    pub fn is_regression(&self) -> bool {
        self.classes.is_empty()
    }
}

fn class_names(dataset: &str, count: usize) -> Vec<String> {
    const FASHION: [&str; 10] =
        ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"];
    (0..count)
        .map(|class| match FASHION.get(class) {
            Some(name) if dataset == "fashion-mnist" => (*name).to_string(),
            _ => class.to_string(),
        })
        .collect()
}

/// What the classes behind the data `hash` are called: by the dataset, where it is that data, else by their numbers.
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
    fn images_are_a_burn_dataset_of_numbers_from_0_to_1() {
        let images = Images { pixels: [vec![0; PIXELS], vec![255; PIXELS]].concat(), labels: vec![3, 7] };
        use burn_dataset::Dataset as _;
        assert_eq!(images.len(), 2);
        let item = images.get(1).unwrap();
        assert_eq!(item.label, 7);
        assert!(item.image.iter().all(|&pixel| pixel == 1.0));
    }

    #[test]
    fn the_hash_covers_pixels_labels_and_the_split() {
        let one = |pixel, label| Images { pixels: vec![pixel; PIXELS], labels: vec![label] };
        let hash = |train, test| Dataset::new("x", train, test).hash;
        let base = hash(one(0, 0), one(1, 1));
        assert_ne!(base, hash(one(2, 0), one(1, 1)));
        assert_ne!(base, hash(one(0, 2), one(1, 1)));
        assert_ne!(base, hash(one(1, 1), one(0, 0)));
        assert_eq!(base, hash(one(0, 0), one(1, 1)));
    }
}
