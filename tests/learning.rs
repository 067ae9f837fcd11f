//! Networks learn: on drawn digits always, on MNIST where its files are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{lab, plan, real_data};
use kindling::data::source::{self, DataLocations};
use kindling::experiment::config::TrialConfig;
use kindling::nn::device;
use kindling::record::Status;
use kindling::train::NoCallback;
use kindling::trial::Lab;

fn last_train_loss(extra: &str) -> f32 {
    let trial = plan(extra).trials().next().unwrap();
    let (records, _) = lab().run(&[trial], &NoCallback).unwrap().unwrap();
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
    let (records, _) = lab().run(&[trial], &NoCallback).unwrap().unwrap();
    assert_eq!(*records[0].history.train_accuracy.last().unwrap(), 1.0);
    let count: u32 = records[0].confusion.iter().flatten().sum();
    let correct: u32 = (0..10).map(|class| records[0].confusion[class][class]).sum();
    assert_eq!(count, 100);
    assert_eq!(records[0].metric("test_accuracy"), Some(f64::from(correct) / 100.0));
}

#[test]
fn a_rate_of_a_million_diverges_and_is_recorded_as_such() {
    for optimizer in kindling::nn::optim::NAMES {
        let trial = plan(&format!("[train]\nepochs = 4\nlr = 1e6\noptimizer = '{optimizer}'")).trials().next().unwrap();
        let (records, _) = lab().run(&[trial], &NoCallback).unwrap().unwrap();
        let record = &records[0];
        assert_eq!(record.status, Status::Diverged, "{optimizer}: {:?}", record.history);
        assert!(record.metrics.is_empty() && record.confusion.is_empty());
        assert_eq!(record.diverged_epoch, Some(record.history.train_loss.len() + 1));
    }
}

#[test]
fn patience_keeps_the_weights_of_the_best_epoch() {
    let trial = plan("[train]\nepochs = 60\nbatch_size = 20\nlr = 0.01\npatience = 3").trials().next().unwrap();
    let (records, _) = lab().run(&[trial], &NoCallback).unwrap().unwrap();
    let losses = &records[0].history.validation_loss;
    let best = losses.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
    assert_eq!(records[0].epochs_kept, Some(best + 1));
    assert_eq!(losses.len(), best + 1 + 3);
    assert_eq!(records[0].metric("validation_loss").unwrap() as f32, losses[best]);
}

#[test]
fn adam_classifies_real_mnist() {
    let Some(dir) = real_data() else { return };
    let locations = DataLocations { dir: Some(dir), cache: "none".into(), offline: true, show_progress: false };
    let dataset = source::load("mnist", &locations).unwrap();
    assert_eq!((dataset.train.count(), dataset.test.count(), dataset.classes.len()), (60_000, 10_000, 10));
    // The published test set has 980 zeros, and the first training image is a 5.
    let zeros = dataset.test.labels().iter().filter(|&&label| label == 0).count();
    assert_eq!((zeros, dataset.train.labels()[0]), (980, 5));
    let backend = std::env::var("KINDLING_TEST_BACKEND").unwrap_or_else(|_| "flex".into());
    let lab = Lab::with(dataset, device::open(Some(&backend)).unwrap());
    let mut config = TrialConfig::default();
    config.train.epochs = 3;
    let trial = kindling::experiment::plan::Trial { arm: 0, label: "adam".into(), values: vec![], config, seed: 0 };
    let (records, _) = lab.run(&[trial], &NoCallback).unwrap().unwrap();
    let accuracy = records[0].metric("test_accuracy").unwrap();
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
    let lab = Lab::with(dataset, device::open(Some("flex")).unwrap());
    let accuracy = |hidden: Vec<usize>| {
        let mut config = TrialConfig::default();
        config.data = kindling::experiment::config::DataConfig {
            dataset: "digits".into(),
            train: 19_000,
            validation: 1_000,
            test: 2_000,
            ..Default::default()
        };
        config.model.hidden = kindling::experiment::config::Hidden::Widths(hidden);
        config.train.epochs = 12;
        let trial = kindling::experiment::plan::Trial { arm: 0, label: "x".into(), values: vec![], config, seed: 0 };
        lab.run(&[trial], &NoCallback).unwrap().unwrap().0[0].metric("test_accuracy").unwrap()
    };
    let (mlp, linear) = (accuracy(vec![64, 32]), accuracy(vec![]));
    assert!((0.95..0.99).contains(&mlp), "mlp {mlp}");
    assert!(linear < mlp - 0.05, "linear {linear}, mlp {mlp}");
}
