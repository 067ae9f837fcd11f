//! What a sample says of one number: an estimate, and how far from the truth such estimates lie.
//!
//! In: an estimate with the distribution of its error. Out: one-sided p-values against any number, and an interval at any level. Both are
//! one test, read in two directions: a number lies outside the interval exactly where its p-value is at most the tail beyond that end.
//! So a verdict and the interval printed beside it cannot disagree.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

/// An interval, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// An estimate with the distribution of its error.
#[derive(Debug, Clone, PartialEq)]
pub struct Inference {
    /// The estimate.
    pub estimate: f64,
    /// How estimates are spread about the truth.
    pub(super) distribution: SamplingDistribution,
}

/// How estimates of a number are spread about the truth.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SamplingDistribution {
    /// The distance from the truth in standard errors follows Student's t.
    Student {
        /// The standard error.
        error: f64,
        /// Infinite for the normal distribution.
        degrees_of_freedom: f64,
    },
    /// The distance from the truth in standard errors follows the distances that resamples had, in increasing order; beyond all of them,
    /// Student's t.
    Resampled {
        /// The standard error.
        error: f64,
        /// Of Student's t.
        degrees_of_freedom: f64,
        /// Standard errors between each resample's estimate and the sample's.
        distances: Vec<f64>,
    },
    /// The estimate is a standard deviation, whose logarithm is nearly normal about that of the truth: see [`spread_end`].
    Spread {
        /// The standard error of the logarithm.
        error: f64,
        /// The number of values.
        values: f64,
    },
    /// The estimate is the median of these values, in increasing order: each lies above the truth with probability 1/2.
    Median(Vec<f64>),
    /// The estimate is a share of independent trials.
    Share {
        /// The trials counted.
        successes: u64,
        /// All trials.
        trials: u64,
    },
    /// The estimate is one share less another: Newcombe, "Interval estimation for the difference between independent proportions", 1998,
    /// method 10.
    ShareDifference([Share; 2]),
    /// The estimate is the share of pairs, one run of each of two arms, that the first wins: Newcombe, "Confidence intervals for an effect
    /// size measure based on the Mann-Whitney statistic", part 2, 2006, method 5.
    Improvement {
        /// The runs of each arm.
        runs: [f64; 2],
    },
    /// Too few values to say: every p-value is 1, and there is no interval.
    Unknown,
    /// All values are the same, which says nothing of their spread. What is left is the sign test: each of these values lies above a number
    /// with probability 1/2 at most if the truth does not.
    Constant {
        /// The number of values.
        values: usize,
    },
}

/// A share of trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    /// Between 0 and 1.
    pub share: f64,
    /// The number of trials.
    pub trials: f64,
}

impl Interval {
    /// Half the width of the interval.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// The smallest margin about 0 that holds all of the interval.
    pub fn margin(&self) -> f64 {
        self.low.abs().max(self.high.abs())
    }
}

impl Inference {
    /// The p-value of the hypothesis that the truth is `null` or below: small where it is above.
    pub fn p_above(&self, null: f64) -> f64 {
        let estimate = self.estimate;
        match &self.distribution {
            SamplingDistribution::Student { error, degrees_of_freedom } => {
                student_tail((estimate - null) / error, *degrees_of_freedom)
            }
            SamplingDistribution::Resampled { error, degrees_of_freedom, distances } => {
                let distance = (estimate - null) / error;
                let reached = distances.len() - distances.partition_point(|&other| other < distance);
                beyond_resamples(reached, distances.len(), student_tail(distance, *degrees_of_freedom))
            }
            SamplingDistribution::Spread { .. } if estimate <= null => 1.0,
            SamplingDistribution::Spread { error, values } => {
                normal_tail(boundary(0.0, *values, |z| spread_end(estimate, *error, *values, -z) >= null))
            }
            SamplingDistribution::Median(sorted) => {
                let above = sorted.len() - sorted.partition_point(|&value| value <= null);
                coins_at_least(above, sorted.len())
            }
            // No share lies below 0.
            SamplingDistribution::Share { .. } if null < 0.0 => 0.0,
            SamplingDistribution::Share { successes, trials } => successes_at_least(*successes, *trials, null),
            SamplingDistribution::ShareDifference([first, second]) => {
                if estimate <= null {
                    return 1.0;
                }
                // 40 standard errors: the probability beyond is 0 in 64 bits.
                normal_tail(boundary(0.0, 40.0, |z| lowest_difference(*first, *second, z) >= null))
            }
            SamplingDistribution::Improvement { runs } => {
                let variance = improvement_variance(null.clamp(0.0, 1.0), *runs);
                match estimate - null {
                    above if above > 0.0 && variance == 0.0 => 0.0,
                    above if above <= 0.0 && variance == 0.0 => 1.0,
                    above => normal_tail(above / variance.sqrt()),
                }
            }
            SamplingDistribution::Unknown => 1.0,
            SamplingDistribution::Constant { values } => {
                if null < estimate {
                    coins_at_least(*values, *values)
                } else {
                    1.0
                }
            }
        }
    }

