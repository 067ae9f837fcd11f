//! Data of one's own: a CSV file, NumPy arrays, a folder of pictures, or four IDX files of any image size.
//!
//! In: a path and the `[data]` section. Out: a [`Dataset`] that is split and scaled, or an error with the file and, in a table, the line.

pub mod facts;
mod idx_files;
pub mod npy_pair;
mod pictures;
mod split;
pub mod table;

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::config::DataConfig;
use super::examples::{Examples, PointSet};
use super::folder;
use super::scale::{InputTable, Scale, Scaling};
use super::{Dataset, SplitSizes, classes};
use crate::hash;

/// Data as they are in the file, neither split nor scaled.
#[derive(Debug)]
pub struct OwnData {
    /// All examples, or those of the training file.
    pub all: Contents,
    /// The examples of the test file, where there is one.
    pub test: Option<Contents>,
    /// Names of the classes; none for a regression.
    pub classes: Vec<String>,
    /// Names of a table's inputs.
    pub columns: Option<Vec<String>>,
    /// Whether new pictures are taken as they are, as these were, and not brought into MNIST's form.
    pub as_is: bool,
}

/// The examples of a file. The numbers of a table have 64 bits until they are scaled.
#[derive(Debug)]
pub enum Contents {
    /// Images, each with a class.
    Images(super::Images),
    /// Rows of a table.
    Rows(Rows),
}

/// Rows of numbers, and the class or the target of each.
#[derive(Debug, Default)]
pub struct Rows {
    /// `[n * width]`
    pub values: Vec<f64>,
    /// Numbers in a row.
    pub width: usize,
    /// `[n]`; all 0 in a regression.
    pub labels: Vec<u8>,
    /// `[n]` in a regression; else empty.
    pub targets: Vec<f64>,
}

/// The most classes: as many as a label of one byte has values.
pub const MAX_CLASSES: usize = 256;

