//! What a first day consists of: searches, runs changed and run again, trials shared, one network trained and stopped.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use common::desk::Desk;
use kindling::experiment::metric::Metric;
use kindling::record::{self, Status};

const SEARCH: &str = "question = 'q'\nseeds = 3\n[data]\ndataset = 'tiny'\ntrain = 300\n[model]\nhidden = [8]\n\
                      [train]\nepochs = 9\nbatch_size = 20\n[sweep]\nlr = { log_uniform = [1e-4, 1.0] }\ndropout = { uniform = [0.0, 0.5] }\n\
                      search = { random = 16, halving = { from = 1, factor = 3 } }\n";

fn search() -> Desk {
    let desk = Desk::new();
    fs::write(desk.path().join("search.toml"), SEARCH).unwrap();
    desk
}

#[test]
fn a_search_that_halves_is_the_same_for_any_number_of_workers_and_after_an_interrupt() {
    let desk = search();
    let (out, _) = desk.expect(0, &["sweep", "search.toml", "--jobs", "1", "--out", "one"]);
    let one = desk.records("one");
    desk.expect(0, &["sweep", "search.toml", "--jobs", "7", "--out", "seven", "-q"]);
    assert_eq!(one, desk.records("seven"));
    // Cut off after some of the records, in the order in which they were written, as by a kill.
    for kept in [1, 4, 9, 17] {
        let folder = desk.path().join(format!("cut-{kept}"));
        fs::create_dir(&folder).unwrap();
        let text = fs::read_to_string(desk.path().join("seven/records.jsonl")).unwrap();
        let cut: String = text.lines().take(kept).map(|line| format!("{line}\n")).collect();
        fs::write(folder.join("records.jsonl"), cut).unwrap();
        desk.expect(0, &["sweep", "search.toml", "--jobs", "3", "--out", folder.to_str().unwrap(), "-q"]);
        let found = record::read_all(&folder).unwrap();
        let mut lines: Vec<String> = found.iter().map(|record| record.timeless().to_line().unwrap()).collect();
        lines.sort();
        lines.dedup();
        assert_eq!(lines, one, "{kept}");
    }
    let records = record::read_all(&desk.path().join("one")).unwrap();
    let pruned = records.iter().filter(|record| record.status == Status::Pruned);
    let at: Vec<usize> = pruned.clone().map(|record| record.pruned_epoch.unwrap()).collect();
    assert!(at.len() > 6 && at.iter().all(|epoch| [1, 3].contains(epoch)), "{at:?}");
    assert!(pruned.clone().all(|record| record.history.train_loss.len() == record.pruned_epoch.unwrap()));
    assert!(pruned.clone().all(|record| record.metric(&Metric::TestAccuracy).is_none() && record.seed == 0));
    // More seeds for the best of those that reached the end alone.
    let more: Vec<&str> = records.iter().filter(|record| record.seed == 2).map(|record| record.arm.as_str()).collect();
    let whole = records.iter().filter(|record| record.seed == 0 && record.status == Status::Done).count();
    assert!((1..=whole.min(2)).contains(&more.len()), "{more:?} of {whole}");
    assert!(
        out.contains("(best)") && out.contains("arms fell behind and were pruned") && out.contains("one/best.toml"),
        "{out}"
    );
    desk.expect(0, &["verify", "one", "--all"]);
    desk.expect(0, &["report", "one"]);
    let report = fs::read_to_string(desk.path().join("one/report.md")).unwrap();
    for part in
        ["What the search found", "importance, %", "pruned after epoch 1", "On the test examples, which chose nothing"]
    {
        assert!(report.contains(part), "{part}");
    }
    assert!(desk.path().join("one/figures/search.svg").is_file());
    // What was found is an experiment.
    desk.expect(0, &["train", "one/best.toml", "--out", "model", "-q"]);
    // The best one is of those that were kept longest.
    assert!(more.iter().any(|arm| out.contains(&format!("`{arm}` is the best of 16 arms"))), "{out}");
}

#[test]
fn a_search_that_is_interrupted_decides_nothing_without_the_scores_of_earlier_arms() {
    let desk = search();
    desk.expect(0, &["sweep", "search.toml", "--out", "whole", "-q"]);
    // A little longer every time, so that the search comes to its end.
    for stops in 0.. {
        let args = ["sweep", "search.toml", "--out", "run", "--jobs", "6", "-q"];
        let mut child = desk.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(4 * stops));
        let _ = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        if child.wait().unwrap().success() {
            assert!(stops > 2, "{stops}");
            break;
        }
    }
    assert_eq!(desk.records("run"), desk.records("whole"));
    desk.expect(0, &["verify", "run", "--all"]);
}

