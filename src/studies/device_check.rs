//! Whether a GPU computes what the CPU does: the same trainings on both, before anything is recorded.
//!
//! In: a GPU. Out: for each comparison what was seen and what is allowed, one by one, since a driver may hang or crash at any of them.

use anyhow::{Context, Result};
use burn::tensor::Device;

use crate::data::{Examples, Images, PIXELS, PointSet, Split};
use crate::experiment::config::{Hidden, TrialConfig};
use crate::nn::cpu::{FeedForward, Inputs, Pass, convert, loss};
use crate::nn::device::Gpu;
use crate::nn::gpu::evaluation::evaluate;
use crate::nn::gpu::examples::Examples as Uploaded;
use crate::nn::gpu::gradient::gradients;
use crate::nn::gpu::networks::Networks;
use crate::nn::loss::Loss;
use crate::nn::models::ActivationKind;
use crate::nn::optim::{OptimizerConfig, UpdateRule};
use crate::nn::task::Task;
use crate::seed::{Purpose, Stream};
use crate::train::Job;
use crate::train::step::Steps;

/// Sums of products: what an order of additions changes in 32 bits. Products of tensor cores in TF32 are off by some 1e-3.
const PRODUCT: f64 = 1e-5;

/// Activations and their derivatives, which each processor computes in its own way.
const FUNCTION: f64 = 1e-4;

/// Five steps, as a share of how far they went.
const STEPS: f64 = 1e-3;

/// Examples of the trainings.
const EXAMPLES: usize = 60;

const TEN_CLASSES: Task = Task::Classify { classes: 10 };

/// Compares the GPU with the CPU, and tells each finding as it comes: what was computed, the largest difference as a share of the largest number,
/// or how many bytes or counts differ, and the largest that is allowed.
///
/// # Errors
/// The GPU failed.
pub fn check(gpu: &Gpu, mut tell: impl FnMut(String, f64, f64)) -> Result<()> {
    let images = images();
    let split = images.slice(0, EXAMPLES, TrialConfig::default().data.pixels);
    products(gpu, &mut tell)?;
    by_activation(gpu, split, &mut tell)?;
    for &loss in Loss::ALL {
        let network = network_by(ActivationKind::Prelu)?;
        let seen = difference_of_gradients(gpu, &[network], split, loss)?;
        tell(format!("gradient of {loss:?}"), seen.into_iter().fold(0.0, worse), FUNCTION);
    }
    for rule in UpdateRule::all() {
        let mut config = TrialConfig::default();
        (config.train.batch_size, config.train.optimizer) = (EXAMPLES / 5, OptimizerConfig::new(rule));
        let (start, cpu) = (trained(&[&config], split, &[3], None, 0)?, trained(&[&config], split, &[3], None, 1)?);
        let seen = difference_of_steps(&start, &cpu, &trained(&[&config], split, &[3], Some(gpu), 1)?);
        tell(format!("five steps of {}", rule.name()), seen, STEPS);
    }
    tell("equal outputs, of which the first wins".into(), ties(gpu, split)?, 0.0);
    tell("a loss that is no number".into(), swallowed(gpu, split)?, 0.0);
    let mut config = TrialConfig::default();
    config.train.batch_size = 2;
    let seeds: Vec<u64> = (0..15).collect();
    let together = trained(&[&config], split, &seeds, Some(gpu), 2)?;
    let again = trained(&[&config], split, &seeds, Some(gpu), 2)?;
    tell("bytes of 15 networks, twice".into(), different(&together, &again), 0.0);
    let alone = trained(&[&config], split, &seeds[..1], Some(gpu), 2)?;
    tell("bytes of a network alone and of 15".into(), different(&together[..1], &alone), 0.0);
    tell("bytes of a network alone and beside others of other kinds".into(), beside_others(gpu, split)?, 0.0);
    Ok(())
}

