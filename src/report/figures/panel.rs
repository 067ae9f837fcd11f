//! A rectangle with two axes: what every plot of one thing over another stands in.
//!
//! In: two axes and their names. Out: grid, ticks and titles on a canvas.

use super::axis::Axis;
use super::svg::{Anchor, GRID, INK, Svg, TEXT};

/// Two axes that share a rectangle.
#[derive(Debug, Clone, Copy)]
pub struct Panel {
    /// Across.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
}

impl Panel {
    /// Left, right.
    fn across(&self) -> (f64, f64) {
        self.x.pixels()
    }

    /// Bottom, top.
    fn upwards(&self) -> (f64, f64) {
        self.y.pixels()
    }

    /// Where a point stands.
    pub fn to_pixels(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x.to_pixels(x), self.y.to_pixels(y))
    }

    /// Grid lines behind what is drawn later.
    pub fn grid(&self, svg: &mut Svg) {
        let ((left, right), (bottom, top)) = (self.across(), self.upwards());
        for (value, _) in self.x.ticks(6, false) {
            svg.line((self.x.to_pixels(value), bottom), (self.x.to_pixels(value), top), GRID, 1.0);
        }
        for (value, _) in self.y.ticks(5, false) {
            svg.line((left, self.y.to_pixels(value)), (right, self.y.to_pixels(value)), GRID, 1.0);
        }
    }

    /// Ticks, their texts and the axes' names, outside the rectangle.
    pub fn ticks(&self, svg: &mut Svg, (x_name, y_name): (&str, &str)) {
        let ((left, right), (bottom, top)) = (self.across(), self.upwards());
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
        svg.frame((left, top), (right - left, bottom - top), INK, 1.0);
        if !x_name.is_empty() {
            svg.text(((left + right) / 2.0, bottom + 37.0), x_name, Anchor::Middle, TEXT, INK);
        }
        if !y_name.is_empty() {
            svg.upward((left - 52.0, (bottom + top) / 2.0), y_name);
        }
    }

    /// Text above the rectangle.
    pub fn title(&self, svg: &mut Svg, text: &str) {
        let ((left, right), (_, top)) = (self.across(), self.upwards());
        svg.text(((left + right) / 2.0, top - 9.0), text, Anchor::Middle, TEXT, INK);
    }
}
