//! The commands of the studies, toy data sets, searches and the ledger, run as a user runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;

use common::desk::Desk;

#[test]
fn descend_writes_a_report_with_the_trajectories() {
    let desk = Desk::new();
    let (out, _) = desk.expect(0, &["descend", "rosenbrock", "--steps", "50", "-p", "adam:0.01,momentum:0.001"]);
    assert!(out.contains("adam") && out.contains("momentum") && !out.contains("inconclusive"), "{out}");
    let figure = fs::read_to_string(desk.path().join("artifacts/descend-rosenbrock/figures/descent.svg")).unwrap();
    assert!(figure.contains("<image") && figure.contains("<polyline"));
    // Regression: the box plot panicked for values that differ only in their last bits.
    desk.expect(
        0,
        &["descend", "bowl", "--start", "2,2", "--jitter", "0.3", "-p", "sgd:0.05,adam:0.05", "--seeds", "4"],
    );
}

#[test]
fn descend_refuses_unknown_names_and_bad_values_and_names_the_valid_ones() {
    let desk = Desk::new();
    for (args, parts) in [
        (&["descend", "rosenbrok"][..], &["did you mean `rosenbrock`", "quartic"][..]),
        (&["descend", "wavy", "-p", "adm"], &["did you mean `adam`"]),
        (&["descend", "wavy", "-p", "adam:fast"], &["`fast`"]),
        (&["descend", "quartic", "--start", "1,2"], &["2 numbers", "has 1"]),
        (&["descend", "--steps", "0"], &["descend.steps"]),
        (&["descend", "--jitter", "-1"], &["descend.jitter", "0 or more"]),
    ] {
        let (_, err) = desk.expect(2, args);
        assert!(parts.iter().all(|part| err.contains(part)), "{args:?}: {err}");
    }
}

#[test]
fn gradcheck_passes_for_a_correct_gradient_and_fails_for_an_impossible_tolerance() {
    let desk = Desk::new();
    let (out, _) = desk.expect(0, &["gradcheck", "tiny.toml", "--arm", "adam", "--samples", "5"]);
    assert!(out.contains("layers.0.weight") && out.contains("All 6 parameters are within"), "{out}");
    let (out, _) =
        desk.expect(1, &["gradcheck", "tiny.toml", "--arm", "adam", "--samples", "5", "--tolerance", "1e-15"]);
    assert!(out.contains("WRONG"), "{out}");
    let (_, err) = desk.expect(2, &["gradcheck", "rosenbrock", "--arm", "adam"]);
    assert!(err.contains("no network"), "{err}");
    desk.expect(2, &["gradcheck", "tiny.toml", "--arm", "adam", "--tolerance", "0"]);
}

#[test]
fn lr_find_suggests_a_rate_inside_its_range() {
    let desk = Desk::new();
    let args = [
        "lr-find",
        "tiny.toml",
        "--arm",
        "adam",
        "--steps",
        "60",
        "--seeds",
        "2",
        "--json",
        "--from",
        "1e-5",
        "--to",
        "1",
    ];
    let (out, _) = desk.expect(0, &args);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    let rate = found["steepest"].as_f64().unwrap();
    assert!((1e-4..0.5).contains(&rate), "{rate}");
    let folder = desk.path().join("artifacts/lr-find-tiny-adam");
    let csv = fs::read_to_string(folder.join("lr-find.csv")).unwrap();
    assert!(
        csv.starts_with("seed,batch,rate,loss,smoothed\n0,0,0.00001") && folder.join("lr-find.svg").is_file(),
        "{csv}"
    );
    let (_, err) = desk.expect(2, &["lr-find", "tiny.toml", "--arm", "adam", "--from", "1", "--to", "0.1"]);
    assert!(err.contains("--to 0.1"), "{err}");
}

#[test]
fn landscape_draws_the_loss_around_a_saved_network() {
    let desk = Desk::new();
    desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--out", "m", "-q"]);
    let (out, _) = desk.expect(0, &["landscape", "m", "--points", "7", "--examples", "50"]);
    assert!(out.contains("at the network"), "{out}");
    let csv = fs::read_to_string(desk.path().join("m/landscape.csv")).unwrap();
    assert_eq!(csv.lines().count(), 50);
    assert!(desk.path().join("m/landscape.svg").is_file());
    let (_, err) = desk.expect(2, &["landscape", "m", "--points", "8"]);
    assert!(err.contains("odd"), "{err}");
    let (_, err) = desk.expect(2, &["landscape", "nowhere"]);
    assert!(err.contains("kindling train"), "{err}");
}

