//! The CPU's steps against those by Burn's autodiff and optimizers, which are another program for the same arithmetic.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

use super::autodiff::AutodiffSteps;
use super::cpu::CpuSteps;
use super::*;
use crate::data::{Examples, Images, PIXELS, Pixels, PointSet};
use crate::experiment::config::{Hidden, TrialConfig};
use crate::nn::loss::Loss;
use crate::nn::models::ActivationKind;
use crate::nn::optim::{OptimizerConfig, UpdateRule};
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
        gpu: None,
    };
    f(&|| config.network(PIXELS, 10).init(&SEEDS, &device.clone().autodiff()), &job)
}

/// What the CPU's steps lead to, and what those of each other engine do, by its name.
fn outcomes(config: &TrialConfig) -> (Outcome, Vec<(&'static str, Outcome)>) {
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
        let others = [("autodiff", (weights(&autodiff.network()), autodiff.take_scores()))];
        let others = others.into_iter().chain(on_gpus(network, job)).collect();
        ((weights(&cpu.network()), cpu.take_scores()), others)
    })
}

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn on_gpus(_network: &dyn Fn() -> Network, _job: &Job) -> Vec<(&'static str, Outcome)> {
    Vec::new()
}

/// What the same steps lead to on the GPU, where there is one: in one launch or many, which makes no difference.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn on_gpus(network: &dyn Fn() -> Network, job: &Job) -> Vec<(&'static str, Outcome)> {
    use super::gpu::side_by_side;
    let Some(gpu) = crate::nn::device::gpu_for_tests() else { return Vec::new() };
    let config = job.config;
    let outcome = |launches_each_step: bool| {
        let mut steps = side_by_side(vec![(network(), job)], &gpu).unwrap().pop().unwrap();
        for epoch in 0..2 {
            steps.start_epoch(epoch).unwrap();
            for step in 0..40usize.div_ceil(config.batch_size) {
                steps.step(config.optimizer.lr / (1 + step) as f64).unwrap();
                if launches_each_step {
                    steps.launch().unwrap();
                }
            }
        }
        (weights(&steps.network().unwrap()), steps.take_scores().unwrap())
    };
    let (at_once, one_by_one) = (outcome(false), outcome(true));
    assert_eq!(at_once.0, one_by_one.0, "the same bytes, however many launches");
    vec![("gpu", at_once)]
}

#[track_caller]
fn assert_alike(name: &str, change: impl FnOnce(&mut TrialConfig)) {
    let mut config = TrialConfig::default();
    config.model.hidden = Hidden::Widths(vec![9, 6]);
    config.train.batch_size = 11;
    change(&mut config);
    let ((own, own_scores), others) = outcomes(&config);
    let start = weights(&config.network(PIXELS, 10).init(&SEEDS, &Device::flex()));
    assert_ne!(own, start, "{name}: nothing was trained");
    for (engine, (weights, scores)) in others {
        assert_eq!(own.len(), weights.len(), "{name}, {engine}");
        for (own, other) in own.iter().zip(&weights) {
            let far = own.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(own.len() == other.len() && far < 2e-5, "{name}, {engine}: weights differ by {far}");
        }
        for (own, other) in own_scores.iter().zip(&scores) {
            let near = |own: f64, other: f64| (own - other).abs() < 1e-4 * other;
            assert!(near(own.all.loss, other.all.loss), "{name}, {engine}: {own:?}, {other:?}");
            assert!(near(own.first_loss, other.first_loss), "{name}, {engine}: {own:?}, {other:?}");
            assert_eq!(own.all.accuracy, other.all.accuracy, "{name}, {engine}");
        }
    }
}

