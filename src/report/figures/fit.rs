//! Fitted lines: the points, and what the median and the worst run make of them.
//!
//! In: runs that kept a decision_grid over a line. Out: a panel an arm.

use super::Figure;
use super::axis::{Axis, Spread};
use super::panel::Panel;
use super::ranked::{median_and_worst, panels};
use super::svg::{FAINT, INK, colour};
use crate::analysis::summary::Summary;
use crate::data::toys;
use crate::record::{DecisionGrid, TrialRecord};

/// More arms than this fill more than a page.
const MOST_ARMS: usize = 6;
const SIZE: (f64, f64) = (390.0, 320.0);

/// `None` where no run has a decision_grid over a line.
pub fn draw(summary: &Summary) -> Option<Figure> {
    let thin =
        |run: &TrialRecord| run.decision_grid.as_ref().is_some_and(|decision_grid| decision_grid.ends.len() == 1);
    let arms: Vec<_> = summary
        .arms
        .iter()
        .take(MOST_ARMS)
        .map(|arm| (arm, median_and_worst(summary, &arm.label, thin)))
        .filter(|(_, chosen)| !chosen.is_empty())
        .collect();
    let first = arms.first()?.1.first()?.run;
    let toy = toys::find(&first.made_with.dataset)?;
    let dataset = toy.dataset();
    let points = dataset.train.points()?;
    let [low, high] = first.decision_grid.as_ref()?.ends[0].map(f64::from);
    let heights = || points.targets.iter().take(toy.sizes.train).map(|&y| f64::from(y));
    let (mut svg, corners) = panels(arms.len(), 2, SIZE);
    for (row, ((arm, chosen), (x, y))) in arms.iter().zip(corners).enumerate() {
        let across = Axis::exactly((low, high), Spread::Linear, (x + 60.0, x + SIZE.0 - 16.0));
        let upwards = Axis::over(heights(), Spread::Linear, (y + SIZE.1 - 60.0, y + 28.0))?;
        let panel = Panel { x: across, y: upwards };
        panel.grid(&mut svg);
        let pixels: Vec<(f64, f64)> =
            points.values.iter().zip(heights()).map(|(&x, y)| panel.to_pixels((f64::from(x), y))).collect();
        svg.dots(&pixels, 1.8, FAINT, 0.35);
        for (i, chosen) in chosen.iter().enumerate() {
            let Some(decision_grid) = &chosen.run.decision_grid else { continue };
            let (width, dash) = if i == 0 { (2.6, "") } else { (1.8, "6 4") };
            let line: Vec<(f64, f64)> = line(decision_grid).into_iter().map(|point| panel.to_pixels(point)).collect();
            svg.polyline(&line, if i == 0 { colour(row) } else { INK }, width, dash);
        }
        panel.ticks(&mut svg, ("x", ""));
        panel.title(&mut svg, &words(summary, &arm.label, chosen.iter().map(|chosen| chosen.run)));
    }
    let caption = "Dots: the first of the points. Line: the fit of the median run; dashed: of the worst that finished."
        .to_string();
    Some(Figure::svg("fit", "The fit", caption, svg))
}

fn line(decision_grid: &DecisionGrid) -> Vec<(f64, f64)> {
    let [low, high] = decision_grid.ends[0].map(f64::from);
    let step = (high - low) / (decision_grid.side - 1) as f64;
    decision_grid.values.iter().enumerate().map(|(i, &v)| (low + step * i as f64, f64::from(v))).collect()
}

fn words<'a>(summary: &Summary, label: &str, runs: impl Iterator<Item = &'a TrialRecord>) -> String {
    let values = runs.filter_map(|run| run.quantity(&summary.metric)).map(|v| summary.metric.format(v));
    format!("{label}: {} {}", summary.metric.title(), values.collect::<Vec<_>>().join(" and "))
}
