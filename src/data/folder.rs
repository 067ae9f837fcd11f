//! A data set in one folder: four IDX files, plain or gzipped.
//!
//! In: a folder and the data set's name. Out: its [`Dataset`], the files of a known set checked against their SHA-256.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::known::{FILE_NAMES, KNOWN};
use super::{Dataset, Images, idx};

/// The file with or without `.gz`, whichever is there.
pub(super) fn existing(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.join(name), folder.join(format!("{name}.gz"))].into_iter().find(|path| path.is_file())
}

/// Reads the four files of a folder; those of a known data set must have its SHA-256.
///
/// # Errors
/// A file is missing, damaged, foreign or does not match its pair.
pub fn read_folder(dataset: &str, folder: &Path) -> Result<Dataset> {
    let known = KNOWN.iter().find(|known| known.name == dataset);
    let read = |index: usize| -> Result<idx::Idx> {
        let name = FILE_NAMES[index];
        let path =
            existing(folder, name).with_context(|| format!("{} has no file {name} or {name}.gz", folder.display()))?;
        let file = idx::read(&path)?;
        if let Some(known) = known {
            ensure!(
                file.sha256 == known.files[index].sha256,
                "{} is not {dataset}'s: its SHA-256 is {}, expected {}; delete it and run \
                 `kindling data fetch {dataset}`, or give your own data another folder name",
                path.display(),
                file.sha256,
                known.files[index].sha256
            );
        }
        Ok(file)
    };
    let both = |images: usize| -> Result<Images> {
        idx::pair(read(images)?, read(images + 1)?).with_context(|| format!("in {}", folder.display()))
    };
    // The training files are six times the test files: read the two pairs side by side.
    let (train, test) = std::thread::scope(|scope| {
        let test = scope.spawn(|| both(2));
        (both(0), test.join())
    });
    let test = test.map_err(|_| anyhow::anyhow!("reading {} failed", folder.display()))?;
    Ok(Dataset::new(dataset, train?, test?))
}
