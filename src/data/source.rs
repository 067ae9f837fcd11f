//! Where data comes from: the user's data folder, the cache, Debian's data folder, a download, in that order.
//!
//! In: the `[data]` section and a [`DataLocations`]. Out: a [`Dataset`], the files of a published one checked against
//! their SHA-256, or an error that lists the folders that were searched and what to do next.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::config::DataConfig;
use super::download::Downloader;
use super::folder::{has_idx_files, read_folder};
use super::known::{FILE_NAMES, KNOWN, KnownDataset};
use super::{Dataset, digits, own, toys};
use crate::suggest::suggestion;

/// Where to look for data.
#[derive(Debug, Clone)]
pub struct DataLocations {
    /// The user's data folder: `--data-dir` or `KINDLING_DATA_DIR`.
    pub dir: Option<PathBuf>,
    /// The folder that downloads and drawn digits are written to.
    pub cache: PathBuf,
    /// Whether downloads are forbidden.
    pub offline: bool,
    /// Whether a download has a progress bar on stderr.
    pub show_progress: bool,
}

impl DataLocations {
    /// The folders a data set may lie in, in the order in which they are searched.
    pub fn folders(&self, dataset: &str) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = self.dir.iter().map(|dir| dir.join(dataset)).collect();
        folders.push(self.cache.join(dataset));
        // Where Debian's package dataset-fashion-mnist puts it.
        folders.push(Path::new("/usr/share/datasets").join(dataset));
        folders
    }

    /// The same places without the network.
    pub fn offline(&self) -> Self {
        Self { offline: true, show_progress: false, ..self.clone() }
    }

    /// The first of these folders that has all four files.
    pub fn find(&self, dataset: &str) -> Option<PathBuf> {
        self.folders(dataset).into_iter().find(|folder| has_idx_files(folder))
    }

    /// The file or the folder of data of one's own: a path as it is typed, or else in one of the folders; a folder's name there first.
    ///
    /// # Errors
    /// There is none; the message lists what was looked for.
    pub fn own(&self, name: &str) -> Result<PathBuf> {
        let fits = |path: &PathBuf| match own::is_file_name(name) {
            true => path.is_file(),
            false => has_idx_files(path) || has_folders(path),
        };
        // A folder here may be anything, such as one of results; a file that is typed is meant.
        let (typed, mut all) = (PathBuf::from(name), self.folders(name));
        let is_meant = own::is_file_name(name) || typed.components().count() > 1;
        all.insert(if is_meant { 0 } else { all.len() }, typed);
        if let Some(found) = all.into_iter().find(fits) {
            return Ok(found);
        }
        if own::is_file_name(name) {
            bail!("there is no file {name}, neither here nor in\n{}", self.searched(name));
        }
        let names: Vec<&str> = KNOWN
            .iter()
            .map(|known| known.name)
            .chain(["digits"])
            .chain(toys::TOYS.iter().map(|toy| toy.name))
            .collect();
        bail!(
            "no data set `{name}`{}\nno folder with its four IDX files (plain or .gz) or with sub-folders of PNG pictures is here or in\n{}\n\
             and the names that need no files of your own are {}",
            suggestion(name, names.iter().copied()),
            self.searched(name),
            names.join(", ")
        );
    }

    /// The folders that were searched, a line each.
    fn searched(&self, dataset: &str) -> String {
        let folders = self.folders(dataset);
        folders.iter().map(|folder| format!("  {}", folder.display())).collect::<Vec<_>>().join("\n")
    }
}

/// The cache folder: `KINDLING_CACHE_DIR`, else `kindling` in the user's cache folder, else `.kindling-cache` here.
pub fn cache_dir() -> PathBuf {
    std::env::var_os("KINDLING_CACHE_DIR")
        .map(PathBuf::from)
        .or_else(|| dirs::cache_dir().map(|cache| cache.join("kindling")))
        .unwrap_or_else(|| PathBuf::from(".kindling-cache"))
}

