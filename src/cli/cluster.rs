//! `kindling submit`, `status`, `cancel` and `merge`: a run on many machines.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::RunFlags;

/// `kindling submit`
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// The scheduler.
    #[command(subcommand)]
    pub scheduler: Scheduler,
}

/// What runs the parts of a run.
#[derive(Debug, Subcommand)]
pub enum Scheduler {
    /// Submit the missing parts of a run as an array of Slurm's tasks
    Slurm(SlurmArgs),
    /// Print the manifest of an Indexed Job, for kubectl apply -f -
    Kubernetes(KubernetesArgs),
}

/// The run, and how it is cut.
#[derive(Debug, Args)]
pub struct SubmittedRun {
    /// Name of an experiment (see `kindling list`) or path of a .toml file
    pub experiment: String,
    /// The flags of every command that trains.
    #[command(flatten)]
    pub run: RunFlags,
    /// Seeds of each arm, 0 to N-1
    #[arg(long, short = 'r', visible_alias = "runs", value_name = "N")]
    pub seeds: Option<u64>,
    /// Parts of the run, each a task [default: as many as take ten minutes each, or as the last time]
    #[arg(long, value_name = "N")]
    pub tasks: Option<usize>,
    /// Cores of a task, and trainings at a time in it; on a GPU one at a time
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub cpus: usize,
    /// The most tasks at a time, of each array [default: as many as there is room for]
    #[arg(long, value_name = "N")]
    pub at_once: Option<usize>,
}

/// `kindling submit slurm`
#[derive(Debug, Args)]
pub struct SlurmArgs {
    /// The run.
    #[command(flatten)]
    pub submitted: SubmittedRun,
    /// The longest that a task may take, as Slurm reads it: minutes, or 1:30:00 [default: four times the estimate, and ten minutes]
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    /// Print the script and the command, and submit nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Flags of sbatch, after --, such as -- --partition=short
    #[arg(last = true, value_name = "FLAG")]
    pub sbatch: Vec<String>,
}

/// `kindling submit kubernetes`
#[derive(Debug, Args)]
pub struct KubernetesArgs {
    /// The run.
    #[command(flatten)]
    pub submitted: SubmittedRun,
    /// Image that has kindling, such as registry.example.org/kindling:0.1
    #[arg(long, value_name = "NAME")]
    pub image: String,
    /// Claim of a volume that all pods can write: data in data/, results in artifacts/
    #[arg(long, value_name = "CLAIM")]
    pub volume: String,
    /// Memory of a pod
    #[arg(long, value_name = "SIZE", default_value = "2Gi")]
    pub memory: String,
}

/// `kindling status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Folder of a run, or the name of an experiment whose run is in artifacts/
    pub run: String,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

/// `kindling cancel`
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// Folder of a run, or the name of an experiment whose run is in artifacts/
    pub run: String,
}

/// `kindling merge`
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Folders of the same run, such as those of machines that share no file system
    #[arg(required = true, value_name = "FOLDER")]
    pub folders: Vec<PathBuf>,
    /// Folder for all records in one file [default: the folder, where it is one]
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
