//! Shares: of runs that ended in one way, of two arms, and of pairs of runs that one arm wins.

use super::MIN_SEEDS_FOR_INTERVAL;
use super::inference::{Inference, SamplingDistribution, Share};

/// The share of values that are 1, all others being 0, with Clopper and Pearson's interval; `None` for no values or others.
pub fn share(values: &[f64]) -> Option<Inference> {
    let (successes, trials) = count(values)?;
    let distribution = known(values.len(), SamplingDistribution::Share { successes, trials });
    Some(Inference { estimate: successes as f64 / trials as f64, distribution })
}

/// One share less another, of unrelated runs; `None` as for [`share`].
pub fn difference_of_shares(a: &[f64], b: &[f64]) -> Option<Inference> {
    let of = |values: &[f64]| {
        let (successes, trials) = count(values)?;
        Some(Share { share: successes as f64 / trials as f64, trials: trials as f64 })
    };
    let fewest = a.len().min(b.len());
    let (a, b) = (of(a)?, of(b)?);
    let distribution = known(fewest, SamplingDistribution::ShareDifference([a, b]));
    Some(Inference { estimate: a.share - b.share, distribution })
}

/// The distribution, if so many runs are enough to conclude anything.
fn known(runs: usize, distribution: SamplingDistribution) -> SamplingDistribution {
    if runs < MIN_SEEDS_FOR_INTERVAL { SamplingDistribution::Unknown } else { distribution }
}

fn count(values: &[f64]) -> Option<(u64, u64)> {
    let is_share = values.iter().all(|&value| value == 0.0 || value == 1.0) && !values.is_empty();
    is_share.then(|| (values.iter().filter(|&&value| value == 1.0).count() as u64, values.len() as u64))
}

/// The probability that a run of one arm has a larger value than a run of another, ties counting half: Mann and Whitney's U / nm (1947),
/// which Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice", 2021, call the probability of
/// improvement. `None` where an arm has no values.
pub fn probability_of_improvement(a: &[f64], b: &[f64]) -> Option<Inference> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let won = |x: f64, y: f64| {
        if x > y {
            1.0
        } else if x == y {
            0.5
        } else {
            0.0
        }
    };
    let wins: f64 = a.iter().flat_map(|&x| b.iter().map(move |&y| won(x, y))).sum();
    let runs = [a.len() as f64, b.len() as f64];
    let distribution = known(a.len().min(b.len()), SamplingDistribution::Improvement { runs });
    Some(Inference { estimate: wins / (runs[0] * runs[1]), distribution })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_interval(inference: &Inference, low: f64, high: f64, tolerance: f64) {
        let interval = inference.interval(0.025).unwrap();
        let near = |found: f64, expected: f64| (found - expected).abs() < tolerance;
        assert!(near(interval.low, low) && near(interval.high, high), "{interval:?} is not [{low}, {high}]");
    }

    fn of(successes: usize, trials: usize) -> Vec<f64> {
        (0..trials).map(|i| f64::from(u8::from(i < successes))).collect()
    }

    #[test]
    fn shares_agree_with_scipy() {
        // scipy.stats.binomtest(k, 15).proportion_ci(0.95)
        assert_interval(&share(&of(3, 15)).unwrap(), 0.04331200510583602, 0.48089113380685317, 1e-9);
        assert_interval(&share(&of(0, 15)).unwrap(), 0.0, 0.2180193609108388, 1e-9);
        assert_interval(&share(&of(15, 15)).unwrap(), 0.7819806390891612, 1.0, 1e-9);
        assert_eq!(share(&[0.5, 1.0]), None);
    }

    #[test]
    fn differences_of_shares_are_newcombes_examples() {
        // Newcombe, 1998, table II, method 10: 56/70 - 48/80 is 0.0524 to 0.3339; 9/10 - 3/10 is 0.1705 to 0.8090;
        // 10/10 - 0/10 is 0.6075 to 1.
        for ([k, n, l, m], low, high) in
            [([56, 70, 48, 80], 0.0524, 0.3339), ([9, 10, 3, 10], 0.1705, 0.8090), ([10, 10, 0, 10], 0.6075, 1.0)]
        {
            assert_interval(&difference_of_shares(&of(k, n), &of(l, m)).unwrap(), low, high, 1e-4);
        }
    }

    #[test]
    fn the_probability_of_improvement_counts_pairs() {
        // 3>1, 5>1, 4>1, 5>4, 5>4 and 4=4 twice of nine.
        let found = probability_of_improvement(&[3.0, 5.0, 4.0], &[1.0, 4.0, 4.0]).unwrap();
        assert!((found.estimate - 6.0 / 9.0).abs() < 1e-12);
        let turned = probability_of_improvement(&[1.0, 4.0, 4.0], &[3.0, 5.0, 4.0]).unwrap();
        assert!((found.p_above(0.4) - turned.p_below(0.6)).abs() < 1e-12);
    }

    #[test]
    fn an_arm_that_won_every_pair_may_still_lose_some() {
        let (high, low): (Vec<f64>, Vec<f64>) = ((10..25).map(f64::from).collect(), (0..10).map(f64::from).collect());
        let found = probability_of_improvement(&high, &low).unwrap();
        let interval = found.interval(0.025).unwrap();
        assert_eq!((found.estimate, interval.high), (1.0, 1.0));
        // The root of (1 - p)^2 = 1.96^2 V(p), with Newcombe's variance.
        let error = (super::super::inference::normal_quantile(0.025)).powi(2);
        let (n, m) = (15.0, 10.0);
        let variance =
            |p: f64| p * (1.0 - p) * (1.0 + ((n + m) / 2.0 - 1.0) * ((1.0 - p) / (2.0 - p) + p / (1.0 + p))) / (n * m);
        assert!(((1.0 - interval.low).powi(2) - error * variance(interval.low)).abs() < 1e-9, "{interval:?}");
        assert!(interval.low > 0.7 && interval.low < 0.95, "{interval:?}");
    }

    #[test]
    fn two_runs_conclude_nothing() {
        let unknown = |inference: Option<Inference>| inference.unwrap().interval(0.025).is_none();
        assert!(unknown(share(&[1.0, 1.0])));
        assert!(unknown(difference_of_shares(&[1.0, 1.0], &[0.0, 0.0])));
        assert!(unknown(probability_of_improvement(&[1.0, 1.0], &[0.0, 0.0, 0.0])));
    }
}
