//! The paired Wilcoxon signed-rank test (1945).

/// The two-sided p-value of the hypothesis that paired differences are symmetric about 0.
///
/// Zero differences are left out, and equal ones share their mean rank. The distribution is exact: all `2^n` sign patterns of the ranks
/// are counted by dynamic programming over doubled ranks, so ties need no approximation. `None` if every difference is 0.
pub fn signed_rank(differences: &[f64]) -> Option<f64> {
    // Accuracies are ratios of counts: differences that differ in their last bits alone are equal.
    let largest = differences.iter().fold(0.0f64, |largest, d| largest.max(d.abs()));
    let tolerance = 1e-9 * largest;
    let mut nonzero: Vec<f64> = differences.iter().copied().filter(|d| d.abs() > tolerance).collect();
    nonzero.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranks = doubled_ranks(&nonzero, tolerance);
    let total: usize = ranks.iter().sum();
    let positive = ranks.iter().zip(&nonzero).filter(|(_, d)| **d > 0.0);
    let sum: usize = positive.map(|(rank, _)| rank).sum();
    if nonzero.is_empty() {
        return None;
    }
    // share[s] is the share of sign patterns with the doubled rank sum s; counts would overflow.
    let mut share = vec![0.0f64; total + 1];
    share[0] = 1.0;
    for &rank in &ranks {
        for sum in (0..=total).rev() {
            let with_rank = if sum >= rank { share[sum - rank] } else { 0.0 };
            share[sum] = 0.5 * (share[sum] + with_rank);
        }
    }
    let extreme = sum.min(total - sum);
    let tail: f64 = share[..=extreme].iter().sum();
    Some((2.0 * tail).min(1.0))
}

/// Twice the mean rank of each value by magnitude; `sorted` is in order of magnitude.
fn doubled_ranks(sorted: &[f64], tolerance: f64) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(sorted.len());
    for group in sorted.chunk_by(|a, b| b.abs() - a.abs() <= tolerance) {
        let first = ranks.len() + 1;
        let last = ranks.len() + group.len();
        ranks.extend(std::iter::repeat_n(first + last, group.len()));
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_cases_by_counting_sign_patterns() {
        // All five differences positive: 2 of 2^5 patterns are as extreme.
        assert_eq!(signed_rank(&[1.0, 2.0, 3.0, 4.0, 5.0]), Some(2.0 / 32.0));
        // Ranks 1 to 4, the smallest negative: sums 0 and 1 at either end, 4 of 16.
        assert_eq!(signed_rank(&[-1.0, 2.0, 3.0, 4.0]), Some(4.0 / 16.0));
        assert_eq!(signed_rank(&[0.0, 0.0]), None);
        assert_eq!(signed_rank(&[0.0, 1.0]), Some(1.0));
    }

    #[test]
    fn the_published_table_of_critical_values_is_met() {
        // n = 15, rank sum 25: the two-sided 5 % point of Wilcoxon's table; exact p is 0.0479.
        let differences: Vec<f64> =
            (1..=15).map(|i| f64::from(i) * if [12, 13].contains(&i) { -1.0 } else { 1.0 }).collect();
        let p = signed_rank(&differences).unwrap();
        assert!((p - 0.0479).abs() < 5e-4, "{p}");
    }

    #[test]
    fn ties_agree_with_listing_every_pattern() {
        let differences = [0.5, -0.5, 1.5, 2.0, 2.0, -2.0, 3.0];
        let ranks = [1.5, 1.5, 3.0, 5.0, 5.0, 5.0, 7.0];
        let observed: f64 = ranks.iter().zip(differences).filter(|(_, d)| *d > 0.0).map(|(r, _)| r).sum();
        let middle: f64 = ranks.iter().sum::<f64>() / 2.0;
        let extreme = (0..1u32 << 7)
            .filter(|bits| {
                let sum: f64 = (0..7).filter(|i| bits >> i & 1 == 1).map(|i| ranks[i]).sum();
                (sum - middle).abs() >= (observed - middle).abs() - 1e-9
            })
            .count();
        let p = signed_rank(&differences).unwrap();
        assert!((p - extreme as f64 / 128.0).abs() < 1e-12, "{p} against {extreme}/128");
    }

    #[test]
    fn differences_of_accuracies_tie_although_their_last_bits_differ() {
        // 0.9743 - 0.9742 and 0.4612 - 0.4611 are one image of 10,000 each, and not the same float.
        let float = [0.9743 - 0.9742, 0.4612 - 0.4611, 0.9512 - 0.9514, 0.9750 - 0.9746];
        assert_ne!(float[0], float[1]);
        assert_eq!(signed_rank(&float), signed_rank(&[1.0, 1.0, -2.0, 4.0]));
    }

    #[test]
    fn swapping_the_arms_changes_nothing() {
        let differences = [0.3, -0.1, 0.7, 0.2, -0.4, 0.9];
        let swapped = differences.map(|d| -d);
        assert_eq!(signed_rank(&differences), signed_rank(&swapped));
    }
}
