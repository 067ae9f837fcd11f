//! Pictures that need the network itself: what an autoencoder gives back, where it puts each class, what lies between.
//!
//! In: one trained autoencoder, its data, and what to draw. Out: figures, and the codes as files for other programs.

mod between;
mod cleaned;
mod map;
mod reconstructions;

use anyhow::{Result, ensure};
use burn::tensor::{Device, Tensor, TensorData};

pub use between::InterpolationEnds;

use crate::data::{Dataset, PIXELS, Split};
use crate::evaluate::apply;
use crate::evaluate::knn::Vectors;
use crate::experiment::config::TrialConfig;
use crate::nn::models::Autoencoder;
use crate::report::figures::Figure;

/// What is looked at.
pub struct TrainedAutoencoder<'a> {
    /// A stack of one.
    pub model: &'a Autoencoder,
    /// The trial's settings.
    pub config: &'a TrialConfig,
    /// The trial's seed.
    pub seed: u64,
    /// The data set.
    pub dataset: &'a Dataset,
    /// Its test split.
    pub test: Split<'a>,
    /// Codes of the test images, `[n * latent]`.
    pub codes: Vec<f32>,
    /// Where it happens.
    pub device: &'a Device,
}

/// What the strip between two images shows.
#[derive(Debug, Clone)]
pub struct Interpolation {
    /// From what to what.
    pub between: InterpolationEnds,
    /// Images between the two, both included.
    pub steps: usize,
}

impl<'a> TrainedAutoencoder<'a> {
    /// Encodes the test images.
    pub fn new(
        (model, config, seed): (&'a Autoencoder, &'a TrialConfig, u64),
        (dataset, test): (&'a Dataset, Split<'a>),
        device: &'a Device,
    ) -> Self {
        let codes = crate::evaluate::encode(model, test, device);
        Self { model, config, seed, dataset, test, codes, device }
    }

    /// Numbers a code.
    pub fn latent(&self) -> usize {
        self.codes.len() / self.test.count().max(1)
    }

    /// The codes as points.
    pub fn points(&self) -> Vectors<'_> {
        Vectors { values: &self.codes, width: self.latent() }
    }

    /// Every picture, and the plane's coordinates `[n * 2]` where there are enough images for one.
    ///
    /// # Errors
    /// A picture cannot be encoded, or the strip's ends do not exist.
    pub fn show(&self, strip: &Interpolation) -> Result<(Vec<Figure>, Option<Vec<f32>>)> {
        ensure!(self.test.count() > 0, "there are no test images to show");
        let plane = crate::evaluate::tsne::embed(self.points());
        let mut figures = vec![reconstructions::draw(self)?];
        figures.extend(plane.as_ref().map(|plane| map::draw(self, plane)));
        figures.extend(between::draw(self, strip)?);
        figures.extend(cleaned::draw(self)?);
        Ok((figures, plane))
    }

    /// Images as bytes, decoded from codes `[n * latent]`.
    fn decode(&self, codes: Vec<f32>) -> Vec<u8> {
        let width = self.latent();
        let shape = [1, codes.len() / width, width];
        let codes = Tensor::from_data(TensorData::new(codes, shape), self.device);
        self.model.decode(codes).into_data().iter::<f32>().map(byte).collect()
    }

    /// Images `[n * 784]` as the autoencoder gives them back.
    fn reconstruct(&self, images: &[f32]) -> Vec<u8> {
        let rows = crate::data::Rows::Numbers { values: images, width: PIXELS };
        apply(rows, 1, self.device, |x| self.model.reconstruct(x)).concat().into_iter().map(byte).collect()
    }

    /// The `nth` test image of each class, from 0; none for a class that has fewer.
    fn of_each_class(&self, nth: usize) -> Vec<Option<usize>> {
        let of = |class: usize| {
            let mut own = (0..self.test.count()).filter(move |&i| usize::from(self.test.labels[i]) == class);
            own.nth(nth)
        };
        (0..self.dataset.classes.len()).map(of).collect()
    }
}

/// Row `index` of each image of `[n * 784]` as bytes, white where there is none, so that every image stands under its class.
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
