//! Parse, call the library, print the error with its causes, exit.

use std::process::ExitCode;

use clap::Parser;
use kindling::cli::Cli;
use kindling::commands::Exit;
use kindling::terminal;

/// The exit code for a command that could not start.
const COULD_NOT_START: u8 = 2;

fn main() -> ExitCode {
    let code = match kindling::commands::run(Cli::parse()) {
        Ok(exit) => exit.code(),
        Err(error) => {
            terminal::tell(format_args!("error: {error:#}"));
            COULD_NOT_START
        }
    };
    if code == Exit::Done.code() && !terminal::is_whole() {
        terminal::tell(format_args!(
            "error: standard output cannot be written, so what it has of the results is not whole"
        ));
        return ExitCode::from(Exit::Failed.code());
    }
    ExitCode::from(code)
}
