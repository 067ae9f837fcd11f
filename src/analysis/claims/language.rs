//! The claim language: a line of text to a [`Test`] and the quantity it asks about.

use std::fmt;

use crate::experiment::metric::Quantity;

/// What a claim says of the arms' values.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Each side is larger than the next.
    Order(Vec<Side>),
    /// Two sides differ by no more than a margin.
    Same {
        /// One side.
        a: Side,
        /// The other.
        b: Side,
        /// The margin.
        within: f64,
    },
    /// A side lies between two numbers.
    Range {
        /// The side.
        side: Side,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// The quantity rises or falls along an axis.
    Trend {
        /// The axis, by its short name.
        axis: String,
        /// Only arms with these values count.
        fixed: Vec<AxisValue>,
        /// The claimed sign of Kendall's tau: positive where the quantity rises.
        sign: Sign,
    },
}

/// The sign that a number is claimed to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Above 0.
    Positive,
    /// Below 0.
    Negative,
}

/// An axis and one of its values, both as written: `loss=mse`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AxisValue {
    /// The axis, by its short name.
    pub axis: String,
    /// The value, as labels write it.
    pub value: String,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Side {
    /// A statistic of an arm's values.
    Arm(Statistic, String),
    /// `best(adam)`: of the arms with this axis value, the one with the best validation accuracy, or validation loss where there is no
    /// accuracy.
    Best(String),
    /// A number.
    Number(f64),
    /// `adam + 0.005`: a side plus a margin.
    WithMargin(Box<Side>, f64),
}

/// A statistic over seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Interquartile mean: what an arm's name alone means.
    Iqm,
    /// `mean(...)`
    Mean,
    /// `median(...)`
    Median,
    /// `sd(...)`
    Sd,
}

const FORMS: &str = "expected one of `a > b on METRIC`, `a > b + 0.005 on METRIC`, `a ~ b within 0.002 on METRIC`, `a < 0.5 on METRIC`, `best(x) > best(y) on METRIC`, `sd(a) < sd(b) on METRIC`, \
                     `a in [0.9, 1.0] on METRIC`, `increasing in AXIS on METRIC`, \
                     `decreasing in AXIS for KEY=VALUE on METRIC`";

impl Test {
    /// The number of comparisons it consists of.
    pub fn parts(&self) -> usize {
        match self {
            Self::Order(sides) => sides.len() - 1,
            Self::Same { .. } | Self::Range { .. } | Self::Trend { .. } => 1,
        }
    }

    /// Whether it is about another statistic than the one that an arm's name alone means.
    pub fn has_other_statistic(&self) -> bool {
        self.sides().into_iter().any(|side| matches!(side, Side::Arm(statistic, _) if *statistic != Statistic::Iqm))
    }

    /// The labels of the arms it names.
    pub fn arms<'a>(&'a self) -> Vec<&'a str> {
        let arm = |side: &'a Side| match side {
            Side::Arm(_, arm) => Some(arm.as_str()),
            _ => None,
        };
        self.sides().into_iter().filter_map(arm).collect()
    }

    /// The axis values whose best arm it asks for.
    pub fn groups<'a>(&'a self) -> Vec<&'a str> {
        let group = |side: &'a Side| match side {
            Side::Best(value) => Some(value.as_str()),
            _ => None,
        };
        self.sides().into_iter().filter_map(group).collect()
    }

    /// Its sides, without their margins.
    fn sides(&self) -> Vec<&Side> {
        match self {
            Self::Order(sides) => sides.iter().map(Side::without_margin).collect(),
            Self::Same { a, b, .. } => vec![a, b],
            Self::Range { side, .. } => vec![side],
            Self::Trend { .. } => Vec::new(),
        }
    }
}

impl Side {
    /// The side without its margin.
    pub fn without_margin(&self) -> &Self {
        match self {
            Self::WithMargin(side, _) => side.without_margin(),
            side => side,
        }
    }

    /// Its margin; 0 for a side without one.
    pub fn margin(&self) -> f64 {
        match self {
            Self::WithMargin(side, margin) => side.margin() + margin,
            _ => 0.0,
        }
    }
}

