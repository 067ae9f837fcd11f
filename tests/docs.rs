//! The documents: tables generated from the program and the committed records, links that lead somewhere, a README of its size.
//!
//! A generated part stands between lines `<!-- generated: NAME -->` and `<!-- end -->`. `KINDLING_WRITE_DOCS=1` writes what this test would
//! otherwise compare.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kindling::analysis::claims::{Finding, JudgedClaim};
use kindling::analysis::summary::{ArmSummary, Summary};
use kindling::data::noise::NoiseKind;
use kindling::data::toys::TOYS;
use kindling::experiment::config::{DescentConfig, TrialConfig};
use kindling::experiment::metric::{Level, Metric, Unit};
use kindling::experiment::plan::Plan;
use kindling::experiment::plan::cost::human;
use kindling::experiment::spec::keys::{KEYS, Key, TOP};
use kindling::experiment::spec::{ClaimKind, library};
use kindling::nn::loss::Loss;
use kindling::nn::models::{ActivationKind, Init};
use kindling::nn::optim::{NAMES, OptimizerConfig, Schedule};
use kindling::nn::test_function::Function;
use kindling::record::{self, MadeWith};
use kindling::report::ledger::publication;
use serde::Serialize;
use serde_json::Value as Json;
use toml::{Table, Value};

/// At the beginning of a line.
const START: &str = "\n<!-- generated: ";
const END: &str = "<!-- end -->";

/// The experiments that the README shows.
const IN_README: &[&str] = &["optimizers", "learning_rates", "hidden_widths", "overfitting", "autoencoder_knn", "xor"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Markdown files of a folder of the repository, by their paths in it; those that git does not track yet are left out.
fn markdown_of(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".md"));
    names.sort();
    let mut paths: Vec<String> =
        names.into_iter().map(|name| if folder.is_empty() { name } else { format!("{folder}/{name}") }).collect();
    if let Some(tracked) = listed_by_git(&["--cached"]) {
        paths.retain(|path| tracked.contains(path));
    }
    paths
}

fn documents() -> Vec<String> {
    [markdown_of(""), markdown_of("docs")].concat()
}

#[test]
fn generated_parts_are_what_the_program_and_the_records_say() {
    let summaries = summaries();
    let write = std::env::var_os("KINDLING_WRITE_DOCS").is_some();
    let (mut stale, mut used) = (Vec::new(), BTreeSet::new());
    for path in documents() {
        let old = read(&path);
        let new = regenerated(&path, &old, &summaries, &mut used);
        if new != old && write {
            fs::write(root().join(&path), new).unwrap();
        } else if new != old {
            stale.push(path);
        }
    }
    assert!(stale.is_empty(), "stale: {}; run `KINDLING_WRITE_DOCS=1 cargo test --test docs`", stale.join(", "));
    let missing: Vec<&&str> = PARTS.iter().filter(|part| !used.contains(**part)).collect();
    assert!(missing.is_empty(), "no document has the generated parts {missing:?}");
}

/// A document with its generated parts made anew; notes their names.
fn regenerated(path: &str, text: &str, summaries: &[Summary], used: &mut BTreeSet<String>) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(START) {
        let (name, after) = after.split_once(" -->\n").unwrap_or_else(|| panic!("{path}: a marker without its end"));
        let (_, after) = after.split_once(END).unwrap_or_else(|| panic!("{path}: `{name}` has no {END}"));
        out.push_str(&format!("{before}{START}{name} -->\n{}\n{END}", part(name, path, summaries).trim_end()));
        used.insert(name.to_string());
        rest = after;
    }
    out + rest
}

/// Every generated part.
const PARTS: &[&str] = &[
    "activations",
    "claim language",
    "claims counted",
    "experiments",
    "experiments of the readme",
    "initialisers",
    "keys of a file",
    "keys of data",
    "keys of descend",
    "keys of evaluate",
    "keys of model",
    "keys of train",
    "losses",
    "machine",
    "metrics",
    "noise",
    "optimizers",
    "output",
    "schedules",
    "speed",
    "test functions",
    "toys",
];

