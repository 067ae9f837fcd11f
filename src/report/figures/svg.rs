//! A small SVG canvas, and the colours and text sizes of all figures.
//!
//! The first six colours are Okabe and Ito's ("Color universal design", 2008), which people with the common kinds of colour
//! blindness can tell apart. The background is white, so that a figure reads the same on a dark page.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::simplify::simplified;

/// The colours of arms in plan order; of lines, the ninth has the first colour again, with a [`dash`].
pub const PALETTE: [&str; 8] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#555555"];
/// The colour of text and axes.
pub const INK: &str = "#222222";
/// The colour of grid lines.
pub const GRID: &str = "#E3E3E3";
/// The colour of secondary text.
pub const FAINT: &str = "#666666";
/// The colour of the arm to which a mark belongs; see [`Svg::arm`].
pub const OF_ARM: &str = "currentColor";
/// The size of most text, in pixels.
pub const TEXT: f64 = 14.0;

/// Which part of a text is at its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The left end.
    Start,
    /// The middle.
    Middle,
    /// The right end.
    End,
}

/// A rectangle on the canvas.
#[derive(Debug, Clone, Copy)]
pub struct Rectangle {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// A canvas; a point on it is `(x, y)` in pixels, with y downwards.
#[derive(Debug, Clone)]
pub struct Svg {
    pub width: f64,
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
    /// An empty canvas.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    fn push(&mut self, line: std::fmt::Arguments) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.body, "{line}");
    }

