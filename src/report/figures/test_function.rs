//! The picture of a test function: of two numbers as a surface beside its contour lines, of one number as a curve.

use anyhow::Result;

use super::axis::{Axis, Scale};
use super::clip::{self, Point};
use super::contours;
use super::panel::{AxisLabels, Panel};
use super::rgb::mix;
use super::surface::Surface;
use super::svg::{FAINT, INK, Rectangle, Svg};
use super::{Figure, FigureText};
use crate::nn::test_function::Function;
use crate::studies::grid::Grid2d;

/// Points along each coordinate of the contour lines.
const SIDE: usize = 161;
/// Contour lines, one fewer than this.
const LEVELS: usize = 12;
/// Heights are logarithms of the value above the lowest plus this, so that the floor of a valley is seen and a minimum is no hole.
const FLOOR: f64 = 0.1;
/// What captions say of the height of the surface and of the contour lines.
pub const HEIGHT_NOTE: &str = "Height and contour lines are on a logarithmic scale of the value above the lowest.";

/// A function's heights over a rectangle: the logarithm of its value above the lowest there.
pub struct Relief {
    function: Function,
    grid: Grid2d,
    lowest: f64,
    highest: f64,
}

impl Relief {
    /// The heights over a rectangle.
    pub fn of(function: Function, ends: [(f64, f64); 2]) -> Self {
        let grid = Grid2d::of(ends, SIDE, |points| points.iter().map(|point| function.value_at(point)).collect());
        let finite = || grid.values.iter().copied().filter(|value| value.is_finite());
        // The lowest point may lie between those of the grid.
        let lowest = function.lowest_value().into_iter().chain(finite()).fold(f64::INFINITY, f64::min);
        let highest = finite().fold(lowest, f64::max);
        Self { function, grid, lowest, highest }
    }

    /// From 0 at the lowest value to 1 at the highest.
    fn share(&self, value: f64) -> f64 {
        let height = |above: f64| (above.max(0.0) / FLOOR).ln_1p();
        height(value - self.lowest) / height(self.highest - self.lowest).max(1e-12)
    }

    /// The value at this share of the height.
    fn value_at_share(&self, share: f64) -> f64 {
        self.lowest + FLOOR * (share * ((self.highest - self.lowest) / FLOOR).ln_1p()).exp_m1()
    }

    /// The height of a point, from 0 to 1.
    pub fn height(&self, (x, y): Point) -> f64 {
        self.share(self.function.value_at(&[x, y]))
    }
}

/// A function of two numbers, twice: as a surface, and as colour with contour lines.
pub struct Plane<'a> {
    relief: &'a Relief,
    surface: Surface<'a>,
    panel: Panel,
}

impl<'a> Plane<'a> {
    /// The two pictures in their areas of the canvas. The surface is seen from where the minima and the other `marks` are.
    pub fn new(relief: &'a Relief, marks: &[Point], surface: Rectangle, contour: Rectangle) -> Self {
        let ends = relief.grid.ends;
        let (right, bottom) = (contour.left + contour.width, contour.top + contour.height);
        let panel = Panel {
            x: Axis::exactly(ends[0], Scale::Linear, (contour.left, right)),
            y: Axis::exactly(ends[1], Scale::Linear, (bottom, contour.top)),
        };
        let minima = relief.function.minima().into_iter().map(|minimum| (minimum[0], minimum[1]));
        let marks: Vec<Point> =
            minima.chain(marks.iter().copied()).filter(|mark| clip::contains(&ends, *mark)).collect();
        Self { relief, surface: Surface::new(ends, |point| relief.height(point), &marks, surface), panel }
    }

    /// The panel of the contour lines.
    pub fn panel(&self) -> &Panel {
        &self.panel
    }

    /// Draws both pictures, to be covered by paths.
    ///
    /// # Errors
    /// A picture cannot be encoded.
    pub fn draw(&self, svg: &mut Svg) -> Result<()> {
        self.surface.draw(svg);
        let relief = self.relief;
        let picture = contours::png(&relief.grid, |v| mix([222, 235, 247], [255, 255, 255], relief.share(v)))?;
        svg.image(self.panel.area(), &picture);
        let levels: Vec<f64> = (1..LEVELS).map(|i| relief.value_at_share(i as f64 / LEVELS as f64)).collect();
        contours::draw_lines(svg, &self.panel, &relief.grid, &levels, "#9FB6C9", 0.8)
    }

    /// Draws a path in both pictures, as far as it lies in them.
    pub fn path(&self, svg: &mut Svg, path: &[Point], stroke: &str, dash: &str) {
        for piece in clip::inside(&self.relief.grid.ends, path) {
            self.surface.path(svg, &piece, stroke, 1.8, dash);
            let pixels: Vec<(f64, f64)> = piece.iter().map(|&point| self.panel.to_pixels(point)).collect();
            svg.polyline(&pixels, stroke, 1.8, dash);
        }
    }

    /// The pixels of a point in both pictures; none if it lies outside of them.
    pub fn to_pixels(&self, point: Point) -> Vec<(f64, f64)> {
        let places = || vec![self.surface.to_pixels(point), self.panel.to_pixels(point)];
        if clip::contains(&self.relief.grid.ends, point) { places() } else { Vec::new() }
    }

