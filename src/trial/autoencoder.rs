//! Metrics of a trained autoencoder: its reconstructions, what its code keeps of the class, what noise it removes.
//!
//! In: one trained autoencoder and its trial. Out: metrics by name, and the confusion matrix of its nearest-neighbour classifier.

use std::ops::ControlFlow;

use anyhow::Context;
use burn::tensor::Device;

use super::lab::Splits;
use super::probe::{self, EncodedSplits};
use super::references::{ReferenceSpace, References, SplitKey, knn_accuracy};
use crate::data::PIXELS;
use crate::evaluate::classification::{self, Confusion, mean_one_vs_rest};
use crate::evaluate::denoise::{Classifiers, denoising_scores, noisy};
use crate::evaluate::knn::{Index, KnnClassifier, Vectors};
use crate::evaluate::trustworthiness::trustworthiness;
use crate::evaluate::{evaluate, outputs_of_one, pca};
use crate::experiment::config::{EvaluateConfig, Source, TrialConfig};
use crate::experiment::metric::{Level, Metric};
use crate::nn::loss::Loss;
use crate::nn::models::{Autoencoder, Network};
use crate::nn::task::Task;
use crate::train::{Callback, InterruptOnly, Job, TrainError, train};

/// Epochs of the reference classifier, which classifies the denoised images.
const REFERENCE_CLASSIFIER_EPOCHS: usize = 10;

/// A trained autoencoder's trial and what it is measured on.
pub struct AutoencoderEvaluation<'a> {
    /// The trial's settings.
    pub config: &'a TrialConfig,
    /// Numbers of a code.
    pub latent: usize,
    /// The trial's seed.
    pub seed: u64,
    /// The examples.
    pub splits: Splits<'a>,
    /// Number of classes.
    pub classes: usize,
    /// The data set's hash.
    pub data_hash: &'a str,
    /// Baselines shared by the trials of a run.
    pub references: &'a References,
    /// The device, without autodiff.
    pub device: &'a Device,
    /// Asked between measurements whether to stop.
    pub callback: &'a dyn Callback,
}

/// What was measured of an autoencoder.
#[derive(Debug, Default)]
pub struct AutoencoderMetrics {
    /// In the order in which they were measured.
    pub metrics: Vec<(Metric, f64)>,
    /// Of the nearest-neighbour classifier on codes; empty where it was not asked for.
    pub confusion: Confusion,
}

