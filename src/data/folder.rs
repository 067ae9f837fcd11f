//! A data set in a folder: four IDX files, plain or gzipped.
//!
//! In: a folder and the data set's name. Out: a [`Dataset`]; the files of a published data set are checked against
//! their SHA-256.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::known::{FILE_NAMES, KNOWN};
use super::{Dataset, Images, idx};

/// The path of file `name` in a folder, with or without `.gz`; `None` if there is neither.
pub(super) fn existing(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.join(name), folder.join(format!("{name}.gz"))].into_iter().find(|path| path.is_file())
}

/// Whether a folder has all four files.
pub(super) fn has_idx_files(folder: &Path) -> bool {
    FILE_NAMES.iter().all(|name| existing(folder, name).is_some())
}

/// Reads the four files of the published data set `dataset`, or of the drawn digits.
///
/// # Errors
/// A file is missing or damaged, has not the SHA-256 published for it, or has another number of examples than its pair.
pub fn read_folder(dataset: &str, folder: &Path) -> Result<Dataset> {
    let [train, test] = read_pairs(folder, Some(dataset))?;
    Ok(Dataset::new(dataset, train, test))
}

/// The training and the test images of the four files. `published` is the name of a set whose images are 28x28, and whose files are checked where it is known.
pub(super) fn read_pairs(folder: &Path, published: Option<&str>) -> Result<[Images; 2]> {
    let known = KNOWN.iter().find(|known| Some(known.name) == published);
    let read = |index: usize| -> Result<idx::Idx> {
        let name = FILE_NAMES[index];
        let path = existing(folder, name).with_context(|| {
            format!("the folder {} has no file {name} or {name}.gz; put it there", folder.display())
        })?;
        let file = idx::read(&path)?;
        if let Some(known) = known {
            ensure!(
                file.sha256 == known.files[index].sha256,
                "{} is not the file that {} publishes: its SHA-256 is {}, expected {}; delete it and run \
                 `kindling data fetch {}`, or give a folder of your own data another name",
                path.display(),
                known.name,
                file.sha256,
                known.files[index].sha256,
                known.name
            );
        }
        Ok(file)
    };
    let read_pair = |images: usize| -> Result<Images> {
        let name =
            |index: usize| existing(folder, FILE_NAMES[index]).map_or(String::new(), |path| path.display().to_string());
        idx::pair(read(images)?, read(images + 1)?, published.is_some())
            .with_context(|| format!("{} and {}", name(images), name(images + 1)))
    };
    // The two pairs are read in parallel: the test files are a sixth of the training files.
    let (train, test) = std::thread::scope(|scope| {
        let test = scope.spawn(|| read_pair(2));
        (read_pair(0), test.join())
    });
    let test =
        test.map_err(|_| anyhow::anyhow!("the thread that read the test files in {} panicked", folder.display()))?;
    Ok([train?, test?])
}