    /// What `draw` draws belongs to an arm, which a page can hide or give another colour; what it draws in [`OF_ARM`] has this `colour`.
    pub fn arm(&mut self, arm: &str, colour: &str, draw: impl FnOnce(&mut Self)) {
        self.group(&format!(r#"data-arm="{}" color="{colour}""#, escape(arm)), draw);
    }

    /// The same for a row of `height` pixels; where a page hides it, the rows below it move up.
    pub fn row(&mut self, arm: &str, colour: &str, height: f64, draw: impl FnOnce(&mut Self)) {
        self.group(&format!(r#"data-arm="{}" data-row="{height}" color="{colour}""#, escape(arm)), draw);
    }

    /// The same for a row that compares two arms, and is shown with both.
    pub fn versus(&mut self, [a, b]: [&str; 2], colour: &str, height: f64, draw: impl FnOnce(&mut Self)) {
        let [a, b] = [a, b].map(escape);
        let attributes = format!(r#"data-arm="{a}" data-versus="{b}" data-row="{height}" color="{colour}""#);
        self.group(&attributes, draw);
    }

    /// What `draw` draws says which colour is whose, and is hidden where a page gives other ones.
    pub fn legend(&mut self, draw: impl FnOnce(&mut Self)) {
        self.group(r#"data-legend="""#, draw);
    }

    /// What `draw` draws stands behind the rows, from `top` to below the last one.
    pub fn behind_rows(&mut self, top: f64, draw: impl FnOnce(&mut Self)) {
        self.group(&format!(r#"data-behind="{top}""#), draw);
    }

    /// What `draw` draws stands below the last row.
    pub fn below_rows(&mut self, draw: impl FnOnce(&mut Self)) {
        self.group(r#"data-below="""#, draw);
    }

    /// What `draw` draws is the axis of a parallel plot at this place, which a page can brush.
    pub fn coordinate(&mut self, x: f64, draw: impl FnOnce(&mut Self)) {
        self.group(&format!(r#"data-coordinate="{x:.1}""#), draw);
    }

    /// What `draw` draws is the cell of a confusion matrix, behind which a page has images.
    pub fn cell(&mut self, truth: usize, predicted: usize, count: u32, draw: impl FnOnce(&mut Self)) {
        self.group(&format!(r#"data-cell="{truth} {predicted} {count}""#), draw);
    }

    fn group(&mut self, attributes: &str, draw: impl FnOnce(&mut Self)) {
        self.push(format_args!("<g {attributes}>"));
        draw(self);
        self.push(format_args!("</g>"));
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.push(format_args!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{stroke}" stroke-width="{width}"/>"#
        ));
    }

    /// Straight lines of one kind.
    pub fn lines(&mut self, lines: &[[(f64, f64); 2]], stroke: &str, width: f64) {
        let line = |[(x1, y1), (x2, y2)]: &[(f64, f64); 2]| format!("M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}");
        let path: String = lines.iter().map(line).collect();
        self.push(format_args!(r#"<path d="{path}" stroke="{stroke}" stroke-width="{width}"/>"#));
    }

    /// A filled rectangle with an outline.
    pub fn rect(&mut self, area: Rectangle, fill: &str, opacity: f64, stroke: &str) {
        let Rectangle { left, top, width, height } = area;
        self.push(format_args!(
            r#"<rect x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" fill="{fill}" fill-opacity="{opacity}" stroke="{stroke}"/>"#
        ));
    }

    /// A rectangle's outline.
    pub fn frame(&mut self, area: Rectangle, stroke: &str, stroke_width: f64) {
        let Rectangle { left, top, width, height } = area;
        self.push(format_args!(
            r#"<rect x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" fill="none" stroke="{stroke}" stroke-width="{stroke_width}"/>"#
        ));
    }

    /// Many dots of one colour as one path, which takes a few bytes per dot.
    pub fn dots(&mut self, points: &[(f64, f64)], radius: f64, fill: &str, opacity: f64) {
        let mut dots: Vec<String> = points.iter().map(|(x, y)| format!("M{x:.1} {y:.1}h0")).collect();
        dots.dedup();
        let path = dots.concat();
        let width = 2.0 * radius;
        self.push(format_args!(
            r#"<path d="{path}" stroke="{fill}" stroke-opacity="{opacity}" stroke-width="{width}" stroke-linecap="round"/>"#
        ));
    }

    /// A dot.
    pub fn dot(&mut self, centre: (f64, f64), radius: f64, fill: &str, opacity: f64) {
        let (x, y) = centre;
        self.push(format_args!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{fill}" fill-opacity="{opacity}"/>"#
        ));
    }

    /// Dots of one kind, each of which says what it is under a pointer.
    pub fn named_dots(
        &mut self,
        dots: impl IntoIterator<Item = ((f64, f64), String)>,
        radius: f64,
        fill: &str,
        opacity: f64,
    ) {
        self.group(&format!(r#"fill="{fill}" fill-opacity="{opacity}""#), |svg| {
            for ((x, y), name) in dots {
                let name = escape(&name);
                svg.push(format_args!(
                    r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}"><title>{name}</title></circle>"#
                ));
            }
        });
    }

    /// A line through points; an empty `dash` is a solid line.
    pub fn polyline(&mut self, points: &[(f64, f64)], stroke: &str, width: f64, dash: &str) {
        let points = path(points);
        self.push(format_args!(
            r#"<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="{width}" stroke-linejoin="round" stroke-dasharray="{dash}"/>"#
        ));
    }

    /// Where something is on its way over so many steps, at points that are evenly spaced in time, by which a page plays them; nothing is seen
    /// of it without.
    pub fn track(&mut self, steps: usize, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.push(format_args!(r#"<g data-track="{}" data-steps="{steps}"/>"#, points.join(" ")));
    }

    /// A filled shape without an outline.
    pub fn area(&mut self, points: &[(f64, f64)], fill: &str, opacity: f64) {
        let points = path(points);
        self.push(format_args!(r#"<polygon points="{points}" fill="{fill}" fill-opacity="{opacity}"/>"#));
    }

    /// Quadrilaterals with a fill each and one outline, in their order.
    pub fn mesh(&mut self, quads: impl Iterator<Item = ([(f64, f64); 4], String)>, stroke: &str, width: f64) {
        self.push(format_args!(r#"<g stroke="{stroke}" stroke-width="{width}" stroke-linejoin="round">"#));
        for (corners, fill) in quads {
            let points = path(&corners);
            self.push(format_args!(r#"<polygon points="{points}" fill="{fill}"/>"#));
        }
        self.push(format_args!("</g>"));
    }

    /// Text whose baseline is at the point's y.
    pub fn text(&mut self, point: (f64, f64), text: &str, anchor: Anchor, size: f64, fill: &str) {
        let (x, y) = point;
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

    /// A PNG stretched over a rectangle without smoothing.
    pub fn image(&mut self, area: Rectangle, png: &[u8]) {
        let Rectangle { left, top, width, height } = area;
        let data = STANDARD.encode(png);
        self.push(format_args!(
            r#"<image x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>"#
        ));
    }

    /// Bold text with a white outline, its middle at the point, for use on top of a picture.
    pub fn label(&mut self, point: (f64, f64), text: &str, size: f64) {
        let ((x, y), text) = (point, escape(text));
        self.push(format_args!(
            r##"<text x="{x:.1}" y="{y:.1}" text-anchor="middle" font-size="{size}" font-weight="bold" fill="{INK}" stroke="#FFFFFF" stroke-width="4" paint-order="stroke" stroke-linejoin="round">{text}</text>"##
        ));
    }

    /// Text that reads upwards, its middle at the point.
    pub fn upward(&mut self, point: (f64, f64), text: &str) {
        let ((x, y), text) = (point, escape(text));
        self.push(format_args!(
            r#"<text transform="translate({x:.1} {y:.1}) rotate(-90)" text-anchor="middle" font-size="{TEXT}" fill="{INK}">{text}</text>"#
        ));
    }

    /// The picture as an SVG document; `alt` is read out to those who cannot see it.
    pub fn finish(self, alt: &str) -> String {
        let (width, height, title) = (self.width, self.height, escape(alt));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
             role=\"img\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n<title>{title}</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n{}</svg>\n",
            self.body
        )
    }
}

/// The points as text, without those that change nothing that can be seen.
fn path(points: &[(f64, f64)]) -> String {
    let mut points: Vec<String> = simplified(points).iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    points.dedup();
    points.join(" ")
}

/// Text for XML and HTML. Control characters, which XML cannot hold, are replaced.
pub fn escape(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The width in pixels of `text` in a font of `size` pixels: by the advance widths of DejaVu Sans, the widest of the fonts that a page may
/// fall back to, in four classes of letters, each rounded up.
pub fn text_width(text: &str, size: f64) -> f64 {
    let em = |letter: char| match letter {
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 1.0,
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | ':' | '-' | '(' | ')' | '[' | ']' | '/' => 0.42,
        '=' | '+' | '<' | '>' | '#' | 'A'..='Z' => 0.84,
        _ => 0.66,
    };
    text.chars().map(em).sum::<f64>() * size
}
