//! What the scripts of a page need beside its tables and figures, as one JSON object in the page.
//!
//! In: a summary, and where they are at hand the data set and the run's folder. Out: [`Interactive`]. The scripts are in `page/`.

mod classifiers;
pub(crate) mod codes;
mod confused;
mod curves;
mod learning;
mod sprite;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::figures::arm_colours::ArmColours;
use super::figures::svg::PALETTE;
use crate::analysis::summary::{ArmSummary, Summary};
use crate::data::Dataset;
use crate::experiment::plan::label::plain;
use crate::record::TrialRecord;
use crate::trial::snapshot::Snapshot;
use codes::WalkableCodes;

/// The data of a page.
#[derive(Debug, Serialize)]
pub struct Interactive {
    /// In plan order; the other lists count on it.
    arms: Vec<PageArm>,
    /// The settings that are varied.
    settings: Vec<String>,
    palette: [&'static str; 8],
    /// Places of the arms, the best first.
    ranked: Vec<usize>,
    higher_is_better: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    curves: Option<curves::Curves>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classifiers: Option<classifiers::Classifiers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confused: Option<confused::ConfusedImages>,
    #[serde(skip_serializing_if = "Option::is_none")]
    learning: Option<learning::Learning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<WalkableCodes>,
}

#[derive(Debug, Serialize)]
struct PageArm {
    label: String,
    settings: BTreeMap<String, String>,
    colour: &'static str,
}

/// What a page may hold besides what the records give.
#[derive(Default)]
pub struct Extras<'a> {
    /// The run's folder with its snapshots; `None` leaves networks out.
    pub run: Option<&'a Path>,
    /// The snapshot of a summary's only run, where it is not in a folder.
    pub of_the_only_run: Option<Snapshot>,
    /// The codes of an autoencoder and what decodes them.
    pub codes: Option<WalkableCodes>,
}

impl Interactive {
    /// The data of a report. What cannot be read is left out.
    ///
    /// # Errors
    /// A picture cannot be encoded.
    pub fn of(summary: &Summary, dataset: Option<&Dataset>, extras: Extras) -> Result<Self> {
        let colours = ArmColours::of(summary);
        let arm = |(place, arm): (usize, &ArmSummary)| {
            let settings = arm.axes.iter().map(|(name, value)| (name.clone(), plain(value)));
            PageArm { label: arm.label.clone(), settings: settings.collect(), colour: colours.colour(place) }
        };
        let place = |ranked: &ArmSummary| summary.arms.iter().position(|arm| arm.label == ranked.label);
        let ranked: Vec<usize> = summary.ranked_arms().into_iter().filter_map(place).collect();
        let own = dataset.filter(|dataset| summary.records.iter().any(|record| record.made_with.data == dataset.hash));
        let snapshots = match (extras.of_the_only_run, extras.run) {
            (Some(snapshot), _) => summary.records.first().map(|record| Some((record, snapshot))).into_iter().collect(),
            (None, Some(run)) => median_snapshots(summary, run),
            (None, None) => Vec::new(),
        };
        Ok(Self {
            arms: summary.arms.iter().enumerate().map(arm).collect(),
            settings: summary.axes.clone(),
            palette: PALETTE,
            higher_is_better: summary.metric.higher_is_better(),
            curves: curves::of(summary, &ranked),
            classifiers: classifiers::of(summary, own, &snapshots, &ranked, extras.run)?,
            confused: own.map(|dataset| confused::of(summary, dataset)).transpose()?.flatten(),
            learning: learning::of(summary, own, &snapshots),
            codes: extras.codes,
            ranked,
        })
    }

    /// The object as text that can stand in a `<script>` of a page.
    ///
    /// # Errors
    /// A number that JSON cannot hold.
    pub fn to_json(&self) -> Result<String> {
        // `</script>` would end the element, and `<!--` would begin a comment.
        Ok(serde_json::to_string(self)?.replace('<', "\\u003c"))
    }

    /// Whether there is a network that takes drawn digits.
    pub fn has_classifiers(&self) -> bool {
        self.classifiers.is_some()
    }

    /// Whether there is a training on points to watch.
    pub fn has_trainings(&self) -> bool {
        self.learning.as_ref().is_some_and(|learning| !learning.trainings.is_empty())
    }

    /// Whether there is a descent to play.
    pub fn has_descents(&self) -> bool {
        self.learning.as_ref().is_some_and(|learning| learning.has_descents)
    }

    /// Whether there are images behind a confusion matrix.
    pub fn has_confused(&self) -> bool {
        self.confused.is_some()
    }

    /// Whether there are codes to walk through.
    pub fn has_codes(&self) -> bool {
        self.codes.is_some()
    }
}

/// The run of each arm whose value is the median, with its snapshot where there is one.
fn median_snapshots<'a>(summary: &'a Summary, run: &Path) -> Vec<Option<(&'a TrialRecord, Snapshot)>> {
    let of_arm = |arm: &'a ArmSummary| {
        let record = summary.median_run_of(&arm.label)?;
        // A page has less to touch for a snapshot that cannot be read.
        Some((record, Snapshot::read(run, &record.id).ok().flatten()?))
    };
    summary.arms.iter().map(of_arm).collect()
}

/// A number with as many digits as a reader can see.
fn rounded(value: f64) -> Option<f64> {
    value.is_finite().then(|| format!("{value:.3e}").parse().unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::Fixture;

    #[test]
    fn a_page_knows_its_arms_with_their_settings_and_ranks_and_no_text_ends_its_script() {
        let summary = Fixture::new("seeds = 3\n[sweep]\noptimizer = ['sgd', 'adam']\nlr = [0.1, 0.2]")
            .metric("test_accuracy", |arm, seed| {
                Some(if arm.contains("adam") { 0.9 } else { 0.8 } + 0.001 * seed as f64)
            })
            .summary();
        let mut page = Interactive::of(&summary, None, Extras::default()).unwrap();
        assert_eq!(page.settings, ["optimizer", "lr"]);
        assert_eq!(page.arms[1].settings["lr"], "0.2");
        assert!(page.arms[page.ranked[0]].label.contains("adam"));
        page.arms[0].label = "</script><!--".into();
        let text = page.to_json().unwrap();
        assert!(!text.contains('<'), "{text}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["arms"][0]["label"], "</script><!--");
    }

    #[test]
    fn numbers_have_four_digits_and_none_is_infinite() {
        assert_eq!(rounded(0.123_456), Some(0.1235));
        assert_eq!(rounded(123_456.0), Some(123_500.0));
        assert_eq!(rounded(f64::NAN), None);
    }
}
