//! Claims judged on made-up records.

use serde_json::Map;

use super::*;
use crate::evaluate::predictions::Predictions;
use crate::experiment::metric::Metric;
use crate::experiment::spec::Spec;
use crate::record::{Bytes, History, MadeWith, Metrics, SCHEMA, Status};

fn plan(sweep: &str, test: &str, seeds: u64) -> Plan {
    let text = format!("question = 'q'\nseeds = {seeds}\n[sweep]\n{sweep}\n[[claims]]\nsays = 's'\ntest = '{test}'");
    Plan::new(&Spec::parse("x", "x", &text).unwrap()).unwrap()
}

/// Records whose accuracy is `level(arm) + spread(arm) * wobble(seed)`; a NaN level has diverged.
fn records(plan: &Plan, levels: &[(f64, f64)]) -> Vec<TrialRecord> {
    plan.trials()
        .map(|trial| {
            let (level, spread) = levels[trial.arm];
            let wobble = ((trial.seed * 7 + trial.arm as u64 * 3) % 11) as f64 / 11.0 - 0.5;
            let mut metrics = Metrics::default();
            if level.is_finite() {
                metrics.insert(Metric::TestAccuracy, level + spread * wobble);
                // Validation ranks the arms of a group the other way round, to tell the two apart.
                metrics.insert(Metric::ValidationAccuracy, 1.0 - level);
            }
            TrialRecord {
                schema: SCHEMA,
                id: String::new(),
                arm: trial.label,
                axes: Map::new(),
                seed: trial.seed,
                status: if level.is_finite() { Status::Done } else { Status::Diverged },
                diverged_epoch: None,
                pruned_epoch: None,
                stopped_epoch: None,
                error: None,
                epochs_kept: None,
                history: History::default(),
                metrics,
                confusion: vec![],
                decision_grid: None,
                path: vec![],
                train_examples: None,
                checks: Default::default(),
                layers: Vec::new(),
                epoch: None,
                mistakes: vec![],
                predictions: Predictions::default(),
                made_with: MadeWith {
                    kindling: String::new(),
                    burn: String::new(),
                    backend: String::new(),
                    bytes: Bytes::Portable,
                    dataset: String::new(),
                    data: String::new(),
                }
                .into(),
                seconds: 0.0,
            }
        })
        .collect()
}

const OPTIMIZERS: &str = "optimizer = ['sgd', 'momentum', 'adam']";

#[track_caller]
fn assert_finding(sweep: &str, test: &str, levels: &[(f64, f64)], expected: Finding) {
    let plan = plan(sweep, test, 15);
    let judged = judge_all(&plan, &records(&plan, levels)).unwrap();
    assert_eq!(judged[0].finding, expected, "{}", judged[0].evidence);
}

#[test]
fn orders_are_confirmed_refuted_or_left_open() {
    let clear = [(0.90, 0.01), (0.95, 0.01), (0.97, 0.01)];
    assert_finding(OPTIMIZERS, "adam > sgd on test_accuracy", &clear, Finding::Confirmed);
    assert_finding(OPTIMIZERS, "sgd < momentum < adam on test_accuracy", &clear, Finding::Confirmed);
    assert_finding(OPTIMIZERS, "sgd > adam on test_accuracy", &clear, Finding::Refuted);
    assert_finding(OPTIMIZERS, "adam > sgd > momentum on test_accuracy", &clear, Finding::Refuted);
    let alike = [(0.90, 0.01), (0.95, 0.05), (0.951, 0.05)];
    assert_finding(OPTIMIZERS, "adam > momentum on test_accuracy", &alike, Finding::Inconclusive);
}

