//! What a trained autoencoder is worth: how well it reconstructs, what its code keeps, what noise it undoes.
//!
//! In: one trained autoencoder and its trial. Out: metrics by name, and the confusion matrix of the neighbours of its codes.

use std::ops::ControlFlow;

use burn::tensor::Device;
use serde_json::Value;

use super::probe::{self, EncodedSplits};
use super::references::{ReferenceSpace, References, SplitKey, knn_accuracy};
use crate::data::{PIXELS, Split};
use crate::evaluate::classification::{self, Confusion, mean_one_vs_rest};
use crate::evaluate::denoise::{Classifiers, denoising_scores, noisy};
use crate::evaluate::knn::{Index, KnnClassifier, Vectors};
use crate::evaluate::trustworthiness::trustworthiness;
use crate::evaluate::{encode, evaluate, pca};
use crate::experiment::config::{EvaluateConfig, TrainConfig, TrialConfig};
use crate::experiment::metric::at_level;
use crate::nn::loss::Loss;
use crate::nn::models::{Autoencoder, Network};
use crate::nn::task::Task;
use crate::record::TrialRecord;
use crate::train::{Callback, Job, train};

/// Passes of the classifier that judges cleaned images.
const JUDGE_EPOCHS: usize = 10;

/// What is measured on.
pub struct AutoencoderEvaluation<'a> {
    /// The trial's settings.
    pub config: &'a TrialConfig,
    /// The trial's seed.
    pub seed: u64,
    /// Training, validation and test split.
    pub splits: [Split<'a>; 3],
    /// How many classes there are.
    pub classes: usize,
    /// Shared by the trials of a run.
    pub references: &'a References,
    /// The data set's hash and the split.
    pub split: SplitKey,
    /// Where it happens, without autodiff.
    pub device: &'a Device,
    /// Asked between measurements whether to go on.
    pub callback: &'a dyn Callback,
}

/// Metrics by name, and the neighbours' confusion matrix where there is one.
pub type Findings = (Vec<(String, f64)>, Confusion);

