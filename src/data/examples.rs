//! What a data set holds: images, or points in the plane that are drawn here.
//!
//! In: images as read, or points as drawn. Out: borrowed splits of them.

use super::{Images, PIXELS, Rows, Split};

/// A training or test file.
#[derive(Debug, Clone)]
pub enum Examples {
    /// 28x28 images, each of a class.
    Images(Images),
    /// Rows of a few numbers, each of a class or with a number to be predicted.
    PointSet(PointSet),
}

/// Rows of a few numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PointSet {
    /// `[n * width]`, row by row.
    pub values: Vec<f32>,
    /// Numbers a row.
    pub width: usize,
    /// `[n]` classes; all 0 where a number is to be predicted.
    pub labels: Vec<u8>,
    /// `[n]` numbers to be predicted; empty where there are classes.
    pub targets: Vec<f32>,
}

/// How the bytes of an image become the numbers a network sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pixels {
    /// Divided by 255: 0 to 1.
    #[default]
    Unit,
    /// As they are: 0 to 255.
    Raw,
}

impl Examples {
    /// How many.
    pub fn count(&self) -> usize {
        self.labels().len()
    }

    /// `[n]` classes.
    pub fn labels(&self) -> &[u8] {
        match self {
            Self::Images(images) => &images.labels,
            Self::PointSet(points) => &points.labels,
        }
    }

    /// Numbers a network is shown of each.
    pub fn width(&self) -> usize {
        match self {
            Self::Images(_) => PIXELS,
            Self::PointSet(points) => points.width,
        }
    }

    /// The images, where they are images.
    pub fn images(&self) -> Option<&Images> {
        match self {
            Self::Images(images) => Some(images),
            Self::PointSet(_) => None,
        }
    }

    /// The points, where they are points.
    pub fn points(&self) -> Option<&PointSet> {
        match self {
            Self::Images(_) => None,
            Self::PointSet(points) => Some(points),
        }
    }

    /// Examples `from..to` borrowed.
    ///
    /// # Panics
    /// When the range reaches past the end.
    pub fn slice(&self, from: usize, to: usize, pixels: Pixels) -> Split<'_> {
        match self {
            Self::Images(images) => {
                let split = images.slice(from, to);
                match (split.rows, pixels) {
                    (Rows::Pixels(bytes), Pixels::Raw) => Split { rows: Rows::Raw(bytes), ..split },
                    _ => split,
                }
            }
            Self::PointSet(points) => points.slice(from, to),
        }
    }
}

impl PointSet {
    /// Rows `from..to` borrowed.
    ///
    /// # Panics
    /// When the range reaches past the end.
    pub fn slice(&self, from: usize, to: usize) -> Split<'_> {
        let values = &self.values[from * self.width..to * self.width];
        let targets = if self.targets.is_empty() { &[] } else { &self.targets[from..to] };
        Split { rows: Rows::Numbers { values, width: self.width }, labels: &self.labels[from..to], targets }
    }

    /// The lowest and the highest value of coordinate `axis`.
    pub fn range(&self, axis: usize) -> (f32, f32) {
        let column = self.values.iter().skip(axis).step_by(self.width.max(1));
        column.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)))
    }
}
