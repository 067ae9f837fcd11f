//! What a record keeps of a descent: metrics, the values as a history, and the path.

use crate::experiment::config::DescentConfig;
use crate::experiment::metric::Metric;
use crate::record::{Status, TrialRecord};
use crate::studies::descent::Trajectory;

/// A descent has arrived when its value above the function's minimum is at most this share of the start's.
const ARRIVED: f64 = 0.01;

/// Adds metrics, history and path of a trajectory to its record.
pub fn describe(record: &mut TrialRecord, config: &DescentConfig, trajectory: &Trajectory) {
    record.path = trajectory.points.iter().map(|point| point.iter().map(|&x| x as f32).collect()).collect();
    record.history.train_loss = trajectory.values.iter().map(|&value| value as f32).collect();
    if trajectory.diverged.is_some() {
        record.status = Status::Diverged;
        record.diverged_epoch = trajectory.diverged;
        return;
    }
    record.epochs_kept = Some(config.steps);
    let (Some(point), Some(&value)) = (trajectory.points.last(), trajectory.values.last()) else { return };
    let mut put = |metric: Metric, value: f64| record.metrics.insert(metric, value);
    put(Metric::FinalValue, value);
    for (axis, &x) in point.iter().enumerate() {
        put(if axis == 0 { Metric::FinalX } else { Metric::FinalY }, x);
    }
    let function = config.function;
    if let (Some(lowest), Some(distance)) = (function.lowest_value(), function.distance_to_minimum(point)) {
        put(Metric::Distance, distance);
        let near = lowest + ARRIVED * (trajectory.values[0] - lowest).abs();
        // A descent that never arrives counts as arriving one step after its last: left out, an optimizer would be judged by its lucky starts.
        let arrived = trajectory.values.iter().position(|v| *v <= near).unwrap_or(config.steps + 1);
        put(Metric::StepsToArrive, arrived as f64);
    }
}
