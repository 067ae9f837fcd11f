//! Rows of bytes as numbers from 0 to 1, picked in any order.
//!
//! In: bytes row by row, and which rows. Out: 32-bit floats. A shuffled batch reads rows from all over the data, so the
//! processor cannot guess the next one: it is told.

use pulp::Arch;

use super::scaled;

/// Rows ahead of the one that is being read.
const AHEAD: usize = 2;

/// Bytes that memory hands over at once.
const LINE: usize = 64;

/// Appends the rows of `width` bytes in the order of `picks`.
///
/// # Panics
/// When there is no such row.
pub fn rows(bytes: &[u8], width: usize, picks: &[usize], into: &mut Vec<f32>) {
    let row = |index: usize| &bytes[index * width..(index + 1) * width];
    into.reserve(picks.len() * width);
    for (position, &index) in picks.iter().enumerate() {
        if let Some(&next) = picks.get(position + AHEAD) {
            fetch(row(next));
        }
        scale(row(index), into);
    }
}

/// Appends bytes as numbers, with the widest vectors that the processor has.
pub fn scale(bytes: &[u8], into: &mut Vec<f32>) {
    Arch::new().dispatch(
        #[inline(always)]
        || into.extend(bytes.iter().map(|&byte| scaled(byte))),
    );
}

/// Asks for bytes to be in the cache soon.
#[cfg(target_arch = "x86_64")]
fn fetch(bytes: &[u8]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    for line in bytes.chunks(LINE) {
        // SAFETY: a prefetch reads nothing that the program sees, and the address is within a slice.
        #[allow(unsafe_code)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
}

/// Other processors guess well enough, or are not told here.
#[cfg(not(target_arch = "x86_64"))]
fn fetch(_bytes: &[u8]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_the_order_they_are_picked() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut found = vec![7.0];
        rows(&bytes, 100, &[1, 0, 1], &mut found);
        assert_eq!(found.len(), 301);
        assert_eq!([found[0], found[1], found[101], found[201]], [7.0, scaled(100), 0.0, scaled(100)]);
        assert_eq!(&found[1..101], &found[201..301]);
    }
}
