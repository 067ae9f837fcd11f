//! The time of each part of a training step, and of the whole step relative to its matrix products alone.
//!
//! In: the 784-64-32-10 classifier with Adam at several batch and stack sizes, on synthetic images. Out: Criterion's
//! estimates, then a table of whole steps and their products, measured alternately.

use std::hint::black_box;
use std::time::{Duration, Instant};

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use criterion::{BenchmarkId, Criterion, Throughput};
use kindling::data::{PIXELS, Rows, Split};
use kindling::experiment::config::{TrainConfig, TrialConfig};
use kindling::nn::kernels::product::{Matrices, products};
use kindling::nn::loss::Loss;
use kindling::nn::models::Network;
use kindling::nn::optim::OptimizerConfig;
use kindling::nn::task::Task;
use kindling::run::in_worker_pool;
use kindling::train::{Job, NoCallback, train};

const WIDTHS: [usize; 4] = [PIXELS, 64, 32, 10];
const BATCHES: [usize; 4] = [8, 32, 128, 256];
const STACKS: [usize; 2] = [1, 5];
/// As many as in training, so that gathered rows come from memory and not from a cache.
const EXAMPLES: usize = 55_000;
const TASK: Task = Task::Classify { classes: WIDTHS[3] };

/// Images of pseudorandom bytes.
struct Examples {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Examples {
    fn new() -> Self {
        let pixels = (0..EXAMPLES * PIXELS).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        Self { pixels, labels: (0..EXAMPLES).map(|i| (i * 7 % 10) as u8).collect() }
    }

    /// The first `count` examples.
    fn first(&self, count: usize) -> Split<'_> {
        Split { rows: Rows::Pixels(&self.pixels[..count * PIXELS]), labels: &self.labels[..count], targets: &[] }
    }

    /// Indices from all over the data, different for each `round`.
    fn indices(count: usize, round: usize) -> Vec<usize> {
        (0..count).map(|i| (i * 7_919 + round * 104_729) % EXAMPLES).collect()
    }

    /// Inputs and targets of a batch for each replica.
    fn batch(&self, stack: usize, batch: usize, device: &Device) -> [Tensor<3>; 2] {
        let indices = Self::indices(stack * batch, 0);
        let mut inputs = Vec::new();
        self.first(EXAMPLES).rows.gather(&indices, &mut inputs);
        let labels: Vec<u8> = indices.iter().map(|&index| self.labels[index]).collect();
        let targets = TASK.targets(&inputs, &labels, &[]);
        [(inputs, WIDTHS[0]), (targets, WIDTHS[3])]
            .map(|(values, width)| Tensor::from_data(TensorData::new(values, [stack, batch, width]), device))
    }
}

fn network(stack: usize, device: &Device) -> Network {
    let seeds: Vec<u64> = (0..stack as u64).collect();
    TrialConfig::default().network(PIXELS, WIDTHS[3]).init(&seeds, device)
}

fn parts(criterion: &mut Criterion, examples: &Examples) {
    let device = Device::flex().autodiff();
    for batch in BATCHES {
        for stack in STACKS {
            let id = |part: &str| BenchmarkId::new(part, format!("batch {batch}, stack {stack}"));
            let mut group = criterion.benchmark_group("step");
            group.throughput(Throughput::Elements((batch * stack) as u64));
            let rows = examples.first(EXAMPLES).rows;
            let mut round = 0;
            group.bench_function(id("gather"), |bencher| {
                bencher.iter(|| {
                    round += 1;
                    let mut inputs = Vec::with_capacity(stack * batch * PIXELS);
                    rows.gather(&Examples::indices(stack * batch, round), &mut inputs);
                    inputs
                });
            });
            let model = network(stack, &device);
            let [inputs, targets] = examples.batch(stack, batch, &device);
            let losses =
                |model: &Network| Loss::CrossEntropy.per_replica(model.forward(inputs.clone()), targets.clone());
            group.bench_function(id("forward"), |bencher| bencher.iter(|| losses(&model)));
            group.bench_function(id("backward"), |bencher| {
                bencher.iter_batched(|| losses(&model), |losses| losses.backward(), criterion::BatchSize::PerIteration);
            });
            let mut optimizer = OptimizerConfig::default().build(&device);
            let mut trained = Some(model.clone());
            group.bench_function(id("optimizer"), |bencher| {
                let gradients = || GradientsParams::from_grads(losses(&model).backward(), &model);
                let mut step = |gradients| trained = trained.take().map(|model| optimizer.step(1e-6, model, gradients));
                bencher.iter_batched(gradients, &mut step, criterion::BatchSize::PerIteration);
            });
            let operands = Operands::new(batch, stack);
            group.bench_function(id("products only"), |bencher| bencher.iter(|| operands.multiply()));
            group.finish();
        }
    }
}

