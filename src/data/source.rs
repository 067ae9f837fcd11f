//! Where data comes from: the given folder, the user's cache, Debian's folder, a download, in that order.
//!
//! In: a data set's name and a [`Search`]. Out: its [`Corpus`], with every known file checked against its
//! SHA-256, or an error that lists where was looked and the ways out.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::{Corpus, Images, digits, download, idx, toys};

/// One of a data set's four files.
#[derive(Debug, Clone, Copy)]
pub struct KnownFile {
    /// As the publisher calls it, without `.gz`.
    pub name: &'static str,
    /// Of the uncompressed file.
    pub sha256: &'static str,
}

/// A published data set whose bytes are known.
#[derive(Debug)]
pub struct Known {
    /// As typed after `--dataset`.
    pub name: &'static str,
    /// Training images, training labels, test images, test labels.
    pub files: [KnownFile; 4],
    /// Each holds the four files, gzipped, under this address.
    pub mirrors: [&'static str; 2],
}

const fn file(name: &'static str, sha256: &'static str) -> KnownFile {
    KnownFile { name, sha256 }
}

/// The names of the four files, in the order of [`Known::files`].
pub const FILE_NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// The data sets that can be downloaded.
pub const KNOWN: [Known; 2] = [
    Known {
        name: "mnist",
        files: [
            file(FILE_NAMES[0], "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            file(FILE_NAMES[1], "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            file(FILE_NAMES[2], "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            file(FILE_NAMES[3], "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        ],
        mirrors: [
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            "https://storage.googleapis.com/cvdf-datasets/mnist",
        ],
    },
    Known {
        name: "fashion-mnist",
        files: [
            file(FILE_NAMES[0], "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
            file(FILE_NAMES[1], "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
            file(FILE_NAMES[2], "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
            file(FILE_NAMES[3], "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
        ],
        mirrors: [
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
        ],
    },
];

/// Where to look.
#[derive(Debug, Clone)]
pub struct Search {
    /// `--data-dir` or `KINDLING_DATA_DIR`.
    pub dir: Option<PathBuf>,
    /// Where downloads and drawn digits are kept.
    pub cache: PathBuf,
    /// Never ask the network.
    pub offline: bool,
    /// Whether a download may draw a bar on stderr.
    pub show_progress: bool,
}

impl Search {
    /// The folders a data set may lie in, in the order they are looked at.
    pub fn folders(&self, dataset: &str) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = self.dir.iter().map(|dir| dir.join(dataset)).collect();
        folders.push(self.cache.join(dataset));
        folders.push(Path::new("/usr/share/datasets").join(dataset));
        folders
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

/// The file with or without `.gz`, whichever is there.
fn existing(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.join(name), folder.join(format!("{name}.gz"))].into_iter().find(|path| path.is_file())
}

/// Finds, reads and checks a data set, downloading it or drawing it where that is what it takes.
///
/// # Errors
/// It is nowhere and cannot be had, or what is there is damaged.
pub fn load(dataset: &str, search: &Search) -> Result<Corpus> {
    if dataset == "digits" {
        return digits::load(&search.cache);
    }
    if let Some(toy) = toys::find(dataset) {
        return Ok(toy.corpus());
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

/// Reads the four files of a folder; those of a known data set must have its SHA-256.
///
/// # Errors
/// A file is missing, damaged, foreign or does not match its pair.
pub fn read_folder(dataset: &str, folder: &Path) -> Result<Corpus> {
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
    Ok(Corpus::new(dataset, train?, test?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PIXELS;

    fn search(dir: &Path) -> Search {
        Search { dir: Some(dir.into()), cache: dir.join("cache"), offline: true, show_progress: false }
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
        let corpus = load("mine", &search(dir.path())).unwrap();
        assert_eq!((corpus.train.count(), corpus.classes.len()), (4, 3));
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
