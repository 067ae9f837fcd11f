//! What a data set holds: images, or points in the plane that are drawn here.
//!
//! In: images as read, or points as drawn. Out: borrowed parts of them.

use super::{Images, PIXELS, Part, Rows};

/// A training or test file.
#[derive(Debug, Clone)]
pub enum Examples {
    /// 28x28 images, each of a class.
    Images(Images),
    /// Rows of a few numbers, each of a class or with a number to be predicted.
    Points(Points),
}

/// Rows of a few numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    /// `[n * width]`, row by row.
    pub values: Vec<f32>,
    /// Numbers a row.
    pub width: usize,
    /// `[n]` classes; all 0 where a number is to be predicted.
    pub labels: Vec<u8>,
    /// `[n]` numbers to be predicted; empty where there are classes.
    pub answers: Vec<f32>,
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
            Self::Points(points) => &points.labels,
        }
    }

    /// Numbers a network is shown of each.
    pub fn width(&self) -> usize {
        match self {
            Self::Images(_) => PIXELS,
            Self::Points(points) => points.width,
        }
    }

    /// The images, where they are images.
    pub fn images(&self) -> Option<&Images> {
        match self {
            Self::Images(images) => Some(images),
            Self::Points(_) => None,
        }
    }

    /// The points, where they are points.
    pub fn points(&self) -> Option<&Points> {
        match self {
            Self::Images(_) => None,
            Self::Points(points) => Some(points),
        }
    }

    /// Examples `from..to` as a borrowed part.
    ///
    /// # Panics
    /// When the range reaches past the end.
    pub fn part(&self, from: usize, to: usize, pixels: Pixels) -> Part<'_> {
        match self {
            Self::Images(images) => {
                let part = images.part(from, to);
                match (part.rows, pixels) {
                    (Rows::Pixels(bytes), Pixels::Raw) => Part { rows: Rows::Raw(bytes), ..part },
                    _ => part,
                }
            }
            Self::Points(points) => points.part(from, to),
        }
    }
}

impl Points {
    /// Rows `from..to` as a borrowed part.
    ///
    /// # Panics
    /// When the range reaches past the end.
    pub fn part(&self, from: usize, to: usize) -> Part<'_> {
        let values = &self.values[from * self.width..to * self.width];
        let answers = if self.answers.is_empty() { &[] } else { &self.answers[from..to] };
        Part { rows: Rows::Numbers { values, width: self.width }, labels: &self.labels[from..to], answers }
    }

    /// The lowest and the highest value of coordinate `axis`.
    pub fn range(&self, axis: usize) -> (f32, f32) {
        let column = self.values.iter().skip(axis).step_by(self.width.max(1));
        column.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)))
    }
}
