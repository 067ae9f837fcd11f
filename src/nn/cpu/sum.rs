//! Sums of many numbers, in one order.

/// Partial sums: as many as the widest vectors have lanes, so that the order does not depend on the width of vectors.
const LANES: usize = 16;

/// The sum of `f` over the pairs of numbers of two slices: terms 0, 16, 32, ... are added in 32 bits, and so are terms 1, 17,
/// 33, ... and so on; then the sixteen sums are added in 64 bits, the first to the last. Terms past the end of the shorter
/// slice are left out.
#[inline(always)]
pub fn sum_pairs(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f64 {
    let mut sums = [0.0f32; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += f(a[lane], b[lane]);
        }
    }
    for ((sum, &a), &b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
        *sum += f(a, b);
    }
    sums.iter().fold(0.0, |total, &sum| total + f64::from(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sixteenth_term_is_added_in_32_bits_and_their_sums_in_64() {
        let sum = |values: &[f32]| sum_pairs(values, values, |a, _| a);
        // In 32 bits 1 is lost beside 2^24 where it is added to it, and only there.
        let large = 16_777_216.0f32;
        let mut values = vec![0.0f32; 33];
        (values[0], values[16], values[17], values[32]) = (large, 1.0, 1.0, 1.0);
        assert_eq!(sum(&values), f64::from(large) + 1.0);
        assert_eq!(sum(&values[..17]), f64::from(large));
        assert_eq!(sum(&[]), 0.0);
        assert_eq!(sum_pairs(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], |a, b| a * b), 32.0);
    }
}