/// The data set of these settings: drawn if it is `digits` or a toy, else read, after a download if need be and the user named no folder.
///
/// # Errors
/// The name is unknown and no folder has it, the user's data folder is not there, the download is forbidden or fails, a file is damaged, or a
/// class has no examples.
pub fn load(config: &DataConfig, locations: &DataLocations) -> Result<Dataset> {
    let name = config.dataset.as_str();
    if let Some(dir) = locations.dir.as_ref().filter(|dir| !dir.is_dir()) {
        bail!("the data folder {} is not there; name another with --data-dir, or leave it out", dir.display());
    }
    if let Some((toy, margin)) = toys::parse(&config.full_name()) {
        return Ok(toy.with_margin(margin));
    }
    if config.is_own() {
        return own::load(config, &locations.own(name)?);
    }
    let whole = if name == "digits" { digits::load(&locations.cache) } else { published(name, locations)? };
    if config.classes.is_empty() { Ok(whole) } else { whole.of_classes(&config.classes) }
}

/// A published data set.
fn published(dataset: &str, locations: &DataLocations) -> Result<Dataset> {
    if let Some(folder) = locations.find(dataset) {
        return read_folder(dataset, &folder);
    }
    let known = KNOWN.iter().find(|known| known.name == dataset);
    let known = known.with_context(|| format!("`{dataset}` is no published data set"))?;
    let ways_out = || {
        format!(
            "data set `{dataset}` is not in\n{}\nand was not downloaded. Put its four files ({}) there, name a folder that has \
             `{dataset}/` with `--data-dir`, or use `--dataset digits`, which needs no files",
            locations.searched(dataset),
            FILE_NAMES.join(", ")
        )
    };
    // Who names a folder has the data, and would not expect others.
    ensure!(
        locations.dir.is_none(),
        "{}; without --data-dir it is downloaded, and `kindling data fetch {dataset}` puts it into the cache",
        ways_out()
    );
    ensure!(!locations.offline, "{} (--offline)", ways_out());
    fetch(known, locations).with_context(ways_out)?;
    read_folder(dataset, &locations.cache.join(dataset))
}

/// Downloads what is missing of a published data set into the cache.
///
/// # Errors
/// No mirror has it, or the cache cannot be written.
pub fn fetch(known: &KnownDataset, locations: &DataLocations) -> Result<()> {
    let downloader = Downloader { show_progress: locations.show_progress };
    downloader.fetch_missing(known, &locations.cache.join(known.name))
}