/// Whether a name can only be that of a file of one's own.
pub fn is_file_name(name: &str) -> bool {
    extension(Path::new(name)).is_some_and(|extension| ["csv", "tsv", "npy"].contains(&extension.as_str()))
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// Reads, splits and scales the data at a path.
///
/// # Errors
/// A file cannot be read or has what does not belong there, there is only one class, or the splits ask for more examples than there are.
pub fn load(config: &DataConfig, path: &Path) -> Result<Dataset> {
    let own = read(config, path)?;
    assemble(config, own).with_context(|| path.display().to_string())
}

/// The data at a path, as they are.
///
/// # Errors
/// A file cannot be read or has what does not belong there.
pub fn read(config: &DataConfig, path: &Path) -> Result<OwnData> {
    let shown = path.display();
    match extension(path).as_deref() {
        Some("csv" | "tsv") if path.is_file() => table::read(config, path),
        Some("npy") if path.is_file() => npy_pair::read(config, path),
        _ if path.is_dir() => {
            ensure!(
                config.label.is_none() && config.target.is_none() && config.ignore.is_empty(),
                "{shown} is a folder: `data.label`, `data.target` and `data.ignore` are for the columns of a table; leave them out"
            );
            if folder::has_idx_files(path) { idx_files::read(path) } else { pictures::read(path) }
        }
        _ => bail!("{shown} is neither a .csv, .tsv or .npy file nor a folder"),
    }
}

/// Draws the splits and scales the numbers.
fn assemble(config: &DataConfig, own: OwnData) -> Result<Dataset> {
    let OwnData { mut all, mut test, mut classes, columns, as_is } = own;
    if !config.classes.is_empty() {
        classes = choose(&config.classes, &classes, &mut all, test.as_mut())?;
    }
    let is_regression = classes.is_empty();
    ensure!(
        is_regression || classes.len() > 1 || !config.classes.is_empty(),
        "all examples are of one class, `{}`; there is nothing to tell apart",
        classes[0]
    );
    ensure!(
        columns.is_some() || config.scale == Scale::default(),
        "`data.scale` is for the columns of a table; of images use `data.pixels`"
    );
    let (count, tests) = (all.labels().len(), test.as_ref().map_or(0, |test| test.labels().len()));
    let sizes = config.sizes_of(count, tests);
    check_sizes(sizes, count, tests)?;
    let draws = split::Draws { labels: all.labels(), is_stratified: !is_regression, seed: config.split_seed };
    let from_all = if test.is_none() { sizes.test } else { 0 };
    let [train, validation, drawn] = draws.parts([sizes.train, sizes.validation, from_all]);
    let scaling = match &all {
        Contents::Rows(rows) => Some(Scaling::fit(config.scale, &rows.values, rows.width, &train)),
        Contents::Images(_) => None,
    };
    let examples = |contents: &Contents, order: &[usize]| contents.examples(order, scaling.as_ref());
    let test = match &test {
        None => examples(&all, &drawn),
        Some(test) => {
            let draws = split::Draws { labels: test.labels(), is_stratified: !is_regression, seed: config.split_seed };
            let [chosen, ..] = draws.parts([sizes.test, 0, 0]);
            examples(test, &chosen)
        }
    };
    let train = examples(&all, &[train, validation].concat());
    let table = columns.zip(scaling).map(|(columns, scaling)| InputTable { columns, scaling });
    let mut dataset = Dataset::of(&config.full_name(), train, test, classes);
    // The examples alone do not tell which of them validate.
    let SplitSizes { train, validation, test } = sizes;
    dataset.hash = hash::short_of(format!("{}+{train}+{validation}+{test}", dataset.hash).as_bytes());
    (dataset.sizes, dataset.table, dataset.as_is) = (Some(sizes), table, as_is);
    Ok(dataset)
}

fn check_sizes(sizes: SplitSizes, count: usize, tests: usize) -> Result<()> {
    let SplitSizes { train, validation, test } = sizes;
    let from_all = train.saturating_add(validation).saturating_add(if tests == 0 { test } else { 0 });
    ensure!(
        train > 0 && validation > 0 && test > 0 && from_all <= count,
        "`data.train` {train}, `data.validation` {validation} and `data.test` {test} do not fit into the {count} examples there are; each needs \
         one at least"
    );
    ensure!(tests == 0 || test <= tests, "`data.test` {test} is more than the {tests} test examples");
    Ok(())
}

/// Keeps some classes, renumbered from 0, and returns their names.
fn choose(chosen: &[u8], names: &[String], all: &mut Contents, test: Option<&mut Contents>) -> Result<Vec<String>> {
    let mut kept = Vec::new();
    for &class in chosen {
        let known = names.get(usize::from(class)).filter(|_| all.labels().contains(&class));
        let name = known.with_context(|| {
            format!("`data.classes` has {class}; the classes are {}", classes::numbered(names).join(", "))
        })?;
        kept.push(name.clone());
    }
    for contents in std::iter::once(all).chain(test) {
        contents.keep_classes(chosen);
    }
    Ok(kept)
}

impl Contents {
    /// `[n]`; all 0 in a regression.
    pub fn labels(&self) -> &[u8] {
        match self {
            Self::Images(images) => &images.labels,
            Self::Rows(rows) => &rows.labels,
        }
    }

    fn keep_classes(&mut self, chosen: &[u8]) {
        let place = |label: &u8| chosen.iter().position(|class| class == label).map(|place| place as u8);
        let kept: Vec<usize> =
            self.labels().iter().enumerate().filter_map(|(at, label)| place(label).map(|_| at)).collect();
        match self {
            Self::Images(images) => {
                let labels = images.labels.iter().filter_map(place).collect();
                *images = super::Images::sized(images.shape, images.picked(&kept).pixels, labels);
            }
            Self::Rows(rows) => {
                rows.values = kept.iter().flat_map(|&row| rows.row(row).to_vec()).collect();
                rows.labels = rows.labels.iter().filter_map(place).collect();
            }
        }
    }

    /// Some of the examples in the form that networks take.
    fn examples(&self, order: &[usize], scaling: Option<&Scaling>) -> Examples {
        match self {
            Self::Images(images) => Examples::Images(images.picked(order)),
            Self::Rows(rows) => {
                let scaled = |&row: &usize| match scaling {
                    Some(scaling) => scaling.scaled(rows.row(row)),
                    None => rows.row(row).iter().map(|&x| x as f32).collect(),
                };
                Examples::Points(PointSet {
                    values: order.iter().flat_map(scaled).collect(),
                    width: rows.width,
                    labels: order.iter().map(|&row| rows.labels[row]).collect(),
                    targets: order.iter().filter_map(|&row| rows.targets.get(row).map(|&y| y as f32)).collect(),
                })
            }
        }
    }
}

impl Rows {
    /// The numbers of one row.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.width..(index + 1) * self.width]
    }
}

