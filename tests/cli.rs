//! The binary as its user meets it: exit codes, messages, interruption, resume, verify, train, predict.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kindling::data::{digits, known::FILE_NAMES};
use kindling::experiment::metric::Metric;

use common::desk::Desk;

#[test]
fn a_sweep_leaves_what_the_readme_promises() {
    let desk = Desk::new();
    let (out, err) = desk.expect(0, &["sweep", "tiny.toml"]);
    assert!(out.contains("IQM") && out.contains("adam") && out.contains("report.html"), "{out}");
    assert!(err.contains("6 trials to train"), "{err}");
    for file in [
        "spec.toml",
        "records.jsonl",
        "curves.csv",
        "trials.csv",
        "summary.csv",
        "summary.json",
        "report.md",
        "report.html",
        "figures/boxplot.svg",
        "figures/mistakes.svg",
    ] {
        assert!(desk.path().join("artifacts/tiny").join(file).is_file(), "{file}");
    }
    // Again: nothing to train, the same tables.
    let (again, err) = desk.expect(0, &["sweep", "tiny.toml"]);
    assert!(err.contains("nothing to train"), "{err}");
    assert_eq!(out, again);
    // From the records alone.
    fs::remove_dir_all(desk.path().join("artifacts/tiny/figures")).unwrap();
    assert_eq!(desk.expect(0, &["report", "artifacts/tiny"]).0, out);
    assert!(desk.path().join("artifacts/tiny/figures/curves.svg").is_file());
}

#[test]
fn bad_input_is_exit_2_with_the_reason_and_the_way_out() {
    let desk = Desk::new();
    let refused = |args: &[&str], parts: &[&str]| {
        let (_, err) = desk.expect(2, args);
        for part in parts {
            assert!(err.contains(part), "{args:?}: `{part}` not in: {err}");
        }
    };
    fs::write(desk.path().join("bad.toml"), "question = 'q'\n[train]\nbatchsize = 3\n").unwrap();
    refused(&["sweep", "bad.toml"], &["bad.toml:3", "did you mean `batch_size`?"]);
    refused(&["sweep", "optimiser"], &["did you mean `optimizers`?"]);
    refused(&["sweep", "gone.toml"], &["cannot read gone.toml"]);
    refused(&["sweep", "tiny.toml", "--set", "optimizer=addam"], &["did you mean `adam`?"]);
    refused(&["sweep", "tiny.toml", "--set", "lr=-1"], &["--set lr=-1", "above 0"]);
    refused(&["sweep", "tiny.toml", "--set", "batch_size=0"], &["at least 1"]);
    refused(&["sweep", "tiny.toml", "--set", "lr=[]"], &["empty"]);
    refused(&["sweep", "tiny.toml", "--seeds", "0"], &["--seeds", "at least 1"]);
    refused(&["sweep", "tiny.toml", "--epochs", "0"], &["--epochs", "at least 1"]);
    refused(&["sweep", "tiny.toml", "--jobs", "0"], &["--jobs"]);
    refused(&["sweep", "tiny.toml", "--stack", "0"], &["--stack"]);
    refused(&["sweep", "tiny.toml", "--backend", "tpu"], &["unknown backend `tpu`", "flex"]);
    refused(&["sweep", "tiny.toml", "--set", "data.train=5000"], &["`data.train` 5000", "the 600 examples there are"]);
    refused(&["sweep", "tiny.toml", "--dataset", "mnist", "--offline"], &["--data-dir", "--dataset digits"]);
    refused(&["sweep", "tiny.toml", "--dataset", "nothing"], &["no data set `nothing`"]);
    refused(&["sweep", "tiny.toml", "--out", "tiny.toml/sub"], &["--out"]);
    refused(&["report", "data"], &["not the folder of a run"]);
    refused(&["verify", "data"], &["not the folder of a run"]);
    refused(&["train", "tiny.toml"], &["--arm", "sgd, adam"]);
    refused(&["train", "tiny.toml", "--arm", "adan"], &["did you mean `adam`?"]);
    refused(&["predict", "data", "x.png"], &["kindling train"]);
    assert!(!desk.path().join("artifacts").exists(), "nothing may be left behind");
}

#[test]
fn damaged_data_is_exit_2_and_names_the_file() {
    let desk = Desk::new();
    let images = desk.path().join("data/tiny").join(FILE_NAMES[0]);
    let whole = fs::read(&images).unwrap();
    fs::write(&images, &whole[..1000]).unwrap();
    assert!(desk.expect(2, &["sweep", "tiny.toml"]).1.contains(FILE_NAMES[0]));
    fs::write(&images, b"GIF89a, not IDX").unwrap();
    assert!(desk.expect(2, &["sweep", "tiny.toml"]).1.contains("expected 00 00 08"));
    // A single flipped bit of a known set shows in its checksum.
    fs::rename(desk.path().join("data/tiny"), desk.path().join("data/mnist")).unwrap();
    let mut flipped = whole;
    flipped[5000] ^= 1;
    fs::write(desk.path().join("data/mnist").join(FILE_NAMES[0]), flipped).unwrap();
    let (_, err) = desk.expect(2, &["data", "verify", "mnist"]);
    assert!(err.contains("SHA-256") && err.contains("data fetch mnist"), "{err}");
}

