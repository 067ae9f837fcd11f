//! Atomic file writes, and a check that a folder is writable.

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
    fn a_folder_that_is_not_there_is_an_error_that_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomic(&folder.path().join("absent/report.html"), b"x").unwrap_err().to_string();
        assert!(error.contains("absent/report.html.part"), "{error}");
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