fn part(name: &str, path: &str, summaries: &[Summary]) -> String {
    // Links lead from the document to the folder of the runs.
    let runs = if path.contains('/') { "../artifacts/reference" } else { "artifacts/reference" };
    match name {
        "activations" => activations(),
        "claim language" => claim_language(),
        "claims counted" => claims_counted(summaries),
        "experiments" => experiments(summaries, runs),
        "experiments of the readme" => experiments_of_the_readme(summaries, runs),
        "initialisers" => {
            use Init::*;
            let all = [
                Default,
                XavierUniform,
                XavierNormal,
                HeUniform,
                HeNormal,
                Normal(0.01),
                NormalFanIn,
                Zeros,
                UniformFanIn,
            ];
            forms("src/nn/models/init.rs", "Init", &all)
        }
        "keys of a file" => keys(TOP.iter(), "", false),
        "losses" => forms("src/nn/loss.rs", "Loss", Loss::ALL),
        "machine" => machine(summaries),
        "metrics" => metrics(),
        "noise" => {
            forms("src/data/noise.rs", "NoiseKind", &[NoiseKind::Gaussian, NoiseKind::SaltPepper, NoiseKind::Mask])
        }
        "optimizers" => optimizers(),
        "output" => output(),
        "schedules" => schedules(),
        "speed" => speed(),
        "test functions" => test_functions(),
        "toys" => toys(),
        _ => match name.strip_prefix("keys of ") {
            Some(section) => keys(KEYS.iter(), &format!("{section}."), true),
            None => panic!("{path}: no generated part is called `{name}`"),
        },
    }
}

/// A Markdown table.
fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = vec!["---".to_string(); head.len()];
    let head = head.iter().map(|name| (*name).to_string()).collect();
    [head, rule].into_iter().chain(rows).map(line).collect()
}

fn code(text: impl AsRef<str>) -> String {
    format!("`{}`", text.as_ref())
}

// ---- from the program's own tables ----

/// The keys whose path begins with `prefix`.
fn keys<'a>(all: impl Iterator<Item = &'a Key>, prefix: &str, defaults: bool) -> String {
    let mut default = Table::try_from(TrialConfig::default()).unwrap();
    default.insert("descend".into(), Value::try_from(DescentConfig::default()).unwrap());
    let row = |key: &Key| {
        let names: Vec<String> = key.names.iter().map(code).collect();
        let usual = vec![code(key.path), names.join(" "), key.values.into(), default_of(&default, key.path)];
        let cells = if defaults { usual } else { vec![code(key.path), key.values.into()] };
        [cells, vec![key.description.into()]].concat()
    };
    let rows = all.filter(|key| key.path.starts_with(prefix)).map(row);
    if defaults {
        table(&["key", "also", "values", "default", "what it sets"], rows)
    } else {
        table(&["key", "values", "what it sets"], rows)
    }
}

/// What a key is where nobody sets it; empty where it is then left out.
fn default_of(config: &Table, path: &str) -> String {
    let inside = |value: Value, key: &str| value.get(key).cloned();
    let found = path.split('.').try_fold(Value::Table(config.clone()), inside);
    found.map_or(String::new(), |value| match value.as_table().and_then(|table| table.get("name")) {
        Some(name) => code(name.to_string()),
        None => code(shown(&value)),
    })
}

/// A value as a person would write it: `1e-8` and not `0.00000001`.
fn shown(value: &Value) -> String {
    match value.as_float() {
        Some(number) if number != 0.0 && number.abs() < 1e-4 => format!("{number:e}"),
        _ => value.to_string(),
    }
}

fn activations() -> String {
    let names: Vec<String> = ActivationKind::ALL.iter().map(|kind| code(name_of(kind))).collect();
    names.join(" ")
}

fn optimizers() -> String {
    let row = |(name, (_, what)): (&&str, &(String, String))| {
        let config: OptimizerConfig = Value::String((*name).into()).try_into().unwrap();
        let mut settings = Table::try_from(&config).unwrap();
        settings.remove("name");
        let settings: Vec<String> =
            settings.iter().map(|(key, value)| code(format!("{key} = {}", shown(value)))).collect();
        vec![code(name), what.clone(), settings.join(", ")]
    };
    let documented = variants("src/nn/update_rule.rs", "UpdateRule");
    assert!(NAMES.iter().zip(&documented).all(|(name, (variant, _))| *name == variant.replace('_', "")));
    table(&["optimizer", "what it is", "settings with their defaults"], NAMES.iter().zip(&documented).map(row))
}

