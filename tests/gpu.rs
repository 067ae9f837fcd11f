//! A GPU by `--features wgpu`: the CPU's accuracies, the same bytes however trials are grouped, and no trial on a driver that computes wrong.
#![cfg(feature = "wgpu")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::desk::Desk;
use kindling::experiment::metric::Metric;
use kindling::record::{self, TrialRecord};

/// Arms that differ in everything that may share a launch.
const MIXED: &str = "seeds = 2\n[data]\ndataset = 'tiny'\ntrain = 500\nvalidation = 100\ntest = 100\n[train]\nepochs = 3\n[sweep]\n\
                     optimizer = ['sgd', 'adam']\nactivation = ['relu', 'prelu']\nhidden = [[20], [16, 8]]\nbatch_size = [20, 50]\n";

fn run(desk: &Desk, args: &[&str], variables: &[(&str, &str)]) -> Output {
    desk.command(args).envs(variables.iter().copied()).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A desk on a machine with a GPU, or a program that computes as one. Without, the test says that it is skipped, unless
/// `KINDLING_REQUIRE_GPU` is set.
fn desk() -> Option<Desk> {
    let desk = Desk::new();
    let listed = text(&run(&desk, &["devices"], &[]));
    if listed.lines().any(|line| line.starts_with("wgpu")) {
        std::fs::write(desk.path().join("mixed.toml"), format!("question = 'q'\n{MIXED}")).unwrap();
        return Some(desk);
    }
    assert!(std::env::var_os("KINDLING_REQUIRE_GPU").is_none(), "there is no GPU: {listed}");
    eprintln!("SKIPPED: there is no GPU");
    None
}

fn records(folder: &Path) -> Vec<TrialRecord> {
    let mut records = record::read_all(folder).unwrap();
    records.sort_by(|a, b| (&a.arm, a.seed).cmp(&(&b.arm, b.seed)));
    records
}

fn lines(records: &[TrialRecord]) -> Vec<String> {
    records.iter().map(|record| record.timeless().to_line().unwrap()).collect()
}

#[test]
fn a_sweep_has_the_cpus_accuracies_and_the_same_bytes_in_every_grouping() {
    let Some(desk) = desk() else { return };
    let sweep = |out: &str, more: &[&str]| {
        let output = run(&desk, &[&["sweep", "mixed.toml", "--out", out, "-q"], more].concat(), &[]);
        assert!(output.status.success(), "{}", text(&output));
        records(&desk.path().join(out))
    };
    let together = sweep("together", &["--backend", "wgpu"]);
    assert_eq!(together.len(), 32);
    for stack in ["1", "3", "15"] {
        let grouped = sweep(&format!("stack{stack}"), &["--backend", "wgpu", "--stack", stack, "--no-share"]);
        assert!(lines(&grouped) == lines(&together), "--stack {stack} left other bytes");
    }
    for (gpu, cpu) in together.iter().zip(sweep("cpu", &["--backend", "flex"])) {
        assert_eq!((&gpu.arm, gpu.seed), (&cpu.arm, cpu.seed));
        assert_ne!(gpu.id, cpu.id, "the adapter is part of a trial's identity");
        let accuracy = |record: &TrialRecord| record.metric(&Metric::TestAccuracy).unwrap();
        let far = (accuracy(gpu) - accuracy(&cpu)).abs();
        assert!(far < 0.025, "{} seed {}: {far}", gpu.arm, gpu.seed);
    }
    let verified = run(&desk, &["verify", "together", "--trials", "3"], &[]);
    assert!(verified.status.success() && text(&verified).contains("3 the same"), "{}", text(&verified));
    let gradcheck = ["gradcheck", "tiny.toml", "--arm", "adam", "--backend", "wgpu", "--samples", "20"];
    let checked = run(&desk, &gradcheck, &[]);
    assert!(checked.status.success() && text(&checked).contains("(32 bits, wgpu)"), "{}", text(&checked));
}

#[test]
fn devices_are_listed_and_compared_once() {
    let Some(desk) = desk() else { return };
    let checked = run(&desk, &["devices", "--check"], &[]);
    let shown = text(&checked);
    assert!(checked.status.success() && shown.contains("all as on the CPU"), "{shown}");
    assert!(shown.contains("a product of 60x784 and 784x64") && !shown.contains("WRONG"), "{shown}");
    let swept = run(&desk, &["sweep", "tiny.toml", "--backend", "wgpu", "-q"], &[]);
    assert!(swept.status.success() && !text(&swept).contains("is compared with the CPU"), "{}", text(&swept));
}

#[test]
fn a_driver_that_computes_wrong_skips_crashes_hangs_or_loses_the_device_trains_nothing() {
    let Some(desk) = desk() else { return };
    let layer = desk.path().join("layer");
    std::fs::create_dir(&layer).unwrap();
    std::fs::copy("tests/gpu/layer.json", layer.join("layer.json")).unwrap();
    let library = layer.join("libbad_driver.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg("tests/gpu/bad_driver.c");
    let built = compiler.output().unwrap();
    assert!(built.status.success(), "{}", text(&built));
    let layer = layer.to_str().unwrap();
    let on = |bad: &str, args: &[&str]| {
        let layers = [("VK_LAYER_PATH", layer), ("VK_INSTANCE_LAYERS", "VK_LAYER_KINDLING_bad_driver")];
        let variables = [
            &layers[..],
            &[("BAD_DRIVER", bad), ("KINDLING_GPU_PATIENCE", if bad.starts_with("hang") { "20" } else { "300" })],
        ]
        .concat();
        run(&desk, args, &variables)
    };
    let sweep = |bad: &str| on(bad, &["sweep", "tiny.toml", "--backend", "wgpu", "--out", "bad", "-q"]);
    // One activation is wrong: the list says which, and nothing is remembered.
    let checked = on("wrong:1", &["devices", "--check"]);
    let said = text(&checked);
    let wrong: Vec<&str> = said.lines().filter(|line| line.contains(" by ") && line.ends_with("WRONG")).collect();
    assert!(!checked.status.success() && wrong.len() == 2, "{said}");
    assert!(wrong.iter().all(|line| line.contains("by gelu_approximate")), "{wrong:?}");
    assert!(text(&sweep("wrong:1")).contains("outputs by gelu_approximate: the difference from the CPU is"));
    for (bad, seen) in [
        ("skip:1", "skipped"),
        ("skip:6", "skipped"),
        ("crash:4", "its process ended"),
        ("hang:2", "it hung"),
        ("lose:3", "Device is lost"),
    ] {
        let output = sweep(bad);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{bad}: {said}");
        assert!(said.contains(seen) && said.contains("--backend flex"), "{bad}: {said}");
        assert!(!desk.path().join("bad").exists(), "{bad}: something was recorded");
    }
    // The layer alone changes nothing.
    assert!(sweep("none").status.success());
    // A driver that was right when it was compared, and is wrong in a training.
    std::fs::remove_dir_all(desk.path().join("bad")).unwrap();
    for (bad, seen) in [("skip:2", "skipped"), ("lose:2", "Device is lost")] {
        let output = sweep(bad);
        let said = text(&output);
        assert!(!output.status.success() && said.contains(seen) && said.contains("--backend flex"), "{bad}: {said}");
        assert!(record::read_all(&desk.path().join("bad")).unwrap_or_default().is_empty(), "{bad}: {said}");
    }
}
