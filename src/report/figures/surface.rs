//! A function of two numbers as a surface in space: shaded quadrilaterals in an orthographic projection, drawn from the back to the front.

use super::axis::{Axis, Scale};
use super::clip::Point;
use super::rgb::mix;
use super::svg::{Anchor, INK, Rectangle, Svg, TEXT};

/// Quadrilaterals along each coordinate. More make files of hundreds of kilobytes.
const QUADS: usize = 36;
/// The height of the surface, where the sides of its ground are 1.
const HEIGHT: f64 = 0.55;
/// The angle, in degrees, at which the surface is looked at from above the ground.
const ELEVATION: f64 = 42.0;
/// The directions, in degrees, from which it may be looked at. None is along a side, so that two sides are always in front.
const DIRECTIONS: [f64; 8] = [30.0, 60.0, 120.0, 150.0, 210.0, 240.0, 300.0, 330.0];
/// Colours of the lowest and of the highest quadrilateral in full light. They are pale, so that trajectories stand out.
const LOW: [u8; 3] = [150, 188, 222];
const HIGH: [u8; 3] = [252, 250, 244];
/// The lines of the mesh, and the sides of the ground.
const MESH: &str = "#8FA6B8";
/// Two points nearer than this are one in the picture, in pixels.
const NEAR: f64 = 0.6;

/// A surface over a rectangle of a function's arguments.
pub struct Surface<'a> {
    ends: [(f64, f64); 2],
    /// The height of a point, from 0 at the lowest to 1.
    height: Box<dyn Fn(Point) -> f64 + 'a>,
    area: Rectangle,
    /// The direction from which it is looked at.
    view: View,
}

/// Sine and cosine of the direction.
#[derive(Debug, Clone, Copy)]
struct View {
    sine: f64,
    cosine: f64,
}

/// A point in space: along the two sides of the ground from -0.5 to 0.5, and above it.
type Space = (f64, f64, f64);

impl View {
    fn from(degrees: f64) -> Self {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        Self { sine, cosine }
    }

    /// The point as it is seen: to the right, and up.
    fn seen(self, (u, v, height): Space) -> (f64, f64) {
        let (sine, cosine) = ELEVATION.to_radians().sin_cos();
        (u * self.cosine + v * self.sine, self.depth(u, v) * sine + height * cosine)
    }

    /// How far away a point of the ground is.
    fn depth(self, u: f64, v: f64) -> f64 {
        v * self.cosine - u * self.sine
    }

    /// The corner of the ground that is nearest.
    fn front(self) -> (f64, f64) {
        (0.5 * self.sine.signum(), -0.5 * self.cosine.signum())
    }
}

impl<'a> Surface<'a> {
    /// The surface of `height` over a rectangle, in an area of the canvas, seen from the direction from which it covers the `marks` and itself
    /// the least.
    pub fn new(ends: [(f64, f64); 2], height: impl Fn(Point) -> f64 + 'a, marks: &[Point], area: Rectangle) -> Self {
        let mut surface = Self { ends, height: Box::new(height), area, view: View::from(DIRECTIONS[0]) };
        let places = (0..=QUADS).step_by(2).flat_map(|i| (0..=QUADS).step_by(2).map(move |j| (i, j)));
        let nodes: Vec<Point> = places.map(|(i, j)| surface.node(i, j)).collect();
        let mut best = (f64::INFINITY, surface.view);
        for degrees in DIRECTIONS {
            surface.view = View::from(degrees);
            let mean = |points: &[Point]| {
                points.iter().map(|point| surface.cover(*point)).sum::<f64>() / points.len().max(1) as f64
            };
            let covered = mean(marks) + mean(&nodes);
            if covered < best.0 {
                best = (covered, surface.view);
            }
        }
        Self { view: best.1, ..surface }
    }

    /// The arguments at a node of the mesh.
    fn node(&self, i: usize, j: usize) -> Point {
        let along = |(low, high): (f64, f64), step: usize| low + (high - low) * step as f64 / QUADS as f64;
        (along(self.ends[0], i), along(self.ends[1], j))
    }

    fn in_space(&self, point: Point) -> Space {
        let share = |(low, high): (f64, f64), value: f64| (value - low) / (high - low) - 0.5;
        (share(self.ends[0], point.0), share(self.ends[1], point.1), HEIGHT * (self.height)(point).clamp(0.0, 1.0))
    }

    /// The pixel of a point in space. The ground and the whole height fit into the area from every direction.
    fn pixel(&self, point: Space) -> (f64, f64) {
        let (sine, cosine) = ELEVATION.to_radians().sin_cos();
        let reach = (self.view.sine.abs() + self.view.cosine.abs()) / 2.0;
        let (wide, high) = (2.0 * reach, 2.0 * reach * sine + HEIGHT * cosine);
        let Rectangle { left, top, width, height } = self.area;
        let scale = (width / wide).min(height / high);
        let (right, up) = self.view.seen(point);
        let bottom = top + (height + scale * high) / 2.0;
        (left + width / 2.0 + scale * right, bottom - scale * (up + reach * sine))
    }

