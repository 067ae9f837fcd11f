//! Several tests read together: how often any of them may be wrong by chance, and what share of those called may be.

/// How a test of a family was decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// The p-value after the correction: it is compared with the level of the whole family.
    pub p: f64,
    /// The level at which the test itself was decided. The interval that leaves this out excludes the null hypothesis exactly where the
    /// test rejects it.
    pub level: f64,
    /// The number of tests in the family.
    pub tests: usize,
}

/// Holm, "A simple sequentially rejective multiple test procedure", 1979, for a family with this level: the decisions in the order given.
/// The smallest p-value is compared with the level over the number of tests, the next with the level over one test less, and so on;
/// the first that fails, and all larger ones, are decided at the level that this one failed at.
pub fn holm(p_values: &[f64], level: f64) -> Vec<Decision> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let family = p_values.len();
    let mut decisions = vec![Decision { p: 1.0, level, tests: family }; family];
    let (mut floor, mut last_level) = (0.0f64, None);
    for (rank, &index) in order.iter().enumerate() {
        let left = (family - rank) as f64;
        floor = floor.max((p_values[index] * left).min(1.0));
        let own = last_level.unwrap_or(level / left);
        if floor > level {
            last_level = Some(own);
        }
        decisions[index] = Decision { p: floor, level: own, tests: family };
    }
    decisions
}

/// Benjamini and Hochberg, "Controlling the false discovery rate: a practical and powerful approach to multiple testing", 1995: for each
/// p-value the share of false ones that calling it and all smaller ones is expected to bring, in the order given.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[b].total_cmp(&p_values[a]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut ceiling = 1.0f64;
    for (from_largest, &index) in order.iter().enumerate() {
        let rank = (p_values.len() - from_largest) as f64;
        ceiling = ceiling.min(p_values[index] * p_values.len() as f64 / rank);
        adjusted[index] = ceiling;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_by_hand() {
        // 0.01 x 3, 0.02 x 2, and 0.5.
        let decisions = holm(&[0.02, 0.01, 0.5], 0.05);
        let p: Vec<f64> = decisions.iter().map(|decision| decision.p).collect();
        assert_eq!(p, [0.04, 0.03, 0.5]);
        let levels: Vec<f64> = decisions.iter().map(|decision| decision.level).collect();
        assert_eq!(levels, [0.025, 0.05 / 3.0, 0.05]);
    }

    #[test]
    fn after_the_first_that_fails_all_are_decided_at_its_level() {
        // 0.01 <= 0.05 / 4; 0.03 > 0.05 / 3, so 0.04, which 0.05 / 1 would have called, is decided at 0.05 / 3.
        let decisions = holm(&[0.04, 0.01, 0.03, 0.045], 0.05);
        let levels: Vec<f64> = decisions.iter().map(|decision| decision.level).collect();
        assert_eq!(levels, [0.05 / 3.0, 0.05 / 4.0, 0.05 / 3.0, 0.05 / 3.0]);
        assert!(decisions[0].p > 0.05 && decisions[1].p <= 0.05);
    }

    #[test]
    fn a_test_is_rejected_exactly_where_its_own_p_value_is_at_most_its_own_level() {
        for p_values in [[0.001, 0.2, 0.012, 0.02], [0.04, 0.03, 0.02, 0.0125], [0.9, 0.8, 0.7, 0.6]] {
            for (p, decision) in p_values.iter().zip(holm(&p_values, 0.05)) {
                assert_eq!(decision.p <= 0.05, *p <= decision.level, "{p_values:?}");
            }
        }
    }

    #[test]
    fn benjamini_hochberg_agrees_with_scipy() {
        // scipy.stats.false_discovery_control([0.01, 0.04, 0.03, 0.5])
        let q = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.5]);
        let expected = [0.04, 0.16 / 3.0, 0.16 / 3.0, 0.5];
        assert!(q.iter().zip(expected).all(|(q, expected)| (q - expected).abs() < 1e-12), "{q:?}");
    }
}
