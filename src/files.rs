//! Atomic file writes, and a check that a folder is writable.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};

/// Replaces the file at `path` in one step: the bytes go to a new file beside it, which is synced and then renamed. After a loss of power
/// there is the file before or the file after.
///
/// # Errors
/// The folder cannot be written.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = part_of(path);
    let written = write_new(&part, bytes)
        .with_context(|| format!("cannot write {}", part.display()))
        .and_then(|()| fs::rename(&part, path).with_context(|| format!("cannot rename {}", part.display())));
    if written.is_err() {
        // The part is of no use to anyone; that it could not be written is the error to tell.
        let _ = fs::remove_file(&part);
    }
    written?;
    sync_folder_of(path)
}

/// A name beside `path` that no other write has, in this process or another.
fn part_of(path: &Path) -> PathBuf {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}-{}.part", std::process::id(), WRITES.fetch_add(1, Ordering::Relaxed)));
    PathBuf::from(part)
}

/// Writes and syncs a file that must not be there yet, so that a symbolic link in a folder from elsewhere is not followed.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    sync(&file)
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
    let probe = folder.join(".writable");
    let missing = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
    let missing: Vec<&Path> = missing.collect();
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&probe, b""))
        .and_then(|()| fs::remove_file(&probe))
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
    fn a_folder_that_is_not_there_is_an_error_that_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomic(&folder.path().join("absent/report.html"), b"x").unwrap_err().to_string();
        assert!(error.contains("absent/report.html.") && error.contains(".part"), "{error}");
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
