//! The time of each part of a training step, and of the whole step beside its dense matrix products alone and beside the memory
//! that it must move.
//!
//! In: the 784-64-32-10 classifier with Adam at several batch sizes, on drawn digits. Out: Criterion's estimates, then a table of
//! whole steps, measured alternately with the products and with a copy of as many bytes.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use burn::tensor::Device;
use criterion::{BenchmarkId, Criterion, Throughput};
use kindling::data::{Examples, PIXELS, Pixels, Split, digits};
use kindling::experiment::config::{TrainConfig, TrialConfig};
use kindling::nn::cpu::aligned::Aligned;
use kindling::nn::cpu::product::{Matrix, multiply};
use kindling::nn::cpu::update::Update;
use kindling::nn::cpu::{FeedForward, Inputs, Pass, convert, loss};
use kindling::nn::loss::Loss;
use kindling::nn::models::Network;
use kindling::nn::optim::{Adam, UpdateRule};
use kindling::nn::task::Task;
use kindling::run::in_worker_pool;
use kindling::train::{Job, NoCallback, train};

const WIDTHS: [usize; 4] = [PIXELS, 64, 32, 10];
const BATCHES: [usize; 4] = [8, 32, 128, 256];
/// As many as in training, so that rows come from memory and not from a cache.
const EXAMPLES: usize = 55_000;
const TASK: Task = Task::Classify { classes: WIDTHS[3] };

/// Indices from all over the data, different for each `round`.
fn indices(count: usize, round: usize) -> Vec<usize> {
    (0..count).map(|i| (i * 7_919 + round * 104_729) % EXAMPLES).collect()
}

fn network() -> Network {
    TrialConfig::default().network(PIXELS, WIDTHS[3]).init(&[0], &Device::flex())
}

/// The batch of a round, without zeros, and its targets.
fn batch<'a>(all: Split<'a>, count: usize, round: usize) -> Option<(Inputs<'a>, Vec<f32>)> {
    let chosen = indices(count, round);
    let labels: Vec<u8> = chosen.iter().map(|&index| all.labels[index]).collect();
    Some((Inputs::Sparse(all.rows.gather_sparse(&chosen)?), TASK.targets(&[], &labels, &[])))
}

/// One forward and backward pass, with nothing done to the weights.
fn gradients(network: &mut FeedForward, inputs: &Inputs, targets: &[f32], count: usize, pass: &mut Pass) {
    network.forward(inputs, count, &[], pass);
    let score = |outputs: &[f32], grad: &mut [f32]| {
        black_box(loss::loss_and_gradient(Loss::CrossEntropy, outputs, targets, WIDTHS[3], grad));
    };
    network.backward((inputs, count, &[]), pass, 0, score, |_, layer, gradient| {
        let mut rows = vec![0.0; layer.weight.len()];
        gradient.weight_rows(0..layer.inputs, &mut rows);
        black_box((rows, gradient.bias()));
    });
}

fn parts(criterion: &mut Criterion, all: Split) {
    let mut network = convert::unstack(&network()).remove(0);
    for count in BATCHES {
        let id = |part: &str| BenchmarkId::new(part, format!("batch {count}"));
        let mut group = criterion.benchmark_group("step");
        group.throughput(Throughput::Elements(count as u64));
        let (mut pass, mut round) = (Pass::default(), 0);
        group.bench_function(id("forward"), |bencher| {
            bencher.iter(|| {
                round += 1;
                let Some((inputs, _)) = batch(all, count, round) else { return };
                black_box(network.forward(&inputs, count, &[], &mut pass));
            });
        });
        group.bench_function(id("forward and gradients"), |bencher| {
            bencher.iter(|| {
                round += 1;
                let Some((inputs, targets)) = batch(all, count, round) else { return };
                gradients(&mut network, &inputs, &targets, count, &mut pass);
            });
        });
        let mut adam = AdamState::new(WIDTHS.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum());
        group.bench_function(id("adam"), |bencher| bencher.iter(|| adam.step()));
        let operands = Operands::new(count);
        group.bench_function(id("dense products only"), |bencher| bencher.iter(|| operands.multiply()));
        group.finish();
    }
}

/// Parameters with the state that Adam has of them.
struct AdamState {
    parameter: Aligned,
    gradient: Aligned,
    moments: [Aligned; 2],
}

impl AdamState {
    fn new(count: usize) -> Self {
        let numbers: Vec<f32> = (0..count).map(|i| (i % 97) as f32 / 97.0 - 0.5).collect();
        let moments = [Aligned::zeros(count), Aligned::zeros(count)];
        Self { parameter: Aligned::copy_of(&numbers), gradient: Aligned::copy_of(&numbers), moments }
    }

    fn step(&mut self) {
        let [first, second] = &mut self.moments;
        Update::new(UpdateRule::Adam(Adam::default()), 1e-6, 0.0, 1).apply(
            &mut self.parameter,
            &self.gradient,
            first,
            second,
        );
    }
}

