//! `kindling open`: a run's page in the browser.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::Exit;
use crate::cli::OpenArgs;
use crate::record;
use crate::terminal;

const PAGE: &str = "report.html";

/// Opens the page, and prints where it is.
pub fn run(args: &OpenArgs) -> Result<Exit> {
    let page = page_of(&args.run)?;
    terminal::print(format_args!("{}", page.display()));
    // A browser takes a whole path alone.
    let whole = std::fs::canonicalize(&page).with_context(|| format!("cannot find {}", page.display()))?;
    open::that_detached(&whole)
        .with_context(|| format!("no browser could be started; open {} in one", whole.display()))?;
    Ok(Exit::Done)
}

/// The page of a run by its folder, by its name under artifacts/, or by its own path.
fn page_of(run: &Path) -> Result<PathBuf> {
    if run.is_file() {
        let is_page = run.extension().is_some_and(|extension| extension == "html");
        ensure!(is_page, "{} is no page; give the folder of a run, or a file that ends in .html", run.display());
        return Ok(run.to_path_buf());
    }
    let known = [run.to_path_buf(), Path::new("artifacts").join(run)];
    let found = known.iter().find(|folder| folder.join(PAGE).is_file());
    if let Some(folder) = found {
        return Ok(folder.join(PAGE));
    }
    let unreported = known.iter().find(|folder| record::are_in(folder));
    if let Some(folder) = unreported {
        let shown = folder.display();
        anyhow::bail!("{shown} has records and no {PAGE}; `kindling report {shown}` writes it");
    }
    ensure!(!run.is_dir(), "{} has no {PAGE}, and no records to make one of; give the folder of a run", run.display());
    anyhow::bail!(
        "there is no {} and no {}; give the folder of a run, such as artifacts/optimizers",
        run.display(),
        known[1].display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_its_folder_and_what_it_lacks_is_said() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("run");
        let error = |path: &Path| format!("{:#}", page_of(path).unwrap_err());
        assert!(error(&folder).contains("give the folder of a run"));
        std::fs::create_dir(&folder).unwrap();
        assert!(error(&folder).contains("no records to make one of"));
        std::fs::write(folder.join("records.jsonl"), "{}\n").unwrap();
        assert!(error(&folder).contains("`kindling report"));
        std::fs::write(folder.join(PAGE), "<!doctype html>").unwrap();
        assert_eq!(page_of(&folder).unwrap(), folder.join(PAGE));
        assert_eq!(page_of(&folder.join(PAGE)).unwrap(), folder.join(PAGE));
        assert!(error(&folder.join("records.jsonl")).contains("is no page"));
    }
}