#[test]
fn spreads_numbers_and_ranges() {
    let levels = [(0.90, 0.10), (0.95, 0.05), (0.97, 0.005)];
    assert_finding(OPTIMIZERS, "sd(adam) < sd(sgd) on test_accuracy", &levels, Finding::Confirmed);
    assert_finding(OPTIMIZERS, "sd(adam) > sd(sgd) on test_accuracy", &levels, Finding::Refuted);
    assert_finding(OPTIMIZERS, "adam > 0.96 on test_accuracy", &levels, Finding::Confirmed);
    assert_finding(OPTIMIZERS, "adam > 0.98 on test_accuracy", &levels, Finding::Refuted);
    assert_finding(OPTIMIZERS, "adam in [0.96, 0.98] on test_accuracy", &levels, Finding::Confirmed);
    assert_finding(OPTIMIZERS, "adam in [0.5, 0.6] on test_accuracy", &levels, Finding::Refuted);
    assert_finding(OPTIMIZERS, "adam in [0.97, 0.98] on test_accuracy", &levels, Finding::Inconclusive);
}

#[test]
fn trends_follow_the_axis() {
    let sweep = "batch_size = [8, 16, 32]";
    let falling = [(0.97, 0.01), (0.95, 0.01), (0.93, 0.01)];
    assert_finding(sweep, "decreasing in batch_size on test_accuracy", &falling, Finding::Confirmed);
    assert_finding(sweep, "increasing in batch_size on test_accuracy", &falling, Finding::Refuted);
    // Each seed's three values differ by the wobble alone, whose order along the axis turns with the seed.
    assert_finding(sweep, "increasing in batch_size on test_accuracy", &[(0.95, 0.0); 3], Finding::Inconclusive);
}

#[test]
fn an_arm_that_always_diverges_has_the_higher_loss() {
    let plan = plan(OPTIMIZERS, "momentum < sgd on test_loss", 15);
    let mut records = records(&plan, &[(f64::NAN, 0.0), (0.95, 0.01), (0.97, 0.01)]);
    for record in records.iter_mut().filter(|record| record.status == Status::Done) {
        record.metrics.insert(Metric::TestLoss, 0.1);
    }
    assert_eq!(judge_all(&plan, &records).unwrap()[0].finding, Finding::Confirmed);
}

#[test]
fn two_seeds_confirm_nothing() {
    for test in [
        "adam > 0.5 on test_accuracy",
        "adam > sgd on test_accuracy",
        "mean(adam) > mean(sgd) on test_accuracy",
        "adam ~ sgd within 0.9 on test_accuracy",
        "adam in [0, 1] on test_accuracy",
    ] {
        let plan = plan(OPTIMIZERS, test, 2);
        let judged = judge_all(&plan, &records(&plan, &[(0.6, 0.1), (0.7, 0.01), (0.9, 0.01)])).unwrap();
        assert_eq!(judged[0].finding, Finding::Inconclusive, "{test}: {}", judged[0].evidence);
    }
}

#[test]
fn an_arm_that_always_diverges_loses() {
    let levels = [(f64::NAN, 0.0), (0.95, 0.01), (0.97, 0.01)];
    assert_finding(OPTIMIZERS, "adam > sgd on test_accuracy", &levels, Finding::Confirmed);
    assert_finding(OPTIMIZERS, "sgd > adam on test_accuracy", &levels, Finding::Refuted);
}

#[test]
fn the_best_of_a_group_is_chosen_on_validation() {
    let sweep = "optimizer = ['sgd', 'adam']\nlr = [0.1, 0.2]";
    // sgd 0.90 and 0.98, adam 0.95 and 0.99 on test; validation prefers the lower of each.
    let levels = [(0.90, 0.01), (0.98, 0.01), (0.95, 0.01), (0.99, 0.01)];
    let plan = plan(sweep, "best(adam) > best(sgd) on test_accuracy", 15);
    let judged = judge_all(&plan, &records(&plan, &levels)).unwrap();
    assert_eq!(judged[0].finding, Finding::Confirmed);
    let evidence = &judged[0].evidence;
    assert!(evidence.starts_with("best(adam) - best(sgd): ΔIQM +5.0"), "{evidence}");
    assert!(evidence.ends_with("; best(adam): `adam lr=0.1` 15 times; best(sgd): `sgd lr=0.1` 15 times"), "{evidence}");
    let unknown = Claim { test: "best(adm) > best(sgd) on test_accuracy".into(), ..plan.claims[0].clone() };
    let error = check(&Plan { claims: vec![unknown], ..plan }).unwrap_err().to_string();
    assert!(error.contains("no arm has the axis value `adm`"), "{error}");
}