#[test]
fn a_dry_run_prints_the_plan_and_trains_nothing() {
    let desk = Desk::new();
    let (out, _) = desk.expect(0, &["sweep", "tiny.toml", "--dry-run", "--seeds", "7"]);
    assert!(out.contains("2 arms x 7 seeds = 14 trials"), "{out}");
    assert!(!desk.path().join("artifacts").exists());
}

#[test]
fn seeds_are_added_look_by_look_until_what_was_asked_for_is_known_or_the_budget_is_used() {
    let desk = Desk::new();
    let path = desk.experiment("looks", "");
    let text = fs::read_to_string(&path).unwrap();
    // Never known: an arm is as good as it is itself.
    fs::write(
        &path,
        format!("{text}[[claims]]\nsays = 'nothing is better than itself'\ntest = 'adam > adam on test_accuracy'\n"),
    )
    .unwrap();
    let sweep = |args: &[&str]| desk.expect(0, &[&["sweep", "looks.toml", "--out", "looks"], args].concat());
    let (out, err) = sweep(&["--until", "known", "--seeds", "10"]);
    assert!(err.contains("look 1 of 2, 8 seeds, at 98.3 %: 1 open; next look at 10 seeds"), "{err}");
    assert!(
        err.contains("look 2 of 2, 10 seeds, at 96.7 %: the budget is used, and 1 open: nothing is better than itself"),
        "{err}"
    );
    assert!(out.contains("96.7 % interval, always valid: it holds at whichever of the looks, at 8, 10 seeds"), "{out}");
    let spec = fs::read_to_string(desk.path().join("looks/spec.toml")).unwrap();
    assert!(spec.contains("seeds = 10\nlooks = [8, 10]"), "{spec}");
    // From the records alone, and by the same command again, the same comes out.
    assert_eq!(desk.expect(0, &["report", "looks"]).0, out);
    assert_eq!(sweep(&["--until", "known", "--seeds", "10"]).0, out);
    // More seeds than were planned are a second look.
    let (out, err) = sweep(&["--seeds", "12"]);
    assert!(
        err.contains("note: 10 seeds an arm were there before, for looks at 8, 10 seeds, and now it is one look"),
        "{err}"
    );
    assert!(out.contains("95 % interval"), "{out}");
    // An interval as wide as can be is narrow enough at the first look.
    let (_, err) = desk.expect(0, &["sweep", "looks.toml", "--precision", "100pp", "--out", "wide"]);
    assert!(err.contains("look 1 of 4, 8 seeds, at 99.5 %: nothing is open"), "{err}");
    let (_, err) = desk.expect(2, &["sweep", "looks.toml", "--precision", "0.1", "--out", "none"]);
    assert!(err.contains("such as 0.1pp"), "{err}");
    let (_, err) = desk.expect(2, &["sweep", "tiny.toml", "--until", "known"]);
    assert!(err.contains("no claim to be decided"), "{err}");
}

#[test]
fn a_report_says_whether_its_claims_are_older_than_its_records() {
    let desk = Desk::new();
    let path = desk.experiment("claims", "");
    let text = fs::read_to_string(&path).unwrap();
    let with = |test: &str| fs::write(&path, format!("{text}[[claims]]\nsays = 's'\ntest = '{test}'\n")).unwrap();
    let age = |words: &str| {
        let report = fs::read_to_string(desk.path().join("artifacts/claims/report.md")).unwrap();
        assert!(report.contains(words), "{report}");
    };
    with("adam > sgd on test_accuracy");
    desk.expect(0, &["sweep", "claims.toml"]);
    age("are as they were before the first record");
    // A claim that is changed when records are there is younger than they are, though there are more records later.
    with("sgd > adam on test_accuracy");
    desk.expect(0, &["sweep", "claims.toml", "--seeds", "4"]);
    age("were changed after the first record");
    with("adam > sgd on test_accuracy");
    desk.expect(0, &["sweep", "claims.toml", "--seeds", "4"]);
    age("are as they were before the first record");
    let spec = desk.path().join("artifacts/claims/spec.toml");
    let lines: Vec<String> = fs::read_to_string(&spec)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with("claims_before"))
        .map(String::from)
        .collect();
    fs::write(spec, lines.join("\n")).unwrap();
    desk.expect(0, &["report", "artifacts/claims"]);
    age("may be younger than the records");
}

