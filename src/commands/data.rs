//! `kindling data`: list, fetch, check and look at data sets.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Exit;
use super::run::{data_locations, local_data};
use crate::cli::{ColumnFlags, DataAction, DataArgs, DataFolder};
use crate::data::known::KNOWN;
use crate::data::own::facts::{ColumnFacts, TableFacts};
use crate::data::own::table::{self, Problem};
use crate::data::source::{self, DataLocations};
use crate::data::{DataConfig, Dataset, Images, SplitSizes, toys};
use crate::report::figures::contact_sheet::contact;
use crate::report::figures::toy;
use crate::report::table::{Cell, Table};
use crate::run::progress::ProgressMode;
use crate::terminal;

/// The most classes, and bad lines, that are listed.
const LISTED: usize = 20;

/// Runs one of the actions.
pub fn run(args: DataArgs) -> Result<Exit> {
    let here = || DataFolder { data_dir: std::env::var_os("KINDLING_DATA_DIR").map(PathBuf::from) };
    match args.action.unwrap_or_else(|| DataAction::List { data: here() }) {
        DataAction::List { data } => list_all(&local_data(data.data_dir)),
        DataAction::Fetch { dataset, data } => {
            let locations = data_locations(&data, ProgressMode::fitting(false));
            if let Some(known) = KNOWN.iter().find(|known| known.name == dataset && locations.find(&dataset).is_none())
            {
                source::fetch(known, &locations)?;
            }
            describe(&DataConfig::named(&dataset), &locations)
        }
        DataAction::Check { dataset, columns, data } => check(&config(&dataset, &columns), &local_data(data.data_dir)),
        DataAction::Show { dataset: name, out, images, columns, data } => {
            let locations = data_locations(&data, ProgressMode::fitting(false));
            let config = config(&name, &columns);
            if config.is_own() && check(&config, &locations)? != Exit::Done {
                return Ok(Exit::Failed);
            }
            let dataset = source::load(&config, &locations)?;
            let stem = Path::new(&name).file_stem().map_or_else(|| name.clone().into(), |stem| stem.to_owned());
            match &dataset.train {
                crate::data::Examples::Images(_) => {
                    let out = out.unwrap_or_else(|| Path::new(&stem).with_extension("png"));
                    show(&dataset, &out, usize::from(images))
                }
                crate::data::Examples::Points(points)
                    if points.width == 2 || points.width == 1 && dataset.is_regression() =>
                {
                    let out = out.unwrap_or_else(|| Path::new(&stem).with_extension("svg"));
                    plot(&dataset, &out)
                }
                crate::data::Examples::Points(points) => {
                    terminal::print(format_args!("no picture: {} inputs are no points of a plane", points.width));
                    Ok(Exit::Done)
                }
            }
        }
    }
}

/// The settings that the flags mean.
fn config(dataset: &str, columns: &ColumnFlags) -> DataConfig {
    DataConfig {
        label: columns.label.clone(),
        target: columns.target.clone(),
        ignore: columns.ignore.clone(),
        ..DataConfig::named(dataset)
    }
}

fn list_all(locations: &DataLocations) -> Result<Exit> {
    for known in &KNOWN {
        match locations.find(known.name) {
            Some(folder) => terminal::print(format_args!("{:<15} in {}", known.name, folder.display())),
            None => terminal::print(format_args!("{:<15} not here; `kindling data fetch {}`", known.name, known.name)),
        }
    }
    let drawn = locations.cache.join("digits");
    let location = if drawn.is_dir() { format!("in {}", drawn.display()) } else { "drawn when first used".into() };
    terminal::print(format_args!("{:<15} {location}", "digits"));
    for toy in toys::TOYS {
        terminal::print(format_args!("{:<15} {}, drawn when used", toy.name, toy.description));
    }
    for name in own_names(locations) {
        if let Ok(found) = locations.own(&name) {
            terminal::print(format_args!("{name:<15} in {}", found.display()));
        }
    }
    terminal::print(format_args!("\nLooked at, in this order, for a set NAME:"));
    locations.folders("NAME").iter().for_each(|folder| terminal::print(format_args!("  {}", folder.display())));
    Ok(Exit::Done)
}

/// The user's own data in the data folder.
fn own_names(locations: &DataLocations) -> Vec<String> {
    let Some(entries) = locations.dir.as_ref().and_then(|dir| std::fs::read_dir(dir).ok()) else { return Vec::new() };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| DataConfig::named(name).is_own() && locations.own(name).is_ok());
    names.sort();
    names
}

/// Says what was understood of data, and what does not belong.
fn check(config: &DataConfig, locations: &DataLocations) -> Result<Exit> {
    let is_table = [".csv", ".tsv"].iter().any(|ending| config.dataset.to_ascii_lowercase().ends_with(ending));
    if !(config.is_own() && is_table) {
        return describe(config, locations);
    }
    let path = locations.own(&config.dataset)?;
    let scan = table::scan(config, &path)?;
    terminal::print(format_args!("{}", facts_text(&scan.facts, &path)));
    if scan.problems.is_empty() {
        return describe(config, locations);
    }
    for Problem { line, what } in scan.problems.iter().take(LISTED) {
        terminal::print(format_args!("{}:{line}: {what}", path.display()));
    }
    let count = scan.problems.len();
    let more = if count > LISTED { format!("; the first {LISTED} are listed") } else { String::new() };
    terminal::tell(format_args!("error: {count} of {} rows cannot be used{more}", scan.facts.rows));
    Ok(Exit::Failed)
}

