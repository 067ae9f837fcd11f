//! A record depends on its trial alone: not on workers, stack, company, interruption or what else is drawn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::atomic::AtomicBool;

use burn::tensor::TensorData;
use common::{lab, lines, plan};
use kindling::experiment::plan::{Plan, Trial};
use kindling::nn::models::Network;
use kindling::record::{self, TrialRecord};
use kindling::run::{self, Listener, RunnerOptions};
use kindling::train::NoCallback;
use kindling::trial::{Lab, run_stack};

/// Every knob that draws numbers or treats replicas one by one is on.
const BUSY: &str = "seeds = 6\n[model]\nhidden = [12, 7]\ndropout = 0.3\n[train]\naugment = { shift = 2, rotate = 8, elastic = 9 }\nl2 = 0.5\nepochs = 3\nbatch_size = 33\nclip_norm = 0.5\nvalidate_every = 70\nwatch = true\n\
                    schedule = 'cosine'\n[evaluate]\nerrors = true\n[sweep]\noptimizer = ['adam', 'momentum']";

/// The same for autoencoders, and everything that can be asked of their codes.
const CODED: &str = "seeds = 4\n[model]\nhidden = [12, 7]\nlatent = 3\ndropout = 0.2\n[train]\nepochs = 2\nbatch_size = 33\nnoise = 0.3\n\
                     [evaluate]\nknn = 3\nbaselines = true\nprobe = true\ntrustworthiness = 5\nnoise = [0.0, 0.5]\n\
                     [sweep]\nloss = ['mse', 'bce']";

struct Deaf;

impl Listener for Deaf {
    fn on_start(&self, _pending: &[Trial], _recorded: usize) {}
    fn on_examples(&self, _examples: usize) {}
    fn on_record(&self, _record: &TrialRecord) {}
}

fn swept(plan: &Plan, lab: &Lab, folder: &std::path::Path, jobs: usize, stack: usize) -> Vec<String> {
    let (mut file, found, _) = record::open(folder, None).unwrap();
    let work = run::resume(plan, lab, found, |_, _| true).unwrap();
    let options = RunnerOptions { jobs, stack: Some(stack), is_cpu: lab.backend.gpu.is_none() };
    let outcome = run::run(work, lab, &mut file, options, &Deaf, &AtomicBool::new(false)).unwrap();
    lines(&outcome.records)
}

fn fresh(plan: &Plan, lab: &Lab, jobs: usize, stack: usize) -> Vec<String> {
    swept(plan, lab, tempfile::tempdir().unwrap().path(), jobs, stack)
}

#[test]
fn one_worker_and_two_leave_the_same_bytes() {
    for settings in [BUSY, CODED] {
        let plan = plan(settings);
        // A lab each: one remembers what its trials share.
        assert_eq!(fresh(&plan, &lab(), 1, 2), fresh(&plan, &lab(), 2, 2));
    }
}

#[test]
fn every_stack_size_leaves_the_same_bytes() {
    for (settings, most) in [(BUSY, 6), (CODED, 4)] {
        let plan = plan(settings);
        let alone = fresh(&plan, &lab(), 2, 1);
        for stack in 2..=most {
            assert_eq!(alone, fresh(&plan, &lab(), 2, stack), "stack of {stack}");
        }
    }
}

#[test]
fn a_trial_alone_is_the_trial_of_a_sweep() {
    for settings in [BUSY, CODED] {
        let plan = plan(settings);
        let all = fresh(&plan, &lab(), 2, 6);
        for (index, trial) in plan.trials().enumerate().step_by(5) {
            let records = run_stack(&lab(), &[trial], &NoCallback).unwrap().records;
            assert_eq!(lines(&records)[0], all[index]);
        }
    }
}

#[test]
fn a_resumed_and_extended_sweep_is_a_fresh_one() {
    let lab = lab();
    let whole = plan(BUSY);
    let folder = tempfile::tempdir().unwrap();
    let part = plan(&BUSY.replace("seeds = 6", "seeds = 2"));
    assert_eq!(swept(&part, &lab, folder.path(), 2, 3).len(), 4);
    assert_eq!(swept(&whole, &lab, folder.path(), 2, 3), fresh(&whole, &lab, 1, 6));
}

#[test]
fn early_stopping_stops_each_replica_where_it_would_stop_alone() {
    let (plan, lab) = (
        plan("seeds = 5\n[model]\nhidden = [8]\n[train]\nepochs = 25\nbatch_size = 20\nlr = 0.02\npatience = 2"),
        lab(),
    );
    let stacked = fresh(&plan, &lab, 1, 5);
    assert_eq!(fresh(&plan, &lab, 1, 1), stacked);
    let ends: std::collections::BTreeSet<usize> = stacked
        .iter()
        .map(|line| serde_json::from_str::<TrialRecord>(line).unwrap().history.train_loss.len())
        .collect();
    assert!(ends.len() > 1 && ends.iter().all(|&n| n < 25), "the replicas should stop at different epochs: {ends:?}");
}

#[test]
fn a_replica_that_diverges_leaves_its_neighbours_alone() {
    // At this rate some seeds blow up and others do not.
    let text = "seeds = 8\n[train]\nepochs = 3\nbatch_size = 10\noptimizer = 'momentum'\nlr = 5.0\nloss = 'mse'";
    let (plan, lab) = (plan(text), lab());
    let stacked = fresh(&plan, &lab, 1, 8);
    assert_eq!(fresh(&plan, &lab, 1, 1), stacked);
    let diverged = stacked.iter().filter(|line| line.contains("\"status\":\"diverged\"")).count();
    assert!(
        (1..8).contains(&diverged),
        "{diverged} of 8 diverged; the rate should blow up some seeds and spare others"
    );
}

fn weights(model: &Network) -> Vec<TensorData> {
    model.classifier().unwrap().layers.iter().map(|layer| layer.weight.val().into_data()).collect()
}

#[test]
fn neither_dropout_nor_noise_nor_batches_nor_clipping_touch_the_initial_weights() {
    let lab = lab();
    // At a rate too small to move, the weights at the end are the initial ones.
    let end = |extra: &str| {
        let text = format!("[train]\nepochs = 1\nlr = 1e-30\noptimizer = 'sgd'\n{extra}");
        let trial = plan(&text).trials().next().unwrap();
        let stack = run_stack(&lab, &[trial], &NoCallback).unwrap();
        weights(&stack.networks[0])
    };
    let drawn = weights(&plan("").arms[0].config.network(784, 10).init(&[0], &lab.backend.device));
    for extra in [
        "",
        "batch_size = 7",
        "augment = { shift = 1 }",
        "noise = 0.4",
        "clip_norm = 1e-3",
        "patience = 1",
        "[model]\ndropout = 0.5",
    ] {
        assert_eq!(end(extra), drawn, "{extra}");
    }
}

#[test]
fn different_seeds_differ() {
    let (plan, lab) = (plan("seeds = 4\n[train]\nepochs = 1"), lab());
    let losses: std::collections::BTreeSet<String> = fresh(&plan, &lab, 1, 4)
        .iter()
        .map(|line| format!("{:?}", serde_json::from_str::<TrialRecord>(line).unwrap().history.train_loss))
        .collect();
    assert_eq!(losses.len(), 4);
}
