//! Descent trajectories on a test function: each arm's path over the function, and the function's value over the steps.

use std::collections::BTreeSet;

use anyhow::Result;

use super::axis::{Axis, Scale};
use super::clip::Point;
use super::legend::entries;
use super::panel::{AxisLabels, Panel};
use super::svg::{Anchor, INK, OF_ARM, Rectangle, Svg, TEXT, colour, dash};
use super::test_function::{Curve, HEIGHT_NOTE, Plane, Relief, cross_note};
use super::{Figure, FigureText};
use crate::analysis::stats::describe::{quantile, sorted};
use crate::analysis::summary::{ArmSummary, Summary};
use crate::nn::test_function::Function;
use crate::record::{Status, TrialRecord};

const WIDTH: f64 = 840.0;
/// More arms than this cannot be distinguished.
const MOST_ARMS: usize = 8;

/// Where the panels of a figure are.
struct Layout {
    height: f64,
    surface: Rectangle,
    /// The contour lines, or the curve of a function of one number.
    trajectories: Rectangle,
    values: Rectangle,
}

impl Layout {
    /// A function of one number has two panels side by side, one of two numbers a row of two and the values below it.
    fn of(function: Function) -> Self {
        let at = |left: f64, top: f64, width: f64, height: f64| Rectangle { left, top, width, height };
        match function.dimensions() {
            1 => Self {
                height: 400.0,
                surface: at(0.0, 0.0, 0.0, 0.0),
                trajectories: at(72.0, 34.0, 330.0, 310.0),
                values: at(500.0, 34.0, 324.0, 310.0),
            },
            _ => Self {
                height: 710.0,
                surface: at(40.0, 20.0, 380.0, 330.0),
                trajectories: at(500.0, 34.0, 324.0, 324.0),
                values: at(100.0, 450.0, 724.0, 204.0),
            },
        }
    }
}

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
    let starts = starts(summary, function);
    let layout = Layout::of(function);
    let labels: Vec<&str> = descents.iter().map(|descent| descent.run.arm.as_str()).collect();
    let places = entries(&labels, WIDTH - 100.0);
    let legend = places.last().map_or(0.0, |(_, y)| y + 34.0);
    let mut svg = Svg::new(WIDTH, layout.height + legend);
    let one = if starts > 1 { format!("one start of {starts}, seed {}", first.run.seed) } else { "one start".into() };
    match function.dimensions() {
        1 => draw_curve(&mut svg, function, &descents, &layout, &one),
        _ => draw_plane(&mut svg, function, &descents, &layout, &one)?,
    }
    let all = if starts > 1 { format!("median of {starts} starts") } else { "the same start".into() };
    draw_values(&mut svg, summary, function, &descents, layout.values, &all);
    for (descent, (x, y)) in descents.iter().zip(places) {
        let (x, y) = (72.0 + x, layout.height + 16.0 + y);
        svg.arm(&descent.run.arm, colour(descent.arm), |svg| {
            svg.polyline(&[(x, y - 5.0), (x + 26.0, y - 5.0)], OF_ARM, 2.5, dash(descent.arm));
            svg.text((x + 33.0, y), &descent.run.arm, Anchor::Start, TEXT, INK);
        });
    }
    Ok(Some(Figure::svg("descent", words(function, &descents, starts, &one), svg)))
}

fn words(function: Function, descents: &[Descent], starts: usize, one: &str) -> FigureText {
    let name = function.name();
    let cross = cross_note(function);
    let cross = if cross.is_empty() { String::new() } else { format!("; {cross}") };
    let value = if cross.is_empty() { "value" } else { "value above the minimum" };
    let many = match starts {
        1 => String::new(),
        _ => format!(": the median of {starts} starts, and their quartiles as a band"),
    };
    let (shown, values) = match function.dimensions() {
        1 => {
            let lifted = if descents.len() > 1 { ", each drawn a little above the one before" } else { "" };
            (format!("Left: the trajectory of each arm from {one}{lifted}; the ring is the start{cross}."), "Right")
        }
        _ => {
            let places = "Above: the trajectory of each arm on the surface (dotted where the surface hides it) and over its contour lines";
            (format!("{places}, from {one}; the ring is the start{cross}. {HEIGHT_NOTE}"), "Below")
        }
    };
    FigureText {
        title: format!("Descent trajectories on {name}"),
        alt: format!("The trajectories of the arms on {name}, and the function's value over the steps."),
        caption: format!("{name}: {}. {shown} {values}: the {value} at each step{many}.", function.formula()),
    }
}

/// The number of different starts of the function's descents.
fn starts(summary: &Summary, function: Function) -> usize {
    let runs = summary.records.iter().filter(|run| is_descent(run, function));
    let bits =
        |run: &TrialRecord| run.path.first().map(|start| start.iter().map(|x| x.to_bits()).collect::<Vec<u32>>());
    runs.filter_map(bits).collect::<BTreeSet<_>>().len()
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

/// The interval of a coordinate that holds the trajectories and the minima. Points of a trajectory that are further from the others than
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
    values.extend(function.minima().iter().map(|point| point[axis]));
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let room = 0.12 * (high - low).max(0.5);
    (low - room, high + room)
}

