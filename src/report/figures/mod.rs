//! Figures from records alone: a [`Summary`] in, SVG (PNG for sheets of images) out.

pub mod autoencoder;
pub mod axis;
mod boundary;
mod boxplot;
mod confusion;
pub mod contact_sheet;
pub mod contours;
mod curves;
mod denoising;
mod descent;
mod fit;
pub mod grid;
mod heatmap;
mod intervals;
pub mod landscape;
pub mod lr_finder;
mod mistakes;
pub mod panel;
mod ranked;
mod response;
mod schedule;
pub mod svg;
pub mod toy;

use anyhow::Result;

use crate::analysis::summary::Summary;
use crate::data::Dataset;

/// A picture ready to be written.
#[derive(Debug, Clone)]
pub struct Figure {
    /// File name with extension, without folder.
    pub file: String,
    /// Heading above it.
    pub title: String,
    /// What it shows and how to read it, in a sentence or two.
    pub caption: String,
    /// The file's contents.
    pub bytes: Vec<u8>,
}

impl Figure {
    /// An SVG, its name without the extension.
    pub fn svg(file: &str, title: &str, caption: String, picture: svg::Svg) -> Self {
        Self { file: format!("{file}.svg"), title: title.into(), caption, bytes: picture.finish(title).into_bytes() }
    }
}

/// Every figure the records allow. The sheet of mistakes needs the test images, and is left out where they are not at hand.
///
/// # Errors
/// A picture cannot be encoded.
pub fn all(summary: &Summary, dataset: Option<&Dataset>) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    figures.extend(fit::draw(summary));
    figures.extend(boundary::draw(summary)?);
    figures.extend(descent::draw(summary)?);
    figures.extend(boxplot::draw(summary));
    figures.extend(intervals::draw(summary));
    figures.extend(heatmap::draw(summary).or_else(|| response::draw(summary)));
    figures.extend(denoising::draw(summary));
    figures.extend(schedule::draw(summary));
    figures.extend(curves::draw(summary));
    figures.extend(confusion::draw(summary, dataset));
    if let Some(dataset) = dataset {
        figures.extend(mistakes::draw(summary, dataset)?);
    }
    Ok(figures)
}

/// What a setting is called on an axis.
fn axis_name(setting: &str) -> String {
    match setting {
        "lr" => "learning rate".into(),
        "hidden" => "hidden layers".into(),
        "latent" => "numbers in the code".into(),
        name => name.replace('_', " "),
    }
}
