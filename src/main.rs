//! Parse, call the library, print the error with its causes, exit.

use std::process::ExitCode;

use clap::Parser;
use kindling::cli::Cli;

/// The exit code for a command that could not start.
const COULD_NOT_START: u8 = 2;

fn main() -> ExitCode {
    // `kindling list | head` should end quietly, as other tools do.
    sigpipe::reset();
    match kindling::commands::run(Cli::parse()) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(COULD_NOT_START)
        }
    }
}