#[test]
fn claims_about_arms_that_set_took_away_are_left_out_and_misspelt_ones_are_refused() {
    let desk = Desk::new();
    let claim = |test: &str| {
        let path = desk.experiment("claims", "");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{text}[[claims]]\nsays = 's'\ntest = '{test}'\n")).unwrap();
    };
    claim("adam > sgd on test_accuracy");
    let (out, err) = desk.expect(0, &["sweep", "claims.toml", "--set", "optimizer=adam", "--out", "one"]);
    assert!(err.contains("is not judged") && !out.contains("INCONCLUSIVE"), "{out}{err}");
    claim("adma > sgd on test_accuracy");
    assert!(desk.expect(2, &["sweep", "claims.toml"]).1.contains("did you mean `adam`?"));
}

#[test]
fn json_is_json_and_quiet_is_quiet() {
    let desk = Desk::new();
    let (out, err) = desk.expect(0, &["sweep", "tiny.toml", "--json", "--quiet"]);
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["arms"][1]["label"], "adam");
    assert_eq!(value["arms"][1]["metrics"][0]["n"], 3);
    assert_eq!(err, "");
}

#[test]
fn a_rate_of_a_million_is_exit_0_and_counted() {
    let desk = Desk::new();
    let (out, _) = desk.expect(0, &["sweep", "tiny.toml", "--set", "lr=1e6"]);
    let row = out.lines().find(|line| line.starts_with("adam")).unwrap();
    assert_eq!(row.split_whitespace().nth(2), Some("3"), "{out}");
}

#[test]
fn verify_finds_the_same_bytes_and_finds_a_changed_one() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "tiny.toml", "--stack", "3", "--jobs", "2"]);
    let (out, _) = desk.expect(0, &["verify", "artifacts/tiny", "--trials", "6"]);
    assert_eq!(out.matches("the same bytes").count(), 6, "{out}");
    let path = desk.path().join("artifacts/tiny/records.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    record["history"]["train_loss"][0] = 0.125.into();
    let rest: String = text.lines().skip(1).map(|line| format!("{line}\n")).collect();
    fs::write(&path, format!("{record}\n{rest}")).unwrap();
    let (out, _) = desk.expect(3, &["verify", "artifacts/tiny", "--all"]);
    assert_eq!(out.matches("DIFFERENT").count(), 1, "{out}");
    assert!(out.contains("of history.train_loss[0]"), "{out}");
    assert!(out.contains("6 of 6 recorded trials checked: 5 the same, 1 different\n"), "{out}");
    assert!(out.contains("the records were made by kindling") && out.contains("retrained by kindling"), "{out}");
}

/// Long enough to be broken off: 6 trials of some seconds in all.
fn slow(desk: &Desk) -> [&'static str; 6] {
    desk.experiment("slow", "");
    ["sweep", "slow.toml", "--epochs", "400", "--stack", "1"]
}

