//! A file of records on disk: opened by one process, appended line by line, compressed and read back.
//!
//! Nothing is changed before all of it was read and understood. What is cut off a file is kept beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, bail, ensure};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use rayon::prelude::*;
use serde::Deserialize;

use super::{SCHEMA, TrialRecord};
use crate::files::{open_file, sync, sync_folder_of, write_atomic_with};
use crate::lock::{Lock, ensure_own};

/// How the name of a compressed file ends.
const PACKED: &str = "gz";
/// How the file's name ends that has what was cut off the end of the records, one after the other.
pub(super) const CUT_OFF: &str = "cut";
/// How every line begins, so that the first line of a run, cut short by a crash, is known from a file of another program.
const BEGINNING: &[u8] = b"{\"schema\":";
/// The longest line that is read, in bytes: a thousand times those of a classifier's record with its predictions.
const MAX_LINE: u64 = 64 << 20;
/// The most bytes that compressed records unpack to: 100,000 records of 2.7 KB, which take 0.6 GB of memory.
const MAX_UNPACKED: u64 = 1 << 28;

/// Bytes of lines that are parsed at a time, by all cores.
const BATCH: u64 = 4 << 20;
/// The most records that room is made for before they are read.
const MAX_RESERVED: u64 = 1 << 17;

/// The records of a folder, held by this process alone.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    file: File,
    _lock: Lock,
}

impl RecordFile {
    /// Opens, or starts, the file of records at a path, with a lock that is held from then on. Returns the file, its records, and a sentence
    /// where a last line that a crash cut short was moved to a file beside it.
    ///
    /// # Errors
    /// The folder cannot be written, a record is damaged or of another schema, or the file is not Kindling's.
    pub(super) fn open(path: &Path, lock: Lock) -> Result<(Self, Vec<TrialRecord>, Option<String>)> {
        ensure!(!path.exists() || path.is_file(), "cannot write {}: it is not a file", path.display());
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)
            .with_context(|| format!("cannot write {}; name another folder with --out", path.display()))?;
        let Contents { mut records, whole, rest } = read(BufReader::new(&file), path)?;
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
                let kept = path.with_extension(CUT_OFF);
                keep(&kept, &cut)?;
                file.set_len(whole).with_context(|| format!("cannot cut {}", path.display()))?;
                file.seek(SeekFrom::End(0)).with_context(|| format!("cannot cut {}", path.display()))?;
                truncated = Some(format!(
                    "the last line of {} was cut short and is now in {} beside it; its trial runs again",
                    path.display(),
                    kept.file_name().unwrap_or_default().display()
                ));
            }
        }
        sync_folder_of(path)?;
        Ok((Self { path: path.to_path_buf(), file, _lock: lock }, records, truncated))
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
    ensure_own(path)?;
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let written = file.write_all(cut).and_then(|()| file.write_all(b"\n")).and_then(|()| sync(&file));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    sync_folder_of(path)
}

/// Replaces compressed records by plain ones.
///
/// # Errors
/// They are damaged, there are both with other records, or the folder cannot be written.
pub(super) fn unpack(compressed: &Path, plain: &Path) -> Result<()> {
    if !compressed.is_file() {
        return Ok(());
    }
    // Understood before a byte is written, so that a file that unpacks to something else does not fill the disk.
    read(BufReader::new(gunzip(compressed)?), compressed)?;
    if plain.exists() {
        ensure_equal(plain, compressed)?;
    } else {
        let mut packed = gunzip(compressed)?;
        write_atomic_with(plain, |file| io::copy(&mut packed, file).map(drop))?;
    }
    fs::remove_file(compressed).with_context(|| format!("cannot delete {}", compressed.display()))
}

/// Replaces plain records by compressed ones.
///
/// # Errors
/// The folder cannot be read or written, or there is more than would be read back.
pub(super) fn pack(plain: &Path, compressed: &Path) -> Result<()> {
    let mut records = open_file(plain)?;
    let length = records.metadata().with_context(|| format!("cannot read {}", plain.display()))?.len();
    ensure!(
        length <= MAX_UNPACKED,
        "{} has {length} bytes, and compressed records are read up to {MAX_UNPACKED}; leave it as it is",
        plain.display()
    );
    if compressed.exists() {
        ensure_equal(plain, compressed)?;
    }
    write_atomic_with(compressed, |file| {
        let mut encoder = GzEncoder::new(file, Compression::best());
        io::copy(&mut records, &mut encoder)?;
        encoder.finish().map(drop)
    })?;
    fs::remove_file(plain).with_context(|| format!("cannot delete {}", plain.display()))
}

/// Checks that a folder which has both files has the same records in both: compressing and unpacking, broken off at their last step, leave
/// them so.
fn ensure_equal(plain: &Path, compressed: &Path) -> Result<()> {
    let name = |path: &Path| path.file_name().unwrap_or_default().display().to_string();
    let streams = (BufReader::new(open_file(plain)?), BufReader::new(gunzip(compressed)?));
    ensure!(
        are_equal(streams.0, streams.1).with_context(|| format!("cannot read {}", compressed.display()))?,
        "{} has both {} and {}, with other records; keep the one you mean and delete the other",
        plain.parent().unwrap_or(plain).display(),
        name(plain),
        name(compressed)
    );
    Ok(())
}

/// The records of a file, compressed or not, which is not changed. A last line that a crash cut short is skipped.
///
/// # Errors
/// One is damaged or of another schema.
pub(super) fn read_file(path: &Path) -> Result<Vec<TrialRecord>> {
    let contents = if is_packed(path) {
        read(BufReader::new(gunzip(path)?), path)?
    } else {
        read(BufReader::new(open_file(path)?), path)?
    };
    let mut records = contents.records;
    if let Rest::Record(last) = contents.rest {
        records.push(*last);
    }
    Ok(records)
}

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == PACKED)
}

