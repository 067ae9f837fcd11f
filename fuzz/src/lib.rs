//! What every fuzz target does: a file is written into a desk of valid files, and a command reads it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::Parser;
use kindling::cli::Cli;
use kindling::data::{idx, known::FILE_NAMES};

/// Experiments of a few points and a few digits, which train in milliseconds.
const EXPERIMENT: &str = "question = 'q'\nseeds = 2\n[data]\ndataset = 'DATA'\ntrain = 20\nvalidation = 10\ntest = 10\n[model]\n\
                          hidden = [3]\nactivation = 'prelu'\n[train]\nepochs = 1\n[sweep]\noptimizer = ['sgd', 'adam']\n";

/// Runs a command as `main` does. A word that begins with `@` is a path in the desk.
fn run(desk: &Path, args: &str) -> Result<(), String> {
    let word = |word: &str| word.replace('@', &format!("{}/", desk.display()));
    let words = std::iter::once("kindling".to_string()).chain(args.split_whitespace().map(word));
    let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    kindling::commands::run(cli).map(drop).map_err(|error| format!("{error:#}"))
}

/// A folder with a valid file of every format, in memory where the system has such a folder: reports are synced.
fn desk() -> &'static Path {
    static DESK: OnceLock<PathBuf> = OnceLock::new();
    DESK.get_or_init(|| {
        let in_memory = Path::new("/dev/shm");
        let parent = if in_memory.is_dir() { in_memory.to_path_buf() } else { std::env::temp_dir() };
        let desk = tempfile::tempdir_in(parent).expect("a folder for temporary files").keep();
        let write = |name: &str, bytes: &[u8]| {
            let path = desk.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
            std::fs::write(path, bytes).expect("the file");
        };
        for (name, data) in [("points.toml", "blobs"), ("digits.toml", "digits")] {
            write(name, EXPERIMENT.replace("DATA", data).as_bytes());
        }
        let images = idx::write(&[6, 28, 28], &[7; 6 * 784]);
        let labels = idx::write(&[6], &[0, 1, 0, 1, 0, 1]);
        for (name, bytes) in FILE_NAMES.iter().zip([&images, &labels, &images, &labels]) {
            write(&format!("data/mine/{name}"), bytes);
        }
        write("own.csv", b"x,y,class\n1,2,a\n3,4,b\n5,6,a\n7,8,b\n9,1,a\n2,3,b\n");
        for args in [
            "sweep @points.toml --out @run --quiet",
            "train @digits.toml --arm sgd --out @model --quiet",
            "data show digits --columns 1 --out @three.png",
        ] {
            run(&desk, args).expect("a valid run");
        }
        desk
    })
}

/// Makes the desk, before the time of an input is taken.
pub fn prepare() {
    desk();
}

/// Writes `bytes` as this file and runs the command. An error is fine, if it names the file; a panic, a hang or a gigabyte is for the fuzzer
/// to see.
///
/// # Panics
/// The error does not name the file.
pub fn read(file: &str, bytes: &[u8], args: &str) {
    let path = desk().join(file);
    std::fs::write(&path, bytes).expect("the file");
    if let Err(error) = run(desk(), args) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(error.contains(&name), "the file is not named: {error}");
    }
}