impl AutoencoderEvaluation<'_> {
    /// Measures whatever the trial asks for.
    ///
    /// # Errors
    /// The callback stopped it, or the linear probe or the reference classifier could not be trained.
    pub fn measure(&self, model: &Autoencoder) -> Result<AutoencoderMetrics, TrainError> {
        let asked = &self.config.evaluate;
        let mut measured = AutoencoderMetrics::default();
        let mse = self.reconstruction(model, Loss::Mse);
        measured.add(Metric::TestMse, mse);
        measured.add(Metric::TestBce, self.reconstruction(model, Loss::Bce));
        if !asked.is_about_codes() {
            return Ok(measured);
        }
        self.explained_variance(mse, &mut measured);
        self.check_interrupted()?;
        let codes = self.encode(model);
        let Splits { train, validation, test } = self.splits;
        let [train_codes, validation_codes, test_codes] = codes.each_ref().map(|codes| vectors(codes, self.latent));
        if let Some(k) = asked.trustworthiness {
            let images = test.rows.numbers();
            measured.add(Metric::Trustworthiness, trustworthiness(vectors(&images, PIXELS), test_codes, k));
            self.check_interrupted()?;
        }
        if asked.probe {
            let encoded = EncodedSplits {
                train: (train_codes, train.labels),
                validation: (validation_codes, validation.labels),
                test: (test_codes, test.labels),
            };
            let callback = InterruptOnly(self.callback);
            let accuracy = probe::accuracy(&encoded, self.classes, self.seed, self.device, &callback)?;
            measured.add(Metric::ProbeAccuracy, accuracy);
            self.check_interrupted()?;
        }
        let index = Index::new(train_codes);
        if let Some(k) = asked.knn {
            let predicted = KnnClassifier { index: &index, labels: train.labels, k }.predict(test_codes);
            measured.confusion = classification::confusion(&predicted, test.labels, self.classes);
            measured.add(Metric::KnnAccuracy, classification::accuracy(&measured.confusion));
            measured.add(Metric::KnnOneVsRest, mean_one_vs_rest(&measured.confusion));
            self.check_interrupted()?;
        }
        if let (Some(k), true) = (asked.knn, asked.baselines) {
            self.baselines(k, &mut measured)?;
        }
        if !asked.noise.is_empty() {
            self.denoising(model, &index, &mut measured)?;
        }
        Ok(measured)
    }

    fn check_interrupted(&self) -> Result<(), TrainError> {
        match self.callback.on_step(0) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(TrainError::Interrupted),
        }
    }

    /// The codes of the training, validation and test examples, each `[n * latent]`.
    fn encode(&self, model: &Autoencoder) -> [Vec<f32>; 3] {
        let Splits { train, validation, test } = self.splits;
        [train, validation, test].map(|split| outputs_of_one(&Network::encoder_of(model), split.rows, self.device))
    }

    /// The mean loss of the reconstructed test images, whichever loss it was trained on.
    fn reconstruction(&self, model: &Autoencoder, loss: Loss) -> f64 {
        let network = Network::Autoencoder(model.with_output(loss.autoencoder_output()));
        let scores = evaluate(&network, self.splits.test, Task::Reconstruct, loss, self.device);
        scores.first().map_or(f64::NAN, |scores| scores.loss)
    }

    /// The share of the test images' variance that the reconstructions explain, and that as many principal components do. `mse` is the
    /// mean squared error of the reconstructions.
    fn explained_variance(&self, mse: f64, measured: &mut AutoencoderMetrics) {
        let images = self.splits.test.rows.numbers();
        let test = vectors(&images, PIXELS);
        let whole = pca::variance(test);
        let components = self.references.pca(&self.split_key(), self.splits.train);
        measured.add(Metric::ExplainedVariance, 1.0 - mse / whole);
        measured.add(Metric::ExplainedVariancePca, 1.0 - components.mse(test, self.latent) / whole);
    }

    /// What makes two trials share a baseline.
    fn split_key(&self) -> SplitKey {
        let Splits { train, test, .. } = self.splits;
        // Not the sizes of the settings: with some classes alone there may be fewer examples.
        (self.data_hash.to_string(), train.count(), test.count())
    }

    /// The accuracy of the nearest-neighbour classifier on pixels, on principal components and on the codes of the encoder before
    /// training.
    fn baselines(&self, k: usize, measured: &mut AutoencoderMetrics) -> Result<(), TrainError> {
        let Splits { train, test, .. } = self.splits;
        let key = self.split_key();
        let reference = |space| self.references.accuracy(&key, space, train, test);
        measured.add(Metric::KnnAccuracyPixels, reference(ReferenceSpace::Pixels { k }));
        self.check_interrupted()?;
        measured.add(Metric::KnnAccuracyPca, reference(ReferenceSpace::Pca { size: self.latent, k }));
        self.check_interrupted()?;
        let drawn = self.config.train.vary.seeds(Source::Init, &[self.seed]);
        let untrained = self.config.network(PIXELS, self.classes).init(&drawn, self.device);
        if let Network::Autoencoder(untrained) = untrained {
            let codes =
                [train, test].map(|split| outputs_of_one(&Network::encoder_of(&untrained), split.rows, self.device));
            let [train_codes, test_codes] = codes.each_ref().map(|codes| vectors(codes, self.latent));
            let accuracy = knn_accuracy((train_codes, train.labels), (test_codes, test.labels), k);
            measured.add(Metric::KnnAccuracyUntrained, accuracy);
        }
        self.check_interrupted()
    }

    /// Image quality and class accuracies of noisy test images before and after the autoencoder, level by level.
    fn denoising(
        &self,
        model: &Autoencoder,
        index: &Index,
        measured: &mut AutoencoderMetrics,
    ) -> Result<(), TrainError> {
        let classifier = self.train_reference_classifier()?;
        let classifier =
            classifier.classifier().context("the reference classifier of denoised images is no classifier")?;
        let EvaluateConfig { knn, noise, .. } = &self.config.evaluate;
        let knn = knn.map(|k| KnnClassifier { index, labels: self.splits.train.labels, k });
        let classifiers = Classifiers { network: classifier, knn };
        let test = self.splits.test;
        for &level in noise {
            let images = noisy(test.rows, self.config.train.noise_kind, level, self.seed);
            let scores = denoising_scores(model, &classifiers, test, &images, self.device);
            let level = Level::new(level).with_context(|| format!("{level} is no noise level"))?;
            let all = [
                (Metric::PsnrNoisy(level), scores.psnr_noisy),
                (Metric::Psnr(level), scores.psnr),
                (Metric::SsimNoisy(level), Some(scores.ssim_noisy)),
                (Metric::Ssim(level), Some(scores.ssim)),
                (Metric::KnnNoisy(level), scores.knn_noisy),
                (Metric::KnnCleaned(level), scores.knn_cleaned),
                (Metric::ClassifierNoisy(level), Some(scores.classifier_noisy)),
                (Metric::ClassifierCleaned(level), Some(scores.classifier_cleaned)),
            ];
            for (metric, value) in all {
                if let Some(value) = value {
                    measured.add(metric, value);
                }
            }
            self.check_interrupted()?;
        }
        Ok(())
    }

    /// The default classifier of this seed, trained on the same images without noise.
    fn train_reference_classifier(&self) -> Result<Network, TrainError> {
        let mut config = TrialConfig::default();
        config.train.epochs = REFERENCE_CLASSIFIER_EPOCHS;
        let job = Job {
            seeds: &[self.seed],
            config: &config.train,
            dropout: 0.0,
            frozen: 0,
            train: self.splits.train,
            validation: self.splits.validation,
            task: Task::Classify { classes: self.classes },
            noise: config.train.noise(),
            device: self.device,
            gpu: None,
        };
        let network = config.network(PIXELS, self.classes).init(&[self.seed], &self.device.clone().autodiff());
        Ok(train(network, &job, &InterruptOnly(self.callback))?.model)
    }
}

impl AutoencoderMetrics {
    fn add(&mut self, metric: Metric, value: f64) {
        self.metrics.push((metric, value));
    }
}

fn vectors(values: &[f32], width: usize) -> Vectors<'_> {
    Vectors { values, width }
}
