//! What so many runs can show, before they are made: from the spread of runs, how small a difference is called, and how wide intervals are.
//!
//! In: a standard deviation of runs, a number of runs of each arm, the level of a test. Out: numbers in the units of the standard deviation,
//! for values that are about normally distributed.

use super::MIN_SEEDS_FOR_INTERVAL;
use super::describe::cut;
use super::inference::{coins_at_least, student_quantile};

/// The probability that a difference of the size given is called.
pub const POWER: f64 = 0.8;
/// The variance of a mean without a quarter of the values at either end, over that of the mean, for many normal values: the integral of the
/// squared influence function, which is x within the quartiles, at 0.6745 standard deviations, and constant outside of them, over 1/4.
const OF_INTERQUARTILE_MEAN: f64 = 1.195;

/// The difference of two interquartile means that is called with probability [`POWER`]; `None` for too few runs.
pub fn least_difference(sd: f64, runs: usize, level: f64) -> Option<f64> {
    let freedom = 2.0 * degrees_of_freedom(runs)?;
    let distance = student_quantile(level / 2.0, freedom) + student_quantile(1.0 - POWER, freedom);
    Some(distance * error(sd, runs) * 2.0f64.sqrt())
}

/// Half the width of the interval of an interquartile mean; `None` for too few runs.
pub fn half_width(sd: f64, runs: usize, level: f64) -> Option<f64> {
    Some(student_quantile(level / 2.0, degrees_of_freedom(runs)?) * error(sd, runs))
}

/// Half the width of the interval of the difference of two interquartile means; `None` for too few runs.
pub fn half_width_of_difference(sd: f64, runs: usize, level: f64) -> Option<f64> {
    Some(student_quantile(level / 2.0, 2.0 * degrees_of_freedom(runs)?) * error(sd, runs) * 2.0f64.sqrt())
}

/// The smallest p-value that a sign test of so many runs can have.
pub fn least_p_of_median(runs: usize) -> f64 {
    (2.0 * coins_at_least(runs, runs)).min(1.0)
}

fn degrees_of_freedom(runs: usize) -> Option<f64> {
    (runs >= MIN_SEEDS_FOR_INTERVAL).then(|| (runs - 2 * cut(runs)) as f64 - 1.0)
}

fn error(sd: f64, runs: usize) -> f64 {
    let factor = if cut(runs) == 0 { 1.0 } else { OF_INTERQUARTILE_MEAN };
    sd * (factor / runs as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::hypothesis::{Answer, Region, Tested};
    use crate::analysis::stats::location::difference_of_interquartile_means;
    use crate::seed::{Purpose, Stream};

    #[test]
    fn four_of_five_simulated_comparisons_call_the_difference() {
        for (runs, level) in [(8, 0.05), (15, 0.05), (15, 0.0125), (40, 0.01)] {
            let difference = least_difference(2.0, runs, level).unwrap();
            let calls = (0..400).filter(|&round| {
                let mut stream = Stream::new(runs as u64, Purpose::Data, round);
                let mut sample = |mean: f64| -> Vec<f64> { (0..runs).map(|_| mean + 2.0 * stream.normal()).collect() };
                let (a, b) = (sample(difference), sample(0.0));
                let mut tested = Tested::new(difference_of_interquartile_means(&a, &b).unwrap(), Region::Above(0.0));
                tested.decision.level = level;
                tested.answer() == Answer::Yes
            });
            let share = calls.count() as f64 / 400.0;
            // The standard error of the share is 0.02; trimming a fifth or a quarter is a little better than a quarter of many.
            assert!((0.72..0.88).contains(&share), "{runs} runs at {level}: {share}");
        }
    }

    #[test]
    fn two_runs_show_nothing() {
        assert_eq!((least_difference(1.0, 2, 0.05), half_width(1.0, 2, 0.05)), (None, None));
        // Five runs on one side of a number: 2 / 2^5.
        assert!((least_p_of_median(5) - 0.0625).abs() < 1e-12);
    }
}
