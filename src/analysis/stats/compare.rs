//! Two arms compared, seed by seed.
//!
//! In: each arm's value for each seed, where it has one. Out: a paired difference with its interval, the probability of improvement and
//! a test; and Holm's correction over several such comparisons. Seeds are paired by design: the same seed means the same shuffles and,
//! where the shapes agree, the same initial weights.

use serde::{Deserialize, Serialize};

use super::bootstrap::bootstrap;
use super::describe::interquartile_mean;
use super::family::holm;
use super::inference::Interval;
use super::probability_of_improvement::ProbabilityOfImprovement;
use super::wilcoxon::signed_rank;
use super::{CONFIDENCE, MIN_SEEDS_FOR_TRUST};
use crate::seed::Stream;

/// Arm A against arm B on one metric. "Larger" is about values, whichever direction of the metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The number of seeds for which both arms have a value.
    pub pairs: usize,
    /// Interquartile mean of A minus that of B, over those seeds.
    pub difference: f64,
    /// The bootstrap interval of the difference; pairs are resampled.
    pub interval: Option<Interval>,
    /// The probability that a run of A has a larger value than a run of B: Mann and Whitney's U / nm, ties count half. It is an effect
    /// size, not the probability that A is better.
    #[serde(rename = "beats")]
    pub probability_of_improvement: f64,
    /// The bootstrap interval of the probability of improvement; the runs of each arm are resampled independently.
    #[serde(rename = "beats_interval")]
    pub improvement_interval: Option<Interval>,
    /// The two-sided p-value of the paired Wilcoxon test; `None` if every pair is equal.
    pub p: Option<f64>,
    /// The p-value after Holm's correction; `None` before [`correct`].
    pub p_holm: Option<f64>,
    /// The number of comparisons in Holm's correction.
    pub family: usize,
}

/// The conclusion from a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A has the larger values.
    Larger,
    /// A has the smaller values.
    Smaller,
    /// The seeds do not show which arm has the larger values.
    Inconclusive,
}

/// Compares two arms, given each arm's value for each seed, over the seeds for which both have one; `None` if there is no such seed.
/// Holm's correction is added by [`correct`].
pub fn compare(a: &[Option<f64>], b: &[Option<f64>], stream: &mut Stream) -> Option<Comparison> {
    let pairs: Vec<(f64, f64)> = a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
    if pairs.is_empty() {
        return None;
    }
    let n = pairs.len();
    let all: Vec<usize> = (0..n).collect();
    let difference = |indices: &[usize]| {
        let column = |pick: fn(&(f64, f64)) -> f64| {
            interquartile_mean(&indices.iter().map(|&i| pick(&pairs[i])).collect::<Vec<_>>())
        };
        column(|pair| pair.0) - column(|pair| pair.1)
    };
    let improvement = ProbabilityOfImprovement::new(&pairs);
    // The probability of improvement is about two unrelated runs, so the arms are resampled independently.
    let mut stream_of_b = stream.fork();
    let mut of_b = vec![0; n];
    let improvement_of = |of_a: &[usize]| {
        of_b.fill_with(|| stream_of_b.below(n as u32) as usize);
        improvement.estimate(of_a, &of_b)
    };
    let improvement_interval = bootstrap(n, improvement_of, stream);
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| a - b).collect();
    Some(Comparison {
        pairs: n,
        difference: difference(&all),
        interval: bootstrap(n, difference, stream),
        probability_of_improvement: improvement.estimate(&all, &all),
        improvement_interval,
        p: signed_rank(&differences),
        p_holm: None,
        family: 1,
    })
}

/// Applies Holm's correction over comparisons that are shown together.
pub fn correct(comparisons: &mut [&mut Comparison]) {
    let p_values: Vec<f64> = comparisons.iter().map(|c| c.p.unwrap_or(1.0)).collect();
    let family = comparisons.len();
    for (comparison, decision) in comparisons.iter_mut().zip(holm(&p_values, 1.0 - CONFIDENCE)) {
        comparison.p_holm = Some(decision.p);
        comparison.family = family;
    }
}

impl Comparison {
    /// The conclusion: the sign of the difference if its interval excludes 0 and the corrected p-value is below 5 %.
    pub fn verdict(&self) -> Verdict {
        let p = self.p_holm.or(self.p).unwrap_or(1.0);
        match self.interval {
            Some(interval) if p < 1.0 - CONFIDENCE && interval.low > 0.0 => Verdict::Larger,
            Some(interval) if p < 1.0 - CONFIDENCE && interval.high < 0.0 => Verdict::Smaller,
            _ => Verdict::Inconclusive,
        }
    }

    /// About how many seeds in all would give a conclusion with 80 % power if the true difference were the observed one. The standard
    /// error shrinks as one over the square root of n, the significance level is divided by the number of comparisons, and there are at
    /// least as many seeds as the signed-rank test needs to reach that level. `None` if the difference is 0 or has no interval.
    pub fn seeds_needed(&self) -> Option<usize> {
        /// The 80 % quantile of the standard normal distribution.
        const POWER_QUANTILE: f64 = 0.84;
        let level = (1.0 - CONFIDENCE) / self.family.max(1) as f64;
        let error = self.interval?.half_width() / two_sided_normal_quantile(1.0 - CONFIDENCE);
        let ratio = (two_sided_normal_quantile(level) + POWER_QUANTILE) * error / self.difference.abs();
        let for_interval = (self.pairs as f64 * ratio * ratio).ceil();
        if !for_interval.is_finite() {
            return None;
        }
        // The smallest two-sided p of n pairs is 2 / 2^n.
        let for_test = (2.0 / level).log2().floor() as usize + 1;
        Some((for_interval as usize).max(for_test).max(self.pairs + 1))
    }