#[cfg(unix)]
fn wait_for_records(desk: &Desk, count: usize) {
    let path = desk.path().join("artifacts/slow/records.jsonl");
    for _ in 0..6000 {
        if fs::read_to_string(&path).is_ok_and(|text| text.matches('\n').count() >= count) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no {count} records after 30 s");
}

#[cfg(unix)]
#[test]
fn killed_at_any_moment_a_sweep_goes_on_where_it_was() {
    let desk = Desk::new();
    let args = slow(&desk);
    for count in [1, 3] {
        let mut child = desk.command(&args).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        wait_for_records(&desk, count);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let before = desk.records("artifacts/slow").len();
    assert!((3..6).contains(&before), "{before} records");
    let (_, err) = desk.expect(0, &args);
    assert!(err.contains(&format!("{before} recorded already")), "{err}");
    let mut fresh = args.to_vec();
    fresh.extend(["--out", "fresh"]);
    desk.expect(0, &fresh);
    assert_eq!(desk.records("artifacts/slow"), desk.records("fresh"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_is_exit_130_with_everything_finished_on_disk() {
    let desk = Desk::new();
    let args = slow(&desk);
    let child = desk.command(&args).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    wait_for_records(&desk, 1);
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let kept = desk.records("artifacts/slow").len();
    assert!((1..6).contains(&kept), "{kept}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("IQM"), "the finished part is still shown");
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_is_exit_1_and_what_was_finished_stays() {
    let desk = Desk::new();
    // A limit on the size of files stands for the full disk: 8 blocks of 1,024 bytes.
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; exec {} sweep tiny.toml --seeds 8 --jobs 1 --stack 1",
        env!("CARGO_BIN_EXE_kindling")
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(desk.path())
        .env("KINDLING_DATA_DIR", "data")
        .env("KINDLING_CACHE_DIR", "cache")
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("every trial finished before is kept"), "{err}");
    let kept = desk.records("artifacts/tiny").len();
    assert!((1..16).contains(&kept), "{kept}");
    let (_, err) = desk.expect(0, &["sweep", "tiny.toml", "--seeds", "8"]);
    assert!(err.contains(&format!("{kept} recorded already")), "{err}");
    assert_eq!(desk.records("artifacts/tiny").len(), 16);
}

#[test]
fn train_gives_the_sweeps_numbers_saves_and_predicts() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "tiny.toml", "--epochs", "20", "--stack", "3"]);
    let (line, err) =
        desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--seed", "2", "--epochs", "20", "--json"]);
    assert!(err.contains("epoch  20/20"), "{err}");
    let record: kindling::record::TrialRecord = serde_json::from_str(&line).unwrap();
    assert!(desk.records("artifacts/tiny").contains(&record.timeless().to_line().unwrap()));
    let model = "artifacts/model-tiny-adam";
    for file in ["model.bpk", "model.safetensors", "model.toml"] {
        assert!(desk.path().join(model).join(file).is_file(), "{file}");
    }
    // On the test file, prediction by prediction, it is right as often as the record says.
    let images = format!("data/tiny/{}", FILE_NAMES[2]);
    let (out, _) = desk.expect(0, &["predict", model, &images, "--json"]);
    let labels = digits::draw(600, 100).labels.into_iter().map(|label| label.to_string());
    let right = out
        .lines()
        .zip(labels)
        .filter(|(line, label)| serde_json::from_str::<serde_json::Value>(line).unwrap()["class"] == **label);
    assert_eq!(right.count() as f64 / 100.0, record.metric(&Metric::TestAccuracy).unwrap());
    // The table of classes, on stdout.
    let (out, _) = desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--quiet"]);
    assert!(out.contains("precision") && out.contains("macro mean") && out.contains("support"), "{out}");
}

#[test]
fn train_and_lr_find_see_a_bad_out_before_they_train() {
    let desk = Desk::new();
    for command in ["train", "lr-find"] {
        let (_, err) = desk.expect(2, &[command, "tiny.toml", "--arm", "adam", "--out", "tiny.toml/sub"]);
        assert!(err.contains("tiny.toml/sub") && err.contains("--out") && !err.contains("epoch"), "{command}: {err}");
    }
}

#[test]
fn train_leaves_no_empty_folder_where_nothing_is_saved() {
    let desk = Desk::new();
    let (out, _) = desk.expect(1, &["train", "tiny.toml", "--arm", "sgd", "--set", "lr=1e6", "--out", "new/diverged"]);
    assert!(out.contains("nothing is saved"), "{out}");
    assert!(!desk.path().join("new").exists());
}

#[test]
fn starting_weights_that_do_not_fit_are_seen_before_anything_is_trained() {
    let desk = Desk::new();
    desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--set", "hidden=[6]", "--out", "small"]);
    let start = ["--set", "model.start=small/model.safetensors", "--set", "hidden=[7]", "--out", "new"];
    for command in ["train", "lr-find", "gradcheck"] {
        let (_, err) = desk.expect(2, &[&[command, "tiny.toml", "--arm", "adam"], &start[..]].concat());
        assert!(err.contains("error:") && err.contains("expected [784, 7]"), "{command}: {err}");
        assert!(!desk.path().join("new").exists(), "{command}");
    }
}

#[test]
fn what_cannot_be_saved_after_training_is_exit_1_and_the_numbers_are_printed() {
    let desk = Desk::new();
    // A folder in the way of a file: the check before training cannot see it.
    fs::create_dir_all(desk.path().join("out/model.safetensors/x")).unwrap();
    let (out, err) = desk.expect(1, &["train", "tiny.toml", "--arm", "adam", "--out", "out"]);
    assert!(out.contains("test accuracy") && !out.contains("saved in"), "{out}");
    assert!(err.contains("the network is not saved") && err.contains("model.safetensors"), "{err}");
    fs::create_dir_all(desk.path().join("rates/lr-find.csv")).unwrap();
    let (out, err) = desk.expect(1, &["lr-find", "tiny.toml", "--arm", "adam", "--steps", "40", "--out", "rates"]);
    assert!(out.contains("falls most steeply"), "{out}");
    assert!(err.contains("lr-find.csv"), "{err}");
}

#[test]
fn an_autoencoder_that_cannot_be_saved_is_exit_1_and_its_record_is_kept() {
    let desk = Desk::new();
    fs::create_dir_all(desk.path().join("out")).unwrap();
    fs::write(desk.path().join("out/models"), b"a file in the way").unwrap();
    let small = ["--set", "data.train=500", "--set", "data.validation=100", "--set", "data.test=100"];
    let args = ["autoencoder", "--latent", "4", "--depth", "1", "--dataset", "tiny", "--seeds", "1", "--out", "out"];
    let (out, err) = desk.expect(1, &[&args[..], &["--epochs", "1", "--set", "trustworthiness=5"], &small].concat());
    assert!(err.contains("the network of seed 0 is not saved"), "{err}");
    assert!(out.contains("report.html"), "{out}");
    assert_eq!(desk.records("out").len(), 1);
}

#[test]
fn an_autoencoders_network_that_was_not_saved_is_trained_again_and_saved_by_the_same_command() {
    let desk = Desk::new();
    let small = ["--set", "data.train=500", "--set", "data.validation=100", "--set", "data.test=100"];
    let args = ["autoencoder", "--latent", "4", "--depth", "1", "--dataset", "tiny", "--seeds", "2", "--out", "out"];
    let args = [&args[..], &["--epochs", "1", "--set", "trustworthiness=5"], &small].concat();
    desk.expect(0, &args);
    let file = |name: &str| fs::read(desk.path().join("out").join(name)).unwrap();
    // The head of a safetensors file, as long as its first 8 bytes say, names the entries of its metadata in any order.
    let weights = || {
        let bytes = file("models/seed-1/model.safetensors");
        let head = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[8 + head..].to_vec()
    };
    let (records, before) = (file("records.jsonl"), weights());
    fs::remove_dir_all(desk.path().join("out/models")).unwrap();
    fs::write(desk.path().join("out/models"), b"a file in the way").unwrap();
    let (_, err) = desk.expect(1, &args);
    assert!(err.contains("seed 0 is not saved") && err.contains("seed 1 is not saved"), "{err}");
    fs::remove_file(desk.path().join("out/models")).unwrap();
    let (_, err) = desk.expect(0, &args);
    assert!(err.contains("training seed 0 again") && err.contains("training seed 1 again"), "{err}");
    assert!(weights() == before, "the same weights");
    assert!(file("records.jsonl") == records, "the same records");
    let (_, err) = desk.expect(0, &args);
    assert!(!err.contains("again"), "{err}");
}

#[test]
fn reproduce_with_a_setting_that_does_not_exist_leaves_the_ledger_alone() {
    let desk = Desk::new();
    let args = ["reproduce", "regression", "--smoke", "--offline", "--out", "ledger"];
    desk.expect(0, &args);
    let ledger = || fs::read(desk.path().join("ledger/ledger.md")).unwrap();
    let before = ledger();
    for (flag, value) in [("--set", "lrr=1"), ("--jobs", "0"), ("--backend", "tpu")] {
        let (_, err) = desk.expect(2, &[&args[..], &["quartic", flag, value]].concat());
        assert!(err.contains(value) || err.contains("unknown backend `tpu`"), "{err}");
        assert_eq!(ledger(), before);
        assert!(!desk.path().join("ledger/quartic").exists());
    }
}

#[test]
fn reproduce_goes_on_where_one_folder_holds_a_damaged_record_and_ends_with_1() {
    let desk = Desk::new();
    let args = ["reproduce", "regression", "quartic", "--smoke", "--offline", "--out", "ledger"];
    desk.expect(0, &args);
    let ledger = || fs::read_to_string(desk.path().join("ledger/ledger.md")).unwrap();
    assert!(ledger().contains("[regression](") && ledger().contains("[quartic]("));
    let records = desk.path().join("ledger/regression/records.jsonl");
    let whole = fs::read_to_string(&records).unwrap();
    fs::write(&records, whole.replacen("\"schema\"", "\"shcema\"", 1)).unwrap();
    // Whether it is asked for or only read for the ledger.
    for args in [&args[..], &["reproduce", "quartic", "--smoke", "--offline", "--out", "ledger"]] {
        let (_, err) = desk.expect(1, args);
        assert!(err.contains("experiment `regression`") && err.contains("records.jsonl:1"), "{err}");
        assert!(ledger().contains("[quartic](") && !ledger().contains("[regression]("), "{}", ledger());
        assert!(ledger().contains("`regression`"), "the missing one is named: {}", ledger());
    }
}

#[test]
fn reproduce_writes_a_report_again_that_was_made_from_other_records() {
    let desk = Desk::new();
    let args = ["reproduce", "regression", "--smoke", "--offline", "--out", "ledger"];
    desk.expect(0, &args);
    let report = desk.path().join("ledger/regression/report.md");
    let whole = fs::read_to_string(&report).unwrap();
    let line = whole.lines().find(|line| line.contains("made from the records with hash")).unwrap();
    // As an interrupt leaves it: the report of fewer records, which are all there by now.
    fs::write(&report, whole.replace(line, "- This page is made from the records with hash 0123456789abcdef."))
        .unwrap();
    desk.expect(0, &args);
    assert_eq!(fs::read_to_string(&report).unwrap(), whole);
}

#[test]
fn report_refuses_records_whose_settings_are_no_longer_those_of_the_spec() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "tiny.toml"]);
    let spec = desk.path().join("artifacts/tiny/spec.toml");
    let before = fs::read_to_string(&spec).unwrap();
    let epochs = before.lines().find(|line| line.starts_with("epochs = ")).unwrap();
    fs::write(&spec, before.replace(epochs, "epochs = 77")).unwrap();
    let (_, err) = desk.expect(2, &["report", "artifacts/tiny"]);
    assert!(err.contains("other settings than artifacts/tiny/spec.toml"), "{err}");
    fs::write(&spec, before).unwrap();
    desk.expect(0, &["report", "artifacts/tiny"]);
}

