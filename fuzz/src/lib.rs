//! What every fuzz target does: a file is written into a desk of valid files, and a command reads it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::Parser;
use kindling::cli::Cli;

/// Experiments of a few points and a few digits, which train in milliseconds.
const EXPERIMENT: &str = "question = 'q'\nseeds = 2\n[data]\ndataset = 'DATA'\ntrain = 20\nvalidation = 10\ntest = 10\n[model]\n\
                          hidden = [3]\nactivation = 'prelu'\n[train]\nepochs = 1\n[sweep]\noptimizer = ['sgd', 'adam']\n";

/// Runs a command in the desk, as `main` does.
fn run(args: &str) -> Result<(), String> {
    let words = std::iter::once("kindling").chain(args.split_whitespace());
    let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    kindling::commands::run(cli).map(drop).map_err(|error| format!("{error:#}"))
}

/// A folder with a valid file of every format, in which the process works from then on.
fn desk() -> &'static Path {
    static DESK: OnceLock<PathBuf> = OnceLock::new();
    DESK.get_or_init(|| {
        let desk = tempfile::tempdir().expect("a folder for temporary files").keep();
        std::env::set_current_dir(&desk).expect("the new folder");
        for (name, data) in [("points.toml", "blobs"), ("digits.toml", "digits")] {
            std::fs::write(name, EXPERIMENT.replace("DATA", data)).expect("an experiment");
        }
        for args in [
            "sweep points.toml --out run --quiet",
            "train digits.toml --arm sgd --out model --quiet",
            "data show digits --columns 1 --out three.png",
        ] {
            run(args).expect("a valid run");
        }
        desk
    })
}

/// Writes `bytes` as this file and runs the command. An error is fine, if it names the file; a panic, a hang or a gigabyte is for the fuzzer
/// to see.
///
/// # Panics
/// The error does not name the file.
pub fn read(file: &str, bytes: &[u8], args: &str) {
    let path = desk().join(file);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
    std::fs::write(&path, bytes).expect("the file");
    if let Err(error) = run(args) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(error.contains(&name), "the file is not named: {error}");
    }
}
