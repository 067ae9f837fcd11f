//! What a training can be asked for beyond the basics, each against an answer that is known: closed forms, hand-worked steps, itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{dataset, lab, lines, plan};
use kindling::analysis::summary::Summary;
use kindling::data::toys;
use kindling::experiment::metric::Metric;
use kindling::experiment::plan::{Plan, Trial};
use kindling::experiment::spec::Spec;
use kindling::nn::device;
use kindling::nn::models::Network;
use kindling::record::{Status, TrialRecord};
use kindling::run::{RunnerOptions, Trainer};
use kindling::train::NoCallback;
use kindling::trial::{Lab, TrainedStack, initial_network, run_stack};

fn toy_plan(name: &str, extra: &str) -> Plan {
    let text = format!("question = 'q'\n{extra}\n[data]\ndataset = '{name}'\n");
    Plan::new(&Spec::parse("toy", "toy.toml", &text).unwrap()).unwrap()
}

fn toy_lab(name: &str) -> Lab {
    let backend = std::env::var("KINDLING_TEST_BACKEND").unwrap_or_else(|_| "flex".into());
    Lab::with_dataset(toys::find(name).unwrap().dataset(), device::open(Some(&backend)).unwrap())
}

fn run(lab: &Lab, trials: &[Trial]) -> (Vec<TrialRecord>, Vec<Network>) {
    let TrainedStack { records, networks, .. } = run_stack(lab, trials, &NoCallback).unwrap();
    (records, networks)
}

/// The records of a toy experiment, seeds as one stack.
fn toy(name: &str, extra: &str) -> Vec<TrialRecord> {
    let plan = toy_plan(name, extra);
    let lab = toy_lab(name);
    plan.arms
        .iter()
        .enumerate()
        .flat_map(|(index, arm)| {
            let trials: Vec<Trial> = plan.seeds.iter().map(|&seed| arm.trial(index, seed)).collect();
            run(&lab, &trials).0
        })
        .collect()
}

fn weights(model: &Network, layer: usize) -> Vec<f32> {
    model.layers()[layer].weight.val().into_data().try_to_vec().unwrap()
}

#[test]
fn linear_regression_ends_at_the_least_squares_line() {
    let extra = "seeds = 2\n[model]\nhidden = []\n[train]\nloss = 'mse'\nepochs = 150\nbatch_size = 300\noptimizer = { name = 'sgd', lr = 0.3 }";
    let plan = toy_plan("line", extra);
    let lab = toy_lab("line");
    let train = lab.splits(&plan.arms[0].config.data).unwrap().train;
    let (x, y) = (train.rows.numbers(), train.targets);
    let n = x.len() as f64;
    let mean = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let (mx, my) = (mean(&x), mean(y));
    let both: f64 = x.iter().zip(y).map(|(&a, &b)| (f64::from(a) - mx) * (f64::from(b) - my)).sum();
    let slope = both / x.iter().map(|&a| (f64::from(a) - mx).powi(2)).sum::<f64>();
    let (records, networks) = run(&lab, &[plan.arms[0].trial(0, 0)]);
    assert!((f64::from(weights(&networks[0], 0)[0]) - slope).abs() < 1e-3);
    // The decision_grid of the record is that line.
    let decision_grid = records[0].decision_grid.as_ref().unwrap();
    let [low, high] = decision_grid.ends[0].map(f64::from);
    let rise = f64::from(decision_grid.values[decision_grid.side - 1] - decision_grid.values[0]) / (high - low);
    assert!(
        (rise - slope).abs() < 1e-3 && (f64::from(decision_grid.values[0]) - (my + slope * (low - mx))).abs() < 1e-2
    );
    assert_eq!(records[0].metric(&Metric::TestAccuracy), None);
}