/// How many numbers of three networks of different shapes, activations, rules and batch sizes are not those of each alone.
fn beside_others(gpu: &Gpu, split: Split) -> Result<f64> {
    let kinds = [
        (ActivationKind::Relu, vec![64, 32], 20),
        (ActivationKind::Prelu, vec![9], 7),
        (ActivationKind::Gelu, vec![5, 5, 5], 30),
    ];
    let config = |(activation, widths, batch): (ActivationKind, Vec<usize>, usize)| {
        let mut config = TrialConfig::default();
        (config.model.activation, config.model.hidden, config.train.batch_size) =
            (activation, Hidden::Widths(widths), batch);
        if activation == ActivationKind::Prelu {
            (config.train.optimizer, config.train.clip_norm) = (OptimizerConfig::new(UpdateRule::Sgd), Some(0.1));
        }
        config
    };
    let configs = kinds.map(config);
    let together = trained(&configs.each_ref(), split, &[3], Some(gpu), 2)?;
    let mut different_numbers = 0.0;
    for (config, own) in configs.iter().zip(&together) {
        let alone = trained(&[config], split, &[3], Some(gpu), 2)?;
        different_numbers += different(std::slice::from_ref(own), &alone);
    }
    Ok(different_numbers)
}

/// Images of which a quarter of the pixels are not 0.
fn images() -> Examples {
    let mut stream = Stream::new(2, Purpose::Data, 0);
    let pixels =
        (0..EXAMPLES * PIXELS).map(|_| if stream.below(4) > 0 { 0 } else { stream.below(256) as u8 }).collect();
    Examples::Images(Images::new(pixels, (0..EXAMPLES).map(|i| (i % 10) as u8).collect()))
}

/// Matrix products of the shapes of the classifier and of an autoencoder.
fn products(gpu: &Gpu, tell: &mut impl FnMut(String, f64, f64)) -> Result<()> {
    for [inputs, outputs] in [[PIXELS, 64], [64, 32], [32, 10], [10, PIXELS], [7, 1]] {
        let mut stream = Stream::new(5, Purpose::Data, (inputs * outputs) as u64);
        let values = (0..EXAMPLES * inputs).map(|_| stream.uniform(-1.0, 1.0) as f32).collect();
        let points = PointSet { values, width: inputs, labels: vec![0; EXAMPLES], targets: Vec::new() };
        let examples = Examples::Points(points);
        let split = examples.slice(0, EXAMPLES, TrialConfig::default().data.pixels);
        let mut config = TrialConfig::default();
        config.model.hidden = Hidden::Widths(Vec::new());
        let network = network(&config, inputs, outputs, 1)?;
        let seen = differences_of_outputs(gpu, &[network], split, Task::Classify { classes: outputs })?;
        let seen = seen.into_iter().fold(0.0, worse);
        tell(format!("a product of {EXAMPLES}x{inputs} and {inputs}x{outputs}"), seen, PRODUCT);
    }
    Ok(())
}

fn network(config: &TrialConfig, inputs: usize, classes: usize, seed: u64) -> Result<FeedForward> {
    let stack = config.network(inputs, classes).init(&[seed], &Device::flex());
    convert::unstack(&stack).into_iter().next().context("a stack of one has a network")
}

fn network_by(kind: ActivationKind) -> Result<FeedForward> {
    let mut config = TrialConfig::default();
    (config.model.hidden, config.model.activation) = (Hidden::Widths(vec![9, 6]), kind);
    let mut network = network(&config, PIXELS, 10, 4)?;
    // Sums on both sides of every kink.
    network.layers.iter_mut().for_each(|layer| layer.weight.iter_mut().for_each(|weight| *weight *= 4.0));
    Ok(network)
}

/// Outputs and gradients of networks by every activation, all in one launch.
fn by_activation(gpu: &Gpu, split: Split, tell: &mut impl FnMut(String, f64, f64)) -> Result<()> {
    let networks: Vec<FeedForward> = ActivationKind::ALL.iter().map(|&kind| network_by(kind)).collect::<Result<_>>()?;
    let outputs = differences_of_outputs(gpu, &networks, split, TEN_CLASSES)?;
    for (kind, seen) in ActivationKind::ALL.iter().zip(outputs) {
        tell(format!("outputs by {}", kind.name()), seen, FUNCTION);
    }
    let gradients = difference_of_gradients(gpu, &networks, split, Loss::CrossEntropy)?;
    for (kind, seen) in ActivationKind::ALL.iter().zip(gradients) {
        tell(format!("gradient by {}", kind.name()), seen, FUNCTION);
    }
    Ok(())
}

