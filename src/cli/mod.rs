//! The command line: every command and flag with its documentation, and no logic.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod autoencoder;
mod cluster;
mod data;
mod devices;
mod draw;
mod explain;
mod studies;

pub use autoencoder::{AutoencoderArgs, InterpolationFlags};
pub use cluster::{CancelArgs, KubernetesArgs, MergeArgs, Scheduler, SlurmArgs, StatusArgs, SubmitArgs, SubmittedRun};
pub use data::{ColumnFlags, DataAction, DataArgs};
pub use devices::{CheckDeviceArgs, DevicesArgs};
pub use draw::{DrawArgs, DrawNetworkArgs, DrawSubject, DrawWeightsArgs};
pub use explain::{ExplainArgs, Topic};
pub use studies::{DescendArgs, GradcheckArgs, LandscapeArgs, LrFindArgs, Subject};

/// A laboratory for small neural networks: many seeds, honest intervals, files anyone can rerun to the same bytes.
#[derive(Debug, Parser)]
#[command(version, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 all trials done; 1 a trial failed, a check did not hold, or a result could not be saved; 2 could not start \
(bad file, no data, folder not writable); 3 `verify` found different bytes; 130 interrupted, after everything finished is on disk.

Start with:  kindling sweep optimizers --smoke";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an experiment: train every arm with every seed, then write tables, figures and verdicts
    Sweep(SweepArgs),
    /// Run the missing trials of every experiment, and write the ledger of all published claims
    Reproduce(ReproduceArgs),
    /// Train one network, with a dashboard in a terminal, and save it
    Train(TrainArgs),
    /// Train a symmetric autoencoder with several seeds, and measure what its code preserves
    Autoencoder(AutoencoderArgs),
    /// Say what a saved network makes of new pictures, or of new rows of a table
    Predict(PredictArgs),
    /// Run optimizers on a test function, and draw their trajectories
    Descend(DescendArgs),
    /// Check automatic derivatives against central differences, parameter by parameter
    Gradcheck(GradcheckArgs),
    /// Suggest a learning rate by a range test: the rate rises from batch to batch
    LrFind(LrFindArgs),
    /// Draw the loss landscape of a saved network along two random directions
    Landscape(LandscapeArgs),
    /// Draw activation functions, a test function, a network's layers or a saved network's weights
    Draw(DrawArgs),
    /// Work an example through, step by step: a loss, or backpropagation
    Explain(ExplainArgs),
    /// Show every experiment with its question and cost
    List,
    /// List, fetch, check and show data sets
    Data(DataArgs),
    /// List what this binary can compute on, or compare its GPUs with the CPU
    Devices(DevicesArgs),
    /// Compare a GPU with the CPU in this process, a line of JSON for each finding
    #[command(hide = true)]
    CheckDevice(CheckDeviceArgs),
    /// Write a run's tables, figures and report again from its records, without training
    Report(ReportArgs),
    /// Open a run's page, report.html, in the browser
    Open(OpenArgs),
    /// Compare the arms of two runs
    Compare(CompareArgs),
    /// Retrain some recorded trials and compare their bytes
    Verify(VerifyArgs),
    /// Give the parts of a run to Slurm or Kubernetes
    Submit(SubmitArgs),
    /// Say how far a run is, and what its jobs do
    Status(StatusArgs),
    /// Take the jobs of a run out of the queue; what is recorded stays
    Cancel(CancelArgs),
    /// Put the records of a run that are in several files or folders into one file
    Merge(MergeArgs),
    /// Print completions for a shell, or the manual page
    Completions(CompletionsArgs),
}

/// The data folder.
#[derive(Debug, Clone, Args)]
pub struct DataFolder {
    /// Data folder: contains mnist/, fashion-mnist/, or data of your own
    #[arg(long, value_name = "DIR", env = "KINDLING_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
}

/// The data folder, and whether to download.
#[derive(Debug, Clone, Args)]
pub struct DataFlags {
    /// The data folder.
    #[command(flatten)]
    pub folder: DataFolder,
    /// Never download data
    #[arg(long)]
    pub offline: bool,
}

/// The flags of every command that trains.
#[derive(Debug, Clone, Args)]
pub struct RunFlags {
    /// The data folder, and whether to download.
    #[command(flatten)]
    pub data: DataFlags,
    /// Data set: mnist, fashion-mnist, digits, a toy (see `kindling data`), or your own: a .csv or .npy file, or a folder of IDX files or PNG
    /// pictures
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// Override any key of the experiment, such as train.lr=0.01; a list makes it an axis (repeatable)
    #[arg(long = "set", short = 'S', value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Passes over the training examples
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Backend, one of those built in: flex (CPU), ndarray, wgpu, cuda
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Folder for the results
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// A quick trial run of seconds: 1 epoch, 3 seeds, 2,000 images; results go to artifacts/smoke/
    #[arg(long)]
    pub smoke: bool,
    /// Keep no small copies of the networks for report.html, in which digits are drawn for them and codes are walked
    #[arg(long)]
    pub no_weights: bool,
    /// Print only the results
    #[arg(long, short)]
    pub quiet: bool,
}

