//! `records.jsonl` on disk: opened by one process, appended line by line, compressed and read back.
//!
//! Nothing is changed before all of it was read and understood. What is cut off a file is kept beside it.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};

use super::{SCHEMA, Status, TrialRecord};
use crate::files::{sync, sync_folder_of, write_atomic};

const NAME: &str = "records.jsonl";
const COMPRESSED: &str = "records.jsonl.gz";
const LOCK: &str = ".lock";
/// What was cut off the end of the records, one after the other.
const CUT: &str = "records.cut";
/// How every line begins, so that the first line of a run, cut short by a crash, is known from a file of another program.
const BEGINNING: &[u8] = b"{\"schema\":";

/// The records of a folder, held by this process alone.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    file: File,
    // Held for as long as the value lives; the operating system releases it with the process.
    _lock: File,
}

impl RecordFile {
    /// Opens, or starts, the records of `folder`. Returns the file, its records, and a sentence where a last line that a crash cut short was
    /// moved to a file beside it. Compressed records are unpacked for appending.
    ///
    /// # Errors
    /// The folder cannot be written, another process is writing it, a record is damaged or of another schema, or the file is not Kindling's.
    pub fn open(folder: &Path) -> Result<(Self, Vec<TrialRecord>, Option<String>)> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create the folder {}; name another with --out", folder.display()))?;
        let lock = lock(folder)?;
        let path = folder.join(NAME);
        unpack(folder, &path)?;
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(&path)
            .with_context(|| format!("cannot write {}; name another folder with --out", path.display()))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
        let (mut records, rest) = parse(&bytes, &path)?;
        let mut truncated = None;
        match rest {
            Rest::Nothing => {}
            Rest::Record(last) => {
                file.write_all(b"\n")
                    .and_then(|()| sync(&file))
                    .with_context(|| format!("cannot write {}", path.display()))?;
                records.push(*last);
            }
            Rest::CutShort(cut) => {
                keep(&folder.join(CUT), cut)?;
                file.set_len((bytes.len() - cut.len()) as u64)
                    .with_context(|| format!("cannot cut {}", path.display()))?;
                file.seek(SeekFrom::End(0)).with_context(|| format!("cannot cut {}", path.display()))?;
                truncated = Some(format!(
                    "the last line of {} was cut short and is now in {CUT} beside it; its trial runs again",
                    path.display()
                ));
            }
        }
        sync_folder_of(&path)?;
        Ok((Self { path, file, _lock: lock }, records, truncated))
    }

    /// Appends a record and syncs it to the disk.
    ///
    /// # Errors
    /// The disk is full or gone. What was appended before stays whole.
    pub fn append(&mut self, record: &TrialRecord) -> Result<()> {
        let mut line = record.to_line().context("cannot write a record as JSON")?;
        line.push('\n');
        let end = self.file.seek(SeekFrom::End(0));
        let written = self.file.write_all(line.as_bytes()).and_then(|()| sync(&self.file));
        written.map_err(|error| {
            // Cut off the half line where the disk lets us; otherwise the next run drops it.
            if let Ok(end) = end {
                let _ = self.file.set_len(end);
            }
            anyhow::Error::new(error).context(format!(
                "cannot write {}: every trial finished before is kept; make room and run the same command again",
                self.path.display()
            ))
        })
    }
}

/// Appends what is cut off the records to a file, with an end of line, and syncs it.
fn keep(path: &Path, cut: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let written = file.write_all(cut).and_then(|()| file.write_all(b"\n")).and_then(|()| sync(&file));
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    // Not truncated: the file may be a symbolic link to one that is not Kindling's.
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("cannot write to {}; name another folder with --out", folder.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            bail!("another kindling is writing {}; wait for it, or name another folder with --out", folder.display())
        }
        // Some network file systems have no locks; there the user must see to it that one process writes.
        Err(fs::TryLockError::Error(_)) => Ok(file),
    }
}

/// Replaces compressed records by plain ones.
fn unpack(folder: &Path, path: &Path) -> Result<()> {
    let compressed = folder.join(COMPRESSED);
    if !compressed.is_file() {
        return Ok(());
    }
    let records = gunzip(&compressed)?;
    if path.exists() {
        // Compressing and unpacking, broken off at their last step, leave both with the same records.
        let plain = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(
            plain == records,
            "{} has both {NAME} and {COMPRESSED}, with other records; keep the one you mean and delete the other",
            folder.display()
        );
    } else {
        write_atomic(path, &records)?;
    }
    fs::remove_file(&compressed).with_context(|| format!("cannot delete {}", compressed.display()))
}

fn gunzip(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut bytes = Vec::new();
    MultiGzDecoder::new(file).read_to_end(&mut bytes).with_context(|| format!("{} is damaged", path.display()))?;
    Ok(bytes)
}

