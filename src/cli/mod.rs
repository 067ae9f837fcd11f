//! The command line: every command and flag, documented; no logic.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod autoencoder;
mod data;
mod studies;

pub use autoencoder::{AutoencoderArgs, StripFlags};
pub use data::{DataAction, DataArgs};
pub use studies::{DescendArgs, GradcheckArgs, LandscapeArgs, LrFindArgs, Subject};

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
    /// Run what is missing of every experiment, and write the ledger of all published claims
    Reproduce(ReproduceArgs),
    /// Train one network, with a dashboard in a terminal, and save it
    Train(TrainArgs),
    /// Train a symmetric autoencoder over several seeds, and show what its code keeps
    Autoencoder(AutoencoderArgs),
    /// Classify PNG images or an IDX file with a saved network
    Predict(PredictArgs),
    /// Send optimizers down a test function, and draw their ways
    Descend(DescendArgs),
    /// Check automatic derivatives against central differences, parameter by parameter
    Gradcheck(GradcheckArgs),
    /// Find a learning rate: one batch after another at a rising rate
    LrFind(LrFindArgs),
    /// Draw the loss around a saved network along two random directions
    Landscape(LandscapeArgs),
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
    /// Seeds trained as one stack [default: by batch size and network]; never changes a result
    #[arg(long, value_name = "N")]
    pub stack: Option<usize>,
    /// Print the plan and its cost, train nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `kindling reproduce`
#[derive(Debug, Args)]
pub struct ReproduceArgs {
    /// Experiments of the ledger (see `kindling list`) [default: all]
    #[arg(value_name = "EXPERIMENT")]
    pub experiments: Vec<String>,
    /// Only experiments whose source has this in its name, such as report, article, document, notes
    #[arg(long, value_name = "TEXT")]
    pub source: Option<String>,
    /// What every training takes.
    #[command(flatten)]
    pub run: RunFlags,
    /// Trainings at a time [default: one a core on the CPU, one on a GPU]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
}

/// `kindling train`
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Which network.
    #[command(flatten)]
    pub subject: Subject,
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
    /// What to compare, a metric or a difference of two [default: what ranks the arms of A]
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,
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