fn schedules() -> String {
    let all = [
        Schedule::Constant,
        Schedule::Step { every: 10, gamma: 0.5 },
        Schedule::Exponential { gamma: 0.9 },
        Schedule::Cosine,
        Schedule::WarmupCosine { warmup: 2.0 },
        Schedule::Piecewise(vec![(0, 0.1), (30, 0.01)]),
    ];
    forms("src/nn/optim/schedule.rs", "Schedule", &all)
}

/// The name of an enum's value as files write it.
fn name_of(value: &impl Serialize) -> String {
    match serde_json::to_value(value).unwrap() {
        Json::String(name) => name,
        Json::Object(object) => object.keys().next().unwrap().clone(),
        other => panic!("{other} has no name"),
    }
}

/// How a file writes each of an enum's values, and the first paragraph of the comment above each in the source.
fn forms<T: Serialize>(file: &str, name: &str, values: &[T]) -> String {
    let documented = variants(file, name);
    let names: Vec<String> = values.iter().map(name_of).collect();
    let known: Vec<&String> = documented.iter().map(|(name, _)| name).collect();
    assert_eq!(names.iter().collect::<Vec<_>>(), known, "the values of {name} in {file}");
    let row = |(value, (_, what)): (&T, &(String, String))| {
        vec![code(Value::try_from(value).unwrap().to_string()), what.clone()]
    };
    table(&["value", "what it is"], values.iter().zip(&documented).map(row))
}

/// The variants of an enum, in snake case, with their comments.
fn variants(file: &str, name: &str) -> Vec<(String, String)> {
    let text = read(file);
    let (_, body) = text.split_once(&format!("pub enum {name} {{\n")).unwrap_or_else(|| panic!("no {name} in {file}"));
    let (body, _) = body.split_once("\n}").unwrap();
    let (mut found, mut comment) = (Vec::new(), Vec::new());
    for line in body.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     ")) {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.trim().to_string());
        } else if line.starts_with(char::is_uppercase) {
            let variant: String = line.chars().take_while(char::is_ascii_alphanumeric).collect();
            found.push((snake(&variant), comment.join(" ")));
            comment.clear();
        }
    }
    found
}

fn snake(name: &str) -> String {
    let lower = |(at, letter): (usize, char)| {
        let gap = if at > 0 && letter.is_uppercase() { "_" } else { "" };
        format!("{gap}{}", letter.to_lowercase())
    };
    name.chars().enumerate().map(lower).collect()
}

fn test_functions() -> String {
    let point = |point: Vec<f64>| {
        let numbers: Vec<String> = point.iter().map(|x| format!("{}", (x * 1e4).round() / 1e4)).collect();
        format!("({})", numbers.join(", "))
    };
    let row = |function: &Function| {
        let lowest: Vec<String> = function.minima().into_iter().map(point).collect();
        let lowest = if lowest.is_empty() { "none".into() } else { lowest.join(" and ") };
        vec![code(function.name()), function.formula().into(), point(function.usual_start()), lowest]
    };
    table(&["function", "formula", "usual start", "lowest point"], Function::ALL.iter().map(row))
}

fn toys() -> String {
    let row = |toy: &kindling::data::toys::Toy| {
        let classes = if toy.classes == 0 { "a number".into() } else { format!("{} classes", toy.classes) };
        let sizes = format!("{}, {}, {}", toy.sizes.train, toy.sizes.validation, toy.sizes.test);
        vec![code(toy.name), toy.description.into(), toy.width.to_string(), classes, sizes]
    };
    let head = ["toy", "what it is", "inputs", "predicted", "training, validation, test points by default"];
    table(&head, TOYS.iter().map(row))
}