#[test]
fn few_seeds_are_said() {
    let plan = plan(OPTIMIZERS, "adam > sgd on test_accuracy", 4);
    let judged = judge_all(&plan, &records(&plan, &[(0.5, 0.01), (0.6, 0.01), (0.9, 0.01)])).unwrap();
    assert!(judged[0].evidence.contains("only 4 runs"), "{}", judged[0].evidence);
}

#[test]
fn unknown_arms_axes_metrics_and_forms_are_errors_with_the_valid_ones() {
    let fails = |test: &str| {
        let plan = plan(OPTIMIZERS, test, 15);
        judge_all(&plan, &records(&plan, &[(0.9, 0.0); 3])).unwrap_err().to_string()
    };
    assert!(fails("adm > sgd on test_accuracy").contains("did you mean `adam`"));
    assert!(fails("adam > sgd on test_acuracy").contains("did you mean `test_accuracy`"));
    assert!(fails("increasing in batch_size on test_accuracy").contains("the axes are optimizer"));
    assert!(fails("increasing in optimizer on test_accuracy").contains("is not a number"));
    assert!(fails("adam beats sgd").contains("expected one of"));
    assert!(fails("adam ~ sgd on test_accuracy").contains("expected one of"));
    assert!(fails("adam in [0.9] on test_accuracy").contains("[low, high]"));
    assert!(fails("adam in [0.9, abc, 1.0] on test_accuracy").contains("[low, high]"));
    assert!(fails("adam > nan on test_accuracy").contains("no arm `nan`"));
    assert!(fails("1 > 2 on test_accuracy").contains("two numbers"));
}

fn judged(sweep: &str, test: &str, levels: &[(f64, f64)]) -> JudgedClaim {
    let plan = plan(sweep, test, 10);
    judge_all(&plan, &records(&plan, levels)).unwrap().remove(0)
}

#[test]
fn a_margin_moves_the_bar() {
    let optimizers = "optimizer = [\"adam\", \"sgd\"]";
    let levels = [(0.97, 0.01), (0.95, 0.01)];
    let finding = |test: &str| judged(optimizers, test, &levels).finding;
    assert_eq!(finding("adam > sgd + 0.005 on test_accuracy"), Finding::Confirmed);
    assert_eq!(finding("adam > sgd + 0.05 on test_accuracy"), Finding::Refuted);
    assert_eq!(finding("sgd > adam - 0.05 on test_accuracy"), Finding::Confirmed);
    let short = judged(optimizers, "adam > sgd + 0.05 on test_accuracy", &levels);
    assert!(short.evidence.contains("not by that margin"), "{}", short.evidence);
    let turned = judged(optimizers, "sgd > adam + 0.05 on test_accuracy", &levels);
    assert!(!turned.evidence.contains("not by that margin"), "{}", turned.evidence);
}

#[test]
fn arms_that_differ_by_less_than_a_margin_are_practically_the_same() {
    let optimizers = "optimizer = [\"adam\", \"sgd\"]";
    let levels = [(0.970, 0.002), (0.9705, 0.002)];
    let finding = |test: &str| judged(optimizers, test, &levels).finding;
    assert_eq!(finding("adam ~ sgd within 0.005 on test_accuracy"), Finding::Same);
    assert_eq!(finding("adam ~ sgd within 0.0005 on test_accuracy"), Finding::Inconclusive);
    let apart = [(0.97, 0.002), (0.95, 0.002)];
    assert_eq!(judged(optimizers, "adam ~ sgd within 0.005 on test_accuracy", &apart).finding, Finding::Refuted);
}