#[test]
fn the_perceptron_separates_what_can_be_separated_and_nothing_else() {
    let extra = "seeds = 3\n[model]\nhidden = []\noutputs = 1\ninit = 'zeros'\n[train]\nloss = 'perceptron'\nepochs = 40\nbatch_size = 1\n\
                 optimizer = { name = 'sgd', lr = 1.0 }";
    for record in toy("separable", extra) {
        assert_eq!((record.status, record.metric(&Metric::TrainAccuracy)), (Status::Done, Some(1.0)));
        assert_eq!(record.metric(&Metric::TrainLoss), Some(0.0));
    }
    for record in toy("blobs", extra) {
        // A first example without any loss was once taken for the measure of divergence.
        assert_eq!(record.status, Status::Done);
        assert!(record.metric(&Metric::TrainAccuracy).unwrap() < 1.0);
    }
}

#[test]
fn one_hidden_layer_learns_the_quadrants_and_none_does_not() {
    let of = |hidden: &str| {
        let extra = format!(
            "seeds = 3\n[model]\nhidden = {hidden}\nactivation = 'tanh'\n[train]\nepochs = 150\nbatch_size = 32\nlr = 0.02"
        );
        toy("quadrants", &extra).iter().map(|record| record.metric(&Metric::TestAccuracy).unwrap()).fold(1.0, f64::min)
    };
    let (with, without) = (of("[8]"), of("[]"));
    assert!(with > 0.9 && without < 0.7, "{with} {without}");
}

#[test]
fn a_surface_has_class_one_where_its_points_are() {
    let extra = "[model]\nhidden = []\n[train]\nepochs = 40\nlr = 0.05";
    let record = toy("separable", extra).remove(0);
    let decision_grid = record.decision_grid.unwrap();
    assert_eq!(decision_grid.values.len(), decision_grid.side * decision_grid.side);
    // Class 1 lies towards the upper right corner, whose place is last.
    assert!(decision_grid.values[0] < 0.05 && decision_grid.values[decision_grid.values.len() - 1] > 0.95);
    assert!(record.mistakes.is_empty());
}

#[test]
fn an_axis_of_epochs_is_one_training_and_every_record_is_the_one_of_a_training_of_its_own() {
    let plan = plan(
        "seeds = 3\n[model]\nhidden = [9]\ndropout = 0.2\n[train]\nschedule = { step = { every = 2, gamma = 0.5 } }\n[sweep]\nepochs = [1, 3, 4]",
    );
    let lab = lab();
    let all: Vec<Trial> = plan.trials().collect();
    let options = RunnerOptions { jobs: 1, stack: Some(2), is_cpu: true };
    let stacks = kindling::run::stacks(all.clone(), options);
    // Seeds 0 and 1 with all their epochs, then seed 2.
    assert_eq!(stacks.iter().map(Vec::len).collect::<Vec<_>>(), [6, 3]);
    let together: Vec<TrialRecord> = stacks.iter().flat_map(|stack| lab.train(stack, &NoCallback).unwrap()).collect();
    assert_eq!(together.len(), 9);
    for record in &together {
        let trial = all.iter().find(|trial| trial.label == record.arm && trial.seed == record.seed).unwrap();
        let alone = run(&lab, std::slice::from_ref(trial)).0;
        assert_eq!(lines(&alone), lines(std::slice::from_ref(record)));
    }
}

#[test]
fn a_schedule_that_knows_its_end_is_not_shared() {
    let plan = plan("seeds = 1\n[train]\nschedule = 'cosine'\n[sweep]\nepochs = [1, 2]");
    let stacks = kindling::run::stacks(plan.trials().collect(), RunnerOptions { jobs: 1, stack: None, is_cpu: true });
    assert_eq!(stacks.len(), 2);
}

#[test]
fn a_frozen_layer_stays_as_it_was_drawn_and_the_others_learn() {
    let plan = plan("seeds = 1\n[model]\nhidden = [9, 8]\nfrozen = 1\n[train]\nepochs = 1\noptimizer = 'momentum'");
    let lab = lab();
    let config = &plan.arms[0].config;
    let (_, networks) = run(&lab, &[plan.arms[0].trial(0, 0)]);
    let drawn = initial_network(&lab, config, &[0], &NoCallback).unwrap();
    assert_eq!(weights(&networks[0], 0), weights(&drawn, 0));
    assert_ne!(weights(&networks[0], 1), weights(&drawn, 1));
}