/// The matrices that a step multiplies.
struct Operands {
    batch: usize,
    stack: usize,
    /// The inputs of each layer, and the outputs of the last one.
    activations: Vec<Vec<f32>>,
    weights: Vec<Vec<f32>>,
}

impl Operands {
    fn new(batch: usize, stack: usize) -> Self {
        let numbers = |count: usize| (0..count).map(|i| (i % 97) as f32 / 97.0).collect::<Vec<f32>>();
        let activations = WIDTHS.iter().map(|width| numbers(stack * batch * width)).collect();
        let weights = WIDTHS.windows(2).map(|pair| numbers(stack * pair[0] * pair[1])).collect();
        Self { batch, stack, activations, weights }
    }

    /// All products of a step: the forward pass, the gradients of all weights, and those of all inputs but the images.
    fn multiply(&self) {
        let (batch, stack) = (self.batch, self.stack);
        for (layer, pair) in WIDTHS.windows(2).enumerate() {
            let inputs = Matrices::new(&self.activations[layer], [stack, batch, pair[0]]);
            let grads = Matrices::new(&self.activations[layer + 1], [stack, batch, pair[1]]);
            let weights = Matrices::new(&self.weights[layer], [stack, pair[0], pair[1]]);
            black_box(products(inputs, weights));
            black_box(products(inputs.transposed(), grads));
            if layer > 0 {
                black_box(products(grads, weights.transposed()));
            }
        }
    }
}

/// Prints the medians of `rounds` alternate measurements of whole steps, by the training loop itself, and of their
/// products alone.
fn compare_with_products(examples: &Examples, rounds: usize) {
    println!("\nbatch  stack  whole step, us  products only, us  whole / products  samples/s");
    for (batch, stack) in BATCHES.into_iter().flat_map(|batch| STACKS.map(|stack| (batch, stack))) {
        // Enough steps that the initialisation of the network is negligible.
        let steps = (16_000 / (batch * stack)).clamp(60, 600);
        let operands = Operands::new(batch, stack);
        let mut whole = Vec::new();
        let mut alone = Vec::new();
        for _ in 0..rounds {
            whole.push(timed(|| epoch(examples, batch, stack, steps)) / steps as f64);
            alone.push(timed(|| (0..steps).for_each(|_| operands.multiply())) / steps as f64);
        }
        let [whole, alone] = [whole, alone].map(median);
        let rate = (batch * stack) as f64 / whole;
        println!(
            "{batch:>5}  {stack:>5}  {:>14.1}  {:>17.1}  {:>16.2}  {rate:>9.0}",
            whole * 1e6,
            alone * 1e6,
            whole / alone
        );
    }
}

/// Trains for `steps` steps: one epoch over as many images as they need.
fn epoch(examples: &Examples, batch: usize, stack: usize, steps: usize) {
    let device = Device::flex();
    let config = TrainConfig { batch_size: batch, epochs: 1, ..TrainConfig::default() };
    let seeds: Vec<u64> = (0..stack as u64).collect();
    let job = Job {
        seeds: &seeds,
        config: &config,
        dropout: 0.0,
        frozen: 0,
        train: examples.first(steps * batch),
        validation: examples.first(1),
        task: TASK,
        noise: config.noise(),
        device: &device,
    };
    let trained = train(network(stack, &device.clone().autodiff()), &job, &NoCallback);
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
    let examples = Examples::new();
    // As a worker of a sweep that has one core.
    in_worker_pool(usize::MAX, || {
        let time = Duration::from_millis(600);
        let settings = Criterion::default().measurement_time(time).warm_up_time(time / 3).sample_size(20);
        parts(&mut settings.configure_from_args(), &examples);
        // With `--test`, Criterion only checks that the benchmark runs.
        compare_with_products(&examples, if std::env::args().any(|argument| argument == "--test") { 1 } else { 21 });
    });
}
