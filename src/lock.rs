//! A lock on a file beside what only one process may write.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::terminal;

/// A lock, held for as long as the value lives; the operating system releases it with the process.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    is_held: bool,
}

impl Lock {
    /// Whether it is held: some network file systems have no locks, and there the user must see to it that one process writes.
    pub(crate) fn is_held(&self) -> bool {
        self.is_held
    }
}

/// Takes the lock at a path.
///
/// # Errors
/// The folder cannot be written, or another process holds the lock.
pub(crate) fn lock(path: &Path) -> Result<Lock> {
    let folder = path.parent().unwrap_or(path).display();
    ensure_own(path)?;
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
        .with_context(|| format!("cannot write to {folder}; name another folder with --out"))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file, is_held: true }),
        Err(fs::TryLockError::WouldBlock) => {
            bail!("another kindling is writing {folder}; wait for it, or name another folder with --out")
        }
        Err(fs::TryLockError::Error(_)) => Ok(Lock { _file: file, is_held: false }),
    }
}

/// Takes the lock at a path, and waits for it where another process holds it: one that was ended, or lost with its machine, holds it for a
/// while.
///
/// # Errors
/// The folder cannot be written, or another process holds the lock for longer.
pub(crate) fn wait_for(path: &Path, at_most: Duration) -> Result<Lock> {
    let started = Instant::now();
    let mut is_told = false;
    loop {
        match lock(path) {
            Err(error) if started.elapsed() < at_most && is_held_by_another(path) => {
                if !is_told {
                    terminal::tell(format_args!("note: {error:#}; waiting up to {} s", at_most.as_secs()));
                    is_told = true;
                }
                std::thread::sleep(Duration::from_millis(200));
            }
            outcome => return outcome,
        }
    }
}

fn is_held_by_another(path: &Path) -> bool {
    let file = OpenOptions::new().write(true).open(path);
    file.is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

/// Refuses what is no file, and a symbolic link, which in a folder from elsewhere may lead to a file that is not Kindling's.
pub(crate) fn ensure_own(path: &Path) -> Result<()> {
    let is_own = fs::symlink_metadata(path).map_or(true, |found| found.is_file());
    ensure!(is_own, "cannot write {}: it is a link, or not a file; delete it", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_one_process_s_until_it_is_let_go_and_who_waits_gets_it_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let first = lock(&path).unwrap();
        assert!(first.is_held());
        assert!(lock(&path).unwrap_err().to_string().contains("another kindling"));
        assert!(wait_for(&path, Duration::ZERO).is_err());
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| wait_for(&path, Duration::from_secs(60)).unwrap().is_held());
            drop(first);
            assert!(waits.join().unwrap());
        });
    }
}
