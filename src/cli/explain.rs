//! The topics of `kindling explain`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `kindling explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// What is explained.
    #[command(subcommand)]
    pub topic: Topic,
}

/// What can be explained.
#[derive(Debug, Subcommand)]
pub enum Topic {
    /// The losses, step by step, and why a loss on logits needs no clipping
    Loss {
        /// Print the examples as JSON
        #[arg(long)]
        json: bool,
    },
    /// Backpropagation: a network of two weights forward and backward, its gradients against central differences, and a flow chart
    Backprop {
        /// Path of the flow chart
        #[arg(long, short, value_name = "FILE", default_value = "backprop.svg")]
        out: PathBuf,
        /// Print the example as JSON
        #[arg(long)]
        json: bool,
    },
}
