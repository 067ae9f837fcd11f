//! Figures, as SVG or, for sheets of images, PNG.
//!
//! [`all`] draws from a [`Summary`] alone and needs the data set only for pictures of test images. `autoencoder` draws from a
//! trained network, and `activations`, `backprop`, `landscape`, `lr_finder`, `network`, `test_function`, `toy` and `weights` for single commands.

pub(crate) mod activations;
pub(crate) mod arm_colours;
mod arm_rows;
pub(crate) mod autoencoder;
mod axis;
pub(crate) mod backprop;
mod clip;
mod confusion;
pub(crate) mod contact_sheet;
mod contours;
pub(crate) mod curves;
pub(crate) mod decision_grid;
mod denoising;
mod descent;
mod heatmap;
mod image_rows;
mod improvement;
pub(crate) mod landscape;
mod layers;
mod legend;
pub(crate) mod lr_finder;
mod mistakes;
pub(crate) mod network;
mod panel;
mod parallel;
mod profile;
pub(crate) mod published;
mod response;
mod rgb;
mod schedule;
mod simplify;
mod surface;
pub(crate) mod svg;
pub(crate) mod test_function;
pub(crate) mod toy;
mod variance;
pub(crate) mod weights;

use anyhow::Result;

use crate::analysis::claims::JudgedClaim;
use crate::analysis::summary::{ArmSummary, Summary};
use crate::data::Dataset;

/// A picture with its title, alternative text and caption.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The file's name in `figures/`.
    pub file: String,
    /// The heading above the picture.
    pub title: String,
    /// Alternative text.
    pub alt: String,
    /// What the marks mean, with n.
    pub caption: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

/// The title, alternative text and caption of a figure; see [`Figure`].
struct FigureText {
    title: String,
    alt: String,
    caption: String,
}

impl Figure {
    /// An SVG figure in the file `name.svg`.
    fn svg(name: &str, text: FigureText, picture: svg::Svg) -> Self {
        let FigureText { title, alt, caption } = text;
        Self { file: format!("{name}.svg"), bytes: picture.finish(&alt).into_bytes(), title, alt, caption }
    }
}

/// Every figure that the records allow, in the order of the report. The most confident errors are left out without `dataset`.
///
/// # Errors
/// A picture cannot be encoded.
pub fn all(summary: &Summary, dataset: Option<&Dataset>) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let claims: Vec<(&str, &JudgedClaim)> = summary.claims.iter().map(|claim| ("", claim)).collect();
    figures.extend(published::draw(&claims));
    figures.extend(decision_grid::regression(summary, dataset));
    figures.extend(decision_grid::boundary(summary, dataset)?);
    figures.extend(descent::draw(summary)?);
    figures.extend(parallel::draw(summary));
    // Of two numeric settings their map says most.
    let map = heatmap::draw(summary);
    let has_map = map.is_some();
    figures.extend(map);
    figures.extend(arm_rows::boxplot(summary));
    figures.extend(arm_rows::intervals(summary));
    figures.extend(profile::draw(summary));
    figures.extend(improvement::draw(summary));
    figures.extend(response::draw(summary).filter(|_| !has_map));
    figures.extend(variance::draw(summary));
    figures.extend(denoising::draw(summary));
    figures.extend(schedule::draw(summary));
    figures.extend(curves::draw(summary));
    figures.extend(layers::draw(summary));
    figures.extend(confusion::draw(summary, dataset));
    if let Some(dataset) = dataset {
        figures.extend(mistakes::draw(summary, dataset)?);
    }
    Ok(figures)
}

/// The figures of a single run: its curves, and what the network does.
///
/// # Errors
/// A picture cannot be encoded.
pub fn of_one_run(summary: &Summary, dataset: Option<&Dataset>) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    figures.extend(curves::draw(summary));
    figures.extend(layers::draw(summary));
    figures.extend(decision_grid::regression(summary, dataset));
    figures.extend(decision_grid::boundary(summary, dataset)?);
    figures.extend(confusion::draw(summary, dataset));
    if let Some(dataset) = dataset {
        figures.extend(mistakes::draw(summary, dataset)?);
    }
    Ok(figures)
}

/// The label of a setting's axis.
fn axis_label(setting: &str) -> String {
    match setting {
        "lr" => "learning rate".into(),
        "hidden" => "hidden layers".into(),
        "latent" => "latent dimensions".into(),
        name => name.replace('_', " "),
    }
}

/// The text with a capital letter at its start, for a heading.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A sentence with the number of finished seeds of the arms.
fn finished_seeds(summary: &Summary) -> String {
    let n = |arm: &ArmSummary| arm.metric(&summary.metric).map_or(0, |found| found.description.n);
    let first = summary.arms.first().map_or(0, n);
    if summary.arms.iter().all(|arm| n(arm) == first) {
        format!("n = {first} seeds per arm.")
    } else {
        let all: Vec<String> = summary.arms.iter().map(|arm| format!("{} {}", arm.label, n(arm))).collect();
        format!("Finished seeds: {}.", all.join(", "))
    }
}

#[cfg(test)]
mod tests;
