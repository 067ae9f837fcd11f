//! What a training step costs, part by part, and how far the whole is from its matrix products alone.
//!
//! In: the 784-64-32-10 classifier with Adam at several batch and stack sizes, on made-up images. Out: Criterion's estimates, then a
//! table of whole steps against their products, measured in turns.

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
use kindling::run::with_its_share;
use kindling::train::{Job, NoCallback, train};

const WIDTHS: [usize; 4] = [PIXELS, 64, 32, 10];
const BATCHES: [usize; 4] = [8, 32, 128, 256];
const STACKS: [usize; 2] = [1, 5];
/// As many as there are in training, so that the gathered rows come from memory and not from a cache.
const EXAMPLES: usize = 55_000;
const TASK: Task = Task::Classify { classes: WIDTHS[3] };

/// Images and classes that are all different; what they show does not matter here.
struct Examples {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Examples {
    fn new() -> Self {
        let pixels = (0..EXAMPLES * PIXELS).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        Self { pixels, labels: (0..EXAMPLES).map(|i| (i * 7 % 10) as u8).collect() }
    }

    /// The first `count`.
    fn part(&self, count: usize) -> Split<'_> {
        Split { rows: Rows::Pixels(&self.pixels[..count * PIXELS]), labels: &self.labels[..count], targets: &[] }
    }

    /// Rows from all over the data.
    fn picks(count: usize, turn: usize) -> Vec<usize> {
        (0..count).map(|i| (i * 7_919 + turn * 104_729) % EXAMPLES).collect()
    }

    /// Inputs and targets of a batch for each replica.
    fn batch(&self, stack: usize, batch: usize, device: &Device) -> [Tensor<3>; 2] {
        let picks = Self::picks(stack * batch, 0);
        let mut inputs = Vec::new();
        self.part(EXAMPLES).rows.gather(&picks, &mut inputs);
        let labels: Vec<u8> = picks.iter().map(|&index| self.labels[index]).collect();
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
            let rows = examples.part(EXAMPLES).rows;
            let mut turn = 0;
            group.bench_function(id("gather"), |bencher| {
                bencher.iter(|| {
                    turn += 1;
                    let mut inputs = Vec::with_capacity(stack * batch * PIXELS);
                    rows.gather(&Examples::picks(stack * batch, turn), &mut inputs);
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
            let mut stepper = OptimizerConfig::default().build(&device);
            let mut moving = Some(model.clone());
            group.bench_function(id("optimizer"), |bencher| {
                let gradients = || GradientsParams::from_grads(losses(&model).backward(), &model);
                let mut step = |gradients| moving = moving.take().map(|now| stepper.step(1e-6, now, gradients));
                bencher.iter_batched(gradients, &mut step, criterion::BatchSize::PerIteration);
            });
            let numbers = Operands::new(batch, stack);
            group.bench_function(id("products only"), |bencher| bencher.iter(|| numbers.multiply()));
            group.finish();
        }
    }
}

/// The matrices of a step.
struct Operands {
    batch: usize,
    stack: usize,
    /// Of each layer's inputs, and the last one's outputs.
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

    /// All that a step multiplies: forward, the gradients of all weights, and those of all inputs but the images.
    fn multiply(&self) {
        let (batch, stack) = (self.batch, self.stack);
        for (layer, pair) in WIDTHS.windows(2).enumerate() {
            let inputs = Matrices::new(&self.activations[layer], [stack, batch, pair[0]]);
            let slopes = Matrices::new(&self.activations[layer + 1], [stack, batch, pair[1]]);
            let weights = Matrices::new(&self.weights[layer], [stack, pair[0], pair[1]]);
            black_box(products(inputs, weights));
            black_box(products(inputs.transposed(), slopes));
            if layer > 0 {
                black_box(products(slopes, weights.transposed()));
            }
        }
    }
}

/// Whole steps, by the training loop itself, and their products, in turns; medians of so many.
fn distances(examples: &Examples, turns: usize) {
    println!("\nbatch  stack  whole step, us  products only, us  whole / products  samples/s");
    for (batch, stack) in BATCHES.into_iter().flat_map(|batch| STACKS.map(|stack| (batch, stack))) {
        // Enough of them for the making of a network not to count.
        let steps = (16_000 / (batch * stack)).clamp(60, 600);
        let operands = Operands::new(batch, stack);
        let mut whole = Vec::new();
        let mut alone = Vec::new();
        for _ in 0..turns {
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

/// So many steps of one epoch, over as many images as they take.
fn epoch(examples: &Examples, batch: usize, stack: usize, steps: usize) {
    let device = Device::flex();
    let config = TrainConfig { batch_size: batch, epochs: 1, ..TrainConfig::default() };
    let seeds: Vec<u64> = (0..stack as u64).collect();
    let job = Job {
        seeds: &seeds,
        config: &config,
        dropout: 0.0,
        frozen: 0,
        train: examples.part(steps * batch),
        validation: examples.part(1),
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
    // As a sweep's worker with one core of its own.
    with_its_share(usize::MAX, || {
        let time = Duration::from_millis(600);
        let settings = Criterion::default().measurement_time(time).warm_up_time(time / 3).sample_size(20);
        parts(&mut settings.configure_from_args(), &examples);
        // `--test` asks whether everything runs, not how fast.
        distances(&examples, if std::env::args().any(|argument| argument == "--test") { 1 } else { 21 });
    });
}
