//! The binary at work in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kindling::data::{digits, idx, known::FILE_NAMES};

/// Has a command heed the signals that a terminal sends, even where these tests were started by something that ignores them, such as
/// `nohup` or a script's background job: an ignored signal is inherited.
pub fn with_default_signals(command: &mut Command) {
    #[cfg(unix)]
    #[allow(unsafe_code)]
    {
        use std::os::unix::process::CommandExt;
        let reset = || {
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                // SAFETY: `signal` may be called between fork and exec.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
            }
            Ok(())
        };
        // SAFETY: the closure only calls `signal`.
        unsafe { command.pre_exec(reset) };
    }
}

/// A folder to work in, with a small data set of drawn digits in `data/tiny`.
pub struct Desk(pub tempfile::TempDir);

impl Desk {
    pub fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let folder = desk.path().join("data/tiny");
        fs::create_dir_all(&folder).unwrap();
        let (train, test) = (digits::draw(0, 600), digits::draw(600, 100));
        let files = [
            idx::write(&[600, 28, 28], &train.pixels),
            idx::write(&[600], &train.labels),
            idx::write(&[100, 28, 28], &test.pixels),
            idx::write(&[100], &test.labels),
        ];
        for (name, bytes) in FILE_NAMES.iter().zip(files) {
            fs::write(folder.join(name), bytes).unwrap();
        }
        desk.experiment("tiny", "");
        desk
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes an experiment file over the tiny data set.
    pub fn experiment(&self, name: &str, extra: &str) -> PathBuf {
        let text = format!(
            "question = 'q'\nseeds = 3\n{extra}\n[data]\ndataset = 'tiny'\ntrain = 500\nvalidation = 100\ntest = 100\n\
             [train]\nepochs = 2\nbatch_size = 50\n[sweep]\noptimizer = ['sgd', 'adam']\n"
        );
        let path = self.path().join(format!("{name}.toml"));
        fs::write(&path, text).unwrap();
        path
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kindling"));
        command.args(args).current_dir(self.path()).env("KINDLING_DATA_DIR", "data").env("KINDLING_CACHE_DIR", "cache");
        with_default_signals(&mut command);
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs and checks the exit code; returns stdout and stderr.
    #[track_caller]
    pub fn expect(&self, code: i32, args: &[&str]) -> (String, String) {
        let output = self.run(args);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
        (out, err)
    }

    /// The records of a folder in a fixed order, without their times.
    pub fn records(&self, folder: &str) -> Vec<String> {
        let mut records: Vec<String> = kindling::record::read_all(&self.path().join(folder))
            .unwrap()
            .iter()
            .map(|record| record.timeless().to_line().unwrap())
            .collect();
        records.sort();
        records
    }
}
