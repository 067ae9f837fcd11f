//! Looking at the runs several times while seeds are added: at which numbers of seeds, and how sure each look has to be.
//!
//! Whoever stops as soon as a test at 5 % calls something, calls by chance far more often than in 5 %. Here the numbers of seeds are fixed
//! beforehand and the 5 % are divided among them, so that the chance of a wrong call at any look is 5 % at most, whenever one stops
//! (Bonferroni's inequality; Pocock, "Group sequential methods in the design and analysis of clinical trials", 1977, for the idea).

use super::SIGNIFICANCE;

/// Each about 1.6 times the one before it; the first has the fewest runs whose intervals hold for most distributions.
const SEEDS: [u64; 10] = [8, 15, 25, 40, 64, 100, 160, 250, 400, 640];

/// The numbers of seeds at which runs are looked at, the last of which is `budget`.
pub fn looks(budget: u64) -> Vec<u64> {
    SEEDS.into_iter().filter(|&seeds| seeds < budget).chain([budget]).collect()
}

/// The level of the tests at the look with so many seeds. Later looks have more of it, in proportion to their number: of four looks the levels
/// are 0.5, 1, 1.5 and 2 %. Without looks it is 5 %; with a number of seeds that is no look, that of the next one, or 0 beyond the last.
pub fn level(looks: &[u64], seeds: u64) -> f64 {
    if looks.is_empty() {
        return SIGNIFICANCE;
    }
    let all = (looks.len() * (looks.len() + 1) / 2) as f64;
    looks.iter().position(|&look| seeds <= look).map_or(0.0, |index| SIGNIFICANCE * (index + 1) as f64 / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_end_with_the_budget_and_their_levels_add_up_to_five_percent() {
        assert_eq!(looks(40), [8, 15, 25, 40]);
        assert_eq!(looks(30), [8, 15, 25, 30]);
        assert_eq!(looks(5), [5]);
        for budget in [5, 15, 40, 2_000] {
            let looks = looks(budget);
            let sum: f64 = looks.iter().map(|&seeds| level(&looks, seeds)).sum();
            assert!((sum - SIGNIFICANCE).abs() < 1e-12, "{looks:?}");
        }
        assert!((level(&looks(40), 15) - 0.01).abs() < 1e-12);
        assert_eq!((level(&[], 15), level(&[8, 15], 16)), (SIGNIFICANCE, 0.0));
    }
}
