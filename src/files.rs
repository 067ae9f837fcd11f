//! Files written whole, files read within limits, and a check that a folder is writable.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};

/// Replaces the file at `path` in one step: the bytes go to a new file beside it, which is synced and then renamed. After a loss of power
/// there is the file before or the file after. A device such as `/dev/null` is written to and stays what it is.
///
/// # Errors
/// The folder cannot be written, or something else than a file is there, such as a pipe, which would keep the program waiting.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let found = fs::metadata(path).ok();
    if found.as_ref().is_some_and(is_device) {
        let written = OpenOptions::new().write(true).open(path).and_then(|mut device| device.write_all(bytes));
        return written.with_context(|| format!("cannot write {}", path.display()));
    }
    let is_free = found.is_none_or(|found| found.is_file());
    ensure!(is_free, "cannot write {}: what is there is not a file; name another, or remove it", path.display());
    write_atomic_with(path, |file| file.write_all(bytes))
}

fn is_device(found: &fs::Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::FileTypeExt::is_char_device(&found.file_type());
    #[cfg(not(unix))]
    return !found.is_file() && !found.is_dir();
}

/// The same for bytes that `write` puts into the file.
///
/// # Errors
/// The folder cannot be written, or `write` fails.
pub fn write_atomic_with(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    Prepared::with(path, write)?.put()
}

/// A file whose bytes are on the disk under another name.
pub struct Prepared<'a> {
    path: &'a Path,
    part: Part,
}

impl<'a> Prepared<'a> {
    /// Writes and syncs the bytes that will be at `path`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn new(path: &'a Path, bytes: &[u8]) -> Result<Self> {
        Self::with(path, |file| file.write_all(bytes))
    }

    fn with(path: &'a Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<Self> {
        let (part, mut file) = Part::beside(path)?;
        let written = write(&mut file).and_then(|()| sync(&file));
        written.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path, part })
    }

    /// Replaces the file at the path.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn put(self) -> Result<()> {
        let (part, path) = (&self.part.0, self.path);
        fs::rename(part, path).with_context(|| format!("cannot replace {}", path.display()))?;
        sync_folder_of(path)
    }
}

impl Prepared<'_> {
    /// Puts the file at the path where there is none, and says whether it did. Of several processes one does.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn put_new(self) -> Result<bool> {
        match fs::hard_link(&self.part.0, self.path) {
            Ok(()) => sync_folder_of(self.path).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            // A file system without links: there two processes may both find none.
            Err(_) if !self.path.exists() => self.put().map(|()| true),
            Err(_) => Ok(false),
        }
    }
}

/// The new file of a write. Removed at the end, if it is still there: it is of no use to anyone.
struct Part(PathBuf);

/// The parts of writes that have not ended.
static PARTS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn parts() -> MutexGuard<'static, Vec<PathBuf>> {
    PARTS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Part {
    /// Creates it. It must not be there yet, so that neither a symbolic link in a folder from elsewhere is followed nor the part of another
    /// write taken. A random name is no other write's: in containers, processes have the same numbers.
    fn beside(path: &Path) -> Result<(Self, File)> {
        let mut part = path.as_os_str().to_owned();
        part.push(format!(".{:016x}.part", RandomState::new().build_hasher().finish()));
        let part = PathBuf::from(part);
        let created = OpenOptions::new().write(true).create_new(true).open(&part);
        // The part's own name says nothing to whoever reads of it.
        let file = created.with_context(|| format!("cannot write {}", path.display()))?;
        parts().push(part.clone());
        Ok((Self(part), file))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        parts().retain(|part| *part != self.0);
    }
}

/// Removes what writes have begun, before the process ends in the middle of them.
pub fn remove_parts() {
    for part in parts().iter() {
        let _ = fs::remove_file(part);
    }
}

/// The bytes of a file that has at most `limit`.
///
/// # Errors
/// The path is of no file, such as a pipe or a device, which may never end; or the file is longer, or cannot be read.
pub fn read_within(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let shown = path.display();
    let file = open_file(path)?;
    let length = file.metadata().with_context(|| format!("cannot read {shown}"))?.len();
    ensure!(length <= limit, "{shown} has {length} bytes; at most {limit} are read");
    unpack_within(file, limit, length as usize).with_context(|| format!("cannot read {shown}"))
}

/// Opens a file to read it.
///
/// # Errors
/// It cannot be read, or the path is of no file: a pipe would keep the program waiting, and a device may never end.
pub fn open_file(path: &Path) -> Result<File> {
    let shown = path.display();
    let found = fs::metadata(path).with_context(|| format!("cannot read {shown}"))?;
    ensure!(found.is_file(), "cannot read {shown}: it is not a file");
    File::open(path).with_context(|| format!("cannot read {shown}"))
}

/// All bytes of a stream that has at most `limit`, as of a file that is unpacked; `expected` are made room for.
///
/// # Errors
/// It has more, or cannot be read.
pub fn unpack_within(stream: impl Read, limit: u64, expected: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(expected);
    stream.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("there are more than {limit} bytes in it, the most that is read"),
        ));
    }
    Ok(bytes)
}

/// Syncs a file. A pipe or another device cannot be synced, and need not be.
///
/// # Errors
/// The disk is full or gone.
pub fn sync(file: &File) -> std::io::Result<()> {
    match file.sync_data() {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Ok(()),
        outcome => outcome,
    }
}

