//! Networks on points of one or two numbers, drawn from their [`DecisionGrid`]: the fitted line over the points, or the decision
//! boundary between them.
//!
//! Both show two runs of each arm, the median and the worst of those that finished.

use std::borrow::Cow;

use anyhow::Result;

use super::axis::{Axis, Scale};
use super::contours;
use super::panel::{AxisLabels, Panel};
use super::rgb::{hex, mix};
use super::svg::{FAINT, INK, OF_ARM, PALETTE, Svg, colour};
use super::{Figure, FigureText};
use crate::analysis::summary::Summary;
use crate::data::scale::InputTable;
use crate::data::{Dataset, PointSet, toys};
use crate::record::{DecisionGrid, TrialRecord};
use crate::studies::grid::Grid2d;

/// More arms than this fill more than a page.
const MOST_ARMS: usize = 6;
/// More points than this hide the colour behind them.
const MOST_POINTS: usize = 300;
/// Panels in a row.
const COLUMNS: usize = 2;
/// Width and height of a panel with a fitted line.
const LINE_SIZE: (f64, f64) = (390.0, 320.0);
/// Width and height of a panel with a decision boundary.
const PLANE_SIZE: (f64, f64) = (380.0, 350.0);
/// The probability of class 1 at 0, a half and 1.
const COLOURS: [[u8; 3]; 3] = [[0, 114, 178], [255, 255, 255], [213, 94, 0]];

/// A run that stands for its arm.
struct ExampleRun<'a> {
    run: &'a TrialRecord,
    grid: &'a DecisionGrid,
    /// `median` or `worst`.
    rank: &'static str,
}

/// The median and the worst run of an arm by the ranking metric, of those with a grid of `dimensions` dimensions; only the median if
/// there is one such run.
fn median_and_worst<'a>(summary: &'a Summary, label: &'a str, dimensions: usize) -> Vec<ExampleRun<'a>> {
    let goodness = |run: &TrialRecord| {
        run.quantity(&summary.metric).map_or(f64::NEG_INFINITY, |value| summary.metric.goodness(value))
    };
    let with_grid = |run: &'a TrialRecord| Some((run, run.decision_grid.as_ref()?));
    let mut runs: Vec<(&TrialRecord, &DecisionGrid)> = summary.records_of(label).filter_map(with_grid).collect();
    runs.retain(|(_, grid)| grid.ends.len() == dimensions);
    runs.sort_by(|(a, _), (b, _)| goodness(b).total_cmp(&goodness(a)));
    let Some(&(run, grid)) = runs.get(runs.len().saturating_sub(1) / 2) else { return Vec::new() };
    let mut chosen = vec![ExampleRun { run, grid, rank: "median" }];
    if let (true, Some(&(run, grid))) = (runs.len() > 1, runs.last()) {
        chosen.push(ExampleRun { run, grid, rank: "worst" });
    }
    chosen
}

/// A canvas for `count` panels and the upper left corner of each.
fn panels(count: usize, size: (f64, f64)) -> (Svg, Vec<(f64, f64)>) {
    let svg = Svg::new(size.0 * COLUMNS.min(count) as f64, size.1 * count.div_ceil(COLUMNS) as f64);
    let corner = |i: usize| ((i % COLUMNS) as f64 * size.0, (i / COLUMNS) as f64 * size.1);
    (svg, (0..count).map(corner).collect())
}

