//! `kindling data`: list, fetch, verify and look at data sets.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Exit;
use super::run::{data_locations, local_data};
use crate::cli::{DataAction, DataArgs, DataFolder};
use crate::data::known::KNOWN;
use crate::data::source::{self, DataLocations};
use crate::data::{Dataset, Images, toys};
use crate::report::figures::contact_sheet::contact;
use crate::report::figures::toy;
use crate::run::progress::ProgressMode;
use crate::terminal;

/// Runs one of the actions.
pub fn run(args: DataArgs) -> Result<Exit> {
    let here = || DataFolder { data_dir: std::env::var_os("KINDLING_DATA_DIR").map(PathBuf::from) };
    match args.action.unwrap_or_else(|| DataAction::List { data: here() }) {
        DataAction::List { data } => list_all(&local_data(data.data_dir)),
        DataAction::Fetch { dataset, data } => describe(&dataset, &data_locations(&data, ProgressMode::fitting(false))),
        DataAction::Verify { dataset, data } => describe(&dataset, &local_data(data.data_dir)),
        DataAction::Show { dataset, out, columns, data } => {
            let name = dataset;
            let dataset = source::load(&name, &data_locations(&data, ProgressMode::fitting(false)))?;
            if dataset.train.points().is_some() {
                let out = out.unwrap_or_else(|| Path::new(&name).with_extension("svg"));
                return plot(&dataset, &out);
            }
            let out = out.unwrap_or_else(|| Path::new(&name).with_extension("png"));
            show(&dataset, &out, usize::from(columns))
        }
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
    for name in own_folders(locations) {
        terminal::print(format_args!("{name:<15} in {}", locations.folders(&name)[0].display()));
    }
    terminal::print(format_args!("\nLooked at, in this order, for a set NAME:"));
    locations.folders("NAME").iter().for_each(|folder| terminal::print(format_args!("  {}", folder.display())));
    Ok(Exit::Done)
}

/// Folders of the data folder that hold an IDX quartet of the user's own.
fn own_folders(locations: &DataLocations) -> Vec<String> {
    let Some(entries) = locations.dir.as_ref().and_then(|dir| std::fs::read_dir(dir).ok()) else { return Vec::new() };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| KNOWN.iter().all(|known| known.name != name) && locations.find(name).is_some());
    names.sort();
    names
}

fn describe(name: &str, locations: &DataLocations) -> Result<Exit> {
    let dataset = source::load(name, locations)?;
    let checked = match name {
        "digits" => "they are the digits every kindling draws",
        name if toys::find(name).is_some() => "they are the points every kindling draws",
        name if KNOWN.iter().any(|known| known.name == name) => "every file has its published SHA-256",
        _ => "every file is whole; no checksum is published for it",
    };
    terminal::print(format_args!(
        "{}: {} training and {} test images, {} classes ({}), hash {}; {checked}",
        dataset.name,
        dataset.train.count(),
        dataset.test.count(),
        dataset.classes.len(),
        dataset.classes.join(", "),
        dataset.hash
    ));
    Ok(Exit::Done)
}

/// The training points of a toy.
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
    let blank = vec![0u8; crate::data::PIXELS];
    for class in 0..dataset.classes.len() {
        let of_class = (0..images.count()).filter(|&index| usize::from(images.labels[index]) == class);
        let row: Vec<&[u8]> = of_class.take(columns).map(|index| images.image(index)).collect();
        let missing = columns - row.len();
        chosen.extend(row);
        chosen.extend(std::iter::repeat_n(blank.as_slice(), missing));
    }
    crate::files::write_atomic(out, &contact(&chosen, columns, 2).png()?)
        .with_context(|| format!("cannot write {}", out.display()))?;
    terminal::print(format_args!(
        "{}: the first {columns} images of each of {} classes, in {}",
        dataset.name,
        dataset.classes.len(),
        out.display()
    ));
    Ok(Exit::Done)
}