    /// The pixel of a point on the surface.
    pub fn to_pixels(&self, point: Point) -> (f64, f64) {
        self.pixel(self.in_space(point))
    }

    /// Whether the surface in front of a point hides it.
    fn is_hidden(&self, point: Point) -> bool {
        self.cover(point) > 0.01
    }

    /// How far the surface in front of a point rises above the line of sight to it; 0 where it does not.
    fn cover(&self, point: Point) -> f64 {
        const STEP: f64 = 0.02;
        let (u, v, height) = self.in_space(point);
        let rise = ELEVATION.to_radians().tan();
        let (mut away, mut most) = (STEP, 0.0f64);
        while height + away * rise < HEIGHT {
            let (u, v) = (u + away * self.view.sine, v - away * self.view.cosine);
            if u.abs() > 0.5 || v.abs() > 0.5 {
                break;
            }
            let argument = |(low, high): (f64, f64), share: f64| low + (high - low) * (share + 0.5);
            let above = self.in_space((argument(self.ends[0], u), argument(self.ends[1], v))).2;
            most = most.max(above - height - away * rise);
            away += STEP;
        }
        most
    }

    /// Draws the ground's sides and the surface.
    pub fn draw(&self, svg: &mut Svg) {
        let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)];
        let ground: Vec<(f64, f64)> = corners.iter().map(|&(u, v)| self.pixel((u, v, 0.0))).collect();
        svg.polyline(&ground, MESH, 0.8, "");
        let nodes: Vec<Vec<Space>> =
            (0..=QUADS).map(|j| (0..=QUADS).map(|i| self.in_space(self.node(i, j))).collect()).collect();
        let mut quads: Vec<[Space; 4]> = Vec::new();
        for (near, far) in nodes.iter().zip(&nodes[1..]) {
            quads.extend((0..QUADS).map(|i| [near[i], near[i + 1], far[i + 1], far[i]]));
        }
        let distance = |quad: &[Space; 4]| self.view.depth(quad[0].0 + quad[2].0, quad[0].1 + quad[2].1);
        quads.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
        let shapes = quads.iter().map(|quad| (quad.map(|corner| self.pixel(corner)), shade(quad)));
        svg.mesh(shapes, MESH, 0.25);
    }

    /// Draws a path on the surface; the parts that the surface hides are faint.
    pub fn path(&self, svg: &mut Svg, path: &[Point], stroke: &str, width: f64, dash: &str) {
        let mut piece: Vec<(f64, f64)> = Vec::new();
        let mut hidden = false;
        for point in self.draped(path) {
            let pixel = self.to_pixels(point);
            let now = self.is_hidden(point);
            if now != hidden && !piece.is_empty() {
                piece.push(pixel);
                draw_piece(svg, &piece, hidden, stroke, width, dash);
                piece.clear();
            }
            hidden = now;
            let is_near = |last: &(f64, f64)| (last.0 - pixel.0).hypot(last.1 - pixel.1) < NEAR;
            if !piece.last().is_some_and(is_near) {
                piece.push(pixel);
            }
        }
        draw_piece(svg, &piece, hidden, stroke, width, dash);
    }

    /// The path with points between those that are far apart, so that its lines lie on the surface.
    fn draped(&self, path: &[Point]) -> Vec<Point> {
        const APART: f64 = 0.02;
        let mut all: Vec<Point> = path.first().copied().into_iter().collect();
        for pair in path.windows(2) {
            let (from, to) = (self.in_space(pair[0]), self.in_space(pair[1]));
            let steps = ((to.0 - from.0).hypot(to.1 - from.1) / APART).ceil().max(1.0) as usize;
            let at = |step: usize| {
                let share = step as f64 / steps as f64;
                (pair[0].0 + share * (pair[1].0 - pair[0].0), pair[0].1 + share * (pair[1].1 - pair[0].1))
            };
            all.extend((1..=steps).map(at));
        }
        all
    }

    /// Ticks along the two sides in front, and the names of their coordinates.
    pub fn ticks(&self, svg: &mut Svg, names: [&str; 2]) {
        let front = self.view.front();
        for (axis, name) in names.into_iter().enumerate() {
            // Along the side, and outward from it.
            let place = |along: f64, away: f64| match axis {
                0 => self.pixel((along, front.1 * away, 0.0)),
                _ => self.pixel((front.0 * away, along, 0.0)),
            };
            let (low, high) = self.ends[axis];
            for (value, text) in Axis::exactly((low, high), Scale::Linear, (0.0, 1.0)).ticks(4, false) {
                let along = (value - low) / (high - low) - 0.5;
                svg.line(place(along, 1.0), place(along, 1.05), INK, 1.0);
                let (x, y) = place(along, 1.17);
                svg.text((x, y + 4.0), &text, Anchor::Middle, TEXT - 2.0, INK);
            }
            let (x, y) = place(0.0, 1.36);
            svg.text((x, y + 4.0), name, Anchor::Middle, TEXT, INK);
        }
    }
}

