//! Spec to report with a trainer that trains nothing: records, resume, failures, full disks, in milliseconds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow};
use kindling::analysis::summary::Summary;
use kindling::evaluate::classification::Mistake;
use kindling::evaluate::predictions::Predictions;
use kindling::experiment::metric::Metric;
use kindling::experiment::plan::{Plan, Trial, identity};
use kindling::experiment::spec::Spec;
use kindling::record::{self, Bytes, History, MadeWith, SCHEMA, Status, TrialRecord};
use kindling::report::{self, OfNetwork};
use kindling::run::{self, Listener, RunOutcome, RunnerOptions, Trainer};
use kindling::seed::{Purpose, Stream};
use kindling::train::{Callback, TrainError};
use serde_json::json;

/// Makes up a plausible record per trial; can be told to fail, panic or diverge at given trials.
#[derive(Default)]
struct Fake {
    fails: BTreeSet<(usize, u64)>,
    panics: BTreeSet<(usize, u64)>,
    diverges: BTreeSet<(usize, u64)>,
    trained: AtomicUsize,
    /// Before each stack.
    pause: Duration,
}

impl Fake {
    fn record(&self, trial: &Trial, status: Status) -> TrialRecord {
        let mut stream = Stream::new(trial.seed, Purpose::Data, trial.arm as u64);
        // Of a million examples.
        let right = (1e6 * (0.9 + 0.02 * trial.arm as f64 + 0.003 * stream.normal())) as u32;
        let accuracy = f64::from(right) / 1e6;
        let done = status == Status::Done;
        let curve = |end: f32| (1..=4).map(|epoch| end / epoch as f32).collect::<Vec<f32>>();
        TrialRecord {
            schema: SCHEMA,
            id: identity::trial_id(&trial.config, trial.seed, "fake", "fake"),
            arm: trial.label.clone(),
            axes: trial.values.iter().cloned().collect(),
            seed: trial.seed,
            status,
            diverged_epoch: (status == Status::Diverged).then_some(5),
            pruned_epoch: None,
            stopped_epoch: None,
            error: None,
            epochs_kept: done.then_some(4),
            history: History {
                train_loss: curve(2.0),
                train_accuracy: curve(0.5),
                validation_loss: curve(2.2),
                validation_accuracy: curve(0.4),
            },
            metrics: if done { [(Metric::TestAccuracy, accuracy)].into_iter().collect() } else { Default::default() },
            confusion: if done { vec![vec![right / 2, 1_000_000 - right], vec![0, right - right / 2]] } else { vec![] },
            decision_grid: None,
            path: vec![],
            train_examples: None,
            checks: Default::default(),
            layers: Vec::new(),
            epoch: None,
            mistakes: if done { vec![Mistake { index: 0, truth: 1, predicted: 0, confidence: 0.9 }] } else { vec![] },
            predictions: Predictions::default(),
            made_with: MadeWith {
                kindling: "0".into(),
                burn: "0".into(),
                backend: "fake".into(),
                bytes: Bytes::Portable,
                dataset: "fake".into(),
                data: "fake".into(),
            }
            .into(),
            seconds: stream.unit(),
        }
    }
}

impl Trainer for Fake {
    fn train(&self, trials: &[Trial], callback: &dyn Callback) -> Result<Vec<TrialRecord>, TrainError> {
        std::thread::sleep(self.pause);
        if callback.on_step(1).is_break() {
            return Err(TrainError::Interrupted);
        }
        self.trained.fetch_add(trials.len(), Ordering::Relaxed);
        let mut records = Vec::new();
        for trial in trials {
            let key = (trial.arm, trial.seed);
            if self.panics.contains(&key) {
                panic!("as told");
            }
            if self.fails.contains(&key) {
                return Err(anyhow!("told to fail").into());
            }
            let status = if self.diverges.contains(&key) { Status::Diverged } else { Status::Done };
            records.push(self.record(trial, status));
        }
        Ok(records)
    }

    fn id(&self, trial: &Trial) -> Result<String> {
        Ok(identity::trial_id(&trial.config, trial.seed, "fake", "fake"))
    }

    fn failed(&self, trial: &Trial, error: &str) -> Result<TrialRecord> {
        Ok(TrialRecord { error: Some(error.into()), ..self.record(trial, Status::Failed) })
    }
}

/// Remembers what it heard, and may stop the run after some records.
#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<String>>,
    stop_after: Option<usize>,
    stop: AtomicBool,
}

