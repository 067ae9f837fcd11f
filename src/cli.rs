//! The command line: every command and flag, documented; no logic.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::gallery::Ends;

/// A laboratory for small neural networks: many seeds, honest intervals, files anyone can rerun to the same bytes.
#[derive(Debug, Parser)]
#[command(version, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 all trials done; 1 some trial failed or a check did not hold; 2 could not start (bad file, no data, folder \
not writable); 130 interrupted, after everything finished is on disk.

Start with:  kindling sweep optimizers --smoke";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an experiment: every arm with every seed, then tables, figures and verdicts
    Sweep(SweepArgs),
    /// Train one network, with a dashboard in a terminal, and save it
    Train(TrainArgs),
    /// Train a symmetric autoencoder over several seeds, and show what its code keeps
    Autoencoder(AutoencoderArgs),
    /// Classify PNG images or an IDX file with a saved network
    Predict(PredictArgs),
    /// Show every experiment with its question and cost
    List,
    /// List, fetch, verify and look at data sets
    Data(DataArgs),
    /// Redo a run's tables, figures and report from its records, without training
    Report(ReportArgs),
    /// Put the arms of two runs side by side
    Compare(CompareArgs),
    /// Retrain some recorded trials and compare their bytes
    Verify(VerifyArgs),
}

/// Where data that must be here already lies.
#[derive(Debug, Clone, Args)]
pub struct DataFolder {
    /// Folder with mnist/, fashion-mnist/ or your own IDX files in a folder of their own
    #[arg(long, value_name = "DIR", env = "KINDLING_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Where data comes from.
#[derive(Debug, Clone, Args)]
pub struct DataFlags {
    /// Where it may lie already.
    #[command(flatten)]
    pub folder: DataFolder,
    /// Never ask the network for data
    #[arg(long)]
    pub offline: bool,
}

/// What every training takes.
#[derive(Debug, Clone, Args)]
pub struct RunFlags {
    /// Where data comes from.
    #[command(flatten)]
    pub data: DataFlags,
    /// Data set: mnist, fashion-mnist, digits, or a folder of the data folder
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// Override any key of the experiment, such as train.lr=0.01; a list makes it an axis (repeatable)
    #[arg(long = "set", short = 'S', value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Passes over the training images
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Backend among those built in: flex (CPU), ndarray, wgpu, cuda
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Folder for the results
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seconds instead of minutes, to see it work: 1 epoch, 3 seeds, 2,000 images; results go to artifacts/smoke/
    #[arg(long)]
    pub smoke: bool,
    /// Say nothing but the results
    #[arg(long, short)]
    pub quiet: bool,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
}

/// `kindling sweep`
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// Name of an experiment (see `kindling list`) or path of a .toml file
    pub experiment: String,
    /// What every training takes.
    #[command(flatten)]
    pub run: RunFlags,
    /// Seeds an arm, 0 to N-1; more than before trains only the new ones
    #[arg(long, short = 'r', visible_alias = "runs", value_name = "N")]
    pub seeds: Option<u64>,
    /// Trainings at a time [default: one a core on the CPU, one on a GPU]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Seeds trained as one stack [default: by batch size]; never changes a result
    #[arg(long, value_name = "N")]
    pub stack: Option<usize>,
    /// Print the plan and its cost, train nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `kindling train`
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Experiment whose settings to use [default: the 784-64-32-10 classifier]
    pub experiment: Option<String>,
    /// Which arm, where the experiment has several
    #[arg(long, value_name = "LABEL")]
    pub arm: Option<String>,
    /// The seed: the network is the one of this seed in a sweep
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// What every training takes.
    #[command(flatten)]
    pub run: RunFlags,
}

/// The strip of pictures from one code to another.
#[derive(Debug, Clone, Args)]
pub struct StripFlags {
    /// Ends of the strip: two classes such as 3,8, or two test images such as @17,@42 [default: the first two classes]
    #[arg(long, value_name = "A,B")]
    pub between: Option<Ends>,
    /// Images of the strip
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=64))]
    pub steps: u16,
}