/// Parses a claim's text into its test and the quantity it is about.
///
/// # Errors
/// The text has none of the forms of the language, or there is no such metric.
pub fn parse(text: &str) -> Result<(Test, Quantity), String> {
    let (test, quantity) = text.rsplit_once(" on ").ok_or_else(|| format!("it names no metric; {FORMS}"))?;
    Ok((parse_test(test)?, quantity.trim().parse()?))
}

fn parse_test(test: &str) -> Result<Test, String> {
    let words: Vec<&str> = test.split_whitespace().collect();
    if let [direction @ ("increasing" | "decreasing"), "in", axis, rest @ ..] = &words[..] {
        let fixed = match rest {
            [] => Vec::new(),
            ["for", settings @ ..] if !settings.is_empty() => {
                settings.iter().map(|text| axis_value(text)).collect::<Result<_, _>>()?
            }
            _ => return Err(FORMS.into()),
        };
        let sign = if *direction == "increasing" { Sign::Positive } else { Sign::Negative };
        return Ok(Test::Trend { axis: (*axis).into(), fixed, sign });
    }
    if let Some((arm, range)) = test.split_once(" in [") {
        let numbers: Option<Vec<f64>> =
            range.trim_end().strip_suffix(']').and_then(|inside| inside.split(',').map(number).collect());
        return match numbers.as_deref() {
            Some(&[low, high]) if low <= high => Ok(Test::Range { side: side(arm)?, low, high }),
            _ => Err(format!("`[{range}` is not [low, high]; {FORMS}")),
        };
    }
    if let Some((a, rest)) = test.split_once(" ~ ") {
        let (b, within) = rest.split_once(" within ").ok_or_else(|| format!("`{test}` names no margin; {FORMS}"))?;
        let within = number(within).filter(|margin| *margin > 0.0);
        let within = within.ok_or_else(|| format!("the margin behind `within` is not a number above 0; {FORMS}"))?;
        let [a, b] = [side(a)?, side(b)?];
        return match (&a, &b) {
            (Side::Arm(Statistic::Iqm, _) | Side::Best(_), Side::Arm(Statistic::Iqm, _) | Side::Best(_)) => {
                Ok(Test::Same { a, b, within })
            }
            _ => Err(format!("`~` is between two arms; {FORMS}")),
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
    sides.windows(2).try_for_each(|pair| comparable(&pair[0], &pair[1]))?;
    Ok(Test::Order(sides))
}

/// Checks that two sides can be compared: not two numbers, not two statistics, and no margin between two standard deviations.
fn comparable(a: &Side, b: &Side) -> Result<(), String> {
    let statistic = |side: &Side| match side.without_margin() {
        Side::Arm(statistic, _) => Some(*statistic),
        Side::Best(_) => Some(Statistic::Iqm),
        Side::Number(_) | Side::WithMargin(..) => None,
    };
    match (statistic(a), statistic(b)) {
        (None, None) => Err(format!("two numbers are compared; {FORMS}")),
        (Some(first), Some(second)) if first != second => {
            Err(format!("`{a}` and `{b}` are different statistics; write the same one on both sides"))
        }
        (Some(Statistic::Sd), Some(_)) if a.margin() != b.margin() => {
            Err("two standard deviations are compared without a margin".into())
        }
        _ => Ok(()),
    }
}

/// `loss=mse`, with or without a comma behind it.
fn axis_value(text: &str) -> Result<AxisValue, String> {
    let (axis, value) =
        text.trim_end_matches(',').split_once('=').ok_or_else(|| format!("`{text}` is not KEY=VALUE; {FORMS}"))?;
    Ok(AxisValue { axis: axis.into(), value: value.into() })
}

/// A finite number. `nan` and `inf` are not numbers here: they could be the names of arms.
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
            return Ok(Side::WithMargin(Box::new(side(left)?), factor * margin));
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
            Self::WithMargin(side, margin) if *margin < 0.0 => write!(f, "({side} - {})", -margin),
            Self::WithMargin(side, margin) => write!(f, "({side} + {margin})"),
            Self::Best(value) => write!(f, "best({value})"),
            Self::Arm(Statistic::Iqm, arm) => write!(f, "{arm}"),
            Self::Arm(Statistic::Mean, arm) => write!(f, "mean({arm})"),
            Self::Arm(Statistic::Median, arm) => write!(f, "median({arm})"),
            Self::Arm(Statistic::Sd, arm) => write!(f, "sd({arm})"),
        }
    }
}
