//! A folder of PNG pictures with a sub-folder for each class, or two such folders, `train` and `test`.
//!
//! In: the folder. Out: grey images of one size, as they are: neither inverted nor centred.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;

use super::{Contents, MAX_CLASSES, OwnData, class_names};
use crate::data::{Images, picture};

/// The most pixels of all pictures together.
const MAX_PIXELS: usize = 600_000_000;

/// The pictures of a folder.
///
/// # Errors
/// There are none, one cannot be read, or one has another size than the others.
pub fn read(folder: &Path) -> Result<OwnData> {
    let parts = [folder.join("train"), folder.join("test")];
    let has_folders = |part: &PathBuf| entries(part).is_ok_and(|all| all.iter().any(|path| path.is_dir()));
    if !parts.iter().all(has_folders) {
        let classes = classes_of(folder)?;
        let (images, _) = pictures(folder, &classes, None)?;
        return Ok(OwnData { all: Contents::Images(images), test: None, classes, columns: None, as_is: true });
    }
    let classes = classes_of(&parts[0])?;
    let of_test = classes_of(&parts[1])?;
    ensure!(
        of_test == classes,
        "{} has the classes {}, and {} has {}; both must have the same sub-folders",
        parts[0].display(),
        classes.join(", "),
        parts[1].display(),
        of_test.join(", ")
    );
    let (train, first) = pictures(&parts[0], &classes, None)?;
    let (test, _) = pictures(&parts[1], &classes, Some((train.shape, first)))?;
    Ok(OwnData {
        all: Contents::Images(train),
        test: Some(Contents::Images(test)),
        classes,
        columns: None,
        as_is: true,
    })
}

/// The names of the sub-folders, in the order of classes.
fn classes_of(folder: &Path) -> Result<Vec<String>> {
    let shown = folder.display();
    let is_class = |path: &PathBuf| path.is_dir() && !name_of(path).starts_with('.');
    let classes = class_names(entries(folder)?.iter().filter(|path| is_class(path)).map(|path| name_of(path)));
    ensure!(
        !classes.is_empty(),
        "{shown} has neither the four IDX files of a data set nor sub-folders of PNG pictures, one for each class"
    );
    ensure!(
        classes.len() <= MAX_CLASSES,
        "{shown} has {} sub-folders, and there can be {MAX_CLASSES} classes",
        classes.len()
    );
    Ok(classes)
}

/// The pictures of each class, and the file of the first. `like` is a size that all must have, and the file that has it.
fn pictures(folder: &Path, classes: &[String], like: Option<([usize; 2], PathBuf)>) -> Result<(Images, PathBuf)> {
    let mut files: Vec<(PathBuf, u8)> = Vec::new();
    for (label, class) in classes.iter().enumerate() {
        let is_png = |path: &PathBuf| super::extension(path).as_deref() == Some("png");
        let own: Vec<PathBuf> = entries(&folder.join(class))?.into_iter().filter(is_png).collect();
        ensure!(
            !own.is_empty(),
            "{} has no PNG pictures; put some there, or remove the folder",
            folder.join(class).display()
        );
        files.extend(own.into_iter().map(|path| (path, label as u8)));
    }
    let first = files.first().map(|(path, _)| path.clone()).context("there are no pictures")?;
    let (shape, model) = match like {
        Some(like) => like,
        None => (picture::read_as_is(&first)?.0, first.clone()),
    };
    let [rows, columns] = shape;
    ensure!(
        files.len().saturating_mul(rows * columns) <= MAX_PIXELS,
        "{} pictures of {columns} x {rows} pixels are more than the {MAX_PIXELS} pixels that are read; scale them down",
        files.len()
    );
    let read: Vec<Vec<u8>> = files
        .par_iter()
        .map(|(path, _)| {
            let ([own_rows, own_columns], pixels) = picture::read_as_is(path)?;
            ensure!(
                [own_rows, own_columns] == shape,
                "{} is {own_columns} x {own_rows} pixels, and {} is {columns} x {rows}; all must have one size",
                path.display(),
                model.display()
            );
            Ok(pixels)
        })
        .collect::<Result<_>>()?;
    let labels = files.into_iter().map(|(_, label)| label).collect();
    Ok((Images::sized(shape, read.concat(), labels), first))
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

/// The paths in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let paths: std::io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.with_context(|| format!("cannot read the folder {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, width: u32, pixels: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), width, pixels.len() as u32 / width);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    }

    #[test]
    fn a_sub_folder_is_a_class_and_pictures_keep_their_size_and_their_pixels() {
        let folder = tempfile::tempdir().unwrap();
        for (path, value) in [("b/1.png", 9), ("b/2.PNG", 8), ("a/x.png", 7), ("a/notes.txt", 0)] {
            write(&folder.path().join(path), 3, &[value; 6]);
        }
        let own = read(folder.path()).unwrap();
        assert_eq!(own.classes, ["a", "b"]);
        let Contents::Images(images) = own.all else { panic!("no images") };
        assert_eq!((images.shape, images.labels.as_slice()), ([2, 3], &[0u8, 1, 1][..]));
        assert_eq!(images.pixels, [[7; 6], [9; 6], [8; 6]].concat());
    }

    #[test]
    fn a_train_and_a_test_folder_are_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        for (path, value) in [("train/a/1.png", 1), ("train/b/1.png", 2), ("test/a/1.png", 3), ("test/b/1.png", 4)] {
            write(&folder.path().join(path), 2, &[value; 4]);
        }
        let own = read(folder.path()).unwrap();
        let pixels = |contents: Contents| match contents {
            Contents::Images(images) => images.pixels,
            Contents::Rows(_) => Vec::new(),
        };
        assert_eq!(pixels(own.all), [[1; 4], [2; 4]].concat());
        assert_eq!(pixels(own.test.unwrap()), [[3; 4], [4; 4]].concat());
    }

    #[test]
    fn another_size_an_unreadable_picture_and_an_empty_class_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = || format!("{:#}", read(folder.path()).unwrap_err());
        assert!(error().contains("neither the four IDX files"));
        write(&folder.path().join("a/1.png"), 2, &[0; 4]);
        write(&folder.path().join("b/1.png"), 2, &[0; 6]);
        assert!(
            error().contains("b/1.png is 2 x 3 pixels, and") && error().contains("a/1.png is 2 x 2"),
            "{}",
            error()
        );
        fs::write(folder.path().join("b/1.png"), b"no picture").unwrap();
        assert!(error().contains("b/1.png cannot be read as a PNG"), "{}", error());
        fs::remove_file(folder.path().join("b/1.png")).unwrap();
        assert!(error().contains("b has no PNG pictures"), "{}", error());
        for place in ["train/a", "train/b", "test/a", "test/b", "test/z"] {
            write(&folder.path().join(place).join("1.png"), 2, &[0; 4]);
        }
        assert!(error().contains("both must have the same sub-folders"), "{}", error());
    }
}
