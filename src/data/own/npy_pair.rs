//! Two NumPy arrays: the inputs, and the class or the number of each.
//!
//! In: `x.npy` of shape `[n, inputs]`, or `[n, rows, columns]` of bytes for images; beside it `y.npy` of shape `[n]`. Out: its rows or images.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::{Contents, MAX_CLASSES, OwnData, Rows, class_names};
use crate::data::Images;
use crate::data::config::DataConfig;
use crate::data::scale::InputTable;
use crate::files::read_within;
use crate::npy::{self, Array};

/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 31;

/// The rows of a pair of files.
///
/// # Errors
/// A file cannot be read, they do not fit each other, or a number is not finite.
pub fn read(config: &DataConfig, path: &Path) -> Result<OwnData> {
    let shown = path.display();
    ensure!(config.ignore.is_empty(), "`data.ignore` is for the columns of a CSV file, which have names; leave it out");
    ensure!(
        config.label.is_none() || config.target.is_none(),
        "`data.label` and `data.target` are both given: either a class or a number is predicted"
    );
    let inputs = array(path)?;
    let other = match config.label.as_ref().or(config.target.as_ref()) {
        Some(file) => beside(path, file),
        None => {
            let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
            let rest = name.strip_prefix(['x', 'X']).with_context(|| {
                format!("{shown} does not begin with x; name the file of its classes with `data.label`")
            })?;
            path.with_file_name(format!("y{rest}"))
        }
    };
    let outcomes = array(&other)?;
    let (count, of_other) = (inputs.shape.first().copied().unwrap_or(0), other.display());
    ensure!(
        outcomes.numbers.len() == count && count > 2,
        "{shown} has {count} rows and {of_other} {} values; expected one for each row, and 3 or more",
        outcomes.numbers.len()
    );
    let row = |at: usize, width: usize| at / width.max(1);
    if let Some(at) = inputs.numbers.iter().position(|x| !(*x as f32).is_finite()) {
        bail!(
            "{shown}: row {} has a number that is not finite; take the row out",
            row(at, inputs.numbers.len() / count)
        );
    }
    if let Some(at) = outcomes.numbers.iter().position(|y| !(*y as f32).is_finite()) {
        bail!("{of_other}: value {at} is not finite; take it and its row out");
    }
    let (labels, targets, classes) = match &config.target {
        Some(_) => (vec![0; count], outcomes.numbers, Vec::new()),
        None => {
            /// Whole numbers up to here are all different in 64 bits.
            const MOST: f64 = (1u64 << 53) as f64;
            ensure!(
                outcomes.numbers.iter().all(|label| label.abs() <= MOST),
                "{of_other} has a class beyond 2^53; number the classes from 0"
            );
            // Adding 0 makes 0 of -0.
            let texts: Vec<String> = outcomes.numbers.iter().map(|label| (label + 0.0).to_string()).collect();
            let classes = class_names(texts.iter().cloned());
            ensure!(
                classes.len() <= MAX_CLASSES,
                "{of_other} has {} different values, and there can be {MAX_CLASSES} classes; name it with `data.target` if they are \
                 numbers to predict",
                classes.len()
            );
            let place = |text: &String| classes.iter().position(|class| class == text).unwrap_or(0) as u8;
            (texts.iter().map(place).collect(), Vec::new(), classes)
        }
    };
    match inputs.shape[..] {
        [_, width] if width > 0 => {
            let rows = Rows { values: inputs.numbers, width, labels, targets };
            let columns = (0..width).map(|column| format!("{column}")).collect();
            Ok(OwnData { all: Contents::Rows(rows), test: None, classes, columns: Some(columns), as_is: true })
        }
        [_, rows, columns] if inputs.is_bytes && rows * columns > 0 && config.target.is_none() => {
            let pixels = inputs.numbers.iter().map(|&pixel| pixel as u8).collect();
            let images = Images::sized([rows, columns], pixels, labels);
            Ok(OwnData { all: Contents::Images(images), test: None, classes, columns: None, as_is: true })
        }
        _ => bail!(
            "{shown} has the shape {:?}; expected [n, inputs], or [n, rows, columns] of uint8 for images with classes",
            inputs.shape
        ),
    }
}

