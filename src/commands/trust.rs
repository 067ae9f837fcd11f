//! Which GPU may train: one that was seen to compute what the CPU does. It is tried in a process of its own, since a driver that crashes or hangs
//! takes its process with it, and what was seen is remembered until the GPU, its driver or this program is another.
//!
//! In: the name of a backend. Out: the opened backend, or what was seen and the way out.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, UNIX_EPOCH};
use std::{env, io};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use super::Exit;
use crate::data::source::cache_dir;
use crate::files;
use crate::nn::device::{self, Adapter, OpenBackend};
use crate::record::BURN_VERSION;
use crate::terminal;

/// Seconds of silence after which a GPU hangs, unless `KINDLING_GPU_PATIENCE` says another number: a comparison takes less, the compilation of
/// its kernel included.
const PATIENCE: u64 = 90;

/// What was compared, and what was seen.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comparison {
    /// What was computed on both.
    pub what: String,
    /// The difference; `None` for one that is no number.
    pub seen: Option<f64>,
    /// The largest difference that is allowed.
    pub allowed: f64,
}

impl Comparison {
    /// Whether the difference is allowed.
    pub fn holds(&self) -> bool {
        self.seen.is_some_and(|seen| seen <= self.allowed)
    }

    /// The difference in words.
    pub fn seen(&self) -> String {
        self.seen.map_or("no number".into(), |seen| if seen == 0.0 { "0".into() } else { format!("{seen:.1e}") })
    }
}

/// A line of the process that tries a GPU.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Adapter(Adapter),
    Comparison(Comparison),
    Failed(String),
    Done,
}

/// A GPU that was seen to compute what the CPU does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Trusted {
    backend: String,
    adapter: Adapter,
    /// The program whose kernels were tried.
    program: String,
}

/// Opens the named backend, or the default one. A GPU that was not tried before is tried first.
///
/// # Errors
/// The name is unknown, the GPU cannot be opened, or it does not compute what the CPU does.
pub fn open(name: Option<&str>) -> Result<OpenBackend> {
    let host = device::host(name)?;
    if !device::is_gpu(host.name) {
        return Ok(host);
    }
    // A driver that crashes when it is opened would take this process with it.
    let mut compared = None;
    if !remembered().iter().any(|trusted| trusted.backend == host.name) {
        compared = Some(compare_first(host.name)?);
    }
    let opened = device::open(name)?;
    let adapter = opened.gpu.as_ref().context("the backend has no GPU")?.adapter.clone();
    let is_known = |own: &Adapter| remembered().iter().any(|trusted| trusted.is(host.name, own));
    if compared.as_ref() != Some(&adapter) && !is_known(&adapter) {
        let compared = compare_first(host.name)?;
        ensure!(
            compared == adapter,
            "{compared} was compared with the CPU, and {adapter} is opened: choose one of them (see docs/backends.md)"
        );
    }
    Ok(opened)
}

fn compare_first(backend: &str) -> Result<Adapter> {
    terminal::tell(format_args!(
        "note: backend `{backend}` is compared with the CPU first, once for each GPU and driver"
    ));
    check(backend, ensure_holds)
}

fn ensure_holds(comparison: &Comparison) -> Result<()> {
    ensure!(
        comparison.holds(),
        "{}: the difference from the CPU is {}, and at most {:.0e} is allowed",
        comparison.what,
        comparison.seen(),
        comparison.allowed
    );
    Ok(())
}

/// Compares a backend's GPU with the CPU in a process of its own, hands over each finding, and remembers a GPU of which all hold.
///
/// # Errors
/// The GPU cannot be opened, crashes, hangs or fails, or `found` refuses a comparison.
pub fn check(backend: &str, mut found: impl FnMut(&Comparison) -> Result<()>) -> Result<Adapter> {
    let (mut adapter, mut is_right) = (None, true);
    let done = try_in_a_process(backend, |line| {
        match line {
            Line::Adapter(own) => adapter = Some(own),
            Line::Comparison(comparison) => {
                is_right &= comparison.holds();
                found(&comparison)?;
            }
            Line::Failed(text) => bail!(text),
            Line::Done => return Ok(true),
        }
        Ok(false)
    });
    let name = adapter.as_ref().map_or_else(|| format!("the GPU of backend `{backend}`"), ToString::to_string);
    if done.is_err() || !is_right {
        forget(backend, adapter.as_ref());
    }
    done.with_context(|| {
        format!(
            "{name} was tried and cannot be trusted: update its driver, choose another GPU (see `kindling devices`), or compute on the CPU with \
             `--backend flex`. What was seen"
        )
    })?;
    let adapter = adapter.context("the process that tried the GPU named none")?;
    if is_right {
        remember(Trusted { backend: backend.into(), adapter: adapter.clone(), program: program() });
    }
    Ok(adapter)
}

