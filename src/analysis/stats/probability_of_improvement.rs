//! Probability of improvement (Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice", 2021): the
//! probability that a run of one arm has a larger value than a run of another.
//!
//! In: the values of two arms, and the runs of each that a resample drew. Out: Mann and Whitney's U / nm (1947); ties count half.

/// The values of two arms A and B, ordered once, so that each resample takes time linear in n.
pub struct ProbabilityOfImprovement {
    /// The rank of each value of B in increasing order.
    rank: Vec<usize>,
    /// For each value of A, the number of values of B below it, and the number not above it.
    below: Vec<(usize, usize)>,
}

impl ProbabilityOfImprovement {
    /// Orders the values of A and B, one pair for each seed.
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

    /// The probability of improvement of A over B for the runs drawn of each, given by their indices.
    pub fn estimate(&self, of_a: &[usize], of_b: &[usize]) -> f64 {
        // drawn[k] is the number of drawn values of B among the k smallest values of B.
        let mut drawn = vec![0u32; self.rank.len() + 1];
        of_b.iter().for_each(|&j| drawn[self.rank[j] + 1] += 1);
        for k in 1..drawn.len() {
            drawn[k] += drawn[k - 1];
        }
        let wins = of_a.iter().map(|&i| {
            let (below, not_above) = self.below[i];
            // Values below count 1, equal values 1/2.
            0.5 * f64::from(drawn[below] + drawn[not_above])
        });
        wins.sum::<f64>() / (of_a.len() * of_b.len()) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_counting_every_pair_of_a_resample() {
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
        assert_eq!(improvement.estimate(&of_a, &of_b), counted / 25.0);
    }
}