/// `kindling sweep`
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// Name of an experiment (see `kindling list`) or path of a .toml file
    pub experiment: String,
    /// The flags of every command that trains.
    #[command(flatten)]
    pub run: RunFlags,
    /// Seeds of each arm, 0 to N-1; with more than before, only the new ones are trained
    #[arg(long, short = 'r', visible_alias = "runs", value_name = "N")]
    pub seeds: Option<u64>,
    /// Add seeds, at most as many as --seeds [default: 40], until every claim is confirmed or refuted
    #[arg(long, value_name = "WHAT")]
    pub until: Option<Until>,
    /// Add seeds in the same way until half the width of every arm's interval is at most this, such as 0.1pp of an accuracy
    #[arg(long, value_name = "HALF WIDTH")]
    pub precision: Option<String>,
    /// Trainings at a time [default: as many as cores on the CPU, one on a GPU]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Networks trained side by side [default: 1 on the CPU, where they are seeds of one arm; 256 on a GPU]; results do not depend on it
    #[arg(long, value_name = "N")]
    pub stack: Option<usize>,
    /// Print the plan, its cost and what its seeds can show without training, once the data are seen to be there
    #[arg(long)]
    pub dry_run: bool,
    /// Begin anew: the records that the folder has are moved into a folder inside, earlier-1
    #[arg(long)]
    pub fresh: bool,
    /// Save every network that is trained, the last and that of the best epoch, in models/ of the results' folder
    #[arg(long)]
    pub save_models: bool,
    /// Train every trial, also those that another run under artifacts/ has recorded
    #[arg(long)]
    pub no_share: bool,
    /// Train one part of the plan alone, such as 3/16, into a file of its own: any number of processes may each train another part at the same
    /// time. auto/16 takes the number from SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or HQ_TASK_ID, which count from 0
    #[arg(long, value_name = "N/M", conflicts_with_all = ["until", "precision", "fresh", "json"])]
    pub shard: Option<String>,
    /// For --dry-run: the standard deviation over seeds, such as 0.2pp [default: that of the runs in the results' folder]
    #[arg(long, value_name = "SD", requires = "dry_run")]
    pub spread: Option<String>,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
}

/// What seeds are added for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Until {
    /// Every claim is confirmed or refuted.
    Known,
}

/// `kindling reproduce`
#[derive(Debug, Args)]
pub struct ReproduceArgs {
    /// Experiments of the ledger (see `kindling list`) [default: all]
    #[arg(value_name = "EXPERIMENT")]
    pub experiments: Vec<String>,
    /// Only experiments whose source contains this text, such as report, article, document, notes
    #[arg(long, value_name = "TEXT")]
    pub source: Option<String>,
    /// The flags of every command that trains.
    #[command(flatten)]
    pub run: RunFlags,
    /// Trainings at a time [default: as many as cores on the CPU, one on a GPU]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Print the ledger as JSON, a claim with its finding each
    #[arg(long)]
    pub json: bool,
}

/// `kindling train`
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// The network to train.
    #[command(flatten)]
    pub subject: Subject,
}

/// `kindling predict`
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Folder written by `kindling train`
    pub model: PathBuf,
    /// Pictures of digits as PNG, of any size, dark on light or light on dark; IDX files; for data of your own, pictures of the same size or
    /// CSV files with the same columns
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Backend, one of those built in
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Print one JSON object for each example
    #[arg(long)]
    pub json: bool,
}

/// `kindling report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Folder of a run, such as artifacts/optimizers
    pub folder: PathBuf,
    /// The data folder: the figure of the most confident errors needs the test images.
    #[command(flatten)]
    pub data: DataFolder,
    /// The interpolation strip, if the run saved an autoencoder.
    #[command(flatten)]
    pub interpolation: InterpolationFlags,
    /// Also compress the records (records.jsonl.gz); every command reads both forms
    #[arg(long)]
    pub compress: bool,
    /// Leave the networks out of report.html, which is then smaller and draws no digits
    #[arg(long)]
    pub no_weights: bool,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
}

/// `kindling open`
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// Folder of a run, such as artifacts/optimizers, or its name under artifacts/
    pub run: PathBuf,
}

/// `kindling completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell, or `man` for the manual page
    pub format: CompletionsFormat,
}

/// For what completions are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs)]
pub enum CompletionsFormat {
    Bash,
    Zsh,
    Fish,
    Man,
}

/// `kindling compare`
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Folder of a run
    pub a: PathBuf,
    /// Folder of another run
    pub b: PathBuf,
    /// Metric to compare, or a difference of two metrics [default: the metric that ranks the arms of A]
    #[arg(long, value_name = "NAME")]
    pub metric: Option<String>,
}

/// `kindling verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Folder of a run
    pub folder: PathBuf,
    /// Number of trials to retrain, drawn anew each time
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub trials: usize,
    /// Retrain every trial
    #[arg(long, conflicts_with = "trials")]
    pub all: bool,
    /// The data folder, and whether to download.
    #[command(flatten)]
    pub data: DataFlags,
    /// Backend, one of those built in
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