impl Listener for Ear {
    fn on_start(&self, pending: &[Trial], recorded: usize) {
        self.heard.lock().unwrap().push(format!("{} to do, {recorded} done", pending.len()));
    }

    fn on_examples(&self, _examples: usize) {}

    fn on_record(&self, record: &TrialRecord) {
        let mut heard = self.heard.lock().unwrap();
        heard.push(format!("{} {}", record.arm, record.seed));
        if self.stop_after.is_some_and(|n| heard.len() > n) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

fn spec(seeds: u64) -> Spec {
    let text = format!(
        "question = 'Which?'\nseeds = {seeds}\n[sweep]\nactivation = ['relu', 'tanh']\n[[claims]]\nsays = 'tanh wins'\ntest = 'tanh > relu on test_accuracy'"
    );
    Spec::parse("x", "x.toml", &text).unwrap()
}

fn plan(seeds: u64) -> Plan {
    Plan::new(&spec(seeds)).unwrap()
}

fn sweep(plan: &Plan, fake: &Fake, folder: &Path, ear: &Ear) -> Result<RunOutcome> {
    let (mut file, found, _) = record::open(folder, None)?;
    let work = run::resume(plan, fake, found, |_, _| true)?;
    let options = RunnerOptions { jobs: 2, stack: Some(2), is_cpu: true };
    run::run(work, fake, &mut file, options, ear, &ear.stop)
}

fn timeless(records: &[TrialRecord]) -> Vec<TrialRecord> {
    records.iter().map(TrialRecord::timeless).collect()
}

#[test]
fn from_spec_to_report_without_training() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(12);
    let outcome = sweep(&plan, &Fake::default(), folder.path(), &Ear::default()).unwrap();
    assert!(!outcome.interrupted);
    let summary = Summary::new(&plan, outcome.records).unwrap();
    assert_eq!(
        summary.claims[0].finding,
        kindling::analysis::claims::Finding::Confirmed,
        "{}",
        summary.claims[0].evidence
    );
    assert_eq!(summary.best().unwrap().label, "tanh");
    report::write(&summary, None, OfNetwork::default(), folder.path(), true).unwrap();
    for file in [
        "report.md",
        "report.html",
        "trials.csv",
        "curves.csv",
        "summary.csv",
        "summary.json",
        "figures/boxplot.svg",
        "figures/curves.svg",
        "figures/intervals.svg",
        "figures/confusion.svg",
    ] {
        assert!(folder.path().join(file).metadata().unwrap().len() > 100, "{file}");
    }
    let trials = fs::read_to_string(folder.path().join("trials.csv")).unwrap();
    assert_eq!(trials.lines().count(), 25);
    assert!(trials.starts_with("arm,param_activation,seed,status,"), "{trials}");
    let html = fs::read_to_string(folder.path().join("report.html")).unwrap();
    let has_nan = html.split('"').any(|part| !part.starts_with("data:") && part.contains("NaN"));
    assert!(html.contains("confirmed") && !has_nan && !html.contains("src=\"http"));
}

#[test]
fn derived_files_do_not_depend_on_the_order_records_came_in() {
    let plan = plan(6);
    let write = |records: Vec<TrialRecord>| {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, _, _) = record::open(folder.path(), None).unwrap();
        records.iter().for_each(|record| file.append(record).unwrap());
        drop(file);
        let outcome = sweep(&plan, &Fake::default(), folder.path(), &Ear::default()).unwrap();
        report::write(&Summary::new(&plan, outcome.records).unwrap(), None, OfNetwork::default(), folder.path(), true)
            .unwrap();
        ["trials.csv", "curves.csv", "summary.json", "report.html"].map(|f| fs::read(folder.path().join(f)).unwrap())
    };
    let records: Vec<TrialRecord> = plan.trials().map(|t| Fake::default().record(&t, Status::Done)).collect();
    let mut shuffled = records.clone();
    Stream::new(0, Purpose::Pick, 0).shuffle(&mut shuffled);
    assert_ne!(records, shuffled);
    assert_eq!(write(records), write(shuffled));
}