#[test]
fn a_smoke_run_of_a_search_that_halves_trains_every_arm_for_its_one_epoch() {
    let desk = search();
    desk.expect(0, &["sweep", "search.toml", "--smoke", "--out", "smoke", "-q"]);
    let records = record::read_all(&desk.path().join("smoke")).unwrap();
    assert!(records.len() == 16 * 3 && records.iter().all(|record| record.status != Status::Pruned));
}

#[test]
fn a_bayesian_search_saves_every_network_and_takes_more_seeds() {
    let desk = search();
    let bayesian = SEARCH.replace("random = 16, halving = { from = 1, factor = 3 }", "bayesian = 4");
    fs::write(desk.path().join("search.toml"), bayesian).unwrap();
    let sweep = ["sweep", "search.toml", "--out", "run", "--save-models", "-q"];
    let loud = &sweep[..sweep.len() - 1];
    // Its own proposals are no trials that were there before.
    let (_, err) = desk.expect(0, &[loud, &["--seeds", "1"]].concat());
    assert!(!err.contains("trials that are recorded already"), "{err}");
    assert_eq!(fs::read_dir(desk.path().join("run/models")).unwrap().count(), 4);
    desk.expect(0, &[&sweep[..], &["--seeds", "2"]].concat());
    desk.expect(0, &["report", "run"]);
}

#[test]
fn a_longer_search_and_one_without_halving_use_what_a_shorter_one_left() {
    let desk = search();
    desk.expect(0, &["sweep", "search.toml", "--out", "run", "-q"]);
    let before = record::read_all(&desk.path().join("run")).unwrap();
    let longer = SEARCH.replace("random = 16", "random = 20");
    fs::write(desk.path().join("search.toml"), &longer).unwrap();
    desk.expect(0, &["sweep", "search.toml", "--out", "run", "-q"]);
    desk.expect(0, &["sweep", "search.toml", "--out", "anew", "-q"]);
    let [grown, anew] = ["run", "anew"].map(|folder| desk.records(folder));
    assert!(anew.iter().all(|record| grown.contains(record)), "what a new search needs is there");
    assert!(before.iter().all(|record| grown.contains(&record.timeless().to_line().unwrap())), "nothing is lost");
    // Without halving every arm is trained to the end; what was pruned trains on.
    fs::write(desk.path().join("search.toml"), longer.replace(", halving = { from = 1, factor = 3 }", "")).unwrap();
    desk.expect(0, &["sweep", "search.toml", "--seeds", "1", "--out", "run", "-q"]);
    let all = record::read_all(&desk.path().join("run")).unwrap();
    let done = |seed: u64| all.iter().filter(|record| record.seed == seed && record.status != Status::Pruned).count();
    assert_eq!(done(0), 20);
}

#[test]
fn halving_that_has_nothing_to_halve_is_refused() {
    let desk = search();
    let refused = |from: &str, to: &str, part: &str| {
        fs::write(desk.path().join("search.toml"), SEARCH.replace(from, to)).unwrap();
        let (_, err) = desk.expect(2, &["sweep", "search.toml", "--dry-run"]);
        assert!(err.contains(part), "{part} not in {err}");
    };
    refused("from = 1", "from = 9", "begins after 9 epochs, and a training has 9");
    refused("factor = 3", "factor = 1", "factor 2 to 100");
    refused("random = 16", "bayesian = 16", "a Bayesian search proposes from whole trainings");
    refused("batch_size", "patience = 2\nbatch_size", "`patience` ends some before");
    refused("dropout =", "epochs = [9, 18]\ndropout =", "leave `epochs` out of the axes");
}