/// The distinct texts in the order of classes: whole numbers by their size, other texts by their letters.
fn class_names(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = texts.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    if let Some(numbers) = names.iter().map(|name| name.parse().ok()).collect::<Option<Vec<i64>>>() {
        let mut both: Vec<(i64, String)> = numbers.into_iter().zip(names).collect();
        both.sort();
        names = both.into_iter().map(|(_, name)| name).collect();
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_are_numbers_are_in_the_order_of_numbers() {
        let names = |texts: &[&str]| class_names(texts.iter().map(ToString::to_string));
        assert_eq!(names(&["10", "2", "10", "1"]), ["1", "2", "10"]);
        assert_eq!(names(&["10", "2", "b"]), ["10", "2", "b"]);
    }

    #[test]
    fn a_csv_file_becomes_a_data_set_scaled_by_its_training_part_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.csv");
        let rows: String = (0..50).map(|i| format!("{i},{},{}\n", 100 - 2 * i, ["no", "yes"][i % 2])).collect();
        std::fs::write(&path, format!("a,b,class\n{rows}")).unwrap();
        let config = DataConfig::named("own.csv");
        let dataset = load(&config, &path).unwrap();
        assert_eq!((dataset.train.count(), dataset.test.count()), (40, 10));
        assert_eq!(dataset.sizes, Some(SplitSizes { train: 30, validation: 10, test: 10 }));
        assert_eq!(dataset.classes, ["no", "yes"]);
        let points = dataset.train.points().unwrap();
        let column = |points: &PointSet, axis: usize, count: usize| {
            points.values.iter().skip(axis).step_by(2).take(count).map(|&x| f64::from(x)).collect::<Vec<f64>>()
        };
        for axis in 0..2 {
            let values = column(points, axis, 30);
            let mean = values.iter().sum::<f64>() / 30.0;
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 30.0;
            assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5, "{mean} {variance}");
        }
        // Every row is in one split: its first number, scaled back, tells which it is.
        let Scaling { offset, divisor } = dataset.table.as_ref().unwrap().scaling.clone();
        let both = [&dataset.train, &dataset.test].map(|part| part.points().unwrap().clone());
        let mut found: Vec<i64> = both
            .iter()
            .flat_map(|part| column(part, 0, part.labels.len()))
            .map(|x| (x * divisor[0] + offset[0]).round() as i64)
            .collect();
        found.sort_unstable();
        assert_eq!(found, (0..50).collect::<Vec<i64>>());
        // Half of each split is of each class.
        let ones = |labels: &[u8]| labels.iter().filter(|&&label| label == 1).count();
        assert_eq!([ones(&points.labels[..30]), ones(&points.labels[30..]), ones(dataset.test.labels())], [15, 5, 5]);
        // Another seed draws another split, and the same seed the same.
        let with_seed = |split_seed| load(&DataConfig { split_seed, ..config.clone() }, &path).unwrap().hash;
        assert_eq!(with_seed(0), dataset.hash);
        assert_ne!(with_seed(1), dataset.hash);
    }

    #[test]
    fn one_class_alone_and_splits_that_do_not_fit_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.csv");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        let error = |config: DataConfig| format!("{:#}", load(&config, &path).unwrap_err());
        write("a,class\n1,x\n2,x\n3,x\n");
        assert!(error(DataConfig::named("own.csv")).contains("all examples are of one class, `x`"));
        write("a,class\n1,x\n2,y\n3,x\n");
        let train = super::super::Size::Count(9);
        assert!(error(DataConfig { train, ..DataConfig::named("own.csv") }).contains("the 3 examples there are"));
        let classes = vec![2];
        assert!(error(DataConfig { classes, ..DataConfig::named("own.csv") }).contains("the classes are 0 (x), 1 (y)"));
    }
}
