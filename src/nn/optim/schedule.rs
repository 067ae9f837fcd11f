//! Learning-rate schedules, as pure functions of the position in training.
//!
//! Burn's schedulers count their own calls. A closed form has no state, so a plotted schedule cannot differ from the one that a
//! training follows.

use serde::{Deserialize, Serialize};

/// A learning-rate schedule; `lr` is the optimizer's learning rate.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// `lr` in every step.
    #[default]
    Constant,
    /// `lr`, multiplied by `gamma` after every `every` epochs.
    Step {
        /// Epochs between two drops of the rate.
        every: usize,
        /// Factor of one drop.
        gamma: f64,
    },
    /// `lr`, multiplied by `gamma` after every epoch.
    Exponential {
        /// Factor of one epoch.
        gamma: f64,
    },
    /// Half a cosine from `lr` at the first step to 0 at the end of training: Loshchilov and Hutter, "SGDR: stochastic gradient
    /// descent with warm restarts", 2017, without restarts.
    Cosine,
    /// A straight line from 0 to `lr` over `warmup` epochs (Goyal et al., "Accurate, large minibatch SGD", 2017), then half a
    /// cosine to 0.
    WarmupCosine {
        /// Epochs in which the rate rises; may be a fraction.
        warmup: f64,
    },
    /// `[[epoch, rate], ...]`: each rate holds from its epoch on, epochs counted from 0. `lr` is not used.
    Piecewise(Vec<(usize, f64)>),
}

/// A position in training, before a step.
#[derive(Debug, Clone, Copy)]
pub struct TrainingPosition {
    /// Epochs finished.
    pub epoch: usize,
    /// Steps taken since training began.
    pub step: usize,
    /// Steps of one epoch.
    pub steps_per_epoch: usize,
    /// Epochs of the whole training.
    pub epochs: usize,
}

impl Schedule {
    /// The learning rate of the step that begins at this position.
    pub fn rate(&self, lr: f64, at: TrainingPosition) -> f64 {
        let done = at.step as f64 / at.steps_per_epoch as f64; // epochs, with their fraction
        let half_cosine = |share: f64| 0.5 * (1.0 + libm::cos(std::f64::consts::PI * share));
        match self {
            Self::Constant => lr,
            Self::Step { every, gamma } => lr * libm::pow(*gamma, (at.epoch / every) as f64),
            Self::Exponential { gamma } => lr * libm::pow(*gamma, at.epoch as f64),
            Self::Cosine => lr * half_cosine(done / at.epochs as f64),
            Self::WarmupCosine { warmup } if done < *warmup => {
                // The rise begins one step above 0, because a step with a rate of 0 would change nothing.
                lr * (done + 1.0 / at.steps_per_epoch as f64) / (warmup + 1.0 / at.steps_per_epoch as f64)
            }
            Self::WarmupCosine { warmup } => lr * half_cosine((done - warmup) / (at.epochs as f64 - warmup)),
            Self::Piecewise(pieces) => {
                let reached = pieces.iter().rev().find(|(epoch, _)| *epoch <= at.epoch);
                reached.map_or(lr, |(_, rate)| *rate)
            }
        }
    }

    /// # Errors
    /// A setting is out of its range; the message names it.
    pub fn validate(&self) -> Result<(), String> {
        let factor = |gamma: f64| {
            if gamma.is_finite() && gamma as f32 > 0.0 {
                Ok(())
            } else {
                Err(format!("`gamma` of `train.schedule` is {gamma}; it must be above 0"))
            }
        };
        match self {
            Self::Constant | Self::Cosine => Ok(()),
            Self::Step { every: 0, .. } => Err("`every` of `train.schedule` is 0; it must be at least 1 epoch".into()),
            Self::Step { gamma, .. } | Self::Exponential { gamma } => factor(*gamma),
            // A warm-up may be longer than the training; then the rate never reaches `lr`.
            Self::WarmupCosine { warmup } if warmup.is_finite() && *warmup >= 0.0 => Ok(()),
            Self::WarmupCosine { warmup } => {
                Err(format!("`warmup` of `train.schedule` is {warmup} epochs; it must be 0 or more"))
            }
            Self::Piecewise(pieces) => {
                let ordered = pieces.windows(2).all(|pair| pair[0].0 < pair[1].0);
                let positive = pieces.iter().all(|(_, rate)| rate.is_finite() && *rate as f32 > 0.0);
                if ordered && positive && pieces.first().is_some_and(|(epoch, _)| *epoch == 0) {
                    Ok(())
                } else {
                    Err("`piecewise` of `train.schedule` must be [epoch, rate] pairs, the first at \
                         epoch 0, epochs rising, rates above 0"
                        .into())
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(schedule: &Schedule) -> Vec<f64> {
        // Four epochs of two steps, `lr` 1.
        (0..8)
            .map(|step| schedule.rate(1.0, TrainingPosition { epoch: step / 2, step, steps_per_epoch: 2, epochs: 4 }))
            .collect()
    }

    #[test]
    fn every_schedule_by_hand() {
        assert_eq!(rates(&Schedule::Constant), [1.0; 8]);
        let step = Schedule::Step { every: 2, gamma: 0.1 };
        assert_eq!(rates(&step), [1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1]);
        let exponential = Schedule::Exponential { gamma: 0.5 };
        assert_eq!(rates(&exponential), [1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
        let pieces = Schedule::Piecewise(vec![(0, 0.3), (3, 0.2)]);
        assert_eq!(rates(&pieces), [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.2, 0.2]);
        let cosine = rates(&Schedule::Cosine);
        assert_eq!(cosine[0], 1.0);
        assert!((cosine[4] - 0.5).abs() < 1e-15 && cosine[7] > 0.0);
        let warm = rates(&Schedule::WarmupCosine { warmup: 1.0 });
        assert!((warm[0] - 1.0 / 3.0).abs() < 1e-15 && (warm[1] - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(warm[2], 1.0);
        assert!((warm[5] - 0.5).abs() < 1e-15);
    }

    #[test]
    fn nonsense_is_refused() {
        for schedule in [
            Schedule::Step { every: 0, gamma: 0.5 },
            Schedule::Exponential { gamma: 0.0 },
            Schedule::WarmupCosine { warmup: -1.0 },
            Schedule::Piecewise(vec![]),
            Schedule::Piecewise(vec![(1, 0.1)]),
            Schedule::Piecewise(vec![(0, 0.1), (0, 0.2)]),
            Schedule::Piecewise(vec![(0, -0.1)]),
        ] {
            assert!(schedule.validate().is_err(), "{schedule:?}");
        }
    }
}
