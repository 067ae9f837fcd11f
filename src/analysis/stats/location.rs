//! Where the values of one arm, or the difference of two, lie: interquartile mean, mean and median, each with what is known of its error.
//!
//! In: the values of the runs, in any order; a run that diverged may be an infinite one. Out: an [`Inference`], or `None` where the
//! values have no such statistic or say nothing of its error.

use super::MIN_SEEDS_FOR_INTERVAL;
use super::describe::{self, mean, sorted};
use super::inference::{Inference, SamplingDistribution, coins_at_least, normal_quantile};
use crate::seed::{Purpose, Stream};

/// With fewer values too few resamples differ for the distribution of their estimates to mean anything.
const MIN_FOR_RESAMPLES: usize = 10;
/// With more values Student's t is as good: what skewness does to it falls with their square root, and the resamples take minutes.
const MAX_FOR_RESAMPLES: usize = 5_000;
/// The number of resamples. With one less than a round number the tails of 5 % and 1 % are whole numbers of resamples.
const RESAMPLES: usize = 9_999;

/// A squared error below this share of the sample's is that of equal values whose last bits differ, and says nothing.
const NEGLIGIBLE: f64 = 1e-20;

/// A mean without the `cut` lowest and the `cut` highest values, and its error.
#[derive(Debug, Clone, Copy)]
struct TrimmedMean {
    mean: f64,
    /// The number of values left.
    kept: f64,
    /// The squared standard error: winsorized sum of squares over h(h - 1), for h values left.
    squared_error: f64,
}

impl TrimmedMean {
    /// `None` if there is no value or one that is left is infinite. The error of a single value is not a number.
    fn new(sorted: &[f64], cut: usize) -> Option<Self> {
        let kept = sorted.get(cut..sorted.len().checked_sub(cut)?)?;
        let (first, last) = (*kept.first()?, *kept.last()?);
        if !(first.is_finite() && last.is_finite()) {
            return None;
        }
        let winsorized: Vec<f64> = sorted.iter().map(|value| value.clamp(first, last)).collect();
        let centre = mean(&winsorized);
        let squares: f64 = winsorized.iter().map(|value| (value - centre).powi(2)).sum();
        let h = kept.len() as f64;
        // The mean of equal values is rounded, and so would be their distances from it.
        let (mean, squares) = if first == last { (first, 0.0) } else { (mean(kept), squares) };
        Some(Self { mean, kept: h, squared_error: squares / (h * (h - 1.0)) })
    }

    fn error(&self) -> f64 {
        self.squared_error.sqrt()
    }
}

/// The interquartile mean: Tukey and McLaughlin, "Less vulnerable confidence and significance procedures for location based on a single
/// sample", 1963; from ten to 5,000 values on bootstrap-t, as Wilcox, "Introduction to robust estimation and hypothesis testing", 2012, has it.
pub fn interquartile_mean(values: &[f64]) -> Option<Inference> {
    trimmed_mean(values, describe::cut(values.len()))
}

/// The mean: Student's t (1908), from ten to 5,000 values on bootstrap-t.
pub fn arithmetic_mean(values: &[f64]) -> Option<Inference> {
    trimmed_mean(values, 0)
}

fn trimmed_mean(values: &[f64], cut: usize) -> Option<Inference> {
    let sorted = sorted(values);
    let found = TrimmedMean::new(&sorted, cut)?;
    let estimate = found.mean;
    let distribution = if found.squared_error == 0.0 && sorted.len() >= MIN_SEEDS_FOR_INTERVAL {
        // All values kept are one, which is the median too. They say nothing of their error, and the sign test is what is left.
        SamplingDistribution::Median(sorted)
    } else {
        match resampled_distances(&sorted, cut, &found) {
            Some(distances) => SamplingDistribution::Resampled {
                error: found.error(),
                degrees_of_freedom: found.kept - 1.0,
                distances,
            },
            None => student(found.squared_error, found.kept - 1.0, sorted.len()),
        }
    };
    Some(Inference { estimate, distribution })
}