#[test]
fn toys_are_listed_drawn_and_trained_on() {
    let desk = Desk::new();
    let (out, _) = desk.expect(0, &["data"]);
    assert!(["line", "blobs", "separable", "quadrants", "xor"].iter().all(|toy| out.contains(toy)), "{out}");
    desk.expect(0, &["data", "show", "quadrants"]);
    assert!(fs::read_to_string(desk.path().join("quadrants.svg")).unwrap().contains("stroke-linecap"));
    let (out, _) = desk.expect(0, &["train", "--dataset", "blobs", "--epochs", "3", "--out", "m", "-q"]);
    assert!(out.contains("on blobs"), "{out}");
    let (_, err) = desk.expect(2, &["predict", "m", "x.png"]);
    assert!(err.contains("takes points, not images"), "{err}");
    // Regression: splits of MNIST's size were cut from a toy's thousand points.
    desk.expect(0, &["train", "--dataset", "blobs", "--smoke", "--out", "m", "-q"]);
    desk.expect(0, &["sweep", "perceptron", "--smoke", "-q", "--out", "p"]);
    desk.expect(0, &["report", "p"]);
    let (_, err) = desk.expect(2, &["train", "--dataset", "blobs", "--set", "noise=0.1"]);
    assert!(err.contains("neither for points"), "{err}");
    let (_, err) = desk.expect(2, &["train", "--dataset", "line"]);
    assert!(err.contains("mse or quadratic"), "{err}");
    let (_, err) = desk.expect(2, &["autoencoder", "--dataset", "blobs"]);
    assert!(err.contains("needs images"), "{err}");
    let (_, err) = desk.expect(2, &["train", "--dataset", "blobs", "--set", "augment={ shift = 1 }"]);
    assert!(err.contains("moves images"), "{err}");
}

#[test]
fn a_network_starts_from_the_weights_of_a_file() {
    let desk = Desk::new();
    desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--out", "first", "-q"]);
    let start = "--set=start=\"first/model.safetensors\"";
    let (out, _) =
        desk.expect(0, &["train", "tiny.toml", "--arm", "adam", "--set", "lr=1e-12", start, "--out", "then", "-q"]);
    let accuracy = |folder: &str| {
        let card = fs::read_to_string(desk.path().join(folder).join("model.toml")).unwrap();
        card.lines().find(|line| line.starts_with("test_accuracy")).unwrap().to_string()
    };
    assert_eq!(accuracy("first"), accuracy("then"), "{out}");
    let (_, err) = desk.expect(2, &["train", "tiny.toml", "--arm", "adam", "--set", "start=\"nowhere.npz\""]);
    assert!(err.contains("nowhere.npz"), "{err}");
    let (_, err) = desk.expect(2, &["train", "tiny.toml", "--arm", "adam", "--set", "hidden=[7]", start]);
    assert!(err.contains("expected [784, 7]") || err.contains("[1, 784, 64]"), "{err}");
}

#[test]
fn a_bayesian_search_continues_where_it_stopped_and_can_be_reported_and_verified() {
    let desk = Desk::new();
    let text = |count: usize| {
        format!(
            "question = 'q'\nseeds = 2\n[data]\ndataset = 'blobs'\n[model]\nhidden = [4]\n[train]\nepochs = 3\n[sweep]\n\
             lr = {{ log_uniform = [1e-4, 1.0] }}\nsearch = {{ bayesian = {count}, seed = 5 }}\n"
        )
    };
    let path = desk.path().join("climb.toml");
    fs::write(&path, text(6)).unwrap();
    desk.expect(0, &["sweep", "climb.toml", "-q", "--out", "a"]);
    fs::write(&path, text(10)).unwrap();
    desk.expect(0, &["sweep", "climb.toml", "-q", "--out", "a"]);
    let (_, err) = desk.expect(0, &["sweep", "climb.toml", "--out", "b"]);
    assert!(err.contains("on validation, best"), "{err}");
    // A proposal may repeat an earlier one, so there can be fewer records than 10 arms of 2 seeds.
    assert!((14..=20).contains(&desk.records("a").len()));
    assert_eq!(desk.records("a"), desk.records("b"));
    desk.expect(0, &["report", "a"]);
    desk.expect(0, &["verify", "a", "--trials", "2"]);
    fs::write(&path, text(6).replace("bayesian = 6", "bayesian = 6, random = 3")).unwrap();
    let (_, err) = desk.expect(2, &["sweep", "climb.toml"]);
    assert!(err.contains("one of"), "{err}");
}