fn metrics() -> String {
    let row = |metric: Metric| {
        let unit = match metric.unit() {
            Unit::Percent => "a share, shown in %",
            Unit::Decibel => "dB",
            Unit::Plain => "a number",
        };
        let better = if metric.higher_is_better() { "higher" } else { "lower" };
        let any_level =
            |text: String| if metric.level().is_some() { text.replace("0.5", metric.place()) } else { text };
        vec![code(any_level(metric.to_string())), any_level(metric.title()), unit.into(), better.into()]
    };
    let all = Metric::all(Level::new(0.5).unwrap());
    table(&["metric", "what it is", "counted in", "better"], all.map(row))
}

/// The table in the head of the module that judges claims.
fn claim_language() -> String {
    let text = read("src/analysis/claims/mod.rs");
    text.lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .filter(|line| line.starts_with('|'))
        .collect::<Vec<_>>()
        .join("\n")
}

// ---- from the committed records ----

/// The summary of the committed run of every experiment, in the order of the ledger.
fn summaries() -> Vec<Summary> {
    let names: Vec<&str> = library::EXPERIMENTS.iter().map(|(name, _)| *name).collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let summary = summary(name);
                    done.lock().unwrap().push(summary);
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|summary| names.iter().position(|name| *name == summary.name));
    done
}

fn summary(name: &str) -> Summary {
    let folder = root().join("artifacts/reference").join(name);
    let mut spec = library::load(&folder.join("spec.toml")).unwrap();
    spec.name = name.into();
    let plan = Plan::new(&spec).unwrap();
    let records = record::read_all(&folder).unwrap();
    let of = |label: &str, seed: u64| records.iter().find(|record| record.arm == label && record.seed == seed);
    let ordered = plan.trials().map(|trial| of(&trial.label, trial.seed).expect("a whole run").clone()).collect();
    Summary::new(&plan, ordered).unwrap()
}

/// One table a publication.
fn experiments(summaries: &[Summary], runs: &str) -> String {
    let of = |summary: &Summary| summary.source.as_deref().map_or("Kindling's own", publication).to_string();
    let mut publications: Vec<String> = Vec::new();
    for name in summaries.iter().map(of) {
        if !publications.contains(&name) {
            publications.push(name);
        }
    }
    let row = |summary: &Summary| {
        let source = summary.source.as_deref().unwrap_or_default();
        let within = source.strip_prefix(publication(source)).unwrap_or_default().trim_start_matches(", ");
        vec![
            link(summary, runs),
            summary.question.clone(),
            within.into(),
            format!("{} x {}", summary.arms.len(), seeds(summary)),
            headline(summary),
            counted(of_kind([summary], ClaimKind::Claim)),
            human(summary.trial_seconds),
        ]
    };
    let head =
        ["experiment", "question", "where in it", "arms x seeds", "best arm", "claims of the source", "time added up"];
    let one = |name: &String| {
        let own = summaries.iter().filter(|summary| of(summary) == *name);
        format!("### {name}\n\n{}", table(&head, own.map(row)))
    };
    publications.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn experiments_of_the_readme(summaries: &[Summary], runs: &str) -> String {
    let find = |name: &&str| summaries.iter().find(|summary| summary.name == *name).unwrap();
    let row = |summary: &Summary| {
        vec![link(summary, runs), summary.question.clone(), headline(summary), human(summary.trial_seconds)]
    };
    table(&["experiment", "question", "best arm", "time added up"], IN_README.iter().map(find).map(row))
}

fn link(summary: &Summary, runs: &str) -> String {
    format!("[`{0}`]({runs}/{0}/report.md)", summary.name)
}

fn seeds(summary: &Summary) -> usize {
    summary.records.iter().map(|record| record.seed).collect::<BTreeSet<u64>>().len()
}

/// The arm that leads the ranking, with its interquartile mean and interval.
fn headline(summary: &Summary) -> String {
    let Some(best) = summary.best() else { return "no arm finished".into() };
    let ArmSummary { label, .. } = best;
    let found = best.metric(&summary.metric).unwrap();
    let number = |value| summary.metric.format(value);
    let interval = found.iqm_interval.map_or(String::new(), |i| format!(" [{}, {}]", number(i.low), number(i.high)));
    let unit = match summary.metric.unit() {
        Unit::Percent => " %",
        Unit::Decibel => " dB",
        Unit::Plain => "",
    };
    let name = if summary.arms.len() == 1 { String::new() } else { format!("{label}: ") };
    let iqm = found.description.iqm.map_or("none".into(), number);
    format!("{name}{} {iqm}{interval}{unit}", summary.metric.title())
}

/// How many of some claims come to each finding that there is: "7 confirmed, 3 refuted".
fn counted<'a>(claims: impl IntoIterator<Item = &'a JudgedClaim>) -> String {
    let findings: Vec<Finding> = claims.into_iter().map(|claim| claim.finding).collect();
    let count = |wanted: &Finding| findings.iter().filter(|finding| *finding == wanted).count();
    let there = Finding::ALL.iter().filter(|finding| count(finding) > 0);
    there.map(|finding| format!("{} {}", count(finding), finding.name())).collect::<Vec<_>>().join(", ")
}