/// The distance of each resample's trimmed mean from the sample's, in the resample's own standard errors and in increasing order: the
/// bootstrap-t of Efron, "Nonparametric standard errors and confidence intervals", 1981. `None` for few values and for thousands, where one is
/// infinite, and where more than one resample in a hundred has no standard error.
fn resampled_distances(sorted: &[f64], cut: usize, sample: &TrimmedMean) -> Option<Vec<f64>> {
    let ends_are_finite = sorted.first()?.is_finite() && sorted.last()?.is_finite();
    if !(MIN_FOR_RESAMPLES..=MAX_FOR_RESAMPLES).contains(&sorted.len()) || !ends_are_finite {
        return None;
    }
    // Always the same resamples: the same values have the same interval wherever it is printed.
    let mut stream = Stream::new(0, Purpose::Bootstrap, 0);
    // Four copies of a value are written whether or not it was drawn as often, and those too many are written over: without a branch that
    // a processor cannot foresee, this is half of the time.
    const COPIES: usize = 4;
    let (mut times, mut drawn) = (vec![0; sorted.len()], vec![0.0; sorted.len() + COPIES]);
    let mut distances = Vec::with_capacity(RESAMPLES);
    let mut without_error = 0;
    for _ in 0..RESAMPLES {
        // How often each value is drawn gives the resample in increasing order without sorting it.
        times.fill(0);
        sorted.iter().for_each(|_| times[stream.below(sorted.len() as u32) as usize] += 1);
        let mut next = 0;
        for (&value, &times) in sorted.iter().zip(&times) {
            drawn[next..next + COPIES].fill(value);
            if times > COPIES {
                drawn[next..next + times].fill(value);
            }
            next += times;
        }
        let resample = TrimmedMean::new(&drawn[..sorted.len()], cut)?;
        if resample.squared_error > NEGLIGIBLE * sample.squared_error {
            distances.push((resample.mean - sample.mean) / resample.error());
        } else {
            without_error += 1;
        }
    }
    distances.sort_by(f64::total_cmp);
    (without_error * 100 <= RESAMPLES).then_some(distances)
}

/// The median, by order statistics: no assumption but independence (Thompson, "On confidence ranges for the median and other expectation
/// distributions for populations of unknown distribution form", 1936).
pub fn median(values: &[f64]) -> Option<Inference> {
    let estimate = describe::median(values);
    estimate.is_finite().then(|| Inference { estimate, distribution: SamplingDistribution::Median(sorted(values)) })
}

/// The difference of two interquartile means of unrelated runs: Yuen, "The two-sample trimmed t for unequal population variances", 1974.
pub fn difference_of_interquartile_means(a: &[f64], b: &[f64]) -> Option<Inference> {
    unrelated(a, b, describe::cut)
}

/// The difference of two means of unrelated runs: Welch, "The generalization of 'Student's' problem when several different population
/// variances are involved", 1947.
pub fn difference_of_means(a: &[f64], b: &[f64]) -> Option<Inference> {
    unrelated(a, b, |_| 0)
}

fn unrelated(a: &[f64], b: &[f64], cut: fn(usize) -> usize) -> Option<Inference> {
    let [of_a, of_b] = [a, b].map(|values| TrimmedMean::new(&sorted(values), cut(values.len())));
    let (of_a, of_b) = (of_a?, of_b?);
    let squared_error = of_a.squared_error + of_b.squared_error;
    let freedom = |one: &TrimmedMean| one.squared_error.powi(2) / (one.kept - 1.0);
    // Satterthwaite's degrees of freedom (1946).
    let degrees_of_freedom = squared_error.powi(2) / (freedom(&of_a) + freedom(&of_b));
    let distribution = student(squared_error, degrees_of_freedom, a.len().min(b.len()));
    Some(Inference { estimate: of_a.mean - of_b.mean, distribution })
}

/// A sum of interquartile means of unrelated runs, each times its coefficient, such as a difference of two differences: the trimmed means of
/// Yuen, 1974, with the error and the degrees of freedom of Welch, 1947, and Satterthwaite, 1946, for more than two.
pub fn contrast(samples: &[(f64, Vec<f64>)]) -> Option<Inference> {
    let (mut estimate, mut squared_error, mut freedom) = (0.0, 0.0, 0.0);
    for (coefficient, values) in samples {
        let one = TrimmedMean::new(&sorted(values), describe::cut(values.len()))?;
        let own = coefficient.powi(2) * one.squared_error;
        estimate += coefficient * one.mean;
        squared_error += own;
        freedom += own.powi(2) / (one.kept - 1.0);
    }
    let fewest = samples.iter().map(|(_, values)| values.len()).min()?;
    Some(Inference { estimate, distribution: student(squared_error, squared_error.powi(2) / freedom, fewest) })
}