#[test]
fn records_of_other_settings_are_told_by_the_keys_that_differ_and_set_aside_by_fresh() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "tiny.toml"]);
    let before = desk.records("artifacts/tiny");
    let changed = ["sweep", "tiny.toml", "--epochs", "1"];
    let (_, err) = desk.expect(2, &changed);
    assert!(
        err.contains("train.epochs is 2 there, 1 here") && err.contains("--fresh") && err.contains("--out"),
        "{err}"
    );
    let (_, err) = desk.expect(0, &[&changed[..], &["--fresh"]].concat());
    assert!(err.contains("are now in artifacts/tiny/earlier-1"), "{err}");
    assert_eq!(before, desk.records("artifacts/tiny/earlier-1"));
    assert_eq!(desk.records("artifacts/tiny").len(), 6);
    assert!(desk.path().join("artifacts/tiny/earlier-1/report.html").is_file());
    // What was set aside is the folder of a run.
    desk.expect(0, &["report", "artifacts/tiny/earlier-1"]);
    // Nothing is moved where the run cannot start, and what the first look trained stays for the second.
    desk.expect(2, &["sweep", "tiny.toml", "--fresh", "--set", "data.train=5000"]);
    assert!(!desk.path().join("artifacts/tiny/earlier-2").exists());
    desk.expect(0, &["sweep", "tiny.toml", "--fresh", "--precision", "0.1pp", "--seeds", "8", "-q", "--out", "looks"]);
    assert_eq!(desk.records("looks").len(), 16);
    desk.expect(0, &["sweep", "tiny.toml", "--fresh", "-q", "--no-share"]);
    assert!(desk.path().join("artifacts/tiny/earlier-2/records.jsonl").is_file());
    assert_eq!(before, desk.records("artifacts/tiny"));
}

#[test]
fn trials_that_another_run_has_are_taken_from_it_and_named_as_here() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "tiny.toml"]);
    let other = "question = 'q'\nseeds = 4\n[data]\ndataset = 'tiny'\ntrain = 500\nvalidation = 100\ntest = 100\n\
                 [train]\nepochs = 2\nbatch_size = 50\n[[arms]]\nname = 'usual'\n[[arms]]\nname = 'slow'\nlr = 0.0005\n";
    fs::write(desk.path().join("other.toml"), other).unwrap();
    let (_, err) = desk.expect(0, &["sweep", "other.toml"]);
    assert!(err.contains("3 of 8 trials taken from artifacts/tiny") && err.contains("5 trials to train"), "{err}");
    let (_, err) = desk.expect(0, &["sweep", "other.toml", "--no-share", "--out", "alone"]);
    assert!(!err.contains("taken from") && err.contains("8 trials to train"), "{err}");
    assert_eq!(desk.records("artifacts/other"), desk.records("alone"));
    desk.expect(0, &["verify", "artifacts/other", "--all"]);
}

#[test]
fn an_interrupted_run_has_every_arm_of_its_first_seeds() {
    let desk = Desk::new();
    let slow = ["sweep", "tiny.toml", "--seeds", "30", "--epochs", "20", "--jobs", "1", "--out", "run"];
    let mut child = desk.command(&slow).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let count = || record::read_all(&desk.path().join("run")).map_or(0, |records| records.len());
    for _ in 0..2000 {
        if count() >= 6 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let records = record::read_all(&desk.path().join("run")).unwrap();
    let of = |arm: &str| records.iter().filter(|record| record.arm == arm).count();
    assert!(of("sgd").abs_diff(of("adam")) <= 1 && of("adam") >= 3, "{} {}", of("sgd"), of("adam"));
    assert!(desk.path().join("run/report.md").is_file());
}

#[test]
fn a_training_that_is_stopped_keeps_its_weights_and_a_report() {
    let desk = Desk::new();
    let slow = ["train", "tiny.toml", "--arm", "adam", "--epochs", "100000", "--out", "model"];
    let child = desk.command(&slow).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(output.status.code(), Some(130), "{out}{err}");
    let card = fs::read_to_string(desk.path().join("model/model.toml")).unwrap();
    let report = fs::read_to_string(desk.path().join("model/report.html")).unwrap();
    assert!(card.contains("stopped_epoch") && report.contains("It was stopped in epoch"), "{card}");
    assert!(err.contains("stopped in epoch") && out.contains("saved in model"), "{out}{err}");
    for left in ["model.toml", "model.safetensors", "report.html", "curves.csv"] {
        assert!(desk.path().join("model").join(left).is_file(), "{left}");
    }
    let images = "data/tiny/t10k-images-idx3-ubyte";
    assert_eq!(desk.expect(0, &["predict", "model", images]).0.lines().count(), 100);
}

#[test]
fn a_sweep_saves_the_last_network_and_that_of_the_best_epoch() {
    let desk = Desk::new();
    // At this rate the validation loss rises again.
    let args =
        ["sweep", "tiny.toml", "--save-models", "--epochs", "40", "--set", "lr=0.02", "--set", "optimizer=[\"adam\"]"];
    desk.expect(0, &[&args[..], &["--out", "run"]].concat());
    let plain: Vec<&str> = args.iter().copied().filter(|arg| *arg != "--save-models").collect();
    desk.expect(0, &[&plain[..], &["--out", "plain"]].concat());
    assert_eq!(desk.records("run"), desk.records("plain"));
    let mut earlier = 0;
    for record in record::read_all(&desk.path().join("run")).unwrap() {
        let folder = desk.path().join("run/models/adam");
        let card = |name: &str| -> toml::Table {
            fs::read_to_string(folder.join(name).join("model.toml")).unwrap().parse().unwrap()
        };
        assert_eq!(card(&format!("seed-{}", record.seed))["epochs"].as_integer(), Some(40));
        let losses = &record.history.validation_loss;
        let best = losses.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap().0 as i64 + 1;
        if best < 40 {
            earlier += 1;
            assert_eq!(card(&format!("seed-{}-best", record.seed))["epochs"].as_integer(), Some(best));
        }
    }
    assert!(earlier > 0);
    desk.expect(0, &["predict", "run/models/adam/seed-0", "data/tiny/t10k-images-idx3-ubyte"]);
}

#[test]
fn files_can_be_read_by_others() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "tiny.toml", "-q"]);
    desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--out", "model", "-q"]);
    for folder in ["artifacts/tiny", "artifacts/tiny/figures", "model"] {
        for entry in fs::read_dir(desk.path().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert!(
                path.is_dir() || mode == 0o644 || mode == 0o600 && path.ends_with(".lock"),
                "{} {mode:o}",
                path.display()
            );
        }
    }
}

