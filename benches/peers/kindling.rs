//! Kindling's jobs of the comparison in `run.py`. The time excludes loading and warming up.
//!
//! In: the job and its settings from the command line, MNIST or points from files. Out: examples, seconds and peak
//! memory as one line of JSON.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use clap::{Parser, Subcommand};
use kindling::data::folder::read_folder;
use kindling::data::{Dataset, PIXELS, Pixels};
use kindling::evaluate::knn::{Index, Vectors};
use kindling::evaluate::tsne;
use kindling::experiment::config::TrialConfig;
use kindling::nn::device;
use kindling::run::in_worker_pool;
use kindling::train::{Job, NoCallback, train};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    job: Task,
    /// Ignored: Cargo passes it to every benchmark.
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Trains on the first 55,000 images, in several threads at once.
    Train {
        /// An experiment's `[model]` and `[train]`, as TOML.
        #[arg(long)]
        config: String,
        /// Folder with the four files, named as the data set.
        #[arg(long)]
        data: PathBuf,
        /// Threads, each of which trains a network.
        #[arg(long, default_value_t = 2)]
        workers: usize,
    },
    /// Finds the nearest neighbours of each query.
    Knn {
        /// Dimension of the points.
        #[arg(long)]
        width: usize,
        /// Number of neighbours.
        #[arg(long, default_value_t = 5)]
        k: usize,
        /// File of points: 32-bit floats, row-major.
        #[arg(long)]
        points: PathBuf,
        /// File of queries: 32-bit floats, row-major.
        #[arg(long)]
        queries: PathBuf,
        /// File for the neighbours' rows: 32-bit integers, row-major.
        #[arg(long)]
        out: PathBuf,
    },
    /// Computes a t-SNE embedding in the plane.
    Tsne {
        /// Dimension of the points.
        #[arg(long)]
        width: usize,
        /// File of points: 32-bit floats, row-major.
        #[arg(long)]
        points: PathBuf,
        /// File for the embedding: 32-bit floats, row-major.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> Result<()> {
    let (examples, seconds) = match Arguments::parse().job {
        Task::Train { config, data, workers } => run_trainings(&config, &data, workers)?,
        Task::Knn { width, k, points, queries, out } => {
            let (points, queries) = (read(&points)?, read(&queries)?);
            let started = Instant::now();
            let index = Index::new(Vectors { values: &points, width });
            let found = index.nearest(Vectors { values: &queries, width }, k);
            let seconds = started.elapsed().as_secs_f64();
            write(&out, found.iter().flat_map(|neighbour| neighbour.index.to_le_bytes()))?;
            (queries.len() / width, seconds)
        }
        Task::Tsne { width, points, out } => {
            let points = read(&points)?;
            let started = Instant::now();
            let embedded = tsne::embed(Vectors { values: &points, width }).context("nothing could be embedded")?;
            let seconds = started.elapsed().as_secs_f64();
            write(&out, embedded.iter().flat_map(|value| value.to_le_bytes()))?;
            (points.len() / width, seconds)
        }
    };
    println!("{}", serde_json::json!({ "examples": examples, "seconds": seconds, "peak_mib": peak_mib()? }));
    Ok(())
}

/// Trains for one epoch to warm up, then for all epochs in all workers at once. Returns the examples of all workers,
/// and the seconds until the last one ended.
fn run_trainings(config: &str, data: &Path, workers: usize) -> Result<(usize, f64)> {
    let config: TrialConfig = toml::from_str(config)?;
    let name = data.file_name().and_then(|name| name.to_str()).context("the folder of the data has no name")?;
    let dataset = read_folder(name, data)?;
    let device = device::open(Some("flex"))?.device;
    let barrier = Barrier::new(workers);
    let spans: Vec<Result<(Instant, Instant)>> = std::thread::scope(|scope| {
        let worker = |rank: usize| {
            let (config, dataset, device, barrier) = (&config, &dataset, &device, &barrier);
            let train = move || -> Result<(Instant, Instant)> {
                let warm = fit(config, dataset, device, rank as u64, 1);
                // Before the error: the other workers wait for this one.
                barrier.wait();
                warm?;
                let started = Instant::now();
                fit(config, dataset, device, rank as u64, config.train.epochs)?;
                Ok((started, Instant::now()))
            };
            move || in_worker_pool(workers, train)
        };
        let handles: Vec<_> = (0..workers).map(|rank| scope.spawn(worker(rank))).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).collect()
    });
    ensure!(spans.len() == workers, "a worker panicked");
    let spans = spans.into_iter().collect::<Result<Vec<_>>>()?;
    let started = spans.iter().map(|span| span.0).min().context("no worker")?;
    let ended = spans.iter().map(|span| span.1).max().context("no worker")?;
    let examples = workers * config.train.epochs * config.data.likely_sizes().train;
    Ok((examples, (ended - started).as_secs_f64()))
}

fn fit(config: &TrialConfig, dataset: &Dataset, device: &Device, seed: u64, epochs: usize) -> Result<()> {
    let classes = dataset.classes.len();
    let train_config = kindling::experiment::config::TrainConfig { epochs, ..config.train.clone() };
    let job = Job {
        seeds: &[seed],
        config: &train_config,
        dropout: 0.0,
        train: dataset.train.slice(0, config.data.likely_sizes().train, Pixels::Unit),
        // A single example, because the other frameworks do not evaluate.
        validation: dataset.train.slice(
            config.data.likely_sizes().train,
            config.data.likely_sizes().train + 1,
            Pixels::Unit,
        ),
        task: config.task(classes),
        frozen: 0,
        noise: config.train.noise(),
        device,
        gpu: None,
    };
    train(config.network(PIXELS, classes).init(&[seed], &device.clone().autodiff()), &job, &NoCallback)?;
    Ok(())
}

fn read(path: &Path) -> Result<Vec<f32>> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect())
}

fn write(path: &Path, bytes: impl Iterator<Item = u8>) -> Result<()> {
    std::fs::write(path, bytes.collect::<Vec<u8>>()).with_context(|| format!("cannot write {}", path.display()))
}

/// The peak resident size of this process, from Linux.
fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("peak memory is read from Linux's /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM in /proc/self/status")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
