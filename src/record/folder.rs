//! The records in a run's folder: in `records.jsonl`, and of shards in `records/`, one file for each writer.
//!
//! Every reader merges them by the identity of the trial. Two records of a trial are the same, times apart, or somebody is wrong.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::difference::difference;
use super::file::{self, CUT_OFF, RecordFile, read_file};
use super::{Status, TrialRecord};
use crate::experiment::plan::shard::Shard;
use crate::files::{sync_folder_of, write_atomic_with};
use crate::lock::{Lock, lock, wait_for};

const NAME: &str = "records.jsonl";
const COMPRESSED: &str = "records.jsonl.gz";
const LOCK: &str = ".lock";
/// The folder of the shards' files.
const SHARDS: &str = "records";
/// How long a shard waits for its own lock: a scheduler may start a task again while the one before it still ends, or while a server of files
/// has not noticed yet that a machine is gone.
const PATIENCE: Duration = Duration::from_secs(180);
/// What a run's folder holds besides its records and its spec, all of it made with them or from them.
const MADE_FROM_RECORDS: [&str; 11] = [
    "models",
    "snapshots",
    "figures",
    "best.toml",
    "report.html",
    "report.md",
    "curves.csv",
    "scores.npz",
    "summary.csv",
    "summary.json",
    "trials.csv",
];

/// Opens, or starts, the records that a process may append to: those of a shard, or without one those of the whole run. Returns them, the
/// records of the whole folder, and a sentence where a last line that a crash cut short was moved to a file beside it. Compressed records are
/// unpacked for appending.
///
/// # Errors
/// The folder cannot be written, another process is writing the same file, a record is damaged or of another schema, or two records of a trial
/// contradict each other.
pub fn open(folder: &Path, shard: Option<Shard>) -> Result<(RecordFile, Vec<TrialRecord>, Option<String>)> {
    let own = match shard {
        None => folder.join(NAME),
        Some(shard) => folder.join(SHARDS).join(format!("{}.jsonl", shard.file_stem())),
    };
    let inside = own.parent().unwrap_or(folder);
    fs::create_dir_all(inside)
        .with_context(|| format!("cannot create the folder {}; name another with --out", inside.display()))?;
    let lock = match shard {
        None => lock(&folder.join(LOCK))?,
        Some(_) => wait_for(&lock_of_shard(&own), PATIENCE)?,
    };
    if shard.is_none() {
        file::unpack(&folder.join(COMPRESSED), &own)?;
    }
    let (file, records, truncated) = RecordFile::open(&own, lock)?;
    let mut found = Found::default();
    found.add(own.clone(), records);
    for path in files_in(folder)?.into_iter().filter(|path| *path != own) {
        found.add(path.clone(), read_file(&path)?);
    }
    Ok((file, found.merged()?, truncated))
}

/// Reads a folder's records, changing nothing. A last line that a crash cut short, or that another process is writing, is skipped.
///
/// # Errors
/// There are none, one is damaged or of another schema, or two records of a trial contradict each other.
pub fn read_all(folder: &Path) -> Result<Vec<TrialRecord>> {
    read_folders(&[folder])
}

/// Reads the records of several folders as those of one run.
///
/// # Errors
/// As for [`read_all`].
pub fn read_folders(folders: &[&Path]) -> Result<Vec<TrialRecord>> {
    let mut found = Found::default();
    for folder in folders {
        let files = files_in(folder)?;
        ensure!(!files.is_empty(), "{} has no {NAME}; run a sweep into it first", folder.display());
        for path in files {
            found.add(path.clone(), read_file(&path)?);
        }
    }
    found.merged()
}

/// The file of a folder's records, compressed or not; the plain one where there is none yet.
pub fn file_in(folder: &Path) -> PathBuf {
    let (plain, compressed) = (folder.join(NAME), folder.join(COMPRESSED));
    if !plain.exists() && compressed.exists() { compressed } else { plain }
}

