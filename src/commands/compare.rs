//! `kindling compare`: the arms of two runs side by side.

use std::path::Path;

use anyhow::{Result, bail};

use super::Exit;
use super::run::folder::summary_of;
use crate::analysis::stats::SIGNIFICANCE;
use crate::analysis::stats::compare::{Pairing, compare};
use crate::analysis::stats::hypothesis::{Region, correct};
use crate::analysis::stats::test_images::mcnemar;
use crate::analysis::summary::{ArmComparison, Summary, recorded_metrics};
use crate::cli::CompareArgs;
use crate::experiment::metric::Metric;
use crate::experiment::quantity::Quantity;
use crate::terminal;

/// Compares arms of the same name, or the only arm of each, as unrelated runs.
pub fn run(args: &CompareArgs) -> Result<Exit> {
    let a = summary_of(&args.a)?;
    let b = summary_of(&args.b)?;
    let metric = &args.metric.as_ref().map_or_else(|| a.metric.clone(), |text| Quantity::of_records(text));
    for summary in [&a, &b] {
        if summary.records.iter().all(|record| record.quantity(metric).is_none()) {
            let names: Vec<String> = recorded_metrics(&summary.records).iter().map(Metric::to_string).collect();
            bail!("{} has no metric `{metric}`; it has {}", summary.name, names.join(", "));
        }
    }
    let pairs = pairs(&a, &b);
    if pairs.is_empty() {
        bail!("the runs share no arm: {} has {}; {} has {}", a.name, labels(&a), b.name, labels(&b));
    }
    if a.dataset != b.dataset {
        terminal::print(format_args!("note: {} is on {}, {} on {}", a.name, a.dataset, b.name, b.dataset));
    }
    let mut all = Vec::new();
    for (left, right) in &pairs {
        let values = |summary: &Summary, label: &str| -> Vec<Option<f64>> {
            summary.records_of(label).map(|record| record.outcome(metric)).collect()
        };
        let (of_a, of_b) = (values(&a, left), values(&b, right));
        if let Some(comparison) = compare(&of_a, &of_b, Pairing::Unpaired, Region::Above(0.0)) {
            let named = |folder: &Path, label: &str| format!("{}:{label}", folder.display());
            all.push(ArmComparison {
                a: named(&args.a, left),
                b: named(&args.b, right),
                comparison,
                note: String::new(),
            });
        }
    }
    let lone = pairs.iter().filter_map(|(left, right)| lone_networks((&a, left), (&b, right)));
    let lone: Vec<String> = lone.collect();
    correct(&mut all.iter_mut().map(|versus| &mut versus.comparison.tested).collect::<Vec<_>>(), SIGNIFICANCE);
    terminal::print(format_args!("{} of {} against {}\n", metric, args.a.display(), args.b.display()));
    all.iter().for_each(|versus| terminal::print(format_args!("{}", crate::report::verdict_line(versus, metric))));
    lone.iter().for_each(|line| terminal::print(format_args!("{line}")));
    if all.is_empty() {
        terminal::print(format_args!("no arm was finished by both runs"));
    }
    Ok(Exit::Done)
}

/// Two arms of one run each, image by image; `None` where one has more runs or no predictions, and where
/// their data differ.
fn lone_networks(a: (&Summary, &str), b: (&Summary, &str)) -> Option<String> {
    let only = |(summary, label): (&Summary, &str)| {
        let mut runs = summary.records_of(label);
        let first = runs.next()?;
        runs.next().is_none().then(|| (first.predictions.clone(), first.made_with.data.clone()))
    };
    let ((of_a, data_a), (of_b, data_b)) = (only(a)?, only(b)?);
    if data_a != data_b {
        return None;
    }
    let found = mcnemar(&of_a, &of_b)?;
    Some(format!(
        "these two networks: {} of {} test images only the first predicts right, {} only the second; McNemar's exact p {:.4}. Other seeds may \
         give others.",
        found.only_first,
        of_a.examples(),
        found.only_second,
        found.p
    ))
}

fn pairs(a: &Summary, b: &Summary) -> Vec<(String, String)> {
    let shared = a.arms.iter().filter(|arm| b.arms.iter().any(|other| other.label == arm.label));
    let shared: Vec<_> = shared.map(|arm| (arm.label.clone(), arm.label.clone())).collect();
    match (&shared[..], &a.arms[..], &b.arms[..]) {
        ([], [one], [other]) => vec![(one.label.clone(), other.label.clone())],
        _ => shared,
    }
}

fn labels(summary: &Summary) -> String {
    summary.arms.iter().map(|arm| arm.label.as_str()).collect::<Vec<_>>().join(", ")
}