#[test]
fn every_part_of_every_claim_is_in_one_family() {
    let mut plan = plan(OPTIMIZERS, "adam > sgd on test_accuracy", 15);
    let alone = judge_all(&plan, &records(&plan, &[(0.95, 0.01), (0.9, 0.1), (0.953, 0.01)])).unwrap();
    assert_eq!(alone[0].finding, Finding::Confirmed, "{}", alone[0].evidence);
    let more = [
        "adam > 0.953 on test_accuracy",
        "adam in [0.952, 0.954] on test_accuracy",
        "sd(adam) < sd(sgd) on test_accuracy",
    ];
    let more = more.map(|test| Claim { test: test.into(), ..plan.claims[0].clone() });
    plan.claims.extend(more.into_iter().cycle().take(60));
    let together = judge_all(&plan, &records(&plan, &[(0.95, 0.01), (0.9, 0.1), (0.953, 0.01)])).unwrap();
    assert_eq!(together[0].finding, Finding::Inconclusive, "{}", together[0].evidence);
    assert!(together[0].evidence.contains(" at 99.9 %") && together[0].evidence.contains("Holm p"));
}

#[test]
fn a_mean_with_a_run_that_diverged_is_no_number_and_says_why() {
    let plan = plan(OPTIMIZERS, "mean(adam) > 0.5 on test_accuracy", 15);
    let mut records = records(&plan, &[(0.9, 0.01); 3]);
    let adam = records.iter_mut().rfind(|record| record.arm == "adam").unwrap();
    (adam.status, adam.metrics) = (Status::Diverged, Metrics::default());
    let judged = judge_all(&plan, &records).unwrap().remove(0);
    assert_eq!(judged.finding, Finding::Inconclusive);
    assert!(judged.evidence.contains("1 of 15 runs of `adam` diverged"), "{}", judged.evidence);
}

#[test]
fn a_run_does_not_choose_the_arm_that_it_is_compared_as() {
    // The two arms of each optimizer are alike, and a seed that validates well tests well: the best of two chosen by all seeds would look
    // better than an arm is.
    let sweep = "optimizer = ['sgd', 'adam']\nlr = [0.1, 0.2]";
    let plan = plan(sweep, "best(adam) > best(sgd) on test_accuracy", 3);
    let mut records = records(&plan, &[(0.9, 0.0); 4]);
    for record in records.iter_mut().filter(|record| record.arm.starts_with("adam")) {
        let is_lucky = record.seed == 0 && record.arm == "adam lr=0.2";
        record.metrics.insert(Metric::ValidationAccuracy, if is_lucky { 0.99 } else { 0.1 });
        record.metrics.insert(Metric::TestAccuracy, if is_lucky { 0.99 } else { 0.9 });
    }
    let judged = judge_all(&plan, &records).unwrap().remove(0);
    // Seed 0 is compared as lr=0.1, the first of two that seeds 1 and 2 find alike.
    assert!(judged.evidence.contains("ΔIQM +0.00 pp"), "{}", judged.evidence);
}

#[test]
fn statistics_of_two_kinds_and_margins_between_spreads_are_refused() {
    let fails = |test: &str| check(&plan(OPTIMIZERS, test, 15)).unwrap_err().to_string();
    assert!(fails("mean(adam) > median(sgd) on test_accuracy").contains("different statistics"));
    assert!(fails("sd(adam) < sd(sgd) + 0.1 on test_accuracy").contains("without a margin"));
    assert!(fails("adam ~ sgd within 0 on test_accuracy").contains("not a number above 0"));
    assert!(fails("adam ~ 0.9 within 0.1 on test_accuracy").contains("between two arms"));
}

