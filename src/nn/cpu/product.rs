//! Matrix products.
//!
//! In: two matrices, row-major or transposed. Out: their product, row-major. Every number of it is one chain of fused
//! multiply-adds that starts at 0 and goes through the terms in order, so it is the same to the bit for every vector
//! width, tile and number of threads.
//!
//! The right side is read row by row in panels as wide as a few vectors, and the left side number by number, so that a
//! tile of sums stays in registers over the whole of the shared dimension (Goto and van de Geijn, "Anatomy of
//! high-performance matrix multiplication", 2008). Where there are enough rows to pay for it, a panel is copied so that its
//! rows lie one after the other.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::aligned::Aligned;
use super::simd::arch;

/// The least number of multiplications for which a product uses several threads.
const PARALLEL_THRESHOLD: usize = 192 * 192 * 192;

/// Rows of the left side from which panels of the right side are copied: two tiles.
const PACKED_ROWS: usize = 2 * TILE_ROWS;

/// Rows of a tile. With four vectors of columns its sums take 24 of 32 registers, with two 12 of 16.
const TILE_ROWS: usize = 6;

/// A matrix over borrowed numbers.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    /// Whether `values` are those of the transposed matrix, row-major.
    is_transposed: bool,
}

impl<'a> Matrix<'a> {
    /// A matrix `[rows, columns]` with these numbers, row-major.
    ///
    /// # Panics
    /// There are not as many numbers as the shape has.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(Some(values.len()), rows.checked_mul(columns), "as many numbers as the shape has");
        Self { values, rows, columns, is_transposed: false }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The transposed matrix over the same numbers.
    pub fn transposed(self) -> Self {
        Self { rows: self.columns, columns: self.rows, is_transposed: !self.is_transposed, ..self }
    }
}

/// A right side in panels whose rows lie one after the other, for products with several left sides. It is kept from batch to batch,
/// so that no memory is asked for anew.
#[derive(Debug, Default)]
pub struct Panels {
    /// Panel after panel, each `[rows, width]`; the last one is padded to whole vectors.
    values: Aligned,
    rows: usize,
    columns: usize,
}

impl Panels {
    /// Takes the numbers of a matrix instead of those before.
    pub fn take(&mut self, matrix: Matrix) {
        (self.rows, self.columns) = (matrix.rows, matrix.columns);
        arch().dispatch(Pack { matrix, panels: self });
    }
}

/// The right side of a product.
#[derive(Clone, Copy)]
enum Right<'a> {
    Matrix(Matrix<'a>),
    Panels(&'a Panels),
}

impl Right<'_> {
    /// Rows and columns.
    fn shape(self) -> (usize, usize) {
        match self {
            Self::Matrix(matrix) => (matrix.rows, matrix.columns),
            Self::Panels(panels) => (panels.rows, panels.columns),
        }
    }
}

/// Writes the product `[rows of lhs, columns of rhs]` to `out`, row-major. Large ones use the threads of the current
/// rayon pool.
///
/// # Panics
/// The columns of `lhs` are not the rows of `rhs`, or `out` does not have the size of the product.
pub fn multiply(lhs: Matrix, rhs: Matrix, out: &mut [f32]) {
    // A transposed right side is copied row by row before it is multiplied. Where the left side and the product are smaller, they
    // are transposed instead: the same numbers come of the right side times the left one.
    if rhs.is_transposed && lhs.rows * (rhs.rows + rhs.columns) < rhs.rows * rhs.columns {
        assert_eq!(Some(out.len()), lhs.rows.checked_mul(rhs.columns), "out has the size of the product");
        let mut transposed = vec![0.0; out.len()];
        multiply(rhs.transposed(), lhs.transposed(), &mut transposed);
        let transposed = Matrix::new(&transposed, rhs.columns, lhs.rows).transposed();
        return copy_columns(transposed, 0, rhs.columns, rhs.columns, out);
    }
    multiply_in_threads(Product { lhs, rows: 0..lhs.rows, rhs: Right::Matrix(rhs), added: None, out });
}