/// Student's t with this error, if `values` are enough to know it and it is not 0.
pub(super) fn student(squared_error: f64, degrees_of_freedom: f64, values: usize) -> SamplingDistribution {
    if values < MIN_SEEDS_FOR_INTERVAL {
        SamplingDistribution::Unknown
    } else if squared_error == 0.0 {
        SamplingDistribution::Constant { values }
    } else {
        SamplingDistribution::Student { error: squared_error.sqrt(), degrees_of_freedom }
    }
}

/// The difference of two interquartile means of runs that belong together in pairs: Yuen's test for dependent samples, as Wilcox, 2012,
/// has it. With nothing left out it is the paired t of Student.
pub fn paired_difference_of_interquartile_means(pairs: &[(f64, f64)]) -> Option<Inference> {
    let [a, b]: [Vec<f64>; 2] = [pairs.iter().map(|pair| pair.0).collect(), pairs.iter().map(|pair| pair.1).collect()];
    let cut = describe::cut(pairs.len());
    let ends = |values: &[f64]| {
        let sorted = sorted(values);
        Some((TrimmedMean::new(&sorted, cut)?, [sorted[cut], sorted[sorted.len() - 1 - cut]]))
    };
    let ((of_a, [low_a, high_a]), (of_b, [low_b, high_b])) = (ends(&a)?, ends(&b)?);
    // Each arm is winsorized by its own order; what the pairs share is in the differences of what is left.
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| a.clamp(low_a, high_a) - b.clamp(low_b, high_b)).collect();
    let centre = mean(&differences);
    let squares: f64 = differences.iter().map(|difference| (difference - centre).powi(2)).sum();
    // Differences that are equal but for their last bits have no error.
    let rounding = 1e-12 * (low_a.abs().max(high_a.abs()) + low_b.abs().max(high_b.abs()));
    let are_equal = differences.iter().all(|difference| (difference - differences[0]).abs() <= rounding);
    let squared_error = if are_equal { 0.0 } else { squares / (of_a.kept * (of_a.kept - 1.0)) };
    let distribution = student(squared_error, of_a.kept - 1.0, pairs.len());
    Some(Inference { estimate: of_a.mean - of_b.mean, distribution })
}

/// The difference of two medians of unrelated runs: Price and Bonett, "Distribution-free confidence intervals for difference and ratio
/// of medians", 2002.
pub fn difference_of_medians(a: &[f64], b: &[f64]) -> Option<Inference> {
    let estimate = describe::median(a) - describe::median(b);
    let squared_error = squared_error_of_median(a)? + squared_error_of_median(b)?;
    let distribution = student(squared_error, f64::INFINITY, a.len().min(b.len()));
    estimate.is_finite().then_some(Inference { estimate, distribution })
}