/// The inputs of new rows, for a network of as many inputs, scaled.
///
/// # Errors
/// The array has another shape, or a number that is not finite.
pub fn read_inputs(table: &InputTable, path: &Path) -> Result<Vec<f32>> {
    let (shown, width) = (path.display(), table.columns.len());
    let array = array(path)?;
    ensure!(
        array.shape.len() == 2 && array.shape[1] == width,
        "{shown} has the shape {:?}; expected [n, {width}]",
        array.shape
    );
    let scaled: Vec<f32> = array.numbers.chunks_exact(width).flat_map(|row| table.scaling.scaled(row)).collect();
    ensure!(
        scaled.iter().all(|x| x.is_finite()),
        "{shown} has a number that, scaled as in the training, is not finite"
    );
    Ok(scaled)
}

/// The pixels of new images of this shape.
///
/// # Errors
/// The array has another shape, or not bytes.
pub fn read_images(shape: [usize; 2], path: &Path) -> Result<Vec<u8>> {
    let array = array(path)?;
    ensure!(
        array.is_bytes && array.shape.len() == 3 && array.shape[1..] == shape && array.shape[0] > 0,
        "{} has the shape {:?}; expected [n, {}, {}] of uint8",
        path.display(),
        array.shape,
        shape[0],
        shape[1]
    );
    Ok(array.numbers.into_iter().map(|pixel| pixel as u8).collect())
}

/// A file as it is named, or beside another.
fn beside(path: &Path, file: &str) -> PathBuf {
    let sibling = path.with_file_name(file);
    if sibling.is_file() { sibling } else { PathBuf::from(file) }
}

fn array(path: &Path) -> Result<Array> {
    npy::parse(&read_within(path, MAX_BYTES)?).with_context(|| format!("{} is no array that is read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, descr: &str, shape: &str, data: &[u8]) {
        std::fs::write(path, npy::tests::file(descr, "False", shape, data)).unwrap();
    }

    #[test]
    fn a_pair_of_arrays_is_a_table_or_images_with_classes_by_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let [x, y, images] = ["x.npy", "y.npy", "X_train.npy"].map(|name| folder.path().join(name));
        let numbers: Vec<u8> = (0..6).flat_map(|i| (f64::from(i) / 2.0).to_le_bytes()).collect();
        write(&x, "<f8", "(3, 2)", &numbers);
        let labels: Vec<u8> = [7i64, -1, 7].iter().flat_map(|label| label.to_le_bytes()).collect();
        write(&y, "<i8", "(3,)", &labels);
        let own = read(&DataConfig::named("x.npy"), &x).unwrap();
        assert_eq!(own.classes, ["-1", "7"]);
        let Contents::Rows(rows) = own.all else { panic!("no rows") };
        assert_eq!((rows.row(2), rows.labels.as_slice()), (&[2.0, 2.5][..], &[1u8, 0, 1][..]));
        // The same numbers as targets.
        let config = DataConfig { target: Some("y.npy".into()), ..DataConfig::named("x.npy") };
        let Contents::Rows(rows) = read(&config, &x).unwrap().all else { panic!("no rows") };
        assert_eq!(rows.targets, [7.0, -1.0, 7.0]);
        write(&images, "|u1", "(3, 1, 2)", &[1, 2, 3, 4, 5, 255]);
        let config = DataConfig { label: Some("y.npy".into()), ..DataConfig::named("X_train.npy") };
        let Contents::Images(images) = read(&config, &images).unwrap().all else { panic!("no images") };
        assert_eq!((images.shape, images.pixels), ([1, 2], vec![1, 2, 3, 4, 5, 255]));
    }

    #[test]
    fn arrays_that_do_not_fit_and_numbers_that_are_not_finite_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let [x, y] = ["x.npy", "y.npy"].map(|name| folder.path().join(name));
        let error = || format!("{:#}", read(&DataConfig::named("x.npy"), &x).unwrap_err());
        write(&x, "<f4", "(3, 1)", &[1.0f32, f32::NAN, 2.0].map(f32::to_le_bytes).concat());
        assert!(error().contains("y.npy"));
        write(&y, "|u1", "(2,)", &[0, 1]);
        assert!(error().contains("3 rows and") && error().contains("2 values"));
        write(&y, "|u1", "(3,)", &[0, 1, 1]);
        assert!(error().contains("row 1 has a number that is not finite"));
        write(&x, "<f4", "(3,)", &[0; 12]);
        assert!(error().contains("expected [n, inputs]"));
    }
}