/// [`multiply`], and `added` `[columns of rhs]`, if there is any, to each row of the product.
///
/// # Panics
/// As [`multiply`], or `added` has another length.
pub fn multiply_and_add(lhs: Matrix, rhs: Matrix, added: Option<&[f32]>, out: &mut [f32]) {
    multiply_in_threads(Product { lhs, rows: 0..lhs.rows, rhs: Right::Matrix(rhs), added, out });
}

/// [`multiply`] for some rows of `lhs` only.
///
/// # Panics
/// As [`multiply`], or `lhs` does not have these rows.
pub fn multiply_rows(lhs: Matrix, rows: Range<usize>, rhs: &Panels, out: &mut [f32]) {
    multiply_in_threads(Product { lhs, rows, rhs: Right::Panels(rhs), added: None, out });
}

fn multiply_in_threads(Product { lhs, rows, rhs, added, out }: Product) {
    let (depth, columns) = rhs.shape();
    assert_eq!(lhs.columns, depth, "lhs has as many columns as rhs has rows");
    assert_eq!(Some(out.len()), rows.len().checked_mul(columns), "out has the size of the product");
    assert!(rows.end <= lhs.rows, "lhs has the rows");
    assert!(added.is_none_or(|added| added.len() == columns), "a number is added to each column");
    if out.is_empty() {
        return;
    }
    let threads = rayon::current_num_threads();
    let is_large = rows.len() * columns * depth >= PARALLEL_THRESHOLD;
    if threads == 1 || !is_large {
        return arch().dispatch(Product { lhs, rows, rhs, added, out });
    }
    let share = rows.len().div_ceil(threads).next_multiple_of(TILE_ROWS);
    out.par_chunks_mut(share * columns).enumerate().for_each(|(index, out)| {
        let from = rows.start + index * share;
        let rows = from..from + out.len() / columns;
        arch().dispatch(Product { lhs, rows, rhs, added, out });
    });
}

/// Vectors of a panel: the sums of a tile, a row of the panel and one number of the left side must fit the registers.
#[inline(always)]
fn vectors<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 2 }
}

/// Fills [`Panels`] with a matrix.
struct Pack<'a, 'b> {
    matrix: Matrix<'a>,
    panels: &'b mut Panels,
}

impl WithSimd for Pack<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { matrix, panels } = self;
        let width = vectors::<S>() * S::F32_LANES;
        panels.values.resize(matrix.rows * matrix.columns.next_multiple_of(S::F32_LANES));
        for from in (0..matrix.columns).step_by(width) {
            let columns = width.min(matrix.columns - from);
            let stride = columns.next_multiple_of(S::F32_LANES);
            pack(matrix, from, columns, stride, &mut panels.values[from * matrix.rows..][..matrix.rows * stride]);
        }
    }
}

/// Copies columns `from..from + columns` of a matrix to `out`, row-major with `stride` numbers a row, zeros behind them.
#[inline(always)]
fn pack(matrix: Matrix, from: usize, columns: usize, stride: usize, out: &mut [f32]) {
    if stride > columns {
        out.fill(0.0);
    }
    if matrix.is_transposed {
        return copy_columns(matrix, from, columns, stride, out);
    }
    for (row, out) in matrix.values.chunks_exact(matrix.columns).zip(out.chunks_exact_mut(stride)) {
        // A slice of any length would be copied by a call.
        for (number, out) in row[from..from + columns].iter().zip(out) {
            *out = *number;
        }
    }
}

struct Product<'a, 'b> {
    lhs: Matrix<'a>,
    rows: Range<usize>,
    rhs: Right<'a>,
    /// Added to each row of the product.
    added: Option<&'a [f32]>,
    out: &'b mut [f32],
}

impl WithSimd for Product<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if vectors::<S>() == 4 {
            self.panels::<S, 4>(simd);
        } else {
            self.panels::<S, 2>(simd);
        }
    }
}