    /// The p-value of the hypothesis that the truth is `null` or above: small where it is below.
    pub fn p_below(&self, null: f64) -> f64 {
        let estimate = self.estimate;
        match &self.distribution {
            SamplingDistribution::Student { error, degrees_of_freedom } => {
                student_tail((null - estimate) / error, *degrees_of_freedom)
            }
            SamplingDistribution::Resampled { error, degrees_of_freedom, distances } => {
                let distance = (estimate - null) / error;
                let reached = distances.partition_point(|&other| other <= distance);
                beyond_resamples(reached, distances.len(), student_tail(-distance, *degrees_of_freedom))
            }
            SamplingDistribution::Spread { .. } if estimate >= null => 1.0,
            SamplingDistribution::Spread { error, values } => {
                normal_tail(boundary(0.0, *values, |z| spread_end(estimate, *error, *values, z) <= null))
            }
            SamplingDistribution::Median(sorted) => {
                coins_at_least(sorted.partition_point(|&value| value < null), sorted.len())
            }
            SamplingDistribution::Share { .. } if null > 1.0 => 0.0,
            SamplingDistribution::Share { successes, trials } => {
                successes_at_least(trials - successes, *trials, 1.0 - null)
            }
            SamplingDistribution::ShareDifference([first, second]) => {
                let turned = SamplingDistribution::ShareDifference([*second, *first]);
                Self { estimate: -estimate, distribution: turned }.p_above(-null)
            }
            SamplingDistribution::Improvement { .. } => {
                Self { estimate: 1.0 - estimate, distribution: self.distribution.clone() }.p_above(1.0 - null)
            }
            SamplingDistribution::Unknown => 1.0,
            SamplingDistribution::Constant { values } => {
                if null > estimate {
                    coins_at_least(*values, *values)
                } else {
                    1.0
                }
            }
        }
    }

    /// The interval that leaves out `tail` beyond either end: the numbers whose two p-values are above it. `None` where the sample is too
    /// small to leave out so little.
    pub fn interval(&self, tail: f64) -> Option<Interval> {
        let estimate = self.estimate;
        let (low, high) = match &self.distribution {
            SamplingDistribution::Student { error, degrees_of_freedom } => {
                let reach = student_quantile(tail, *degrees_of_freedom) * error;
                (estimate - reach, estimate + reach)
            }
            SamplingDistribution::Resampled { error, degrees_of_freedom, distances } => {
                let beyond = (tail * (distances.len() + 1) as f64).floor() as usize;
                let (lowest, highest) = match beyond.checked_sub(1) {
                    Some(first) => (distances[first], distances[distances.len().checked_sub(beyond)?]),
                    None => {
                        let reach = student_quantile(tail, *degrees_of_freedom);
                        (distances.first()?.min(-reach), distances.last()?.max(reach))
                    }
                };
                (estimate - highest * error, estimate - lowest * error)
            }
            SamplingDistribution::Spread { error, values } => {
                let z = normal_quantile(tail);
                let end = |z: f64| spread_end(estimate, *error, *values, z);
                (z < *values).then(|| (end(-z), end(z)))?
            }
            SamplingDistribution::Median(sorted) => {
                let n = sorted.len();
                let beyond = (0..n.div_ceil(2)).rev().find(|&beyond| coins_at_least(n - beyond, n) <= tail)?;
                (sorted[beyond], sorted[n - 1 - beyond])
            }
            SamplingDistribution::Share { successes, trials } => {
                (lowest_share(*successes, *trials, tail), 1.0 - lowest_share(trials - successes, *trials, tail))
            }
            SamplingDistribution::ShareDifference([first, second]) => {
                let z = normal_quantile(tail);
                (lowest_difference(*first, *second, z), -lowest_difference(*second, *first, z))
            }
            SamplingDistribution::Improvement { .. } => (
                boundary(estimate, 0.0, |null| self.p_above(null) > tail),
                boundary(estimate, 1.0, |null| self.p_below(null) > tail),
            ),
            SamplingDistribution::Unknown => return None,
            SamplingDistribution::Constant { values } => {
                (coins_at_least(*values, *values) <= tail).then_some((estimate, estimate))?
            }
        };
        Some(Interval { low, high })
    }
}