#[test]
fn a_metric_of_another_version_of_the_program_is_reported_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan { arms: plan(3).arms[..1].to_vec(), claims: vec![], ..plan(3) };
    let mut records = sweep(&plan, &Fake::default(), folder.path(), &Ear::default()).unwrap().records;
    records.iter_mut().for_each(|record| record.metrics.insert(Metric::of_record("top_speed@3"), 1.5));
    let unknown = Metric::of_record("top_speed@3");
    assert_eq!(records[0].metric(&unknown), Some(1.5));
    let summary = Summary::new(&plan, records).unwrap();
    let found = summary.arms[0].metric(&unknown.into()).unwrap();
    assert_eq!((found.description.n, found.description.mean), (3, 1.5));
    report::write(&summary, None, OfNetwork::default(), folder.path(), true).unwrap();
    let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap();
    let head = read("trials.csv").lines().next().unwrap().to_string();
    assert!(head.contains("test_accuracy,top_speed@3"), "{head}");
    assert!(read("summary.json").contains("\"name\": \"top_speed@3\"") && read("summary.csv").contains("top_speed@3"));
    let table = report::table::metrics(&summary).unwrap().text();
    let row = table.lines().find(|row| row.starts_with("top speed@3")).unwrap();
    // metric, n, IQM.
    assert_eq!(row.trim_start_matches("top speed@3").split_whitespace().nth(1), Some("1.5000"), "{table}");
}

#[test]
fn a_failing_and_a_panicking_stack_are_records_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(4);
    let fake = Fake { fails: [(0, 1)].into(), panics: [(1, 2)].into(), ..Fake::default() };
    let outcome = sweep(&plan, &fake, folder.path(), &Ear::default()).unwrap();
    let failed: Vec<&TrialRecord> = outcome.records.iter().filter(|r| r.status == Status::Failed).collect();
    // Stacks of two: the neighbours share the fate.
    assert_eq!((outcome.records.len(), failed.len()), (8, 4));
    assert!(failed[0].error.as_ref().unwrap().contains("told to fail"));
    assert!(failed[3].error.as_ref().unwrap().contains("as told"));
    let summary = Summary::new(&plan, outcome.records).unwrap();
    assert_eq!(
        (summary.arms[0].failed, summary.arms[0].metric(&Metric::TestAccuracy.into()).unwrap().description.n),
        (2, 2)
    );
    // The next run tries the failed ones again, and only them.
    let again = Fake::default();
    let outcome = sweep(&plan, &again, folder.path(), &Ear::default()).unwrap();
    assert_eq!(again.trained.load(Ordering::Relaxed), 4);
    assert!(outcome.records.iter().all(|record| record.status == Status::Done));
}

#[test]
fn a_stopped_run_keeps_what_is_finished_and_the_next_one_completes_it() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(10);
    let ear = Ear { stop_after: Some(5), ..Ear::default() };
    let slow = Fake { pause: Duration::from_millis(60), ..Fake::default() };
    let outcome = sweep(&plan, &slow, folder.path(), &ear).unwrap();
    assert!(outcome.interrupted && outcome.records.len() >= 4 && outcome.records.len() < 20);
    let rest = Fake::default();
    let done = sweep(&plan, &rest, folder.path(), &Ear::default()).unwrap();
    assert_eq!(rest.trained.load(Ordering::Relaxed), 20 - outcome.records.len());
    let fresh = sweep(&plan, &Fake::default(), tempfile::tempdir().unwrap().path(), &Ear::default()).unwrap();
    assert_eq!(timeless(&done.records), timeless(&fresh.records));
}

#[test]
fn more_seeds_train_only_the_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    sweep(&plan(3), &Fake::default(), folder.path(), &Ear::default()).unwrap();
    let (fake, ear) = (Fake::default(), Ear::default());
    let outcome = sweep(&plan(5), &fake, folder.path(), &ear).unwrap();
    assert_eq!((fake.trained.load(Ordering::Relaxed), outcome.records.len()), (4, 10));
    assert_eq!(ear.heard.lock().unwrap()[0], "4 to do, 6 done");
    // Fewer seeds later: nothing is trained, nothing is lost.
    let outcome = sweep(&plan(2), &fake, folder.path(), &Ear::default()).unwrap();
    assert_eq!((outcome.records.len(), record::read_all(folder.path()).unwrap().len()), (4, 10));
}

#[test]
fn a_torn_last_line_is_dropped_said_and_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let whole = sweep(&plan(3), &Fake::default(), folder.path(), &Ear::default()).unwrap();
    let path = folder.path().join("records.jsonl");
    let bytes = fs::read(&path).unwrap();
    let last = bytes[..bytes.len() - 1].iter().rposition(|&b| b == b'\n').unwrap() + 1;
    for cut in [last + 1, last + 40, bytes.len() - 2] {
        fs::write(&path, &bytes[..cut]).unwrap();
        let (_, found, torn) = record::open(folder.path(), None).unwrap();
        assert_eq!(found.len(), 5);
        assert!(torn.unwrap().contains("cut short"));
        // What was cut off is kept.
        let kept = fs::read(folder.path().join("records.cut")).unwrap();
        assert!(kept.ends_with(&[&bytes[last..cut], b"\n"].concat()));
        let fake = Fake::default();
        let outcome = sweep(&plan(3), &fake, folder.path(), &Ear::default()).unwrap();
        assert_eq!(fake.trained.load(Ordering::Relaxed), 1);
        assert_eq!(timeless(&outcome.records), timeless(&whole.records));
    }
}

