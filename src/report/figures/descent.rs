//! The way down a test function: each arm's path over the function, and its values step by step.
//!
//! In: records with paths, and which function they go down. Out: one figure of both.

use anyhow::Result;

use super::Figure;
use super::axis::{Axis, Spread};
use super::contours::{self, between};
use super::panel::Panel;
use super::svg::{Anchor, FAINT, INK, Svg, TEXT, colour, dash};
use crate::analysis::stats::describe::{quantile, sorted};
use crate::analysis::summary::{ArmSummary, Summary};
use crate::nn::test_function::Function;
use crate::record::{Status, TrialRecord};
use crate::studies::grid::Grid2d;

const SIZE: (f64, f64) = (800.0, 400.0);
/// PointSet along each coordinate of the function's picture.
const SIDE: usize = 161;
/// Lines of equal height.
const LEVELS: usize = 12;
/// More arms than this cannot be told apart.
const MOST_ARMS: usize = 8;

/// One for each function that was gone down.
///
/// # Errors
/// A picture cannot be encoded.
pub fn draw(summary: &Summary) -> Result<Vec<Figure>> {
    let went = |function: &Function| summary.records.iter().any(|run| is_down(run, *function));
    let functions: Vec<Function> = Function::ALL.iter().filter(|function| went(function)).copied().collect();
    let drawn = functions.iter().map(|&function| {
        let mut figure = draw_one(summary, function)?;
        if let Some(figure) = figure.as_mut().filter(|_| functions.len() > 1) {
            figure.file = format!("descent-{}.svg", function.name());
        }
        Ok(figure)
    });
    Ok(drawn.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Whether a run went down this function, and further than its start.
fn is_down(run: &TrialRecord, function: Function) -> bool {
    run.made_with.dataset == function.name()
        && run.path.len() > 1
        && run.path.iter().all(|point| point.len() == function.dimensions())
}

fn draw_one(summary: &Summary, function: Function) -> Result<Option<Figure>> {
    let walked = |run: &TrialRecord| is_down(run, function);
    let all = || summary.arms.iter().enumerate();
    let goes = |arm: &ArmSummary| summary.records.iter().any(|run| run.arm == arm.label && walked(run));
    let arms = || all().filter(|(_, arm)| goes(arm)).take(MOST_ARMS);
    let of =
        |label: &str, seed: u64| summary.records.iter().find(|run| run.arm == label && run.seed == seed && walked(run));
    // One start for all arms: the first seed that every one of them went from.
    let seeds = summary.records.iter().map(|record| record.seed);
    let seed = seeds.min_by_key(|&seed| (arms().filter(|(_, arm)| of(&arm.label, seed).is_none()).count(), seed));
    let of_seed = |(index, arm): (usize, &'_ ArmSummary)| Some((index, of(&arm.label, seed?)?));
    let runs: Vec<(usize, &TrialRecord)> = arms().filter_map(of_seed).collect();
    let Some((_, first)) = runs.first() else { return Ok(None) };
    let legend = 24.0 * runs.len().div_ceil(3) as f64 + 10.0;
    let mut svg = Svg::new(SIZE.0, SIZE.1 + legend);
    let left = (72.0, 385.0);
    let rows = (SIZE.1 - 56.0, 30.0);
    match function.dimensions() {
        1 => curve(&mut svg, function, &runs, (left, rows)),
        _ => plane(&mut svg, function, &runs, (left, rows))?,
    }
    values(&mut svg, summary, function, &runs, ((478.0, SIZE.0 - 16.0), rows));
    for (entry, (index, run)) in runs.iter().enumerate() {
        let (x, y) = (60.0 + 245.0 * (entry % 3) as f64, SIZE.1 + 16.0 + 24.0 * (entry / 3) as f64);
        svg.polyline(&[(x, y - 5.0), (x + 26.0, y - 5.0)], colour(*index), 2.5, dash(*index));
        svg.text((x + 33.0, y), &run.arm, Anchor::Start, TEXT, INK);
    }
    let lowest = if function.minimum().is_some() { "; the cross is the lowest point" } else { "" };
    let caption = format!(
        "{}: {}. Left: each arm's way from one start (seed {}); the ring is the start{lowest}. Right: the value above the lowest, step by \
         step: the median over the starts, and the middle half of them.",
        function.name(),
        function.formula(),
        first.seed
    );
    Ok(Some(Figure::svg("descent", "The way down", caption, svg)))
}

type Rectangle = ((f64, f64), (f64, f64));

fn points(run: &TrialRecord) -> Vec<Vec<f64>> {
    run.path.iter().map(|point| point.iter().map(|&x| f64::from(x)).collect()).collect()
}

/// What the paths and the lowest point span along a coordinate; one path that runs away does not count beyond three times the others'.
fn span(function: Function, runs: &[(usize, &TrialRecord)], axis: usize) -> (f64, f64) {
    // A way that diverged would make the others too small to be seen.
    let any = runs.iter().any(|(_, run)| run.status == Status::Done);
    let shown = runs.iter().filter(|(_, run)| !any || run.status == Status::Done);
    let all = shown.flat_map(|(_, run)| points(run)).map(|point| point[axis]);
    let mut values: Vec<f64> = all.chain(function.minimum().map(|point| point[axis])).collect();
    let ordered = sorted(&values);
    let (low, high) = (quantile(&ordered, 0.02), quantile(&ordered, 0.98));
    let reach = 3.0 * (high - low).max(0.5);
    values.retain(|v| (low - reach..=high + reach).contains(v));
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let room = 0.12 * (high - low).max(0.5);
    (low - room, high + room)
}

/// The function as heights, with the paths over it.
fn plane(
    svg: &mut Svg,
    function: Function,
    runs: &[(usize, &TrialRecord)],
    (across, upwards): Rectangle,
) -> Result<()> {
    let ends = [0, 1].map(|axis| span(function, runs, axis));
    let grid = Grid2d::of(ends, SIDE, |points| function.values_at(points));
    let lowest = grid.values.iter().copied().fold(f64::INFINITY, f64::min);
    // Evenly in the logarithm of the height, so that a valley's floor shows.
    let height = |v: f64| (v - lowest + 1e-2).ln();
    let highest = grid.values.iter().map(|&v| height(v)).fold(f64::NEG_INFINITY, f64::max);
    let share = |v: f64| (height(v) - height(lowest)) / (highest - height(lowest)).max(1e-12);
    let panel =
        Panel { x: Axis::exactly(ends[0], Spread::Linear, across), y: Axis::exactly(ends[1], Spread::Linear, upwards) };
    let picture = contours::png(&grid, |v| between([222, 235, 247], [255, 255, 255], share(v)))?;
    svg.image((across.0, upwards.1), (across.1 - across.0, upwards.0 - upwards.1), &picture);
    let levels: Vec<f64> = (1..LEVELS)
        .map(|i| (height(lowest) + i as f64 / LEVELS as f64 * (highest - height(lowest))).exp() + lowest - 1e-2)
        .collect();
    contours::draw_lines(svg, &panel, &grid, &levels, "#9FB6C9", 0.8)?;
    for (index, run) in runs {
        let way = points(run);
        let pixels: Vec<(f64, f64)> = way.iter().map(|p| panel.to_pixels((p[0], p[1]))).collect();
        svg.polyline(&pixels, colour(*index), 1.8, dash(*index));
        ends_of(svg, &pixels, colour(*index));
    }
    cross(svg, function.minimum().map(|p| panel.to_pixels((p[0], p[1]))));
    panel.ticks(svg, ("x", "y"));
    Ok(())
}

/// The function as a curve, with the paths on it, each a little above the one before so that all are seen.
fn curve(svg: &mut Svg, function: Function, runs: &[(usize, &TrialRecord)], (across, upwards): Rectangle) {
    let ends = span(function, runs, 0);
    let xs: Vec<Vec<f64>> = (0..=200).map(|i| vec![ends.0 + (ends.1 - ends.0) * f64::from(i) / 200.0]).collect();
    let heights = function.values_at(&xs);
    let Some(y) = Axis::over(heights.iter().copied(), Spread::Linear, upwards) else { return };
    let panel = Panel { x: Axis::exactly(ends, Spread::Linear, across), y };
    panel.grid(svg);
    let line: Vec<(f64, f64)> = xs.iter().zip(&heights).map(|(x, &v)| panel.to_pixels((x[0], v))).collect();
    svg.polyline(&line, FAINT, 1.6, "");
    for (entry, (index, run)) in runs.iter().enumerate() {
        let way = points(run);
        let on: Vec<(f64, f64)> = way.iter().zip(function.values_at(&way)).map(|(p, v)| (p[0], v)).collect();
        let inside = on.into_iter().filter(|(x, _)| (ends.0..=ends.1).contains(x));
        let lifted = |point: (f64, f64)| (panel.to_pixels(point).0, panel.to_pixels(point).1 - 7.0 * entry as f64);
        let pixels: Vec<(f64, f64)> = inside.map(lifted).collect();
        svg.polyline(&pixels, colour(*index), 0.8, "");
        svg.dots(&pixels, 2.2, colour(*index), 0.8);
        ends_of(svg, &pixels, colour(*index));
    }
    cross(svg, function.minimum().zip(function.minimum()).map(|(p, q)| panel.to_pixels((p[0], function.value_at(&q)))));
    panel.ticks(svg, ("w", "value"));
}

/// A ring at the start and a disc at the end.
fn ends_of(svg: &mut Svg, way: &[(f64, f64)], colour: &str) {
    if let (Some(&start), Some(&end)) = (way.first(), way.last()) {
        svg.dot(start, 5.5, INK, 1.0);
        svg.dot(start, 3.5, "#FFFFFF", 1.0);
        svg.dot(end, 4.5, colour, 1.0);
    }
}

fn cross(svg: &mut Svg, at: Option<(f64, f64)>) {
    if let Some((x, y)) = at {
        svg.line((x - 6.0, y - 6.0), (x + 6.0, y + 6.0), INK, 2.0);
        svg.line((x - 6.0, y + 6.0), (x + 6.0, y - 6.0), INK, 2.0);
    }
}

/// The value above the lowest over the steps, on a logarithmic axis.
fn values(
    svg: &mut Svg,
    summary: &Summary,
    function: Function,
    runs: &[(usize, &TrialRecord)],
    (across, upwards): Rectangle,
) {
    let lowest = function.minimum().map_or(0.0, |point| function.value_at(&point));
    // Nearer than this is there: the history is kept in 32 bits.
    let above = |v: f32| (f64::from(v) - lowest).max(1e-7 * lowest.abs().max(1.0));
    let bands: Vec<(usize, Vec<[f64; 3]>)> = runs
        .iter()
        .map(|(index, run)| {
            let all: Vec<&Vec<f32>> = summary.records_of(&run.arm).map(|run| &run.history.train_loss).collect();
            let longest = all.iter().map(|values| values.len()).max().unwrap_or(0);
            let at = |step: usize| {
                let own: Vec<f64> = all.iter().filter_map(|values| values.get(step)).map(|&v| above(v)).collect();
                [0.25, 0.5, 0.75].map(|q| quantile(&sorted(&own), q))
            };
            (*index, (0..longest).map(at).collect())
        })
        .collect();
    let every = bands.iter().flat_map(|(_, band)| band).flatten().copied();
    let steps = bands.iter().map(|(_, band)| band.len()).max().unwrap_or(1);
    let Some(y) = Axis::over(every, Spread::Log, upwards) else { return };
    let panel = Panel { x: Axis::exactly((0.0, (steps - 1).max(1) as f64), Spread::Linear, across), y };
    panel.grid(svg);
    for (index, band) in &bands {
        let edge = |which: usize| band.iter().enumerate().map(move |(step, v)| (step as f64, v[which]));
        let pixels = |which: usize| edge(which).map(|point| panel.to_pixels(point)).collect::<Vec<_>>();
        let mut area = pixels(0);
        area.extend(pixels(2).into_iter().rev());
        svg.area(&area, colour(*index), 0.18);
        svg.polyline(&pixels(1), colour(*index), 2.0, dash(*index));
    }
    let what = if function.minimum().is_some() { "value above the lowest" } else { "value" };
    panel.ticks(svg, ("step", what));
}