/// The file of a folder in which a trial is recorded, which is looked for where something is wrong with the record.
pub fn file_of(folder: &Path, id: &str) -> Option<PathBuf> {
    let has = |path: &PathBuf| read_file(path).is_ok_and(|records| records.iter().any(|record| record.id == id));
    files_in(folder).unwrap_or_default().into_iter().find(has)
}

/// Whether a folder has records, which are not read.
pub fn are_in(folder: &Path) -> bool {
    let has_any = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
    files_in(folder).is_ok_and(|files| files.iter().any(has_any))
}

/// Every file of records in a folder that is there: that of the run, then those of its shards, by name.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let own = file_in(folder);
    let mut files = if own.exists() { vec![own] } else { Vec::new() };
    files.extend(shard_files(folder)?);
    Ok(files)
}

/// The lock of a shard's file, beside it.
fn lock_of_shard(records: &Path) -> PathBuf {
    let stem = records.file_stem().unwrap_or_default().to_string_lossy();
    records.with_file_name(format!(".{stem}.lock"))
}

fn shard_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let shards = folder.join(SHARDS);
    if !shards.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = || format!("cannot read the folder {}", shards.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&shards).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Records, and the files that they are from.
#[derive(Default)]
struct Found {
    records: Vec<TrialRecord>,
    /// Each file, and how many records come before its first.
    files: Vec<(PathBuf, usize)>,
}

impl Found {
    fn add(&mut self, path: PathBuf, records: Vec<TrialRecord>) {
        self.files.push((path, self.records.len()));
        if self.records.is_empty() {
            self.records = records;
        } else {
            self.records.extend(records);
        }
    }

    /// The line of a record: `records/shard-3-of-16.jsonl:7`.
    fn line(&self, index: usize) -> String {
        let file = self.files.iter().rev().find(|(_, first)| *first <= index);
        file.map_or(String::new(), |(path, first)| format!("{}:{}", path.display(), index - first + 1))
    }

    /// One record of each trial that finished, the first of those that are the same, times apart. Of a trial that failed everywhere, and of one
    /// that a search pruned, all records.
    fn merged(mut self) -> Result<Vec<TrialRecord>> {
        let mut first: HashMap<&str, usize> = HashMap::new();
        let mut is_kept = vec![true; self.records.len()];
        let is_finished = |record: &TrialRecord| matches!(record.status, Status::Done | Status::Diverged);
        for (index, record) in self.records.iter().enumerate().filter(|(_, record)| is_finished(record)) {
            let Some(&earlier) = first.get(record.id.as_str()) else {
                first.insert(&record.id, index);
                continue;
            };
            is_kept[index] = false;
            let Some(differs) = difference(&self.records[earlier], record)? else { continue };
            bail!(
                "there are two records of one trial that differ, `{}`, seed {}: {differs}\n  {}: {}\n  {}: {}\ndelete the line that is wrong \
                 (`kindling verify` retrains trials and tells), or use another folder with --out",
                record.arm,
                record.seed,
                self.line(earlier),
                self.records[earlier].made_with,
                self.line(index),
                record.made_with
            );
        }
        for (index, record) in self.records.iter().enumerate() {
            // What failed somewhere may have finished elsewhere.
            is_kept[index] &= record.status != Status::Failed || !first.contains_key(record.id.as_str());
        }
        let mut is_kept = is_kept.into_iter();
        self.records.retain(|_| is_kept.next().unwrap_or(true));
        Ok(self.records)
    }
}

/// Checks that a folder's records are in one file.
///
/// # Errors
/// They are not; the message says what puts them into one.
pub fn check_compressible(folder: &Path) -> Result<()> {
    ensure!(
        shard_files(folder)?.is_empty(),
        "{} has records of shards; `kindling merge {0}` puts them into one file first",
        folder.display()
    );
    Ok(())
}

