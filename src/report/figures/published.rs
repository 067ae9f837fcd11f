//! Published numbers beside what was measured, each with its interval.

use super::axis::{Axis, Scale};
use super::panel::{AxisLabels, Panel};
use super::svg::{Anchor, FAINT, GRID, INK, PALETTE, Rectangle, Svg, TEXT, text_width};
use super::{Figure, FigureText};
use crate::analysis::claims::{Finding, JudgedClaim, Measured};
use crate::experiment::quantity::Quantity;
use crate::experiment::spec::TABLE_TEST;

const WIDTH: f64 = 760.0;
const TOP: f64 = 14.0;
/// Pixels of a number's row.
const ROW: f64 = 24.0;
/// Panels of tables in a row, and the size of each with its labels.
const COLUMNS: usize = 3;
const PANEL: (f64, f64) = (250.0, 190.0);

/// A number of a list, with the words on its left.
struct Row<'a> {
    name: String,
    measured: &'a Measured,
}

/// A figure for each quantity of which single numbers were published, and one for the published tables. Each claim comes with a prefix for
/// its names, empty within one experiment's report.
pub fn draw(claims: &[(&str, &JudgedClaim)]) -> Vec<Figure> {
    let is_table = |claim: &JudgedClaim| claim.tests.iter().any(|test| test.starts_with(TABLE_TEST));
    let (tables, lists): (Vec<_>, Vec<_>) =
        claims.iter().copied().filter(|(_, claim)| !claim.measured.is_empty()).partition(|(_, claim)| is_table(claim));
    let mut quantities: Vec<&Quantity> = Vec::new();
    for measured in lists.iter().flat_map(|(_, claim)| &claim.measured) {
        // Accuracies on all kinds of images share an axis.
        let shares_axis =
            |known: &&&Quantity| **known == &measured.quantity || known.is_percent() && measured.quantity.is_percent();
        if !quantities.iter().any(|known| shares_axis(&known)) {
            quantities.push(&measured.quantity);
        }
    }
    let of_quantity = |quantity: &&Quantity| {
        let rows = lists.iter().flat_map(|(prefix, claim)| {
            let name = move |measured: &Measured| format!("{prefix}{}, {}", measured.what, measured.quantity.title());
            claim.measured.iter().map(move |measured| Row { name: name(measured), measured })
        });
        let rows: Vec<Row> = rows
            .filter(|row| {
                row.measured.quantity == **quantity || quantity.is_percent() && row.measured.quantity.is_percent()
            })
            .collect();
        list(
            &rows,
            quantity,
            if quantities.len() > 1 { format!("-{quantity}").replace(' ', "") } else { String::new() },
        )
    };
    quantities.iter().filter_map(of_quantity).chain(panels(&tables)).collect()
}

/// The colour of a measured number.
fn colour(finding: Finding) -> &'static str {
    match finding {
        Finding::Confirmed | Finding::Same => PALETTE[2],
        Finding::Refuted => PALETTE[1],
        Finding::Inconclusive | Finding::Underspecified | Finding::NotAsPublished | Finding::Untestable => FAINT,
    }
}