/// A setting, and what it changes.
type Setting = (&'static str, fn(&mut TrialConfig));

#[test]
fn steps_on_the_cpu_are_those_of_every_other_engine_whatever_is_set() {
    let settings: [Setting; 15] = [
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
        ("a PReLU after the last layer", |config| {
            (config.model.output, config.train.loss) = (ActivationKind::Prelu, Loss::Mse);
        }),
        ("no biases", |config| config.model.bias = false),
        ("a step activation", |config| config.model.activation = ActivationKind::Step),
        ("noise", |config| config.train.noise = 0.3),
        ("a summed loss", |config| {
            config.train.loss = Loss::PerceptronSum;
            (config.train.optimizer.lr, config.train.batch_size) = (1e-4, 40);
        }),
        ("weights of norm 1", |config| {
            (config.model.hidden, config.model.outputs) = (Hidden::Widths(Vec::new()), Some(1));
            (config.train.loss, config.train.unit_norm) = (Loss::Mse, true);
        }),
    ];
    for (name, change) in settings {
        assert_alike(name, change);
    }
}

#[test]
fn a_step_of_the_lecture_notes_perceptron_is_the_one_worked_by_hand() {
    let mut config = TrialConfig::default();
    (config.model.hidden, config.model.outputs) = (Hidden::Widths(Vec::new()), Some(1));
    (config.train.loss, config.train.unit_norm, config.train.batch_size) = (Loss::PerceptronSum, true, 3);
    config.train.optimizer = OptimizerConfig::new(UpdateRule::Sgd);
    let device = Device::flex();
    let points =
        PointSet { values: vec![2.0, 1.0, 1.0, -1.0, -1.0, 3.0], width: 2, labels: vec![1, 0, 1], targets: Vec::new() };
    let examples = Examples::Points(points);
    let split = examples.slice(0, 3, Pixels::Unit);
    let job = Job {
        seeds: &[0],
        config: &config.train,
        dropout: 0.0,
        frozen: 0,
        train: split,
        validation: split,
        task: config.task(2),
        noise: config.train.noise(),
        device: &device,
        gpu: None,
    };
    let start = || {
        let device = device.clone().autodiff();
        let mut network = config.network(2, 2).init(&[0], &device);
        let set = |values: Vec<f32>| {
            let rows = values.len();
            Param::from_tensor(Tensor::from_data(TensorData::new(values, [1, rows, 1]), &device))
        };
        for layer in network.layers_mut() {
            (layer.weight, layer.bias) = (set(vec![0.5, -0.5]), Some(set(vec![0.25])));
        }
        network
    };
    // The outputs are 0.75, 1.25 and -1.75, and y is 1, -1 and 1: the last two are misclassified, by 3 in sum. The gradient is
    // -(-(1, -1) + (-1, 3)) = (2, -4) of the weights and 1 - 1 = 0 of the bias; at a rate of 0.5 the weights become (-0.5, 1.5), of norm
    // sqrt(2.5), and with the bias 0.25 they are divided by it.
    let norm = 2.5f32.sqrt();
    let expected = [-0.5 / norm, 1.5 / norm, 0.25 / norm];
    let (mut cpu, mut autodiff) = (CpuSteps::new(start(), &job), AutodiffSteps::new(start(), &job));
    let (mut own, mut burns) = (cpu.batches(0), autodiff.batches(0));
    cpu.step(own.next(), 0.5);
    autodiff.step(burns.next(), 0.5);
    for (weights, scores) in
        [(weights(&cpu.network()), cpu.take_scores()), (weights(&autodiff.network()), autodiff.take_scores())]
    {
        assert!(weights.concat().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{weights:?}");
        assert_eq!((scores[0].all.loss, scores[0].all.accuracy), (3.0, Some(1.0 / 3.0)));
    }
}

#[test]
fn the_l1_penalty_is_the_same_in_both_scalings() {
    let outcomes = |change: fn(&mut TrialConfig)| {
        let mut config = TrialConfig::default();
        change(&mut config);
        let (own, others) = outcomes(&config);
        others.into_iter().map(|(_, outcome)| outcome).chain([own]).map(|(weights, _)| weights).collect::<Vec<_>>()
    };
    let whole = outcomes(|config| config.train.l1 = 1.5);
    assert_eq!(outcomes(|config| config.train.l1_half = 3.0), whole);
    assert_ne!(outcomes(|config| config.train.l1_half = 1.5), whole);
}

#[test]
fn steps_of_an_autoencoder_on_the_cpu_are_those_of_every_other_engine() {
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
        let ((own, _), others) = outcomes(&config);
        let start = weights(&config.network(PIXELS, 10).init(&SEEDS, &Device::flex()));
        // The first 30 columns are 0 in every image; a row has 64 weights.
        assert_eq!(own[0][..30 * 64] == start[0][..30 * 64], stay);
        for (engine, (weights, _)) in others {
            assert!(own[0].iter().zip(&weights[0]).all(|(a, b)| (a - b).abs() < 2e-5), "{engine}");
        }
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
