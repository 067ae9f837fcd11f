//! Slurm: the script of a job, and its programs `sbatch`, `squeue`, `sacct`, `scontrol` and `scancel`.
//!
//! Their output is asked for in a form that does not depend on the site's settings, and their own words are kept in every error.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

/// What a job's script is made from. Paths are absolute.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    /// The run's name.
    pub name: &'a str,
    /// The program.
    pub program: &'a Path,
    /// The run's folder, which holds its spec.
    pub folder: &'a Path,
    /// The folder in which it was submitted: relative paths of data begin there.
    pub directory: &'a Path,
    /// How many shards the plan is cut into.
    pub shards: usize,
    /// Cores of a task.
    pub cpus: usize,
    /// Trainings at a time in a task.
    pub jobs: usize,
    /// The longest a task may take, as Slurm reads it.
    pub time: &'a str,
    /// Further flags of `kindling sweep`.
    pub flags: &'a [String],
    /// Environment variables that the submission was made with.
    pub variables: &'a [(String, String)],
}

impl Script<'_> {
    /// The script, which is given the number that is added to a task's.
    pub fn text(&self) -> String {
        let Self { name, shards, cpus, jobs, time, .. } = self;
        let [program, spec, folder, records] = [
            self.program.to_path_buf(),
            self.folder.join("spec.toml"),
            self.folder.to_path_buf(),
            self.folder.join("records"),
        ]
        .map(|path| quoted(&path.to_string_lossy()));
        // In the name of a log, Slurm replaces what begins with `%`.
        let log = self.folder.join("logs").to_string_lossy().replace('%', "%%");
        let directory = self.directory.display();
        let variables: String =
            self.variables.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect();
        let flags: String = self.flags.iter().map(|flag| format!(" {}", quoted(flag))).collect();
        let label: String =
            name.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
        // Of one shard there are no parts.
        let (recorded, shard) = match shards {
            1 => (format!("{}/records.jsonl", folder), String::new()),
            _ => (format!("{records}/\"shard-$number-of-{shards}.jsonl\""), format!(" --shard \"$number/{shards}\"")),
        };
        format!(
            r#"#!/bin/bash
# Written by `kindling submit slurm`, and given to sbatch with --array and the number that is added to a task's. Each task trains one part of the
# run and writes a file of its own, so that a task may be run twice, or again on another node.
#SBATCH --job-name=kindling-{label}
#SBATCH --cpus-per-task={cpus}
#SBATCH --time={time}
#SBATCH --requeue
#SBATCH --signal=B:USR1@60
#SBATCH --open-mode=append
#SBATCH --output="{log}/%A_%a.txt"
#SBATCH --chdir="{directory}"

number=$((SLURM_ARRAY_TASK_ID + ${{1:-0}} + 1))
records={recorded}
{variables}
finished() {{ cat "$records" 2> /dev/null | grep -v -c '"status":"failed"'; }}
before=$(finished)

{program} sweep {spec} --out {folder}{shard} --jobs {jobs} --no-share{flags} &
kindling=$!
# USR1 comes to this script a minute before the time is up. TERM comes to all of the job where it is cancelled. Kindling then ends after the step
# at hand.
warned= cancelled=
trap 'warned=yes; kill -USR1 $kindling' USR1
trap 'cancelled=yes' TERM
wait "$kindling"
code=$?
# A signal ends the waiting, and not the program.
while kill -0 "$kindling" 2> /dev/null; do
  wait "$kindling"
  code=$?
done
# It may have ended between the two. The shell remembers how; 127 says that it does not.
if [ -n "$warned$cancelled" ]; then
  wait "$kindling"
  again=$?
  [ "$again" -eq 127 ] || code=$again
fi

if [ -n "$warned" ] && [ -z "$cancelled" ] && [ "$code" -eq 130 ]; then
  if [ "$(finished)" -gt "$before" ]; then
    echo 'the time is up; this task goes back into the queue'
    scontrol requeue "$SLURM_JOB_ID"
  else
    echo 'the time is up, and no training ended in it; submit again with a longer --time'
  fi
fi
exit "$code"
"#
        )
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The task of an array, as the queue or the accounting has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The job's number.
    pub job: String,
    /// The number in the array.
    pub number: usize,
    /// `RUNNING`, `PENDING`, `TIMEOUT`, ...
    pub state: String,
}

/// Runs one of Slurm's programs; `None` where it is not here.
fn output(program: &str, args: &[&str]) -> Result<Option<Output>> {
    let mut command = Command::new(program);
    command.args(args);
    // A user's own defaults for what is shown are not asked for.
    let is_default = |name: &String| name.starts_with("SQUEUE_") || name.starts_with("SACCT_");
    for (name, _) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        if is_default(&name) {
            command.env_remove(name);
        }
    }
    match command.output() {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot run {program}")),
    }
}

/// What a program said.
fn words(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let text = if text.trim().is_empty() { String::from_utf8_lossy(&output.stdout) } else { text };
    text.trim().to_string()
}

/// Submits a script as an array of these tasks, and returns the job's number.
///
/// # Errors
/// There is no `sbatch` here, or Slurm refuses the job; the message has its words.
pub fn submit(script: &Path, array: &str, offset: usize, flags: &[String]) -> Result<String> {
    let (script, offset, array) = (script.to_string_lossy(), offset.to_string(), format!("--array={array}"));
    let mut args = vec!["--parsable", &array];
    args.extend(flags.iter().map(String::as_str));
    args.extend([&*script, &offset]);
    let Some(found) = output("sbatch", &args)? else {
        bail!("there is no sbatch on this machine; submit where Slurm is (--dry-run prints the script)");
    };
    if !found.status.success() {
        bail!("Slurm refuses the job: {}", words(&found));
    }
    // On a federation the cluster's name follows.
    let text = String::from_utf8_lossy(&found.stdout);
    let id = text.trim().split(';').next().unwrap_or_default().to_string();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        bail!("sbatch gave no job's number, but `{}`", text.trim());
    }
    Ok(id)
}

