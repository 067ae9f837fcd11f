//! Matrix products, replica by replica, into memory that is not zeroed first.
//!
//! In: two stacks of R matrices, row-major or transposed. Out: the R products.

use gemm::{Parallelism, gemm};

/// The least number of multiplications for which a product uses several threads: 192 cubed, as in burn-flex.
const PARALLEL_THRESHOLD: usize = 192 * 192 * 192;

/// R matrices of one shape, one after the other in memory.
#[derive(Clone, Copy)]
pub struct Matrices<'a> {
    values: &'a [f32],
    count: usize,
    /// Rows and columns, after a transposition if there was one.
    shape: [usize; 2],
    /// The distance in memory from one row to the next, and from one column to the next.
    strides: [isize; 2],
}

impl<'a> Matrices<'a> {
    /// Matrices of shape `[R, rows, columns]`, row-major.
    ///
    /// # Panics
    /// `values` does not have as many numbers as the shape.
    pub fn new(values: &'a [f32], [count, rows, columns]: [usize; 3]) -> Self {
        assert_eq!(Some(values.len()), checked_size([count, rows, columns]), "as many numbers as the shape has");
        Self { values, count, shape: [rows, columns], strides: [columns as isize, 1] }
    }

    /// The transposed matrices, over the same memory.
    pub fn transposed(mut self) -> Self {
        self.shape.reverse();
        self.strides.reverse();
        self
    }
}

/// The products `[R, rows of lhs, columns of rhs]`, row-major.
///
/// # Panics
/// The sides have different R, the columns of `lhs` are not the rows of `rhs`, or there are none.
pub fn products(lhs: Matrices, rhs: Matrices) -> Vec<f32> {
    let ([rows, depth], [also_depth, columns]) = (lhs.shape, rhs.shape);
    let count = lhs.count;
    assert_eq!(
        (count, depth),
        (rhs.count, also_depth),
        "both sides have one matrix per replica, and lhs has as many columns as rhs has rows"
    );
    assert!(depth > 0, "the matrices of lhs have columns");
    let [lhs_stride, rhs_stride] = [rows * depth, depth * columns];
    // `Vec::with_capacity` panics for a size that overflows.
    let all = checked_size([count, rows, columns]).unwrap_or(usize::MAX);
    // Each worker has a rayon pool with as many threads as it may use.
    let is_large = rows * columns * depth >= PARALLEL_THRESHOLD && rayon::current_num_threads() > 1;
    let parallelism = if is_large { Parallelism::Rayon(0) } else { Parallelism::None };
    let size = rows * columns;
    let mut out: Vec<f32> = Vec::with_capacity(all);
    for replica in 0..count {
        let (lhs_matrix, rhs_matrix) = (&lhs.values[replica * lhs_stride..], &rhs.values[replica * rhs_stride..]);
        // SAFETY: each side holds `count` matrices of its shape, so every read is in bounds, and the vector has room
        // for `count` products of `rows * columns` numbers. gemm writes each number of its destination and, with
        // `read_dst` false, reads none.
        #[allow(unsafe_code)]
        unsafe {
            gemm(
                rows,
                columns,
                depth,
                out.as_mut_ptr().add(replica * size),
                1,
                columns as isize,
                false,
                lhs_matrix.as_ptr(),
                lhs.strides[1],
                lhs.strides[0],
                rhs_matrix.as_ptr(),
                rhs.strides[1],
                rhs.strides[0],
                0.0f32,
                1.0f32,
                false,
                false,
                false,
                parallelism,
            );
        }
    }
    // SAFETY: each of the `count` calls wrote its `rows * columns` numbers.
    #[allow(unsafe_code)]
    unsafe {
        out.set_len(all);
    }
    out
}

/// The number of elements of a shape; `None` if it overflows.
fn checked_size(shape: [usize; 3]) -> Option<usize> {
    shape[0].checked_mul(shape[1])?.checked_mul(shape[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_three_nested_loops() {
        let (count, rows, depth, columns) = (3, 5, 7, 4);
        let numbers = |n: usize, step: usize| -> Vec<f32> { (0..n).map(|i| ((i * step) % 13) as f32 - 6.0).collect() };
        let (lhs, rhs) = (numbers(count * rows * depth, 5), numbers(count * depth * columns, 7));
        let expected: Vec<f32> = (0..count * rows * columns)
            .map(|i| {
                let (r, row, column) = (i / (rows * columns), i / columns % rows, i % columns);
                let term = |k| lhs[(r * rows + row) * depth + k] * rhs[(r * depth + k) * columns + column];
                (0..depth).map(term).sum()
            })
            .collect();
        let left = Matrices::new(&lhs, [count, rows, depth]);
        let right = Matrices::new(&rhs, [count, depth, columns]);
        assert_eq!(products(left, right), expected);
        // Transposing both and swapping them transposes the product.
        let swapped = products(right.transposed(), left.transposed());
        for r in 0..count {
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                let start = r * rows * columns;
                assert_eq!(swapped[start + column * rows + row], expected[start + row * columns + column]);
            }
        }
    }

    #[test]
    #[should_panic(expected = "both sides have one matrix per replica")]
    fn sides_with_different_numbers_of_replicas_are_refused() {
        products(Matrices::new(&[1.0; 2], [1, 1, 2]), Matrices::new(&[1.0; 4], [2, 2, 1]));
    }
}
