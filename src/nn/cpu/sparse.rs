//! Matrix products with images whose zeros are left out.
//!
//! In: images as lists of their pixels that are not 0. Out: their product with the first layer's weights, and that
//! layer's gradient. Each number is the chain of fused multiply-adds of a dense product without the terms whose pixel is
//! 0. Such a term changes no sum, so the bits are those of the dense product (but for the sign of a zero).

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::product::{load, store};
use super::simd::arch;
use crate::data::SparseBatch;
use crate::data::prefetch;
use crate::data::sparse::Ink;

/// The least number of multiplications for which a product uses several threads.
const PARALLEL_THRESHOLD: usize = 4_000_000;

/// Images before it is read at which a list of pixels is prefetched.
pub const AHEAD: usize = 2;

/// Writes the product of the images with `weight` `[width, outputs]` to `out` `[B, outputs]`, and adds `added` `[outputs]`, if
/// there is any, to each row.
///
/// # Panics
/// The sizes do not fit.
pub fn multiply_and_add(batch: &SparseBatch, weight: &[f32], outputs: usize, added: Option<&[f32]>, out: &mut [f32]) {
    assert_eq!(weight.len(), batch.width * outputs, "a row of weights for each pixel");
    assert_eq!(out.len(), batch.rows.len() * outputs, "a row of outputs for each image");
    assert!(added.is_none_or(|added| added.len() == outputs), "a number is added to each output");
    let product = |rows: &[&[Ink]], out: &mut [f32]| {
        arch().dispatch(Forward { rows, numbers: batch.numbers, weight, outputs, added, out });
    };
    let threads = rayon::current_num_threads();
    let inked: usize = batch.rows.iter().map(|row| row.len()).sum();
    if threads > 1 && inked * outputs >= PARALLEL_THRESHOLD {
        let share = batch.rows.len().div_ceil(threads);
        let parts = batch.rows.par_chunks(share).zip(out.par_chunks_mut(share * outputs));
        parts.for_each(|(rows, out)| product(rows, out));
    } else {
        product(&batch.rows, out);
    }
}

/// A batch by columns: for each pixel, the images in which it is not 0, in order.
#[derive(Debug, Default)]
pub struct Columns {
    /// `[width][images]`: the byte in eight bits and the image's index in those above.
    entries: Vec<u32>,
    /// `[width]`: the images in which each pixel is not 0.
    counts: Vec<u32>,
    /// Room for each pixel's images.
    room: usize,
}

impl Columns {
    /// Takes the images of a batch instead of those before.
    pub fn take(&mut self, batch: &SparseBatch) {
        self.room = batch.rows.len();
        self.counts.clear();
        self.counts.resize(batch.width, 0);
        self.entries.resize(batch.width * self.room, 0);
        for (image, row) in batch.rows.iter().enumerate() {
            for ink in *row {
                let count = &mut self.counts[ink.column()];
                self.entries[ink.column() * self.room + *count as usize] = (image as u32) << 8 | u32::from(ink.byte());
                *count += 1;
            }
        }
    }

    /// Pixels of an image.
    pub fn width(&self) -> usize {
        self.counts.len()
    }

    /// Whether a pixel is 0 in every image.
    pub fn is_empty(&self, column: usize) -> bool {
        self.counts[column] == 0
    }

    /// Writes some rows of the product of the transposed images with `right` `[B, outputs]` to `out`.
    ///
    /// # Panics
    /// The sizes do not fit.
    pub fn multiply_rows(
        &self,
        columns: std::ops::Range<usize>,
        numbers: &[f32; 256],
        right: &[f32],
        outputs: usize,
        out: &mut [f32],
    ) {
        assert_eq!(right.len(), self.room * outputs, "a row for each image");
        assert_eq!(out.len(), columns.len() * outputs, "a row of outputs for each pixel");
        arch().dispatch(Gradient { all: self, from: columns.start, numbers, right, outputs, out });
    }
}

struct Forward<'a, 'b> {
    rows: &'a [&'a [Ink]],
    numbers: &'a [f32; 256],
    weight: &'a [f32],
    outputs: usize,
    added: Option<&'a [f32]>,
    out: &'b mut [f32],
}

impl WithSimd for Forward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { rows, numbers, weight, outputs, added, out } = self;
        for (index, (row, out)) in rows.iter().zip(out.chunks_exact_mut(outputs)).enumerate() {
            if let Some(next) = rows.get(index + AHEAD) {
                prefetch::slice(next);
            }
            let terms = row.iter().map(
                #[inline(always)]
                |ink| (ink.column(), numbers[usize::from(ink.byte())]),
            );
            chains(simd, terms, Right { values: weight, stride: outputs, from: 0, added }, out);
        }
    }
}

struct Gradient<'a, 'b> {
    all: &'a Columns,
    from: usize,
    numbers: &'a [f32; 256],
    right: &'a [f32],
    outputs: usize,
    out: &'b mut [f32],
}