/// Writes a folder's records compressed and removes the plain file.
///
/// # Errors
/// The folder cannot be read or written, a sweep is writing it, its records are in several files, or there is more than would be read back.
pub fn write_compressed(folder: &Path) -> Result<()> {
    let _lock = lock(&folder.join(LOCK))?;
    check_compressible(folder)?;
    file::pack(&folder.join(NAME), &folder.join(COMPRESSED))
}

/// A folder whose records no other process can add to, where its file system has locks.
#[derive(Debug)]
pub struct HeldFolder {
    folder: PathBuf,
    /// The files of shards that were there.
    of_shards: Vec<PathBuf>,
    locks: Vec<Lock>,
}

/// Takes the locks of all records in a folder, which is created where it is missing. What is read from then on is all there will be.
///
/// # Errors
/// The folder cannot be written, or another process is writing it.
pub fn hold(folder: &Path) -> Result<HeldFolder> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the folder {}; name another with --out", folder.display()))?;
    let mut locks = vec![lock(&folder.join(LOCK))?];
    let of_shards = shard_files(folder)?;
    for path in &of_shards {
        locks.push(lock(&lock_of_shard(path))?);
    }
    // Beside compressed records, other plain ones would be a contradiction, should the replacement be cut short.
    file::unpack(&folder.join(COMPRESSED), &folder.join(NAME))?;
    Ok(HeldFolder { folder: folder.to_path_buf(), of_shards, locks })
}

impl HeldFolder {
    /// Replaces the records by these, among which all of the folder's must be, in one file. Returns whether the files of shards are gone: where
    /// there are no locks, a shard may be writing one of them, and they stay.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn replace(self, records: &[TrialRecord]) -> Result<bool> {
        write_atomic_with(&self.folder.join(NAME), |file| {
            let mut file = std::io::BufWriter::new(file);
            for record in records {
                writeln!(file, "{}", record.to_line()?)?;
            }
            file.flush()
        })?;
        if self.of_shards.is_empty() {
            return Ok(true);
        }
        if !self.locks.iter().all(Lock::is_held) {
            return Ok(false);
        }
        // The same records twice do no harm, should this be cut short. The locks stay: a shard may be waiting for one.
        for path in &self.of_shards {
            fs::remove_file(path).with_context(|| format!("cannot delete {}", path.display()))?;
        }
        Ok(true)
    }
}

/// Moves a folder's records, their spec and what was made from them into a new folder inside, so that a run can begin anew; returns its path,
/// `None` where there are none.
///
/// # Errors
/// The folder cannot be written, or another process is writing it.
pub fn set_aside(folder: &Path) -> Result<Option<PathBuf>> {
    if !are_in(folder) {
        return Ok(None);
    }
    let _lock = lock(&folder.join(LOCK))?;
    let of_shards: Vec<Lock> =
        shard_files(folder)?.iter().map(|path| lock(&lock_of_shard(path))).collect::<Result<_>>()?;
    let free = (1..).map(|number: u32| folder.join(format!("earlier-{number}"))).find(|path| !path.exists());
    let aside = free.context("there is no name left for the earlier records")?;
    fs::create_dir(&aside).with_context(|| format!("cannot create {}", aside.display()))?;
    let cut = Path::new(NAME).with_extension(CUT_OFF);
    let own = ["spec.toml", &cut.to_string_lossy(), SHARDS, NAME, COMPRESSED].map(String::from);
    // The records last: where they are in the old place, a run goes on from them.
    for name in MADE_FROM_RECORDS.into_iter().map(String::from).chain(own) {
        let (from, to) = (folder.join(&name), aside.join(&name));
        if from.exists() {
            fs::rename(&from, &to).with_context(|| format!("cannot move {} to {}", from.display(), to.display()))?;
            sync_folder_of(&to)?;
        }
    }
    drop(of_shards);
    sync_folder_of(&folder.join(NAME))?;
    Ok(Some(aside))
}
