//! A metric along an axis: the series of arms that differ in that axis alone, and Kendall's tau.

use serde_json::Value;

use super::language::AxisValue;
use crate::experiment::config::TrialConfig;
use crate::experiment::plan::{Arm, Plan, label};
use crate::experiment::spec::keys;
use crate::suggest::suggestion;

/// An arm's position on an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisPoint {
    /// The arm's index in the plan.
    pub arm: usize,
    /// The axis value; of a list of widths, its sum.
    pub position: f64,
}

/// Arms that differ along one axis alone.
pub type Series = Vec<AxisPoint>;

/// The series of a plan along `axis`, one for each combination of the other axes' values. Only arms with the `fixed` values count.
///
/// # Errors
/// The plan does not have an axis, a value on `axis` is not a number, or no two arms differ along `axis` alone.
pub fn series(plan: &Plan, axis: &str, fixed: &[AxisValue]) -> Result<Vec<Series>, String> {
    for key in std::iter::once(axis).chain(fixed.iter().map(|fixed| fixed.axis.as_str())) {
        if !plan.axes.iter().any(|known| known == key) {
            let near = suggestion(key, plan.axes.iter().map(String::as_str));
            return Err(format!("no axis `{key}`{near}; the axes are {}", plan.axes.join(", ")));
        }
    }
    let mut found: Vec<(Value, Series)> = Vec::new();
    for (index, arm) in plan.arms.iter().enumerate() {
        let has = |fixed: &AxisValue| axis_value(arm, &fixed.axis).is_some_and(|v| label::plain(v) == fixed.value);
        if !fixed.iter().all(has) {
            continue;
        }
        let position = axis_value(arm, axis).and_then(position);
        let position = position.ok_or_else(|| format!("`{axis}` of arm `{}` is not a number", arm.label))?;
        let point = AxisPoint { arm: index, position };
        let others = settings_without(&arm.config, axis);
        match found.iter_mut().find(|(known, _)| *known == others) {
            Some((_, series)) => series.push(point),
            None => found.push((others, vec![point])),
        }
    }
    let found: Vec<Series> = found.into_iter().map(|(_, series)| series).filter(|series| series.len() > 1).collect();
    if found.is_empty() {
        return Err(why_empty(plan, axis, fixed));
    }
    Ok(found)
}

/// Why a plan has no series: no arm has one of the fixed values, or no two arms differ along the axis alone.
fn why_empty(plan: &Plan, axis: &str, fixed: &[AxisValue]) -> String {
    for AxisValue { axis, value } in fixed {
        let mut known: Vec<String> =
            plan.arms.iter().filter_map(|arm| axis_value(arm, axis)).map(label::plain).collect();
        known.dedup();
        if !known.contains(value) {
            let near = suggestion(value, known.iter().map(String::as_str));
            return format!("no arm has {axis}={value}{near}; there are {}", known.join(", "));
        }
    }
    format!("no two arms differ along `{axis}` alone")
}

fn axis_value<'a>(arm: &'a Arm, axis: &str) -> Option<&'a Value> {
    arm.values.iter().find(|(key, _)| key == axis).map(|(_, value)| value)
}

fn position(value: &Value) -> Option<f64> {
    match value {
        Value::Array(list) => list.iter().map(Value::as_f64).sum(),
        value => value.as_f64(),
    }
}

/// The settings as JSON, without the axis: equal for the arms of one series.
fn settings_without(config: &TrialConfig, axis: &str) -> Value {
    let mut settings = serde_json::to_value(config).unwrap_or_default();
    let path = keys::canonical(axis).unwrap_or(axis);
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let pointer: String = parent.split('.').filter(|part| !part.is_empty()).map(|part| format!("/{part}")).collect();
    if let Some(table) = settings.pointer_mut(&pointer).and_then(Value::as_object_mut) {
        table.shift_remove(last);
    }
    settings
}

/// Kendall's tau-b (1945): the share of pairs in the same order minus that in opposite order, corrected for ties. `None` if all of `x`
/// or all of `y` are equal.
pub fn kendall_tau(x: &[f64], y: &[f64]) -> Option<f64> {
    let sign = |a: f64, b: f64| {
        if a > b {
            1.0
        } else if a < b {
            -1.0
        } else {
            0.0
        }
    };
    let (mut agreement, mut untied_x, mut untied_y) = (0.0, 0.0, 0.0);
    for i in 0..x.len() {
        for j in 0..i {
            let (dx, dy): (f64, f64) = (sign(x[i], x[j]), sign(y[i], y[j]));
            agreement += dx * dy;
            untied_x += dx.abs();
            untied_y += dy.abs();
        }
    }
    (untied_x > 0.0 && untied_y > 0.0).then(|| agreement / (untied_x * untied_y).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tau_by_hand() {
        assert_eq!(kendall_tau(&[1.0, 2.0, 3.0], &[5.0, 6.0, 9.0]), Some(1.0));
        assert_eq!(kendall_tau(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        // Pairs: +, +, - of three.
        let tau = kendall_tau(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]).unwrap();
        assert!((tau - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(kendall_tau(&[1.0, 2.0], &[4.0, 4.0]), None);
        // One tie in y: 2 / sqrt(3 * 2).
        let tied = kendall_tau(&[1.0, 2.0, 3.0], &[1.0, 1.0, 2.0]).unwrap();
        assert!((tied - 2.0 / 6f64.sqrt()).abs() < 1e-12);
    }
}
