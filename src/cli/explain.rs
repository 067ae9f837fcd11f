//! The topics of `kindling explain`.

use clap::{Args, ValueEnum};

/// `kindling explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// What is explained
    pub topic: Topic,
    /// Print the examples as JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Topic {
    /// The losses, step by step, and why a loss on logits needs no clipping
    Loss,
}
