//! The subjects of `kindling draw` and their flags.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `kindling draw`
#[derive(Debug, Args)]
pub struct DrawArgs {
    /// What is drawn.
    #[command(subcommand)]
    pub subject: DrawSubject,
}

/// What `kindling draw` draws.
#[derive(Debug, Subcommand)]
pub enum DrawSubject {
    /// Every activation function and its derivative
    Activations {
        /// Path of the picture
        #[arg(long, short, value_name = "FILE", default_value = "activations.svg")]
        out: PathBuf,
    },
    /// A test function: a surface beside its contour lines, or a curve
    Function {
        /// rosenbrock, quartic, wavy, bowl, assignment, saddle, ravine, neuron_quadratic or neuron_cross_entropy
        function: String,
        /// Path of the picture [default: function-NAME.svg]
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// The layers of an experiment's network, with the shapes of their weights and the numbers of their parameters
    Network(DrawNetworkArgs),
    /// The weights of a saved network's first layer, one image for each unit
    Weights(DrawWeightsArgs),
}

/// `kindling draw network`
#[derive(Debug, Args)]
pub struct DrawNetworkArgs {
    /// Experiment with the network [default: the 784-64-32-10 classifier]
    pub experiment: Option<String>,
    /// The arm, if the experiment has several
    #[arg(long, value_name = "LABEL")]
    pub arm: Option<String>,
    /// Override any key of the experiment, such as model.activation=tanh (repeatable)
    #[arg(long = "set", short = 'S', value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Path of the picture [default: network-NAME.svg]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the layers as JSON
    #[arg(long)]
    pub json: bool,
}

/// `kindling draw weights`
#[derive(Debug, Args)]
pub struct DrawWeightsArgs {
    /// Folder written by `kindling train`, or by `kindling autoencoder`, of which the first network is drawn
    pub model: PathBuf,
    /// Path of the picture [default: weights.png in the network's folder]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the measure of every unit as JSON
    #[arg(long)]
    pub json: bool,
}