fn differences_of_outputs(gpu: &Gpu, networks: &[FeedForward], split: Split, task: Task) -> Result<Vec<f64>> {
    let examples = Uploaded::upload(split, task, gpu)?;
    let found = evaluate(&Networks::upload(networks.to_vec(), gpu)?, &examples, Loss::CrossEntropy, true)?;
    let inputs = Inputs::Dense(split.rows.numbers());
    let own = |network: &FeedForward| network.forward(&inputs, split.count(), &[], &mut Pass::default()).to_vec();
    Ok(networks.iter().zip(found).map(|(network, found)| relative(&own(network), &found.outputs)).collect())
}

fn difference_of_gradients(gpu: &Gpu, networks: &[FeedForward], split: Split, loss: Loss) -> Result<Vec<f64>> {
    let found = gradients(networks, split, TEN_CLASSES, loss, gpu)?;
    let targets = TEN_CLASSES.targets(&[], split.labels, split.targets);
    let (inputs, count) = (Inputs::Dense(split.rows.numbers()), split.count());
    let difference = |(network, found): (&FeedForward, FeedForward)| {
        let (mut network, mut pass) = (network.clone(), Pass::default());
        network.forward(&inputs, count, &[], &mut pass);
        let by_loss = |outputs: &[f32], grad: &mut [f32]| {
            loss::loss_and_gradient(loss, outputs, &targets, 10, grad);
        };
        let (mut largest, lowest) = (0.0f64, network.lowest_reached());
        network.backward((&inputs, count, &[]), &mut pass, lowest, by_loss, |index, layer, gradient| {
            let mut weight = vec![0.0; layer.weight.len()];
            gradient.weight_rows(0..layer.inputs, &mut weight);
            let other = &found.layers[index];
            let bias = relative(&gradient.bias(), other.bias.as_deref().unwrap_or_default());
            let slope = other.slope.map_or(0.0, |slope| relative(&[gradient.slope], &[slope]));
            largest = [relative(&weight, &other.weight), bias, slope].into_iter().fold(largest, worse);
        });
        largest
    };
    Ok(networks.iter().zip(found).map(difference).collect())
}

/// The networks of these settings and seeds after so many epochs, side by side: on the GPU, or without one on the CPU.
fn trained(
    configs: &[&TrialConfig],
    split: Split,
    seeds: &[u64],
    gpu: Option<&Gpu>,
    epochs: usize,
) -> Result<Vec<FeedForward>> {
    let device = Device::flex();
    let jobs: Vec<Job> = configs.iter().map(|config| job(config, split, seeds, &device, gpu)).collect();
    let stack = |config: &TrialConfig| config.network(PIXELS, 10).init(seeds, &device.clone().autodiff());
    let stacks = configs.iter().zip(&jobs).map(|(config, job)| (stack(config), job)).collect();
    let mut all = Steps::side_by_side(stacks)?;
    for epoch in 0..epochs {
        for (steps, job) in all.iter_mut().zip(&jobs) {
            steps.start_epoch(epoch)?;
            for _ in 0..split.count().div_ceil(job.config.batch_size) {
                steps.step(job.config.optimizer.lr)?;
            }
        }
        all.iter_mut().try_for_each(|steps| steps.take_scores().map(drop))?;
    }
    let mut networks = Vec::new();
    for steps in &mut all {
        networks.extend(convert::unstack(&steps.network()?));
    }
    Ok(networks)
}

fn job<'a>(
    config: &'a TrialConfig,
    split: Split<'a>,
    seeds: &'a [u64],
    device: &'a Device,
    gpu: Option<&'a Gpu>,
) -> Job<'a> {
    Job {
        seeds,
        config: &config.train,
        dropout: 0.0,
        frozen: 0,
        train: split,
        validation: split,
        task: TEN_CLASSES,
        noise: config.train.noise(),
        device,
        gpu,
    }
}

