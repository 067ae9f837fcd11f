//! `kindling draw`: pictures of what needs no training, one subject in each file.

mod activations;
mod function;
mod network;
mod weights;

use std::path::Path;

use anyhow::{Context, Result};

use super::Exit;
use crate::cli::{DrawArgs, DrawSubject};
use crate::files::write_atomic;

/// Draws one of the subjects.
pub fn run(args: &DrawArgs) -> Result<Exit> {
    match &args.subject {
        DrawSubject::Activations { out } => activations::run(out),
        DrawSubject::Function { function, out } => function::run(function, out.as_deref()),
        DrawSubject::Network(args) => network::run(args),
        DrawSubject::Weights(args) => weights::run(args),
    }
}

/// Writes a picture.
///
/// # Errors
/// Its folder cannot be written.
pub(super) fn save(out: &Path, bytes: &[u8]) -> Result<()> {
    write_atomic(out, bytes)
        .with_context(|| format!("cannot save the picture {}; name another with --out", out.display()))
}