impl WithSimd for Gradient<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { all, from, numbers, right, outputs, out } = self;
        for (column, out) in (from..).zip(out.chunks_exact_mut(outputs)) {
            let entries = &all.entries[column * all.room..][..all.counts[column] as usize];
            let terms = entries.iter().map(
                #[inline(always)]
                |entry| ((entry >> 8) as usize, numbers[(entry & 255) as usize]),
            );
            chains(simd, terms, Right { values: right, stride: outputs, from: 0, added: None }, out);
        }
    }
}

/// Writes to `out` the sum of the rows of `right` that the terms name, each times its number, and what is added to it. A few
/// vectors are summed at a time, each by a chain of its own.
#[inline(always)]
fn chains<S: Simd>(simd: S, terms: impl Iterator<Item = (usize, f32)> + Clone, right: Right, out: &mut [f32]) {
    let mut from = 0;
    while from < right.stride {
        let (terms, right) = (terms.clone(), Right { from, ..right });
        from += match (right.stride - from) / S::F32_LANES {
            8.. => panel::<S, 8, true>(simd, terms, right, out),
            4..8 => panel::<S, 4, true>(simd, terms, right, out),
            2 | 3 => panel::<S, 2, true>(simd, terms, right, out),
            1 => panel::<S, 1, true>(simd, terms, right, out),
            _ => panel::<S, 1, false>(simd, terms, right, out),
        };
    }
}

/// The columns of a matrix from one on.
#[derive(Clone, Copy)]
struct Right<'a> {
    values: &'a [f32],
    /// Columns of the whole matrix.
    stride: usize,
    from: usize,
    /// Added to the sum of its rows, `[stride]`.
    added: Option<&'a [f32]>,
}

/// Sums `N` vectors. Returns how many numbers these are.
#[inline(always)]
fn panel<S: Simd, const N: usize, const FULL: bool>(
    simd: S,
    terms: impl Iterator<Item = (usize, f32)>,
    right: Right,
    out: &mut [f32],
) -> usize {
    let width = (N * S::F32_LANES).min(right.stride - right.from);
    let mut sums = [simd.splat_f32s(0.0); N];
    for (row, number) in terms {
        let vectors = load::<S, N, FULL>(simd, &right.values[row * right.stride + right.from..][..width]);
        let number = simd.splat_f32s(number);
        for n in 0..N {
            sums[n] = simd.mul_add_f32s(number, vectors[n], sums[n]);
        }
    }
    if let Some(added) = right.added {
        let added = load::<S, N, FULL>(simd, &added[right.from..right.from + width]);
        for n in 0..N {
            sums[n] = simd.add_f32s(sums[n], added[n]);
        }
    }
    store::<S, N, FULL>(simd, &mut out[right.from..right.from + width], sums);
    width
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sparse::SparseImages;
    use crate::data::{Pixels, scaled};
    use crate::nn::cpu::product::{self, Matrix};
    use crate::seed::{Purpose, Stream};

    const WIDTH: usize = 50;

    #[test]
    fn sparse_products_are_the_dense_ones_to_the_bit() {
        let mut stream = Stream::new(1, Purpose::Data, 0);
        let numbers = Pixels::Unit.numbers();
        for (count, outputs) in [(1, 1), (3, 10), (7, 16), (20, 64), (9, 131), (400, 272)] {
            let bytes: Vec<u8> =
                (0..count * WIDTH).map(|_| if stream.below(3) == 0 { stream.below(256) as u8 } else { 0 }).collect();
            let images = SparseImages::new(&bytes, WIDTH);
            let rows = images.range(0, count);
            let batch = SparseBatch { rows: (0..count).map(|i| rows.row(i)).collect(), numbers, width: WIDTH };
            let dense: Vec<f32> = bytes.iter().map(|&byte| scaled(byte)).collect();
            let dense = Matrix::new(&dense, count, WIDTH);
            let mut draw = |count| -> Vec<f32> { (0..count).map(|_| stream.normal() as f32).collect() };
            let (weight, grad) = (draw(WIDTH * outputs), draw(count * outputs));

            let (mut found, mut expected) = (vec![f32::NAN; count * outputs], vec![f32::NAN; count * outputs]);
            let added = draw(outputs);
            multiply_and_add(&batch, &weight, outputs, Some(&added), &mut found);
            product::multiply_and_add(dense, Matrix::new(&weight, WIDTH, outputs), Some(&added), &mut expected);
            assert_eq!(found, expected, "{count} x {outputs}");

            let mut columns = Columns::default();
            columns.take(&batch);
            let (mut found, mut expected) = (vec![f32::NAN; WIDTH * outputs], vec![f32::NAN; WIDTH * outputs]);
            columns.multiply_rows(0..WIDTH, numbers, &grad, outputs, &mut found);
            product::multiply(dense.transposed(), Matrix::new(&grad, count, outputs), &mut expected);
            assert_eq!(found, expected, "the gradient of {count} x {outputs}");
            let empty = |column: usize| (0..count).all(|row| bytes[row * WIDTH + column] == 0);
            assert!((0..WIDTH).all(|column| columns.is_empty(column) == empty(column)));
        }
    }
}