#[test]
fn reproduce_runs_missing_trials_and_writes_the_ledger() {
    let desk = Desk::new();
    let chosen = ["reproduce", "regression", "rosenbrock", "--out", "shelf", "--offline", "--set", "epochs=2"];
    let (out, _) = desk.expect(0, &["reproduce", "regression", "rosenbrock", "--smoke", "--out", "shelf", "--offline"]);
    // One epoch is not what the source describes, and nothing to a descent.
    assert!(out.contains("Neural Networks (project report): 1 claim: 1 not as published"), "{out}");
    assert!(out.contains("How Neural Networks Learn (article, 2026): 2 claims: 2 refuted"), "{out}");
    assert!(out.contains("There was no ledger to compare with.") && out.contains("ledger: shelf/ledger.html"), "{out}");
    let ledger = fs::read_to_string(desk.path().join("shelf/ledger.md")).unwrap();
    assert!(ledger.contains("[rosenbrock](rosenbrock/report.md)") && ledger.contains("| refuted |"), "{ledger}");
    assert!(ledger.contains("`regression`: train.epochs is 1 instead of 200"), "{ledger}");
    assert!(
        ledger.contains("Adam typically converges fastest") && ledger.contains("Not run, or not to the end"),
        "{ledger}"
    );
    let html = fs::read_to_string(desk.path().join("shelf/ledger.html")).unwrap();
    assert!(html.contains("<a href=\"rosenbrock/report.html\">") && html.contains("class=\"refuted\""));
    let report = fs::read_to_string(desk.path().join("shelf/regression/report.md")).unwrap();
    assert!(report.contains("> **Not as published: this run differs from its experiment's file."), "{report}");
    let again = ["reproduce", "regression", "rosenbrock", "--smoke", "--out", "shelf", "--offline", "--json"];
    let lines: serde_json::Value = serde_json::from_str(&desk.expect(0, &again).0).unwrap();
    assert_eq!(lines.as_array().unwrap().len(), 4, "{lines}");
    let (out, _) = desk.expect(0, &again[..again.len() - 1]);
    assert!(out.contains("No finding changed."), "{out}");
    let before = desk.records("shelf/regression");
    let (_, err) = desk.expect(0, &["reproduce", "regression", "rosenbrock", "--smoke", "--out", "shelf", "--offline"]);
    assert!(!err.contains("trials to train"), "{err}");
    assert_eq!(before, desk.records("shelf/regression"));
    // Another spec in the same folder is refused, not mixed.
    let (_, err) = desk.expect(1, &chosen);
    assert!(
        err.contains("train.epochs is 1 there, 2 here")
            && err.contains("Use another folder with --out")
            && desk.path().join("shelf/ledger.md").is_file(),
        "{err}"
    );
    // A report that was cut off, before report.md, which is written last, is written again.
    for left in ["report.html", "report.md"] {
        fs::remove_file(desk.path().join("shelf/regression").join(left)).unwrap();
    }
    desk.expect(0, &["reproduce", "regression", "--smoke", "--out", "shelf", "--offline", "-q"]);
    assert!(desk.path().join("shelf/regression/report.html").is_file());
    assert!(desk.path().join("shelf/regression/report.md").is_file());
    let (_, err) = desk.expect(2, &["reproduce", "optimisers"]);
    assert!(err.contains("did you mean `optimizers`?"), "{err}");
    let (_, err) = desk.expect(2, &["reproduce", "--source", "novel"]);
    assert!(err.contains("Lecture notes on neural networks"), "{err}");
}
