//! Descent trajectories on a test function: each arm's path over the function, and the function's value over the steps.

use anyhow::Result;

use super::axis::{Axis, Scale};
use super::contours::{self, mix};
use super::panel::{AxisLabels, Panel};
use super::svg::{Anchor, FAINT, INK, Svg, TEXT, colour, dash};
use super::{Figure, FigureText};
use crate::analysis::stats::describe::{quantile, sorted};
use crate::analysis::summary::{ArmSummary, Summary};
use crate::nn::test_function::Function;
use crate::record::{Status, TrialRecord};
use crate::studies::grid::Grid2d;

/// Width and height of both panels together, without the legend.
const SIZE: (f64, f64) = (800.0, 400.0);
/// Pixels of the bottom and of the top edge of both panels.
const BOTTOM_TOP: (f64, f64) = (SIZE.1 - 56.0, 30.0);
/// Pixels of the left and of the right edge of the panel with the trajectories.
const TRAJECTORIES: (f64, f64) = (72.0, 385.0);
/// Pixels of the left and of the right edge of the panel with the values.
const VALUES: (f64, f64) = (478.0, SIZE.0 - 16.0);
/// Points along each coordinate of the function's picture.
const SIDE: usize = 161;
/// Contour lines, one fewer than this.
const LEVELS: usize = 12;
/// More arms than this cannot be distinguished.
const MOST_ARMS: usize = 8;

/// One arm's descent from the start that all arms share.
struct Descent<'a> {
    /// The arm's index in the plan, which chooses its colour.
    arm: usize,
    run: &'a TrialRecord,
    /// `[steps + 1, dimensions]`
    trajectory: Vec<Vec<f64>>,
}

