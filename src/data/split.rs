//! Consecutive examples of a data set, borrowed: inputs, and a class or a target each.
//!
//! In: images or points that a [`super::Dataset`] owns. Out: inputs in the form that a network takes.

use super::PIXELS;
use super::gather;

/// The inputs of consecutive examples, one per row.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// `[n, 784]` images that a network takes scaled to 0 to 1.
    Pixels(&'a [u8]),
    /// `[n, 784]` images that a network takes as they are, 0 to 255.
    Raw(&'a [u8]),
    /// `[n, width]` numbers that a network takes as they are.
    Numbers {
        /// `[n * width]`, row-major.
        values: &'a [f32],
        /// Numbers in a row.
        width: usize,
    },
}

/// A training, validation or test split.
#[derive(Debug, Clone, Copy)]
pub struct Split<'a> {
    /// The inputs.
    pub rows: Rows<'a>,
    /// `[n]` classes; all 0 in a regression.
    pub labels: &'a [u8],
    /// `[n]` numbers to predict in a regression; empty in a classification.
    pub targets: &'a [f32],
}

impl<'a> Rows<'a> {
    /// Numbers in a row: a network's inputs.
    pub fn width(self) -> usize {
        match self {
            Self::Pixels(_) | Self::Raw(_) => PIXELS,
            Self::Numbers { width, .. } => width,
        }
    }

    /// Number of rows.
    pub fn count(self) -> usize {
        match self {
            Self::Pixels(bytes) | Self::Raw(bytes) => bytes.len() / PIXELS,
            Self::Numbers { values, width } => values.len() / width,
        }
    }

    /// Rows `from..to`.
    ///
    /// # Panics
    /// The range reaches past the end.
    pub fn range(self, from: usize, to: usize) -> Self {
        match self {
            Self::Pixels(bytes) => Self::Pixels(&bytes[from * PIXELS..to * PIXELS]),
            Self::Raw(bytes) => Self::Raw(&bytes[from * PIXELS..to * PIXELS]),
            Self::Numbers { values, width } => Self::Numbers { values: &values[from * width..to * width], width },
        }
    }

    /// Appends the rows `indices` in the form that a network takes, `[indices.len() * width]`.
    ///
    /// # Panics
    /// An index is past the end.
    pub fn gather(self, indices: &[usize], into: &mut Vec<f32>) {
        match self {
            Self::Pixels(bytes) => gather::rows(bytes, PIXELS, indices, into),
            Self::Raw(bytes) => indices.iter().for_each(|&index| {
                into.extend(bytes[index * PIXELS..(index + 1) * PIXELS].iter().map(|&byte| f32::from(byte)));
            }),
            Self::Numbers { values, width } => {
                indices.iter().for_each(|&index| into.extend_from_slice(&values[index * width..(index + 1) * width]));
            }
        }
    }

    /// All rows in the form that a network takes, `[n * width]`.
    pub fn numbers(self) -> Vec<f32> {
        match self {
            Self::Pixels(bytes) => {
                let mut numbers = Vec::with_capacity(bytes.len());
                gather::scale(bytes, &mut numbers);
                numbers
            }
            Self::Raw(bytes) => bytes.iter().map(|&byte| f32::from(byte)).collect(),
            Self::Numbers { values, .. } => values.to_vec(),
        }
    }
}

impl<'a> Split<'a> {
    /// Number of examples.
    pub fn count(self) -> usize {
        self.labels.len()
    }

    /// Consecutive chunks of `size` examples; the last one may be shorter.
    ///
    /// # Panics
    /// `size` is 0.
    pub fn chunks(self, size: usize) -> impl Iterator<Item = Split<'a>> {
        let starts = (0..self.count()).step_by(size);
        starts.map(move |from| {
            let to = (from + size).min(self.count());
            let targets = if self.targets.is_empty() { &[] } else { &self.targets[from..to] };
            Split { rows: self.rows.range(from, to), labels: &self.labels[from..to], targets }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_row_once_in_order() {
        let values: Vec<f32> = (0..14).map(|i| i as f32).collect();
        let split =
            Split { rows: Rows::Numbers { values: &values, width: 2 }, labels: &[0, 1, 2, 3, 4, 5, 6], targets: &[] };
        let chunks: Vec<Split> = split.chunks(3).collect();
        assert_eq!(chunks.iter().map(|chunk| chunk.count()).collect::<Vec<_>>(), [3, 3, 1]);
        assert_eq!(chunks.iter().flat_map(|chunk| chunk.rows.numbers()).collect::<Vec<_>>(), values);
        let mut row = Vec::new();
        chunks[1].rows.gather(&[1], &mut row);
        assert_eq!(row, [8.0, 9.0]);
    }
}
