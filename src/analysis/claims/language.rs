//! The claim language: a line of text to a [`Test`] and the quantity it asks about.

use std::fmt;

use super::arithmetic;
use crate::experiment::quantity::Quantity;
use crate::experiment::spec::TABLE_TEST;

/// What a claim says of the arms' values.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Of each pair the first side is larger.
    Order(Vec<[Side; 2]>),
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
    /// A run's values are those of a table of published numbers, to within a margin in the mean.
    Table {
        /// The numbers.
        cells: Vec<Cell>,
        /// The margin.
        within: f64,
    },
    /// An expression has a value, to the digits that are written.
    Equation {
        /// The expression.
        left: String,
        /// The value as written.
        right: String,
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

/// One number of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Whose it is.
    pub side: Side,
    /// What it is of, if not of what the whole table is.
    pub quantity: Option<Quantity>,
    /// The number.
    pub published: f64,
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
    /// `gain(epochs=10 from epochs=1)`: an arm's interquartile mean minus another's.
    Gain(String, String),
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

/// What stands for every arm but the one on the other side.
const OTHERS: &str = "others";

const FORMS: &str = "expected one of `a > b on METRIC`, `a > others on METRIC`, `gain(a from b) > gain(c from d) on METRIC`, `a > b + 0.005 on METRIC`, `a ~ b within 0.002 on METRIC`, `a < 0.5 on METRIC`, `best(x) > best(y) on METRIC`, `sd(a) < sd(b) on METRIC`, \
                     `a in [0.9, 1.0] on METRIC`, `table within 0.02 on METRIC`, `table of a within 0.02 on METRIC`, `increasing in AXIS on METRIC`, \
                     `decreasing in AXIS for KEY=VALUE on METRIC`, `784 * 128 = 100352`";

impl Test {
    /// The number of comparisons it consists of.
    pub fn parts(&self) -> usize {
        match self {
            Self::Order(pairs) => pairs.len(),
            Self::Equation { .. } => 0,
            Self::Same { .. } | Self::Table { .. } | Self::Range { .. } | Self::Trend { .. } => 1,
        }
    }

    /// Whether it is about another statistic than the one that an arm's name alone means.
    pub fn has_other_statistic(&self) -> bool {
        self.sides().into_iter().any(|side| matches!(side, Side::Arm(statistic, _) if *statistic != Statistic::Iqm))
    }

    /// The labels of the arms it names.
    pub fn arms<'a>(&'a self) -> Vec<&'a str> {
        let arms = |side: &'a Side| match side {
            Side::Arm(_, arm) => vec![arm.as_str()],
            Side::Gain(to, from) => vec![to.as_str(), from.as_str()],
            _ => Vec::new(),
        };
        self.sides().into_iter().flat_map(arms).collect()
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
            Self::Order(pairs) => pairs.iter().flatten().map(Side::without_margin).collect(),
            Self::Same { a, b, .. } => vec![a, b],
            Self::Range { side, .. } => vec![side],
            Self::Table { cells, .. } => cells.iter().map(|cell| &cell.side).collect(),
            Self::Equation { .. } | Self::Trend { .. } => Vec::new(),
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

/// What a test's text refers to.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The labels of the plan's arms.
    pub arms: &'a [&'a str],
    /// The claim's published numbers, by arm, or by arm and metric.
    pub table: &'a [(String, f64)],
}

/// Parses a claim's text into its test and the quantity it is about; an equation is about none.
///
/// # Errors
/// The text has none of the forms of the language, or there is no such metric.
pub fn parse(text: &str, context: Context) -> Result<(Test, Option<Quantity>), String> {
    match (text.rsplit_once(" on "), text.rsplit_once(" = ")) {
        (Some((test, quantity)), _) => Ok((parse_test(test, context)?, Some(quantity.trim().parse()?))),
        (None, Some((left, right))) => {
            let value = arithmetic::evaluate(left)?;
            arithmetic::agrees(value, right).ok_or_else(|| format!("`{right}` is not a number"))?;
            Ok((Test::Equation { left: left.into(), right: right.trim().into() }, None))
        }
        (None, None) => Err(format!("it names no metric; {FORMS}")),
    }
}

