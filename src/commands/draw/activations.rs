//! `kindling draw activations`: every activation function and its derivative.

use std::path::Path;

use anyhow::Result;

use super::save;
use crate::commands::Exit;
use crate::nn::models::ActivationKind;
use crate::report::figures::activations;
use crate::terminal;

/// Draws them and prints where.
pub fn run(out: &Path) -> Result<Exit> {
    save(out, &activations::draw().bytes)?;
    terminal::print(format_args!("{} activation functions with their derivatives", ActivationKind::ALL.len()));
    terminal::print(format_args!("figure: {}", out.display()));
    Ok(Exit::Done)
}
