//! A plot's rectangle with its two axes: grid lines, ticks, axis labels and title.

use super::axis::Axis;
use super::svg::{Anchor, GRID, INK, Rectangle, Svg, TEXT};

/// A horizontal and a vertical axis around one rectangle.
#[derive(Debug, Clone, Copy)]
pub struct Panel {
    /// Its pixels are those of the left and of the right edge.
    pub x: Axis,
    /// Its pixels are those of the bottom and of the top edge.
    pub y: Axis,
}

/// The labels of a panel's axes; an empty one is left out.
#[derive(Debug, Clone, Copy)]
pub struct AxisLabels<'a> {
    pub x: &'a str,
    pub y: &'a str,
}

impl Panel {
    /// The pixel of a point.
    pub fn to_pixels(self, point: (f64, f64)) -> (f64, f64) {
        (self.x.to_pixels(point.0), self.y.to_pixels(point.1))
    }

    /// The area between two curves over the same values of x, such as the quartiles.
    pub fn band(&self, lower: &[(f64, f64)], upper: &[(f64, f64)]) -> Vec<(f64, f64)> {
        lower.iter().chain(upper.iter().rev()).map(|&point| self.to_pixels(point)).collect()
    }

    /// The rectangle between the axes.
    pub fn area(&self) -> Rectangle {
        let ((left, right), (bottom, top)) = (self.x.pixels(), self.y.pixels());
        Rectangle { left, top, width: right - left, height: bottom - top }
    }

    /// Grid lines, to be drawn before everything else.
    pub fn grid(&self, svg: &mut Svg) {
        let ((left, right), (bottom, top)) = (self.x.pixels(), self.y.pixels());
        for (value, _) in self.x.ticks(6, false) {
            svg.line((self.x.to_pixels(value), bottom), (self.x.to_pixels(value), top), GRID, 1.0);
        }
        for (value, _) in self.y.ticks(5, false) {
            svg.line((left, self.y.to_pixels(value)), (right, self.y.to_pixels(value)), GRID, 1.0);
        }
    }

    /// The frame, the ticks and the labels of the axes.
    pub fn ticks(&self, svg: &mut Svg, labels: AxisLabels) {
        let ((left, right), (bottom, top)) = (self.x.pixels(), self.y.pixels());
        for (value, text) in self.x.ticks(6, false) {
            let x = self.x.to_pixels(value);
            svg.line((x, bottom), (x, bottom + 4.0), INK, 1.0);
            svg.text((x, bottom + 18.0), &text, Anchor::Middle, TEXT - 2.0, INK);
        }
        for (value, text) in self.y.ticks(5, false) {
            let y = self.y.to_pixels(value);
            svg.line((left - 4.0, y), (left, y), INK, 1.0);
            svg.text((left - 7.0, y + 5.0), &text, Anchor::End, TEXT - 2.0, INK);
        }
        svg.frame(self.area(), INK, 1.0);
        if !labels.x.is_empty() {
            svg.text(((left + right) / 2.0, bottom + 37.0), labels.x, Anchor::Middle, TEXT, INK);
        }
        if !labels.y.is_empty() {
            svg.upward((left - 52.0, (bottom + top) / 2.0), labels.y);
        }
    }

    /// Text above the rectangle.
    pub fn title(&self, svg: &mut Svg, text: &str) {
        let ((left, right), (_, top)) = (self.x.pixels(), self.y.pixels());
        svg.text(((left + right) / 2.0, top - 9.0), text, Anchor::Middle, TEXT, INK);
    }
}
