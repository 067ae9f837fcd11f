//! What surrounds the binary is broken or hostile: full terminals, signals, files that never end, links that lead elsewhere.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::desk::{Desk, with_default_signals};

/// Where every write fails as on a full disk.
fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

#[test]
fn a_full_stdout_is_exit_1_and_everything_is_on_disk() {
    let desk = Desk::new();
    let output = desk.command(&["sweep", "tiny.toml"]).stdout(full()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("standard output cannot be written") && !err.contains("panicked"), "{err}");
    assert_eq!(desk.records("artifacts/tiny").len(), 6);
    assert!(desk.path().join("artifacts/tiny/report.html").is_file());
    for args in [&["list"][..], &["report", "artifacts/tiny"], &["verify", "artifacts/tiny"], &["data"]] {
        let status = desk.command(args).stdout(full()).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(1), "{args:?}");
    }
}

#[test]
fn a_full_stderr_ends_no_command_and_an_error_keeps_its_exit_code() {
    let desk = Desk::new();
    let code = |args: &[&str]| {
        let status = desk.command(args).stderr(full()).stdout(Stdio::null()).status().unwrap();
        status.code()
    };
    assert_eq!(code(&["sweep", "tiny.toml"]), Some(0));
    assert_eq!(code(&["sweep", "gone.toml"]), Some(2));
}