    /// Whether there are too few seeds to trust the width of the interval.
    pub fn has_few_seeds(&self) -> bool {
        self.pairs < MIN_SEEDS_FOR_TRUST
    }
}

/// The magnitude that a standard normal variable exceeds with this probability, with an error below 5e-4: Abramowitz and Stegun,
/// "Handbook of mathematical functions", 26.2.23.
fn two_sided_normal_quantile(probability: f64) -> f64 {
    let t = (-2.0 * (probability / 2.0).ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - above / below
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Purpose;

    fn compared(a: &[f64], b: &[f64]) -> Comparison {
        let some = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        compare(&some(a), &some(b), &mut Stream::new(0, Purpose::Bootstrap, 0)).unwrap()
    }

    #[test]
    fn a_hand_worked_pair() {
        let c = compared(&[3.0, 5.0, 4.0], &[1.0, 4.0, 4.0]);
        assert_eq!((c.pairs, c.difference), (3, 1.0));
        // 3>1, 5>1, 4>1, 5>4, 5>4 and 4=4 twice of nine.
        assert!((c.probability_of_improvement - 6.0 / 9.0).abs() < 1e-12, "{}", c.probability_of_improvement);
        // Differences 2, 1, 0: both positive, 2 of 4 patterns.
        assert_eq!(c.p, Some(0.5));
        assert_eq!(c.verdict(), Verdict::Inconclusive);
    }

    #[test]
    fn a_clear_difference_is_called_and_its_reverse_too() {
        let a: Vec<f64> = (0..15).map(|i| 0.97 + 0.0005 * f64::from(i % 4)).collect();
        let b: Vec<f64> = (0..15).map(|i| 0.92 + 0.0007 * f64::from(i % 5)).collect();
        let c = compared(&a, &b);
        assert_eq!((c.verdict(), c.probability_of_improvement), (Verdict::Larger, 1.0));
        let reverse = compared(&b, &a);
        assert_eq!(reverse.verdict(), Verdict::Smaller);
        assert!((c.difference + reverse.difference).abs() < 1e-12);
        assert_eq!(c.p, reverse.p);
    }

    #[test]
    fn the_probability_of_improvement_lies_in_its_interval_when_seeds_move_both_arms_alike() {
        // B is A less a hair: drawn as pairs, the resamples would all lie above the estimate.
        let a: Vec<f64> = (0..10).map(f64::from).collect();
        let b: Vec<f64> = a.iter().map(|value| value - 0.1).collect();
        let c = compared(&a, &b);
        assert!((c.probability_of_improvement - 0.55).abs() < 1e-12);
        assert!(c.improvement_interval.unwrap().contains(c.probability_of_improvement), "{c:?}");
    }

    #[test]
    fn arms_that_are_alike_stay_inconclusive_and_ask_for_more_seeds() {
        let a: Vec<f64> = (0..10).map(|i| f64::from(i * 7 % 10)).collect();
        let b: Vec<f64> = (0..10).map(|i| f64::from(i * 3 % 10) + 0.2).collect();
        let c = compared(&a, &b);
        assert_eq!(c.verdict(), Verdict::Inconclusive);
        assert!(c.seeds_needed().unwrap() > 10);
        let same = compared(&a, &a);
        assert_eq!(
            (same.difference, same.probability_of_improvement, same.p, same.seeds_needed()),
            (0.0, 0.5, None, None)
        );
    }

    #[test]
    fn normal_points_are_those_of_the_table() {
        for (level, point) in [(0.05, 1.95996), (0.01, 2.57583), (0.1, 1.64485)] {
            assert!(
                (two_sided_normal_quantile(level) - point).abs() < 5e-4,
                "{level}: {}",
                two_sided_normal_quantile(level)
            );
        }
    }

    #[test]
    fn seeds_without_a_value_are_left_out_of_the_pairs() {
        let mut stream = Stream::new(0, Purpose::Bootstrap, 0);
        let c = compare(&[Some(1.0), None, Some(2.0)], &[Some(0.0), Some(5.0), None], &mut stream).unwrap();
        assert_eq!((c.pairs, c.interval), (1, None));
        assert!(compare(&[None], &[Some(1.0)], &mut stream).is_none());
    }

    #[test]
    fn five_seeds_cannot_pass_the_test_however_clear_they_look() {
        // The smallest two-sided p of five pairs is 2/32.
        let c = compared(&[10.0, 11.0, 12.0, 13.0, 14.0], &[1.0, 2.0, 3.0, 4.0, 5.5]);
        assert_eq!((c.verdict(), c.p), (Verdict::Inconclusive, Some(0.0625)));
        assert_eq!(c.seeds_needed(), Some(6));
        // Among ten pairs the level is 0.005, and 2 / 2^n first passes it at n = 9.
        assert_eq!(Comparison { family: 10, ..c }.seeds_needed(), Some(9));
        assert!(c.has_few_seeds());
    }
}