/// Reads a folder's records, compressed or not, changing nothing. A last line that a crash cut short is skipped.
///
/// # Errors
/// There are none, or one is damaged or of another schema.
pub fn read_all(folder: &Path) -> Result<Vec<TrialRecord>> {
    let (plain, compressed) = (folder.join(NAME), folder.join(COMPRESSED));
    let (path, bytes) = if plain.is_file() {
        let text = fs::read(&plain).with_context(|| format!("cannot read {}", plain.display()))?;
        (plain, text)
    } else if compressed.is_file() {
        let text = gunzip(&compressed)?;
        (compressed, text)
    } else {
        bail!("{} has no {NAME}; run a sweep into it first", folder.display());
    };
    let (mut records, rest) = parse(&bytes, &path)?;
    if let Rest::Record(last) = rest {
        records.push(*last);
    }
    Ok(records)
}

/// Writes a folder's records compressed and removes the plain file.
///
/// # Errors
/// The folder cannot be read or written, or a sweep is writing it.
pub fn write_compressed(folder: &Path) -> Result<()> {
    let _lock = lock(folder)?;
    let (plain, compressed) = (folder.join(NAME), folder.join(COMPRESSED));
    let text = fs::read(&plain).with_context(|| format!("cannot read {}", plain.display()))?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let bytes = encoder.write_all(&text).and_then(|()| encoder.finish()).context("cannot compress")?;
    write_atomic(&compressed, &bytes)?;
    fs::remove_file(&plain).with_context(|| format!("cannot delete {}", plain.display()))
}

/// What stands behind the last end of line.
enum Rest<'a> {
    Nothing,
    /// A whole record: only its end of line is missing.
    Record(Box<TrialRecord>),
    /// A record that a crash cut short.
    CutShort(&'a [u8]),
}

/// The records in whole lines, and what stands behind the last of them.
///
/// # Errors
/// A line is no record or one of another schema, or the file is another program's.
fn parse<'a>(bytes: &'a [u8], path: &Path) -> Result<(Vec<TrialRecord>, Rest<'a>)> {
    // A line that is cut short may even end inside a character.
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let (lines, rest) = bytes.split_at(whole);
    let records = parse_lines(lines, path)?;
    if rest.is_empty() {
        return Ok((records, Rest::Nothing));
    }
    let last = serde_json::from_slice::<TrialRecord>(rest).ok().filter(|record| record.schema == SCHEMA);
    if let Some(last) = last {
        return Ok((records, Rest::Record(Box::new(last))));
    }
    let begins_as_a_record = rest.starts_with(BEGINNING) || BEGINNING.starts_with(rest);
    ensure!(
        begins_as_a_record,
        "the last line of {} is not the beginning of a record; mend or delete the line, or use another folder with --out",
        path.display()
    );
    Ok((records, Rest::CutShort(rest)))
}

fn parse_lines(lines: &[u8], path: &Path) -> Result<Vec<TrialRecord>> {
    let text = std::str::from_utf8(lines).with_context(|| format!("{} is not text", path.display()))?;
    let line = |(number, line): (usize, &str)| {
        let location = format!("{}:{}", path.display(), number + 1);
        let value: serde_json::Value = serde_json::from_str(line).with_context(|| {
            format!("{location} is not a record; mend or delete the line, or use another folder with --out")
        })?;
        let schema = value.get("schema").and_then(serde_json::Value::as_u64);
        ensure!(
            schema == Some(u64::from(SCHEMA)),
            "{location} has schema {}, and this kindling writes {SCHEMA}; keep that folder for the version that wrote \
             it and name another with --out",
            schema.map_or("none".to_string(), |schema| schema.to_string())
        );
        serde_json::from_value(value).with_context(|| format!("{location} is not a record of schema {SCHEMA}"))
    };
    let records: Vec<TrialRecord> = text.lines().enumerate().map(line).collect::<Result<_>>()?;
    check_repeated(&records, path)?;
    Ok(records)
}

/// A trial may be recorded twice, as after a copy of a folder into another; then both are the same, times apart. One that failed may be
/// followed by one that did not.
fn check_repeated(records: &[TrialRecord], path: &Path) -> Result<()> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (index, record) in records.iter().enumerate().filter(|(_, record)| record.status != Status::Failed) {
        let Some(&earlier) = first.get(record.id.as_str()) else {
            first.insert(&record.id, index);
            continue;
        };
        ensure!(
            records[earlier].timeless().to_line()? == record.timeless().to_line()?,
            "{} has two records of one trial that differ, in lines {} and {}: `{}`, seed {}; delete the wrong one, or use another folder \
             with --out",
            path.display(),
            earlier + 1,
            index + 1,
            record.arm,
            record.seed
        );
    }
    Ok(())
}
