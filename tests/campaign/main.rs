//! The campaign of damaged files: valid files of every format that Kindling reads are changed at random, and the binary reads them.
//!
//! Whatever the change, the binary must end by itself within 20 seconds, with less than 1 GB of memory, without a panic or an abort, and
//! where it refuses, the message must name the file. In `cargo test` each format is changed a few times; for a long campaign give a
//! factor, `KINDLING_CAMPAIGN=100 cargo test --test campaign -- --nocapture`, and with `KINDLING_CAMPAIGN_ONLY=PNG` for one format. A failure
//! prints the seed and keeps the file.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod binary;
mod formats;
mod mutation;

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use binary::Ending;
use formats::{Format, Valid};
use kindling::seed::{Purpose, Stream};

/// Changed files of each format in `cargo test`.
const SHORT: u64 = 40;

#[test]
fn no_damaged_file_crashes_hangs_or_is_refused_without_its_name() {
    let factor: u64 = std::env::var("KINDLING_CAMPAIGN").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let first: u64 = std::env::var("KINDLING_CAMPAIGN_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let valid = Valid::new();
    let failures = Mutex::new(Vec::new());
    let only = std::env::var("KINDLING_CAMPAIGN_ONLY").unwrap_or_default();
    for (number, format) in formats::ALL.iter().enumerate().filter(|(_, format)| format.name.contains(&only)) {
        let (next, refused) = (AtomicU64::new(first), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    let desk = valid.copy();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + SHORT * factor {
                            return;
                        }
                        match attempt(format, desk.path(), Stream::new(seed, Purpose::Data, number as u64)) {
                            Ok(ending) if ending.code == Some(2) => drop(refused.fetch_add(1, Ordering::Relaxed)),
                            Ok(_) => {}
                            Err(what) => failures.lock().unwrap().push(format!("{} seed {seed}: {what}", format.name)),
                        }
                    }
                });
            }
        });
        let failed = failures.lock().unwrap().len();
        println!(
            "{:<22} {:>7} changed files, {:>7} refused; {failed} failures so far",
            format.name,
            SHORT * factor,
            refused.into_inner()
        );
    }
    assert!(formats::ALL.iter().any(|format| format.name.contains(&only)), "no format has `{only}` in its name");
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// Reads one changed file; an error says what was wrong with how that ended. The valid file is put back.
fn attempt(format: &Format, desk: &Path, mut stream: Stream) -> Result<Ending, String> {
    let path = desk.join(format.file);
    let valid = fs::read(&path).unwrap();
    let changed = format.changed(&valid, &mut stream);
    fs::write(&path, &changed).unwrap();
    let ending = binary::run(desk, format.args);
    fs::write(&path, &valid).unwrap();
    format.tidy(desk);
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    // Compressed or not is for the reader to find out.
    let stem = name.trim_end_matches(".gz");
    let wrong = match &ending {
        ending if ending.took > binary::PATIENCE => "took too long",
        ending if ending.megabytes > 1000 => "took too much memory",
        ending if ending.code.is_none() || ending.code == Some(101) => "crashed",
        ending if ending.messages.contains("panicked") => "panicked",
        ending if ending.code == Some(2) && !ending.messages.contains(stem) => "did not name the file",
        _ => return Ok(ending),
    };
    static KEPT: AtomicU64 = AtomicU64::new(0);
    let kept = std::env::temp_dir().join(format!("kindling-campaign-{}-{name}", KEPT.fetch_add(1, Ordering::Relaxed)));
    fs::write(&kept, &changed).unwrap();
    Err(format!(
        "{wrong}, {} MB, {:?}, exit {:?}, {}: {}",
        ending.megabytes,
        ending.took,
        ending.code,
        kept.display(),
        ending.messages
    ))
}