/// Whether a folder has folders in it, which may be classes.
fn has_folders(folder: &Path) -> bool {
    std::fs::read_dir(folder)
        .is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| entry.path().is_dir())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{PIXELS, idx};
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn locations(root: &Path) -> DataLocations {
        DataLocations { dir: Some(root.join("data")), cache: root.join("cache"), offline: true, show_progress: false }
    }

    /// The four files of a data set of `n` training and `n` test images, classes 0, 1, 2, 0, ...
    fn files(n: usize) -> [(&'static str, Vec<u8>); 4] {
        let images = || idx::write(&[n, 28, 28], &vec![9; n * PIXELS]);
        let labels = || idx::write(&[n], &(0..n).map(|i| (i % 3) as u8).collect::<Vec<_>>());
        let [a, b, c, d] = FILE_NAMES;
        [(a, images()), (b, labels()), (c, images()), (d, labels())]
    }

    fn write_dataset(folder: &Path, n: usize) {
        std::fs::create_dir_all(folder).unwrap();
        for (name, bytes) in files(n) {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn folders_are_searched_in_the_order_data_folder_cache_debians_folder() {
        let root = Path::new("/r");
        let expected = ["/r/data/mnist", "/r/cache/mnist", "/usr/share/datasets/mnist"].map(PathBuf::from);
        assert_eq!(locations(root).folders("mnist"), expected);
        let without_dir = DataLocations { dir: None, ..locations(root) };
        assert_eq!(without_dir.folders("mnist"), expected[1..]);
    }

    #[test]
    fn the_first_folder_that_has_all_four_files_is_read() {
        let root = tempfile::tempdir().unwrap();
        let locations = locations(root.path());
        std::fs::create_dir(root.path().join("data")).unwrap();
        let [in_data, in_cache] = ["data/mine", "cache/mine"].map(|folder| root.path().join(folder));
        let count = || load(&DataConfig::named("mine"), &locations).unwrap().train.count();
        write_dataset(&in_cache, 5);
        assert_eq!((locations.find("mine"), count()), (Some(in_cache.clone()), 5));
        // Both folders have it: the number of images tells which one was read.
        write_dataset(&in_data, 4);
        assert_eq!((locations.find("mine"), count()), (Some(in_data.clone()), 4));
        // One file is missing: the folder is passed over.
        std::fs::remove_file(in_data.join(FILE_NAMES[3])).unwrap();
        assert_eq!((locations.find("mine"), count()), (Some(in_cache.clone()), 5));
        std::fs::remove_file(in_cache.join(FILE_NAMES[0])).unwrap();
        assert_eq!(locations.find("mine"), None);
    }

    #[test]
    fn any_four_idx_files_are_a_data_set_with_the_name_of_their_folder_plain_or_gzipped() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("data/mine");
        write_dataset(&folder, 4);
        let plain = load(&DataConfig::named("mine"), &locations(root.path())).unwrap();
        assert_eq!((plain.name.as_str(), plain.train.count(), plain.test.count()), ("mine", 4, 4));
        assert_eq!(plain.classes, ["0", "1", "2"]);
        for (name, bytes) in files(4) {
            std::fs::remove_file(folder.join(name)).unwrap();
            std::fs::write(folder.join(format!("{name}.gz")), gzipped(&bytes)).unwrap();
        }
        assert_eq!(load(&DataConfig::named("mine"), &locations(root.path())).unwrap().hash, plain.hash);
    }

    #[test]
    fn a_file_under_a_published_name_is_refused_if_it_has_another_hash() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("data/mnist");
        write_dataset(&folder, 4);
        let error = load(&DataConfig::named("mnist"), &locations(root.path())).unwrap_err().to_string();
        let expected = KNOWN.iter().find(|known| known.name == "mnist").unwrap().files[0].sha256;
        for part in [folder.join(FILE_NAMES[0]).to_str().unwrap(), expected, "kindling data fetch mnist"] {
            assert!(error.contains(part), "{part} not in {error}");
        }
    }

    #[test]
    fn a_data_set_that_is_nowhere_is_an_error_with_the_folders_searched_and_what_to_do() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("data")).unwrap();
        let named =
            |name: &str, locations: &DataLocations| load(&DataConfig::named(name), locations).unwrap_err().to_string();
        let error = named("mnist", &locations(root.path()));
        let [data, cache] = ["data/mnist", "cache/mnist"].map(|folder| root.path().join(folder).display().to_string());
        for part in [&data, &cache, "/usr/share/datasets/mnist", "--data-dir", "--dataset digits", "fetch mnist"] {
            assert!(error.contains(part), "{part} not in {error}");
        }
        let without_dir = DataLocations { dir: None, ..locations(root.path()) };
        assert!(named("mnist", &without_dir).contains("(--offline)"));
        let error = named("minst", &locations(root.path()));
        for part in ["did you mean `mnist`?", "cache/minst", "fashion-mnist", "quadrants"] {
            assert!(error.contains(part), "{part} not in {error}");
        }
        let error = named("wine.csv", &locations(root.path()));
        assert!(error.contains("no file wine.csv") && error.contains("data/wine.csv"), "{error}");
        // A folder that is not there is no reason to take other data, whatever they are.
        let absent = DataLocations { dir: Some(root.path().join("absent")), ..locations(root.path()) };
        for name in ["mnist", "digits", "blobs", "mine"] {
            assert!(named(name, &absent).contains("absent is not there"), "{name}");
        }
    }
}
