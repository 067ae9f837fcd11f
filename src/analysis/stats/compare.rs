//! Two arms compared, seed by seed.
//!
//! In: each arm's value for each seed, where it has one. Out: a paired difference with its interval, the chance that a run of
//! one beats a run of the other, and a test. Seeds are paired by design: the same seed means the same shuffles and, where the
//! shapes agree, the same initial weights.

use serde::{Deserialize, Serialize};

use super::bootstrap::{Interval, bootstrap};
use super::describe::interquartile_mean;
use super::probability_of_improvement::ProbabilityOfImprovement;
use super::wilcoxon;
use super::{CONFIDENCE, FEWEST_FOR_TRUST};
use crate::seed::Stream;

/// Arm A against arm B on one metric, where more is better or less is: the numbers do not care.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Seeds for which both arms have a value.
    pub pairs: usize,
    /// Interquartile mean of A minus that of B, over those seeds.
    pub difference: f64,
    /// Its bootstrap interval, seeds drawn as pairs.
    pub interval: Option<Interval>,
    /// The chance that a run of A has the larger value than a run of B (Mann and Whitney's U / nm; ties count half). An
    /// effect size, not the probability that A is better.
    pub beats: f64,
    /// Its bootstrap interval, the runs of each arm drawn apart.
    pub beats_interval: Option<Interval>,
    /// Two-sided paired Wilcoxon p-value; absent when every pair is equal.
    pub p: Option<f64>,
    /// The same after Holm's correction over all pairs compared together.
    pub p_holm: Option<f64>,
    /// How many pairs that are.
    pub family: usize,
}

/// What a comparison allows one to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A has the larger values.
    Larger,
    /// A has the smaller values.
    Smaller,
    /// These seeds do not settle it.
    Inconclusive,
}

/// Compares the arms over the seeds both have; `None` when there is no such seed. Holm's correction is added by [`correct`].
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
    // "A run of one beats a run of the other" is about two unrelated runs, so the two are drawn apart here.
    let mut other = stream.fork();
    let mut of_b = vec![0; n];
    let drawn_apart = |of_a: &[usize]| {
        of_b.fill_with(|| other.below(n as u32) as usize);
        improvement.beats(of_a, &of_b)
    };
    let beats_interval = bootstrap(n, drawn_apart, stream);
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| a - b).collect();
    Some(Comparison {
        pairs: n,
        difference: difference(&all),
        interval: bootstrap(n, difference, stream),
        beats: improvement.beats(&all, &all),
        beats_interval,
        p: wilcoxon::signed_rank(&differences),
        p_holm: None,
        family: 1,
    })
}

/// Fills in Holm's correction over comparisons that are shown together.
pub fn correct(comparisons: &mut [&mut Comparison]) {
    let p_values: Vec<f64> = comparisons.iter().map(|c| c.p.unwrap_or(1.0)).collect();
    let family = comparisons.len();
    for (comparison, adjusted) in comparisons.iter_mut().zip(wilcoxon::holm(&p_values)) {
        comparison.p_holm = Some(adjusted);
        comparison.family = family;
    }
}

impl Comparison {
    /// Conclusive only when the interval of the difference leaves out 0 and the corrected p-value is below 5 %.
    pub fn verdict(&self) -> Verdict {
        let p = self.p_holm.or(self.p).unwrap_or(1.0);
        match self.interval {
            Some(interval) if p < 1.0 - CONFIDENCE && interval.low > 0.0 => Verdict::Larger,
            Some(interval) if p < 1.0 - CONFIDENCE && interval.high < 0.0 => Verdict::Smaller,
            _ => Verdict::Inconclusive,
        }
    }

    /// About how many seeds in all would settle it with 80 % power, were the difference as large as it looks: the standard
    /// error shrinks as one over the square root of n, the level is divided by the pairs compared together, and no fewer
    /// seeds than let the signed-rank test reach that level at all. Absent when the difference is 0 or has no interval.
    pub fn seeds_needed(&self) -> Option<usize> {
        /// The standard normal's 80 % point.
        const POWER: f64 = 0.84;
        let level = (1.0 - CONFIDENCE) / self.family.max(1) as f64;
        let error = self.interval?.half_width() / normal_tail(1.0 - CONFIDENCE);
        let ratio = (normal_tail(level) + POWER) * error / self.difference.abs();
        let for_interval = (self.pairs as f64 * ratio * ratio).ceil();
        if !for_interval.is_finite() {
            return None;
        }
        // The smallest two-sided p of n pairs is 2 / 2^n.
        let for_test = (2.0 / level).log2().floor() as usize + 1;
        Some((for_interval as usize).max(for_test).max(self.pairs + 1))
    }

    /// Whether there are too few seeds to trust the interval's width.
    pub fn few_seeds(&self) -> bool {
        self.pairs < FEWEST_FOR_TRUST
    }
}

/// The point that a standard normal exceeds, in magnitude, with this probability, to 5e-4: Abramowitz and Stegun, "Handbook
/// of mathematical functions", 26.2.23.
fn normal_tail(two_sided: f64) -> f64 {
    let t = (-2.0 * (two_sided / 2.0).ln()).sqrt();
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
        assert!((c.beats - 6.0 / 9.0).abs() < 1e-12, "{}", c.beats);
        // Differences 2, 1, 0: both positive, 2 of 4 patterns.
        assert_eq!(c.p, Some(0.5));
        assert_eq!(c.verdict(), Verdict::Inconclusive);
    }

    #[test]
    fn a_clear_difference_is_called_and_its_reverse_too() {
        let a: Vec<f64> = (0..15).map(|i| 0.97 + 0.0005 * f64::from(i % 4)).collect();
        let b: Vec<f64> = (0..15).map(|i| 0.92 + 0.0007 * f64::from(i % 5)).collect();
        let c = compared(&a, &b);
        assert_eq!((c.verdict(), c.beats), (Verdict::Larger, 1.0));
        let reverse = compared(&b, &a);
        assert_eq!(reverse.verdict(), Verdict::Smaller);
        assert!((c.difference + reverse.difference).abs() < 1e-12);
        assert_eq!(c.p, reverse.p);
    }

    #[test]
    fn the_chance_to_beat_lies_in_its_interval_when_seeds_move_both_arms_alike() {
        // B is A less a hair: drawn as pairs, the resamples would all lie above the estimate.
        let a: Vec<f64> = (0..10).map(f64::from).collect();
        let b: Vec<f64> = a.iter().map(|value| value - 0.1).collect();
        let c = compared(&a, &b);
        assert!((c.beats - 0.55).abs() < 1e-12);
        assert!(c.beats_interval.unwrap().contains(c.beats), "{c:?}");
    }

    #[test]
    fn arms_that_are_alike_stay_inconclusive_and_ask_for_more_seeds() {
        let a: Vec<f64> = (0..10).map(|i| f64::from(i * 7 % 10)).collect();
        let b: Vec<f64> = (0..10).map(|i| f64::from(i * 3 % 10) + 0.2).collect();
        let c = compared(&a, &b);
        assert_eq!(c.verdict(), Verdict::Inconclusive);
        assert!(c.seeds_needed().unwrap() > 10);
        let same = compared(&a, &a);
        assert_eq!((same.difference, same.beats, same.p, same.seeds_needed()), (0.0, 0.5, None, None));
    }

    #[test]
    fn normal_points_are_those_of_the_table() {
        for (level, point) in [(0.05, 1.95996), (0.01, 2.57583), (0.1, 1.64485)] {
            assert!((normal_tail(level) - point).abs() < 5e-4, "{level}: {}", normal_tail(level));
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
        assert!(c.few_seeds());
    }
}
