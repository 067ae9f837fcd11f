//! `jobs.toml` in a run's folder: which jobs were submitted for which shards.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::ranges;
use crate::experiment::plan::shard::MAX_SHARDS;
use crate::files::{read_within, write_atomic};
use crate::lock::{Lock, lock};

/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Every submission of a run, the latest last.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// The submissions.
    #[serde(default)]
    pub jobs: Vec<Job>,
}

/// One array of tasks. Task `t` of it trains shard `t + offset + 1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The number that Slurm gave it.
    pub id: String,
    /// How many shards the plan was cut into.
    pub shards: usize,
    /// What is added to a task's number.
    pub offset: usize,
    /// The numbers of the tasks: `0-3,7`.
    pub tasks: String,
}

impl Job {
    /// The place, from 0, of the shard that a task trains.
    pub fn shard_of(&self, task: usize) -> usize {
        task + self.offset
    }
}

/// The file of a run's folder.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("jobs.toml")
}

/// Takes the lock of a run's submissions, so that two at once do not submit the same tasks.
///
/// # Errors
/// The folder cannot be written, or another process submits.
pub fn hold(folder: &Path) -> Result<Lock> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create the folder {}; name another with --out", folder.display()))?;
    lock(&folder.join(".submit.lock"))
}

/// The submissions of a run; none where there is no file.
///
/// # Errors
/// The file cannot be read, or is not one that [`write()`] wrote.
pub fn read(folder: &Path) -> Result<Jobs> {
    let path = path(folder);
    if !path.exists() {
        return Ok(Jobs::default());
    }
    let shown = path.display();
    let text = String::from_utf8(read_within(&path, MAX_BYTES)?).with_context(|| format!("{shown} is not text"))?;
    let otherwise = "mend it, or delete it: then Kindling knows no job of this run";
    let jobs: Jobs = toml::from_str(&text).with_context(|| format!("{shown} is not a list of jobs; {otherwise}"))?;
    for job in &jobs.jobs {
        // The number becomes an argument of Slurm's programs.
        let is_number = !job.id.is_empty() && job.id.bytes().all(|byte| byte.is_ascii_digit());
        let fits =
            job.shards <= MAX_SHARDS && job.offset <= MAX_SHARDS && ranges::read(&job.tasks, MAX_SHARDS).is_some();
        ensure!(is_number && fits, "{shown}: job `{}` has a number or tasks that cannot be; {otherwise}", job.id);
    }
    Ok(jobs)
}

/// Writes the submissions of a run.
///
/// # Errors
/// The folder cannot be written.
pub fn write(folder: &Path, jobs: &Jobs) -> Result<()> {
    let text = format!("# Jobs of this run, written by `kindling submit`.\n{}", toml::to_string(jobs)?);
    write_atomic(&path(folder), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_read_as_they_were_written_and_what_is_no_job_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), Jobs::default());
        let job = Job { id: "12".into(), shards: 16, offset: 8, tasks: "0-3,7".into() };
        let jobs = Jobs { jobs: vec![job.clone()] };
        write(folder.path(), &jobs).unwrap();
        assert_eq!(read(folder.path()).unwrap(), jobs);
        assert_eq!(job.shard_of(7), 15);
        for wrong in [Job { id: "--all".into(), ..job.clone() }, Job { tasks: "0-9999999".into(), ..job.clone() }] {
            write(folder.path(), &Jobs { jobs: vec![wrong] }).unwrap();
            assert!(read(folder.path()).unwrap_err().to_string().contains("jobs.toml"));
        }
        std::fs::write(path(folder.path()), "jobs = 3").unwrap();
        assert!(format!("{:#}", read(folder.path()).unwrap_err()).contains("not a list of jobs"));
    }
}