impl Product<'_, '_> {
    /// Goes through the panels of the right side, each `N` vectors wide but for the last.
    #[inline(always)]
    fn panels<S: Simd, const N: usize>(mut self, simd: S) {
        let width = N * S::F32_LANES;
        let (depth, all) = self.rhs.shape();
        let mut packed = Aligned::default();
        for from in (0..all).step_by(width) {
            let columns = width.min(all - from);
            let stride = columns.next_multiple_of(S::F32_LANES);
            let values: &[f32] = match self.rhs {
                Right::Panels(panels) => &panels.values[from * depth..][..depth * stride],
                Right::Matrix(matrix) if matrix.is_transposed || self.rows.len() >= PACKED_ROWS => {
                    packed.resize(depth * stride);
                    pack(matrix, from, columns, stride, &mut packed);
                    &packed
                }
                Right::Matrix(matrix) => {
                    match columns.div_ceil(S::F32_LANES) {
                        _ if columns == width => self.rows_in_place::<S, N, true>(simd, matrix, from, columns),
                        1 => self.rows_in_place::<S, 1, false>(simd, matrix, from, columns),
                        2 => self.rows_in_place::<S, 2, false>(simd, matrix, from, columns),
                        3 if N > 2 => self.rows_in_place::<S, 3, false>(simd, matrix, from, columns),
                        _ => self.rows_in_place::<S, N, false>(simd, matrix, from, columns),
                    }
                    continue;
                }
            };
            let (values, _) = S::as_simd_f32s(values);
            match columns.div_ceil(S::F32_LANES) {
                1 => self.rows::<S, 1>(simd, values.as_chunks::<1>().0.iter().copied(), from, columns),
                2 => self.rows::<S, 2>(simd, values.as_chunks::<2>().0.iter().copied(), from, columns),
                3 if N > 2 => self.rows::<S, 3>(simd, values.as_chunks::<3>().0.iter().copied(), from, columns),
                _ => self.rows::<S, N>(simd, values.as_chunks::<N>().0.iter().copied(), from, columns),
            }
        }
    }

    /// [`Self::rows`] with a panel that is read where it lies in `matrix`.
    #[inline(always)]
    fn rows_in_place<S: Simd, const N: usize, const FULL: bool>(
        &mut self,
        simd: S,
        matrix: Matrix,
        column: usize,
        columns: usize,
    ) {
        let panel = matrix.values[column..].chunks(matrix.columns).map(
            #[inline(always)]
            |row| load::<S, N, FULL>(simd, &row[..columns]),
        );
        self.rows::<S, N>(simd, panel, column, columns);
    }

    /// Goes through the rows of the left side, for the panel of `N` vectors that starts at `column` and has `columns` columns.
    #[inline(always)]
    fn rows<S: Simd, const N: usize>(
        &mut self,
        simd: S,
        panel: impl Iterator<Item = [S::f32s; N]> + Clone,
        column: usize,
        columns: usize,
    ) {
        let count = self.rows.len();
        let columns = column..column + columns;
        let mut row = 0;
        while row < count {
            let (panel, columns) = (panel.clone(), columns.clone());
            row += match count - row {
                TILE_ROWS.. => self.tile::<S, TILE_ROWS, N>(simd, panel, row, columns),
                4..TILE_ROWS => self.tile::<S, 4, N>(simd, panel, row, columns),
                2 | 3 => self.tile::<S, 2, N>(simd, panel, row, columns),
                _ => self.tile::<S, 1, N>(simd, panel, row, columns),
            };
        }
    }