#[test]
fn penalties_move_weights_by_their_hand_worked_share_and_biases_not_at_all() {
    // One step of plain descent over all 500 images: the penalty adds lr * lambda / n times w, or its sign.
    let step = |penalty: &str| {
        let text = format!(
            "seeds = 1\n[model]\nhidden = [6]\n[train]\nepochs = 1\nbatch_size = 500\noptimizer = {{ name = 'sgd', lr = 0.5 }}\n{penalty}"
        );
        let plan = plan(&text);
        run(&lab(), &[plan.arms[0].trial(0, 0)]).1.remove(0)
    };
    let lab = lab();
    let start = initial_network(&lab, &plan("[model]\nhidden = [6]").arms[0].config, &[0], &NoCallback).unwrap();
    let (none, l2, l1) = (step(""), step("l2 = 20.0"), step("l1 = 20.0"));
    for layer in 0..2 {
        let (w, plain) = (weights(&start, layer), weights(&none, layer));
        for (i, (w, plain)) in w.iter().zip(&plain).enumerate() {
            let share = 0.5 * 20.0 / 500.0;
            assert!((weights(&l2, layer)[i] - (plain - share * w)).abs() < 1e-6);
            assert!((weights(&l1, layer)[i] - (plain - share * w.signum())).abs() < 1e-6);
        }
    }
    let bias = |model: &Network| model.layers()[0].bias.as_ref().unwrap().val().into_data();
    assert_eq!(bias(&none), bias(&l2));
}

#[test]
fn an_arm_that_starts_after_another_has_its_weights_and_its_own_output() {
    let text = "seeds = 2\n[model]\nhidden = [9]\n[train]\nepochs = 2\noptimizer = 'sgd'\nlr = 0.1\n\
                [[arms]]\nname = 'first'\nloss = 'bce_sum'\n\
                [[arms]]\nname = 'then'\nloss = 'mse'\noutput = 'sigmoid'\nlr = 1e-12\nstart = { after = 'first' }";
    let plan = plan(text);
    let lab = lab();
    let (before, first) = run(&lab, &[plan.arms[0].trial(0, 1)]);
    let (after, then) = run(&lab, &[plan.arms[1].trial(1, 1)]);
    for layer in 0..2 {
        let pairs: Vec<(f32, f32)> = weights(&first[0], layer).into_iter().zip(weights(&then[0], layer)).collect();
        assert!(pairs.iter().all(|(a, b)| (a - b).abs() < 1e-6));
    }
    // Once the other arm's network was trained on, whose output has no sigmoid: its squared error was another.
    assert!(after[0].metric(&Metric::TestLoss).unwrap() < 0.25);
    assert_eq!(before[0].metric(&Metric::TestAccuracy), after[0].metric(&Metric::TestAccuracy));
    assert_ne!(before[0].id, after[0].id);
}

#[test]
fn raw_pixels_are_0_to_255() {
    let plan = plan("[[arms]]\nname = 'unit'\n[[arms]]\nname = 'raw'\npixels = 'raw'");
    let lab = lab();
    let [unit, raw] = [0, 1].map(|arm| lab.splits(&plan.arms[arm].config.data).unwrap().train.rows.numbers());
    assert!(raw.iter().zip(&unit).all(|(raw, unit)| (raw / 255.0 - unit).abs() < 1e-6));
    assert!(raw.contains(&255.0));
    let mut picked = Vec::new();
    lab.splits(&plan.arms[1].config.data).unwrap().train.rows.gather(&[3], &mut picked);
    assert_eq!(picked, raw[3 * 784..4 * 784]);
}

