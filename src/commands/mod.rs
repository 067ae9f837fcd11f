//! The subcommands, one file each, and `run`, `arm`, `print` and `autoencoder_figures`, which several of them share.
//!
//! In: parsed arguments. Out: an [`Exit`], or an error that means the command could not start.

mod arm;
mod autoencoder;
mod autoencoder_figures;
mod compare;
mod data;
mod descend;
mod draw;
mod explain;
mod gradient_check;
mod landscape;
mod list;
mod lr_finder;
mod predict;
mod print;
mod report;
mod reproduce;
mod run;
mod sweep;
mod train;
mod until;
mod verify;

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

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

/// Set by the first Ctrl-C; the second ends the process at once.
static STOP: AtomicBool = AtomicBool::new(false);

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
        Command::Compare(args) => compare::run(&args),
        Command::Verify(args) => verify::run(&args),
    }
}

/// From here on, Ctrl-C stops after the step at hand and a second one at once.
fn listen_for_interrupts() -> Result<&'static AtomicBool> {
    static LISTENING: AtomicBool = AtomicBool::new(false);
    // A command that runs several experiments comes here several times.
    if LISTENING.swap(true, Ordering::Relaxed) {
        return Ok(&STOP);
    }
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        terminal::tell(format_args!("\nstopping; what is finished is on disk (Ctrl-C again to stop at once)"));
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(&STOP)
}

/// The exit of a command that failed after its training began, its error printed. An error that a command returns means that it could not
/// start.
fn failed(error: &anyhow::Error) -> Exit {
    terminal::tell(format_args!("error: {error:#}"));
    Exit::Failed
}