fn of_kind<'a>(summaries: impl IntoIterator<Item = &'a Summary>, kind: ClaimKind) -> Vec<&'a JudgedClaim> {
    summaries.into_iter().flat_map(|summary| &summary.claims).filter(|claim| claim.kind == kind).collect()
}

fn claims_counted(summaries: &[Summary]) -> String {
    let of = |kind: ClaimKind| of_kind(summaries, kind);
    let line = |what: &str, kind: ClaimKind| format!("{} {what}: {}.", of(kind).len(), counted(of(kind)));
    [
        line(&format!("claims of the sources, in {} experiments", summaries.len()), ClaimKind::Claim),
        line("questions of ours", ClaimKind::Question),
        line("comparisons with other programs", ClaimKind::Comparison),
    ]
    .join(" ")
}

/// What the committed runs were made with.
fn machine(summaries: &[Summary]) -> String {
    let records = || summaries.iter().flat_map(|summary| &summary.records);
    let of = |made: &MadeWith| {
        format!("kindling {}, burn {}, backend {} {}", made.kindling, made.burn, made.backend, made.bytes)
    };
    let made: BTreeSet<String> = records().map(|record| of(&record.made_with)).collect();
    let made: Vec<String> = made.into_iter().collect();
    let seconds = summaries.iter().map(|summary| summary.trial_seconds).sum();
    let (trials, time) = (records().count(), human(seconds));
    format!("What the records say of the machine: {}. {trials} trials, {time} added up.", made.join("; and "))
}

