//! Summary statistics of one sample.

use serde::{Deserialize, Serialize};

/// Summary statistics of a sample of at least one value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The number of values.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation with n - 1 in the denominator; `None` for one value.
    pub sd: Option<f64>,
    /// The smallest value.
    pub min: f64,
    /// First quartile.
    pub q1: f64,
    /// Second quartile.
    pub median: f64,
    /// Third quartile.
    pub q3: f64,
    /// The largest value.
    pub max: f64,
    /// The interquartile mean: see [`interquartile_mean`]. `None` where it is not finite.
    pub iqm: Option<f64>,
}

/// The summary statistics of a sample; `None` for one without a finite value. An infinite value is a run that diverged: it counts for the
/// interquartile mean, which leaves out some values at either end, and for nothing else.
pub fn describe(values: &[f64]) -> Option<Description> {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let sorted = sorted(&finite);
    let (&min, &max) = (sorted.first()?, sorted.last()?);
    Some(Description {
        n: sorted.len(),
        mean: mean(&sorted),
        sd: sd(&sorted),
        min,
        q1: quantile(&sorted, 0.25),
        median: median(&sorted),
        q3: quantile(&sorted, 0.75),
        max,
        iqm: Some(interquartile_mean(values)).filter(|iqm| iqm.is_finite()),
    })
}

/// The mean without the lowest and the highest `floor(n / 4)` values, as in SciPy's `trim_mean(x, 0.25)` and rliable's IQM (Agarwal et
/// al., "Deep reinforcement learning at the edge of the statistical precipice", 2021). NaN for no values.
pub fn interquartile_mean(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let cut = cut(sorted.len());
    mean(&sorted[cut..sorted.len() - cut])
}

/// How many of `n` values the interquartile mean leaves out at either end.
pub fn cut(n: usize) -> usize {
    n / 4
}

/// Arithmetic mean; NaN for no values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation with n - 1 in the denominator; `None` for fewer than two values.
pub fn sd(values: &[f64]) -> Option<f64> {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// The middle value, or the mean of the two in the middle; NaN for no values.
pub fn median(values: &[f64]) -> f64 {
    quantile(&sorted(values), 0.5)
}

/// The quantile of a *sorted* sample at a share of 0 to 1, by linear interpolation between order statistics: Hyndman and Fan's type 7
/// (1996), the default of R, NumPy and pandas. NaN for no values.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = share * last as f64;
    let low = position.floor() as usize;
    let high = (low + 1).min(last);
    let share = position - low as f64;
    // Values may be infinite, and their difference not a number.
    if share == 0.0 || sorted[low].is_infinite() {
        sorted[low]
    } else {
        sorted[low] + share * (sorted[high] - sorted[low])
    }
}

/// The values in increasing order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_beside_runs_that_diverged_are_numbers_or_infinite() {
        let infinity = f64::INFINITY;
        assert_eq!(median(&[1.0, 2.0, 3.0, infinity, infinity]), 3.0);
        assert_eq!(median(&[1.0, 2.0, infinity, infinity]), infinity);
        assert_eq!(median(&[-infinity, -infinity, 1.0, 2.0]), -infinity);
        assert_eq!(median(&[-infinity, -infinity, -infinity, 2.0]), -infinity);
    }

    #[test]
    fn a_hand_worked_sample() {
        let d = describe(&[4.0, 1.0, 3.0, 2.0, 10.0]).unwrap();
        assert_eq!((d.n, d.mean, d.min, d.max), (5, 4.0, 1.0, 10.0));
        assert_eq!((d.q1, d.median, d.q3), (2.0, 3.0, 4.0));
        assert!((d.sd.unwrap() - 12.5f64.sqrt()).abs() < 1e-12);
        // One value cut at each end.
        assert_eq!(d.iqm, Some(3.0));
    }

    #[test]
    fn quartiles_interpolate_as_numpy_does() {
        // numpy.percentile([1, 2, 3, 4], [25, 50, 75]) is 1.75, 2.5, 3.25.
        let d = describe(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!((d.q1, d.median, d.q3), (1.75, 2.5, 3.25));
        assert_eq!(d.iqm, Some(2.5));
    }

    #[test]
    fn small_samples_have_no_made_up_numbers() {
        assert_eq!(describe(&[]), None);
        let one = describe(&[7.0]).unwrap();
        assert_eq!((one.sd, one.median, one.iqm), (None, 7.0, Some(7.0)));
    }

    #[test]
    fn a_run_that_diverged_is_the_worst_value_of_the_interquartile_mean_and_no_value_of_the_rest() {
        // Of five values one is left out at either end: 1 and the infinite one, or one of two infinite ones.
        let d = describe(&[1.0, 2.0, 3.0, 4.0, f64::INFINITY]).unwrap();
        assert_eq!((d.n, d.iqm, d.mean, d.max), (4, Some(3.0), 2.5, 4.0));
        assert_eq!(describe(&[1.0, 2.0, 3.0, f64::INFINITY, f64::INFINITY]).unwrap().iqm, None);
        assert_eq!(describe(&[f64::INFINITY; 3]), None);
    }
}