#[test]
fn before_the_training_it_says_what_the_seeds_can_show() {
    let desk = Desk::new();
    let claim = "[[claims]]\nsays = 'most'\ntest = 'median(adam) > 0.5 on test_accuracy'\n";
    let text = fs::read_to_string(desk.path().join("tiny.toml")).unwrap();
    fs::write(desk.path().join("tiny.toml"), format!("{text}\n{claim}")).unwrap();
    let (_, err) = desk.expect(0, &["sweep", "tiny.toml"]);
    let said = err.find("never decided by 3 seeds, even if all agree; it takes about 6");
    assert!(said.is_some_and(|at| at < err.find("trials to train").unwrap()), "{err}");
}

#[test]
fn completions_and_the_manual_are_printed_and_a_misspelt_flag_is_answered() {
    let desk = Desk::new();
    for (shell, part) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef kindling"),
        ("fish", "complete -c kindling"),
        ("man", ".TH kindling"),
    ] {
        let (out, _) = desk.expect(0, &["completions", shell]);
        assert!(out.contains(part), "{shell}: {out}");
    }
    let (_, err) = desk.expect(2, &["sweep", "tiny.toml", "--sedes", "3"]);
    assert!(err.contains("--seeds"), "{err}");
    let (_, err) = desk.expect(2, &["sweep", "tiny.toml", "--set", "train.lrr=1"]);
    assert!(err.contains("did you mean `train.lr`?"), "{err}");
}

#[test]
fn a_dry_run_of_more_than_an_hour_is_warned_of() {
    let desk = Desk::new();
    let (_, err) = desk.expect(0, &["sweep", "tiny.toml", "--dry-run", "--seeds", "100000", "--epochs", "50"]);
    assert!(err.contains("more than an hour"), "{err}");
    let (_, err) = desk.expect(0, &["sweep", "tiny.toml", "--dry-run"]);
    assert!(!err.contains("hour"), "{err}");
}

#[test]
fn on_a_terminal_of_60_columns_verdicts_are_coloured_and_wrapped_at_words() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "tiny.toml", "-q", "--seeds", "6"]);
    let on_terminal = |before: &str| {
        // `script` gives its command a terminal.
        let command =
            format!("stty cols 60 rows 24; {before} {} report artifacts/tiny", env!("CARGO_BIN_EXE_kindling"));
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).current_dir(desk.path()).env("KINDLING_DATA_DIR", "data");
        String::from_utf8(script.env_remove("NO_COLOR").output().unwrap().stdout).unwrap()
    };
    let coloured = on_terminal("");
    let verdict: Vec<&str> = coloured.lines().skip_while(|line| !line.starts_with('\u{1b}')).take(3).collect();
    assert!(verdict[0].contains("\u{1b}[3") && verdict[0].contains("\u{1b}[0m: "), "{coloured}");
    let width = |line: &str| {
        line.replace("\u{1b}[32m", "").replace("\u{1b}[33m", "").replace("\u{1b}[0m", "").trim_end().chars().count()
    };
    assert!(verdict.iter().all(|line| width(line) <= 60) && verdict[1].starts_with("  "), "{verdict:?}");
    assert!(!on_terminal("NO_COLOR=1").contains('\u{1b}'));
    assert!(!desk.expect(0, &["report", "artifacts/tiny"]).0.contains('\u{1b}'));
}