/// A row for each column, and the classes.
fn facts_text(facts: &TableFacts, path: &Path) -> String {
    // To six places, and never -0.
    let rounded = |value: f64| (value * 1e6).round() / 1e6 + 0.0;
    let number = |value: f64| Cell::Number(value.is_finite().then(|| rounded(value).to_string()));
    let row = |facts: &ColumnFacts, role: &str| {
        vec![
            Cell::from(&facts.name),
            Cell::from(role),
            number(facts.low),
            facts.mean().map_or(Cell::Number(None), number),
            number(facts.high),
            Cell::number(facts.missing),
        ]
    };
    let role = if facts.is_class { "class" } else { "number to predict" };
    let rows = facts.inputs.iter().map(|column| row(column, "input")).chain([row(&facts.outcome, role)]);
    let table = Table::new(["column", "is", "lowest", "mean", "highest", "missing"], rows).text();
    let mut text = format!("{}: {} rows\n\n{table}\n", path.display(), facts.rows);
    if facts.is_class {
        let mut classes: Vec<String> = facts.classes.iter().map(|(name, count)| format!("{name} {count}")).collect();
        if classes.len() > LISTED {
            let more = classes.len() - LISTED;
            classes.truncate(LISTED);
            classes.push(format!("{more} more"));
        }
        text.push_str(&format!("\n{} classes: {}\n", facts.classes.len(), classes.join(", ")));
        if facts.classes.len() > LISTED && facts.classes.iter().all(|(name, _)| name.parse::<f64>().is_ok()) {
            text.push_str(&format!(
                "all of them are numbers; to predict the number itself, name it: --target {}\n",
                facts.outcome.name
            ));
        }
    }
    text
}

/// Reads a data set whole, and says what it is.
fn describe(config: &DataConfig, locations: &DataLocations) -> Result<Exit> {
    let dataset = source::load(config, locations)?;
    let name = config.dataset.as_str();
    let checked = match name {
        "digits" => "they are the digits every kindling draws",
        name if toys::find(name).is_some() => "they are the points every kindling draws",
        _ if config.is_own() => "every row or picture can be used",
        _ => "every file has its published SHA-256",
    };
    let what = match dataset.train.images() {
        Some(images) => format!("images of {}x{}", images.shape[0], images.shape[1]),
        None => format!("rows of {} numbers", dataset.train.width()),
    };
    let predicted = match dataset.classes.len() {
        0 => "a number to predict".into(),
        count if count > LISTED => format!("{count} classes"),
        count => format!("{count} classes ({})", dataset.classes.join(", ")),
    };
    let split = match dataset.sizes {
        Some(SplitSizes { train, validation, test }) => {
            format!("{train} to train, {validation} to validate and {test} to test")
        }
        None => format!("{} training and {} test", dataset.train.count(), dataset.test.count()),
    };
    terminal::print(format_args!("{}: {split}, {what}, {predicted}, hash {}; {checked}", dataset.name, dataset.hash));
    Ok(Exit::Done)
}

/// The training points of one or two inputs.
fn plot(dataset: &Dataset, out: &Path) -> Result<Exit> {
    let figure = toy::draw(dataset).context("there are no points to draw")?;
    crate::files::write_atomic(out, &figure.bytes).with_context(|| format!("cannot write {}", out.display()))?;
    terminal::print(format_args!("{}: {} training points, in {}", dataset.name, dataset.train.count(), out.display()));
    Ok(Exit::Done)
}

/// One row per class: its first training images, side by side.
fn show(dataset: &Dataset, out: &Path, columns: usize) -> Result<Exit> {
    let images: &Images = dataset.train.images().context("only images can be shown side by side")?;
    let mut chosen: Vec<&[u8]> = Vec::new();
    let blank = vec![0u8; images.width()];
    for class in 0..dataset.classes.len() {
        let of_class = (0..images.count()).filter(|&index| usize::from(images.labels[index]) == class);
        let row: Vec<&[u8]> = of_class.take(columns).map(|index| images.image(index)).collect();
        let missing = columns - row.len();
        chosen.extend(row);
        chosen.extend(std::iter::repeat_n(blank.as_slice(), missing));
    }
    crate::files::write_atomic(out, &contact(&chosen, images.shape, columns, 2).png()?)
        .with_context(|| format!("cannot write {}", out.display()))?;
    terminal::print(format_args!(
        "{}: the first {columns} images of each of {} classes, in {}",
        dataset.name,
        dataset.classes.len(),
        out.display()
    ));
    Ok(Exit::Done)
}
