//! The most confident errors: the test images that the median run of the best arm classified wrongly with most confidence.

use anyhow::Result;

use super::contact_sheet::Grey;
use super::svg::{Anchor, INK, Rectangle, Svg, TEXT, text_width};
use super::{Figure, FigureText};
use crate::analysis::summary::Summary;
use crate::data::Dataset;

/// Images in a row.
const COLUMNS: usize = 8;
/// About the longer side of an image, in pixels: three for each of a digit's.
const LONGER_SIDE: f64 = 84.0;
/// Pixels of a line of text below an image.
const LINE: f64 = 17.0;
/// The largest that the words below an image are, and the smallest.
const WORDS: (f64, f64) = (TEXT - 1.0, 8.0);
/// Pixels between two images.
const GAP: f64 = 14.0;

/// `None` if there are no errors, or if the run was trained on other data.
///
/// # Errors
/// A picture cannot be encoded.
pub fn draw(summary: &Summary, dataset: &Dataset) -> Result<Option<Figure>> {
    let Some(run) = summary.median_run() else { return Ok(None) };
    if run.mistakes.is_empty() || run.made_with.data != dataset.hash {
        return Ok(None);
    }
    let Some(images) = dataset.test.images() else { return Ok(None) };
    if run.mistakes.iter().any(|mistake| mistake.index >= images.count()) {
        return Ok(None);
    }
    let name = |class: u8| dataset.classes.get(usize::from(class)).map_or("?", String::as_str);
    let longest = images.shape[0].max(images.shape[1]).max(1) as f64;
    let [down, across] = images.shape.map(|side| side as f64 * (LONGER_SIDE / longest));
    let (cell, height) = (LONGER_SIDE + GAP, down + 3.0 * LINE + 16.0);
    let rows = run.mistakes.len().div_ceil(COLUMNS) as f64;
    let mut svg = Svg::new(COLUMNS as f64 * cell + GAP, rows * height + 8.0);
    for (index, mistake) in run.mistakes.iter().enumerate() {
        let left = GAP + (index % COLUMNS) as f64 * cell;
        let top = 8.0 + (index / COLUMNS) as f64 * height;
        let mut sheet = Grey::filled(images.shape[1], images.shape[0], 0);
        sheet.paste(images.image(mistake.index), images.shape[1], (0, 0), 1);
        svg.image(Rectangle { left, top, width: across, height: down }, &sheet.png()?);
        let words = [
            format!("pred {}", name(mistake.predicted)),
            format!("true {}", name(mistake.truth)),
            format!("{:.0} %", 100.0 * mistake.confidence),
        ];
        for (line, words) in words.iter().enumerate() {
            // A long name has smaller letters, so that it ends before the next one.
            let size = WORDS.0.min((cell - 4.0) / text_width(words, 1.0)).max(WORDS.1);
            svg.text((left, top + down + LINE * (line as f64 + 1.0)), words, Anchor::Start, size, INK);
        }
    }
    let words = FigureText {
        title: "Most confident errors".into(),
        alt: "The test images that were classified wrongly with most confidence.".into(),
        caption: format!(
            "The {} wrong predictions made with most confidence by the median run ({}, seed {}): the predicted class, the true class, \
             and the softmax probability of the predicted class.",
            run.mistakes.len(),
            run.arm,
            run.seed
        ),
    };
    Ok(Some(Figure::svg("mistakes", words, svg)))
}