fn draw_piece(svg: &mut Svg, piece: &[(f64, f64)], hidden: bool, stroke: &str, width: f64, dash: &str) {
    if piece.len() > 1 {
        svg.polyline(piece, stroke, if hidden { 0.65 * width } else { width }, if hidden { "1 3" } else { dash });
    }
}

/// The colour of a quadrilateral: by its height, and darker the less it faces the light, which comes from above.
fn shade(quad: &[Space; 4]) -> String {
    let [a, b, c, d] = quad;
    // The normal is the cross product of the diagonals.
    let (p, q) = ((c.0 - a.0, c.1 - a.1, c.2 - a.2), (d.0 - b.0, d.1 - b.1, d.2 - b.2));
    let normal = (p.1 * q.2 - p.2 * q.1, p.2 * q.0 - p.0 * q.2, p.0 * q.1 - p.1 * q.0);
    let length = (normal.0 * normal.0 + normal.1 * normal.1 + normal.2 * normal.2).sqrt().max(1e-12);
    const LIGHT: Space = (-0.35, -0.2, 0.915);
    let facing = (normal.0 * LIGHT.0 + normal.1 * LIGHT.1 + normal.2 * LIGHT.2) / length;
    let height = (a.2 + b.2 + c.2 + d.2) / (4.0 * HEIGHT);
    let [red, green, blue] = mix([0, 0, 0], mix(LOW, HIGH, height), 0.72 + 0.28 * facing.max(0.0));
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: [(f64, f64); 2] = [(0.0, 2.0), (-1.0, 1.0)];
    const AREA: Rectangle = Rectangle { left: 100.0, top: 50.0, width: 300.0, height: 200.0 };

    fn pixels_of_corners(surface: &Surface) -> Vec<(f64, f64)> {
        [(0.0, -1.0), (2.0, -1.0), (2.0, 1.0), (0.0, 1.0)].map(|corner| surface.to_pixels(corner)).to_vec()
    }

    #[test]
    fn every_corner_lies_in_the_area_and_a_higher_point_is_higher_in_the_picture() {
        for height in [0.0, 1.0] {
            for (x, y) in pixels_of_corners(&Surface::new(ENDS, move |_| height, &[], AREA)) {
                assert!((100.0..=400.0).contains(&x) && (50.0..=250.0).contains(&y), "{height}: {x}, {y}");
            }
        }
        let at = |height: f64| Surface::new(ENDS, move |_| height, &[], AREA).to_pixels((1.0, 0.0));
        assert!(at(1.0).1 < at(0.0).1 && (at(1.0).0 - 250.0).abs() < 1e-9);
    }

    #[test]
    fn what_lies_behind_a_wall_is_hidden_and_the_surface_is_seen_from_where_the_least_is() {
        // A wall along the second coordinate, with the lower ground to its right.
        let wall = |(x, _): Point| if x < 0.6 { 1.0 } else { 0.0 };
        let surface = Surface::new(ENDS, wall, &[], AREA);
        // The ground is seen from the right, where nothing hides it.
        assert!(surface.view.front().0 > 0.0);
        assert!(!surface.is_hidden((0.7, 0.0)) && !surface.is_hidden((0.1, 0.0)));
        let from_behind = Surface { view: View::from(240.0), ..surface };
        assert!(from_behind.is_hidden((0.7, 0.0)) && !from_behind.is_hidden((0.1, 0.0)));
    }

    #[test]
    fn a_mark_is_seen_though_more_of_the_surface_is_hidden() {
        // A thin wall, with less ground to its left.
        let wall = |(x, _): Point| if (0.3..0.4).contains(&x) { 1.0 } else { 0.0 };
        assert!(Surface::new(ENDS, wall, &[], AREA).view.front().0 > 0.0);
        let marked = Surface::new(ENDS, wall, &[(0.25, 0.0)], AREA);
        assert!(marked.view.front().0 < 0.0 && !marked.is_hidden((0.25, 0.0)));
    }

    #[test]
    fn a_path_lies_on_the_surface_between_its_points_too() {
        let ridge = |(x, _): Point| 1.0 - (x - 1.0).abs();
        let surface = Surface::new(ENDS, ridge, &[], AREA);
        let draped = surface.draped(&[(0.0, 0.0), (2.0, 0.0)]);
        assert!(draped.len() > 40 && draped.iter().any(|point| ridge(*point) > 0.95));
    }
}
