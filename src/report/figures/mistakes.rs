//! A sheet of the test images the median run of the best arm got wrong with most confidence.

use anyhow::Result;

use super::Figure;
use crate::analysis::summary::Summary;
use crate::data::{Dataset, SIDE};
use crate::report::figures::contact_sheet::{GLYPH, Grey};

const COLUMNS: usize = 8;
const ZOOM: usize = 3;

/// `None` when there are no mistakes, or the data at hand is not what the run was trained on.
///
/// # Errors
/// The picture cannot be encoded.
pub fn draw(summary: &Summary, dataset: &Dataset) -> Result<Option<Figure>> {
    let Some(run) = summary.median_run() else { return Ok(None) };
    if run.mistakes.is_empty() || run.made_with.data != dataset.hash {
        return Ok(None);
    }
    let Some(images) = dataset.test.images() else { return Ok(None) };
    let short = |class: u8| dataset.classes.get(usize::from(class)).map_or("?", String::as_str);
    let long = dataset.classes.iter().any(|name| name.len() > 2);
    let lines = if long { 3 } else { 2 };
    let (cell, text) = (SIDE * ZOOM + 12, lines * (GLYPH + 4) + 6);
    let rows = run.mistakes.len().div_ceil(COLUMNS);
    let mut sheet = Grey::filled(COLUMNS * cell + 12, rows * (SIDE * ZOOM + text + 10) + 8, 255);
    for (index, mistake) in run.mistakes.iter().enumerate() {
        let x = 12 + (index % COLUMNS) * cell;
        let y = 8 + (index / COLUMNS) * (SIDE * ZOOM + text + 10);
        if mistake.index >= images.count() {
            return Ok(None);
        }
        sheet.paste(images.image(mistake.index), x, y, ZOOM);
        let (truth, said) = (short(mistake.truth), short(mistake.predicted));
        let sure = format!("{:.0} %", 100.0 * mistake.confidence);
        let words = if long {
            vec![said.to_string(), format!("is {truth}"), sure]
        } else {
            vec![format!("said {said}"), format!("is {truth} {sure}")]
        };
        for (line, words) in words.iter().enumerate() {
            sheet.write(words, x, y + SIDE * ZOOM + 6 + line * (GLYPH + 4));
        }
    }
    let caption = format!(
        "The {} wrong predictions made with most confidence by the median run ({}, seed {}): what it said, what it is, and \
         the softmax probability of what it said.",
        run.mistakes.len(),
        run.arm,
        run.seed
    );
    Ok(Some(Figure { file: "mistakes.png".into(), title: "Its surest mistakes".into(), caption, bytes: sheet.png()? }))
}