/// The p-value of a distance that so many of all resamples reached; beyond all of them that of Student's t, if it is smaller.
fn beyond_resamples(reached: usize, all: usize, student: f64) -> f64 {
    let share = (reached + 1) as f64 / (all + 1) as f64;
    if reached == 0 { share.min(student) } else { share }
}

/// Student's t: the probability of a distance of this many standard errors or more.
fn student_tail(distance: f64, degrees_of_freedom: f64) -> f64 {
    if distance.is_nan() {
        return 1.0;
    }
    // No degree of freedom shows nothing: the p-value is 1.
    StudentsT::new(0.0, 1.0, degrees_of_freedom).map_or(1.0, |t| t.sf(distance))
}

/// Student's t: the distance that is exceeded with probability `tail`.
pub(super) fn student_quantile(tail: f64, degrees_of_freedom: f64) -> f64 {
    if degrees_of_freedom.is_infinite() {
        return normal_quantile(tail);
    }
    StudentsT::new(0.0, 1.0, degrees_of_freedom).map_or(f64::INFINITY, |t| -t.inverse_cdf(tail))
}

fn normal_tail(distance: f64) -> f64 {
    student_tail(distance, f64::INFINITY)
}

/// The standard normal distribution: the distance that is exceeded with probability `tail`.
pub(super) fn normal_quantile(tail: f64) -> f64 {
    -Normal::standard().inverse_cdf(tail)
}

/// The probability of so many heads or more among fair coins.
pub(super) fn coins_at_least(heads: usize, coins: usize) -> f64 {
    successes_at_least(heads as u64, coins as u64, 0.5)
}

/// The probability of so many successes or more, each trial succeeding with probability `share`.
fn successes_at_least(successes: u64, trials: u64, share: f64) -> f64 {
    match successes.checked_sub(1) {
        None => 1.0,
        Some(fewer) => Binomial::new(share.clamp(0.0, 1.0), trials).map_or(1.0, |binomial| binomial.sf(fewer)),
    }
}

/// The share for which so many successes or more have probability `tail`: Clopper and Pearson, "The use of confidence or fiducial limits
/// illustrated in the case of the binomial", 1934. 0 for no success.
fn lowest_share(successes: u64, trials: u64, tail: f64) -> f64 {
    let beta = Beta::new(successes as f64, (trials + 1).saturating_sub(successes) as f64);
    beta.map_or(0.0, |beta| beta.inverse_cdf(tail))
}

/// Newcombe's lower end of the first share less the second, from the ends of Wilson's intervals (1927) of both at `z` standard errors.
fn lowest_difference(first: Share, second: Share, z: f64) -> f64 {
    let lowest = first.wilson(-z);
    let highest = second.wilson(z);
    first.share - second.share - (first.share - lowest).hypot(highest - second.share)
}

/// The end, `z` standard errors away, of Bonett's interval of a standard deviation ("Approximate confidence interval for standard deviation of
/// nonnormal distributions", 2006). His factor for small samples, `n / (n - z)`, multiplies the variance and the error.
fn spread_end(estimate: f64, error: f64, values: f64, z: f64) -> f64 {
    let factor = values / (values - z.abs());
    estimate * (factor.sqrt().ln() + z * factor * error).exp()
}

impl Share {
    /// Wilson's limit: the share from which this one is `z` standard errors away, below for a negative `z`.
    fn wilson(self, z: f64) -> f64 {
        let Self { share, trials } = self;
        let spread = z * (share * (1.0 - share) / trials + z * z / (4.0 * trials * trials)).sqrt();
        ((share + z * z / (2.0 * trials) + spread) / (1.0 + z * z / trials)).clamp(0.0, 1.0)
    }
}

