//! The range test of learning rates: one batch after another at an ever higher rate, and what becomes of the loss.
//!
//! In: a network and a job, the first and the last rate. Out: each replica's loss at each rate, smoothed, and the rate it suggests.
//! Smith, "Cyclical learning rates for training neural networks", 2017.

use anyhow::{Result, ensure};
use burn::module::Module;

use crate::nn::models::Network;
use crate::train::Job;
use crate::train::batch::Batcher;
use crate::train::step::TrainStep;

/// Share of the past in the smoothed loss.
const MEMORY: f64 = 0.95;
/// The test ends where the smoothed loss is this many times the lowest it was.
const BLOWN_UP: f64 = 4.0;
/// Batches before which the smoothed loss is none to judge by.
const WARM: usize = 10;

/// What to try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRange {
    /// The first rate.
    pub from: f64,
    /// The last rate.
    pub to: f64,
    /// Batches.
    pub steps: usize,
}

/// What a replica's loss did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LossCurve {
    /// The rate of each batch.
    pub rates: Vec<f64>,
    /// The loss of each batch, before its step.
    pub losses: Vec<f64>,
    /// The same, smoothed: the exponential moving average, corrected for its start at 0 (as in Adam: Kingma and Ba, 2015).
    pub smoothed: Vec<f64>,
    average: f64,
    lowest: f64,
}

impl RateRange {
    /// # Errors
    /// The rates are not above 0 and rising.
    pub fn validate(&self) -> Result<()> {
        let Self { from, to, .. } = *self;
        ensure!(from.is_finite() && from > 0.0, "--from {from}: the first rate must be above 0");
        ensure!(to.is_finite() && to > from, "--to {to}: the last rate must be above the first, {from}");
        Ok(())
    }

    /// The rate of a batch: evenly in its logarithm.
    pub fn rate(&self, step: usize) -> f64 {
        let share = step as f64 / (self.steps - 1).max(1) as f64;
        self.from * libm::exp(share * libm::log(self.to / self.from))
    }
}

/// Tries the range on every replica of a stack; ends early where all losses have blown up.
pub fn find(model: Network, job: &Job, range: RateRange) -> Vec<LossCurve> {
    let mut train_step = TrainStep::new(job);
    let mut model = model.train();
    let per_epoch = job.train.count().div_ceil(job.config.batch_size);
    let mut curves = vec![LossCurve::default(); job.seeds.len()];
    let mut batches = Batcher::new(job, 0);
    for step in 0..range.steps {
        if step > 0 && step % per_epoch == 0 {
            batches = Batcher::new(job, step / per_epoch);
        }
        let (next, output) = train_step.step(model, &mut batches, range.rate(step));
        model = next;
        let losses = output.losses.inner().into_data();
        for (curve, loss) in curves.iter_mut().zip(losses.iter::<f32>()) {
            curve.record(range.rate(step), f64::from(loss));
        }
        if curves.iter().all(LossCurve::has_blown_up) {
            break;
        }
    }
    curves
}

impl LossCurve {
    fn record(&mut self, rate: f64, loss: f64) {
        if self.has_blown_up() {
            return;
        }
        self.rates.push(rate);
        self.losses.push(loss);
        self.average = MEMORY * self.average + (1.0 - MEMORY) * loss;
        let smoothed = self.average / (1.0 - MEMORY.powi(self.losses.len() as i32));
        self.smoothed.push(smoothed);
        self.lowest = if self.losses.len() == 1 { smoothed } else { self.lowest.min(smoothed) };
    }

    /// Whether the loss has blown up.
    fn has_blown_up(&self) -> bool {
        let Some(last) = self.smoothed.last() else { return false };
        self.smoothed.len() > WARM && !(last.is_finite() && *last <= BLOWN_UP * self.lowest)
    }

    /// The rate at which the smoothed loss falls most steeply along the logarithm of the rate; `None` where it never falls.
    pub fn steepest(&self) -> Option<f64> {
        let slope = |i: usize| {
            let (left, right) = (i.saturating_sub(2), (i + 2).min(self.rates.len() - 1));
            (self.smoothed[right] - self.smoothed[left]) / (self.rates[right] / self.rates[left]).ln()
        };
        let best = (WARM.min(self.rates.len())..self.lowest()?.0).min_by(|&a, &b| slope(a).total_cmp(&slope(b)))?;
        // Rounding makes slopes of its own.
        (slope(best) < -1e-9 * self.smoothed[best].abs()).then(|| self.rates[best])
    }

    /// A tenth of the rate at which the smoothed loss is lowest: the usual other suggestion.
    pub fn tenth_of_lowest(&self) -> Option<f64> {
        self.lowest().map(|(index, _)| self.rates[index] / 10.0)
    }

    fn lowest(&self) -> Option<(usize, f64)> {
        let all = self.smoothed.iter().copied().enumerate().skip(WARM).filter(|(_, loss)| loss.is_finite());
        all.min_by(|a, b| a.1.total_cmp(&b.1))
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
    fn rates_rise_by_one_factor_from_the_first_to_the_last() {
        assert!((RANGE.rate(0) - 1e-4).abs() < 1e-12 && (RANGE.rate(200) - 1.0).abs() < 1e-9);
        assert!((RANGE.rate(100) - 1e-2).abs() < 1e-9);
        assert!(
            RateRange { from: 0.0, ..RANGE }.validate().is_err() && RateRange { to: 1e-5, ..RANGE }.validate().is_err()
        );
    }

    #[test]
    fn a_constant_loss_stays_itself_when_smoothed_and_suggests_nothing() {
        let flat = curve(|_| 2.0);
        assert!(flat.smoothed.iter().all(|loss| (loss - 2.0).abs() < 1e-12));
        assert_eq!(flat.steepest(), None);
    }

    #[test]
    fn the_suggestion_is_where_a_step_down_is_steepest() {
        // A smooth step from 2 to 1 around a rate of 0.01, blowing up beyond 0.3; the smoothing lags by about a dozen batches.
        let step = curve(|rate| 1.0 + 1.0 / (1.0 + (rate / 0.01).powi(4)) + if rate > 0.3 { 100.0 } else { 0.0 });
        let found = step.steepest().unwrap();
        assert!((0.008..0.025).contains(&found), "{found}");
        assert!(step.rates.len() < RANGE.steps, "it ends where the loss blows up");
        assert!(step.tenth_of_lowest().unwrap() > 0.01);
    }
}
