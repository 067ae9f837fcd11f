//! Networks learn: on drawn digits always, on MNIST where its files are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::ops::ControlFlow;

use common::{lab, plan, real_data};
use kindling::data::source::{self, DataLocations};
use kindling::data::{DataConfig, Size};
use kindling::experiment::config::TrialConfig;
use kindling::experiment::metric::Metric;
use kindling::experiment::plan::Trial;
use kindling::nn::device;
use kindling::record::Status;
use kindling::train::{Callback, EpochScores, NoCallback, TrainError};
use kindling::trial::{Lab, run_stack};

fn last_train_loss(extra: &str) -> f32 {
    let trial = plan(extra).trials().next().unwrap();
    let records = run_stack(&lab(), &[trial], &NoCallback).unwrap().records;
    assert_eq!(records[0].status, Status::Done, "{extra}");
    *records[0].history.train_loss.last().unwrap()
}

#[test]
fn every_optimizer_lowers_every_loss() {
    for optimizer in kindling::nn::optim::NAMES {
        for loss in ["cross_entropy", "mse", "bce"] {
            let text = |epochs| {
                format!("[train]\nepochs = {epochs}\nbatch_size = 10\noptimizer = '{optimizer}'\nloss = '{loss}'")
            };
            let (first, later) = (last_train_loss(&text(1)), last_train_loss(&text(8)));
            assert!(later < first, "{optimizer} on {loss}: {first} after 1 epoch, {later} after 8");
        }
    }
}

#[test]
fn a_network_can_fit_500_images_perfectly() {
    let trial = plan("[train]\nepochs = 60\nbatch_size = 20").trials().next().unwrap();
    let records = run_stack(&lab(), &[trial], &NoCallback).unwrap().records;
    assert_eq!(*records[0].history.train_accuracy.last().unwrap(), 1.0);
    let count: u32 = records[0].confusion.iter().flatten().sum();
    let correct: u32 = (0..10).map(|class| records[0].confusion[class][class]).sum();
    assert_eq!(count, 100);
    assert_eq!(records[0].metric(&Metric::TestAccuracy), Some(f64::from(correct) / 100.0));
}

#[test]
fn a_rate_of_a_million_diverges_and_is_recorded_as_such() {
    for optimizer in kindling::nn::optim::NAMES {
        let trial = plan(&format!("[train]\nepochs = 4\nlr = 1e6\noptimizer = '{optimizer}'")).trials().next().unwrap();
        let records = run_stack(&lab(), &[trial], &NoCallback).unwrap().records;
        let record = &records[0];
        assert_eq!(record.status, Status::Diverged, "{optimizer}: {:?}", record.history);
        assert!(record.metrics.is_empty() && record.confusion.is_empty());
        assert_eq!(record.diverged_epoch, Some(record.history.train_loss.len() + 1));
    }
}

#[test]
fn patience_keeps_the_weights_of_the_best_epoch() {
    let trial = plan("[train]\nepochs = 60\nbatch_size = 20\nlr = 0.01\npatience = 3").trials().next().unwrap();
    let records = run_stack(&lab(), &[trial], &NoCallback).unwrap().records;
    let losses = &records[0].history.validation_loss;
    let best = losses.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
    assert_eq!(records[0].epochs_kept, Some(best + 1));
    assert_eq!(losses.len(), best + 1 + 3);
    assert_eq!(records[0].metric(&Metric::ValidationLoss).unwrap() as f32, losses[best]);
}

