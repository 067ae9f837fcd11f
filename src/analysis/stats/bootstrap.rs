//! The percentile bootstrap (Efron, 1979): an interval for any statistic of a sample.

use serde::{Deserialize, Serialize};

use super::describe::quantile;
use super::{CONFIDENCE, MIN_SEEDS_FOR_INTERVAL};
use crate::seed::Stream;

/// The number of resamples of each interval.
const RESAMPLES: usize = 10_000;

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies in the interval, ends included.
    #[cfg(test)]
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Half the width of the interval.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

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
    use crate::analysis::stats::describe::{interquartile_mean, mean};
    use crate::seed::Purpose;

    fn stream(counter: u64) -> Stream {
        Stream::new(9, Purpose::Bootstrap, counter)
    }

    #[test]
    fn the_interval_of_a_mean_is_the_normal_one_for_a_large_sample() {
        let mut normal = Stream::new(1, Purpose::Data, 0);
        let values: Vec<f64> = (0..400).map(|_| normal.normal()).collect();
        let interval = bootstrap_sample(&values, mean, &mut stream(0)).unwrap();
        let expected = 1.96 / 400f64.sqrt();
        assert!((interval.half_width() / expected - 1.0).abs() < 0.1, "{interval:?}");
        assert!(interval.contains(mean(&values)));
    }

    #[test]
    fn it_covers_the_truth_about_as_often_as_it_says() {
        let covered = (0..300u64)
            .filter(|&round| {
                let mut normal = Stream::new(round, Purpose::Data, 1);
                let values: Vec<f64> = (0..15).map(|_| normal.normal()).collect();
                let mut drawn = vec![0.0; 15];
                let statistic = |indices: &[usize]| {
                    indices.iter().zip(&mut drawn).for_each(|(&i, d)| *d = values[i]);
                    interquartile_mean(&drawn)
                };
                resample(15, 1_000, statistic, &mut stream(round)).unwrap().contains(0.0)
            })
            .count();
        // Percentile intervals are a little narrow at 15 values; 300 rounds have a standard error of 1.5 %.
        assert!((255..=296).contains(&covered), "{covered} of 300");
    }

    #[test]
    fn too_few_values_have_no_interval_and_equal_ones_a_point() {
        assert_eq!(bootstrap_sample(&[1.0, 2.0], mean, &mut stream(0)), None);
        assert_eq!(bootstrap_sample(&[3.0; 5], mean, &mut stream(0)), Some(Interval { low: 3.0, high: 3.0 }));
    }

    #[test]
    fn the_stream_decides_the_interval() {
        let values = [1.0, 5.0, 2.0, 8.0, 3.0];
        assert_eq!(bootstrap_sample(&values, mean, &mut stream(4)), bootstrap_sample(&values, mean, &mut stream(4)));
    }
}
