//! The CPU's steps against those by Burn's autodiff and optimizers, which are another program for the same arithmetic.

use burn::tensor::Device;

use super::autodiff::AutodiffSteps;
use super::cpu::CpuSteps;
use super::*;
use crate::data::{Examples, Images, PIXELS, Pixels};
use crate::experiment::config::{Hidden, TrialConfig};
use crate::nn::models::ActivationKind;
use crate::seed::{Purpose, Stream};

const SEEDS: [u64; 2] = [3, 8];

/// Images of which a quarter of the pixels are not 0, and some columns never are.
fn images() -> Examples {
    let mut stream = Stream::new(2, Purpose::Data, 0);
    let mut pixel = |i: usize| if i % PIXELS < 30 || stream.below(4) > 0 { 0 } else { stream.below(256) as u8 };
    let pixels = (0..40 * PIXELS).map(&mut pixel).collect();
    Examples::Images(Images::new(pixels, (0..40).map(|i| i % 10).collect()))
}

/// The weights of all layers after the steps, and the scores of the replicas.
type Outcome = (Vec<Vec<f32>>, Vec<StepScores>);

fn weights(network: &Network) -> Vec<Vec<f32>> {
    let layers = network.layers().into_iter();
    let parameters = layers.flat_map(|layer| std::iter::once(&layer.weight).chain(&layer.bias));
    parameters.chain(network.slopes()).map(|p| p.val().into_data().iter::<f32>().collect()).collect()
}

/// Calls `f` with the networks of a trial on the images, and with their training.
fn with_job<T>(config: &TrialConfig, f: impl FnOnce(&dyn Fn() -> Network, &Job) -> T) -> T {
    let (device, examples) = (Device::flex(), images());
    let split = examples.slice(0, 40, config.data.pixels);
    let job = Job {
        seeds: &SEEDS,
        config: &config.train,
        dropout: config.model.dropout,
        frozen: config.model.frozen,
        train: split,
        validation: split,
        task: config.task(10),
        noise: config.train.noise(),
        device: &device,
    };
    f(&|| config.network(PIXELS, 10).init(&SEEDS, &device.clone().autodiff()), &job)
}

fn outcomes(config: &TrialConfig) -> [Outcome; 2] {
    with_job(config, |network, job| {
        let mut cpu = CpuSteps::new(network(), job);
        let mut autodiff = AutodiffSteps::new(network(), job);
        for epoch in 0..2 {
            let (mut own, mut burns) = (cpu.batches(epoch), autodiff.batches(epoch));
            for step in 0..40usize.div_ceil(config.train.batch_size) {
                let rate = config.train.optimizer.lr / (1 + step) as f64;
                cpu.step(own.next(), rate);
                autodiff.step(burns.next(), rate);
            }
        }
        [(weights(&cpu.network()), cpu.take_scores()), (weights(&autodiff.network()), autodiff.take_scores())]
    })
}

#[track_caller]
fn assert_alike(name: &str, change: impl FnOnce(&mut TrialConfig)) {
    let mut config = TrialConfig::default();
    config.model.hidden = Hidden::Widths(vec![9, 6]);
    config.train.batch_size = 11;
    change(&mut config);
    let [(own, own_scores), (burns, burns_scores)] = outcomes(&config);
    let start = weights(&config.network(PIXELS, 10).init(&SEEDS, &Device::flex()));
    assert_ne!(own, start, "{name}: nothing was trained");
    assert_eq!(own.len(), burns.len(), "{name}");
    for (own, burns) in own.iter().zip(&burns) {
        let far = own.iter().zip(burns).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(own.len() == burns.len() && far < 2e-5, "{name}: weights differ by {far}");
    }
    for (own, burns) in own_scores.iter().zip(&burns_scores) {
        assert!((own.all.loss - burns.all.loss).abs() < 1e-4 * burns.all.loss, "{name}: {own:?}, {burns:?}");
        assert!((own.first_loss - burns.first_loss).abs() < 1e-4 * burns.first_loss, "{name}: {own:?}, {burns:?}");
        assert_eq!(own.all.accuracy, burns.all.accuracy, "{name}");
    }
}

/// A setting, and what it changes.
type Setting = (&'static str, fn(&mut TrialConfig));

#[test]
fn steps_on_the_cpu_are_those_by_autodiff_whatever_is_set() {
    let settings: [Setting; 12] = [
        ("the defaults", |_| {}),
        ("raw pixels", |config| config.data.pixels = Pixels::Raw),
        ("dropout", |config| config.model.dropout = 0.4),
        ("a frozen layer", |config| config.model.frozen = 1),
        ("penalties", |config| (config.train.l1, config.train.l2) = (0.3, 0.8)),
        ("clipped values", |config| config.train.clip_value = Some(0.01)),
        ("a clipped norm", |config| config.train.clip_norm = Some(0.1)),
        ("a clipped norm of frozen and learned slopes", |config| {
            config.model.activation = ActivationKind::Prelu;
            (config.model.frozen, config.train.clip_norm) = (1, Some(0.2));
        }),
        ("slopes", |config| config.model.activation = ActivationKind::Prelu),
        ("no biases", |config| config.model.bias = false),
        ("a step activation", |config| config.model.activation = ActivationKind::Step),
        ("noise", |config| config.train.noise = 0.3),
    ];
    for (name, change) in settings {
        assert_alike(name, change);
    }
}

#[test]
fn steps_of_an_autoencoder_on_the_cpu_are_those_by_autodiff() {
    for loss in [Loss::Mse, Loss::Bce] {
        assert_alike(&format!("{loss:?}"), |config| {
            (config.model.latent, config.train.loss) = (Some(3), loss);
            config.model.dropout = 0.2;
        });
    }
}

#[test]
fn rows_of_weights_whose_inputs_were_always_0_stay_unless_they_decay() {
    for (decay, stay) in [(None, true), (Some(0.1), false)] {
        let mut config = TrialConfig::default();
        config.train.batch_size = 11;
        config.train.optimizer.weight_decay = decay;
        let [(own, _), (burns, _)] = outcomes(&config);
        let start = weights(&config.network(PIXELS, 10).init(&SEEDS, &Device::flex()));
        // The first 30 columns are 0 in every image; a row has 64 weights.
        assert_eq!(own[0][..30 * 64] == start[0][..30 * 64], stay);
        assert!(own[0].iter().zip(&burns[0]).all(|(a, b)| (a - b).abs() < 2e-5));
    }
}

#[test]
fn one_two_and_seven_threads_leave_the_same_weights() {
    let mut config = TrialConfig::default();
    // Large enough that products and gradients are shared among threads, and of sizes that no number of threads divides.
    config.model.hidden = Hidden::Widths(vec![521, 130]);
    config.train.batch_size = 40;
    for noise in [0.0, 0.2] {
        config.train.noise = noise;
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                with_job(&config, |network, job| {
                    let mut steps = CpuSteps::new(network(), job);
                    for epoch in 0..3 {
                        let batches = steps.batches(epoch).next();
                        steps.step(batches, 0.001);
                    }
                    (weights(&steps.network()), steps.validate())
                })
            })
        };
        let one = with(1);
        assert!([2, 7].into_iter().all(|threads| with(threads) == one), "noise {noise}");
    }
}
