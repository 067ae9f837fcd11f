//! `kindling completions`: completions for a shell, or the manual page, on standard output.

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Exit;
use crate::cli::{Cli, CompletionsArgs, CompletionsFormat};
use crate::terminal;

/// Prints one of them.
pub fn run(args: &CompletionsArgs) -> Result<Exit> {
    let mut command = Cli::command();
    let mut bytes = Vec::new();
    let shell = match args.format {
        CompletionsFormat::Bash => Some(Shell::Bash),
        CompletionsFormat::Zsh => Some(Shell::Zsh),
        CompletionsFormat::Fish => Some(Shell::Fish),
        CompletionsFormat::Man => None,
    };
    match shell {
        Some(shell) => generate(shell, &mut command, "kindling", &mut bytes),
        None => clap_mangen::Man::new(command).render(&mut bytes).context("cannot write the manual page")?,
    }
    terminal::print(format_args!("{}", String::from_utf8_lossy(&bytes).trim_end()));
    Ok(Exit::Done)
}