fn parse_test(test: &str, context: Context) -> Result<Test, String> {
    if test.starts_with(TABLE_TEST) && !context.table.is_empty() {
        let (of, within) = test.split_once("within ").ok_or_else(|| format!("`{test}` names no margin; {FORMS}"))?;
        // `table of A`: the entries are the rest of the labels that begin with A.
        let of =
            of.trim_start_matches(TABLE_TEST).trim().strip_prefix("of ").map_or(String::new(), |arm| format!("{arm} "));
        let cells = context.table.iter().map(|(name, published)| cell(&format!("{of}{name}"), *published));
        return Ok(Test::Table { cells: cells.collect::<Result<_, _>>()?, within: margin(within)? });
    }
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
        let within = margin(within)?;
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
    let pairs = match &sides[..] {
        [one, others] if others.trim() == OTHERS => pairs_with_others(one, context, false)?,
        [others, one] if others.trim() == OTHERS => pairs_with_others(one, context, true)?,
        _ => {
            let sides: Vec<Side> = sides.into_iter().map(side).collect::<Result<_, _>>()?;
            sides.windows(2).map(|pair| [pair[0].clone(), pair[1].clone()]).collect()
        }
    };
    pairs.iter().try_for_each(|[a, b]| comparable(a, b))?;
    Ok(Test::Order(pairs))
}

/// An arm, or a statistic of it, with the same of every other arm; the others come first where they are the larger.
fn pairs_with_others(one: &str, context: Context, others_first: bool) -> Result<Vec<[Side; 2]>, String> {
    let Side::Arm(statistic, arm) = side(one)? else {
        return Err(format!("`{OTHERS}` is compared with an arm; {FORMS}"));
    };
    let others = context.arms.iter().filter(|other| **other != arm);
    let pair = |other: &&str| {
        let pair = [arm.as_str(), *other].map(|arm| Side::Arm(statistic, arm.into()));
        if others_first { [pair[1].clone(), pair[0].clone()] } else { pair }
    };
    Ok(others.map(pair).collect())
}

/// A number of a table: `ARM`, or `ARM on METRIC`.
fn cell(name: &str, published: f64) -> Result<Cell, String> {
    let (arm, quantity) = match name.rsplit_once(" on ") {
        Some((arm, quantity)) => (arm, Some(quantity.trim().parse()?)),
        None => (name, None),
    };
    Ok(Cell { side: side(arm)?, quantity, published })
}

/// Checks that two sides can be compared: not two numbers, not two statistics, and no margin between two standard deviations.
fn comparable(a: &Side, b: &Side) -> Result<(), String> {
    let statistic = |side: &Side| match side.without_margin() {
        Side::Arm(statistic, _) => Some(*statistic),
        Side::Best(_) => Some(Statistic::Iqm),
        Side::Gain(..) | Side::Number(_) | Side::WithMargin(..) => None,
    };
    let is_gain = |side: &Side| matches!(side.without_margin(), Side::Gain(..));
    let is_number = |side: &Side| matches!(side.without_margin(), Side::Number(_));
    match (is_gain(a), is_gain(b)) {
        (true, true) => return Ok(()),
        (true, false) if is_number(b) => return Ok(()),
        (false, true) if is_number(a) => return Ok(()),
        (true, false) | (false, true) => return Err(format!("a gain is compared with a gain or a number; {FORMS}")),
        (false, false) => {}
    }
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

/// The number behind `within`.
fn margin(text: &str) -> Result<f64, String> {
    let margin = number(text).filter(|margin| *margin > 0.0);
    margin.ok_or_else(|| format!("the margin behind `within` is not a number above 0; {FORMS}"))
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
        Some(("gain", arms)) => {
            let (to, from) =
                arms.split_once(" from ").ok_or_else(|| format!("`{text}` is not gain(a from b); {FORMS}"))?;
            Side::Gain(to.trim().into(), from.trim().into())
        }
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
            Self::Gain(to, from) => write!(f, "gain({to} from {from})"),
            Self::Arm(Statistic::Iqm, arm) => write!(f, "{arm}"),
            Self::Arm(Statistic::Mean, arm) => write!(f, "mean({arm})"),
            Self::Arm(Statistic::Median, arm) => write!(f, "median({arm})"),
            Self::Arm(Statistic::Sd, arm) => write!(f, "sd({arm})"),
        }
    }
}
