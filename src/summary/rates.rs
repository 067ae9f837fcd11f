//! Learning rates over the epochs, for the figure of schedules.
//!
//! In: a plan. Out: a curve an arm, where the arms' schedules differ.

use crate::optim::schedule::Place;
use crate::plan::{Arm, Plan};

/// The learning rate of one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct RateCurve {
    /// The arm's label.
    pub arm: String,
    /// Epoch, with its fraction, and rate.
    pub points: Vec<(f64, f64)>,
}

/// Points of a rate's curve.
const RATE_POINTS: usize = 200;

/// The rate of every arm, or none where all arms have the same schedule.
pub fn rates(plan: &Plan) -> Vec<RateCurve> {
    let differ = plan.arms.iter().any(|arm| arm.config.train.schedule != plan.arms[0].config.train.schedule);
    let curve = |arm: &Arm| {
        let train = &arm.config.train;
        let steps_per_epoch = arm.config.data.train.div_ceil(train.batch_size).max(1);
        let steps = steps_per_epoch * train.epochs;
        let at = |i: usize| {
            let step = i * steps / RATE_POINTS;
            let place = Place { epoch: step / steps_per_epoch, step, steps_per_epoch, epochs: train.epochs };
            (step as f64 / steps_per_epoch as f64, train.schedule.rate(train.optimizer.lr, place))
        };
        RateCurve { arm: arm.label.clone(), points: (0..RATE_POINTS).map(at).collect() }
    };
    plan.arms.iter().filter(|arm| differ && arm.config.descend.is_none()).map(curve).collect()
}