impl AutoencoderEvaluation<'_> {
    /// Measures whatever the trial asks for; `None` when the callback broke it off.
    pub fn measure(&self, model: &Autoencoder) -> Option<Findings> {
        let asked = &self.config.evaluate;
        let mut found = self.reconstruction(model);
        if asked.is_empty() {
            return Some((found, Confusion::new()));
        }
        self.variance(&mut found);
        self.go_on()?;
        let codes = self.splits.map(|split| encode(model, split, self.device));
        let [train, validation, test] = [0, 1, 2].map(|i| (points(&codes[i], self.latent()), self.splits[i].labels));
        if let Some(k) = asked.trustworthiness {
            let images = self.splits[2].rows.numbers();
            found.push(("trustworthiness".into(), trustworthiness(points(&images, PIXELS), test.0, k)));
            self.go_on()?;
        }
        if asked.probe {
            let accuracy =
                probe::accuracy(&EncodedSplits { train, validation, test }, self.classes, self.seed, self.device)?;
            found.push(("probe_accuracy".into(), accuracy));
            self.go_on()?;
        }
        let mut confusion = Confusion::new();
        let index = Index::new(train.0);
        if let Some(k) = asked.knn {
            confusion = classification::confusion(
                &KnnClassifier { index: &index, labels: train.1, k }.predict(test.0),
                test.1,
                self.classes,
            );
            found.push(("knn_accuracy".into(), classification::accuracy(&confusion)));
            found.push(("knn_one_vs_rest".into(), mean_one_vs_rest(&confusion)));
            self.go_on()?;
        }
        if let (Some(k), true) = (asked.knn, asked.baselines) {
            self.baselines(k, &mut found)?;
        }
        if !asked.noise.is_empty() {
            self.denoising(model, &index, &mut found)?;
        }
        Some((found, confusion))
    }

    fn latent(&self) -> usize {
        self.config.model.latent.unwrap_or(PIXELS)
    }

    fn go_on(&self) -> Option<()> {
        match self.callback.on_step(0) {
            ControlFlow::Continue(()) => Some(()),
            ControlFlow::Break(()) => None,
        }
    }

    /// CallbackPair losses, whichever it was trained on.
    fn reconstruction(&self, model: &Autoencoder) -> Vec<(String, f64)> {
        let test = self.splits[2];
        let by = |loss: Loss| {
            let network = Network::Autoencoder(model.with_output(loss.autoencoder_output()));
            evaluate(&network, test, Task::Reconstruct, loss, self.device)
                .first()
                .map_or(f64::NAN, |scores| scores.loss)
        };
        vec![("test_mse".into(), by(Loss::Mse)), ("test_bce".into(), by(Loss::Bce))]
    }

    /// The share of the test images' variance that reconstructions explain, and that as many principal components do.
    fn variance(&self, found: &mut Vec<(String, f64)>) {
        let images = self.splits[2].rows.numbers();
        let test = points(&images, PIXELS);
        let whole = pca::variance(test);
        let mse = found.iter().find(|(name, _)| name == "test_mse").map_or(f64::NAN, |(_, mse)| *mse);
        let components = self.references.pca(&self.split, self.splits[0]);
        found.push(("explained_variance".into(), 1.0 - mse / whole));
        found.push(("explained_variance_pca".into(), 1.0 - components.mse(test, self.latent()) / whole));
    }

    /// The same neighbours on pixels, on principal components and on the codes of the encoder before training.
    fn baselines(&self, k: usize, found: &mut Vec<(String, f64)>) -> Option<()> {
        let [train, _, test] = self.splits;
        let mut add = |name: &str, value: f64| found.push((name.into(), value));
        let reference = |kind| self.references.accuracy(&self.split, kind, train, test);
        add("knn_accuracy_pixels", reference(ReferenceSpace::Pixels { k }));
        self.go_on()?;
        add("knn_accuracy_pca", reference(ReferenceSpace::Pca { size: self.latent(), k }));
        self.go_on()?;
        let untrained = self.config.network(PIXELS, self.classes).init(&[self.seed], self.device);
        if let Network::Autoencoder(untrained) = untrained {
            let codes = [train, test].map(|split| encode(&untrained, split, self.device));
            let [train_codes, test_codes] = [0, 1].map(|i| points(&codes[i], self.latent()));
            let right = knn_accuracy((train_codes, train.labels), (test_codes, test.labels), k);
            add("knn_accuracy_untrained", right);
        }
        self.go_on()
    }

    fn denoising(&self, model: &Autoencoder, index: &Index, found: &mut Vec<(String, f64)>) -> Option<()> {
        let judge = self.judge()?;
        let EvaluateConfig { knn, noise, .. } = &self.config.evaluate;
        let knn = knn.map(|k| KnnClassifier { index, labels: self.splits[0].labels, k });
        let classifiers = Classifiers { network: judge.classifier()?, knn };
        let test = self.splits[2];
        for &level in noise {
            let images = noisy(test.rows, self.config.train.noise_kind, level, self.seed);
            let c = denoising_scores(model, &classifiers, test, &images, self.device);
            let all = [
                ("psnr_noisy", c.psnr_noisy),
                ("psnr", c.psnr),
                ("ssim_noisy", Some(c.ssim_noisy)),
                ("ssim", Some(c.ssim)),
                ("knn_noisy", c.knn_noisy),
                ("knn_cleaned", c.knn_cleaned),
                ("classifier_noisy", Some(c.classifier_noisy)),
                ("classifier_cleaned", Some(c.classifier_cleaned)),
            ];
            found.extend(all.into_iter().filter_map(|(name, value)| Some((at_level(name, level), value?))));
            self.go_on()?;
        }
        Some(())
    }

    /// The default classifier of this seed, trained on the same images without noise.
    fn judge(&self) -> Option<Network> {
        let config =
            TrialConfig { train: TrainConfig { epochs: JUDGE_EPOCHS, ..TrainConfig::default() }, ..Default::default() };
        let job = Job {
            seeds: &[self.seed],
            config: &config.train,
            dropout: 0.0,
            frozen: 0,
            train: self.splits[0],
            validation: self.splits[1],
            task: Task::Classify { classes: self.classes },
            noise: config.train.noise(),
            device: self.device,
        };
        let network = config.network(PIXELS, self.classes).init(&[self.seed], &self.device.clone().autodiff());
        Some(train(network, &job, &InterruptOnly(self.callback))?.model)
    }
}

/// Adds what was found to a record; a number that is not finite is absent.
pub fn describe(record: &mut TrialRecord, (found, confusion): Findings) {
    let finite = found.into_iter().filter(|(_, value)| value.is_finite());
    record.metrics.extend(finite.map(|(name, value)| (name, Value::from(value))));
    record.confusion = confusion;
}

/// Passes on the wish to stop, but none of the steps: they are not the trial's own.
pub struct InterruptOnly<'a>(pub &'a dyn Callback);

impl Callback for InterruptOnly<'_> {
    fn on_step(&self, _examples: usize) -> ControlFlow<()> {
        self.0.on_step(0)
    }

    fn on_epoch(&self, _epoch: usize, _scores: &[Option<crate::train::EpochScores>]) {}
}

fn points(values: &[f32], width: usize) -> Vectors<'_> {
    Vectors { values, width }
}
