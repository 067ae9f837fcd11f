//! `kindling devices`: what this binary can compute on, and whether it computes right.

use anyhow::{Result, bail};

use super::trust::{self, Comparison};
use super::{Exit, failed};
use crate::cli::DevicesArgs;
use crate::nn::device::{self, Backend};
use crate::report::table::{Cell, Table};
use crate::terminal;

/// Lists the devices, or compares those that are GPUs with the CPU.
pub fn run(args: &DevicesArgs) -> Result<Exit> {
    if args.check { check(args.backend.as_deref()) } else { Ok(list()) }
}

fn list() -> Exit {
    let mut rows = Vec::new();
    for (backend, adapters) in device::adapters() {
        for adapter in adapters {
            let kind = if adapter.is_software { "a program on the CPU" } else { "a GPU" };
            let largest = format!("{:.1} GiB", adapter.largest_buffer as f64 / f64::from(1 << 30));
            rows.push([backend.to_string(), adapter.name, kind.into(), adapter.api, adapter.driver, largest]);
        }
    }
    let own = Backend::BUILT_IN.iter().map(|backend| backend.name()).filter(|name| !device::is_gpu(name));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for name in own {
        let cpu = format!("{cores} threads, {}", device::cpu_features());
        rows.push([name.into(), "this CPU".into(), "the CPU".into(), "-".into(), cpu, "-".into()]);
    }
    let head = ["backend", "name", "is", "interface", "driver", "largest buffer"];
    let table = Table::new(head, rows.into_iter().map(|row| row.map(Cell::Text).to_vec()));
    terminal::print(format_args!("{}", table.text()));
    let default = Backend::BUILT_IN[0].name();
    terminal::print(format_args!("\n`--backend NAME` picks a backend; without it, it is `{default}`."));
    if !Backend::BUILT_IN.iter().any(|backend| device::is_gpu(backend.name())) {
        terminal::print(format_args!(
            "This binary has no backend for a GPU; `cargo build --features wgpu` or `--features cuda` builds one."
        ));
    }
    Exit::Done
}

fn check(backend: Option<&str>) -> Result<Exit> {
    let of_gpus = Backend::BUILT_IN.iter().map(|backend| backend.name()).filter(|name| device::is_gpu(name));
    let chosen: Vec<&str> = match backend {
        Some(name) => vec![device::host(Some(name))?.name],
        None => of_gpus.collect(),
    };
    if chosen.iter().any(|name| !device::is_gpu(name)) || chosen.is_empty() {
        bail!(
            "there is no GPU to compare with the CPU: build with `--features wgpu` or `--features cuda`, and give that backend"
        );
    }
    let mut exit = Exit::Done;
    for name in chosen {
        let mut rows = Vec::new();
        let mut wrong = 0;
        let checked = trust::check(name, |comparison| {
            wrong += usize::from(!comparison.holds());
            rows.push(row(comparison));
            Ok(())
        });
        let head = ["compared with the CPU", "difference", "allowed", ""];
        terminal::print(format_args!("{}", Table::new(head, rows.into_iter()).text()));
        match checked {
            Ok(adapter) if wrong == 0 => terminal::print(format_args!("\n`{name}`, {adapter}: all as on the CPU")),
            Ok(adapter) => {
                terminal::print(format_args!("\n`{name}`, {adapter}: {wrong} are WRONG"));
                exit = Exit::Failed;
            }
            Err(error) => exit = failed(&error),
        }
    }
    Ok(exit)
}

fn row(comparison: &Comparison) -> Vec<Cell> {
    let verdict = if comparison.holds() { "" } else { "WRONG" };
    let allowed = if comparison.allowed == 0.0 { "0".into() } else { format!("{:.0e}", comparison.allowed) };
    vec![
        Cell::Text(comparison.what.clone()),
        Cell::number(comparison.seen()),
        Cell::number(allowed),
        Cell::Text(verdict.into()),
    ]
}
