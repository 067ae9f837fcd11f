//! Matrix products, replica by replica, into memory that nobody filled with zeros first.
//!
//! In: two stacks of matrices in row-major order, either of them read as its transpose. Out: their products.

use gemm::{Parallelism, gemm};

/// Products of fewer multiplications than this are not worth a second thread: 192 cubed, burn-flex's own threshold.
const WORTH_A_THREAD: usize = 192 * 192 * 192;

/// R matrices of one shape, one after the other.
#[derive(Clone, Copy)]
pub struct Matrices<'a> {
    values: &'a [f32],
    count: usize,
    /// Rows and columns as they are read.
    shape: [usize; 2],
    /// Numbers from one row, and from one column, to the next.
    strides: [isize; 2],
}

impl<'a> Matrices<'a> {
    /// `shape` is `[R, rows, columns]`.
    ///
    /// # Panics
    /// When there are not as many numbers as the shape says.
    pub fn new(values: &'a [f32], [count, rows, columns]: [usize; 3]) -> Self {
        assert_eq!(Some(values.len()), checked([count, rows, columns]), "as many numbers as the shape says");
        Self { values, count, shape: [rows, columns], strides: [columns as isize, 1] }
    }

    /// The same numbers, rows read as columns.
    pub fn transposed(mut self) -> Self {
        self.shape.reverse();
        self.strides.reverse();
        self
    }
}

/// The products, `[R, rows of lhs, columns of rhs]`.
///
/// # Panics
/// When the two sides do not fit together.
pub fn products(lhs: Matrices, rhs: Matrices) -> Vec<f32> {
    let ([rows, depth], [also_depth, columns]) = (lhs.shape, rhs.shape);
    let count = lhs.count;
    assert_eq!((count, depth), (rhs.count, also_depth), "a matrix for every replica, and as many columns as rows");
    assert!(depth > 0, "a product over nothing");
    let [lhs_stride, rhs_stride] = [rows * depth, depth * columns];
    // More than can be counted is more than a vector can hold, which it says itself.
    let all = checked([count, rows, columns]).unwrap_or(usize::MAX);
    // A worker's own pool says how many threads it may use.
    let is_large = rows * columns * depth >= WORTH_A_THREAD && rayon::current_num_threads() > 1;
    let parallelism = if is_large { Parallelism::Rayon(0) } else { Parallelism::None };
    let size = rows * columns;
    let mut out: Vec<f32> = Vec::with_capacity(all);
    for replica in 0..count {
        let (lhs_own, rhs_own) = (&lhs.values[replica * lhs_stride..], &rhs.values[replica * rhs_stride..]);
        // SAFETY: each side holds `count` matrices of its shape, so that every read is within it, and the vector has room for
        // `count` products of `rows * columns` numbers. gemm writes each number of its target and, with `read_dst` false, reads none.
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
                lhs_own.as_ptr(),
                lhs.strides[1],
                lhs.strides[0],
                rhs_own.as_ptr(),
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

/// Numbers of a shape, where they can be counted.
fn checked(shape: [usize; 3]) -> Option<usize> {
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
                let at = r * rows * columns;
                assert_eq!(swapped[at + column * rows + row], expected[at + row * columns + column]);
            }
        }
    }

    #[test]
    #[should_panic(expected = "a matrix for every replica")]
    fn sides_that_do_not_fit_are_refused() {
        products(Matrices::new(&[1.0; 2], [1, 1, 2]), Matrices::new(&[1.0; 4], [2, 2, 1]));
    }
}
