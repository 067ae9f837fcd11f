//! Images without their zeros: four fifths of MNIST's pixels are 0.
//!
//! In: bytes, row by row. Out: for each row its pixels that are not 0, in the order of their columns.

/// A pixel that is not 0, in eight bits, and its column, in the 24 bits above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ink(u32);

/// Images as lists of their pixels that are not 0.
#[derive(Debug, Clone, Default)]
pub struct SparseImages {
    /// `[n + 1]`: where the list of each image starts, and where the last one ends.
    starts: Vec<usize>,
    ink: Vec<Ink>,
}

/// Consecutive images of a [`SparseImages`].
#[derive(Debug, Clone, Copy)]
pub struct SparseRows<'a> {
    /// `[n + 1]`
    starts: &'a [usize],
    ink: &'a [Ink],
}

impl Ink {
    /// The pixel's column, from 0.
    #[inline(always)]
    pub fn column(self) -> usize {
        (self.0 >> 8) as usize
    }

    /// The pixel, 1 to 255.
    #[inline(always)]
    pub fn byte(self) -> u8 {
        self.0 as u8
    }
}

impl SparseImages {
    /// The images `[n, width]` without their zeros.
    pub fn new(bytes: &[u8], width: usize) -> Self {
        // Counted first: a vector that grows is copied, and this one is large.
        let mut ink = Vec::with_capacity(bytes.iter().filter(|byte| **byte > 0).count());
        let mut starts = vec![0];
        for row in bytes.chunks_exact(width) {
            let inked = row.iter().zip(0u32..).filter(|(byte, _)| **byte > 0);
            ink.extend(inked.map(|(&byte, column)| Ink(column << 8 | u32::from(byte))));
            starts.push(ink.len());
        }
        Self { starts, ink }
    }

    /// Images `from..to`.
    ///
    /// # Panics
    /// The range reaches past the end.
    pub fn range(&self, from: usize, to: usize) -> SparseRows<'_> {
        SparseRows { starts: &self.starts[from..=to], ink: &self.ink }
    }
}

impl<'a> SparseRows<'a> {
    /// Number of images.
    pub fn count(self) -> usize {
        self.starts.len() - 1
    }

    /// The pixels of image `index` that are not 0.
    ///
    /// # Panics
    /// The index is past the end.
    pub fn row(self, index: usize) -> &'a [Ink] {
        &self.ink[self.starts[index]..self.starts[index + 1]]
    }

    /// Images `from..to`.
    ///
    /// # Panics
    /// The range reaches past the end.
    pub fn range(self, from: usize, to: usize) -> Self {
        Self { starts: &self.starts[from..=to], ..self }
    }

    /// Share of the `width` pixels of an image that are not 0, as a mean over the images.
    pub fn density(self, width: usize) -> f64 {
        let inked = self.starts.last().zip(self.starts.first()).map_or(0, |(last, first)| last - first);
        inked as f64 / (self.count() * width).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_hold_what_is_not_zero_in_order() {
        let images = SparseImages::new(&[0, 7, 0, 255, 0, 0, 0, 0, 1, 2, 3, 4], 4);
        let read = |rows: SparseRows, index: usize| -> Vec<(usize, u8)> {
            rows.row(index).iter().map(|ink| (ink.column(), ink.byte())).collect()
        };
        let all = images.range(0, 3);
        assert_eq!((read(all, 0), read(all, 1)), (vec![(1, 7), (3, 255)], vec![]));
        let last = all.range(1, 3).range(1, 2);
        assert_eq!((last.count(), read(last, 0)), (1, vec![(0, 1), (1, 2), (2, 3), (3, 4)]));
        assert_eq!((all.density(4), last.density(4)), (0.5, 1.0));
    }
}
