//! The actions of `kindling data` and their flags.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DataFlags, DataFolder};

/// `kindling data`
#[derive(Debug, Args)]
pub struct DataArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Option<DataAction>,
}

/// What to do with data sets.
#[derive(Debug, Subcommand)]
pub enum DataAction {
    /// Show every known data set and where it is (the default)
    List {
        /// Where to look.
        #[command(flatten)]
        data: DataFolder,
    },
    /// Download, or draw, a data set into the cache
    Fetch {
        /// mnist, fashion-mnist or digits
        dataset: String,
        /// Where data comes from.
        #[command(flatten)]
        data: DataFlags,
    },
    /// Read every file of a data set and check it against its SHA-256
    Verify {
        /// mnist, fashion-mnist, digits, or a folder of the data folder
        dataset: String,
        /// Where to look.
        #[command(flatten)]
        data: DataFolder,
    },
    /// Write a contact sheet: a PNG of the first images of each class
    Show {
        /// mnist, fashion-mnist, digits, or a folder of the data folder
        dataset: String,
        /// The picture's path [default: the data set's name and .png]
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Images of each class
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        columns: u16,
        /// Where data comes from.
        #[command(flatten)]
        data: DataFlags,
    },
}
