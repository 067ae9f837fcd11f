//! The chance that a run of one arm beats a run of another.
//!
//! In: the values of two arms, and which runs of each were drawn. Out: Mann and Whitney's U / nm (1947); ties count half.

/// Counts how often a value of A exceeds one of B, in time linear in n for each resample.
pub struct ProbabilityOfImprovement {
    /// The rank of each value of B in rising order.
    rank: Vec<usize>,
    /// For each value of A: how many values of B are below it, and how many are not above.
    below: Vec<(usize, usize)>,
}

impl ProbabilityOfImprovement {
    /// Of A's and B's values, seed by seed.
    pub fn new(pairs: &[(f64, f64)]) -> Self {
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        order.sort_by(|&i, &j| pairs[i].1.total_cmp(&pairs[j].1));
        let mut rank = vec![0; pairs.len()];
        order.iter().enumerate().for_each(|(position, &index)| rank[index] = position);
        let ends = |a: f64| {
            let below = order.partition_point(|&i| pairs[i].1 < a);
            (below, order.partition_point(|&i| pairs[i].1 <= a))
        };
        Self { rank, below: pairs.iter().map(|(a, _)| ends(*a)).collect() }
    }

    /// Mann and Whitney's U / nm of the drawn runs.
    pub fn beats(&self, of_a: &[usize], of_b: &[usize]) -> f64 {
        // drawn[k]: how many of the drawn values of B are among its k smallest.
        let mut drawn = vec![0u32; self.rank.len() + 1];
        of_b.iter().for_each(|&j| drawn[self.rank[j] + 1] += 1);
        for k in 1..drawn.len() {
            drawn[k] += drawn[k - 1];
        }
        let wins = of_a.iter().map(|&i| {
            let (below, not_above) = self.below[i];
            // Those below count whole, those equal half.
            0.5 * f64::from(drawn[below] + drawn[not_above])
        });
        wins.sum::<f64>() / (of_a.len() * of_b.len()) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_to_beat_agrees_with_counting_every_pair_of_a_resample() {
        let pairs = [(3.0, 1.0), (1.0, 1.0), (2.0, 4.0), (4.0, 2.0), (2.0, 2.0)];
        let improvement = ProbabilityOfImprovement::new(&pairs);
        let (of_a, of_b) = ([0, 0, 4, 2, 3], [1, 1, 3, 2, 4]);
        let win = |a: f64, b: f64| {
            if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            }
        };
        let counted: f64 = of_a.iter().flat_map(|&i| of_b.iter().map(move |&j| win(pairs[i].0, pairs[j].1))).sum();
        assert_eq!(improvement.beats(&of_a, &of_b), counted / 25.0);
    }
}
