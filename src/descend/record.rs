//! A way down as a record keeps it.
//!
//! In: a [`Way`]. Out: metrics, the values as a history, and the path, thinned where it is long.

use burn::tensor::Device;
use serde_json::Value;

use super::{DescendConfig, Way};
use crate::record::{Status, TrialRecord};

/// Points and values a record keeps: as many as a figure can show.
const KEPT: usize = 1_000;

/// How near the lowest value counts as arrived, as a share of the value at the start above it.
const ARRIVED: f64 = 0.01;

/// Adds what there is to say of a way.
pub fn describe(record: &mut TrialRecord, config: &DescendConfig, way: &Way, device: &Device) {
    let stride = way.values.len().div_ceil(KEPT).max(1);
    let last = way.values.len().saturating_sub(1);
    let kept = (0..way.values.len()).filter(|i| i % stride == 0 || *i == last);
    for index in kept {
        record.path.push(way.points[index].iter().map(|&x| x as f32).collect());
        record.history.train_loss.push(way.values[index] as f32);
    }
    if way.diverged.is_some() {
        record.status = Status::Diverged;
        record.diverged_epoch = way.diverged;
        return;
    }
    record.epochs_kept = Some(config.steps);
    let (Some(point), Some(&value)) = (way.points.last(), way.values.last()) else { return };
    let mut put = |name: &str, value: f64| record.metrics.insert(name.into(), Value::from(value));
    put("final_value", value);
    for (axis, &x) in point.iter().enumerate() {
        put(["final_x", "final_y"][axis.min(1)], x);
    }
    if let Some(minimum) = config.function.minimum() {
        let lowest = config.function.at(&minimum, device);
        let distance = point.iter().zip(&minimum).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        put("distance", distance);
        let near = lowest + ARRIVED * (way.values[0] - lowest).abs();
        // A way that never arrives has no such step: absent, not infinite.
        if let Some(step) = way.values.iter().position(|v| *v <= near) {
            put("steps_to_arrive", step as f64);
        }
    }
}