#[test]
fn a_last_line_that_lacks_only_its_end_is_a_record() {
    let folder = tempfile::tempdir().unwrap();
    sweep(&plan(3), &Fake::default(), folder.path(), &Ear::default()).unwrap();
    let path = folder.path().join("records.jsonl");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(record::read_all(folder.path()).unwrap().len(), 6);
    let (_, found, torn) = record::open(folder.path(), None).unwrap();
    assert_eq!((found.len(), torn), (6, None));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_file_of_another_program_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.jsonl");
    for foreign in ["{\"name\": \"mine\"}", "no line ends here", "{\"schema\":7}\n", "x\ny"] {
        fs::write(&path, foreign).unwrap();
        assert!(record::open(folder.path(), None).is_err(), "{foreign}");
        assert!(record::read_all(folder.path()).is_err(), "{foreign}");
        assert_eq!(fs::read_to_string(&path).unwrap(), foreign);
    }
}

#[test]
fn two_records_of_one_trial_that_differ_are_an_error_and_two_that_do_not_are_one() {
    let folder = tempfile::tempdir().unwrap();
    sweep(&plan(2), &Fake::default(), folder.path(), &Ear::default()).unwrap();
    let path = folder.path().join("records.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let first = text.lines().next().unwrap();
    fs::write(&path, format!("{text}{first}\n")).unwrap();
    assert_eq!(record::read_all(folder.path()).unwrap().len(), 4);
    let mut other: serde_json::Value = serde_json::from_str(first).unwrap();
    other["history"]["train_loss"][0] = 0.125.into();
    fs::write(&path, format!("{text}{other}\n")).unwrap();
    let error = record::read_all(folder.path()).unwrap_err().to_string();
    assert!(error.contains("records.jsonl:1: kindling") && error.contains("records.jsonl:5: kindling"), "{error}");
}

#[test]
fn compressing_broken_off_before_its_last_step_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    sweep(&plan(3), &Fake::default(), folder.path(), &Ear::default()).unwrap();
    let path = folder.path().join("records.jsonl");
    let plain = fs::read(&path).unwrap();
    record::write_compressed(folder.path()).unwrap();
    fs::write(&path, &plain).unwrap();
    let (_, found, _) = record::open(folder.path(), None).unwrap();
    assert_eq!((found.len(), folder.path().join("records.jsonl.gz").exists()), (6, false));
    record::write_compressed(folder.path()).unwrap();
    fs::write(&path, &plain[..plain.iter().position(|&byte| byte == b'\n').unwrap() + 1]).unwrap();
    assert!(record::open(folder.path(), None).unwrap_err().to_string().contains("other records"));
    // Nor are other compressed records written over.
    assert!(record::write_compressed(folder.path()).unwrap_err().to_string().contains("other records"));
}

#[test]
fn zeros_where_a_loss_of_power_left_no_line_are_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    sweep(&plan(3), &Fake::default(), folder.path(), &Ear::default()).unwrap();
    let path = folder.path().join("records.jsonl");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [whole.as_slice(), &[0; 5000]].concat()).unwrap();
    let (_, found, torn) = record::open(folder.path(), None).unwrap();
    assert!(found.len() == 6 && torn.is_some());
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn records_of_another_spec_schema_or_nature_are_refused_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    sweep(&plan(2), &Fake::default(), folder.path(), &Ear::default()).unwrap();
    let path = folder.path().join("records.jsonl");
    let before = fs::read_to_string(&path).unwrap();
    let refused = |plan: &Plan| sweep(plan, &Fake::default(), folder.path(), &Ear::default()).unwrap_err().to_string();
    let mut other = spec(2);
    other.set("batch_size=64").unwrap();
    assert!(refused(&Plan::new(&other).unwrap()).contains("not the one of this plan"));
    let mut other = spec(2);
    other.set("activation=[\"gelu\", \"elu\"]").unwrap();
    assert!(refused(&Plan::new(&other).unwrap()).contains("not the one of this plan"));
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    fs::write(&path, before.replace(&format!("\"schema\":{SCHEMA}"), "\"schema\":99")).unwrap();
    assert!(refused(&plan(2)).contains("records.jsonl:1 has schema 99"));
    fs::write(&path, format!("{before}hello\n")).unwrap();
    assert!(refused(&plan(2)).contains("records.jsonl:5 is not a record"));
}