#[test]
fn without_a_terminal_there_are_no_escape_codes() {
    let desk = Desk::new();
    let output = desk.run(&["sweep", "tiny.toml"]);
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b));
}

#[test]
fn the_readmes_own_experiment_runs() {
    let desk = Desk::new();
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let block = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    fs::write(desk.path().join("warmup.toml"), block).unwrap();
    let (out, err) = desk.expect(
        0,
        &[
            "sweep",
            "warmup.toml",
            "--dataset",
            "tiny",
            "--set",
            "data.train=500",
            "--set",
            "data.validation=100",
            "--set",
            "data.test=100",
            "--smoke",
        ],
    );
    assert!(out.contains("warmup_cosine warmup=2") && !err.contains("is not judged"), "{out}{err}");
}

#[test]
fn a_sweep_of_optimizers_of_one_name_is_read_back_by_report_and_verify() {
    let desk = Desk::new();
    let axis = "optimizer=[\"adam\", {name=\"adam\", lr=0.01}, \"sgd\", {name=\"adam\", lr=0.01, eps=1e-4}]";
    let (out, _) = desk.expect(0, &["sweep", "tiny.toml", "--set", axis, "--set", "data.train=[400, 500]"]);
    assert!(out.contains("adam lr=0.01 eps=0.0001 data.train=400"), "{out}");
    assert_eq!(desk.expect(0, &["report", "artifacts/tiny"]).0, out);
    desk.expect(0, &["verify", "artifacts/tiny", "--trials", "24"]);
}

