//! `kindling draw function`: a test function without any descent.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::save;
use crate::commands::Exit;
use crate::commands::descend::function_of;
use crate::report::figures::test_function;
use crate::terminal;

/// Draws it and prints its formula.
pub fn run(name: &str, out: Option<&Path>) -> Result<Exit> {
    let function = function_of(name)?;
    let figure = test_function::draw(function)?;
    let out = out.map_or_else(|| PathBuf::from(format!("function-{name}.svg")), Path::to_path_buf);
    save(&out, &figure.bytes)?;
    terminal::print(format_args!("{}", figure.caption));
    terminal::print(format_args!("figure: {}", out.display()));
    Ok(Exit::Done)
}
