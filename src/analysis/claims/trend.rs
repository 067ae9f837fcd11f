//! A metric along an axis: where each arm stands on it, and Kendall's tau.

use serde_json::Value;

use crate::experiment::config::TrialConfig;
use crate::experiment::plan::{Plan, label};
use crate::experiment::spec::keys;
use crate::suggest::suggestion;

/// What arms of one line share: all settings but the axis.
type Others = Value;

/// Where an arm stands on an axis, by its index in the plan.
pub type Standing = (usize, f64);

/// The arms that differ along `axis` alone, a line for each combination of the other axes' values; only those whose axes have
/// the `fixed` values. A list of widths stands at its sum.
pub fn lines(plan: &Plan, axis: &str, fixed: &[(String, String)]) -> Result<Vec<Vec<Standing>>, String> {
    for key in std::iter::once(axis).chain(fixed.iter().map(|(key, _)| key.as_str())) {
        if !plan.axes.iter().any(|known| known == key) {
            let near = suggestion(key, plan.axes.iter().map(String::as_str));
            return Err(format!("no axis `{key}`{near}; the axes are {}", plan.axes.join(", ")));
        }
    }
    let mut lines: Vec<(Others, Vec<Standing>)> = Vec::new();
    for (index, arm) in plan.arms.iter().enumerate() {
        let value = |key: &str| arm.values.iter().find(|(known, _)| known == key).map(|(_, value)| value);
        if !fixed.iter().all(|(key, wanted)| value(key).is_some_and(|found| label::plain(found) == *wanted)) {
            continue;
        }
        let standing = value(axis).and_then(position);
        let standing = standing.ok_or_else(|| format!("`{axis}` of arm `{}` is not a number", arm.label))?;
        let others = without(&arm.config, axis);
        match lines.iter_mut().find(|(known, _)| *known == others) {
            Some((_, line)) => line.push((index, standing)),
            None => lines.push((others, vec![(index, standing)])),
        }
    }
    let lines: Vec<Vec<Standing>> = lines.into_iter().map(|(_, line)| line).filter(|line| line.len() > 1).collect();
    if lines.is_empty() {
        for (key, wanted) in fixed {
            let mut known: Vec<String> = plan
                .arms
                .iter()
                .flat_map(|arm| &arm.values)
                .filter(|(k, _)| k == key)
                .map(|(_, v)| label::plain(v))
                .collect();
            known.dedup();
            if !known.contains(wanted) {
                let near = suggestion(wanted, known.iter().map(String::as_str));
                return Err(format!("no arm has {key}={wanted}{near}; there are {}", known.join(", ")));
            }
        }
        return Err(format!("no two arms differ along `{axis}` alone"));
    }
    Ok(lines)
}

fn position(value: &Value) -> Option<f64> {
    match value {
        Value::Array(list) => list.iter().map(Value::as_f64).sum(),
        value => value.as_f64(),
    }
}

/// The settings as a table, without the axis.
fn without(config: &TrialConfig, axis: &str) -> Others {
    let mut table = serde_json::to_value(config).unwrap_or_default();
    let path = keys::canonical(axis).unwrap_or(axis);
    let (parent, last) = path.rsplit_once('.').unwrap_or(("", path));
    let pointer: String = parent.split('.').filter(|part| !part.is_empty()).map(|part| format!("/{part}")).collect();
    if let Some(inside) = table.pointer_mut(&pointer).and_then(Value::as_object_mut) {
        inside.shift_remove(last);
    }
    table
}

/// Kendall's tau-b (1945): the share of pairs in the same order minus that in opposite order, ties allowed for. `None` when
/// either side is all ties.
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
    let (mut agree, mut in_x, mut in_y) = (0.0, 0.0, 0.0);
    for i in 0..x.len() {
        for j in 0..i {
            let (dx, dy): (f64, f64) = (sign(x[i], x[j]), sign(y[i], y[j]));
            agree += dx * dy;
            in_x += dx.abs();
            in_y += dy.abs();
        }
    }
    (in_x > 0.0 && in_y > 0.0).then(|| agree / (in_x * in_y).sqrt())
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