/// The highest number of a task and one, as the site has set it; Slurm's default where it does not say.
pub fn max_array_size() -> usize {
    const DEFAULT: usize = 1001;
    let config = output("scontrol", &["show", "config"]).ok().flatten();
    let text = config.map(|found| String::from_utf8_lossy(&found.stdout).into_owned()).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MaxArraySize")?.split_once('='));
    line.and_then(|(_, size)| size.trim().parse().ok()).filter(|size| *size > 0).unwrap_or(DEFAULT)
}

/// The tasks of these jobs that wait or run.
///
/// # Errors
/// There is no `squeue` here, or no answer.
pub fn queue(jobs: &[String]) -> Result<Vec<Task>, String> {
    let found = match output("squeue", &["--me", "--noheader", "--array", "--format=%F|%K|%T"]) {
        Ok(Some(found)) if found.status.success() => found,
        Ok(Some(found)) => return Err(format!("squeue: {}", words(&found))),
        Ok(None) => return Err("there is no squeue on this machine".into()),
        Err(error) => return Err(format!("{error:#}")),
    };
    Ok(tasks(&String::from_utf8_lossy(&found.stdout), jobs, |line| {
        let (job, rest) = line.split_once('|')?;
        let (number, state) = rest.split_once('|')?;
        Some((job, number, state))
    }))
}

/// The tasks of these jobs as the accounting has them; `None` where a site has none.
pub fn accounting(jobs: &[String]) -> Option<Vec<Task>> {
    let asked = jobs.join(",");
    let args = ["--noheader", "--allocations", "--parsable2", "--array", "--format=JobID,State", "--jobs", &asked];
    // Older versions do not know `--array`, and list each task without it.
    let found = output("sacct", &args).ok()??;
    let found = match found.status.success() {
        true => found,
        false => output("sacct", &[&args[..3], &args[4..]].concat()).ok()??,
    };
    found.status.success().then(|| {
        tasks(&String::from_utf8_lossy(&found.stdout), jobs, |line| {
            let (id, state) = line.split_once('|')?;
            let (job, number) = id.split_once('_')?;
            Some((job, number, state))
        })
    })
}

/// The lines that are of these jobs. A state may be followed by who caused it: `CANCELLED by 1000`.
fn tasks(
    text: &str,
    jobs: &[String],
    parts: impl for<'a> Fn(&'a str) -> Option<(&'a str, &'a str, &'a str)>,
) -> Vec<Task> {
    let task = |line: &str| {
        let (job, number, state) = parts(line.trim())?;
        let state = state.split_whitespace().next()?;
        let is_ours = jobs.iter().any(|own| own == job);
        is_ours.then_some(Task { job: job.into(), number: number.parse().ok()?, state: state.into() })
    };
    text.lines().filter_map(task).collect()
}

/// Takes jobs out of the queue, and ends those that run.
///
/// # Errors
/// There is no `scancel` here, or Slurm refuses; the message has its words.
pub fn cancel(jobs: &[String]) -> Result<()> {
    let args: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let Some(found) = output("scancel", &args)? else {
        bail!("there is no scancel on this machine; cancel where Slurm is: scancel {}", jobs.join(" "));
    };
    if !found.status.success() {
        bail!("Slurm refuses to cancel: {}", words(&found));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(folder: &str, shards: usize) -> String {
        let variables = [("KINDLING_DATA_DIR".into(), "/data/it's here".into())];
        Script {
            name: "a b",
            program: Path::new("/bin/kindling"),
            folder: Path::new(folder),
            directory: Path::new("/home/me"),
            shards,
            cpus: 8,
            jobs: 8,
            time: "30:00",
            flags: &["--backend".into(), "flex".into()],
            variables: &variables,
        }
        .text()
    }

    #[test]
    fn the_script_is_what_a_shell_reads_whatever_the_names() {
        for (folder, shards) in [("/runs/100% o'clock $HOME", 16), ("/runs/x", 1)] {
            let text = script(folder, shards);
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &text).unwrap();
            assert!(Command::new("bash").arg("-n").arg(file.path()).status().unwrap().success(), "{text}");
            assert!(text.contains(r"export KINDLING_DATA_DIR='/data/it'\''s here'"), "{text}");
            assert_eq!(text.contains("--shard \"$number/16\""), shards == 16);
        }
        let text = script("/runs/100% o'clock $HOME", 16);
        assert!(text.contains("--output=\"/runs/100%% o'clock $HOME/logs/%A_%a.txt\""), "{text}");
    }

    #[test]
    fn tasks_of_other_jobs_and_lines_of_other_programs_are_passed_over() {
        let of = |text: &str| {
            tasks(text, &["12".into()], |line| {
                let (job, rest) = line.split_once('|')?;
                let (number, state) = rest.split_once('|')?;
                Some((job, number, state))
            })
        };
        let task = |number, state: &str| Task { job: "12".into(), number, state: state.into() };
        assert_eq!(
            of("12|3|RUNNING\n13|1|RUNNING\n12|N/A|PENDING\nsqueue: hello\n12|4|CANCELLED by 7\n"),
            [task(3, "RUNNING"), task(4, "CANCELLED")]
        );
    }
}