#[test]
fn absurd_numbers_are_refused_and_not_multiplied_out() {
    let desk = Desk::new();
    for extra in [
        vec!["--seeds", "18446744073709551615"],
        vec!["--epochs", "1000000000000000"],
        vec!["--set", "hidden=[9223372036854775807]"],
        vec!["--set", "hidden=[2000000000]"],
        vec!["--set", "data.train=9223372036854775807"],
        vec!["--set", "optimizer={ name = \"adam\", betas = [0.9, 0.99999999] }"],
    ] {
        let args: Vec<&str> = ["sweep", "tiny.toml", "--dry-run"].into_iter().chain(extra).collect();
        let (_, err) = desk.expect(2, &args);
        assert!(err.contains("at most") || err.contains("below 1"), "{args:?}: {err}");
    }
    desk.expect(0, &["sweep", "tiny.toml", "--jobs", "1000000"]);
}

#[test]
fn settings_are_judged_with_the_optimizer_they_end_up_with() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "tiny.toml", "--dry-run", "--set", "optimizer=momentum", "--set", "momentum=0.95"]);
    desk.expect(
        0,
        &[
            "sweep",
            "tiny.toml",
            "--dry-run",
            "--set",
            "optimizer=[\"momentum\", \"rmsprop\"]",
            "--set",
            "momentum=[0.5, 0.9]",
        ],
    );
    let (_, err) = desk.expect(2, &["sweep", "tiny.toml", "--dry-run", "--set", "momentum=0.95"]);
    assert!(err.contains("has no setting `momentum`"), "{err}");
}

#[test]
fn mnist_that_cannot_be_had_is_replaced_loudly_when_nobody_named_it() {
    let desk = Desk::new();
    let args = ["sweep", "optimizers", "--smoke", "--offline"];
    let output = desk.command(&args).env_remove("KINDLING_DATA_DIR").output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(err.contains("WARNING") && err.contains("not MNIST's"), "{err}");
    assert!(out.contains("on digits"), "{out}");
    // Who names a data folder is not given other data.
    let (_, err) = desk.expect(2, &args);
    assert!(err.contains("data/mnist") && !err.contains("WARNING"), "{err}");
    let (_, err) = desk.expect(2, &["sweep", "optimizers", "--smoke", "--offline", "--data-dir", "absent"]);
    assert!(err.contains("the data folder absent is not there"), "{err}");
}

