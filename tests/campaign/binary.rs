//! A run of the binary, with how it ended, how long it took and how much memory.
#![allow(unsafe_code)]

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a run may take before it counts as one that hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How a run ended.
#[derive(Debug)]
pub struct Ending {
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// Standard error.
    pub messages: String,
    pub took: Duration,
    /// The largest resident set.
    pub megabytes: i64,
}

/// Runs the binary in a folder, and kills it where it takes longer than [`PATIENCE`].
// `ended` waits for it.
#[allow(clippy::zombie_processes)]
pub fn run(desk: &Path, args: &[&str]) -> Ending {
    let messages = desk.join("messages");
    let started = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_kindling"))
        .args(args)
        .current_dir(desk)
        .env("KINDLING_DATA_DIR", "data")
        .env("KINDLING_CACHE_DIR", "cache")
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&messages).unwrap())
        .spawn()
        .unwrap();
    let pid = child.id() as libc::pid_t;
    let mut pause = Duration::from_micros(500);
    let (status, usage) = loop {
        if let Some(ended) = ended(pid) {
            break ended;
        }
        if started.elapsed() > PATIENCE {
            // SAFETY: the process is this one's child, and has not been waited for.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    };
    Ending {
        code: status.code(),
        messages: String::from_utf8_lossy(&fs::read(&messages).unwrap()).into_owned(),
        took: started.elapsed(),
        megabytes: usage.ru_maxrss / 1000,
    }
}

/// Status and resources of a child that has ended, which the standard library does not give.
fn ended(pid: libc::pid_t) -> Option<(ExitStatus, libc::rusage)> {
    let mut status = 0;
    // SAFETY: a `rusage` is numbers, which may be zero.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both places are valid for writing.
    let found = unsafe { libc::wait4(pid, &raw mut status, libc::WNOHANG, &raw mut usage) };
    (found == pid).then(|| (ExitStatus::from_raw(status), usage))
}