    /// Draws crosses at the minima and the axes.
    pub fn finish(&self, svg: &mut Svg) {
        for minimum in self.relief.function.minima() {
            self.to_pixels((minimum[0], minimum[1])).into_iter().for_each(|centre| draw_cross(svg, centre));
        }
        self.surface.ticks(svg, ["x", "y"]);
        self.panel.ticks(svg, AxisLabels { x: "x", y: "y" });
    }
}

/// A function of one number as a curve.
pub struct Curve {
    function: Function,
    /// The first and the last argument.
    pub ends: (f64, f64),
    /// The panel of the curve.
    pub panel: Panel,
}

impl Curve {
    /// The curve between two arguments, in an area of the canvas; `None` if it has no finite value there.
    pub fn new(function: Function, ends: (f64, f64), area: Rectangle) -> Option<Self> {
        let heights = Self::points(function, ends).into_iter().map(|point| point.1);
        let y = Axis::over(heights, Scale::Linear, (area.top + area.height, area.top))?;
        let x = Axis::exactly(ends, Scale::Linear, (area.left, area.left + area.width));
        Some(Self { function, ends, panel: Panel { x, y } })
    }

    fn points(function: Function, (low, high): (f64, f64)) -> Vec<Point> {
        let at = |step: i32| low + (high - low) * f64::from(step) / 200.0;
        (0..=200).map(|step| (at(step), function.value_at(&[at(step)]))).collect()
    }

    /// Draws the curve, to be covered by paths.
    pub fn draw(&self, svg: &mut Svg) {
        self.panel.grid(svg);
        let points = Self::points(self.function, self.ends);
        let pixels: Vec<(f64, f64)> = points.into_iter().map(|point| self.panel.to_pixels(point)).collect();
        svg.polyline(&pixels, FAINT, 1.6, "");
    }

    /// Draws crosses at the minima and the axes.
    pub fn finish(&self, svg: &mut Svg) {
        for minimum in self.function.minima() {
            draw_cross(svg, self.panel.to_pixels((minimum[0], self.function.value_at(&minimum))));
        }
        self.panel.ticks(svg, AxisLabels { x: "w", y: "value" });
    }
}

fn draw_cross(svg: &mut Svg, centre: (f64, f64)) {
    let (x, y) = centre;
    svg.line((x - 6.0, y - 6.0), (x + 6.0, y + 6.0), INK, 2.0);
    svg.line((x - 6.0, y + 6.0), (x + 6.0, y - 6.0), INK, 2.0);
}

/// What a caption says of the crosses; empty where there is no minimum.
pub fn cross_note(function: Function) -> &'static str {
    match function.minima().len() {
        0 => "",
        1 => "the cross is the minimum",
        _ => "the crosses are the minima",
    }
}

/// The part of the function that is worth seeing: its minima, its saddles, and the way down from its usual start.
fn view(function: Function) -> [(f64, f64); 2] {
    match function {
        Function::Rosenbrock => [(-2.0, 2.0), (-1.0, 3.0)],
        Function::Quartic => [(-0.8, 2.4), (0.0, 0.0)],
        Function::Wavy => [(-3.0, 3.0), (0.0, 0.0)],
        Function::Bowl => [(-2.5, 2.5), (-2.5, 2.5)],
        Function::Assignment => [(-3.0, 12.0), (0.0, 0.0)],
        Function::Saddle => [(-1.6, 1.6), (-1.6, 1.6)],
        Function::Ravine => [(-6.0, 6.0), (-2.0, 2.0)],
        Function::NeuronQuadratic | Function::NeuronCrossEntropy => [(-4.0, 4.0), (-4.0, 4.0)],
    }
}

/// The function without any descent.
///
/// # Errors
/// A picture cannot be encoded.
pub fn draw(function: Function) -> Result<Figure> {
    let ends = view(function);
    let (svg, shown, note) = match function.dimensions() {
        1 => {
            let mut svg = Svg::new(560.0, 400.0);
            let area = Rectangle { left: 80.0, top: 24.0, width: 460.0, height: 320.0 };
            if let Some(curve) = Curve::new(function, ends[0], area) {
                curve.draw(&mut svg);
                curve.finish(&mut svg);
            }
            (svg, "as a curve", String::new())
        }
        _ => {
            let mut svg = Svg::new(840.0, 410.0);
            let relief = Relief::of(function, ends);
            let surface = Rectangle { left: 30.0, top: 24.0, width: 380.0, height: 330.0 };
            let contour = Rectangle { left: 500.0, top: 24.0, width: 320.0, height: 320.0 };
            let plane = Plane::new(&relief, &[], surface, contour);
            plane.draw(&mut svg)?;
            plane.finish(&mut svg);
            (svg, "as a surface and as contour lines", format!(" {HEIGHT_NOTE}"))
        }
    };
    let name = function.name();
    let cross = cross_note(function);
    let words = FigureText {
        title: format!("The test function {name}"),
        alt: format!("The test function {name} {shown}."),
        caption: format!("{name}: {}{}{cross}.{note}", function.formula(), if cross.is_empty() { "" } else { "; " }),
    };
    Ok(Figure::svg(name, words, svg))
}
