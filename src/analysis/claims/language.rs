//! The claim language: a line of text to a [`Test`].

use std::fmt;

/// What a claim's test asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Each larger than the next.
    Order(Vec<Side>),
    /// Between two numbers.
    Within(Side, f64, f64),
    /// The metric rises (or falls) along an axis.
    Trend {
        /// Its short name.
        axis: String,
        /// Only the arms with these values of other axes.
        fixed: Vec<(String, String)>,
        /// Or falls.
        rising: bool,
    },
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Side {
    /// A statistic of an arm's values.
    Arm(Statistic, String),
    /// `best(adam)`: of the arms with this axis value, the one that validates best: by accuracy, or by loss.
    Best(String),
    /// A number.
    Number(f64),
    /// `adam + 0.005`: a side moved by a margin.
    Moved(Box<Side>, f64),
}

/// A statistic over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Interquartile mean: what a bare arm name means.
    Iqm,
    /// `mean(...)`
    Mean,
    /// `median(...)`
    Median,
    /// `sd(...)`
    Sd,
}

const FORMS: &str = "expected one of `a > b on METRIC`, `a > b + 0.005 on METRIC`, `a < 0.5 on METRIC`, `best(x) > best(y) on METRIC`, `sd(a) < sd(b) on METRIC`, \
                     `a in [0.9, 1.0] on METRIC`, `increasing in AXIS on METRIC`, \
                     `decreasing in AXIS for KEY=VALUE on METRIC`";

impl Test {
    /// The arms it names.
    pub fn arms(&self) -> Vec<&str> {
        let sides = match self {
            Self::Order(sides) => sides.as_slice(),
            Self::Within(side, ..) => std::slice::from_ref(side),
            Self::Trend { .. } => &[],
        };
        sides
            .iter()
            .filter_map(|side| match side.unmoved() {
                Side::Arm(_, arm) => Some(arm.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The axis values it asks for the best arm of.
    pub fn groups(&self) -> Vec<&str> {
        let Self::Order(sides) = self else { return Vec::new() };
        sides
            .iter()
            .filter_map(|side| match side.unmoved() {
                Side::Best(value) => Some(value.as_str()),
                _ => None,
            })
            .collect()
    }
}

impl Side {
    /// The side without its margin.
    pub fn unmoved(&self) -> &Self {
        match self {
            Self::Moved(side, _) => side.unmoved(),
            side => side,
        }
    }

    /// Its margin.
    pub fn margin(&self) -> f64 {
        match self {
            Self::Moved(side, margin) => side.margin() + margin,
            _ => 0.0,
        }
    }
}

/// Parses a test into what it asks and the metric it asks it of.
pub fn parse(text: &str) -> Result<(Test, String), String> {
    let (test, metric) = text.rsplit_once(" on ").ok_or_else(|| format!("it names no metric; {FORMS}"))?;
    let metric = metric.trim().to_string();
    let words: Vec<&str> = test.split_whitespace().collect();
    if let [direction @ ("increasing" | "decreasing"), "in", axis, rest @ ..] = &words[..] {
        let fixed = match rest {
            [] => Vec::new(),
            ["for", settings @ ..] if !settings.is_empty() => settings.iter().map(setting).collect::<Result<_, _>>()?,
            _ => return Err(FORMS.into()),
        };
        return Ok((Test::Trend { axis: (*axis).into(), fixed, rising: *direction == "increasing" }, metric));
    }
    if let Some((arm, range)) = test.split_once(" in [") {
        let numbers: Option<Vec<f64>> =
            range.trim_end().strip_suffix(']').and_then(|inside| inside.split(',').map(number).collect());
        return match numbers.as_deref() {
            Some([low, high]) if low <= high => Ok((Test::Within(side(arm)?, *low, *high), metric)),
            _ => Err(format!("`[{range}` is not [low, high]; {FORMS}")),
        };
    }
    let greater: Vec<&str> = test.split(" > ").collect();
    let less: Vec<&str> = test.split(" < ").collect();
    let sides = match (greater.len(), less.len()) {
        (2.., 1) => greater,
        (1, 2..) => less.into_iter().rev().collect(),
        _ => return Err(FORMS.into()),
    };
    let sides: Vec<Side> = sides.into_iter().map(side).collect::<Result<_, _>>()?;
    if sides.windows(2).any(|pair| matches!(pair, [Side::Number(_), Side::Number(_)])) {
        return Err(format!("two numbers are compared; {FORMS}"));
    }
    Ok((Test::Order(sides), metric))
}

/// `loss=mse`, with or without a comma behind it.
fn setting(text: &&str) -> Result<(String, String), String> {
    let (key, value) =
        text.trim_end_matches(',').split_once('=').ok_or_else(|| format!("`{text}` is not KEY=VALUE; {FORMS}"))?;
    Ok((key.into(), value.into()))
}

/// A finite number; "nan" and "inf" could be the names of arms.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

fn side(text: &str) -> Result<Side, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("a side is empty; {FORMS}"));
    }
    if let Some(number) = number(text) {
        return Ok(Side::Number(number));
    }
    for (sign, factor) in [(" + ", 1.0), (" - ", -1.0)] {
        if let Some((left, margin)) = text.rsplit_once(sign)
            && let Some(margin) = number(margin)
        {
            return Ok(Side::Moved(Box::new(side(left)?), factor * margin));
        }
    }
    let call = text.strip_suffix(')').and_then(|text| text.split_once('('));
    Ok(match call {
        Some(("sd", arm)) => Side::Arm(Statistic::Sd, arm.trim().into()),
        Some(("mean", arm)) => Side::Arm(Statistic::Mean, arm.trim().into()),
        Some(("median", arm)) => Side::Arm(Statistic::Median, arm.trim().into()),
        Some(("best", value)) => Side::Best(value.trim().into()),
        Some(("iqm", arm)) => Side::Arm(Statistic::Iqm, arm.trim().into()),
        _ => Side::Arm(Statistic::Iqm, text.into()),
    })
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Moved(side, margin) if *margin < 0.0 => write!(f, "({side} - {})", -margin),
            Self::Moved(side, margin) => write!(f, "({side} + {margin})"),
            Self::Best(value) => write!(f, "best({value})"),
            Self::Arm(Statistic::Iqm, arm) => write!(f, "{arm}"),
            Self::Arm(Statistic::Mean, arm) => write!(f, "mean({arm})"),
            Self::Arm(Statistic::Median, arm) => write!(f, "median({arm})"),
            Self::Arm(Statistic::Sd, arm) => write!(f, "sd({arm})"),
        }
    }
}