/// A function of two numbers as a surface and as contour lines, and the trajectories over both.
fn draw_plane(svg: &mut Svg, function: Function, descents: &[Descent], layout: &Layout, title: &str) -> Result<()> {
    let relief = Relief::of(function, [0, 1].map(|axis| span(function, descents, axis)));
    let path = |descent: &Descent| descent.trajectory.iter().map(|point| (point[0], point[1])).collect();
    let paths: Vec<Vec<Point>> = descents.iter().map(path).collect();
    let marks: Vec<Point> =
        paths.iter().flat_map(|path| path.first().into_iter().chain(path.last())).copied().collect();
    let plane = Plane::new(&relief, &marks, layout.surface, layout.trajectories);
    plane.draw(svg)?;
    for (descent, path) in descents.iter().zip(&paths) {
        svg.arm(&descent.run.arm, colour(descent.arm), |svg| {
            plane.path(svg, path, OF_ARM, dash(descent.arm));
            draw_ends(svg, path, |point| plane.to_pixels(point));
        });
    }
    plane.finish(svg);
    for (descent, path) in descents.iter().zip(&paths) {
        // On the surface and over its contour lines.
        for panel in 0..2 {
            track(svg, descent, path.iter().map(|&point| plane.to_pixels(point).get(panel).copied()));
        }
    }
    plane.panel().title(svg, title);
    Ok(())
}

/// A function of one number as a curve, and the trajectories on it, each a little above the one before so that all are seen.
fn draw_curve(svg: &mut Svg, function: Function, descents: &[Descent], layout: &Layout, title: &str) {
    let Some(curve) = Curve::new(function, span(function, descents, 0), layout.trajectories) else { return };
    curve.draw(svg);
    for (entry, descent) in descents.iter().enumerate() {
        let place = |point: Point| -> Vec<(f64, f64)> {
            let (x, y) = curve.panel.to_pixels(point);
            let is_inside = (curve.ends.0..=curve.ends.1).contains(&point.0);
            if is_inside { vec![(x, y - 7.0 * entry as f64)] } else { Vec::new() }
        };
        let path: Vec<Point> = descent.trajectory.iter().map(|point| (point[0], function.value_at(point))).collect();
        let pixels: Vec<(f64, f64)> = path.iter().copied().flat_map(place).collect();
        svg.arm(&descent.run.arm, colour(descent.arm), |svg| {
            svg.polyline(&pixels, OF_ARM, 0.8, "");
            svg.dots(&pixels, 2.2, OF_ARM, 0.8);
            draw_ends(svg, &path, place);
        });
    }
    curve.finish(svg);
    for (entry, descent) in descents.iter().enumerate() {
        let place = |point: &Vec<f64>| {
            let (x, y) = curve.panel.to_pixels((point[0], function.value_at(point)));
            (curve.ends.0..=curve.ends.1).contains(&point[0]).then_some((x, y - 7.0 * entry as f64))
        };
        track(svg, descent, descent.trajectory.iter().map(place));
    }
    curve.panel.title(svg, title);
}

/// The places of a descent's steps, of which many are thinned out; where a step is outside of the panel, it is where the one before was.
fn track(svg: &mut Svg, descent: &Descent, places: impl Iterator<Item = Option<(f64, f64)>>) {
    /// More steps than this are not told from each other as they are played.
    const MOST_STEPS: usize = 240;
    let places: Vec<Option<(f64, f64)>> = places.collect();
    let mut last = places.iter().copied().flatten().next();
    let mut points: Vec<(f64, f64)> = Vec::new();
    for place in places {
        last = place.or(last);
        points.extend(last);
    }
    let count = points.len();
    if count > MOST_STEPS {
        points = (0..MOST_STEPS).map(|index| points[index * (count - 1) / (MOST_STEPS - 1)]).collect();
    }
    svg.arm(&descent.run.arm, colour(descent.arm), |svg| svg.track(count.saturating_sub(1), &points));
}

/// A ring at the start of a trajectory and a disc at its end, where `place` has them.
fn draw_ends(svg: &mut Svg, path: &[Point], place: impl Fn(Point) -> Vec<(f64, f64)>) {
    if let (Some(&start), Some(&end)) = (path.first(), path.last()) {
        for pixel in place(start) {
            svg.dot(pixel, 5.5, INK, 1.0);
            svg.dot(pixel, 3.5, "#FFFFFF", 1.0);
        }
        place(end).into_iter().for_each(|pixel| svg.dot(pixel, 4.5, OF_ARM, 1.0));
    }
}

/// The value above the minimum over the steps, on a logarithmic axis: the median over the arm's starts and their quartiles.
fn draw_values(
    svg: &mut Svg,
    summary: &Summary,
    function: Function,
    descents: &[Descent],
    area: Rectangle,
    title: &str,
) {
    let lowest = function.lowest_value().unwrap_or(0.0);
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
    let Some(y) = Axis::over(bands.iter().flatten().flatten().copied(), Scale::Log, (area.top + area.height, area.top))
    else {
        return;
    };
    let x = Axis::exactly((0.0, (steps - 1).max(1) as f64), Scale::Linear, (area.left, area.left + area.width));
    let panel = Panel { x, y };
    panel.grid(svg);
    for (descent, band) in descents.iter().zip(&bands) {
        let points = |quartile: usize| {
            band.iter().enumerate().map(|(step, values)| (step as f64, values[quartile])).collect::<Vec<_>>()
        };
        let median: Vec<(f64, f64)> = points(1).into_iter().map(|point| panel.to_pixels(point)).collect();
        svg.arm(&descent.run.arm, colour(descent.arm), |svg| {
            svg.area(&panel.band(&points(0), &points(2)), OF_ARM, 0.18);
            svg.polyline(&median, OF_ARM, 2.0, dash(descent.arm));
        });
        track(svg, descent, median.into_iter().map(Some));
    }
    let y_label = if function.lowest_value().is_some() { "value above the minimum" } else { "value" };
    panel.ticks(svg, AxisLabels { x: "step", y: y_label });
    panel.title(svg, title);
}