/// The Euclidean distance of two ends, as a share of the way from the start to the first.
fn difference_of_steps(start: &[FeedForward], end: &[FeedForward], other: &[FeedForward]) -> f64 {
    let [start, end, other] = [start, end, other].map(numbers);
    let distance = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
    };
    distance(&end, &other) / distance(&start, &end)
}

/// How many predictions are not counted as on the CPU where all outputs are equal.
fn ties(gpu: &Gpu, split: Split) -> Result<f64> {
    let mut network = network(&TrialConfig::default(), PIXELS, 10, 1)?;
    network.layers.iter_mut().for_each(|layer| layer.weight.fill(0.0));
    network.layers.iter_mut().filter_map(|layer| layer.bias.as_mut()).for_each(|bias| bias.fill(0.0));
    let examples = Uploaded::upload(split, TEN_CLASSES, gpu)?;
    let found = evaluate(&Networks::upload(vec![network], gpu)?, &examples, Loss::CrossEntropy, false)?;
    let first = split.labels.iter().filter(|&&label| label == 0).count() as f64;
    Ok((found.first().context("the GPU left no scores")?.correct - first).abs())
}

/// How many activations make a number of what is none, so that a training that diverged would go unnoticed.
fn swallowed(gpu: &Gpu, split: Split) -> Result<f64> {
    let mut networks: Vec<FeedForward> =
        ActivationKind::ALL.iter().map(|&kind| network_by(kind)).collect::<Result<_>>()?;
    networks
        .iter_mut()
        .filter_map(|network| network.layers.first_mut()?.bias.as_mut())
        .for_each(|bias| bias.fill(f32::NAN));
    let examples = Uploaded::upload(split, TEN_CLASSES, gpu)?;
    let found = evaluate(&Networks::upload(networks, gpu)?, &examples, Loss::CrossEntropy, false)?;
    Ok(found.iter().filter(|found| !found.loss.is_nan()).count() as f64)
}

/// How many numbers of two lists of networks are not the same to the bit.
fn different(a: &[FeedForward], b: &[FeedForward]) -> f64 {
    let (a, b) = (numbers(a), numbers(b));
    let pairs = a.iter().zip(&b).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
    (pairs + a.len().abs_diff(b.len())) as f64
}

fn numbers(networks: &[FeedForward]) -> Vec<f32> {
    let layers = networks.iter().flat_map(|network| &network.layers);
    layers
        .flat_map(|layer| layer.weight.iter().chain(layer.bias.iter().flatten()).chain(&layer.slope))
        .copied()
        .collect()
}

/// The largest difference of two lists, as a share of the largest number of the first.
fn relative(own: &[f32], other: &[f32]) -> f64 {
    let scale = own.iter().fold(1e-12, |max: f64, &value| max.max(f64::from(value).abs()));
    let pairs = own.iter().zip(other).map(|(&a, &b)| (f64::from(a) - f64::from(b)).abs() / scale);
    let largest = pairs.fold(0.0, worse);
    if own.len() == other.len() { largest } else { f64::INFINITY }
}

/// The larger number, or the one that is none.
fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_or_too_short_is_far_off() {
        assert_eq!(relative(&[1.0, -2.0], &[1.0, -1.0]), 0.5);
        assert!(relative(&[1.0, -2.0], &[1.0, f32::NAN]).is_nan() && relative(&[f32::NAN, 1.0], &[0.0, 1.0]).is_nan());
        assert_eq!(relative(&[1.0, -2.0], &[1.0]), f64::INFINITY);
    }

    #[test]
    fn the_gpu_of_this_machine_computes_what_the_cpu_does() {
        let Some(gpu) = crate::nn::device::gpu_for_tests() else { return };
        let mut found = Vec::new();
        check(&gpu, |what, seen, allowed| found.push((what, seen, allowed))).unwrap();
        assert!(found.len() > 60 && found.iter().all(|(_, seen, allowed)| seen <= allowed), "{found:#?}");
    }
}
