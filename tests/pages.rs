//! A report's page and the copies of networks that it shows, as commands leave them. What the page does is checked in a browser by `tests/page`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::desk::Desk;
use serde_json::Value;

const SWEEP: &str = "question = 'q'\nseeds = 3\n[data]\ndataset = 'tiny'\ntrain = 500\nvalidation = 100\ntest = 100\n\
                     [model]\nhidden = [16]\n[train]\nepochs = 2\n[sweep]\noptimizer = ['sgd', 'adam']\n";

fn desk() -> Desk {
    let desk = Desk::new();
    fs::write(desk.path().join("sweep.toml"), SWEEP).unwrap();
    desk
}

fn snapshots(run: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(run.join("snapshots")).map(|entries| entries.map(|entry| entry.unwrap().path()).collect());
    let mut found: Vec<PathBuf> = entries.unwrap_or_default();
    found.sort();
    found
}

/// The data of the scripts of a run's page.
fn data(run: &Path) -> Value {
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_sweep_leaves_a_copy_of_each_network_and_its_page_holds_those_that_fit() {
    let desk = desk();
    desk.expect(0, &["sweep", "sweep.toml", "--out", "run", "-q"]);
    let run = desk.path().join("run");
    assert_eq!(snapshots(&run).len(), 6);
    let networks = data(&run)["classifiers"]["networks"].as_array().unwrap().clone();
    // Small as they are, all three runs of both arms fit, the median run of each arm before the others.
    assert_eq!(networks.len(), 6);
    let arms: Vec<u64> = networks.iter().map(|network| network["arm"].as_u64().unwrap()).collect();
    assert_ne!(arms[0], arms[1]);
    for network in &networks {
        assert_eq!(network["network"]["layers"][0]["inputs"], 784);
        assert_eq!(network["network"]["layers"][1]["outputs"], 10);
        assert_eq!(network["has_probabilities"], true);
    }
    // Records and what is made of them are the same with copies and without.
    desk.expect(0, &["sweep", "sweep.toml", "--out", "bare", "-q", "--no-weights"]);
    let bare = desk.path().join("bare");
    assert!(snapshots(&bare).is_empty() && data(&bare)["classifiers"].is_null());
    assert_eq!(desk.records("bare"), desk.records("run"));
    // A page without them, of a run that has them.
    desk.expect(0, &["report", "run", "--no-weights"]);
    assert!(data(&run)["classifiers"].is_null());
    // One that is damaged is left out, and the others are shown.
    fs::write(&snapshots(&run)[0], "{").unwrap();
    desk.expect(0, &["report", "run"]);
    assert!(!data(&run)["classifiers"]["networks"].as_array().unwrap().is_empty());
}

#[test]
fn copies_go_along_where_records_are_merged_or_taken_from_another_run() {
    let desk = desk();
    for part in ["1/2", "2/2"] {
        desk.expect(0, &["sweep", "sweep.toml", "--out", &format!("part{}", &part[..1]), "--shard", part, "-q"]);
    }
    desk.expect(0, &["merge", "part1", "part2", "--out", "whole"]);
    assert_eq!(snapshots(&desk.path().join("whole")).len(), 6);
    desk.expect(0, &["sweep", "sweep.toml", "-q"]);
    desk.expect(0, &["sweep", "sweep.toml", "--out", "artifacts/again", "-q"]);
    assert_eq!(snapshots(&desk.path().join("artifacts/again")).len(), 6);
}

#[test]
fn a_training_on_points_leaves_frames_from_before_it_to_its_end_and_a_descent_leaves_none() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "xor", "--seeds", "2", "--epochs", "40", "--out", "xor", "-q"]);
    let run = desk.path().join("xor");
    let page = data(&run);
    let trainings = page["learning"]["trainings"].as_array().unwrap();
    assert_eq!(trainings.len(), 2);
    for training in trainings {
        let frames = training["frames"].as_array().unwrap();
        assert_eq!((frames[0]["epoch"].as_u64(), frames.last().unwrap()["epoch"].as_u64()), (Some(0), Some(40)));
        assert_ne!(frames[0]["values"], frames.last().unwrap()["values"]);
        assert!(frames.len() > 8 && frames.len() < 18, "{}", frames.len());
    }
    desk.expect(0, &["sweep", "rosenbrock", "--out", "descent", "-q"]);
    let descent = desk.path().join("descent");
    assert!(snapshots(&descent).is_empty());
    assert_eq!(data(&descent)["learning"]["has_descents"], true);
    assert!(fs::read_to_string(descent.join("figures/descent.svg")).unwrap().contains("data-track"));
}

#[cfg(unix)]
#[test]
fn open_starts_the_browser_with_the_whole_path_of_the_page() {
    use std::os::unix::fs::PermissionsExt;

    let desk = desk();
    let bin = desk.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let browser = bin.join("xdg-open");
    fs::write(&browser, format!("#!/bin/sh\necho \"$1\" > {}/opened\n", desk.path().display())).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    desk.expect(0, &["sweep", "sweep.toml", "--out", "artifacts/tried", "-q"]);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let out = desk.command(&["open", "tried"]).env("PATH", path).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), "artifacts/tried/report.html");
    let opened = desk.path().join("opened");
    let given = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        fs::read_to_string(&opened).ok().filter(|given| given.ends_with('\n'))
    });
    let page = fs::canonicalize(desk.path().join("artifacts/tried/report.html")).unwrap();
    assert_eq!(given.unwrap().trim(), page.display().to_string());
    let (_, err) = desk.expect(2, &["open", "elsewhere"]);
    assert!(err.contains("give the folder of a run"), "{err}");
}
