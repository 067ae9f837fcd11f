//! The one look of all figures, and a small canvas to draw it on.
//!
//! Colours are Okabe and Ito's (2008), told apart by every common kind of colour vision. The ground is white, so that a
//! figure reads the same on a dark page.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Colours of arms, in order; then around again, dashed.
pub const PALETTE: [&str; 8] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#555555"];
/// Text and axes.
pub const INK: &str = "#222222";
/// Grid lines.
pub const GRID: &str = "#E3E3E3";
/// Text that stands back.
pub const FAINT: &str = "#666666";
/// Size of most text, in pixels.
pub const TEXT: f64 = 14.0;

/// Where a text's given point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// At its left end.
    Start,
    /// In its middle.
    Middle,
    /// At its right end.
    End,
}

/// A picture being drawn; pixels, y downwards.
#[derive(Debug, Clone)]
pub struct Svg {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    body: String,
}

/// The colour of arm `index`.
pub fn colour(index: usize) -> &'static str {
    PALETTE[index % PALETTE.len()]
}

/// The dash pattern of arm `index`, so that colours can be used twice.
pub fn dash(index: usize) -> &'static str {
    ["", "6 3", "2 3", "8 3 2 3"][(index / PALETTE.len()) % 4]
}

impl Svg {
    /// An empty picture.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    fn push(&mut self, line: std::fmt::Arguments) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.body, "{line}");
    }

    /// A straight line.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), stroke: &str, width: f64) {
        self.push(format_args!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{stroke}" stroke-width="{width}"/>"#
        ));
    }

    /// A filled rectangle with an outline of the same colour.
    pub fn rect(&mut self, (x, y): (f64, f64), (w, h): (f64, f64), fill: &str, opacity: f64, stroke: &str) {
        self.push(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" fill="{fill}" fill-opacity="{opacity}" stroke="{stroke}"/>"#
        ));
    }

    /// A rectangle's outline.
    pub fn frame(&mut self, (x, y): (f64, f64), (w, h): (f64, f64), stroke: &str, width: f64) {
        self.push(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" fill="none" stroke="{stroke}" stroke-width="{width}"/>"#
        ));
    }

    /// Many dots of one colour, in a few bytes each.
    pub fn dots(&mut self, points: &[(f64, f64)], radius: f64, fill: &str, opacity: f64) {
        let path: String = points.iter().map(|(x, y)| format!("M{x:.1} {y:.1}h0")).collect();
        let width = 2.0 * radius;
        self.push(format_args!(
            r#"<path d="{path}" stroke="{fill}" stroke-opacity="{opacity}" stroke-width="{width}" stroke-linecap="round"/>"#
        ));
    }

    /// A dot.
    pub fn dot(&mut self, (x, y): (f64, f64), radius: f64, fill: &str, opacity: f64) {
        self.push(format_args!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{fill}" fill-opacity="{opacity}"/>"#
        ));
    }

    /// A chain of lines through points.
    pub fn polyline(&mut self, points: &[(f64, f64)], stroke: &str, width: f64, dash: &str) {
        let points = path(points);
        self.push(format_args!(
            r#"<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="{width}" stroke-linejoin="round" stroke-dasharray="{dash}"/>"#
        ));
    }

    /// A filled shape without an outline.
    pub fn area(&mut self, points: &[(f64, f64)], fill: &str, opacity: f64) {
        let points = path(points);
        self.push(format_args!(r#"<polygon points="{points}" fill="{fill}" fill-opacity="{opacity}"/>"#));
    }

    /// Text, its baseline at y.
    pub fn text(&mut self, (x, y): (f64, f64), text: &str, anchor: Anchor, size: f64, fill: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.push(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" font-size="{size}" fill="{fill}">{text}</text>"#
        ));
    }

    /// A PNG stretched over a rectangle, its pixels kept square.
    pub fn image(&mut self, (x, y): (f64, f64), (w, h): (f64, f64), png: &[u8]) {
        let data = STANDARD.encode(png);
        self.push(format_args!(
            r#"<image x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>"#
        ));
    }

    /// Words in the middle of a point that stand out from whatever is behind them.
    pub fn label(&mut self, (x, y): (f64, f64), text: &str, size: f64) {
        let text = escape(text);
        self.push(format_args!(
            r##"<text x="{x:.1}" y="{y:.1}" text-anchor="middle" font-size="{size}" font-weight="bold" fill="{INK}" stroke="#FFFFFF" stroke-width="4" paint-order="stroke" stroke-linejoin="round">{text}</text>"##
        ));
    }

    /// Text that reads upwards, its middle at the point.
    pub fn upward(&mut self, (x, y): (f64, f64), text: &str) {
        let text = escape(text);
        self.push(format_args!(
            r#"<text transform="translate({x:.1} {y:.1}) rotate(-90)" text-anchor="middle" font-size="{TEXT}" fill="{INK}">{text}</text>"#
        ));
    }

    /// The picture as an SVG document with a title for those who cannot see it.
    pub fn finish(self, title: &str) -> String {
        let (width, height, title) = (self.width, self.height, escape(title));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
             role=\"img\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n<title>{title}</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n{}</svg>\n",
            self.body
        )
    }
}

fn path(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

/// Text for XML and HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// About how wide a text is: Helvetica's average advance is a little over half its size.
pub fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.56
}
