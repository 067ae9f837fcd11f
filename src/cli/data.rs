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

/// Which columns of a table are what, as `data.label`, `data.target` and `data.ignore` of an experiment.
#[derive(Debug, Args)]
pub struct ColumnFlags {
    /// Column of the class [default: the last]
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// Column of the number to predict
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// Columns that are not read (repeatable)
    #[arg(long, value_name = "COLUMN")]
    pub ignore: Vec<String>,
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
    /// Read a data set whole and say what was understood; published files are checked against their SHA-256
    #[command(visible_alias = "verify")]
    Check {
        /// mnist, fashion-mnist, digits, a toy, or data of your own: a .csv or .npy file, or a folder of IDX files or PNG pictures
        dataset: String,
        /// The columns of a table.
        #[command(flatten)]
        columns: ColumnFlags,
        /// The data folder.
        #[command(flatten)]
        data: DataFolder,
    },
    /// Draw a data set: the first images of each class as a PNG, or the points of one or two inputs as an SVG
    Show {
        /// mnist, fashion-mnist, digits, a toy, or data of your own, as for `check`
        dataset: String,
        /// Path of the picture [default: the data set's name with .png, or .svg for points]
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Images shown of each class
        #[arg(long = "columns", default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        images: u16,
        /// The columns of a table.
        #[command(flatten)]
        columns: ColumnFlags,
        /// The data folder, and whether to download.
        #[command(flatten)]
        data: DataFlags,
    },
}