#[test]
fn runs_that_diverged_can_be_counted() {
    let optimizers = "optimizer = [\"adam\", \"sgd\"]";
    let levels = [(0.97, 0.01), (f64::NAN, 0.0)];
    // Of ten runs all diverged, or none: between 69 % and all of such runs do, or none to 31 %.
    assert_eq!(judged(optimizers, "sgd in [0.69, 1] on diverged", &levels).finding, Finding::Confirmed);
    assert_eq!(judged(optimizers, "sgd in [1, 1] on diverged", &levels).finding, Finding::Inconclusive);
    assert_eq!(judged(optimizers, "adam in [0, 0.31] on diverged", &levels).finding, Finding::Confirmed);
    assert_eq!(judged(optimizers, "sgd > adam on diverged", &levels).finding, Finding::Confirmed);
}

#[test]
fn what_cannot_be_tested_says_why() {
    let text = "question = 'q'\n[[claims]]\nsays = 's'\npublished = '0.5'\nuntestable = 'the data are not public'";
    let plan = Plan::new(&Spec::parse("x", "x", text).unwrap()).unwrap();
    check(&plan).unwrap();
    let judged = judge_all(&plan, &[]).unwrap().remove(0);
    assert_eq!((judged.finding, judged.evidence.as_str()), (Finding::Untestable, "the data are not public"));
}

#[test]
fn what_is_the_same_every_time_is_compared_as_it_is() {
    let text = "question = 'q'\nseeds = 1\n[descend]\nfunction = 'wavy'\n[train]\noptimizer = 'sgd'\n[sweep]\nlr = [0.1, 0.2, 0.3]";
    let mut plan = Plan::new(&Spec::parse("x", "x", text).unwrap()).unwrap();
    let values = [3.0, 2.0, 1.0];
    let records: Vec<TrialRecord> = self::records(&plan, &[(1.0, 0.0); 3])
        .into_iter()
        .zip(values)
        .map(|(record, value)| TrialRecord { metrics: [(Metric::FinalValue, value)].into_iter().collect(), ..record })
        .collect();
    let mut finding = |test: &str| {
        plan.claims = vec![Claim { says: "s".into(), test: test.into(), ..Claim::default() }];
        judge_all(&plan, &records).unwrap().remove(0).finding
    };
    assert_eq!(finding("lr=0.1 > lr=0.2 > lr=0.3 on final_value"), Finding::Confirmed);
    assert_eq!(finding("lr=0.2 > lr=0.1 on final_value"), Finding::Refuted);
    assert_eq!(finding("lr=0.2 in [1.5, 2.5] on final_value"), Finding::Confirmed);
    assert_eq!(finding("decreasing in lr on final_value"), Finding::Confirmed);
    assert_eq!(finding("increasing in lr on final_value"), Finding::Refuted);
    assert_eq!(finding("lr=0.2 > 0 on distance"), Finding::Inconclusive);
}

#[test]
fn the_p_value_of_a_claim_is_that_of_its_weakest_part_or_of_its_strongest_contrary() {
    let p = |test: &str, levels: &[(f64, f64)]| {
        let plan = plan(OPTIMIZERS, test, 15);
        judge_all(&plan, &records(&plan, levels)).unwrap()[0].p.unwrap()
    };
    let levels = [(0.90, 0.01), (0.95, 0.01), (0.951, 0.01)];
    let weak = p("adam > momentum on test_accuracy", &levels);
    assert!((p("adam > momentum > sgd on test_accuracy", &levels) - weak).abs() < 1e-12);
    let strong = p("momentum > sgd on test_accuracy", &levels);
    assert!((p("adam > momentum on test_accuracy", &levels) - weak).abs() < 1e-12);
    assert!((p("sgd > momentum > adam on test_accuracy", &levels) - 2.0 * strong).abs() < 1e-12);
}