/// The variance of the share of pairs won if its expectation is `share`: Hanley and McNeil's (1982), as Newcombe's method 5 changes it.
fn improvement_variance(share: f64, [n, m]: [f64; 2]) -> f64 {
    let mean_of_others = (n + m) / 2.0 - 1.0;
    let shared = (1.0 - share) / (2.0 - share) + share / (1.0 + share);
    share * (1.0 - share) * (1.0 + mean_of_others * shared) / (n * m)
}

/// The point furthest from `inside` on the way to `outside` where `holds` still holds, by bisection.
fn boundary(inside: f64, outside: f64, holds: impl Fn(f64) -> bool) -> f64 {
    if holds(outside) {
        return outside;
    }
    let (mut inside, mut outside) = (inside, outside);
    for _ in 0..60 {
        let middle = f64::midpoint(inside, outside);
        if holds(middle) { inside = middle } else { outside = middle }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::{location, share, spread};
    use crate::seed::{Purpose, Stream};

    #[test]
    fn students_t_agrees_with_scipy() {
        let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found}, {expected}");
        near(student_tail(2.5, 7.3), 0.019825117332800214);
        near(student_tail(12.0, 4.5), 6.891598826636523e-05);
        near(student_quantile(0.025, 7.3), 2.3450667365477034);
        near(student_quantile(1e-5, 3.0), 47.927728375933924);
        near(student_quantile(0.025, f64::INFINITY), 1.9599639845400545);
        assert_eq!(student_tail(f64::NAN, 3.0), 1.0);
    }

    /// Inferences of every kind, from made-up samples.
    fn of_every_kind(round: u64) -> Vec<(&'static str, Inference)> {
        let mut stream = Stream::new(11, Purpose::Data, round);
        let mut sample = |n: usize| -> Vec<f64> { (0..n).map(|_| stream.normal()).collect() };
        let (few, many, other) = (sample(7), sample(14), sample(9));
        let heads: Vec<f64> = many.iter().map(|value| f64::from(u8::from(*value > 0.3))).collect();
        let more: Vec<f64> = other.iter().map(|value| f64::from(u8::from(*value > -0.3))).collect();
        vec![
            ("Student", location::interquartile_mean(&few).unwrap()),
            ("resampled", location::interquartile_mean(&many).unwrap()),
            ("spread", spread::standard_deviation(&many).unwrap()),
            ("median", location::median(&many).unwrap()),
            ("share", share::share(&heads).unwrap()),
            ("difference of shares", share::difference_of_shares(&heads, &more).unwrap()),
            ("improvement", share::probability_of_improvement(&few, &other).unwrap()),
            ("constant", location::arithmetic_mean(&[0.5; 9]).unwrap()),
        ]
    }

    #[test]
    fn a_number_lies_outside_the_interval_exactly_where_its_p_value_is_at_most_the_tail() {
        for (name, inference) in (0..20).flat_map(of_every_kind) {
            for tail in [0.025, 0.005, 0.05, 1e-5] {
                // Few values leave no interval this sure.
                if tail == 1e-5 && name != "resampled" && name != "Student" {
                    continue;
                }
                let interval = inference.interval(tail).unwrap();
                let hair = 1e-6 * (1.0 + interval.half_width());
                let inside =
                    [interval.low + hair, interval.high - hair].map(|null| null.clamp(interval.low, interval.high));
                for null in inside {
                    assert!(
                        inference.p_above(null) > tail && inference.p_below(null) > tail,
                        "{name}: {null} in {interval:?}"
                    );
                }
                assert!(inference.p_above(interval.low - hair) <= tail, "{name}: below {interval:?}");
                assert!(inference.p_below(interval.high + hair) <= tail, "{name}: above {interval:?}");
            }
        }
    }

    #[test]
    fn what_is_not_known_has_no_interval_and_rejects_nothing() {
        let unknown = Inference { estimate: 3.0, distribution: SamplingDistribution::Unknown };
        assert_eq!((unknown.p_above(-1e9), unknown.p_below(1e9), unknown.interval(0.5)), (1.0, 1.0, None));
    }
}