#[test]
fn adam_classifies_real_mnist() {
    let Some(dir) = real_data() else { return };
    let locations = DataLocations { dir: Some(dir), cache: "none".into(), offline: true, show_progress: false };
    let dataset = source::load(&DataConfig::named("mnist"), &locations).unwrap();
    assert_eq!((dataset.train.count(), dataset.test.count(), dataset.classes.len()), (60_000, 10_000, 10));
    // The published test set has 980 zeros, and the first training image is a 5.
    let zeros = dataset.test.labels().iter().filter(|&&label| label == 0).count();
    assert_eq!((zeros, dataset.train.labels()[0]), (980, 5));
    let backend = std::env::var("KINDLING_TEST_BACKEND").unwrap_or_else(|_| "flex".into());
    let lab = Lab::with_dataset(dataset, device::open(Some(&backend)).unwrap());
    let mut config = TrialConfig::default();
    config.train.epochs = 3;
    let trial = kindling::experiment::plan::Trial { arm: 0, label: "adam".into(), values: vec![], config, seed: 0 };
    let records = run_stack(&lab, &[trial], &NoCallback).unwrap().records;
    let accuracy = records[0].metric(&Metric::TestAccuracy).unwrap();
    // Three epochs of the 784-64-32-10 classifier give 96 to 97 % in every framework.
    assert!((0.95..0.98).contains(&accuracy), "{accuracy}");
    assert_eq!(records[0].mistakes.len(), 24);
}

#[test]
fn the_drawn_digits_are_easy_for_the_mlp_and_hard_for_a_linear_model() {
    let dataset = kindling::data::Dataset::new(
        "digits",
        kindling::data::digits::draw(0, 20_000),
        kindling::data::digits::draw(60_000, 2_000),
    );
    let lab = Lab::with_dataset(dataset, device::open(Some("flex")).unwrap());
    let accuracy = |hidden: Vec<usize>| {
        let mut config = TrialConfig::default();
        config.data = DataConfig {
            dataset: "digits".into(),
            train: Size::Count(19_000),
            validation: Size::Count(1_000),
            test: Size::Count(2_000),
            ..Default::default()
        };
        config.model.hidden = kindling::experiment::config::Hidden::Widths(hidden);
        config.train.epochs = 12;
        let trial = kindling::experiment::plan::Trial { arm: 0, label: "x".into(), values: vec![], config, seed: 0 };
        run_stack(&lab, &[trial], &NoCallback).unwrap().records[0].metric(&Metric::TestAccuracy).unwrap()
    };
    let (mlp, linear) = (accuracy(vec![64, 32]), accuracy(vec![]));
    assert!((0.95..0.99).contains(&mlp), "mlp {mlp}");
    assert!(linear < mlp - 0.05, "linear {linear}, mlp {mlp}");
}

/// Stops a training at its first step.
struct StopAtOnce;

impl Callback for StopAtOnce {
    fn on_step(&self, _examples: usize) -> ControlFlow<()> {
        ControlFlow::Break(())
    }

    fn on_epoch(&self, _epoch: usize, _scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Both were once the same `None`.
#[test]
fn an_interrupted_training_and_one_that_cannot_be_are_told_apart() {
    let lab = lab();
    let trials: Vec<Trial> = plan("seeds = 1\n[sweep]\nbatch_size = [50, 100]").trials().collect();
    let interrupted = run_stack(&lab, &trials[..1], &StopAtOnce);
    assert!(matches!(interrupted, Err(TrainError::Interrupted)));
    for (trials, reason) in [(&trials[..], "share their settings"), (&[], "at least one trial")] {
        match run_stack(&lab, trials, &NoCallback) {
            Err(TrainError::Failed(error)) => assert!(error.to_string().contains(reason), "{error:#}"),
            other => panic!("{other:?}"),
        }
    }
    // In the middle of an autoencoder's evaluation, where no step is taken.
    let text = "seeds = 1\n[model]\nhidden = [8]\nlatent = 4\n[train]\nloss = 'mse'\nepochs = 1\n[evaluate]\nknn = 3";
    let trial: Vec<Trial> = plan(text).trials().collect();
    let evaluating = run_stack(&lab, &trial, &StopAtEvaluation);
    assert!(matches!(evaluating, Err(TrainError::Interrupted)));
}

/// Stops where something asks without having taken a step.
struct StopAtEvaluation;

impl Callback for StopAtEvaluation {
    fn on_step(&self, examples: usize) -> ControlFlow<()> {
        if examples == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn on_epoch(&self, _epoch: usize, _scores: &[Option<EpochScores>]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
