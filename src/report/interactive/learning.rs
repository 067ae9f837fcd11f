//! Trainings on points, frame by frame: what the network answers over the line or the plane as the epochs go by. And whether there are
//! descents, whose steps are in their figures.

use serde::Serialize;

use super::rounded;
use crate::analysis::summary::Summary;
use crate::data::Dataset;
use crate::record::TrialRecord;
use crate::report::figures::decision_grid::points_of;
use crate::trial::snapshot::{Frame, Snapshot};

/// More arms than this fill more than a page.
const MAX_ARMS: usize = 6;
/// More points than this hide the colour behind them.
const MAX_POINTS: usize = 300;

/// Trainings to watch.
#[derive(Debug, Serialize)]
pub struct Learning {
    /// In plan order; empty where there are descents alone.
    pub trainings: Vec<WatchedTraining>,
    /// Whether there are descents.
    pub has_descents: bool,
}

/// The median run of one arm.
#[derive(Debug, Serialize)]
pub struct WatchedTraining {
    /// The arm's place.
    arm: usize,
    seed: u64,
    /// First and last value of each coordinate.
    ends: Vec<[f32; 2]>,
    /// Grid points along each coordinate.
    side: usize,
    /// Classes, of which of more than two the values are the predicted ones; 0 where a number is predicted.
    classes: usize,
    frames: Vec<Frame>,
    /// Training points: coordinates, and the class or the number to predict.
    points: Vec<(Vec<f64>, f64)>,
}

/// `None` where there is nothing to watch. `snapshots` are those of the median runs.
pub fn of(
    summary: &Summary,
    dataset: Option<&Dataset>,
    snapshots: &[Option<(&TrialRecord, Snapshot)>],
) -> Option<Learning> {
    let training = |(arm, found): (usize, &Option<(&TrialRecord, Snapshot)>)| {
        let (record, snapshot) = found.as_ref()?;
        let grid = record.decision_grid.as_ref()?;
        // Two bytes a value, and four letters for three bytes; a file may say otherwise.
        let letters = (2 * grid.values.len()).div_ceil(3) * 4;
        let frames: Vec<Frame> =
            snapshot.frames.iter().filter(|frame| frame.values.len() == letters).cloned().collect();
        if frames.len() < 2 {
            return None;
        }
        let points = points_of(record, dataset)?;
        let heights = |index: usize| match points.targets.get(index) {
            Some(&target) => f64::from(target),
            None => f64::from(points.labels.get(index).copied().unwrap_or(0)),
        };
        let rows = points.values.chunks_exact(points.width).take(MAX_POINTS).enumerate();
        let row = |(index, row): (usize, &[f32])| {
            let place = row.iter().filter_map(|&x| rounded(f64::from(x))).collect();
            (place, rounded(heights(index)).unwrap_or(0.0))
        };
        Some(WatchedTraining {
            arm,
            seed: record.seed,
            ends: grid.ends.clone(),
            side: grid.side,
            classes: record.confusion.len(),
            frames,
            points: rows.map(row).collect(),
        })
    };
    let trainings: Vec<WatchedTraining> = snapshots.iter().enumerate().filter_map(training).take(MAX_ARMS).collect();
    let has_descents = summary.records.iter().any(|record| record.path.len() > 1);
    (has_descents || !trainings.is_empty()).then_some(Learning { trainings, has_descents })
}
