//! Where data comes from: the given folder, the user's cache, Debian's folder, a download, in that order.
//!
//! In: a data set's name and a [`DataLocations`]. Out: its [`Dataset`], with every known file checked against its
//! SHA-256, or an error that lists where was looked and the ways out.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::folder::{existing, read_folder};
use super::known::{FILE_NAMES, KNOWN};
use super::{Dataset, digits, download, toys};

/// Where to look.
#[derive(Debug, Clone)]
pub struct DataLocations {
    /// `--data-dir` or `KINDLING_DATA_DIR`.
    pub dir: Option<PathBuf>,
    /// Where downloads and drawn digits are kept.
    pub cache: PathBuf,
    /// Never ask the network.
    pub offline: bool,
    /// Whether a download may draw a bar on stderr.
    pub show_progress: bool,
}

impl DataLocations {
    /// The folders a data set may lie in, in the order they are looked at.
    pub fn folders(&self, dataset: &str) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = self.dir.iter().map(|dir| dir.join(dataset)).collect();
        folders.push(self.cache.join(dataset));
        folders.push(Path::new("/usr/share/datasets").join(dataset));
        folders
    }

    /// The same places without the network.
    pub fn offline(&self) -> Self {
        Self { offline: true, show_progress: false, ..self.clone() }
    }

    /// The first folder that has all four files.
    pub fn find(&self, dataset: &str) -> Option<PathBuf> {
        self.folders(dataset).into_iter().find(|folder| FILE_NAMES.iter().all(|name| existing(folder, name).is_some()))
    }
}

/// The cache folder: `KINDLING_CACHE_DIR`, or `kindling` in the user's cache.
pub fn cache_dir() -> PathBuf {
    std::env::var_os("KINDLING_CACHE_DIR")
        .map(PathBuf::from)
        .or_else(|| dirs::cache_dir().map(|cache| cache.join("kindling")))
        .unwrap_or_else(|| PathBuf::from(".kindling-cache"))
}

/// Finds, reads and checks a data set, downloading it or drawing it where that is what it takes.
///
/// # Errors
/// It is nowhere and cannot be had, or what is there is damaged.
pub fn load(dataset: &str, search: &DataLocations) -> Result<Dataset> {
    if dataset == "digits" {
        return digits::load(&search.cache);
    }
    if let Some(toy) = toys::find(dataset) {
        return Ok(toy.dataset());
    }
    if let Some(folder) = search.find(dataset) {
        return read_folder(dataset, &folder);
    }
    let looked = || {
        let folders = search.folders(dataset);
        folders.iter().map(|f| format!("  {}", f.display())).collect::<Vec<_>>().join("\n")
    };
    let Some(known) = KNOWN.iter().find(|known| known.name == dataset) else {
        bail!(
            "no data set `{dataset}`; looked for its four IDX files (plain or .gz) in\n{}\n\
             known by name: mnist, fashion-mnist, digits, and the toys {}",
            looked(),
            toys::TOYS.iter().map(|toy| toy.name).collect::<Vec<_>>().join(", ")
        );
    };
    let ways_out = || {
        format!(
            "data set `{dataset}` is not in\n{}\nand was not downloaded. Ways out: put its four files \
             ({}) there, name a folder that has `{dataset}/` with `--data-dir`, or use `--dataset digits`, \
             which is drawn here",
            looked(),
            FILE_NAMES.join(", ")
        )
    };
    ensure!(!search.offline, "{} (--offline)", ways_out());
    let folder = search.cache.join(dataset);
    download::fetch_all(known, &folder, search.show_progress).with_context(ways_out)?;
    read_folder(dataset, &folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{PIXELS, idx};

    fn search(dir: &Path) -> DataLocations {
        DataLocations { dir: Some(dir.into()), cache: dir.join("cache"), offline: true, show_progress: false }
    }

    fn write_set(folder: &Path, n: usize) {
        std::fs::create_dir_all(folder).unwrap();
        for (index, name) in FILE_NAMES.iter().enumerate() {
            let bytes = if index % 2 == 0 {
                idx::write(&[n, 28, 28], &vec![9; n * PIXELS])
            } else {
                idx::write(&[n], &(0..n).map(|i| (i % 3) as u8).collect::<Vec<_>>())
            };
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }

    #[test]
    fn any_idx_quartet_is_a_data_set_under_its_folders_name() {
        let dir = tempfile::tempdir().unwrap();
        write_set(&dir.path().join("mine"), 4);
        let dataset = load("mine", &search(dir.path())).unwrap();
        assert_eq!((dataset.train.count(), dataset.classes.len()), (4, 3));
    }

    #[test]
    fn a_foreign_file_under_a_known_name_is_refused_by_its_hash() {
        let dir = tempfile::tempdir().unwrap();
        write_set(&dir.path().join("mnist"), 4);
        let error = load("mnist", &search(dir.path())).unwrap_err().to_string();
        assert!(error.contains("SHA-256") && error.contains("kindling data fetch mnist"), "{error}");
    }

    #[test]
    fn a_data_set_that_cannot_be_had_says_where_it_looked_and_the_ways_out() {
        let dir = tempfile::tempdir().unwrap();
        let error = load("mnist", &search(dir.path())).unwrap_err().to_string();
        for part in ["cache/mnist", "--data-dir", "--dataset digits", "--offline"] {
            assert!(error.contains(part), "{part} not in {error}");
        }
        assert!(load("minst", &search(dir.path())).unwrap_err().to_string().contains("fashion-mnist"));
    }
}