/// The squared standard error of a median, from how far apart the order statistics are between which it lies with a known probability.
fn squared_error_of_median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let n = sorted.len();
    // The rank nearest to (n + 1) / 2 - sqrt(n), counted from 1.
    let rank = ((n as f64 + 1.0) / 2.0 - (n as f64).sqrt()).round().max(1.0) as usize;
    let low = sorted.get(rank - 1)?;
    let high = sorted.get(n.checked_sub(rank)?)?;
    let beyond = coins_at_least(n + 1 - rank, n);
    let error = (high - low) / (2.0 * normal_quantile(beyond));
    error.is_finite().then_some(error * error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resamples_of_equal_values_whose_last_bits_differ_have_no_error() {
        // Eight of ten differences are 0.01 but for rounding: many resamples keep nothing else.
        let rounded: Vec<f64> = (0..8).map(|i| 0.01 + 1e-17 * f64::from(i % 3)).chain([0.012, 0.008]).collect();
        let equal: Vec<f64> = (0..8).map(|_| 0.01).chain([0.012, 0.008]).collect();
        for values in [rounded, equal] {
            let interval = arithmetic_mean(&values).unwrap().interval(0.0025).unwrap();
            assert!(interval.low > -1.0 && interval.high < 1.0, "{interval:?}");
        }
    }

    #[test]
    fn a_contrast_of_two_samples_is_their_difference_and_of_four_the_sum_of_two() {
        let [a, b, c] = [A.to_vec(), B.to_vec(), C.to_vec()];
        let two = contrast(&[(1.0, a.clone()), (-1.0, b.clone())]).unwrap();
        let difference = difference_of_interquartile_means(&A, &B).unwrap();
        assert_eq!(two.interval(0.025), difference.interval(0.025));
        assert_near(two.estimate, difference.estimate);
        // (a - b) - (b - c) = a - 2b + c, with the errors of a, of b four times, and of c.
        let three = contrast(&[(1.0, a.clone()), (-2.0, b.clone()), (1.0, c.clone())]).unwrap();
        let error = |values: &[f64]| TrimmedMean::new(&sorted(values), 2).unwrap().squared_error;
        let SamplingDistribution::Student { error: found, .. } = three.distribution else { panic!("no error") };
        assert_near(
            found,
            (error(&A) + 4.0 * TrimmedMean::new(&sorted(&B), 1).unwrap().squared_error + error(&C)).sqrt(),
        );
    }

    const A: [f64; 8] = [0.9743, 0.9751, 0.9738, 0.9760, 0.9747, 0.9729, 0.9755, 0.9741];
    const B: [f64; 7] = [0.9731, 0.9744, 0.9722, 0.9750, 0.9739, 0.9725, 0.9711];
    const C: [f64; 8] = [0.9740, 0.9752, 0.9735, 0.9761, 0.9741, 0.9731, 0.9750, 0.9744];

    #[track_caller]
    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    fn two_sided(inference: &Inference, null: f64) -> f64 {
        2.0 * inference.p_above(null).min(inference.p_below(null))
    }

    #[track_caller]
    fn assert_interval(inference: &Inference, low: f64, high: f64) {
        let interval = inference.interval(0.025).unwrap();
        assert_near(interval.low, low);
        assert_near(interval.high, high);
    }

    #[test]
    fn the_mean_agrees_with_scipy() {
        // scipy.stats.ttest_1samp(A, 0.974)
        let mean = arithmetic_mean(&A).unwrap();
        assert_near(two_sided(&mean, 0.974), 0.1606039486229376);
        assert_interval(&mean, 0.9737211759490485, 0.9753788240509516);
    }

    #[test]
    fn the_interquartile_mean_agrees_with_numpy() {
        // Values clipped at the third from either end; their squares about their mean over 4 * 3; t of 3 degrees of freedom.
        let iqm = interquartile_mean(&A).unwrap();
        assert_near(iqm.estimate, 0.97455);
        assert_interval(&iqm, 0.9733897520611526, 0.9757102479388472);
    }

    #[test]
    fn resamples_of_one_value_have_no_error_though_their_mean_is_rounded() {
        // Of 300 test points; 0.97 added up 13 times and divided is not 0.97, and a distance over such an error was a billion standard errors.
        let wrong = [14, 12, 12, 12, 12, 12, 12, 11, 11, 11, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 9, 9, 9, 9, 8];
        let values = wrong.map(|wrong| 1.0 - f64::from(wrong) / 300.0);
        let interval = interquartile_mean(&values).unwrap().interval(0.025).unwrap();
        assert!(interval.low > 0.95 && interval.high < 0.98, "{interval:?}");
    }

    #[test]
    fn equal_values_say_nothing_of_their_error_though_their_mean_is_rounded() {
        // Three times 0.97 added up and divided by 3 is not 0.97 in the last bit.
        for value in [0.97, 0.75] {
            let found = interquartile_mean(&[value; 3]).unwrap();
            assert_near(two_sided(&found, 0.5), 0.25);
            assert_eq!(found.interval(0.025), None);
            let pairs = [(value, 0.95), (value + 0.01, 0.96), (value + 0.02, 0.97)];
            assert_eq!(paired_difference_of_interquartile_means(&pairs).unwrap().interval(0.025), None);
        }
    }

    #[test]
    fn where_all_values_kept_are_one_the_others_still_speak() {
        // 6 of 8 values are above 0.5 and 1 is below: 6 coins or more of 8 are heads with probability 37 / 256, 1 or more with 255 / 256.
        let iqm = interquartile_mean(&[0.4, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.7]).unwrap();
        assert_near(iqm.estimate, 0.6);
        assert_near(iqm.p_above(0.5), 37.0 / 256.0);
        assert_near(iqm.p_below(0.5), 255.0 / 256.0);
    }

    #[test]
    fn differences_agree_with_scipy() {
        // scipy.stats.ttest_ind(A, B, equal_var=False, trim=0.25) and the same with trim=0.
        assert_near(two_sided(&difference_of_interquartile_means(&A, &B).unwrap(), 0.0), 0.08315342853657008);
        let difference = difference_of_means(&A, &B).unwrap();
        assert_near(two_sided(&difference, 0.0), 0.0488646607324689);
        assert_interval(&difference, 8.200049221491557e-06, 0.002748942807921411);
    }

    #[test]
    fn paired_differences_agree_with_scipy_and_numpy() {
        // scipy.stats.ttest_rel(A[:3], C[:3]), of which nothing is left out, and Yuen's formula in NumPy for all eight.
        let pairs: Vec<(f64, f64)> = A.into_iter().zip(C).collect();
        let differences: Vec<f64> = A.iter().zip(C).map(|(a, c)| a - c).collect();
        let of_three = paired_difference_of_interquartile_means(&pairs[..3]).unwrap();
        assert_near(two_sided(&of_three, 0.0), two_sided(&arithmetic_mean(&differences[..3]).unwrap(), 0.0));
        assert_near(two_sided(&arithmetic_mean(&differences).unwrap(), 0.0), 0.3345916459426094);
        let of_all = paired_difference_of_interquartile_means(&pairs).unwrap();
        assert_near(of_all.estimate, 0.00017499999999992522);
        assert_interval(&of_all, -0.00043352584293527966, 0.0007835258429351301);
    }

    #[test]
    fn the_median_agrees_with_scipy() {
        // scipy.stats.quantile_test(A, q=0.974, alternative='greater') and its interval: six of eight values lie above 0.974.
        let median = median(&A).unwrap();
        assert_near(median.p_above(0.974), 0.14453125);
        assert_interval(&median, 0.9729, 0.976);
    }

    #[test]
    fn the_error_of_a_median_by_hand() {
        // Nine values: rank 5 - 3 = 2, so the second and the eighth, beyond which lie P(at least 8 of 9 heads) = 10 / 512.
        let values: Vec<f64> = (1..=9).map(f64::from).collect();
        let expected = (8.0 - 2.0) / (2.0 * normal_quantile(10.0 / 512.0));
        assert_near(squared_error_of_median(&values).unwrap(), expected * expected);
        assert_eq!(difference_of_medians(&values, &[4.0; 9]).unwrap().estimate, 1.0);
    }

    #[test]
    fn resampled_distances_of_a_normal_sample_are_nearly_those_of_students_t() {
        let mut stream = Stream::new(5, Purpose::Data, 0);
        let values: Vec<f64> = (0..200).map(|_| stream.normal()).collect();
        let resampled = arithmetic_mean(&values).unwrap();
        assert!(matches!(resampled.distribution, SamplingDistribution::Resampled { .. }));
        let sorted = sorted(&values);
        let student = Inference {
            distribution: student(TrimmedMean::new(&sorted, 0).unwrap().squared_error, 199.0, 200),
            ..resampled.clone()
        };
        let (found, expected) = (resampled.interval(0.025).unwrap(), student.interval(0.025).unwrap());
        assert!((found.low - expected.low).abs() < 0.1 * expected.half_width(), "{found:?} {expected:?}");
        assert!((found.high - expected.high).abs() < 0.1 * expected.half_width(), "{found:?} {expected:?}");
    }

    #[test]
    fn the_same_values_in_any_order_have_the_same_interval() {
        let values: Vec<f64> = (0..15).map(|i| f64::from(i * 7 % 15)).collect();
        let reversed: Vec<f64> = values.iter().rev().copied().collect();
        assert_eq!(interquartile_mean(&values), interquartile_mean(&reversed));
    }

    #[test]
    fn runs_that_diverged_are_left_out_with_the_worst_quarter_and_no_more_of_them() {
        let with = |diverged: usize| {
            let mut values: Vec<f64> = (0..8).map(f64::from).collect();
            values[..diverged].fill(f64::NEG_INFINITY);
            values
        };
        assert_eq!(interquartile_mean(&with(2)).unwrap().estimate, interquartile_mean(&with(0)).unwrap().estimate);
        assert_eq!(interquartile_mean(&with(3)), None);
        assert_eq!(difference_of_interquartile_means(&with(0), &with(3)), None);
        assert_eq!(arithmetic_mean(&with(1)), None);
        assert!(median(&with(3)).is_some());
    }

    #[test]
    fn two_values_say_nothing_of_their_error_and_equal_ones_leave_the_sign_test() {
        let two = arithmetic_mean(&[1.0, 2.0]).unwrap();
        assert_eq!((two.estimate, two.p_above(0.0), two.interval(0.025)), (1.5, 1.0, None));
        let equal = interquartile_mean(&[1.0; 15]).unwrap();
        assert_eq!(equal.interval(0.025), Some(crate::analysis::stats::inference::Interval { low: 1.0, high: 1.0 }));
        assert_near(equal.p_above(0.99), 0.5f64.powi(15));
        assert_eq!(equal.p_above(1.0), 1.0);
        assert_eq!(interquartile_mean(&[1.0; 5]).unwrap().interval(0.025), None);
    }
}
