//! For a metric that is better when lower, the lowest arm ranks first: in rankings, verdicts, claims and figures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{lab, plan};
use kindling::analysis::claims::Finding;
use kindling::analysis::summary::Summary;
use kindling::experiment::metric::Metric;
use kindling::experiment::plan::Plan;
use kindling::record::{Status, TrialRecord};
use kindling::report::figures;
use kindling::report::verdict_line;

/// Records whose metrics are `level` of the arm's label, 0.1 % larger for each further seed.
fn records(plan: &Plan, metrics: &[&str], level: impl Fn(&str) -> f64) -> Vec<TrialRecord> {
    let lab = lab();
    plan.trials()
        .map(|trial| {
            let mut record = lab.failed(&trial, "").unwrap();
            record.status = Status::Done;
            record.error = None;
            let value = level(&trial.label) * (1.0 + 0.001 * trial.seed as f64);
            metrics.iter().for_each(|name| record.metrics.insert(Metric::of_record(name), value));
            record
        })
        .collect()
}

const CODES: &str = "seeds = 12\n[model]\nlatent = 4\n[train]\nloss = 'mse'\n";

#[test]
fn the_arm_with_the_lowest_error_ranks_first() {
    let text = format!(
        "{CODES}[sweep]\nlr = [0.001, 0.002, 0.003]\noptimizer = ['adam']\n\
         [[claims]]\nsays = 'x'\ntest = 'lr=0.001 adam > lr=0.002 adam on test_mse'\n\
         [[claims]]\nsays = 'y'\ntest = 'best(adam) < 0.015 on test_mse'"
    );
    let plan = plan(&text);
    assert_eq!(plan.metric, Metric::TestMse.into());
    let level = |label: &str| match label {
        "lr=0.001 adam" => 0.02,
        "lr=0.002 adam" => 0.01,
        _ => 0.04,
    };
    let summary = Summary::new(&plan, records(&plan, &["test_mse", "validation_loss"], level)).unwrap();
    assert_eq!(summary.best().unwrap().label, "lr=0.002 adam");
    assert_eq!(summary.median_run().unwrap().arm, "lr=0.002 adam");
    let order: Vec<(&str, &str)> = summary.ranking.iter().map(|v| (v.a.as_str(), v.b.as_str())).collect();
    assert_eq!(order, [("lr=0.002 adam", "lr=0.001 adam"), ("lr=0.001 adam", "lr=0.003 adam")]);
    let line = verdict_line(&summary.ranking[0], &summary.metric);
    assert!(
        line.starts_with("lr=0.002 adam beats lr=0.001 adam")
            && line.ends_with("(lower is better)")
            && line.contains("P(improvement) 1.00"),
        "{line}"
    );
    assert!(summary.claims.iter().all(|claim| claim.finding == Finding::Confirmed), "{:?}", summary.claims);
}

#[test]
fn a_difference_of_metrics_ranks_arms_too() {
    let text = format!(
        "metric = 'knn_accuracy - knn_accuracy_pca'\n{CODES}[evaluate]\nknn = 5\nbaselines = true\n[sweep]\nlr = [0.001, 0.002]"
    );
    let plan = plan(&text);
    let level = |label: &str| if label == "lr=0.001" { 0.9 } else { 0.8 };
    let mut records = records(&plan, &["knn_accuracy"], level);
    records.iter_mut().for_each(|record| record.metrics.insert(Metric::KnnAccuracyPca, 0.7));
    let summary = Summary::new(&plan, records).unwrap();
    assert_eq!(summary.best().unwrap().label, "lr=0.001");
    let iqm =
        summary.arms[0].metric(&"knn_accuracy - knn_accuracy_pca".parse().unwrap()).unwrap().description.iqm.unwrap();
    assert!((iqm - (0.9 * 1.0055 - 0.7)).abs() < 1e-9, "{iqm}");
}

#[test]
fn a_metric_that_no_arm_measures_is_refused_before_training() {
    let spec = common::spec(&format!("metric = 'psnr@0.65'\n{CODES}[evaluate]\nnoise = [0.2]"));
    let error = Plan::new(&spec).unwrap_err();
    assert!(error.what.contains("psnr@0.2") && error.what.contains("`psnr@0.65`"), "{error}");
    let plan = plan(&format!("{CODES}[[claims]]\nsays = 'x'\ntest = 'default > 0.9 on knn_accuracy'"));
    let error = kindling::analysis::claims::check(&plan).unwrap_err().to_string();
    assert!(error.contains("no arm measures `knn_accuracy`"), "{error}");
}

#[test]
fn trends_run_along_one_axis_at_fixed_values_of_the_others() {
    let text = |test: &str| {
        format!(
            "seeds = 8\n[sweep]\nlatent = [2, 4, 8]\ndepth = [1, 2]\nloss = ['mse', 'bce']\n[[claims]]\nsays = 'x'\ntest = '{test}'"
        )
    };
    // The metric falls with the size of the code for mse and rises for bce.
    let level = |label: &str| {
        let latent: f64 = label.split(['=', ' ']).nth(1).unwrap().parse().unwrap();
        if label.ends_with("mse") { 1.0 / latent } else { latent }
    };
    for (test, expected) in [
        ("decreasing in latent for loss=mse on test_loss", Finding::Confirmed),
        ("decreasing in latent for loss=bce on test_loss", Finding::Refuted),
        ("decreasing in latent for loss=mse, depth=2 on test_loss", Finding::Confirmed),
        ("decreasing in latent on test_loss", Finding::Inconclusive),
    ] {
        let plan = plan(&text(test));
        let summary = Summary::new(&plan, records(&plan, &["test_loss"], level)).unwrap();
        assert_eq!(summary.claims[0].finding, expected, "{test}: {}", summary.claims[0].evidence);
    }
    for (test, words) in [
        ("decreasing in latent for loss=msee on test_loss", "did you mean `mse`"),
        ("decreasing in lantent on test_loss", "did you mean `latent`"),
    ] {
        let error = kindling::analysis::claims::check(&plan(&text(test))).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn the_heat_map_frames_the_lowest_error_of_each_loss() {
    let plan = plan("seeds = 3\n[sweep]\nlatent = [2, 4, 8]\ndepth = [1, 2]\nloss = ['mse', 'bce']");
    let level = |label: &str| if label.starts_with("latent=4 depth=2") { 0.01 } else { 0.02 };
    let summary = Summary::new(&plan, records(&plan, &["test_loss", "test_mse"], level)).unwrap();
    let all = figures::all(&summary, None).unwrap();
    let map = all.iter().find(|figure| figure.file == "heatmap.svg").unwrap();
    let svg = String::from_utf8(map.bytes.clone()).unwrap();
    let frames: Vec<&str> = svg.lines().filter(|line| line.contains("fill=\"none\"")).collect();
    // The second column and row of two panels, 290 pixels apart: 74 + 64 + 1 and 40 + 40 + 1.
    assert_eq!(frames.len(), 2, "{frames:?}");
    assert!(frames[0].contains("x=\"139.0\" y=\"81.0\"") && frames[1].contains("x=\"429.0\" y=\"81.0\""), "{frames:?}");
}