#[test]
fn before_training_it_is_said_what_the_seeds_can_show() {
    let plan = |test: &str, seeds: u64| plan(OPTIMIZERS, test, seeds);
    let sentence = |test: &str, seeds: u64, spread: Option<f64>| {
        let outlook = outlook(&plan(test, seeds), &[], spread).unwrap();
        (outlook.differences, outlook.undecidable.concat())
    };
    let order = "adam > sgd on test_accuracy";
    assert_eq!(sentence(order, 2, None).0, "2 seeds show nothing: it takes 3 or more");
    let (differences, undecidable) = sentence(order, 15, Some(0.01));
    assert!(differences.contains("15 seeds an arm and one test: a difference of 1."), "{differences}");
    assert!(differences.ends_with("pp is called with 80 % power, for runs that spread by 1.00 pp"), "{differences}");
    assert_eq!(undecidable, "");
    // Twice 1 / 2^5 is above 5 %, and twice 1 / 2^6 below.
    let (_, undecidable) = sentence("median(adam) > 0.9 on test_accuracy", 5, None);
    assert_eq!(
        undecidable,
        "`median(adam) > 0.9 on test_accuracy`: never decided by 5 seeds, even if all agree; it takes about 6"
    );
    // Twice 0.1^n: two seeds would do.
    assert_eq!(sentence("adam > 0.1 on diverged", 3, None).1, "");
    let (_, undecidable) = sentence("adam ~ sgd within 0.001 on test_accuracy", 15, Some(0.01));
    assert!(undecidable.contains("not confirmed by 15 seeds, whose interval reaches 0.8"), "{undecidable}");
    assert_eq!(sentence("adam ~ sgd within 0.02 on test_accuracy", 15, Some(0.01)).1, "");
    let (_, undecidable) = sentence("adam in [0.95, 0.952] on test_accuracy", 15, Some(0.01));
    assert!(undecidable.contains("not confirmed by 15 seeds"), "{undecidable}");
    // The spread of earlier runs is taken where none is given: 15 values between -0.005 and 0.005.
    let plan = plan(order, 15);
    let earlier = records(&plan, &[(0.9, 0.01), (0.9, 0.01), (0.9, 0.01)]);
    assert!(outlook(&plan, &earlier, None).unwrap().differences.contains("for runs that spread by 0.3"));
}

#[test]
fn a_run_that_diverged_has_the_worst_value_of_a_metric_and_none_of_a_difference() {
    let plan = plan(OPTIMIZERS, "adam > sgd on test_accuracy", 3);
    let mut record = records(&plan, &[(f64::NAN, 0.0), (0.9, 0.01), (0.9, 0.01)]).remove(0);
    let outcome = |record: &TrialRecord, text: &str| record.outcome(&text.parse().unwrap());
    assert_eq!(outcome(&record, "test_accuracy"), Some(f64::NEG_INFINITY));
    assert_eq!(outcome(&record, "test_loss"), Some(f64::INFINITY));
    assert_eq!(outcome(&record, "train_accuracy - test_accuracy"), None);
    record.status = Status::Failed;
    assert_eq!(outcome(&record, "test_accuracy"), None);
}

#[test]
fn where_too_many_runs_diverged_an_order_is_judged_and_a_margin_is_not() {
    let plan = |test: &str| plan(OPTIMIZERS, test, 15);
    let judged = |test: &str| {
        let plan = plan(test);
        judge_all(&plan, &records(&plan, &[(f64::NAN, 0.0), (0.9, 0.01), (0.902, 0.01)])).unwrap().remove(0)
    };
    assert_eq!(judged("adam > sgd on test_accuracy").finding, Finding::Confirmed);
    let refuted = judged("sgd > adam on test_accuracy");
    assert_eq!(refuted.finding, Finding::Refuted);
    assert!(!refuted.evidence.contains("not by that margin"), "{}", refuted.evidence);
    assert_eq!(judged("adam > sgd + 0.05 on test_accuracy").finding, Finding::Inconclusive);
}

#[test]
fn a_share_has_no_standard_deviation_to_be_claimed() {
    let error = check(&plan(OPTIMIZERS, "sd(adam) < 0.1 on diverged", 15)).unwrap_err().to_string();
    assert!(error.contains("the share of its runs"), "{error}");
}

/// A plan with one claim, its lines after `says`.
fn plan_with(head: &str, claim: &str) -> Plan {
    let text = format!("question = 'q'\nseeds = 15\n{head}\n[sweep]\n{OPTIMIZERS}\n[[claims]]\nsays = 's'\n{claim}");
    Plan::new(&Spec::parse("x", "x", &text).unwrap()).unwrap()
}

