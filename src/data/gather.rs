//! The gathering of a batch: rows of bytes as numbers from 0 to 1, in any order.
//!
//! In: bytes, row-major, and the indices of the rows. Out: 32-bit floats. A shuffled batch reads rows from all over the
//! data, which the processor cannot predict, so each row is prefetched two rows before it is read.

use pulp::Arch;

use super::{prefetch, scaled};

/// How many rows before it is read a row is prefetched.
const AHEAD: usize = 2;

/// Appends the rows `indices`, of `width` bytes each, scaled to 0 to 1.
///
/// # Panics
/// An index is past the end.
pub(super) fn rows(bytes: &[u8], width: usize, indices: &[usize], into: &mut Vec<f32>) {
    let row = |index: usize| &bytes[index * width..(index + 1) * width];
    into.reserve(indices.len() * width);
    for (position, &index) in indices.iter().enumerate() {
        if let Some(&next) = indices.get(position + AHEAD) {
            prefetch::slice(row(next));
        }
        scale(row(index), into);
    }
}

/// Appends the bytes scaled to 0 to 1, with the widest vectors that the processor has.
pub(super) fn scale(bytes: &[u8], into: &mut Vec<f32>) {
    Arch::new().dispatch(
        #[inline(always)]
        || into.extend(bytes.iter().map(|&byte| scaled(byte))),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_gathered_in_the_order_of_their_indices() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut gathered = vec![7.0];
        rows(&bytes, 100, &[1, 0, 1], &mut gathered);
        assert_eq!(gathered.len(), 301);
        assert_eq!([gathered[0], gathered[1], gathered[101], gathered[201]], [7.0, scaled(100), 0.0, scaled(100)]);
        assert_eq!(&gathered[1..101], &gathered[201..301]);
    }
}