#[test]
fn a_descent_is_a_trial_like_any_other() {
    let text = "question = 'q'\nseeds = 2\n[descend]\nfunction = 'quartic'\nsteps = 20\n[sweep]\nlr = [0.01, 5.0]\noptimizer = ['sgd']";
    let plan = Plan::new(&Spec::parse("d", "d.toml", text).unwrap()).unwrap();
    assert!(plan.is_deterministic() && plan.datasets().is_empty());
    let lab = lab();
    let (records, networks) = run(&lab, &plan.trials().take(2).collect::<Vec<_>>());
    assert!(networks.is_empty());
    assert_eq!((records[0].path.len(), records[0].history.train_loss.len()), (21, 21));
    assert_eq!(records[0].path, records[1].path);
    assert_eq!(records[0].metric(&Metric::Diverged), Some(0.0));
    let (far, _) = run(&lab, &[plan.trials().nth(2).unwrap()]);
    assert_eq!(
        (far[0].status, far[0].metric(&Metric::Diverged), far[0].metric(&Metric::FinalValue)),
        (Status::Diverged, Some(1.0), None)
    );
}

#[test]
fn only_what_varies_follows_the_seed() {
    let arms = "seeds = 2\n[train]\nepochs = 2\n[sweep]\nvary = [['init', 'order'], ['init'], ['order'], ['split'], ['split', 'init']]";
    let plan = toy_plan("blobs", arms);
    let lab = toy_lab("blobs");
    let trial = |arm: usize, seed: u64| run(&lab, &[plan.arms[arm].trial(arm, seed)]);
    let loss = |arm: usize, seed: u64| trial(arm, seed).0[0].history.train_loss[0];
    // With seed 0 everything but the split is that of seed 0, whatever follows it.
    assert_eq!([loss(1, 0), loss(2, 0)], [loss(0, 0); 2]);
    assert_eq!(loss(4, 0), loss(3, 0));
    // With another seed each source moves the result by itself.
    let all = [loss(0, 0), loss(0, 1), loss(1, 1), loss(2, 1), loss(3, 0), loss(3, 1), loss(4, 1)];
    for (index, one) in all.iter().enumerate() {
        assert!(all[..index].iter().all(|other| other != one), "{all:?}");
    }
    // Alone or in a stack, the record is the same; seeds with splits of their own share none.
    let stack = |arm: usize| [0, 1].map(|seed| plan.arms[arm].trial(arm, seed));
    let together = run(&lab, &stack(1)).0;
    assert_eq!(together[1].timeless(), trial(1, 1).0[0].timeless());
    let refused = run_stack(&lab, &stack(3), &NoCallback).unwrap_err();
    assert!(refused.to_string().contains("cannot share a stack"), "{refused}");
}

#[test]
fn a_split_of_its_own_is_made_of_all_examples_of_the_training_file() {
    let examples = toys::find("line").unwrap().dataset().train;
    let reversed: Vec<usize> = (0..examples.count()).rev().collect();
    let turned = examples.reordered(&reversed);
    let (before, after) = (examples.points().unwrap(), turned.points().unwrap());
    let last = before.targets.len() - 1;
    assert_eq!((after.targets[0], after.values[0]), (before.targets[last], before.values[last]));
    assert_eq!(turned.reordered(&reversed), examples);
}

#[test]
fn the_lecture_notes_perceptron_separates_with_weights_of_norm_1() {
    let extra = "seeds = 2\n[model]\nhidden = []\noutputs = 1\ninit = { normal = 1.0, bias = 'zeros' }\n[train]\nloss = 'perceptron_sum'\n\
                 unit_norm = true\nepochs = 60\nbatch_size = 300\noptimizer = { name = 'sgd', lr = 0.05 }";
    let plan = toy_plan("separable", extra);
    let (records, networks) = run(&toy_lab("separable"), &plan.trials().collect::<Vec<_>>());
    for (record, network) in records.iter().zip(&networks) {
        let norm = weights(network, 0).iter().map(|w| w * w).sum::<f32>().sqrt();
        assert!((norm - 1.0).abs() < 1e-6, "{norm}");
        assert_eq!((record.metric(&Metric::TrainAccuracy), record.metric(&Metric::TrainLoss)), (Some(1.0), Some(0.0)));
    }
}

