//! The learning-rate range test (Smith, "Cyclical learning rates for training neural networks", 2017): the rate rises
//! from batch to batch until the loss diverges.
//!
//! In: a stack of networks, a job, the first and the last rate. Out: for each replica the loss at each rate, smoothed,
//! and the rates that it suggests.

use anyhow::{Result, ensure};

use crate::nn::models::Network;
use crate::train::Job;
use crate::train::step::Steps;

/// The decay of the exponential moving average that smooths the loss.
const SMOOTHING_BETA: f64 = 0.95;
/// The loss has diverged when its smoothed value is above this multiple of its minimum so far (as in fastai's
/// `lr_find`).
const SMOOTHED_LOSS_DIVERGENCE_FACTOR: f64 = 4.0;
/// The number of first batches that neither end the test nor are suggested, because their smoothed loss has too few
/// terms.
const WARMUP_STEPS: usize = 10;

/// The learning rates of the test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRange {
    /// The first rate, above 0.
    pub from: f64,
    /// The last rate, above the first.
    pub to: f64,
    /// Number of batches.
    pub steps: usize,
}

/// The training loss of one replica over the batches of the test.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LossCurve {
    /// The rate of each batch.
    pub rates: Vec<f64>,
    /// The loss of each batch, before its step.
    pub losses: Vec<f64>,
    /// The smoothed loss of each batch: an exponential moving average with bias correction (as in Adam: Kingma and Ba,
    /// 2015).
    pub smoothed: Vec<f64>,
    /// The moving average before its bias correction.
    average: f64,
    /// The smallest smoothed loss so far.
    minimum: f64,
}

impl RateRange {
    /// Checks the rates.
    ///
    /// # Errors
    /// The first rate is not above 0, or the last one not above the first.
    pub fn validate(&self) -> Result<()> {
        let Self { from, to, .. } = *self;
        ensure!(from.is_finite() && from > 0.0, "--from {from}: the first rate must be a number above 0");
        ensure!(to.is_finite() && to > from, "--to {to}: the last rate must be above the first one, {from}");
        Ok(())
    }

    /// The rate of batch `step`, from 0; the logarithms of the rates are evenly spaced.
    pub fn rate(&self, step: usize) -> f64 {
        let fraction = step as f64 / (self.steps - 1).max(1) as f64;
        self.from * libm::exp(fraction * libm::log(self.to / self.from))
    }
}

/// Runs the test on every replica of a stack; it ends early when the losses of all replicas have diverged.
///
/// # Errors
/// The device failed.
pub fn find(model: Network, job: &Job, range: RateRange) -> Result<Vec<LossCurve>> {
    let mut steps = Steps::new(model, job)?;
    let per_epoch = job.train.count().div_ceil(job.config.batch_size);
    let mut curves = vec![LossCurve::default(); job.seeds.len()];
    for step in 0..range.steps {
        if step % per_epoch == 0 {
            steps.start_epoch(step / per_epoch)?;
        }
        steps.step(range.rate(step))?;
        for (curve, scores) in curves.iter_mut().zip(steps.take_scores()?) {
            curve.record(range.rate(step), scores.all.loss);
        }
        if curves.iter().all(LossCurve::has_diverged) {
            break;
        }
    }
    Ok(curves)
}

impl LossCurve {
    /// Adds the loss of the next batch, unless the loss has diverged.
    fn record(&mut self, rate: f64, loss: f64) {
        if self.has_diverged() {
            return;
        }
        self.rates.push(rate);
        self.losses.push(loss);
        self.average = SMOOTHING_BETA * self.average + (1.0 - SMOOTHING_BETA) * loss;
        let smoothed = self.average / (1.0 - SMOOTHING_BETA.powi(self.losses.len() as i32));
        self.smoothed.push(smoothed);
        self.minimum = if self.losses.len() == 1 { smoothed } else { self.minimum.min(smoothed) };
    }

    fn has_diverged(&self) -> bool {
        let Some(last) = self.smoothed.last() else { return false };
        self.smoothed.len() > WARMUP_STEPS
            && !(last.is_finite() && *last <= SMOOTHED_LOSS_DIVERGENCE_FACTOR * self.minimum)
    }

    /// The rate before the minimum at which the derivative of the smoothed loss by the logarithm of the rate is most
    /// negative; `None` if the loss never falls.
    pub fn steepest(&self) -> Option<f64> {
        let derivative = |i: usize| {
            let (left, right) = (i.saturating_sub(2), (i + 2).min(self.rates.len() - 1));
            (self.smoothed[right] - self.smoothed[left]) / libm::log(self.rates[right] / self.rates[left])
        };
        let best = (WARMUP_STEPS.min(self.rates.len())..self.minimum_index()?)
            .min_by(|&a, &b| derivative(a).total_cmp(&derivative(b)))?;
        // The rounding errors of a constant loss are no descent.
        (derivative(best) < -1e-9 * self.smoothed[best].abs()).then(|| self.rates[best])
    }

    /// A tenth of the rate at which the smoothed loss has its minimum, the other common suggestion (fastai's
    /// `minimum`); `None` if no smoothed loss after the warm-up is finite.
    pub fn tenth_of_lowest(&self) -> Option<f64> {
        self.minimum_index().map(|index| self.rates[index] / 10.0)
    }

    fn minimum_index(&self) -> Option<usize> {
        let all = self.smoothed.iter().copied().enumerate().skip(WARMUP_STEPS).filter(|(_, loss)| loss.is_finite());
        all.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: RateRange = RateRange { from: 1e-4, to: 1.0, steps: 201 };

    fn curve(loss: impl Fn(f64) -> f64) -> LossCurve {
        let mut curve = LossCurve::default();
        (0..RANGE.steps).for_each(|step| curve.record(RANGE.rate(step), loss(RANGE.rate(step))));
        curve
    }

    #[test]
    fn rates_rise_by_a_constant_factor_from_the_first_to_the_last() {
        assert!((RANGE.rate(0) - 1e-4).abs() < 1e-12 && (RANGE.rate(200) - 1.0).abs() < 1e-9);
        assert!((RANGE.rate(100) - 1e-2).abs() < 1e-9);
        assert!(
            RateRange { from: 0.0, ..RANGE }.validate().is_err() && RateRange { to: 1e-5, ..RANGE }.validate().is_err()
        );
    }

    #[test]
    fn a_constant_loss_is_unchanged_by_smoothing_and_suggests_no_rate() {
        let flat = curve(|_| 2.0);
        assert!(flat.smoothed.iter().all(|loss| (loss - 2.0).abs() < 1e-12));
        assert_eq!(flat.steepest(), None);
    }

    #[test]
    fn the_suggested_rate_is_where_the_loss_falls_most_steeply() {
        // The loss falls from 2 to 1 around a rate of 0.01 and diverges above 0.3; the smoothing lags by about twelve
        // batches.
        let step = curve(|rate| 1.0 + 1.0 / (1.0 + (rate / 0.01).powi(4)) + if rate > 0.3 { 100.0 } else { 0.0 });
        let found = step.steepest().unwrap();
        assert!((0.008..0.025).contains(&found), "{found}");
        assert!(step.rates.len() < RANGE.steps, "the test ends where the loss diverges");
        assert!(step.tenth_of_lowest().unwrap() > 0.01);
    }
}