/// The unpacked bytes of a compressed file, one more than are read of it at most.
fn gunzip(path: &Path) -> Result<impl Read + use<>> {
    Ok(MultiGzDecoder::new(open_file(path)?).take(MAX_UNPACKED + 1))
}

/// Whether two streams have the same bytes.
fn are_equal(mut a: impl BufRead, mut b: impl BufRead) -> io::Result<bool> {
    loop {
        let (of_a, of_b) = (a.fill_buf()?, b.fill_buf()?);
        let count = of_a.len().min(of_b.len());
        if count == 0 {
            return Ok(of_a.len() == of_b.len());
        }
        if of_a[..count] != of_b[..count] {
            return Ok(false);
        }
        a.consume(count);
        b.consume(count);
    }
}

/// What a file of records holds.
struct Contents {
    /// Those in whole lines.
    records: Vec<TrialRecord>,
    /// The bytes of the whole lines.
    whole: u64,
    rest: Rest,
}

/// What stands behind the last end of line.
enum Rest {
    Nothing,
    /// A whole record: only its end of line is missing.
    Record(Box<TrialRecord>),
    /// A record that a crash cut short.
    CutShort(Vec<u8>),
}

/// Reads records line by line.
///
/// # Errors
/// A line is no record or one of another schema, contradicts itself, is too long, or the file is another program's.
fn read(mut stream: impl BufRead, path: &Path) -> Result<Contents> {
    let shown = path.display();
    let is_compressed = is_packed(path);
    // Of compressed records, the compressed length: less than there will be.
    let length = fs::metadata(path).map_or(0, |found| found.len());
    let (mut records, mut whole): (Vec<TrialRecord>, u64) = (Vec::new(), 0);
    let (mut batch, mut held): (Vec<Vec<u8>>, u64) = (Vec::new(), 0);
    loop {
        let mut line = Vec::new();
        let count = (&mut stream).take(MAX_LINE).read_until(b'\n', &mut line);
        let count = count.with_context(|| format!("cannot read {shown}, which may be damaged"))? as u64;
        ensure!(
            whole + count <= MAX_UNPACKED || !is_compressed,
            "{shown} unpacks to more than {MAX_UNPACKED} bytes, the most that is read; unpack it, and use it without compression"
        );
        let is_whole = line.ends_with(b"\n");
        if is_whole {
            (whole, held) = (whole + count, held + count);
            batch.push(std::mem::take(&mut line));
        }
        if !is_whole || held >= BATCH {
            let location = |index: usize| format!("{shown}:{}", records.len() + index + 1);
            let parsed: Vec<Result<TrialRecord>> =
                batch.par_iter().enumerate().map(|(index, line)| parse(line, &location(index))).collect();
            if records.is_empty() {
                // Growing a list of 100,000 records would move it, and take twice its memory.
                let expected = (length / held.max(1) + 1) * batch.len() as u64;
                records.reserve(expected.min(MAX_RESERVED) as usize);
            }
            for record in parsed {
                let mut record = record?;
                if let Some(before) = records.last().filter(|before| before.made_with == record.made_with) {
                    record.made_with = before.made_with.clone();
                }
                records.push(record);
            }
            (batch, held) = (Vec::new(), 0);
        }
        if is_whole {
            continue;
        }
        let location = format!("{shown}:{}", records.len() + 1);
        ensure!(
            count < MAX_LINE,
            "{location} is longer than {MAX_LINE} bytes, and no record is; is it another program's file?"
        );
        let rest = if count == 0 { Rest::Nothing } else { behind_the_last_line(line, &location)? };
        return Ok(Contents { records, whole, rest });
    }
}

fn behind_the_last_line(line: Vec<u8>, location: &str) -> Result<Rest> {
    // After a loss of power some file systems leave zeros where the line was to be.
    let is_empty = line.iter().all(|&byte| byte == 0);
    let begins_as_a_record = is_empty || line.starts_with(BEGINNING) || BEGINNING.starts_with(&line);
    match serde_json::from_slice::<serde::de::IgnoredAny>(&line) {
        Ok(_) => Ok(Rest::Record(Box::new(parse(&line, location)?))),
        Err(_) if begins_as_a_record => Ok(Rest::CutShort(line)),
        Err(_) => bail!(
            "{location} is not the beginning of a record; mend or delete the line, or use another folder with --out"
        ),
    }
}

/// The one field that is read of a line that is no record of this version.
#[derive(Deserialize)]
struct OfSchema {
    #[serde(default)]
    schema: Option<u32>,
}

fn parse(line: &[u8], location: &str) -> Result<TrialRecord> {
    let parsed = serde_json::from_slice::<TrialRecord>(line);
    let schema = match &parsed {
        Ok(record) => Some(record.schema),
        Err(_) => {
            let found = serde_json::from_slice::<OfSchema>(line).with_context(|| {
                format!("{location} is not a record; mend or delete the line, or use another folder with --out")
            })?;
            found.schema
        }
    };
    ensure!(
        schema == Some(SCHEMA),
        "{location} has schema {}, and this kindling writes {SCHEMA}; keep that folder for the version that wrote it and name another \
         with --out",
        schema.map_or("none".to_string(), |schema| schema.to_string())
    );
    let record = parsed.with_context(|| format!("{location} is not a record of schema {SCHEMA}"))?;
    record.check_consistency().map_err(Error::msg).with_context(|| {
        format!("{location} contradicts itself; if the line was changed, delete it, and its trial runs again")
    })?;
    Ok(record)
}