/// A row for each published number or range.
fn list(rows: &[Row], quantity: &Quantity, suffix: String) -> Option<Figure> {
    let left = 24.0 + rows.iter().map(|row| text_width(&row.name, TEXT - 2.0)).fold(40.0, f64::max).min(0.55 * WIDTH);
    let values = rows.iter().flat_map(|row| {
        let ends = row.measured.interval.map(|interval| [interval.low, interval.high]);
        row.measured.published.into_iter().chain([row.measured.estimate]).chain(ends.into_iter().flatten())
    });
    let axis = Axis::over(values, Scale::Linear, (left, WIDTH - 24.0))?;
    let bottom = TOP + ROW * rows.len() as f64;
    let mut svg = Svg::new(WIDTH, bottom + 46.0);
    for (value, text) in axis.ticks(7, quantity.is_percent()) {
        svg.line((axis.to_pixels(value), TOP), (axis.to_pixels(value), bottom), GRID, 1.0);
        svg.text((axis.to_pixels(value), bottom + 18.0), &text, Anchor::Middle, TEXT - 2.0, INK);
    }
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + ROW * (index as f64 + 0.5);
        svg.text((left - 10.0, y + 4.5), &row.name, Anchor::End, TEXT - 2.0, INK);
        let [low, high] = row.measured.published.map(|end| axis.to_pixels(end));
        let area = Rectangle { left: low - 2.0, top: y - 8.0, width: (high - low) + 4.0, height: 16.0 };
        svg.rect(area, INK, 0.16, INK);
        draw_measured(&mut svg, row.measured, (&axis, y));
    }
    svg.line((left, bottom), (WIDTH - 24.0, bottom), INK, 1.0);
    let unit = if quantity.is_percent() { "in %".to_string() } else { quantity.title() };
    svg.text((f64::midpoint(left, WIDTH), bottom + 38.0), &unit, Anchor::Middle, TEXT, INK);
    Some(Figure::svg(
        &format!("published{suffix}"),
        FigureText {
            title: "Published and measured".into(),
            alt: "For each published number, the number and what was measured, with its interval.".into(),
            caption: "Grey box: the number, or range, that was published. Dot and line: what was measured, with its interval; green where the \
                      claim is confirmed, red where it is refuted, grey where neither. Without a line, every run gives the same."
                .into(),
        },
        svg,
    ))
}

fn draw_measured(svg: &mut Svg, measured: &Measured, (axis, y): (&Axis, f64)) {
    let colour = colour(measured.finding);
    if let Some(interval) = measured.interval {
        svg.line((axis.to_pixels(interval.low), y), (axis.to_pixels(interval.high), y), colour, 3.0);
    }
    svg.dot((axis.to_pixels(measured.estimate), y), 4.5, colour, 1.0);
}

/// A panel for each reading of each published table, its numbers in the order of the table.
fn panels(tables: &[(&str, &JudgedClaim)]) -> Option<Figure> {
    let by_reading = |a: &Measured, b: &Measured| a.reading == b.reading;
    let tables: Vec<&[Measured]> = tables.iter().flat_map(|(_, claim)| claim.measured.chunk_by(by_reading)).collect();
    if tables.is_empty() {
        return None;
    }
    let rows = tables.len().div_ceil(COLUMNS);
    let mut svg = Svg::new(WIDTH, PANEL.1 * rows as f64 + 20.0);
    for (index, cells) in tables.iter().enumerate() {
        let (left, top) = (PANEL.0 * (index % COLUMNS) as f64, PANEL.1 * (index / COLUMNS) as f64);
        let ends = |cell: &Measured| cell.interval.map_or([cell.estimate; 2], |interval| [interval.low, interval.high]);
        let values = cells.iter().flat_map(|cell| [cell.published[0], cell.estimate]);
        let places = places(cells);
        let [first, last] = [places.first(), places.last()].map(|place| place.copied().unwrap_or_default());
        // Half a step of room on either side.
        let room = (last - first).max(1.0) / (2.0 * places.len() as f64);
        let panel = Panel {
            x: Axis::exactly((first - room, last + room), Scale::Linear, (left + 52.0, left + PANEL.0 - 8.0)),
            y: Axis::over(values, Scale::Linear, (top + PANEL.1 - 30.0, top + 34.0))?,
        };
        panel.grid(&mut svg);
        let at = |value: fn(&Measured) -> f64| -> Vec<(f64, f64)> {
            cells.iter().zip(&places).map(|(cell, &x)| panel.to_pixels((x, value(cell)))).collect()
        };
        svg.polyline(&at(|cell| cell.published[0]), INK, 1.2, "4 3");
        svg.dots(&at(|cell| cell.published[0]), 3.0, INK, 0.6);
        for (cell, &x) in cells.iter().zip(&places) {
            let [low, high] = ends(cell).map(|value| panel.to_pixels((x, value)));
            svg.line(low, high, colour(cell.finding), 2.5);
            svg.dot(panel.to_pixels((x, cell.estimate)), 3.2, colour(cell.finding), 1.0);
        }
        panel.ticks(&mut svg, AxisLabels { x: "", y: "" });
        panel.title(&mut svg, &title(cells));
    }
    Some(Figure::svg(
        "published-tables",
        FigureText {
            title: "Published tables and what was measured".into(),
            alt: "For each published table, its numbers in order and what was measured of each, with its interval.".into(),
            caption: "Each panel is a table, its numbers over the one in which their arms differ, such as epochs, or in the order in which they \
                      were published. Black and dashed: published. Dots and lines: measured, with their intervals; green where the number lies within the margin of the published one, red where it does not, \
                      grey where the runs do not say."
                .into(),
        },
        svg,
    ))
}