/// A panel per arm with the points and the fitted lines; `None` if no run has a grid over a line, or its data are not at hand.
pub fn regression(summary: &Summary, dataset: Option<&Dataset>) -> Option<Figure> {
    let arms = summary.arms.iter().take(MOST_ARMS).map(|arm| (arm, median_and_worst(summary, &arm.label, 1)));
    let arms: Vec<_> = arms.filter(|(_, runs)| !runs.is_empty()).collect();
    let first = arms.first()?.1.first()?;
    let points = points_of(first.run, dataset)?;
    let [low, high] = first.grid.ends[0].map(f64::from);
    let targets = || points.targets.iter().take(MOST_POINTS).map(|&y| f64::from(y));
    let (mut svg, corners) = panels(arms.len(), LINE_SIZE);
    for (row, ((arm, runs), (left, top))) in arms.iter().zip(corners).enumerate() {
        let panel = Panel {
            x: Axis::exactly((low, high), Scale::Linear, (left + 60.0, left + LINE_SIZE.0 - 16.0)),
            y: Axis::over(targets(), Scale::Linear, (top + LINE_SIZE.1 - 60.0, top + 28.0))?,
        };
        let inputs = points.values.iter().map(|&x| f64::from(x));
        let pixels: Vec<(f64, f64)> = inputs.zip(targets()).map(|point| panel.to_pixels(point)).collect();
        let values = runs.iter().filter_map(|example| example.run.quantity(&summary.metric));
        let values: Vec<String> = values.map(|value| summary.metric.format(value)).collect();
        let title = format!("{}: {} {}", arm.label, summary.metric.title(), values.join(" and "));
        svg.arm(&arm.label, colour(row), |svg| {
            panel.grid(svg);
            svg.dots(&pixels, 1.8, FAINT, 0.35);
            for (index, example) in runs.iter().enumerate() {
                let line: Vec<(f64, f64)> =
                    fitted_line(example.grid).into_iter().map(|point| panel.to_pixels(point)).collect();
                if index == 0 {
                    svg.polyline(&line, OF_ARM, 2.6, "");
                } else {
                    svg.polyline(&line, INK, 1.8, "6 4");
                }
            }
            panel.ticks(svg, AxisLabels { x: "x", y: "" });
            panel.title(svg, &title);
        });
    }
    let words = FigureText {
        title: "Fitted line".into(),
        alt: "The training points and the line fitted by the median and by the worst run of each arm.".into(),
        caption: "Dots: training points. Line: the prediction of the median run; dashed: that of the worst run that finished."
            .into(),
    };
    Some(Figure::svg("fit", words, svg))
}

fn fitted_line(grid: &DecisionGrid) -> Vec<(f64, f64)> {
    let [low, high] = grid.ends[0].map(f64::from);
    let step = (high - low) / (grid.side - 1) as f64;
    grid.values.iter().enumerate().map(|(i, &v)| (low + step * i as f64, f64::from(v))).collect()
}

/// A panel per run with the probability of class 1 as colour, the training points and the boundary; `None` if no run has a grid
/// over a plane.
///
/// # Errors
/// A picture cannot be encoded.
pub fn boundary(summary: &Summary, dataset: Option<&Dataset>) -> Result<Option<Figure>> {
    let arms = summary.arms.iter().take(MOST_ARMS);
    let runs: Vec<ExampleRun> = arms.flat_map(|arm| median_and_worst(summary, &arm.label, 2)).collect();
    if runs.is_empty() {
        return Ok(None);
    }
    let (mut svg, corners) = panels(runs.len(), PLANE_SIZE);
    for (example, corner) in runs.iter().zip(corners) {
        let title = plane_title(summary, example);
        let mut drawn = Ok(());
        svg.arm(&example.run.arm, INK, |svg| drawn = draw_plane(svg, example, dataset, corner, &title));
        drawn?;
    }
    let classes = runs.iter().map(|example| example.run.confusion.len()).max().unwrap_or(2);
    if classes > 2 {
        let words = FigureText {
            title: "Decision boundaries".into(),
            alt: "The predicted class over the plane, for the median and the worst run of each arm.".into(),
            caption: "Colour: the predicted class. Dots: training points in the colour of their class, where the run was trained on the \
                      data at hand. The median and the worst run that finished, for at most six arms."
                .into(),
        };
        return Ok(Some(Figure::svg("boundary", words, svg)));
    }
    let words = FigureText {
        title: "Decision boundary".into(),
        alt: "The probability of class 1 over the plane and the decision boundary, for the median and the worst run of each arm."
            .into(),
        caption: "Colour: the probability of class 1, from blue (0) through white (a half) to orange (1). Line: the decision boundary, \
                  where it is a half. Dots: training points in the colour of their class. The median and the worst run that \
                  finished, for at most six arms."
            .into(),
    };
    Ok(Some(Figure::svg("boundary", words, svg)))
}

