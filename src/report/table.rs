//! Tables of typed cells: the table of arms, the table of metrics, and any table as aligned text for a terminal.

use std::fmt;

use crate::analysis::claims::Finding;
use crate::analysis::stats::Interval;
use crate::analysis::stats::describe::cut;
use crate::analysis::summary::{ArmSummary, MetricSummary, Summary};
use crate::experiment::quantity::Quantity;

/// Shown for a missing number.
const NO_NUMBER: &str = "-";

/// One cell of a table. Its kind says how Markdown, HTML and a terminal show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Words; empty where there is nothing to say.
    Text(String),
    /// An arm, whose row a page in HTML can hide.
    Arm(ArmName),
    /// A number as it is printed, with its interval or unit; `None`, where there is none, is printed as `-`.
    Number(Option<String>),
    /// What the records say of a claim.
    Finding(Finding),
    /// Links to other files, with commas between them.
    Links(Vec<Link>),
}

/// An arm in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmName {
    /// Its label.
    pub label: String,
    /// What is said of it behind the label; empty where nothing is.
    pub note: String,
    /// Whether it ranks first among several.
    pub ranks_first: bool,
}

/// A link to another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The words to click on.
    pub text: String,
    /// The file's path, relative to the page.
    pub target: String,
}

/// Column names and rows of cells, each row as long as the column names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Cell {
    /// A number that is always there.
    pub fn number(value: impl ToString) -> Self {
        Self::Number(Some(value.to_string()))
    }

    /// An arm of which nothing else is said.
    pub fn arm(label: &str) -> Self {
        Self::Arm(ArmName { label: label.into(), note: String::new(), ranks_first: false })
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Arm(ArmName { label, note, .. }) => write!(f, "{label}{note}"),
            Self::Number(number) => f.write_str(number.as_deref().unwrap_or(NO_NUMBER)),
            Self::Finding(finding) => f.write_str(finding.name()),
            Self::Links(links) => {
                f.write_str(&links.iter().map(|link| link.text.as_str()).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl Table {
    /// A table from its column names and rows of as many cells.
    pub fn new<'a>(head: impl IntoIterator<Item = &'a str>, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        Self { head: head.into_iter().map(String::from).collect(), rows: rows.into_iter().collect() }
    }

    /// Aligned columns for a terminal, the first to the left and the others to the right.
    pub fn text(&self) -> String {
        self.aligned(&[0])
    }

    /// The same with the last column, of sentences, to the left too.
    pub fn listed(&self) -> String {
        self.aligned(&[0, self.head.len() - 1])
    }

    fn aligned(&self, to_the_left: &[usize]) -> String {
        let body = self.rows.iter().map(|row| row.iter().map(Cell::to_string).collect::<Vec<_>>());
        let lines: Vec<Vec<String>> = std::iter::once(self.head.clone()).chain(body).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let aligned = |line: &Vec<String>| {
            let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if to_the_left.contains(&column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_string()
        };
        lines.iter().map(aligned).collect::<Vec<_>>().join("\n")
    }
}

/// The ranking metric's statistics, a row per arm.
pub fn arms(summary: &Summary) -> Table {
    arms_that(summary, |_| true)
}

/// The same without the arms that a search pruned.
pub fn arms_not_pruned(summary: &Summary) -> Table {
    arms_that(summary, |arm| arm.pruned_epoch.is_none())
}

fn arms_that(summary: &Summary, is_shown: impl Fn(&ArmSummary) -> bool) -> Table {
    let number = |value: f64| Cell::number(summary.metric.format(value));
    let interval_name = interval_name(summary);
    let head = ["arm", "n", "diverged", "IQM", &interval_name, "median", "mean", "sd", "min", "max", "s/trial"];
    let best = summary.search.as_ref().map(|search| search.best.as_str());
    let ranked = summary.ranked_arms();
    let first = ranked.first().filter(|arm| ranked.len() > 1 && arm.metric(&summary.metric).is_some());
    let name = |arm: &ArmSummary| {
        let note = match arm.pruned_epoch {
            Some(epoch) => format!(" (pruned after epoch {epoch})"),
            None if Some(arm.label.as_str()) == best => " (best)".into(),
            None => String::new(),
        };
        // Of a search the words say it.
        let ranks_first = best.is_none() && first.is_some_and(|first| first.label == arm.label);
        Cell::Arm(ArmName { label: arm.label.clone(), note, ranks_first })
    };
    let row = |arm: &ArmSummary| {
        let Some(found) = arm.metric(&summary.metric) else {
            let mut cells = vec![name(arm), Cell::number(0), Cell::number(arm.diverged)];
            cells.resize(head.len(), Cell::Number(None));
            return cells;
        };
        let d = &found.description;
        vec![
            name(arm),
            Cell::number(d.n),
            Cell::number(arm.diverged),
            d.iqm.map_or(Cell::Number(None), number),
            interval(&summary.metric, found.iqm_interval),
            number(d.median),
            number(d.mean),
            d.sd.map_or(Cell::Number(None), number),
            number(d.min),
            number(d.max),
            Cell::number(format!("{:.1}", arm.seconds)),
        ]
    };
    let order: Vec<&ArmSummary> = if summary.search.is_some() { ranked.clone() } else { summary.arms.iter().collect() };
    let order = order.into_iter().filter(|arm| is_shown(arm));
    Table::new(head, order.map(row))
}

/// Every metric of the only arm, a row per metric, without those at noise levels; `None` where there are several arms.
pub fn metrics(summary: &Summary) -> Option<Table> {
    let [arm] = &summary.arms[..] else { return None };
    let row = |found: &MetricSummary| {
        let number = |value: f64| Cell::number(found.quantity.format(value));
        let d = &found.description;
        let unit = if found.quantity.is_percent() { ", %" } else { "" };
        vec![
            Cell::Text(format!("{}{unit}", found.quantity.title())),
            Cell::number(d.n),
            d.iqm.map_or(Cell::Number(None), number),
            interval(&found.quantity, found.iqm_interval),
            d.sd.map_or(Cell::Number(None), number),
            number(d.min),
            number(d.max),
        ]
    };
    let interval_name = interval_name(summary);
    let head = ["metric", "n", "IQM", &interval_name, "sd", "min", "max"];
    Some(Table::new(
        head,
        arm.metrics.iter().filter(|found| found.quantity.metrics().all(|metric| metric.level().is_none())).map(row),
    ))
}

fn interval(quantity: &Quantity, interval: Option<Interval>) -> Cell {
    let number = |value| quantity.format(value);
    Cell::Number(interval.map(|Interval { low, high }| format!("{} to {}", number(low), number(high))))
}

/// The metric and the data set of [`arms`], and what its IQM is.
pub fn caption(summary: &Summary) -> String {
    let unit = if summary.metric.is_percent() { ", in %" } else { "" };
    format!(
        "{}{unit}, on {}. IQM: {}, with its {}{}.",
        summary.metric,
        summary.dataset,
        interquartile_mean_text(summary),
        interval_name(summary),
        looks_text(summary)
    )
}

/// The name of the arms' intervals: "95 % interval".
pub(crate) fn interval_name(summary: &Summary) -> String {
    format!("{} % interval", (1000.0 * summary.confidence).round() / 10.0)
}

/// That the intervals hold whenever one stops, where runs are looked at several times.
fn looks_text(summary: &Summary) -> String {
    let looks: Vec<String> = summary.looks.iter().map(u64::to_string).collect();
    match &looks[..] {
        [] => String::new(),
        _ => format!(", always valid: it holds at whichever of the looks, at {} seeds, one stops", looks.join(", ")),
    }
}

/// What the interquartile mean is the mean of: "mean of the middle 9 of 15 runs".
pub(crate) fn interquartile_mean_text(summary: &Summary) -> String {
    let mut runs: Vec<usize> = summary.arms.iter().map(|arm| arm.trials).collect();
    runs.sort_unstable();
    runs.dedup();
    match &runs[..] {
        [n] => format!("mean of the middle {} of {n} runs", n - 2 * cut(*n)),
        _ => "mean of the runs without the lowest and the highest quarter".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::Fixture;

    #[test]
    fn the_first_column_of_a_terminal_table_is_to_the_left_and_the_others_to_the_right() {
        let rows = [
            vec![Cell::from("a"), Cell::number(10.5), Cell::Finding(Finding::Untestable)],
            vec![Cell::from("longer"), Cell::Number(None), Cell::Finding(Finding::Refuted)],
        ];
        let text = Table::new(["arm", "x", "finding"], rows).text();
        assert_eq!(text, "arm        x       finding\na       10.5  not testable\nlonger     -       refuted");
    }

    #[test]
    fn the_table_of_arms_has_a_row_for_an_arm_without_a_finished_run() {
        // Five seeds 0.90, 0.91, ..., 0.94: the IQM leaves out the lowest and the highest.
        let summary = Fixture::new("seeds = 5\n[sweep]\nlr = [0.1, 10]")
            .metric("test_accuracy", |arm, seed| (arm == "lr=0.1").then_some(0.9 + 0.01 * seed as f64))
            .diverged("lr=10", 3)
            .summary();
        let table = arms(&summary);
        let row: Vec<String> = table.rows[0].iter().map(Cell::to_string).collect();
        assert_eq!(row[..4], ["lr=0.1", "5", "0", "92.00"]);
        assert!(row[4].contains(" to "));
        assert_eq!(row[5..], ["92.00", "92.00", "1.58", "90.00", "94.00", "2.5"]);
        let row: Vec<String> = table.rows[1].iter().map(Cell::to_string).collect();
        assert_eq!(row, ["lr=10", "0", "5", "-", "-", "-", "-", "-", "-", "-", "-"]);
        assert!(metrics(&summary).is_none());
    }
}
