//! A trajectory down as a record keeps it.
//!
//! In: a [`Trajectory`]. Out: metrics, the values as a history, and the path.

use serde_json::Value;

use crate::experiment::config::DescentConfig;
use crate::record::{Status, TrialRecord};
use crate::studies::descent::Trajectory;

/// How near the lowest value counts as arrived, as a share of the value at the start above it.
const ARRIVED: f64 = 0.01;

/// Adds what there is to say of a trajectory.
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
    let mut put = |name: &str, value: f64| record.metrics.insert(name.into(), Value::from(value));
    put("final_value", value);
    for (axis, &x) in point.iter().enumerate() {
        put(["final_x", "final_y"][axis.min(1)], x);
    }
    if let Some(minimum) = config.function.minimum() {
        let lowest = config.function.value_at(&minimum);
        let distance = point.iter().zip(&minimum).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        put("distance", distance);
        let near = lowest + ARRIVED * (trajectory.values[0] - lowest).abs();
        // A trajectory that never arrives counts as one that would have arrived next: left out, a rule would be judged by its lucky starts.
        let arrived = trajectory.values.iter().position(|v| *v <= near).unwrap_or(config.steps + 1);
        put("steps_to_arrive", arrived as f64);
    }
}