/// Runs the process and hands over its lines until `take` returns true.
fn try_in_a_process(backend: &str, mut take: impl FnMut(Line) -> Result<bool>) -> Result<()> {
    let own = env::current_exe().context("this program does not find its own file")?;
    let mut child = Command::new(own)
        .args(["check-device", "--backend", backend])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("the process that tries the GPU cannot be started")?;
    let (send, receive) = channel();
    let output = child.stdout.take().context("the process that tries the GPU has no output")?;
    let errors = child.stderr.take().context("the process that tries the GPU has no output")?;
    let errors = std::thread::spawn(move || io::read_to_string(errors).unwrap_or_default());
    std::thread::spawn(move || {
        for line in io::BufRead::lines(io::BufReader::new(output)).map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    let patience = env::var("KINDLING_GPU_PATIENCE").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(PATIENCE);
    let verdict = loop {
        match receive.recv_timeout(Duration::from_secs(patience)) {
            Ok(line) => match serde_json::from_str(&line).map_err(|_| anyhow!("{line}")).and_then(&mut take) {
                Ok(true) => break Ok(()),
                Ok(false) => {}
                Err(error) => break Err(error),
            },
            Err(RecvTimeoutError::Timeout) => {
                break Err(anyhow!("it hung: there was no answer for {patience} seconds"));
            }
            Err(RecvTimeoutError::Disconnected) => {
                let said = errors.join().unwrap_or_default();
                let how = ended(child.wait());
                return Err(match last_lines(&said) {
                    lines if lines.is_empty() => anyhow!("its process ended ({how})"),
                    lines => anyhow!("its process ended ({how}) and said: {lines}"),
                });
            }
        }
    };
    // Its verdict is known, and a driver may hang at its end. It may have ended already.
    let _ = child.kill();
    let _ = child.wait();
    verdict
}

/// How a process ended.
fn ended(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

/// The last lines of what a process said.
fn last_lines(said: &str) -> String {
    const SHOWN: usize = 5;
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("; ")
}

/// The process that tries a GPU: prints what it sees, a line each.
///
/// # Errors
/// The backend is unknown.
pub fn run(backend: &str) -> Result<Exit> {
    let opened = match device::open(Some(backend)) {
        Ok(opened) => opened,
        Err(error) => return Ok(say(&Line::Failed(format!("{error:#}")))),
    };
    let Some(gpu) = &opened.gpu else {
        bail!("backend `{backend}` computes on the CPU, and there is nothing to compare")
    };
    say(&Line::Adapter(gpu.adapter.clone()));
    Ok(match compare(gpu) {
        Ok(()) => say(&Line::Done),
        Err(error) => say(&Line::Failed(format!("{error:#}"))),
    })
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn compare(gpu: &device::Gpu) -> Result<()> {
    crate::studies::device_check::check(gpu, |what, seen, allowed| {
        say(&Line::Comparison(Comparison { what, seen: Some(seen).filter(|seen| seen.is_finite()), allowed }));
    })
}

#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
fn compare(_gpu: &device::Gpu) -> Result<()> {
    bail!("this binary has no backend for a GPU")
}

fn say(line: &Line) -> Exit {
    // These types always serialise.
    terminal::print(format_args!("{}", serde_json::to_string(line).unwrap_or_default()));
    Exit::Done
}

/// This program, as far as its kernels may be others.
fn program() -> String {
    let written = env::current_exe().and_then(|own| own.metadata()?.modified()).ok();
    let written = written.and_then(|time| Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())).unwrap_or(0);
    format!("kindling {}, burn {BURN_VERSION}, {written}", env!("CARGO_PKG_VERSION"))
}

fn memory() -> PathBuf {
    cache_dir().join("trusted-gpus.json")
}

/// All GPUs that some program was seen to compute right on. What cannot be read is not remembered.
fn all_remembered() -> Vec<Trusted> {
    /// Larger than any list of GPUs.
    const LIMIT: u64 = 1 << 20;
    let all = files::read_within(&memory(), LIMIT).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    all.unwrap_or_default()
}

/// The GPUs that this program was seen to compute right on.
fn remembered() -> Vec<Trusted> {
    let own = program();
    all_remembered().into_iter().filter(|trusted| trusted.program == own).collect()
}

fn remember(trusted: Trusted) {
    let mut all = all_remembered();
    if !all.contains(&trusted) {
        all.push(trusted);
        write_memory(all);
    }
}

/// Forgets that a GPU was right, or without a name that any of the backend's was.
fn forget(backend: &str, adapter: Option<&Adapter>) {
    let all = all_remembered();
    let is_it = |trusted: &Trusted| adapter.map_or(trusted.backend == backend, |own| trusted.is(backend, own));
    if all.iter().any(is_it) {
        write_memory(all.into_iter().filter(|trusted| !is_it(trusted)).collect());
    }
}

fn write_memory(mut all: Vec<Trusted>) {
    /// Other builds of this program among them.
    const MOST: usize = 50;
    all.drain(..all.len().saturating_sub(MOST));
    let written = std::fs::create_dir_all(cache_dir()).map_err(anyhow::Error::from).and_then(|()| {
        let text = serde_json::to_vec_pretty(&all)?;
        files::write_atomic(&memory(), &text)
    });
    if let Err(error) = written {
        terminal::tell(format_args!("note: what this GPU was seen to compute cannot be remembered: {error:#}"));
    }
}

impl Trusted {
    fn is(&self, backend: &str, adapter: &Adapter) -> bool {
        self.backend == backend && self.adapter == *adapter
    }
}