#[test]
fn compressed_records_are_read_and_continued_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    sweep(&plan(3), &Fake::default(), folder.path(), &Ear::default()).unwrap();
    let plain = record::read_all(folder.path()).unwrap();
    record::write_compressed(folder.path()).unwrap();
    assert!(!folder.path().join("records.jsonl").exists());
    assert_eq!(record::read_all(folder.path()).unwrap(), plain);
    let fake = Fake::default();
    assert_eq!(sweep(&plan(4), &fake, folder.path(), &Ear::default()).unwrap().records.len(), 8);
    assert_eq!(fake.trained.load(Ordering::Relaxed), 2);
}

#[test]
fn two_processes_cannot_write_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let held = record::open(folder.path(), None).unwrap();
    assert!(record::open(folder.path(), None).unwrap_err().to_string().contains("another kindling"));
    drop(held);
    record::open(folder.path(), None).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_that_names_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = record::open(&file.join("sub"), None).unwrap_err().to_string();
    assert!(error.contains("--out"), "{error}");
}

#[test]
fn diverged_runs_are_counted_and_have_no_made_up_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(12);
    let fake = Fake { diverges: (0..12).map(|seed| (0, seed)).collect(), ..Fake::default() };
    let outcome = sweep(&plan, &fake, folder.path(), &Ear::default()).unwrap();
    let summary = Summary::new(&plan, outcome.records).unwrap();
    assert_eq!((summary.arms[0].diverged, summary.arms[0].metrics.len()), (12, 0));
    assert_eq!(summary.claims[0].finding, kindling::analysis::claims::Finding::Confirmed);
    report::write(&summary, None, OfNetwork::default(), folder.path(), true).unwrap();
    let csv = fs::read_to_string(folder.path().join("trials.csv")).unwrap();
    assert!(csv.lines().nth(1).unwrap().starts_with("relu,relu,0,diverged,5,,,"), "{csv}");
    let text = report::table::arms(&summary).text();
    let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..5], ["relu", "0", "12", "-", "-"], "{text}");
}

#[test]
fn a_record_that_was_edited_to_contradict_itself_is_refused_with_its_line_and_the_field() {
    let folder = tempfile::tempdir().unwrap();
    sweep(&plan(3), &Fake::default(), folder.path(), &Ear::default()).unwrap();
    let path = folder.path().join("records.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let second: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let refused = |field: &str, value: serde_json::Value| {
        let mut changed = second.clone();
        let place = field.split('.').fold(&mut changed, |value, key| &mut value[key]);
        *place = value;
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        lines[1] = changed.to_string();
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        format!("{:#}", kindling::record::read_all(folder.path()).unwrap_err())
    };
    for (field, value, part) in [
        ("metrics.test_accuracy", json!(0.999), "`confusion` gives"),
        ("confusion", json!([[1, 2], [3]]), "not as wide as it is high"),
        ("confusion", json!([[4_000_000_000u32, 0], [0, 4_000_000_000u32]]), "8000000000 examples"),
        ("surface", json!({"ends": [[0.0, 1.0]], "side": 0, "values": []}), "`surface`"),
        ("surface", json!({"ends": [[0.0, 1.0], [0.0, 1.0]], "side": 3, "values": [1.0]}), "`surface`"),
        ("history.train_accuracy", json!([0.5]), "`history`"),
        ("path", json!([[1.0, 2.0], [1.0]]), "`path`"),
        ("epochs_kept", json!(5), "`epochs_kept` is 5"),
        ("seconds", json!(-1.0), "`seconds`"),
        ("checks", json!({"steps": [u64::MAX], "examples": [1], "validation_loss": [1.0]}), "`checks`"),
        ("predictions", json!("3a5"), "`predictions` has 9 examples"),
        ("predictions", json!("18446744073709551615"), "`predictions`"),
        ("mistakes", json!([{"index": 0, "truth": 7, "predicted": 0, "confidence": 0.5}]), "`mistakes`"),
    ] {
        let error = refused(field, value);
        assert!(error.contains("records.jsonl:2") && error.contains(part), "{field}: {error}");
    }
}