#[test]
fn readings_that_agree_are_the_claims_finding_and_others_show_that_not_enough_is_said() {
    let levels = [(0.90, 0.01), (0.95, 0.01), (0.97, 0.01)];
    let judged = |second: &str| {
        let claim = format!(
            "readings = [{{ name = 'with Adam', test = 'adam > 0.93 on test_accuracy' }}, {{ name = 'with SGD', test = '{second}' }}]"
        );
        let plan = plan_with("", &claim);
        judge_all(&plan, &records(&plan, &levels)).unwrap().remove(0)
    };
    let agree = judged("momentum > 0.93 on test_accuracy");
    assert_eq!(agree.finding, Finding::Confirmed);
    assert!(agree.evidence.starts_with("with Adam: confirmed, adam = 0.9"), "{}", agree.evidence);
    let differ = judged("sgd > 0.93 on test_accuracy");
    assert_eq!(differ.finding, Finding::Underspecified);
    assert!(differ.evidence.contains("; with SGD: refuted, sgd = 0."), "{}", differ.evidence);
    // One reading is strongly for it and one strongly against: neither finding has a small p-value.
    assert!(agree.p.unwrap() < 1e-6 && differ.p.unwrap() > 0.5, "{:?} {:?}", agree.p, differ.p);
}

#[test]
fn a_table_is_confirmed_where_runs_are_near_its_numbers_in_the_mean() {
    let levels = [(0.90, 0.01), (0.95, 0.01), (0.97, 0.01)];
    let judged = |test: &str, table: &str| {
        let plan = plan_with("", &format!("test = '{test} on test_accuracy'\ntable = {table}"));
        judge_all(&plan, &records(&plan, &levels)).unwrap().remove(0)
    };
    assert_eq!(judged("table within 0.02", "[['sgd', 0.90], ['adam', 0.97]]").finding, Finding::Confirmed);
    // Off by 0, 15 and 0 points: 5 in the mean.
    let one_off = judged("table within 0.02", "[['sgd', 0.90], ['momentum', 0.80], ['adam', 0.97]]");
    assert_eq!(one_off.finding, Finding::Refuted);
    assert!(one_off.evidence.starts_with("mean distance from 3 published numbers = 0.05"), "{}", one_off.evidence);
    let cells: Vec<_> =
        one_off.measured.iter().map(|cell| (cell.what.as_str(), cell.published, cell.finding)).collect();
    assert_eq!(cells[0], ("sgd", [0.90, 0.90], Finding::Confirmed));
    assert_eq!(cells[1], ("momentum", [0.80, 0.80], Finding::Refuted));
    assert!(one_off.measured.iter().all(|cell| cell.interval.is_some()));
    let plan = plan_with("", "test = 'table within 0.02 on test_accuracy'\ntable = [['sdg', 0.9]]");
    assert!(check(&plan).unwrap_err().to_string().contains("did you mean `sgd`?"));
}

#[test]
fn a_table_of_an_arm_has_the_rest_of_its_arms_labels() {
    let text = "question = 'q'\nseeds = 15\n[sweep]\noptimizer = ['sgd', 'adam']\nlr = [0.1, 0.2]\n[[claims]]\nsays = 's'\n\
                readings = [{ name = 'a', test = 'table of sgd within 0.02 on test_accuracy' }, { name = 'b', test = 'table of adam within 0.02 on test_accuracy' }]\n\
                table = [['lr=0.1', 0.8], ['lr=0.2', 0.9]]";
    let plan = Plan::new(&Spec::parse("x", "x", text).unwrap()).unwrap();
    let levels = [(0.8, 0.01), (0.9, 0.01), (0.5, 0.01), (0.5, 0.01)];
    let judged = judge_all(&plan, &records(&plan, &levels)).unwrap().remove(0);
    assert_eq!(judged.finding, Finding::Underspecified, "{}", judged.evidence);
    assert_eq!(
        judged.measured.iter().map(|cell| cell.what.as_str()).collect::<Vec<_>>()[..3],
        ["sgd lr=0.1", "sgd lr=0.2", "adam lr=0.1"]
    );
}

