//! The most confident errors: the test images that the median run of the best arm classified wrongly with most confidence.

use anyhow::Result;

use super::Figure;
use super::contact_sheet::{GLYPH, Grey};
use crate::analysis::summary::Summary;
use crate::data::Dataset;

/// Images in a row.
const COLUMNS: usize = 8;
/// Lines of text below an image.
const LINES: usize = 3;
/// About the longer side of an image on the sheet, in pixels: three for each of a digit's.
const LONGER_SIDE: usize = 84;

/// `None` if there are no errors, or if the run was trained on other data.
///
/// # Errors
/// The picture cannot be encoded.
pub fn draw(summary: &Summary, dataset: &Dataset) -> Result<Option<Figure>> {
    let Some(run) = summary.median_run() else { return Ok(None) };
    if run.mistakes.is_empty() || run.made_with.data != dataset.hash {
        return Ok(None);
    }
    let Some(images) = dataset.test.images() else { return Ok(None) };
    let name = |class: u8| dataset.classes.get(usize::from(class)).map_or("?", String::as_str);
    let long = dataset.classes.iter().any(|name| name.len() > 2);
    let zoom = (LONGER_SIDE / images.shape[0].max(images.shape[1])).max(1);
    let [down, across] = images.shape.map(|side| side * zoom);
    // The words below an image need as much room as below a digit.
    let (cell, text) = (across.max(LONGER_SIDE) + 12, LINES * (GLYPH + 4) + 6);
    let rows = run.mistakes.len().div_ceil(COLUMNS);
    let mut sheet = Grey::filled(COLUMNS * cell + 12, rows * (down + text + 10) + 8, 255);
    for (index, mistake) in run.mistakes.iter().enumerate() {
        let x = 12 + (index % COLUMNS) * cell;
        let y = 8 + (index / COLUMNS) * (down + text + 10);
        if mistake.index >= images.count() {
            return Ok(None);
        }
        sheet.paste(images.image(mistake.index), images.shape[1], (x, y), zoom);
        let (truth, predicted) = (name(mistake.truth), name(mistake.predicted));
        let confidence = format!("{:.0} %", 100.0 * mistake.confidence);
        // A cell is twelve letters wide, so long names stand alone, in the order that the caption states.
        let words: [String; LINES] = if long {
            [predicted.to_string(), truth.to_string(), confidence]
        } else {
            [format!("pred {predicted}"), format!("true {truth}"), confidence]
        };
        for (line, words) in words.iter().enumerate() {
            sheet.write(words, x, y + down + 6 + line * (GLYPH + 4));
        }
    }
    Ok(Some(Figure {
        file: "mistakes.png".into(),
        title: "Most confident errors".into(),
        alt: "The test images that were classified wrongly with most confidence.".into(),
        caption: format!(
            "The {} wrong predictions made with most confidence by the median run ({}, seed {}): the predicted class, the true class, \
             and the softmax probability of the predicted class.",
            run.mistakes.len(),
            run.arm,
            run.seed
        ),
        bytes: sheet.png()?,
    }))
}