/// A figure per function that was descended.
///
/// # Errors
/// A picture cannot be encoded.
pub fn draw(summary: &Summary) -> Result<Vec<Figure>> {
    let descended = |function: &Function| summary.records.iter().any(|run| is_descent(run, *function));
    let functions: Vec<Function> = Function::ALL.iter().filter(|function| descended(function)).copied().collect();
    let drawn = functions.iter().map(|&function| {
        let mut figure = draw_one(summary, function)?;
        if let Some(figure) = figure.as_mut().filter(|_| functions.len() > 1) {
            figure.file = format!("descent-{}.svg", function.name());
        }
        Ok(figure)
    });
    Ok(drawn.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Whether a run descended this function and took a step.
fn is_descent(run: &TrialRecord, function: Function) -> bool {
    run.made_with.dataset == function.name()
        && run.path.len() > 1
        && run.path.iter().all(|point| point.len() == function.dimensions())
}

fn draw_one(summary: &Summary, function: Function) -> Result<Option<Figure>> {
    let descents = descents(summary, function);
    let Some(first) = descents.first() else { return Ok(None) };
    let legend = 24.0 * descents.len().div_ceil(3) as f64 + 10.0;
    let mut svg = Svg::new(SIZE.0, SIZE.1 + legend);
    match function.dimensions() {
        1 => draw_line(&mut svg, function, &descents),
        _ => draw_plane(&mut svg, function, &descents)?,
    }
    draw_values(&mut svg, summary, function, &descents);
    for (entry, descent) in descents.iter().enumerate() {
        let (x, y) = (60.0 + 245.0 * (entry % 3) as f64, SIZE.1 + 16.0 + 24.0 * (entry / 3) as f64);
        svg.polyline(&[(x, y - 5.0), (x + 26.0, y - 5.0)], colour(descent.arm), 2.5, dash(descent.arm));
        svg.text((x + 33.0, y), &descent.run.arm, Anchor::Start, TEXT, INK);
    }
    let name = function.name();
    let (cross, value) = match function.minimum() {
        Some(_) => ("; the cross is the minimum", "value above the minimum"),
        None => ("", "value"),
    };
    let lifted = match function.dimensions() {
        1 if descents.len() > 1 => ", each drawn a little above the one before",
        _ => "",
    };
    let words = FigureText {
        title: format!("Descent trajectories on {name}"),
        alt: format!("The trajectories of the arms on {name}, and the function's value over the steps."),
        caption: format!(
            "{name}: {}. Left: the trajectory of each arm from one start (seed {}){lifted}; the ring is the start{cross}. Right: the {value} at \
             each step: the median over the starts, and their quartiles as a band.",
            function.formula(),
            first.run.seed
        ),
    };
    Ok(Some(Figure::svg("descent", words, svg)))
}

/// The arms' descents from one start: that of the first seed from which most of the arms finished.
fn descents(summary: &Summary, function: Function) -> Vec<Descent<'_>> {
    let of = |label: &str, seed: u64| {
        let mut runs = summary.records.iter();
        runs.find(|run| run.arm == label && run.seed == seed && is_descent(run, function))
    };
    let descends = |arm: &ArmSummary| summary.records_of(&arm.label).any(|run| is_descent(run, function));
    let arms = summary.arms.iter().enumerate().filter(|(_, arm)| descends(arm)).take(MOST_ARMS);
    let arms: Vec<(usize, &ArmSummary)> = arms.collect();
    let finished = |run: &TrialRecord| run.status == Status::Done;
    let without = |seed: u64| arms.iter().filter(|(_, arm)| of(&arm.label, seed).is_none()).count();
    let unfinished = |seed: u64| arms.iter().filter(|(_, arm)| !of(&arm.label, seed).is_some_and(finished)).count();
    let seeds = summary.records.iter().map(|record| record.seed);
    let Some(seed) = seeds.min_by_key(|&seed| (without(seed), unfinished(seed), seed)) else { return Vec::new() };
    let descent = |(index, arm): &(usize, &ArmSummary)| {
        let run = of(&arm.label, seed)?;
        let trajectory = run.path.iter().map(|point| point.iter().map(|&x| f64::from(x)).collect()).collect();
        Some(Descent { arm: *index, run, trajectory })
    };
    arms.iter().filter_map(descent).collect()
}

/// The interval of a coordinate that holds the trajectories and the minimum. Points of a trajectory that are further from the others than
/// three times their range do not count.
fn span(function: Function, descents: &[Descent], axis: usize) -> (f64, f64) {
    // A trajectory that diverged would make the others too small to be seen.
    let any_done = descents.iter().any(|descent| descent.run.status == Status::Done);
    let shown = descents.iter().filter(|descent| !any_done || descent.run.status == Status::Done);
    let mut values: Vec<f64> = shown.flat_map(|descent| &descent.trajectory).map(|point| point[axis]).collect();
    let ordered = sorted(&values);
    let (low, high) = (quantile(&ordered, 0.02), quantile(&ordered, 0.98));
    let reach = 3.0 * (high - low).max(0.5);
    values.retain(|v| (low - reach..=high + reach).contains(v));
    values.extend(function.minimum().map(|point| point[axis]));
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let room = 0.12 * (high - low).max(0.5);
    (low - room, high + room)
}

/// A function of two numbers as colour with contour lines, and the trajectories over it.
fn draw_plane(svg: &mut Svg, function: Function, descents: &[Descent]) -> Result<()> {
    let ends = [0, 1].map(|axis| span(function, descents, axis));
    let grid = Grid2d::of(ends, SIDE, |points| points.iter().map(|point| function.value_at(point)).collect());
    let lowest = grid.values.iter().copied().fold(f64::INFINITY, f64::min);
    // A logarithmic scale shows the floor of a valley.
    let height = |v: f64| (v - lowest + 1e-2).ln();
    let highest = grid.values.iter().map(|&v| height(v)).fold(f64::NEG_INFINITY, f64::max);
    let share = |v: f64| (height(v) - height(lowest)) / (highest - height(lowest)).max(1e-12);
    let panel = Panel {
        x: Axis::exactly(ends[0], Scale::Linear, TRAJECTORIES),
        y: Axis::exactly(ends[1], Scale::Linear, BOTTOM_TOP),
    };
    let picture = contours::png(&grid, |v| mix([222, 235, 247], [255, 255, 255], share(v)))?;
    svg.image(panel.area(), &picture);
    let levels: Vec<f64> = (1..LEVELS)
        .map(|i| (height(lowest) + i as f64 / LEVELS as f64 * (highest - height(lowest))).exp() + lowest - 1e-2)
        .collect();
    contours::draw_lines(svg, &panel, &grid, &levels, "#9FB6C9", 0.8)?;
    for descent in descents {
        let pixels: Vec<(f64, f64)> = descent.trajectory.iter().map(|p| panel.to_pixels((p[0], p[1]))).collect();
        svg.polyline(&pixels, colour(descent.arm), 1.8, dash(descent.arm));
        draw_ends(svg, &pixels, colour(descent.arm));
    }
    if let Some(minimum) = function.minimum() {
        draw_cross(svg, panel.to_pixels((minimum[0], minimum[1])));
    }
    panel.ticks(svg, AxisLabels { x: "x", y: "y" });
    Ok(())
}

/// A function of one number as a line, and the trajectories on it, each a little above the one before so that all are seen.
fn draw_line(svg: &mut Svg, function: Function, descents: &[Descent]) {
    let ends = span(function, descents, 0);
    let xs: Vec<Vec<f64>> = (0..=200).map(|i| vec![ends.0 + (ends.1 - ends.0) * f64::from(i) / 200.0]).collect();
    let heights: Vec<f64> = xs.iter().map(|x| function.value_at(x)).collect();
    let Some(y) = Axis::over(heights.iter().copied(), Scale::Linear, BOTTOM_TOP) else { return };
    let panel = Panel { x: Axis::exactly(ends, Scale::Linear, TRAJECTORIES), y };
    panel.grid(svg);
    let line: Vec<(f64, f64)> = xs.iter().zip(&heights).map(|(x, &v)| panel.to_pixels((x[0], v))).collect();
    svg.polyline(&line, FAINT, 1.6, "");
    for (entry, descent) in descents.iter().enumerate() {
        let on_line = descent.trajectory.iter().map(|point| (point[0], function.value_at(point)));
        let inside = on_line.filter(|(x, _)| (ends.0..=ends.1).contains(x));
        let lifted = |point: (f64, f64)| (panel.to_pixels(point).0, panel.to_pixels(point).1 - 7.0 * entry as f64);
        let pixels: Vec<(f64, f64)> = inside.map(lifted).collect();
        svg.polyline(&pixels, colour(descent.arm), 0.8, "");
        svg.dots(&pixels, 2.2, colour(descent.arm), 0.8);
        draw_ends(svg, &pixels, colour(descent.arm));
    }
    if let Some(minimum) = function.minimum() {
        draw_cross(svg, panel.to_pixels((minimum[0], function.value_at(&minimum))));
    }
    panel.ticks(svg, AxisLabels { x: "w", y: "value" });
}

/// A ring at the start of a trajectory and a disc at its end.
fn draw_ends(svg: &mut Svg, trajectory: &[(f64, f64)], colour: &str) {
    if let (Some(&start), Some(&end)) = (trajectory.first(), trajectory.last()) {
        svg.dot(start, 5.5, INK, 1.0);
        svg.dot(start, 3.5, "#FFFFFF", 1.0);
        svg.dot(end, 4.5, colour, 1.0);
    }
}

fn draw_cross(svg: &mut Svg, centre: (f64, f64)) {
    let (x, y) = centre;
    svg.line((x - 6.0, y - 6.0), (x + 6.0, y + 6.0), INK, 2.0);
    svg.line((x - 6.0, y + 6.0), (x + 6.0, y - 6.0), INK, 2.0);
}

/// The value above the minimum over the steps, on a logarithmic axis: the median over the arm's starts and their quartiles.
fn draw_values(svg: &mut Svg, summary: &Summary, function: Function, descents: &[Descent]) {
    let lowest = function.minimum().map_or(0.0, |point| function.value_at(&point));
    // The history is kept in 32 bits, which cannot tell smaller differences from 0.
    let above = |v: f32| (f64::from(v) - lowest).max(1e-7 * lowest.abs().max(1.0));
    let quartiles = |descent: &Descent| {
        let runs: Vec<&Vec<f32>> = summary.records_of(&descent.run.arm).map(|run| &run.history.train_loss).collect();
        let steps = runs.iter().map(|values| values.len()).max().unwrap_or(0);
        let of_step = |step: usize| {
            let values: Vec<f64> = runs.iter().filter_map(|values| values.get(step)).map(|&v| above(v)).collect();
            [0.25, 0.5, 0.75].map(|q| quantile(&sorted(&values), q))
        };
        (0..steps).map(of_step).collect()
    };
    let bands: Vec<Vec<[f64; 3]>> = descents.iter().map(quartiles).collect();
    let steps = bands.iter().map(Vec::len).max().unwrap_or(1);
    let Some(y) = Axis::over(bands.iter().flatten().flatten().copied(), Scale::Log, BOTTOM_TOP) else { return };
    let x = Axis::exactly((0.0, (steps - 1).max(1) as f64), Scale::Linear, VALUES);
    let panel = Panel { x, y };
    panel.grid(svg);
    for (descent, band) in descents.iter().zip(&bands) {
        let points = |quartile: usize| {
            band.iter().enumerate().map(|(step, values)| (step as f64, values[quartile])).collect::<Vec<_>>()
        };
        svg.area(&panel.band(&points(0), &points(2)), colour(descent.arm), 0.18);
        let median: Vec<(f64, f64)> = points(1).into_iter().map(|point| panel.to_pixels(point)).collect();
        svg.polyline(&median, colour(descent.arm), 2.0, dash(descent.arm));
    }
    let y_label = if function.minimum().is_some() { "value above the minimum" } else { "value" };
    panel.ticks(svg, AxisLabels { x: "step", y: y_label });
}
