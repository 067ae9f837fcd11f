//! The flags of the studies: `descend`, `gradcheck`, `lr-find`, `landscape`.

use std::path::PathBuf;

use clap::Args;

use super::RunFlags;

/// `kindling descend`
#[derive(Debug, Args)]
pub struct DescendArgs {
    /// rosenbrock, quartic, wavy, bowl, assignment, saddle, ravine, neuron_quadratic or neuron_cross_entropy
    #[arg(default_value = "rosenbrock", value_name = "FUNCTION")]
    pub function: String,
    /// Start of the descent, as many numbers as the function has arguments [default: the function's usual start]
    #[arg(long, value_name = "X[,Y]", value_delimiter = ',', allow_negative_numbers = true)]
    pub start: Option<Vec<f64>>,
    /// Standard deviation of the normal offset of the start, drawn for each seed
    #[arg(long, default_value_t = 0.0, value_name = "SD", allow_negative_numbers = true)]
    pub jitter: f64,
    /// Steps of each optimizer
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub steps: usize,
    /// Optimizers, each with an optional learning rate, such as adam:0.01 [default:
    /// sgd:0.001,momentum:0.001,rmsprop:0.01,adam:0.01]
    #[arg(long, short = 'p', value_name = "NAME[:LR],...", value_delimiter = ',')]
    pub optimizers: Option<Vec<String>>,
    /// Seeds, 0 to N-1; with --jitter each has a start of its own
    #[arg(long, short = 'r', visible_alias = "runs", value_name = "N")]
    pub seeds: Option<u64>,
    /// Folder for the results
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print only the results
    #[arg(long, short)]
    pub quiet: bool,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
}

/// One network of an experiment.
#[derive(Debug, Clone, Args)]
pub struct Subject {
    /// Experiment with the settings to use [default: the 784-64-32-10 classifier]
    pub experiment: Option<String>,
    /// The arm, if the experiment has several
    #[arg(long, value_name = "LABEL")]
    pub arm: Option<String>,
    /// The seed; the network is that of the same seed in a sweep
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// The flags of every command that trains.
    #[command(flatten)]
    pub run: RunFlags,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
}

/// `kindling gradcheck`
#[derive(Debug, Args)]
pub struct GradcheckArgs {
    /// The network to study.
    #[command(flatten)]
    pub subject: Subject,
    /// Training examples the loss is taken over
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub examples: u32,
    /// Elements of each parameter tensor that are compared
    #[arg(long, default_value_t = 40, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub samples: u32,
    /// Largest relative difference that passes
    #[arg(long, default_value_t = 1e-5, value_name = "X")]
    pub tolerance: f64,
}

/// `kindling lr-find`
#[derive(Debug, Args)]
pub struct LrFindArgs {
    /// The network to study.
    #[command(flatten)]
    pub subject: Subject,
    /// The first rate
    #[arg(long, default_value_t = 1e-7, value_name = "LR")]
    pub from: f64,
    /// The last rate
    #[arg(long, default_value_t = 10.0, value_name = "LR")]
    pub to: f64,
    /// Batches from the first rate to the last
    #[arg(long, default_value_t = 340, value_name = "N", value_parser = clap::value_parser!(u32).range(20..=100_000))]
    pub steps: u32,
    /// Number of networks, with seeds from --seed on
    #[arg(long, short = 'r', default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub seeds: u32,
}

/// `kindling landscape`
#[derive(Debug, Args)]
pub struct LandscapeArgs {
    /// Folder written by `kindling train`
    pub model: PathBuf,
    /// Extent of the grid along each direction, in filter norms of the weights
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub reach: f64,
    /// Points along each direction, an odd number
    #[arg(long, default_value_t = 41, value_name = "N", value_parser = clap::value_parser!(u16).range(5..=201))]
    pub points: u16,
    /// Test examples the loss is taken over
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub examples: u32,
    /// Seed of the two random directions
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// The data folder, and whether to download.
    #[command(flatten)]
    pub data: super::DataFlags,
    /// Backend, one of those built in
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
}