/// `adam, worst: 96.33 %`.
fn plane_title(summary: &Summary, example: &ExampleRun) -> String {
    let unit = if summary.metric.is_percent() { " %" } else { "" };
    let value = example.run.quantity(&summary.metric);
    let value = value.map_or(String::new(), |value| format!(": {}{unit}", summary.metric.format(value)));
    format!("{}, {}{value}", example.run.arm, example.rank)
}

fn draw_plane(
    svg: &mut Svg,
    example: &ExampleRun,
    dataset: Option<&Dataset>,
    corner: (f64, f64),
    title: &str,
) -> Result<()> {
    let DecisionGrid { ends, side, values } = example.grid;
    let ends = [0, 1].map(|axis| (f64::from(ends[axis][0]), f64::from(ends[axis][1])));
    let own = dataset.filter(|dataset| dataset.hash == example.run.made_with.data);
    let table = own.and_then(|dataset| dataset.table.as_ref());
    // For the names of the columns.
    let room = if table.is_some() { 22.0 } else { 0.0 };
    let panel = Panel {
        x: Axis::exactly(ends[0], Scale::Linear, (corner.0 + 50.0 + room, corner.0 + PLANE_SIZE.0 - 20.0)),
        y: Axis::exactly(ends[1], Scale::Linear, (corner.1 + PLANE_SIZE.1 - 34.0 - room, corner.1 + 28.0)),
    };
    let grid = Grid2d { ends, side: *side, values: values.iter().map(|&v| f64::from(v)).collect() };
    let is_of_two = example.run.confusion.len() <= 2;
    let colour = |p: f64| {
        let [low, middle, high] = COLOURS;
        if !is_of_two {
            return mix(middle, hex(PALETTE[p as usize % PALETTE.len()]), 0.4);
        }
        // Paler than the points on top.
        let shade = |share: f64, end| mix(middle, end, 0.75 * share);
        if p < 0.5 { shade(1.0 - 2.0 * p, low) } else { shade(2.0 * p - 1.0, high) }
    };
    svg.image(panel.area(), &contours::png(&grid, colour)?);
    if is_of_two {
        contours::draw_lines(svg, &panel, &grid, &[0.5], INK, 2.0)?;
    }
    if let Some(points) = points_of(example.run, dataset) {
        dots(svg, &panel, &points);
    }
    let scaled = |axis: usize| match table {
        Some(InputTable { columns, scaling }) if scaling.is_none() => columns[axis].clone(),
        Some(InputTable { columns, .. }) => format!("{}, scaled", columns[axis]),
        None => String::new(),
    };
    panel.ticks(svg, AxisLabels { x: &scaled(0), y: &scaled(1) });
    panel.title(svg, title);
    Ok(())
}

/// The training points that a run learnt from: those of a data set at hand, or of a toy, which is drawn again.
pub fn points_of<'a>(run: &TrialRecord, dataset: Option<&'a Dataset>) -> Option<Cow<'a, PointSet>> {
    if let Some(dataset) = dataset.filter(|dataset| dataset.hash == run.made_with.data) {
        return dataset.train.points().map(Cow::Borrowed);
    }
    let (toy, margin) = toys::parse(&run.made_with.dataset)?;
    toy.with_margin(margin).train.points().cloned().map(Cow::Owned)
}

/// The training points in the colour of their class.
fn dots(svg: &mut Svg, panel: &Panel, points: &PointSet) {
    let last = points.labels.iter().copied().max().unwrap_or(0);
    for class in 0..=last {
        let shown = points.values.chunks_exact(2).zip(&points.labels).take(MOST_POINTS);
        let of_class = shown.filter(|(_, label)| **label == class);
        let pixels: Vec<(f64, f64)> =
            of_class.map(|(p, _)| panel.to_pixels((f64::from(p[0]), f64::from(p[1])))).collect();
        svg.dots(&pixels, 3.4, "#FFFFFF", 0.9);
        svg.dots(&pixels, 2.5, PALETTE[usize::from(class) % PALETTE.len()], 0.9);
    }
}