#[test]
fn list_shows_every_experiment_with_question_and_cost() {
    let desk = Desk::new();
    let (out, _) = desk.expect(0, &["list"]);
    for (name, _) in kindling::experiment::spec::library::EXPERIMENTS {
        let own = |line: &&str| line.split_whitespace().next() == Some(name);
        let rows: Vec<&str> = out.lines().filter(own).collect();
        assert_eq!(rows.len(), 1, "{name}");
        assert!(rows[0].ends_with('?'), "{}", rows[0]);
    }
}

#[test]
fn compare_of_two_single_networks_counts_the_images_that_only_one_predicts_right() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "tiny.toml", "--out", "a", "--seeds", "1"]);
    desk.expect(0, &["sweep", "tiny.toml", "--out", "b", "--seeds", "1", "--epochs", "2"]);
    let (out, _) = desk.expect(0, &["compare", "a", "b"]);
    assert_eq!(out.matches("these two networks: ").count(), 2, "{out}");
    assert!(out.contains("McNemar's exact p"), "{out}");
    let (out, _) = desk.expect(0, &["compare", "a", "a"]);
    assert!(
        out.contains("0 of 100 test images only the first predicts right, 0 only the second; McNemar's exact p 1.0000"),
        "{out}"
    );
}

#[test]
fn compare_pairs_the_arms_of_two_runs() {
    let desk = Desk::new();
    desk.expect(0, &["sweep", "tiny.toml", "--out", "a"]);
    desk.expect(0, &["sweep", "tiny.toml", "--out", "b", "--set", "batch_size=10"]);
    let (out, _) = desk.expect(0, &["compare", "a", "b"]);
    assert!(out.contains("a:adam") && out.contains("b:sgd") && out.contains("3 runs each"), "{out}");
    assert!(desk.expect(2, &["compare", "a", "b", "--metric", "speed"]).1.contains("it has test_accuracy"));
}

