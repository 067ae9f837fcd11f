//! The arms that a figure of lines shows, and the places of their names below it.

use super::svg::{TEXT, text_width};
use crate::analysis::summary::Summary;

/// More lines than this cannot be distinguished.
const MOST_ARMS: usize = 8;

/// The labels of the arms in plan order, or of the best ones by the ranking metric where there are too many.
pub fn shown_arms(summary: &Summary) -> Vec<&str> {
    let mut shown: Vec<usize> = (0..summary.arms.len()).collect();
    let goodness = |index: usize| {
        let found = summary.arms[index].metric(&summary.metric);
        let iqm = found.and_then(|found| found.description.iqm);
        iqm.map_or(f64::NEG_INFINITY, |iqm| summary.metric.goodness(iqm))
    };
    if shown.len() > MOST_ARMS {
        shown.sort_by(|&a, &b| goodness(b).total_cmp(&goodness(a)));
        shown.truncate(MOST_ARMS);
    }
    shown.into_iter().map(|index| summary.arms[index].label.as_str()).collect()
}

/// A sentence, with a space before it, that only the best arms are shown; empty where all are.
pub fn part_of_arms(summary: &Summary, labels: &[&str]) -> String {
    match labels.len() < summary.arms.len() {
        true => format!(" The {} best of {} arms.", labels.len(), summary.arms.len()),
        false => String::new(),
    }
}

/// The offset of each legend entry, from left to right in as many lines as they need.
pub fn entries(labels: &[&str], width: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (0.0, 0.0);
    let mut entry = |label: &&str| {
        let wide = 56.0 + text_width(label, TEXT);
        if x > 0.0 && x + wide > width {
            (x, y) = (0.0, y + 24.0);
        }
        let offset = (x, y);
        x += wide;
        offset
    };
    labels.iter().map(&mut entry).collect()
}
