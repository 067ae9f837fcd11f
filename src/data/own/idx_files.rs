//! Four IDX files of one's own, under MNIST's file names, with images of any one size.

use std::path::Path;

use anyhow::{Result, ensure};

use super::{Contents, OwnData};
use crate::data::SIDE;
use crate::data::folder::read_pairs;

/// The images of a folder.
///
/// # Errors
/// A file is damaged or has another number of examples than its pair, or the two pairs have images of different sizes.
pub fn read(folder: &Path) -> Result<OwnData> {
    let [train, test] = read_pairs(folder, None)?;
    ensure!(
        train.shape == test.shape,
        "{}: the training images are {:?} pixels and the test images {:?}; all must have one size",
        folder.display(),
        train.shape,
        test.shape
    );
    // Digits of the size of MNIST's have its form.
    let as_is = train.shape != [SIDE; 2];
    let count = train.labels.iter().chain(&test.labels).max().map_or(0, |&max| usize::from(max) + 1);
    let classes = (0..count).map(|class| class.to_string()).collect();
    let [all, test] = [train, test].map(Contents::Images);
    Ok(OwnData { all, test: Some(test), classes, columns: None, as_is })
}
