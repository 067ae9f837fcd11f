//! What noise an autoencoder can undo, and what of an image's class survives.
//!
//! In: an autoencoder, a classifier trained on clean images, test images, a noise level. Out: how near noisy and cleaned images are
//! to the clean ones, and how well each is still recognised.

use burn::tensor::Device;
use rayon::prelude::*;

use super::classification::{accuracy_of, predictions};
use super::knn::{Index, Vectors, vote};
use super::{apply, image_quality};
use crate::data::noise::{Noise, NoiseKind};
use crate::data::{PIXELS, Rows, Split};
use crate::nn::models::{Autoencoder, Mlp};
use crate::seed::{Purpose, Stream};

/// Who judges whether images are still recognised.
pub struct Judges<'a> {
    /// Trained on clean images; a stack of one.
    pub classifier: &'a Mlp,
    /// Codes of clean training images with their classes, and how many of them vote.
    pub codes: Option<(&'a Index<'a>, &'a [u8], usize)>,
}

/// Images before and after cleaning at one level, as means over the test images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DenoisingScores {
    /// Against the clean images; none at level 0, where noisy ones are clean.
    pub psnr_noisy: Option<f64>,
    /// Of cleaned images.
    pub psnr: Option<f64>,
    /// Of noisy images.
    pub ssim_noisy: f64,
    /// Of cleaned images.
    pub ssim: f64,
    /// Accuracy of the classifier on noisy images.
    pub classifier_noisy: f64,
    /// And on cleaned ones.
    pub classifier_cleaned: f64,
    /// Accuracy of the neighbours of noisy images' codes.
    pub knn_noisy: Option<f64>,
    /// And of cleaned images' codes.
    pub knn_cleaned: Option<f64>,
}

/// Test images with noise of one level, `[n * 784]`, from the trial's own stream.
pub fn noisy(test: Rows, kind: NoiseKind, level: f64, seed: u64) -> Vec<f32> {
    let mut values = test.numbers();
    let mut stream = Stream::new(seed, Purpose::TestNoise, (level * 1000.0).round() as u64);
    Noise { kind, level }.add(&mut values, &mut stream);
    values
}

/// Cleans noisy images and asks the judges about both.
pub fn clean(model: &Autoencoder, judges: &Judges, test: Split, noisy: &[f32], device: &Device) -> DenoisingScores {
    let one = |rows: Rows, f: &dyn Fn(burn::tensor::Tensor<3>) -> burn::tensor::Tensor<3>| {
        apply(rows, 1, device, f).into_iter().flatten().collect::<Vec<f32>>()
    };
    let cleaned = one(view(noisy), &|x| model.reconstruct(x));
    let originals = test.rows.numbers();
    let (psnr_noisy, ssim_noisy) = likeness(&originals, noisy);
    let (psnr, ssim) = likeness(&originals, &cleaned);
    let right = |predicted: Vec<u8>| accuracy_of(&predicted, test.labels);
    let classified = |images: &[f32]| {
        let outputs = one(view(images), &|x| judges.classifier.forward(x));
        right(predictions(&outputs, outputs.len() / test.count()).into_iter().map(|(class, _)| class).collect())
    };
    let by_neighbours = |images: &[f32]| {
        let (index, labels, k) = judges.codes?;
        let codes = one(view(images), &|x| model.encode(x));
        let codes = Vectors { values: &codes, width: codes.len() / test.count() };
        Some(right(vote(&index.nearest(codes, k, false), k, labels)))
    };
    DenoisingScores {
        psnr_noisy,
        psnr,
        ssim_noisy,
        ssim,
        classifier_noisy: classified(noisy),
        classifier_cleaned: classified(&cleaned),
        knn_noisy: by_neighbours(noisy),
        knn_cleaned: by_neighbours(&cleaned),
    }
}

fn view(values: &[f32]) -> Rows<'_> {
    Rows::Numbers { values, width: PIXELS }
}

/// Mean PSNR, over the images that have one, and mean SSIM.
fn likeness(originals: &[f32], others: &[f32]) -> (Option<f64>, f64) {
    let pairs: Vec<(&[f32], &[f32])> = originals.chunks_exact(PIXELS).zip(others.chunks_exact(PIXELS)).collect();
    let both =
        pairs.par_iter().map(|(a, b)| (image_quality::psnr(a, b), image_quality::ssim(a, b))).collect::<Vec<_>>();
    let psnr: Vec<f64> = both.iter().filter_map(|(psnr, _)| *psnr).collect();
    let mean = psnr.iter().sum::<f64>() / psnr.len() as f64;
    ((!psnr.is_empty()).then_some(mean), both.iter().map(|(_, ssim)| ssim).sum::<f64>() / pairs.len() as f64)
}
