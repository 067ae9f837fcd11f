//! Denoising: how much noise an autoencoder removes, and whether the images keep their class.
//!
//! In: an autoencoder, classifiers trained on clean images, test images, noise. Out: the similarity of noisy and of
//! denoised images to the clean ones, and the classifiers' accuracy on both.

use burn::tensor::Device;
use rayon::prelude::*;

use super::classification::{accuracy_of, predictions};
use super::knn::{KnnClassifier, Vectors};
use super::{image_quality, outputs_of_one};
use crate::data::noise::{Noise, NoiseKind};
use crate::data::{PIXELS, Rows, Split};
use crate::nn::models::{Autoencoder, Mlp, Network};
use crate::seed::{Purpose, Stream};

/// The classifiers whose accuracy is measured.
pub struct Classifiers<'a> {
    /// Classifies images; trained on clean ones, a stack of one.
    pub network: &'a Mlp,
    /// Classifies codes by their nearest neighbours among the codes of clean training images.
    pub knn: Option<KnnClassifier<'a>>,
}

/// Measures of noisy and of denoised images at one noise level, as means over the test images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DenoisingScores {
    /// PSNR of noisy images in decibels; `None` at level 0, where they equal the clean ones.
    pub psnr_noisy: Option<f64>,
    /// PSNR of denoised images in decibels; `None` if all equal the clean ones.
    pub psnr: Option<f64>,
    /// SSIM of noisy images.
    pub ssim_noisy: f64,
    /// SSIM of denoised images.
    pub ssim: f64,
    /// Accuracy of the network on noisy images.
    pub classifier_noisy: f64,
    /// Accuracy of the network on denoised images.
    pub classifier_cleaned: f64,
    /// Accuracy of the nearest neighbours on the codes of noisy images; `None` without them.
    pub knn_noisy: Option<f64>,
    /// Accuracy of the nearest neighbours on the codes of denoised images; `None` without them.
    pub knn_cleaned: Option<f64>,
}

/// Test images with noise from the stream of a trial's seed, `[n * 784]`.
pub fn noisy(test: Rows, kind: NoiseKind, level: f64, seed: u64) -> Vec<f32> {
    let mut values = test.numbers();
    let mut stream = Stream::new(seed, Purpose::TestNoise, (level * 1000.0).round() as u64);
    Noise { kind, level }.add(&mut values, &mut stream);
    values
}

/// The measures of `noisy` images `[n * 784]`, made from the images of `test`, and of their reconstructions. The
/// autoencoder is a stack of one.
pub fn denoising_scores(
    model: &Autoencoder,
    classifiers: &Classifiers,
    test: Split,
    noisy: &[f32],
    device: &Device,
) -> DenoisingScores {
    let compute = |network: &Network, pixels: &[f32]| outputs_of_one(network, images(pixels), device);
    let (classifier, encoder) = (Network::Classifier(classifiers.network.clone()), Network::encoder_of(model));
    let denoised = compute(&Network::reconstructor_of(model), noisy);
    let originals = test.rows.numbers();
    let (psnr_noisy, ssim_noisy) = similarity(&originals, noisy);
    let (psnr, ssim) = similarity(&originals, &denoised);
    let network_accuracy = |pixels: &[f32]| {
        let outputs = compute(&classifier, pixels);
        let predictions = predictions(&outputs, outputs.len() / test.count());
        let predicted: Vec<u8> = predictions.iter().map(|prediction| prediction.class).collect();
        accuracy_of(&predicted, test.labels)
    };
    let knn_accuracy = |pixels: &[f32]| {
        let knn = classifiers.knn?;
        let codes = compute(&encoder, pixels);
        let codes = Vectors { values: &codes, width: codes.len() / test.count() };
        Some(accuracy_of(&knn.predict(codes), test.labels))
    };
    DenoisingScores {
        psnr_noisy,
        psnr,
        ssim_noisy,
        ssim,
        classifier_noisy: network_accuracy(noisy),
        classifier_cleaned: network_accuracy(&denoised),
        knn_noisy: knn_accuracy(noisy),
        knn_cleaned: knn_accuracy(&denoised),
    }
}

/// Pixels `[n * 784]` from 0 to 1 as rows.
fn images(values: &[f32]) -> Rows<'_> {
    Rows::Numbers { values, width: PIXELS }
}

/// Mean PSNR over the images that have one, and mean SSIM.
fn similarity(originals: &[f32], others: &[f32]) -> (Option<f64>, f64) {
    let pairs: Vec<(&[f32], &[f32])> = originals.chunks_exact(PIXELS).zip(others.chunks_exact(PIXELS)).collect();
    let measures =
        pairs.par_iter().map(|(a, b)| (image_quality::psnr(a, b), image_quality::ssim(a, b))).collect::<Vec<_>>();
    let psnr: Vec<f64> = measures.iter().filter_map(|(psnr, _)| *psnr).collect();
    let mean = psnr.iter().sum::<f64>() / psnr.len() as f64;
    ((!psnr.is_empty()).then_some(mean), measures.iter().map(|(_, ssim)| ssim).sum::<f64>() / pairs.len() as f64)
}