/// Where the numbers of a table stand: at the number in which their arms differ, if that rises from one to the next, or else at 1, 2, 3, ...
fn places(cells: &[Measured]) -> Vec<f64> {
    let shared = shared_words(cells);
    let numbers: Option<Vec<(&str, f64)>> = cells.iter().map(|cell| own_number(cell, &shared)).collect();
    let rises = |pair: &[(&str, f64)]| pair[0].0 == pair[1].0 && pair[0].1 < pair[1].1;
    match numbers.filter(|numbers| numbers.windows(2).all(rises)) {
        Some(numbers) => numbers.into_iter().map(|(_, number)| number).collect(),
        None => (1..=cells.len()).map(|place| place as f64).collect(),
    }
}

/// The key and the number of `epochs=5`, if that is the only word of the arm's name that is not shared.
fn own_number<'a>(cell: &'a Measured, shared: &[&str]) -> Option<(&'a str, f64)> {
    let mut own = cell.what.split(' ').filter(|word| !shared.contains(word));
    let (key, value) = own.next()?.split_once('=')?;
    own.next().is_none().then_some((key, value.parse().ok()?))
}

/// The words that the names of all arms of a table share.
fn shared_words(cells: &[Measured]) -> Vec<&str> {
    let mut names = cells.iter().map(|cell| cell.what.split(' ').collect::<Vec<_>>());
    let first = names.next().unwrap_or_default();
    names.fold(first, |shared, name| shared.into_iter().filter(|word| name.contains(word)).collect())
}

/// What the numbers of a table are, and the words that the names of all its arms share: `test accuracy, frozen lr=0.1`.
fn title(cells: &[Measured]) -> String {
    let shared = shared_words(cells);
    let mut quantities: Vec<&Quantity> = cells.iter().map(|cell| &cell.quantity).collect();
    quantities.dedup();
    let quantity = match &quantities[..] {
        [one] => one.to_string(),
        // `knn_class@0`, `knn_class@1`, ...
        several => {
            several.first().map_or_else(String::new, |one| one.to_string().split('@').next().unwrap_or_default().into())
        }
    };
    format!("{}, {}", quantity.replace('_', " "), shared.join(" ")).trim_end_matches(", ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(what: &str) -> Measured {
        Measured {
            reading: String::new(),
            what: what.into(),
            quantity: Quantity::of_records("test_accuracy"),
            published: [0.5; 2],
            estimate: 0.5,
            interval: None,
            finding: Finding::Confirmed,
        }
    }

    #[test]
    fn numbers_of_a_table_stand_at_the_rising_number_of_their_arms_or_else_in_order() {
        let places_of = |names: &[&str]| places(&names.iter().map(|name| cell(name)).collect::<Vec<_>>());
        assert_eq!(
            places_of(&["784 lr=0.1 epochs=5", "784 lr=0.1 epochs=10", "784 lr=0.1 epochs=25"]),
            [5.0, 10.0, 25.0]
        );
        // One arm with several metrics, arms without numbers, numbers that fall, two numbers that change.
        for names in [&["latent=4", "latent=4"], &["online", "mini"], &["lr=0.1", "lr=0.01"], &["lr=1 k=1", "lr=2 k=2"]]
        {
            assert_eq!(places_of(names), [1.0, 2.0]);
        }
        assert_eq!(title(&["784 lr=0.1 epochs=5", "784 lr=0.1 epochs=10"].map(cell)), "test accuracy, 784 lr=0.1");
    }
}
