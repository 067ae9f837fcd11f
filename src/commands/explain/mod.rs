//! `kindling explain`: examples worked through, step by step, one topic in each file.

mod backprop;
mod loss;

use anyhow::Result;

use super::Exit;
use super::print::Format;
use crate::cli::{ExplainArgs, Topic};

/// The text whose examples these are.
const SOURCE: &str = "Wasil Zafar, \"How Neural Networks Learn\", 2026";

/// Explains a topic.
pub fn run(args: &ExplainArgs) -> Result<Exit> {
    match &args.topic {
        Topic::Loss { json } => loss::run(Format::of(*json))?,
        Topic::Backprop { out, json } => backprop::run(out, Format::of(*json))?,
    }
    Ok(Exit::Done)
}