/// `kindling autoencoder`
#[derive(Debug, Args)]
pub struct AutoencoderArgs {
    /// Numbers in the code
    #[arg(long, default_value_t = 32, value_name = "N")]
    pub latent: usize,
    /// Widths from image to code, mirrored on the way back [default: 512,256,128]
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    pub hidden: Option<Vec<usize>>,
    /// Layers on each side, 1 to 5, whose widths shrink by one factor from image to code
    #[arg(long, value_name = "N", conflicts_with = "hidden")]
    pub depth: Option<usize>,
    /// What is minimised: mse or bce
    #[arg(long, default_value = "mse", value_name = "NAME")]
    pub loss: String,
    /// Noise added to the training inputs, and undone on test images: a standard deviation, or a probability
    #[arg(long, default_value_t = 0.0, value_name = "LEVEL", allow_negative_numbers = true)]
    pub noise: f64,
    /// What the noise does: gaussian (clipped to 0 to 1), salt-pepper or mask
    #[arg(long, default_value = "gaussian", value_name = "NAME")]
    pub noise_kind: String,
    /// Neighbours that vote on a test image's class
    #[arg(long, short, default_value_t = 5, value_name = "N")]
    pub k: usize,
    /// What the strip of pictures shows.
    #[command(flatten)]
    pub strip: StripFlags,
    /// Seeds, 0 to N-1
    #[arg(long, short = 'r', visible_alias = "runs", default_value_t = 4, value_name = "N")]
    pub seeds: u64,
    /// Trainings at a time [default: one a core on the CPU, one on a GPU]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// What every training takes.
    #[command(flatten)]
    pub run: RunFlags,
}

/// `kindling predict`
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Folder that `kindling train` wrote
    pub model: PathBuf,
    /// PNG images of any size and either polarity, or IDX files of 28x28 images
    #[arg(required = true)]
    pub images: Vec<PathBuf>,
    /// Backend among those built in
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `kindling data`
#[derive(Debug, Args)]
pub struct DataArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Option<DataAction>,
}

/// What to do with data sets.
#[derive(Debug, Subcommand)]
pub enum DataAction {
    /// Show every known data set and where it is (the default)
    List {
        /// Where to look.
        #[command(flatten)]
        data: DataFolder,
    },
    /// Download, or draw, a data set into the cache
    Fetch {
        /// mnist, fashion-mnist or digits
        dataset: String,
        /// Where data comes from.
        #[command(flatten)]
        data: DataFlags,
    },
    /// Read every file of a data set and check it against its SHA-256
    Verify {
        /// mnist, fashion-mnist, digits, or a folder of the data folder
        dataset: String,
        /// Where to look.
        #[command(flatten)]
        data: DataFolder,
    },
    /// Write a contact sheet: a PNG of the first images of each class
    Show {
        /// mnist, fashion-mnist, digits, or a folder of the data folder
        dataset: String,
        /// The picture's path [default: the data set's name and .png]
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Images of each class
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        columns: u16,
        /// Where data comes from.
        #[command(flatten)]
        data: DataFlags,
    },
}

/// `kindling report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Folder of a run, such as artifacts/optimizers
    pub folder: PathBuf,
    /// Where to look for the data: the sheet of mistakes needs the test images.
    #[command(flatten)]
    pub data: DataFolder,
    /// What the strip of pictures shows, where the run kept an autoencoder.
    #[command(flatten)]
    pub strip: StripFlags,
    /// Also compress the records (records.jsonl.gz); every command reads them all the same
    #[arg(long)]
    pub compress: bool,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
}

/// `kindling compare`
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Folder of a run
    pub a: PathBuf,
    /// Folder of another run
    pub b: PathBuf,
    /// What to compare
    #[arg(long, default_value = "test_accuracy", value_name = "NAME")]
    pub metric: String,
}

/// `kindling verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Folder of a run
    pub folder: PathBuf,
    /// How many trials to retrain
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub trials: usize,
    /// Where data comes from.
    #[command(flatten)]
    pub data: DataFlags,
    /// Backend among those built in
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