    /// Computes a tile of `M` rows and `N` vectors, the last of which is full or not. Returns `M`.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        panel: impl Iterator<Item = [S::f32s; N]>,
        row: usize,
        columns: Range<usize>,
    ) -> usize {
        let Matrix { values, rows, columns: depth, is_transposed } = self.lhs;
        let first = self.rows.start + row;
        let sums = if is_transposed {
            let terms = values.chunks_exact(rows).map(
                #[inline(always)]
                |row| &row[first..first + M],
            );
            sums::<S, _, M, N>(
                simd,
                terms,
                #[inline(always)]
                |term, m| term[m],
                panel,
            )
        } else {
            let each: [&[f32]; M] = std::array::from_fn(|m| &values[(first + m) * depth..][..depth]);
            sums::<S, _, M, N>(
                simd,
                0..depth,
                #[inline(always)]
                |k, m| each[m][k],
                panel,
            )
        };
        let added = self.added.map(|added| load::<S, N, false>(simd, &added[columns.clone()]));
        let width = self.rhs.shape().1;
        for (m, sums) in sums.iter().enumerate() {
            let mut sums = *sums;
            if let Some(added) = added {
                for (sum, added) in sums.iter_mut().zip(added) {
                    *sum = simd.add_f32s(*sum, added);
                }
            }
            let start = (row + m) * width;
            let out = &mut self.out[start + columns.start..start + columns.end];
            if out.len() == N * S::F32_LANES {
                store::<S, N, true>(simd, out, sums);
            } else {
                store::<S, N, false>(simd, out, sums);
            }
        }
        M
    }
}

/// The sums of a tile. `left` gives number `m` of the left side for one of the terms; a row of the panel belongs to each.
#[inline(always)]
fn sums<S: Simd, T: Copy, const M: usize, const N: usize>(
    simd: S,
    terms: impl Iterator<Item = T>,
    left: impl Fn(T, usize) -> f32,
    panel: impl Iterator<Item = [S::f32s; N]>,
) -> [[S::f32s; N]; M] {
    let mut sums = [[simd.splat_f32s(0.0); N]; M];
    for (term, right) in terms.zip(panel) {
        for (m, sums) in sums.iter_mut().enumerate() {
            let number = simd.splat_f32s(left(term, m));
            for n in 0..N {
                sums[n] = simd.mul_add_f32s(number, right[n], sums[n]);
            }
        }
    }
    sums
}

/// The first numbers of a row as `N` vectors. The row is as long as they are if they are `FULL`; else it is shorter, and
/// zeros follow it.
#[inline(always)]
pub(super) fn load<S: Simd, const N: usize, const FULL: bool>(simd: S, row: &[f32]) -> [S::f32s; N] {
    let (whole, rest) = S::as_simd_f32s(row);
    std::array::from_fn(
        #[inline(always)]
        |n| if FULL || n < whole.len() { whole[n] } else { simd.partial_load_f32s(rest) },
    )
}

/// Writes the vectors to a row: all of them if they are `FULL`, else as much as fits.
#[inline(always)]
pub(super) fn store<S: Simd, const N: usize, const FULL: bool>(simd: S, row: &mut [f32], vectors: [S::f32s; N]) {
    if FULL {
        let (whole, _) = S::as_mut_simd_f32s(row);
        // A slice of this length would be copied by a call.
        for (whole, vector) in whole.iter_mut().zip(vectors) {
            *whole = vector;
        }
    } else {
        for (part, vector) in row.chunks_mut(S::F32_LANES).zip(vectors) {
            simd.partial_store_f32s(part, vector);
        }
    }
}

