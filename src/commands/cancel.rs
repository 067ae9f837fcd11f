//! `kindling cancel`: take the jobs of a run out of the queue.

use anyhow::{Result, ensure};

use super::Exit;
use super::run::folder;
use crate::cli::CancelArgs;
use crate::cluster::{jobs, slurm};
use crate::terminal;

/// Cancels every job of the run that waits or runs.
pub fn run(args: &CancelArgs) -> Result<Exit> {
    let folder = folder::named(&args.run)?;
    let known = jobs::read(&folder)?;
    let mut ids: Vec<String> = known.jobs.into_iter().map(|job| job.id).collect();
    ensure!(
        !ids.is_empty(),
        "no job of {} is known; `kindling submit slurm` notes those that it submits",
        folder.display()
    );
    // Without an answer all are cancelled, also those that ended.
    if let Ok(tasks) = slurm::queue(&ids) {
        ids.retain(|id| tasks.iter().any(|task| task.job == *id));
        if ids.is_empty() {
            terminal::print(format_args!("none of its jobs waits or runs"));
            return Ok(Exit::Done);
        }
    }
    slurm::cancel(&ids)?;
    terminal::print(format_args!(
        "cancelled: job {}; what is recorded stays, and `kindling status {}` says how much",
        ids.join(", "),
        folder.display()
    ));
    Ok(Exit::Done)
}
