//! The learning curves of all arms, by which a page draws those that are picked.

use serde::Serialize;

use super::rounded;
use crate::analysis::summary::{ArmSummary, Summary};
use crate::record::History;
use crate::report::figures::curves::{EpochStatistics, statistics};

/// The most epochs of a curve, and the most numbers of all; of more, these epochs are spread evenly.
const MAX_EPOCHS: usize = 200;
const MAX_NUMBERS: usize = 12_000;
/// Of more arms the best have curves.
const MAX_ARMS: usize = 100;
/// With more arms than this, bands are left out.
const MAX_BANDS: usize = 8;

/// Curves over the same epochs.
#[derive(Debug, Serialize)]
pub struct Curves {
    epochs: Vec<usize>,
    panels: Vec<CurvesPanel>,
}

#[derive(Debug, Serialize)]
struct CurvesPanel {
    title: &'static str,
    percent: bool,
    /// The interquartile mean of each arm at each epoch; `null` behind the end of a training.
    arms: Vec<Vec<Option<f64>>>,
    /// The quartiles of each arm at each epoch; empty where there are many arms.
    bands: Vec<Band>,
}

#[derive(Debug, Serialize)]
struct Band {
    low: Vec<f64>,
    high: Vec<f64>,
}

/// A panel's title, whether its values are shares, and where they are in a record.
type Source = (&'static str, bool, fn(&History) -> &Vec<f32>);

const PANELS: [Source; 4] = [
    ("training loss", false, |h| &h.train_loss),
    ("validation loss", false, |h| &h.validation_loss),
    ("training accuracy", true, |h| &h.train_accuracy),
    ("validation accuracy", true, |h| &h.validation_accuracy),
];

/// `None` if no record has epochs. `ranked` holds places of arms, the best first.
pub fn of(summary: &Summary, ranked: &[usize]) -> Option<Curves> {
    if summary.records.iter().all(|record| record.history.validation_loss.is_empty()) {
        return None;
    }
    let longest = summary.records.iter().map(|record| record.history.validation_loss.len()).max()?;
    let shown = &ranked[..ranked.len().min(MAX_ARMS)];
    let most = MAX_NUMBERS / (PANELS.len() * shown.len().max(1));
    let epochs = spread(longest, most.clamp(2, MAX_EPOCHS));
    let panel = |(title, percent, history): Source| {
        let of_arm = |(place, arm): (usize, &ArmSummary)| {
            if shown.contains(&place) { statistics(summary.records_of(&arm.label), history) } else { Vec::new() }
        };
        let arms: Vec<Vec<EpochStatistics>> = summary.arms.iter().enumerate().map(of_arm).collect();
        let curve = |arm: &Vec<EpochStatistics>| {
            epochs.iter().map(|&epoch| rounded(arm.get(epoch - 1)?.iqm)).collect::<Vec<Option<f64>>>()
        };
        let band = |arm: &Vec<EpochStatistics>| {
            let at = || epochs.iter().filter_map(|&epoch| arm.get(epoch - 1));
            let low = at().filter_map(|s| rounded(s.lower_quartile)).collect();
            Band { low, high: at().filter_map(|s| rounded(s.upper_quartile)).collect() }
        };
        let has_bands = arms.len() <= MAX_BANDS;
        let bands = if has_bands { arms.iter().map(band).collect() } else { Vec::new() };
        let has_any = arms.iter().any(|arm| !arm.is_empty());
        has_any.then(|| CurvesPanel { title, percent, arms: arms.iter().map(curve).collect(), bands })
    };
    Some(Curves { panels: PANELS.into_iter().filter_map(panel).collect(), epochs })
}

/// Epochs from 1 to `longest`, both included, and at most so many.
fn spread(longest: usize, most: usize) -> Vec<usize> {
    if longest <= most {
        return (1..=longest).collect();
    }
    (0..most).map(|index| 1 + index * (longest - 1) / (most - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::Fixture;

    #[test]
    fn epochs_are_spread_from_the_first_to_the_last() {
        assert_eq!(spread(3, 200), [1, 2, 3]);
        assert_eq!(spread(9, 2), [1, 9]);
        let many = spread(3000, 200);
        assert_eq!((many.len(), many[0], many[199]), (200, 1, 3000));
        assert!(many.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_curve_has_the_interquartile_mean_and_the_quartiles_of_the_runs() {
        let summary = Fixture::new("seeds = 4")
            .metric("test_accuracy", |_, seed| Some(0.5 + 0.1 * seed as f64))
            .each(|record| {
                record.history.train_loss = vec![record.seed as f32, 1.0];
                record.history.validation_loss = vec![2.0 * record.seed as f32, 1.0];
            })
            .summary();
        let curves = of(&summary, &[0]).unwrap();
        assert_eq!((curves.epochs.as_slice(), curves.panels.len()), ([1, 2].as_slice(), 2));
        // Of 0, 2, 4, 6 the middle two.
        assert_eq!(curves.panels[1].arms, [[Some(3.0), Some(1.0)]]);
        assert_eq!((curves.panels[1].bands[0].low[0], curves.panels[1].bands[0].high[0]), (1.5, 4.5));
    }
}