/// What `kindling report` prints of the committed run of `optimizers`, as a sweep of it does at its end.
fn output() -> String {
    let desk = tempfile::tempdir().unwrap();
    let folder = desk.path().join("artifacts/optimizers");
    fs::create_dir_all(&folder).unwrap();
    for file in ["spec.toml", "records.jsonl.gz"] {
        fs::copy(root().join("artifacts/reference/optimizers").join(file), folder.join(file)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_kindling"));
    command.args(["report", "artifacts/optimizers"]).current_dir(desk.path());
    let output = command.env("KINDLING_DATA_DIR", "nowhere").env("KINDLING_CACHE_DIR", "nowhere").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    format!("```text\n{}\n```", String::from_utf8(output.stdout).unwrap().trim_end())
}

/// How many times as fast Kindling is, from the committed measurements.
fn speed() -> String {
    let results: Json = serde_json::from_str(&read("benches/peers/results.json")).unwrap();
    let rows = results["rows"].as_array().unwrap();
    let text = |row: &Json, key: &str| row[key].as_str().unwrap().to_string();
    let peers = ["pytorch", "pytorch, no subnormals", "jax", "scikit-learn", "openTSNE"];
    let line = |own: &Json| {
        let (job, unit, median) = (text(own, "job"), text(own, "unit"), own["median"].as_f64().unwrap());
        let number = if median < 100.0 { format!("{median:.1}") } else { thousands(median) };
        let factor = |tool: &&str| {
            let row = rows.iter().find(|row| text(row, "job") == job && text(row, "tool") == *tool)?;
            row["kindling_is_faster_by"].as_f64().map(|factor| format!("{factor:.2} x"))
        };
        let factors = peers.iter().map(|tool| factor(tool).unwrap_or_default());
        [job.clone(), format!("{number} {unit}")].into_iter().chain(factors).collect()
    };
    let head: Vec<&str> = ["job", "Kindling"].into_iter().chain(peers).collect();
    let machine = &results["machine"];
    let made = format!("{}, {} cores, {}.", text(machine, "processor"), machine["cores"], text(machine, "vectors"));
    let own = rows.iter().filter(|row| text(row, "tool") == "kindling").map(line);
    format!("{made}\n\n{}", table(&head, own))
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let group = |(at, digit): (usize, char)| {
        let gap = if at > 0 && (digits.len() - at) % 3 == 0 { "," } else { "" };
        format!("{gap}{digit}")
    };
    digits.chars().enumerate().map(group).collect()
}

// ---- links and size ----

#[test]
fn relative_links_lead_to_files_and_headings_of_the_repository() {
    // What git tracks or would take in.
    let kept = listed_by_git(&["--cached", "--others", "--exclude-standard"]);
    let mut broken = Vec::new();
    let mut documents = [documents(), markdown_of("artifacts"), markdown_of("experiments/peers")].concat();
    documents.extend(library::EXPERIMENTS.iter().map(|(name, _)| format!("artifacts/reference/{name}/report.md")));
    for document in documents {
        for target in links(&read(&document)) {
            let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() { document.clone() } else { joined(&document, file) };
            let is_kept = kept.as_ref().is_none_or(|kept| kept.iter().any(|own| is_or_holds(&path, own)));
            if !is_kept || !root().join(&path).exists() {
                broken.push(format!("{document}: {target} is no file of the repository"));
            } else if !heading.is_empty() && !headings(&read(&path)).contains(heading) {
                broken.push(format!("{document}: {target} names no heading"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What `git ls-files` lists with these flags. Nothing where this folder is not the root of a git checkout, such as an
/// unpacked archive, whose files another repository around it does not know.
fn listed_by_git(flags: &[&str]) -> Option<Vec<String>> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(root()).output().ok()?;
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    };
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if fs::canonicalize(top.trim_end()).ok()? != fs::canonicalize(root()).unwrap() {
        return None;
    }
    Some(git(&[&["ls-files"], flags].concat())?.lines().map(String::from).collect())
}

fn is_or_holds(path: &str, own: &str) -> bool {
    own.strip_prefix(path.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The targets of a document's links, those to other sites left out.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets.filter(|target| !target.contains("://")).map(String::from).collect()
}

/// A path relative to a document, as seen from the root.
fn joined(document: &str, target: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The anchors of a document's headings, as GitHub makes them.
fn headings(text: &str) -> BTreeSet<String> {
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    text.lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

#[test]
fn a_broken_link_and_a_missing_heading_would_be_found() {
    assert_eq!(links("[a](b.md) and ![c](d/e.svg), [f](https://g) [h](#i)"), ["b.md", "d/e.svg", "#i"]);
    assert_eq!(joined("docs/keys.md", "../src/lib.rs"), "src/lib.rs");
    assert_eq!(joined("README.md", "docs/keys.md"), "docs/keys.md");
    assert!(is_or_holds("docs", "docs/keys.md") && !is_or_holds("docs/key", "docs/keys.md"));
    assert!(headings("# A\n## What it does not show").contains("what-it-does-not-show"));
}

#[test]
fn the_readme_stays_readable_in_one_sitting() {
    let words = read("README.md").split_whitespace().count();
    assert!(words <= 1_350, "README.md has {words} words; what is over 1,350 belongs into docs/");
}

#[test]
fn a_changed_table_is_noticed_and_a_mark_is_kept() {
    let page = format!("a `<!-- generated: x -->`\n{START}toys -->\nold\n{END}\n\nb\n");
    let mut used = BTreeSet::new();
    let new = regenerated("docs/data.md", &page, &[], &mut used);
    assert!(new.starts_with(&format!("a `<!-- generated: x -->`\n{START}toys -->\n| toy |")));
    assert!(new.ends_with(&format!("|\n{END}\n\nb\n")));
    assert_eq!(regenerated("docs/data.md", &new, &[], &mut used), new);
    assert_eq!(used.into_iter().collect::<Vec<_>>(), ["toys"]);
}
