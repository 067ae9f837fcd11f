//! The test images behind the cells of the confusion matrix.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::sprite::Sprite;
use crate::analysis::summary::Summary;
use crate::data::Dataset;

/// Images of one cell, and of all.
const MAX_OF_CELL: usize = 8;
const MAX: usize = 160;

/// Wrongly classified test images, by true and predicted class.
#[derive(Debug, Serialize)]
pub struct ConfusedImages {
    images: Sprite,
    /// For each image its place in the test file, its true and its predicted class.
    of: Vec<(usize, u8, u8)>,
    classes: Vec<String>,
}

/// Those of the run whose matrix is drawn; `None` where its predictions or the images are not at hand.
///
/// # Errors
/// The picture cannot be encoded.
pub fn of(summary: &Summary, dataset: &Dataset) -> Result<Option<ConfusedImages>> {
    let run = summary.median_run().filter(|run| run.made_with.data == dataset.hash);
    let (Some(run), Some(images)) = (run, dataset.test.images()) else { return Ok(None) };
    let labels = dataset.test.labels();
    let mut counts: BTreeMap<(u8, u8), usize> = BTreeMap::new();
    // Each with its place in its cell: the first of every cell come before the second of any.
    let mut ranked = Vec::new();
    for &(index, predicted) in run.predictions.wrong() {
        let Some(&truth) = labels.get(index) else { return Ok(None) };
        let count = counts.entry((truth, predicted)).or_default();
        *count += 1;
        if *count <= MAX_OF_CELL {
            ranked.push((*count, (index, truth, predicted)));
        }
    }
    ranked.sort_by_key(|(count, _)| *count);
    let of: Vec<(usize, u8, u8)> = ranked.into_iter().take(MAX).map(|(_, image)| image).collect();
    if of.is_empty() {
        return Ok(None);
    }
    let places: Vec<usize> = of.iter().map(|(index, _, _)| *index).collect();
    Ok(Some(ConfusedImages { images: Sprite::of(images, &places)?, of, classes: dataset.classes.clone() }))
}
