//! What differs between two records of one trial.

use serde_json::Value;

use super::TrialRecord;

/// What differs between two records of a trial besides their time, and why it might; `None` where nothing does.
///
/// # Errors
/// A number that JSON cannot hold.
pub fn difference(before: &TrialRecord, after: &TrialRecord) -> serde_json::Result<Option<String>> {
    if before.timeless().to_line()? == after.timeless().to_line()? {
        return Ok(None);
    }
    let (then, now) = (&before.made_with, &after.made_with);
    if then != now {
        let numbers_agree = before.metrics == after.metrics && before.history == after.history;
        let what = if numbers_agree {
            "the same numbers, made with something else"
        } else {
            "DIFFERENT numbers, made with something else"
        };
        return Ok(Some(format!("{what}: then {then}; now {now}")));
    }
    let fields = [
        ("history", before.history != after.history),
        ("metrics", before.metrics != after.metrics),
        ("confusion", before.confusion != after.confusion),
        ("predictions", before.predictions != after.predictions),
        ("mistakes", before.mistakes != after.mistakes),
    ];
    let names: Vec<&str> = fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    let what = if names.is_empty() { "record".into() } else { names.join(", ") };
    let [before, after] = [before, after].map(|record| serde_json::to_value(record.timeless()));
    let largest = largest_difference(&before?, &after?, "");
    Ok(Some(match largest {
        Some((share, place)) => format!("DIFFERENT {what}; largest relative difference {share:.1e}, of {place}"),
        None => format!("DIFFERENT {what}"),
    }))
}

/// The largest difference between two numbers in the same place, relative to the larger of the two, and that place: `history.train_loss[0]`.
fn largest_difference(before: &Value, after: &Value, place: &str) -> Option<(f64, String)> {
    let larger = |a: (f64, String), b: (f64, String)| if b.0 > a.0 { b } else { a };
    match (before, after) {
        (Value::Number(before), Value::Number(after)) => {
            let (before, after) = (before.as_f64()?, after.as_f64()?);
            let share = (before - after).abs() / before.abs().max(after.abs());
            (before != after).then(|| (share, place.to_string()))
        }
        (Value::Array(before), Value::Array(after)) => {
            let each = before.iter().zip(after).enumerate();
            each.filter_map(|(index, (a, b))| largest_difference(a, b, &format!("{place}[{index}]"))).reduce(larger)
        }
        (Value::Object(before), Value::Object(after)) => {
            let inside = |key: &String| if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            let each = before.iter().filter_map(|(key, a)| largest_difference(a, after.get(key)?, &inside(key)));
            each.reduce(larger)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_largest_relative_difference_names_its_place() {
        let before = json!({"history": {"train_loss": [4.0, 2.0]}, "metrics": {"test_loss": 1.0}, "arm": "a"});
        let after = json!({"history": {"train_loss": [4.0, 1.0]}, "metrics": {"test_loss": 1.25}, "arm": "b"});
        assert_eq!(largest_difference(&before, &after, ""), Some((0.5, "history.train_loss[1]".into())));
        assert_eq!(largest_difference(&before, &before, ""), None);
    }
}