/// Syncs the folder of a file that was created, renamed or is about to be the only copy: without it, its name may be lost with the power.
///
/// # Errors
/// The folder is gone.
pub fn sync_folder_of(path: &Path) -> Result<()> {
    // Only Unix opens a folder as a file.
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let synced = File::open(folder).and_then(|folder| sync(&folder));
        synced.with_context(|| format!("cannot sync the folder {}", folder.display()))?;
    }
    Ok(())
}

/// Checks that `folder` can be created where it is missing and a file written in it, so that hours of training do not end at a bad path.
/// Leaves nothing behind: whoever writes a file there later creates the folder, and a training without a result leaves none.
///
/// # Errors
/// The folder cannot be created or written.
pub fn check_writable(folder: &Path) -> Result<()> {
    let missing = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
    let missing: Vec<&Path> = missing.collect();
    let written = fs::create_dir_all(folder)
        .map_err(anyhow::Error::from)
        .and_then(|()| Part::beside(&folder.join("a file")).map(drop))
        .with_context(|| format!("cannot write to the folder {}; name another with --out", folder.display()));
    for created in missing {
        // One that was not created, or that another program has written in by now, is left as it is.
        let _ = fs::remove_dir(created);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_no_part_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        write_atomic(&path, b"a longer first version").unwrap();
        write_atomic(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_several_that_put_a_new_file_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spec.toml");
        let put = |text: &str| Prepared::new(&path, text.as_bytes()).unwrap().put_new().unwrap();
        let wins = std::thread::scope(|scope| {
            let all: Vec<_> = ["a", "b", "c", "d"]
                .map(|text| {
                    let put = &put;
                    scope.spawn(move || (text, put(text)))
                })
                .into();
            all.into_iter()
                .map(|one| one.join().unwrap())
                .filter(|(_, won)| *won)
                .map(|(text, _)| text)
                .collect::<Vec<_>>()
        });
        assert_eq!(wins, [fs::read_to_string(&path).unwrap()]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn two_writes_of_one_file_at_once_leave_one_of_them_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        std::thread::scope(|scope| {
            for text in ["a".repeat(100_000), "b".repeat(100_000)] {
                let path = &path;
                scope.spawn(move || (0..20).for_each(|_| write_atomic(path, text.as_bytes()).unwrap()));
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.len() == 100_000 && text.bytes().all(|byte| byte == text.as_bytes()[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_in_the_way_of_a_write_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("spec.toml"), folder.path().join("other"));
        fs::write(&other, b"mine").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&other, &path).unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!((fs::read(&other).unwrap(), fs::read(&path).unwrap()), (b"mine".to_vec(), b"new".to_vec()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        write_atomic(Path::new("/dev/null"), b"gone").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        assert!(write_atomic(Path::new("/dev/full"), b"no room").unwrap_err().to_string().contains("/dev/full"));
        // As `/dev/stdout` is a link.
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("out");
        symlink("/dev/null", &link).unwrap();
        write_atomic(&link, b"gone").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let pipe = folder.path().join("report.md");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(write_atomic(&pipe, b"waits").unwrap_err().to_string().contains("report.md"));
    }

    #[test]
    fn a_write_that_fails_leaves_the_file_before_and_no_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        write_atomic(&path, b"before").unwrap();
        let fails = |file: &mut File| file.write_all(b"half").and_then(|()| Err(io::ErrorKind::StorageFull.into()));
        assert!(write_atomic_with(&path, fails).is_err());
        assert_eq!((fs::read(&path).unwrap(), fs::read_dir(folder.path()).unwrap().count()), (b"before".to_vec(), 1));
    }

    #[test]
    fn what_is_too_long_or_no_file_is_refused_with_its_name_and_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spec.toml");
        fs::write(&path, b"1234").unwrap();
        assert_eq!(read_within(&path, 4).unwrap(), b"1234");
        let error = read_within(&path, 3).unwrap_err().to_string();
        assert!(error.contains("spec.toml has 4 bytes") && error.contains("at most 3"), "{error}");
        assert!(read_within(folder.path(), 3).unwrap_err().to_string().contains("not a file"));
        assert!(!Path::new("/dev/zero").exists() || read_within(Path::new("/dev/zero"), 3).is_err());
        assert!(unpack_within(io::repeat(0), 1000, 0).unwrap_err().to_string().contains("1000"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_that_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomic(&folder.path().join("absent/report.html"), b"x").unwrap_err().to_string();
        assert!(error.contains("absent/report.html") && !error.contains(".part"), "{error}");
    }

    #[test]
    fn a_folder_made_for_the_check_is_removed_and_a_file_in_its_way_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("a/b"));
        fs::create_dir(&old).unwrap();
        check_writable(&old).unwrap();
        assert_eq!(fs::read_dir(&old).unwrap().count(), 0);
        check_writable(&new).unwrap();
        assert!(!folder.path().join("a").exists());
        fs::write(folder.path().join("file"), b"").unwrap();
        let error = check_writable(&folder.path().join("file/out")).unwrap_err().to_string();
        assert!(error.contains("file/out") && error.contains("--out"), "{error}");
    }
}
