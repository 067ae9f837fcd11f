//! The actions of `kindling data` and their flags.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DataFlags, DataFolder};

/// `kindling data`
#[derive(Debug, Args)]
pub struct DataArgs {
    /// The action; `list` if there is none.
    #[command(subcommand)]
    pub action: Option<DataAction>,
}

/// The actions of `kindling data`.
#[derive(Debug, Subcommand)]
pub enum DataAction {
    /// Show every data set and where it is (the default)
    List {
        /// The data folder.
        #[command(flatten)]
        data: DataFolder,
    },
    /// Download a data set into the cache, or draw it there
    Fetch {
        /// mnist, fashion-mnist or digits
        dataset: String,
        /// The data folder, and whether to download.
        #[command(flatten)]
        data: DataFlags,
    },
    /// Read every file of a data set and check it against its SHA-256
    Verify {
        /// mnist, fashion-mnist, digits, a toy, or the name of a folder in the data folder
        dataset: String,
        /// The data folder.
        #[command(flatten)]
        data: DataFolder,
    },
    /// Write a contact sheet: a PNG of the first images of each class
    Show {
        /// mnist, fashion-mnist, digits, a toy, or the name of a folder in the data folder
        dataset: String,
        /// Path of the picture [default: the data set's name with .png, or .svg for a toy]
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Images shown of each class
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        columns: u16,
        /// The data folder, and whether to download.
        #[command(flatten)]
        data: DataFlags,
    },
}
