//! Consecutive examples of a data set, borrowed: inputs, and a class or a target each.
//!
//! In: images or points that a [`super::Dataset`] owns. Out: inputs in the form that a network takes.

use super::sparse::{Ink, SparseRows};
use super::{Pixels, gather, prefetch};

/// The inputs of consecutive examples, one per row.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// Images.
    Images(ImageRows<'a>),
    /// `[n, width]` numbers that a network takes as they are.
    Numbers {
        /// `[n * width]`, row-major.
        values: &'a [f32],
        /// Numbers in a row.
        width: usize,
    },
}

/// Images as bytes.
#[derive(Debug, Clone, Copy)]
pub struct ImageRows<'a> {
    /// `[n, width]`
    pub bytes: &'a [u8],
    /// Pixels of an image.
    pub width: usize,
    /// How a network takes them.
    pub pixels: Pixels,
    /// The same images without their zeros, where they are known and worth it.
    pub sparse: Option<SparseRows<'a>>,
}

/// Some images without their zeros, in any order.
#[derive(Debug, Clone)]
pub struct SparseBatch<'a> {
    /// `[B]`: the pixels of each image that are not 0.
    pub rows: Vec<&'a [Ink]>,
    /// The number that a network takes for each byte.
    pub numbers: &'static [f32; 256],
    /// Pixels of an image with its zeros.
    pub width: usize,
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

impl SparseBatch<'_> {
    /// The images with their zeros in the form that a network takes, `[B, width]`.
    pub fn dense(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.rows.len() * self.width];
        for (row, ink) in values.chunks_exact_mut(self.width).zip(&self.rows) {
            ink.iter().for_each(|ink| row[ink.column()] = self.numbers[usize::from(ink.byte())]);
        }
        values
    }
}

impl<'a> Rows<'a> {
    /// Numbers in a row: a network's inputs.
    pub fn width(self) -> usize {
        match self {
            Self::Images(ImageRows { width, .. }) | Self::Numbers { width, .. } => width,
        }
    }

    /// Number of rows.
    pub fn count(self) -> usize {
        match self {
            Self::Images(images) => images.bytes.len() / images.width,
            Self::Numbers { values, width } => values.len() / width,
        }
    }

    /// Rows `from..to`.
    ///
    /// # Panics
    /// The range reaches past the end.
    pub fn range(self, from: usize, to: usize) -> Self {
        match self {
            Self::Images(ImageRows { bytes, width, pixels, sparse }) => Self::Images(ImageRows {
                bytes: &bytes[from * width..to * width],
                width,
                pixels,
                sparse: sparse.map(|sparse| sparse.range(from, to)),
            }),
            Self::Numbers { values, width } => Self::Numbers { values: &values[from * width..to * width], width },
        }
    }

    /// Appends the rows `indices` in the form that a network takes, `[indices.len() * width]`.
    ///
    /// # Panics
    /// An index is past the end.
    pub fn gather(self, indices: &[usize], into: &mut Vec<f32>) {
        match self {
            Self::Images(ImageRows { bytes, width, pixels: Pixels::Unit, .. }) => {
                gather::rows(bytes, width, indices, into);
            }
            Self::Images(ImageRows { bytes, width, pixels: Pixels::Raw, .. }) => indices.iter().for_each(|&index| {
                into.extend(bytes[index * width..(index + 1) * width].iter().map(|&byte| f32::from(byte)));
            }),
            Self::Numbers { values, width } => {
                indices.iter().for_each(|&index| into.extend_from_slice(&values[index * width..(index + 1) * width]));
            }
        }
    }

    /// The rows `indices` without their zeros; `None` for numbers, and for images whose zeros are not worth leaving out.
    ///
    /// # Panics
    /// An index is past the end.
    pub fn gather_sparse(self, indices: &[usize]) -> Option<SparseBatch<'a>> {
        let Self::Images(ImageRows { width, pixels, sparse: Some(sparse), .. }) = self else { return None };
        let rows = indices.iter().map(|&index| sparse.row(index)).collect();
        Some(SparseBatch { rows, numbers: pixels.numbers(), width })
    }

    /// Asks the processor to load the start of these rows into its cache, where they are images without their zeros.
    ///
    /// # Panics
    /// An index is past the end.
    pub fn prefetch_sparse(self, indices: &[usize]) {
        if let Self::Images(ImageRows { sparse: Some(sparse), .. }) = self {
            indices.iter().for_each(|&index| prefetch::slice(sparse.row(index)));
        }
    }

    /// All rows in the form that a network takes, `[n * width]`.
    pub fn numbers(self) -> Vec<f32> {
        match self {
            Self::Images(ImageRows { bytes, pixels: Pixels::Unit, .. }) => {
                let mut numbers = Vec::with_capacity(bytes.len());
                gather::scale(bytes, &mut numbers);
                numbers
            }
            Self::Images(ImageRows { bytes, pixels: Pixels::Raw, .. }) => {
                bytes.iter().map(|&byte| f32::from(byte)).collect()
            }
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