#[test]
fn a_reader_that_leaves_early_stops_nothing() {
    let desk = Desk::new();
    let mut child =
        desk.command(&["sweep", "tiny.toml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(desk.path().join("artifacts/tiny/report.html").is_file());
}

/// Starts a sweep that takes minutes, and waits until it has a record.
fn sweep_with(desk: &Desk, shell: &str) -> std::process::Child {
    let kindling = env!("CARGO_BIN_EXE_kindling");
    let script = format!("{shell} {kindling} sweep tiny.toml --seeds 200 --epochs 100 --set hidden=[64]");
    let mut command = Command::new("bash");
    with_default_signals(&mut command);
    let child = command
        .args(["-c", &script])
        .current_dir(desk.path())
        .env("KINDLING_DATA_DIR", "data")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let records = desk.path().join("artifacts/tiny/records.jsonl");
    let started = Instant::now();
    while fs::metadata(&records).map_or(0, |meta| meta.len()) == 0 {
        assert!(started.elapsed() < Duration::from_secs(60), "no record");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

fn signal(child: &std::process::Child, name: &str) {
    Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
}

#[test]
fn nohup_protects_a_sweep_from_the_terminal_that_closes() {
    let desk = Desk::new();
    let mut protected = sweep_with(&desk, "trap '' HUP; exec");
    signal(&protected, "-HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert!(protected.try_wait().unwrap().is_none(), "the signal was to stay ignored");
    signal(&protected, "-INT");
    assert_eq!(protected.wait().unwrap().code(), Some(130));
}

#[test]
fn a_terminal_that_closes_stops_a_sweep_as_an_interrupt_does() {
    let desk = Desk::new();
    let mut child = sweep_with(&desk, "exec");
    signal(&child, "-HUP");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!((1..400).contains(&desk.records("artifacts/tiny").len()));
}

#[test]
fn links_in_a_folder_from_elsewhere_are_not_written_through() {
    let desk = Desk::new();
    let folder = desk.path().join("artifacts/tiny");
    fs::create_dir_all(&folder).unwrap();
    let mine = desk.path().join("mine");
    fs::write(&mine, "precious").unwrap();
    for name in ["spec.toml", "report.html", "summary.json"] {
        symlink(&mine, folder.join(name)).unwrap();
    }
    desk.expect(0, &["sweep", "tiny.toml"]);
    desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--out", "artifacts/tiny"]);
    assert_eq!(fs::read_to_string(&mine).unwrap(), "precious");
    let refused = |name: &str| {
        let (_, err) = desk.expect(2, &["sweep", "tiny.toml"]);
        assert!(err.contains(name), "{name}: {err}");
        assert_eq!(fs::read_to_string(&mine).unwrap(), "precious");
    };
    let records = folder.join("records.jsonl");
    // What is cut off the records would go through the link.
    symlink(&mine, folder.join("records.cut")).unwrap();
    fs::write(&records, format!("{}{{\"schema\":", fs::read_to_string(&records).unwrap())).unwrap();
    refused("records.cut");
    fs::remove_file(folder.join("records.cut")).unwrap();
    fs::remove_file(folder.join(".lock")).unwrap();
    symlink(&mine, folder.join(".lock")).unwrap();
    refused(".lock");
    fs::remove_file(folder.join(".lock")).unwrap();
    fs::remove_file(&records).unwrap();
    symlink(&mine, &records).unwrap();
    refused("records.jsonl");
}

#[test]
fn what_is_no_file_is_refused_before_it_is_read() {
    let desk = Desk::new();
    let refused = |args: &[&str], part: &str| {
        let (_, err) = desk.expect(2, args);
        assert!(err.contains(part) && err.contains("not a file"), "{args:?}: {err}");
    };
    refused(&["sweep", "tiny.toml", "--set", "model.start=/dev/zero"], "/dev/zero");
    let fifo = |path: &str| {
        let path = desk.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    fifo("start.npz");
    refused(&["sweep", "tiny.toml", "--set", "model.start=start.npz"], "start.npz");
    fifo("artifacts/tiny/records.jsonl");
    refused(&["sweep", "tiny.toml"], "records.jsonl");
    fs::remove_dir_all(desk.path().join("artifacts")).unwrap();
    fifo("artifacts/tiny/.lock");
    refused(&["sweep", "tiny.toml"], ".lock");
    fifo("pipe.toml");
    refused(&["sweep", "pipe.toml"], "pipe.toml");
    desk.expect(0, &["sweep", "tiny.toml", "--out", "run"]);
    fs::remove_file(desk.path().join("run/records.jsonl")).unwrap();
    fifo("run/records.jsonl");
    refused(&["report", "run"], "records.jsonl");
    desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--out", "model"]);
    fifo("three.png");
    // A file of several may be bad, and the others are predicted: then the exit is 1.
    assert!(desk.expect(1, &["predict", "model", "three.png"]).1.contains("three.png"));
    fs::remove_file(desk.path().join("model/model.safetensors")).unwrap();
    fifo("model/model.safetensors");
    refused(&["predict", "model", "tiny.toml"], "model.safetensors");
}

#[test]
fn what_would_not_fit_into_memory_is_refused_before_anything_is_trained() {
    let desk = Desk::new();
    let refused = |args: &[&str], part: &str| {
        let (_, err) = desk.expect(2, args);
        assert!(err.contains(part), "{args:?}: {err}");
    };
    refused(&["sweep", "tiny.toml", "--set", "hidden=[100000, 100000]"], "parameters");
    refused(&["sweep", "tiny.toml", "--set", "hidden=[100000, 100000]", "--dry-run"], "parameters");
    let wide = ["sweep", "tiny.toml", "--set", "hidden=[7000, 7000]", "--seeds", "100000", "--jobs", "100000"];
    refused(&wide, "--jobs");
    let (out, _) = desk.expect(0, &["sweep", "tiny.toml", "--dry-run"]);
    assert!(out.contains("MB of memory on the CPU"), "{out}");
    assert!(!desk.path().join("artifacts").exists());
}

#[test]
fn an_interrupt_while_the_report_is_made_ends_at_once_and_leaves_no_half_file() {
    let desk = Desk::new();
    // The comparisons of 40 arms of 200 seeds take seconds.
    let rates: Vec<String> = (1..=40).map(|rate| format!("{:?}", f64::from(rate) / 1000.0)).collect();
    let text = format!(
        "question = 'q'\nseeds = 200\n[data]\ndataset = 'blobs'\ntrain = 20\nvalidation = 10\ntest = 10\n[model]\nhidden = [2]\n\
         [train]\nepochs = 1\n[sweep]\nlr = [{}]\n",
        rates.join(", ")
    );
    fs::write(desk.path().join("many.toml"), text).unwrap();
    let mut child = desk.command(&["sweep", "many.toml"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let folder = desk.path().join("artifacts/many");
    let lines = || fs::read_to_string(folder.join("records.jsonl")).map_or(0, |text| text.lines().count());
    let started = Instant::now();
    while lines() < 8000 {
        assert!(started.elapsed() < Duration::from_secs(120) && child.try_wait().unwrap().is_none(), "{}", lines());
        std::thread::sleep(Duration::from_millis(5));
    }
    // The last record is synced, and the comparisons of the arms have begun.
    std::thread::sleep(Duration::from_millis(400));
    assert!(child.try_wait().unwrap().is_none(), "the report was made in less than 0.4 s; give it more to do");
    signal(&child, "-INT");
    let interrupted = Instant::now();
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(130));
    assert!(interrupted.elapsed() < Duration::from_secs(5), "{:?}", interrupted.elapsed());
    let parts = || {
        fs::read_dir(&folder)
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "part"))
    };
    assert_eq!(parts().count(), 0);
    let (_, err) = desk.expect(0, &["sweep", "many.toml"]);
    assert!(err.contains("nothing to train"), "{err}");
}
