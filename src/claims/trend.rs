//! A metric along an axis: where each arm stands on it, and Kendall's tau.

use serde_json::Value;

use crate::plan::Plan;

/// Where each arm stands on the only axis of a plan; a list of widths stands at its sum.
pub fn positions(plan: &Plan, axis: &str) -> Result<Vec<f64>, String> {
    if plan.axes != [axis] {
        return Err(format!("a trend needs `{axis}` to be the only axis; the axes are {}", plan.axes.join(", ")));
    }
    let position = |value: &Value| match value {
        Value::Array(list) => list.iter().map(Value::as_f64).sum(),
        value => value.as_f64(),
    };
    let arms = plan.arms.iter();
    arms.map(|arm| {
        let value = arm.values.iter().find(|(key, _)| key == axis).map(|(_, value)| value);
        value.and_then(position).ok_or_else(|| format!("`{axis}` of arm `{}` is not a number", arm.label))
    })
    .collect()
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
