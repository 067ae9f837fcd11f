//! Figures of a trained autoencoder: reconstructions, the codes on a plane, decoded points between codes, denoised images.

pub(crate) mod code_map;
mod denoised;
mod interpolation;
mod reconstructions;

use anyhow::{Result, ensure};
use burn::tensor::Device;

pub use interpolation::InterpolationEnds;

use super::Figure;
use crate::data::{Dataset, PIXELS, Rows, Split};
use crate::evaluate::knn::Vectors;
use crate::evaluate::{outputs_of_one, tsne};
use crate::experiment::config::TrialConfig;
use crate::nn::models::{Autoencoder, Network};

/// An autoencoder with its trial, its data and its codes.
pub(crate) struct TrainedAutoencoder<'a> {
    /// A stack of one.
    model: &'a Autoencoder,
    config: &'a TrialConfig,
    seed: u64,
    dataset: &'a Dataset,
    test: Split<'a>,
    /// Codes of the test images, `[n * latent]`.
    pub codes: Vec<f32>,
    device: &'a Device,
}

/// Images decoded at equal steps on the straight line between two codes.
#[derive(Debug, Clone)]
pub(crate) struct Interpolation {
    /// The two codes.
    pub between: InterpolationEnds,
    /// The number of images, including both ends.
    pub steps: usize,
}

impl<'a> TrainedAutoencoder<'a> {
    /// Encodes the test images; `model` is a stack of one.
    pub fn new(
        model: &'a Autoencoder,
        config: &'a TrialConfig,
        seed: u64,
        dataset: &'a Dataset,
        test: Split<'a>,
        device: &'a Device,
    ) -> Self {
        let codes = outputs_of_one(&Network::encoder_of(model), test.rows, device);
        Self { model, config, seed, dataset, test, codes, device }
    }

    /// The numbers of a code.
    pub fn latent(&self) -> usize {
        self.codes.len() / self.test.count().max(1)
    }

    /// The codes as points.
    fn points(&self) -> Vectors<'_> {
        Vectors { values: &self.codes, width: self.latent() }
    }

    /// Every figure, and the t-SNE coordinates of the codes, `[n * 2]`, if there are enough of them.
    ///
    /// # Errors
    /// There are no test images, a picture cannot be encoded, or an end of the interpolation does not exist.
    pub fn draw(&self, interpolation: &Interpolation) -> Result<(Vec<Figure>, Option<Vec<f32>>)> {
        ensure!(self.test.count() > 0, "there are no test images to show");
        let plane = tsne::embed(self.points());
        let mut figures = vec![reconstructions::draw(self)?];
        figures.extend(plane.as_ref().map(|plane| code_map::draw(self, plane)));
        figures.extend(interpolation::draw(self, interpolation)?);
        figures.extend(denoised::draw(self)?);
        Ok((figures, plane))
    }

    /// Grey values `[n, 28, 28]` decoded from codes `[n * latent]`.
    fn decode(&self, codes: Vec<f32>) -> Vec<u8> {
        let rows = Rows::Numbers { values: &codes, width: self.latent() };
        outputs_of_one(&Network::decoder_of(self.model), rows, self.device).into_iter().map(byte).collect()
    }

    /// Grey values `[n, 28, 28]` of the reconstructions of images `[n * 784]`.
    fn reconstruct(&self, images: &[f32]) -> Vec<u8> {
        let rows = Rows::Numbers { values: images, width: PIXELS };
        outputs_of_one(&Network::reconstructor_of(self.model), rows, self.device).into_iter().map(byte).collect()
    }

    /// The index of the `nth` test image of each class, from 0; `None` for a class that has fewer.
    fn of_each_class(&self, nth: usize) -> Vec<Option<usize>> {
        let of = |class: usize| {
            let mut own = (0..self.test.count()).filter(move |&i| usize::from(self.test.labels[i]) == class);
            own.nth(nth)
        };
        (0..self.dataset.classes.len()).map(of).collect()
    }
}

/// The chosen images of `[n, 28, 28]`, with a white one for `None`, so that every image stands under the name of its class.
fn under_classes(images: &[u8], chosen: &[Option<usize>]) -> Vec<u8> {
    let image = |index: &Option<usize>| match index {
        Some(index) => images[index * PIXELS..(index + 1) * PIXELS].to_vec(),
        None => vec![255; PIXELS],
    };
    chosen.iter().flat_map(image).collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().copied().map(byte).collect()
}

fn byte(value: f32) -> u8 {
    (255.0 * value).round().clamp(0.0, 255.0) as u8
}