/// Copies columns `from..from + columns` of a transposed matrix to `out`, row-major with `stride` numbers a row.
#[inline(always)]
fn copy_columns(matrix: Matrix, from: usize, columns: usize, stride: usize, out: &mut [f32]) {
    /// Rows and columns that are copied at a time: as many as a cache line has numbers.
    const BLOCK: usize = 16;
    let depth = matrix.rows;
    for (group, start) in (from..from + columns).step_by(BLOCK).enumerate() {
        let lines: [&[f32]; BLOCK] = std::array::from_fn(|i| {
            // Past the last column, any line does: what comes of it is not written.
            let column = (start + i).min(from + columns - 1);
            &matrix.values[column * depth..][..depth]
        });
        for (k, row) in out.chunks_exact_mut(stride).enumerate() {
            let row = &mut row[group * BLOCK..columns];
            let numbers: [f32; BLOCK] = std::array::from_fn(
                #[inline(always)]
                |i| lines[i][k],
            );
            match row.first_chunk_mut::<BLOCK>() {
                Some(whole) => *whole = numbers,
                None => row.copy_from_slice(&numbers[..row.len()]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, Stream};

    /// The definition: a chain of fused multiply-adds for each number, in order of k.
    fn by_definition(lhs: Matrix, rhs: Matrix) -> Vec<f32> {
        let at = |matrix: Matrix, row: usize, column: usize| {
            if matrix.is_transposed {
                matrix.values[column * matrix.rows + row]
            } else {
                matrix.values[row * matrix.columns + column]
            }
        };
        let number =
            |row, column| (0..lhs.columns).fold(0.0f32, |sum, k| at(lhs, row, k).mul_add(at(rhs, k, column), sum));
        (0..lhs.rows).flat_map(|row| (0..rhs.columns).map(move |column| number(row, column))).collect()
    }

    fn numbers(stream: &mut Stream, count: usize) -> Vec<f32> {
        (0..count).map(|_| stream.normal() as f32).collect()
    }

    fn product(lhs: Matrix, rhs: Matrix) -> Vec<f32> {
        let mut out = vec![f32::NAN; lhs.rows * rhs.columns];
        multiply(lhs, rhs, &mut out);
        out
    }

    #[test]
    fn products_are_those_of_three_nested_loops_to_the_bit() {
        let mut stream = Stream::new(1, Purpose::Data, 0);
        let shapes = [
            (1, 1, 1),
            (6, 3, 64),
            (7, 5, 65),
            (13, 784, 10),
            (128, 20, 33),
            (5, 130, 70),
            (33, 130, 97),
            (200, 300, 150),
        ];
        for (rows, depth, columns) in shapes {
            let (left, right) = (numbers(&mut stream, rows * depth), numbers(&mut stream, depth * columns));
            let all_lhs = [Matrix::new(&left, rows, depth), Matrix::new(&left, depth, rows).transposed()];
            let all_rhs = [Matrix::new(&right, depth, columns), Matrix::new(&right, columns, depth).transposed()];
            for (lhs, rhs) in all_lhs.into_iter().flat_map(|lhs| all_rhs.map(|rhs| (lhs, rhs))) {
                assert_eq!(product(lhs, rhs), by_definition(lhs, rhs), "{rows} x {depth} x {columns}");
            }
        }
    }

    #[test]
    fn some_rows_of_a_product_are_those_of_the_whole() {
        let mut stream = Stream::new(2, Purpose::Data, 0);
        let (left, right) = (numbers(&mut stream, 20 * 9), numbers(&mut stream, 9 * 40));
        let (lhs, rhs) = (Matrix::new(&left, 9, 20).transposed(), Matrix::new(&right, 9, 40));
        let (mut some, mut panels) = (vec![0.0; 7 * 40], Panels::default());
        panels.take(rhs);
        multiply_rows(lhs, 3..10, &panels, &mut some);
        assert_eq!(some, product(lhs, rhs)[3 * 40..10 * 40]);
    }

    #[test]
    fn what_is_added_is_added_after_the_last_term() {
        let mut stream = Stream::new(3, Purpose::Data, 0);
        let (left, right, added) =
            (numbers(&mut stream, 9 * 5), numbers(&mut stream, 5 * 21), numbers(&mut stream, 21));
        let (lhs, rhs) = (Matrix::new(&left, 9, 5), Matrix::new(&right, 5, 21));
        let mut found = vec![0.0; 9 * 21];
        multiply_and_add(lhs, rhs, Some(&added), &mut found);
        let expected: Vec<f32> =
            product(lhs, rhs).iter().zip(added.iter().cycle()).map(|(sum, added)| sum + added).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_sum_of_no_terms_is_0() {
        assert_eq!(product(Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 3)), [0.0; 6]);
    }

    #[test]
    #[should_panic(expected = "lhs has as many columns as rhs has rows")]
    fn sides_that_do_not_fit_are_refused() {
        product(Matrix::new(&[1.0; 2], 1, 2), Matrix::new(&[1.0; 3], 3, 1));
    }
}
