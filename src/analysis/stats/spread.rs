//! How much the runs of an arm differ: standard deviations, of one arm against a number and of two against each other.

use super::SIGNIFICANCE;
use super::describe::{mean, median, sd, sorted};
use super::inference::{Inference, Interval, SamplingDistribution, normal_quantile};
use super::location::student;

/// The standard deviation of one arm: Bonett, "Approximate confidence interval for standard deviation of nonnormal distributions", 2006,
/// whose error grows with the kurtosis. `None` for fewer than four finite values or where all are equal.
pub fn standard_deviation(values: &[f64]) -> Option<Inference> {
    let (estimate, error) = with_log_error(values)?;
    Some(Inference { estimate, distribution: SamplingDistribution::Spread { error, values: values.len() as f64 } })
}

/// The standard deviation, and the standard error of its logarithm without Bonett's factor for small samples.
fn with_log_error(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    if values.len() < 4 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let estimate = sd(values)?;
    // The kurtosis about a trimmed mean, with 1 / (2 sqrt(n - 4)) left out at either end.
    let share = if n > 4.0 { 1.0 / (2.0 * (n - 4.0).sqrt()) } else { 0.0 };
    let cut = (share * n).floor().min(((values.len() - 1) / 2) as f64) as usize;
    let ordered = sorted(values);
    let centre = mean(&ordered[cut..ordered.len() - cut]);
    let fourth: f64 = values.iter().map(|value| (value - centre).powi(4)).sum();
    let second: f64 = values.iter().map(|value| (value - mean(values)).powi(2)).sum();
    let kurtosis = n * fourth / (second * second);
    // The variance of the logarithm of a variance; half of its root is that of a standard deviation.
    let error = ((kurtosis - (n - 3.0) / n) / (n - 1.0)).max(0.0).sqrt() / 2.0;
    (estimate > 0.0 && error.is_finite()).then_some((estimate, error))
}

/// The variance of one arm over that of another, with its 95 % interval: the logarithm of the ratio is taken as normal, with the errors of both
/// logarithms. `None` where an arm has no [`standard_deviation`].
pub fn ratio_of_variances(a: &[f64], b: &[f64]) -> Option<(f64, Interval)> {
    let ((sd_a, error_a), (sd_b, error_b)) = (with_log_error(a)?, with_log_error(b)?);
    let ratio = (sd_a / sd_b).powi(2);
    // A variance's logarithm is twice that of its root.
    let factor = (2.0 * normal_quantile(SIGNIFICANCE / 2.0) * error_a.hypot(error_b)).exp();
    Some((ratio, Interval { low: ratio / factor, high: ratio * factor }))
}

/// The mean distance from the median, of one arm less that of another: Brown and Forsythe, "Robust tests for the equality of variances",
/// 1974, with two groups. `None` where an arm has fewer than two values or an infinite one.
pub fn difference_of_spreads(a: &[f64], b: &[f64]) -> Option<Inference> {
    let distances = |values: &[f64]| -> Option<Vec<f64>> {
        let middle = median(values);
        let all: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
        (all.len() > 1 && all.iter().all(|distance| distance.is_finite())).then_some(all)
    };
    let (a, b) = (distances(a)?, distances(b)?);
    let squares = |values: &[f64]| {
        let centre = mean(values);
        values.iter().map(|value| (value - centre).powi(2)).sum::<f64>()
    };
    let (n, m) = (a.len() as f64, b.len() as f64);
    let degrees_of_freedom = n + m - 2.0;
    let squared_error = (squares(&a) + squares(&b)) / degrees_of_freedom * (1.0 / n + 1.0 / m);
    let distribution = student(squared_error, degrees_of_freedom, a.len().min(b.len()));
    Some(Inference { estimate: mean(&a) - mean(&b), distribution })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f64; 8] = [0.9743, 0.9751, 0.9738, 0.9760, 0.9747, 0.9729, 0.9755, 0.9741];
    const B: [f64; 7] = [0.9731, 0.9744, 0.9722, 0.9750, 0.9739, 0.9725, 0.9711];

    #[test]
    fn the_difference_of_spreads_has_the_p_value_of_scipys_levene() {
        // scipy.stats.levene(A, B, center='median')
        let found = difference_of_spreads(&A, &B).unwrap();
        let p = 2.0 * found.p_above(0.0).min(found.p_below(0.0));
        assert!((p - 0.3802548143589879).abs() < 1e-9, "{p}");
    }

    #[test]
    fn the_error_of_a_standard_deviation_by_hand() {
        // Deviations -2, -1, 0, 1, 2 about mean and trimmed mean: squares 10, fourth powers 34, kurtosis 5 * 34 / 100 = 1.7.
        let found = standard_deviation(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!((found.estimate - 2.5f64.sqrt()).abs() < 1e-12);
        let error = ((1.7 - 0.4) / 4.0f64).sqrt() / 2.0;
        let interval = found.interval(0.025).unwrap();
        let z = 1.959_963_984_540_054;
        let factor = 5.0 / (5.0 - z);
        let end = |z: f64| ((factor * 2.5f64).ln() / 2.0 + z * factor * error).exp();
        assert!((interval.low - end(-z)).abs() < 1e-9, "{interval:?}");
        assert!((interval.high - end(z)).abs() < 1e-9, "{interval:?}");
    }

    #[test]
    fn the_ratio_of_two_variances_by_hand() {
        // Standard deviations 2 to 1 and the same shape: each logarithm has the error of the test above.
        let a = [1.0, 2.0, 3.0, 4.0, 5.0];
        let (ratio, interval) = ratio_of_variances(&a.map(|value| 2.0 * value), &a).unwrap();
        assert!((ratio - 4.0).abs() < 1e-12);
        let error = ((1.7 - 0.4) / 4.0f64).sqrt() / 2.0;
        let factor = (2.0 * 1.959_963_984_540_054 * error * 2.0f64.sqrt()).exp();
        assert!((interval.low - 4.0 / factor).abs() < 1e-9 && (interval.high - 4.0 * factor).abs() < 1e-9);
        assert_eq!(ratio_of_variances(&a, &[1.0; 5]), None);
    }

    #[test]
    fn a_run_that_diverged_has_no_spread() {
        assert_eq!(standard_deviation(&[1.0, 2.0, 3.0, 4.0, f64::INFINITY]), None);
        assert_eq!(difference_of_spreads(&A, &[1.0, f64::INFINITY]), None);
    }
}