#[test]
fn a_run_with_other_settings_judges_no_claim_of_a_source_but_a_question_of_ours() {
    let finding = |head: &str, kind: &str| {
        let mut plan = plan_with(head, &format!("{kind}test = 'adam > sgd on test_accuracy'"));
        plan.differs = vec!["train.epochs is 5 instead of 50".into()];
        let records = records(&plan, &[(0.90, 0.01), (0.95, 0.01), (0.97, 0.01)]);
        let judged = judge_all(&plan, &records).unwrap().remove(0);
        (judged.finding, judged.p)
    };
    assert_eq!(finding("source = 'a book'", ""), (Finding::NotAsPublished, None));
    assert_eq!(finding("source = 'a book'", "kind = 'question'\n").0, Finding::Confirmed);
    assert_eq!(finding("", "").0, Finding::Confirmed);
}

#[test]
fn an_arm_is_compared_with_every_other_one() {
    let clear = [(0.90, 0.01), (0.95, 0.01), (0.97, 0.01)];
    assert_finding(OPTIMIZERS, "adam > others on test_accuracy", &clear, Finding::Confirmed);
    assert_finding(OPTIMIZERS, "momentum > others on test_accuracy", &clear, Finding::Refuted);
    assert_finding(OPTIMIZERS, "median(sgd) < others on test_accuracy", &clear, Finding::Confirmed);
    assert_finding(OPTIMIZERS, "others > sgd on test_accuracy", &clear, Finding::Confirmed);
    let error = check(&plan(OPTIMIZERS, "0.9 > others on test_accuracy", 15)).unwrap_err().to_string();
    assert!(error.contains("`others` is compared with an arm"), "{error}");
}

#[test]
fn a_gain_is_compared_with_another_or_with_a_number() {
    // From sgd to momentum 5 points, from momentum to adam 2.
    let levels = [(0.90, 0.01), (0.95, 0.01), (0.97, 0.01)];
    let first = "gain(momentum from sgd)";
    let second = "gain(adam from momentum)";
    let on = |test: String| format!("{test} on test_accuracy");
    assert_finding(OPTIMIZERS, &on(format!("{first} > {second}")), &levels, Finding::Confirmed);
    assert_finding(OPTIMIZERS, &on(format!("{first} < {second}")), &levels, Finding::Refuted);
    assert_finding(OPTIMIZERS, &on(format!("{first} > {second} + 0.04")), &levels, Finding::Refuted);
    assert_finding(OPTIMIZERS, &on(format!("{second} > 0.01")), &levels, Finding::Confirmed);
    assert_finding(OPTIMIZERS, &on(format!("0.03 > {second}")), &levels, Finding::Confirmed);
    let error = check(&plan(OPTIMIZERS, "gain(adam from sgd) > sgd on test_accuracy", 15)).unwrap_err().to_string();
    assert!(error.contains("a gain is compared with a gain or a number"), "{error}");
    let error = check(&plan(OPTIMIZERS, "gain(adam from sdg) > 0 on test_accuracy", 15)).unwrap_err().to_string();
    assert!(error.contains("no arm `sdg`; did you mean `sgd`?"), "{error}");
}

#[test]
fn an_equation_is_judged_without_runs() {
    let judged = |test: &str| judge_all(&plan(OPTIMIZERS, test, 15), &[]).unwrap().remove(0);
    assert_eq!(judged("784 * 128 = 100352").finding, Finding::Confirmed);
    let wrong = judged("sigmoid(0.5) = 0.73");
    assert_eq!((wrong.finding, wrong.evidence.as_str()), (Finding::Refuted, "sigmoid(0.5) = 0.6225"));
    assert!(check(&plan(OPTIMIZERS, "784 * = 3", 15)).is_err());
}