#[test]
fn a_trial_of_chosen_classes_knows_no_others_and_says_how_many_examples_it_had() {
    let text = "question = 'q'\nmetric = 'steps_to@0.4'\nseeds = 3\n[data]\ndataset = 'digits'\nclasses = [7, 2]\n[train]\nepochs = 2\nbatch_size = 10";
    let plan = Plan::new(&Spec::parse("c", "c.toml", text).unwrap()).unwrap();
    let chosen = dataset().of_classes(&[7, 2]).unwrap();
    let (all, tests) = (chosen.train.count(), chosen.test.count());
    let lab = Lab::with_dataset(chosen, lab().backend);
    let (records, _) = run(&lab, &plan.trials().collect::<Vec<_>>());
    let train = all - all / 12;
    for record in &records {
        assert_eq!((record.made_with.dataset.as_str(), record.train_examples), ("digits[7,2]", Some(train)));
        assert_eq!((record.confusion.len(), record.confusion.iter().flatten().sum::<u32>() as usize), (2, tests));
    }
    let summary = Summary::new(&plan, records).unwrap();
    let steps: Vec<f64> = summary.records.iter().filter_map(|record| record.quantity(&summary.metric)).collect();
    let per_epoch = train.div_ceil(10) as f64;
    assert!(steps.len() == 3 && steps.iter().all(|steps| steps % per_epoch == 0.0), "{steps:?}");
    let error = lab.splits(&{
        let mut data = plan.arms[0].config.data.clone();
        data.train = kindling::data::Size::Count(all);
        data
    });
    assert!(error.unwrap_err().to_string().contains("training images of digits[7,2]"));
}

#[test]
fn what_is_measured_beside_a_training_is_added_to_a_record_and_change_nothing_else() {
    let with = |extra: &str| {
        let plan = plan(&format!("seeds = 2\n[model]\nhidden = [9]\n[train]\nepochs = 2\nbatch_size = 64\n{extra}"));
        run(&lab(), &plan.trials().collect::<Vec<_>>()).0
    };
    let plain = with("");
    let watched = with("validate_every = 100\nwatch = true\n[evaluate]\nerrors = true");
    for (plain, watched) in plain.iter().zip(watched) {
        assert_eq!((&watched.history, &watched.predictions), (&plain.history, &plain.predictions));
        assert!(plain.checks.is_empty() && plain.layers.is_empty() && plain.metric(&Metric::TestMae).is_none());
        // Every two steps of 64 images, except at the ends of epochs of eight steps.
        assert_eq!(watched.checks.steps, [2, 4, 6, 10, 12, 14]);
        assert_eq!(watched.checks.examples, [128, 256, 384, 628, 756, 884]);
        assert_eq!(watched.checks.validation_accuracy.len(), 6);
        // Two layers before and after two epochs; the last one has no activation.
        let layers: Vec<[usize; 3]> = watched
            .layers
            .iter()
            .map(|layer| [&layer.gradient_norm, &layer.saturated, &layer.slope].map(Vec::len))
            .collect();
        assert_eq!(layers, [[3, 3, 3], [3, 0, 0]]);
        assert!(watched.layers.iter().flat_map(|layer| &layer.gradient_norm).all(|norm| *norm > 0.0));
        let last = Metric::of_record("gradient_norm@2");
        assert_eq!(watched.metric(&last), Some(f64::from(watched.layers[1].gradient_norm[2])));
        assert_eq!(watched.metric(&Metric::of_record("slope@2")), None);
        let (mse, mae) = (watched.metric(&Metric::TestMse).unwrap(), watched.metric(&Metric::TestMae).unwrap());
        // Of ten probabilities that add up to 1 none is off by more than 1, and all together by no more than 2.
        assert!(0.0 < mse && mse < mae && mae < 0.2, "{mse} {mae}");
    }
    let line = toy("line", "[evaluate]\nerrors = true\n[train]\nloss = 'mse'\nepochs = 2").remove(0);
    let [loss, mse] = [Metric::TestLoss, Metric::TestMse].map(|metric| line.metric(&metric).unwrap());
    assert!((loss - mse).abs() < 1e-6 * loss && line.metric(&Metric::TestMae).is_some());
}