#[test]
fn data_shows_a_contact_sheet_and_lists_what_is_there() {
    let desk = Desk::new();
    let (out, _) = desk.expect(0, &["data"]);
    assert!(out.contains("tiny") && out.contains("data fetch mnist"), "{out}");
    desk.expect(0, &["data", "show", "tiny", "--columns", "5"]);
    assert!(fs::read(desk.path().join("tiny.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(desk.expect(0, &["data", "verify", "tiny"]).0.contains("480 to train, 120 to validate and 100 to test"));
}

#[test]
fn draw_leaves_a_picture_of_each_subject_and_prints_where() {
    let desk = Desk::new();
    let drawn = |args: &[&str], file: &str, start: &[u8]| {
        let (out, err) = desk.expect(0, &[&["draw"], args].concat());
        assert!(out.contains(&format!("figure: {file}")) && err.is_empty(), "{out}{err}");
        let bytes = fs::read(desk.path().join(file)).unwrap();
        assert!(bytes.starts_with(start) && bytes.len() < 400_000, "{file}");
        out
    };
    drawn(&["activations"], "activations.svg", b"<svg");
    let out = drawn(&["function", "saddle", "--out", "s.svg"], "s.svg", b"<svg");
    assert!(out.contains("0.5 (x² - y²) + y⁴/4; the crosses are the minima"), "{out}");
    drawn(&["function", "quartic"], "function-quartic.svg", b"<svg");
    let out = drawn(&["network"], "network-classifier.svg", b"<svg");
    assert!(out.contains("784 x 64") && out.contains("classifier: 52,650 parameters"), "{out}");
    let wide = ["network", "--set", "model.hidden=[128]", "--set", "model.bias=false"];
    let out = drawn(&wide, "network-classifier.svg", b"<svg");
    assert!(out.contains("100,352") && out.contains("1,280") && out.contains(": 101,632 parameters"), "{out}");
    let linear = ["network", "--set", "model.hidden=[]", "--json"];
    let (json, _) = desk.expect(0, &[&["draw"], &linear[..]].concat());
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["parameters"], 7_850);
    let out =
        drawn(&["network", "--set", "model.latent=16", "--set", "train.loss=mse"], "network-classifier.svg", b"<svg");
    // 784-64-32-16-32-64-784: weights and biases.
    let both_halves = 2 * (784 * 64 + 64 * 32 + 32 * 16) + (64 + 32 + 16) + (32 + 64 + 784);
    assert_eq!(both_halves, 106_464);
    assert!(out.contains("decoder.layers.2") && out.contains(": 106,464 parameters"), "{out}");
}

#[test]
fn draw_weights_shows_the_first_layer_of_a_classifier_and_of_an_autoencoder_but_not_of_a_network_for_points() {
    let desk = Desk::new();
    desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--quiet", "--out", "model"]);
    let (out, _) = desk.expect(0, &["draw", "weights", "model"]);
    assert!(out.contains("H1 to H10") && out.contains("all 64 units: mean 0."), "{out}");
    assert!(fs::read(desk.path().join("model/weights.png")).unwrap().starts_with(b"\x89PNG"));
    let (json, _) = desk.expect(0, &["draw", "weights", "model", "--json", "--out", "w.png"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["units"].as_array().unwrap().len(), 64);
    assert!(desk.path().join("w.png").is_file());
    let coded = ["autoencoder", "--dataset", "tiny", "--latent", "4", "--seeds", "1", "--epochs", "1", "--quiet"];
    let sizes = ["--set", "data.train=500", "--set", "data.validation=100", "--set", "data.test=100", "--out", "codes"];
    desk.expect(0, &[&coded[..], &sizes[..]].concat());
    let (out, _) = desk.expect(0, &["draw", "weights", "codes"]);
    assert!(out.contains("figure: codes/models/seed-0/weights.png"), "{out}");
    let points = "question = 'q'\nseeds = 1\n[data]\ndataset = 'blobs'\n[model]\nhidden = [3]\n[train]\nepochs = 1\n";
    fs::write(desk.path().join("points.toml"), points).unwrap();
    desk.expect(0, &["train", "points.toml", "--quiet", "--out", "points"]);
    let (_, err) = desk.expect(2, &["draw", "weights", "points"]);
    assert!(err.contains("points of blobs") && err.contains("2 inputs") && err.contains("28x28"), "{err}");
    assert!(!desk.path().join("points/weights.png").exists());
}

#[test]
fn draw_and_explain_refuse_what_they_do_not_know_and_say_what_there_is() {
    let desk = Desk::new();
    let refused = |args: &[&str], parts: &[&str]| {
        let (_, err) = desk.expect(2, args);
        for part in parts {
            assert!(err.contains(part), "{args:?}: `{part}` not in: {err}");
        }
    };
    refused(&["draw", "function", "sadle"], &["did you mean `saddle`?", "ravine"]);
    refused(&["draw", "network", "optimizers"], &["--arm"]);
    refused(&["draw", "network", "rosenbrock", "--arm", "adam"], &["trains no network"]);
    refused(&["draw", "network", "nowhere.toml"], &["cannot read nowhere.toml"]);
    refused(&["draw", "weights", "data"], &["kindling train"]);
    refused(&["draw", "activations", "--out", "no/such/folder.svg"], &["no/such/folder.svg", "--out"]);
    refused(&["explain", "losses"], &["a similar subcommand exists: 'loss'"]);
}

#[test]
fn explain_backprop_prints_every_gradient_and_leaves_its_flow_chart() {
    let desk = Desk::new();
    let (out, _) = desk.expect(0, &["explain", "backprop"]);
    assert!(out.contains("dL/dw1 = dL/da2 * da2/dz2 * dz2/da1 * da1/dz1 * dz1/dw1"), "{out}");
    assert!(fs::read_to_string(desk.path().join("backprop.svg")).unwrap().ends_with("</svg>\n"));
    let (json, _) = desk.expect(0, &["explain", "backprop", "--json", "--out", "chart.svg"]);
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(parsed["example"]["gradients"].as_array().unwrap().len(), 4, "{json}");
    assert_eq!(parsed["figure"], "chart.svg");
    let (_, err) = desk.expect(2, &["explain", "backprop", "--out", "no/such/chart.svg"]);
    assert!(err.contains("no/such/chart.svg") && err.contains("--out"), "{err}");
}

#[test]
fn explain_loss_works_the_articles_examples_through() {
    let desk = Desk::new();
    let (out, _) = desk.expect(0, &["explain", "loss"]);
    for step in
        ["= 1.7500", "= 0.0100", "= 0.9867", "= 0.1073", "-ln 0.2        = 1.6094", "= 0.5365", "= 0.0351", "34.54"]
    {
        assert!(out.contains(step), "`{step}` not in {out}");
    }
    let (json, _) = desk.expect(0, &["explain", "loss", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["examples"][0]["value"], 1.75);
    assert_eq!(value["examples"].as_array().unwrap().len(), 6);
}

#[test]
fn a_run_that_starts_from_weights_in_a_file_is_reported_again() {
    let desk = Desk::new();
    desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--out", "first"]);
    let start = ["--set", "model.start=first/model.safetensors", "--out", "run"];
    let (out, _) = desk.expect(0, &[&["sweep", "tiny.toml"], &start[..]].concat());
    assert_eq!(desk.expect(0, &["report", "run"]).0, out);
}

#[test]
fn a_smoke_run_over_several_data_sets_is_reported_again() {
    let desk = Desk::new();
    let text = "question = 'q'\n[sweep]\ndataset = ['digits', 'blobs']\n";
    fs::write(desk.path().join("sets.toml"), text).unwrap();
    desk.expect(0, &["sweep", "sets.toml", "--smoke", "--out", "run"]);
    desk.expect(0, &["report", "run"]);
}
