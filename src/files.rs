//! Writing files so that no reader ever meets half of one, and folders seen to be writable before work begins.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Replaces the file at `path` in one step: the bytes go to `path` with `.part` appended, which is then renamed.
///
/// # Errors
/// The folder cannot be written.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    fs::write(&part, bytes).with_context(|| format!("cannot write {}", part.display()))?;
    fs::rename(&part, path).with_context(|| format!("cannot rename {}", part.display()))
}

/// Creates `folder` where it is missing and sees that a file can be written in it, so that hours of training do not end at a bad path.
///
/// # Errors
/// The folder cannot be created or written.
pub fn check_writable(folder: &Path) -> Result<()> {
    let trial = folder.join(".writable");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&trial, b""))
        .and_then(|()| fs::remove_file(&trial))
        .with_context(|| format!("cannot write to the folder {}; name another with --out", folder.display()))
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
    fn a_folder_that_is_not_there_is_an_error_that_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomic(&folder.path().join("absent/report.html"), b"x").unwrap_err().to_string();
        assert!(error.contains("absent/report.html.part"), "{error}");
    }

    #[test]
    fn a_folder_is_made_and_left_empty_and_a_file_in_its_way_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let new = folder.path().join("a/b");
        check_writable(&new).unwrap();
        assert_eq!(fs::read_dir(&new).unwrap().count(), 0);
        fs::write(folder.path().join("file"), b"").unwrap();
        let error = check_writable(&folder.path().join("file/out")).unwrap_err().to_string();
        assert!(error.contains("file/out") && error.contains("--out"), "{error}");
    }
}
