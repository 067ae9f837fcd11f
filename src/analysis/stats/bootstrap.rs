//! The percentile bootstrap (Efron, 1979): an interval for any statistic of a sample.

use super::describe::quantile;
use super::inference::Interval;
use super::{CONFIDENCE, MIN_SEEDS_FOR_INTERVAL};
use crate::seed::Stream;

/// The number of resamples of each interval.
const RESAMPLES: usize = 10_000;

/// The interval of a statistic of `n` values, which is computed from resamples of the indices `0..n`: so all values that belong to one
/// seed are drawn together. `None` for fewer than [`MIN_SEEDS_FOR_INTERVAL`] values.
pub fn bootstrap(n: usize, statistic: impl FnMut(&[usize]) -> f64, stream: &mut Stream) -> Option<Interval> {
    resample(n, RESAMPLES, statistic, stream)
}

fn resample(
    n: usize,
    resamples: usize,
    mut statistic: impl FnMut(&[usize]) -> f64,
    stream: &mut Stream,
) -> Option<Interval> {
    if n < MIN_SEEDS_FOR_INTERVAL {
        return None;
    }
    let mut drawn = vec![0; n];
    let mut estimates: Vec<f64> = (0..resamples)
        .map(|_| {
            drawn.fill_with(|| stream.below(n as u32) as usize);
            statistic(&drawn)
        })
        .collect();
    estimates.sort_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    Some(Interval { low: quantile(&estimates, tail), high: quantile(&estimates, 1.0 - tail) })
}

/// The interval of a statistic of one sample. `None` for fewer than [`MIN_SEEDS_FOR_INTERVAL`] values.
pub fn bootstrap_sample(values: &[f64], statistic: fn(&[f64]) -> f64, stream: &mut Stream) -> Option<Interval> {
    let mut drawn = Vec::with_capacity(values.len());
    bootstrap(
        values.len(),
        |indices| {
            drawn.clear();
            drawn.extend(indices.iter().map(|&index| values[index]));
            statistic(&drawn)
        },
        stream,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::describe::mean;
    use crate::seed::Purpose;

    fn stream(counter: u64) -> Stream {
        Stream::new(9, Purpose::Bootstrap, counter)
    }

    fn normal_sample(n: usize, counter: u64) -> Vec<f64> {
        let mut stream = Stream::new(1, Purpose::Data, counter);
        (0..n).map(|_| stream.normal()).collect()
    }

    #[test]
    fn the_ends_are_the_quantiles_of_the_resampled_means_worked_by_hand() {
        // The mean of a resample of n zeros and ones is binomial over n: with 2 ones of 5, P(5 ones) = 0.4^5 = 0.010 is
        // less than 0.025, P(4 or 5) = 0.087 is more, and so is P(0) = 0.6^5 = 0.078; with 1 one of 3, P(3) = 0.037. A
        // level of 90 % or 99 % would have other ends.
        for (values, low, high) in [
            (&[0.0, 0.0, 0.0, 1.0, 1.0][..], 0.0, 0.8),
            (&[1.0, 1.0, 1.0, 0.0, 0.0], 0.2, 1.0),
            (&[0.0, 0.0, 1.0], 0.0, 1.0),
        ] {
            let interval = bootstrap_sample(values, mean, &mut stream(0)).unwrap();
            assert!(
                (interval.low - low).abs() < 1e-12 && (interval.high - high).abs() < 1e-12,
                "{values:?}: {interval:?}"
            );
        }
    }

    #[test]
    fn the_interval_of_the_mean_of_a_large_sample_is_the_normal_one() {
        let values = normal_sample(400, 0);
        let centre = mean(&values);
        let variance = values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / 400.0;
        let half_width = 1.96 * (variance / 400.0).sqrt();
        let interval = bootstrap_sample(&values, mean, &mut stream(0)).unwrap();
        // The 0.025 quantile of 10,000 resamples has a standard error of 1.4 % of the half-width.
        assert!((interval.low - (centre - half_width)).abs() < 0.05 * half_width, "{interval:?}");
        assert!((interval.high - (centre + half_width)).abs() < 0.05 * half_width, "{interval:?}");
    }

    #[test]
    fn the_interval_covers_the_true_mean_as_often_as_theory_says() {
        const ROUNDS: u64 = 2_000;
        let covers = |round: &u64| {
            let values = normal_sample(15, *round);
            let statistic = |indices: &[usize]| indices.iter().map(|&index| values[index]).sum::<f64>() / 15.0;
            resample(15, 1_000, statistic, &mut stream(*round)).unwrap().contains(0.0)
        };
        let covered = (0..ROUNDS).filter(covers).count() as f64 / ROUNDS as f64;
        // The interval is the mean ± 1.96 sqrt(14 / 15) standard errors, so it covers 0 if a t of 14 degrees of freedom
        // is within 1.893: with probability 0.921, of which the standard error is 0.006 here. A level of 90 % would
        // give 0.866, of 99 % 0.974.
        assert!((covered - 0.921).abs() < 0.02, "{covered}");
    }

    #[test]
    fn fewer_than_three_values_have_no_interval_and_equal_ones_a_point() {
        assert_eq!(bootstrap_sample(&[1.0, 2.0], mean, &mut stream(0)), None);
        assert_eq!(bootstrap_sample(&[3.0; 3], mean, &mut stream(0)), Some(Interval { low: 3.0, high: 3.0 }));
    }

    #[test]
    fn the_same_stream_gives_the_same_interval_and_another_one_another() {
        let values = normal_sample(20, 0);
        let interval = |counter| bootstrap_sample(&values, mean, &mut stream(counter)).unwrap();
        assert_eq!(interval(4), interval(4));
        assert_ne!(interval(4), interval(5));
    }
}
