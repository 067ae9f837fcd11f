//! The subcommands, one file each, and `run`, `arm`, `trust`, `print`, `interrupts` and `autoencoder_figures`, which several of them share.
//!
//! In: parsed arguments. Out: an [`Exit`], or an error that means the command could not start.

mod arm;
mod autoencoder;
mod autoencoder_figures;
mod cancel;
mod compare;
mod completions;
mod data;
mod descend;
mod devices;
mod draw;
mod explain;
mod gradient_check;
mod interrupts;
mod landscape;
mod list;
mod lr_finder;
mod merge;
mod open;
mod predict;
mod print;
mod report;
mod reproduce;
mod run;
mod status;
mod submit;
mod sweep;
mod train;
mod trust;
mod until;
mod verify;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::terminal;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All done.
    Done,
    /// Some trial failed, or a check did not hold.
    Failed,
    /// A trial that was retrained left other bytes than its record has.
    Different,
    /// Interrupted by Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Different => 3,
            Self::Interrupted => 130,
        }
    }
}

/// Runs a command.
///
/// # Errors
/// It could not start: the error says what, where, what was expected and what to do next.
pub fn run(cli: Cli) -> Result<Exit> {
    match cli.command {
        Command::Sweep(args) => sweep::run(&args),
        Command::Reproduce(args) => reproduce::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Autoencoder(args) => autoencoder::run(&args),
        Command::Devices(args) => devices::run(&args),
        Command::CheckDevice(args) => trust::run(&args.backend),
        Command::Descend(args) => descend::run(&args),
        Command::Gradcheck(args) => gradient_check::run(&args),
        Command::LrFind(args) => lr_finder::run(&args),
        Command::Landscape(args) => landscape::run(&args),
        Command::Draw(args) => draw::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::List => list::run(),
        Command::Data(args) => data::run(args),
        Command::Report(args) => report::run(&args),
        Command::Open(args) => open::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Submit(args) => submit::run(&args.scheduler),
        Command::Status(args) => status::run(&args),
        Command::Cancel(args) => cancel::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}

/// The exit of a command that failed after its training began, its error printed. An error that a command returns means that it could not
/// start.
fn failed(error: &anyhow::Error) -> Exit {
    terminal::tell(format_args!("error: {error:#}"));
    Exit::Failed
}