/// The matrices that a step multiplies where the zeros of the images are multiplied too.
struct Operands {
    batch: usize,
    /// The inputs of each layer, and the outputs of the last one.
    activations: Vec<Aligned>,
    weights: Vec<Aligned>,
}

impl Operands {
    fn new(batch: usize) -> Self {
        let numbers =
            |count: usize| Aligned::copy_of(&(0..count).map(|i| (i % 97) as f32 / 97.0).collect::<Vec<f32>>());
        let activations = WIDTHS.iter().map(|width| numbers(batch * width)).collect();
        let weights = WIDTHS.windows(2).map(|pair| numbers(pair[0] * pair[1])).collect();
        Self { batch, activations, weights }
    }

    /// All products of a step: the forward pass, the gradients of all weights, and those of all inputs but the images.
    fn multiply(&self) {
        let product = |lhs: Matrix, rhs: Matrix, size: usize| {
            let mut out = vec![0.0; size];
            multiply(lhs, rhs, &mut out);
            black_box(out);
        };
        for (layer, pair) in WIDTHS.windows(2).enumerate() {
            let (batch, [inputs, outputs]) = (self.batch, [pair[0], pair[1]]);
            let x = Matrix::new(&self.activations[layer], batch, inputs);
            let grad = Matrix::new(&self.activations[layer + 1], batch, outputs);
            let weight = Matrix::new(&self.weights[layer], inputs, outputs);
            product(x, weight, batch * outputs);
            product(x.transposed(), grad, inputs * outputs);
            if layer > 0 {
                product(grad, weight.transposed(), batch * inputs);
            }
        }
    }
}

/// Bytes that a step reads and writes at least: the weights and Adam's two moments, each read and written, and the pixels that are
/// not 0, with their columns.
fn bytes_moved(batch: usize, density: f64) -> f64 {
    let parameters: usize = WIDTHS.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum();
    (parameters * 3 * 2 * size_of::<f32>()) as f64 + batch as f64 * density * (PIXELS * size_of::<u32>()) as f64
}

/// Prints the medians of `rounds` alternate measurements of whole steps by the training loop itself, of their dense products alone,
/// and of a copy, which reads and writes memory as fast as one core does.
fn compare(all: Split, rounds: usize) {
    const COPY: usize = 64 << 20;
    let source = vec![1u8; COPY];
    let mut target = vec![0u8; COPY];
    let dense = all.rows.numbers();
    let density = dense.iter().filter(|value| **value > 0.0).count() as f64 / dense.len() as f64;
    println!("\n{:.1} % of the pixels are not 0.", 100.0 * density);
    println!(
        "batch  whole step, us  dense products, us  whole / products  memory alone, us  whole / memory  samples/s"
    );
    for batch in BATCHES {
        // Enough steps that the initialisation of the network is negligible.
        let steps = (32_000 / batch).clamp(60, 2_000);
        let operands = Operands::new(batch);
        let (mut whole, mut products, mut memory) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            whole.push(timed(|| epoch(all, batch, steps)) / steps as f64);
            products.push(timed(|| (0..steps).for_each(|_| operands.multiply())) / steps as f64);
            let copied = timed(|| black_box(&mut target).copy_from_slice(black_box(&source)));
            memory.push(copied / (2 * COPY) as f64 * bytes_moved(batch, density));
        }
        let [whole, products, memory] = [whole, products, memory].map(median);
        println!(
            "{batch:>5}  {:>14.1}  {:>18.1}  {:>16.2}  {:>16.1}  {:>14.2}  {:>9.0}",
            whole * 1e6,
            products * 1e6,
            whole / products,
            memory * 1e6,
            whole / memory,
            batch as f64 / whole
        );
    }
}

/// Trains for `steps` steps: one epoch over as many images as they need.
fn epoch(all: Split, batch: usize, steps: usize) {
    let device = Device::flex();
    let config = TrainConfig { batch_size: batch, epochs: 1, ..TrainConfig::default() };
    let Some(examples) = all.chunks(steps * batch).next() else { return };
    let Some(one) = all.chunks(1).next() else { return };
    let job = Job {
        seeds: &[0],
        config: &config,
        dropout: 0.0,
        frozen: 0,
        train: examples,
        validation: one,
        task: TASK,
        noise: config.noise(),
        device: &device,
        gpu: None,
    };
    let trained = train(network(), &job, &NoCallback);
    assert!(trained.is_ok(), "{trained:?}");
    black_box(trained).ok();
}

fn timed(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let images = Examples::Images(digits::draw(0, EXAMPLES));
    let all = images.slice(0, EXAMPLES, Pixels::Unit);
    // As a worker of a sweep that has one core.
    in_worker_pool(usize::MAX, || {
        let time = Duration::from_millis(600);
        let settings = Criterion::default().measurement_time(time).warm_up_time(time / 3).sample_size(20);
        parts(&mut settings.configure_from_args(), all);
        // With `--test`, Criterion only checks that the benchmark runs.
        compare(all, if std::env::args().any(|argument| argument == "--test") { 1 } else { 21 });
    });
}
