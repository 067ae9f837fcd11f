//! A run in shards, as processes that do not know of each other leave it, and what reads it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::process::Stdio;

use common::desk::Desk;

const SWEEP: &str = "question = 'q'\nseeds = 4\n[data]\ndataset = 'tiny'\ntrain = 500\nvalidation = 100\ntest = 100\n\
                     [train]\nepochs = 3\n[sweep]\noptimizer = ['sgd', 'adam']\nbatch_size = [10, 50]\n";

fn desk() -> Desk {
    let desk = Desk::new();
    fs::write(desk.path().join("sweep.toml"), SWEEP).unwrap();
    desk.expect(0, &["sweep", "sweep.toml", "--out", "one", "-q"]);
    desk
}

fn shard(desk: &Desk, out: &str, shard: &str) {
    desk.expect(0, &["sweep", "sweep.toml", "--out", out, "--shard", shard]);
}

/// The exported tables, which have no times.
fn tables(desk: &Desk, run: &str) -> Vec<String> {
    ["summary.csv", "curves.csv"].map(|name| fs::read_to_string(desk.path().join(run).join(name)).unwrap()).into()
}

#[test]
fn a_plan_in_1_3_and_16_shards_two_of_them_run_twice_leaves_the_records_of_one_machine() {
    let desk = desk();
    for count in [1, 3, 16] {
        let out = format!("in-{count}");
        for number in (1..=count).rev().chain([1, count]) {
            shard(&desk, &out, &format!("{number}/{count}"));
        }
        assert_eq!(desk.records(&out), desk.records("one"), "{count}");
        let (out_text, _) = desk.expect(0, &["status", &out]);
        assert!(out_text.contains("16 done") && out_text.contains("0 missing"), "{out_text}");
        desk.expect(0, &["report", &out]);
        assert_eq!(tables(&desk, &out), tables(&desk, "one"), "{count}");
        desk.expect(0, &["verify", &out]);
        desk.expect(0, &["compare", &out, "one"]);
    }
    // A part of one is the whole, with its report.
    assert!(desk.path().join("in-1/report.html").is_file() && !desk.path().join("in-1/records").exists());
}

#[test]
fn all_shards_at_once_with_one_killed_and_the_rest_with_another_number_of_shards_leave_the_same() {
    let desk = desk();
    let start = |number: usize| {
        let args = ["sweep", "sweep.toml", "--out", "run", "--shard", &format!("{number}/4"), "--jobs", "1"];
        desk.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut children: Vec<_> = (1..=4).map(start).collect();
    children[2].kill().unwrap();
    let codes: Vec<_> = children.iter_mut().map(|child| child.wait().unwrap().code()).collect();
    assert_eq!([codes[0], codes[1], codes[3]], [Some(0); 3]);
    let (out, _) = desk.expect(0, &["status", "run", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&status["trials"], &status["failed"]), (&16.into(), &0.into()));
    assert!(status["missing"].as_u64().unwrap() > 0, "{status}");
    // What is recorded is trained by no other shard.
    let before = desk.records("run").len();
    let mut trained = 0;
    for number in 1..=3 {
        let (_, err) = desk.expect(0, &["sweep", "sweep.toml", "--out", "run", "--shard", &format!("{number}/3")]);
        let text = err.split("of which ").nth(1).unwrap();
        trained += text.split(' ').next().unwrap().parse::<usize>().unwrap();
    }
    assert_eq!((before + trained, desk.records("run")), (16, desk.records("one")));
    // A sweep of the whole finds nothing to train, and reports.
    let (out, _) = desk.expect(0, &["sweep", "sweep.toml", "--out", "run"]);
    assert!(out.contains("ranks first"), "{out}");
    // More seeds go on from there.
    for number in 1..=2 {
        desk.expect(0, &["sweep", "sweep.toml", "--out", "run", "--seeds", "6", "--shard", &format!("{number}/2")]);
    }
    desk.expect(0, &["sweep", "sweep.toml", "--out", "one", "--seeds", "6", "-q"]);
    assert_eq!(desk.records("run"), desk.records("one"));
}

#[test]
fn folders_that_share_no_file_system_are_merged_and_a_contradiction_shows_both_records() {
    let desk = desk();
    for (number, folder) in [(1, "a"), (2, "b"), (3, "c")] {
        shard(&desk, folder, &format!("{number}/3"));
    }
    let (out, _) = desk.expect(0, &["merge", "a", "b", "--out", "d"]);
    assert!(out.contains("of 16 trials are recorded"), "{out}");
    desk.expect(0, &["merge", "c", "--out", "d"]);
    assert_eq!(desk.records("d"), desk.records("one"));
    // In the order of the plan, as one machine would report them.
    desk.expect(0, &["report", "d"]);
    assert_eq!(tables(&desk, "d"), tables(&desk, "one"));
    // In place: one file, and nothing lost.
    desk.expect(2, &["report", "a", "--compress"]);
    let before = desk.records("a");
    desk.expect(0, &["merge", "a"]);
    assert!(!desk.path().join("a/records/shard-1-of-3.jsonl").exists());
    assert_eq!(desk.records("a"), before);
    desk.expect(0, &["report", "a", "--compress"]);
    assert_eq!(desk.records("a"), before);
    // Somebody is wrong.
    let path = desk.path().join("b/records/shard-2-of-3.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let at = text.find("\"train_loss\":[").unwrap() + 14;
    let mut wrong = text.clone();
    wrong.insert(at, '1');
    fs::write(&path, wrong).unwrap();
    for command in [&["merge", "b", "d", "--out", "e"][..], &["merge", "b", "--out", "d"]] {
        let (_, err) = desk.expect(2, command);
        assert!(err.contains("two records of one trial that differ") && err.contains("largest relative"), "{err}");
        assert!(err.contains("shard-2-of-3.jsonl:1: kindling") && err.contains("d/records.jsonl:"), "{err}");
    }
    assert_eq!(desk.records("d"), desk.records("one"));
    assert!(!desk.path().join("e").exists());
}

#[test]
fn a_folder_that_two_plans_share_and_a_shard_that_is_none_are_refused_and_nothing_is_lost() {
    let desk = desk();
    shard(&desk, "run", "1/2");
    let before = desk.records("run");
    let (_, err) = desk.expect(2, &["sweep", "sweep.toml", "--out", "run", "--shard", "2/2", "--epochs", "2"]);
    assert!(err.contains("train.epochs is 3 there, 2 here") && !err.contains("--fresh"), "{err}");
    let (_, err) = desk.expect(2, &["merge", "run", "one", "--out", "x", "extra"]);
    assert!(err.contains("extra is not the folder of a run"), "{err}");
    desk.expect(0, &["sweep", "sweep.toml", "--out", "other", "--epochs", "2", "-q"]);
    let (_, err) = desk.expect(2, &["merge", "run", "other", "--out", "x"]);
    assert!(err.contains("are of other runs: train.epochs is 3 there, 2 here"), "{err}");
    // Before there is any record, the spec alone tells.
    fs::create_dir(desk.path().join("empty")).unwrap();
    fs::copy(desk.path().join("other/spec.toml"), desk.path().join("empty/spec.toml")).unwrap();
    desk.expect(2, &["sweep", "sweep.toml", "--out", "empty", "--shard", "1/2"]);
    assert_eq!(desk.records("run"), before);
    for wrong in ["17/16", "0/16", "3", "1/0", "auto/4"] {
        let (_, err) = desk.expect(2, &["sweep", "sweep.toml", "--out", "x", "--shard", wrong]);
        assert!(err.contains(wrong), "{err}");
    }
    assert!(!desk.path().join("x").exists());
    let mut numbered = desk.command(&["sweep", "sweep.toml", "--out", "run", "--shard", "auto/2"]);
    let output = numbered.env("JOB_COMPLETION_INDEX", "1").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("shard 2/2, its number from JOB_COMPLETION_INDEX"));
    assert_eq!(desk.records("run"), desk.records("one"));
    desk.expect(2, &["status", "nowhere"]);
    desk.expect(2, &["cancel", "run"]);
}

#[test]
fn a_search_of_one_mind_is_not_cut_into_shards() {
    let desk = desk();
    for search in ["bayesian = 4", "random = 4, halving = { from = 1, factor = 3 }"] {
        let sweep = SWEEP.replace(
            "optimizer = ['sgd', 'adam']\nbatch_size = [10, 50]",
            &format!("search = {{ {search} }}\n\"lr\" = {{ log_uniform = [0.001, 0.1] }}"),
        );
        fs::write(desk.path().join("search.toml"), sweep).unwrap();
        let (_, err) = desk.expect(2, &["sweep", "search.toml", "--shard", "1/2"]);
        assert!(err.contains("one job with many cores"), "{err}");
        let (_, err) = desk.expect(2, &["submit", "slurm", "search.toml", "--tasks", "2", "--dry-run"]);
        assert!(err.contains("submit it as one task"), "{err}");
        let (out, _) = desk.expect(0, &["submit", "slurm", "search.toml", "--dry-run"]);
        assert!(out.contains("--array=0 ") && !out.contains("--shard"), "{out}");
    }
}

#[test]
fn a_task_that_is_warned_ends_as_by_ctrl_c_and_the_next_goes_on() {
    let desk = desk();
    let long = SWEEP.replace("epochs = 3", "epochs = 200").replace("seeds = 4", "seeds = 8");
    fs::write(desk.path().join("long.toml"), long).unwrap();
    for signal in ["USR1", "TERM"] {
        let out = format!("by-{signal}");
        let args = ["sweep", "long.toml", "--out", &out, "--shard", "1/2", "--jobs", "1"];
        let mut child = desk.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let records = desk.path().join(&out).join("records/shard-1-of-2.jsonl");
        while !fs::metadata(&records).is_ok_and(|found| found.len() > 0) {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let kept = desk.records(&out).len();
        assert!((1..16).contains(&kept), "{kept}");
    }
}

#[test]
fn what_is_submitted_is_a_readable_script_and_a_manifest() {
    let desk = desk();
    let (out, err) = desk.expect(0, &["submit", "slurm", "sweep.toml", "--tasks", "4", "--cpus", "2", "--dry-run"]);
    for line in
        ["#SBATCH --requeue", "#SBATCH --signal=B:USR1@60", "#SBATCH --open-mode=append", "--shard \"$number/4\""]
    {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert!(out.contains("# sbatch --array=0-3 ") && err.contains("less than it may wait"), "{out}{err}");
    assert!(!desk.path().join("artifacts").exists(), "a dry run writes nothing");
    let args = ["submit", "kubernetes", "sweep.toml", "--image", "me/kindling:1", "--volume", "work", "--tasks", "4"];
    let (out, _) = desk.expect(0, &args);
    assert!(out.contains("completions: 4") && out.contains("\"--shard\", \"auto/4\""), "{out}");
    // The plan travels in it.
    let spec: String = out
        .lines()
        .skip_while(|line| !line.contains("spec.toml: |"))
        .skip(1)
        .take_while(|line| *line != "---")
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    fs::create_dir(desk.path().join("pod")).unwrap();
    fs::write(desk.path().join("pod/spec.toml"), spec).unwrap();
    desk.expect(0, &["sweep", "pod/spec.toml", "--out", "pod-run", "-q"]);
    assert_eq!(desk.records("pod-run"), desk.records("one"));
    for wrong in [&["--cpus", "0"][..], &["--tasks", "0"], &["--at-once", "0"], &["--time", "soon"]] {
        desk.expect(2, &[&["submit", "slurm", "sweep.toml", "--dry-run"], wrong].concat());
    }
}

#[test]
fn a_merge_in_place_waits_for_no_shard_and_loses_none() {
    let desk = desk();
    shard(&desk, "run", "1/2");
    let number = "2/2".parse().unwrap();
    let (mut file, _, _) = kindling::record::open(&desk.path().join("run"), Some(number)).unwrap();
    // The other shard is at work.
    let (_, err) = desk.expect(2, &["merge", "run"]);
    assert!(err.contains("another kindling is writing"), "{err}");
    let others: Vec<_> = kindling::record::read_all(&desk.path().join("one")).unwrap();
    let have = desk.records("run");
    for record in others {
        if !have.contains(&record.timeless().to_line().unwrap()) {
            file.append(&record).unwrap();
        }
    }
    drop(file);
    desk.expect(0, &["merge", "run"]);
    assert_eq!(desk.records("run"), desk.records("one"));
    // A failed trial is none that is recorded, as `status` has it.
    let mut text = fs::read_to_string(desk.path().join("run/records.jsonl")).unwrap();
    let first = text.lines().next().unwrap().to_string();
    let mut failed: serde_json::Value = serde_json::from_str(&first).unwrap();
    failed["status"] = "failed".into();
    failed["error"] = "no room".into();
    for gone in ["epochs_kept", "confusion", "mistakes", "predictions"] {
        failed.as_object_mut().unwrap().remove(gone);
    }
    failed["metrics"] = serde_json::json!({});
    failed["history"] = serde_json::json!({"train_loss": [], "validation_loss": []});
    text = text.replacen(&first, &failed.to_string(), 1);
    fs::write(desk.path().join("run/records.jsonl"), text).unwrap();
    let (out, _) = desk.expect(0, &["merge", "run"]);
    assert!(out.contains("15 of 16 trials are recorded"), "{out}");
    let (out, _) = desk.expect(0, &["status", "run"]);
    assert!(out.contains("15 done") && out.contains("1 failed") && out.contains("no room"), "{out}");
}

/// A Slurm of which only the words are there: every job waits until `queue` is emptied.
#[cfg(unix)]
struct FakeSlurm(Desk);

#[cfg(unix)]
impl FakeSlurm {
    fn new(desk: Desk) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = desk.path().join("slurm");
        fs::create_dir(&folder).unwrap();
        let programs = [
            // The tasks of an array such as `--array=0-2,5%1`, one a line.
            (
                "sbatch",
                "#!/bin/sh\nid=$(($(cat slurm/last 2> /dev/null || echo 0) + 1)); echo $id > slurm/last; echo \"$@\" >> slurm/asked\n\
                 for flag in \"$@\"; do case $flag in --array=*) list=${flag#--array=};; esac; done\n\
                 for part in $(echo \"${list%\\%*}\" | tr , ' '); do for task in $(seq ${part%-*} ${part#*-}); do\n\
                 echo \"$id|$task|PENDING\" >> slurm/queue; done; done\necho $id\n",
            ),
            ("squeue", "#!/bin/sh\ncat slurm/queue 2> /dev/null || true\n"),
            ("scancel", "#!/bin/sh\necho \"$@\" >> slurm/cancelled; : > slurm/queue\n"),
            ("scontrol", "#!/bin/sh\necho 'MaxArraySize            = 3'\n"),
            ("sacct", "#!/bin/sh\necho 'Slurm accounting storage is disabled' >&2; exit 1\n"),
        ];
        for (name, text) in programs {
            fs::write(folder.join(name), text).unwrap();
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(desk)
    }

    #[track_caller]
    fn expect(&self, code: i32, args: &[&str]) -> String {
        let path = format!("{}:{}", self.0.path().join("slurm").display(), std::env::var("PATH").unwrap());
        let output = self.0.command(args).env("PATH", path).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{text}");
        text
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.0.path().join("slurm/asked")).unwrap_or_default()
    }

    fn empty_queue(&self) {
        fs::write(self.0.path().join("slurm/queue"), "").unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_second_submission_is_of_what_is_missing_and_not_in_the_queue() {
    let slurm = FakeSlurm::new(desk());
    let submit = ["submit", "slurm", "sweep.toml", "--out", "run", "--tasks", "4", "--cpus", "1", "-q"];
    let out = slurm.expect(0, &[&submit[..], &["--", "--partition=short"]].concat());
    // An array has at most three tasks here.
    assert!(out.contains("16 trials") && out.contains("4 of 4 tasks"), "{out}");
    let asked = slurm.asked();
    assert!(asked.contains("--array=0-2 --partition=short ") && asked.contains("--array=0 "), "{asked}");
    assert!(asked.lines().nth(1).unwrap().ends_with(" 3"), "{asked}");
    assert!(slurm.expect(0, &submit).contains("in the queue already"));
    assert!(slurm.expect(0, &["status", "run"]).contains("0 tasks run, 4 wait"));
    // Two tasks end, one of them without all of its trials; two others wait.
    slurm.0.expect(0, &["sweep", "run/spec.toml", "--out", "run", "--shard", "1/4", "-q"]);
    fs::write(slurm.0.path().join("slurm/queue"), "1|2|RUNNING\n2|0|PENDING\n").unwrap();
    let out = slurm.expect(0, &submit);
    assert!(
        out.contains("1 of 4 tasks") && slurm.asked().ends_with(" 0\n") && slurm.asked().contains("--array=1 "),
        "{out}"
    );
    // More seeds while tasks run: written down, and said.
    let more = [&submit[..], &["--seeds", "6"]].concat();
    let out = slurm.expect(0, &more);
    assert!(out.contains("tasks that run already train the seeds of before"), "{out}");
    assert!(fs::read_to_string(slurm.0.path().join("run/spec.toml")).unwrap().contains("seeds = 6"));
    // Another number of tasks, while some are in the queue, would train trials twice.
    let other = ["submit", "slurm", "sweep.toml", "--out", "run", "--tasks", "2", "--seeds", "6"];
    assert!(slurm.expect(2, &other).contains("is in the queue"));
    assert!(slurm.expect(0, &["cancel", "run"]).contains("cancelled: job 1, 2, 3"));
    assert!(slurm.expect(0, &["cancel", "run"]).contains("none of its jobs"));
    // All is trained: nothing is submitted.
    slurm.0.expect(0, &["sweep", "sweep.toml", "--out", "run", "--seeds", "6", "-q"]);
    let before = slurm.asked();
    assert!(slurm.expect(0, &more).contains("every trial is recorded"));
    assert_eq!(slurm.asked(), before);
    for refused in ["--clusters=far", "-Mfar", "--array=1"] {
        slurm.expect(2, &[&more[..], &["--", refused]].concat());
    }
    assert!(slurm.expect(2, &[&submit[..], &["--epochs", "1"]].concat()).contains("train.epochs is 3 there, 1 here"));
}

#[cfg(unix)]
#[test]
fn a_search_is_submitted_as_one_task_again_and_again_until_it_ends() {
    let slurm = FakeSlurm::new(desk());
    let sweep = SWEEP.replace(
        "optimizer = ['sgd', 'adam']\nbatch_size = [10, 50]",
        "search = { bayesian = 3 }\n\"lr\" = { log_uniform = [0.001, 0.1] }",
    );
    fs::write(slurm.0.path().join("search.toml"), sweep).unwrap();
    let submit = ["submit", "slurm", "search.toml", "--out", "run"];
    assert!(slurm.expect(0, &submit).contains("1 of 1 tasks"));
    // The task is lost after its first proposals.
    let mut child =
        slurm.0.command(&["sweep", "run/spec.toml", "--out", "run", "-q"]).stdout(Stdio::null()).spawn().unwrap();
    let records = slurm.0.path().join("run/records.jsonl");
    while fs::read_to_string(&records).map_or(0, |text| text.lines().count()) < 5 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    slurm.empty_queue();
    assert!(slurm.expect(0, &submit).contains("1 of 1 tasks"));
    slurm.0.expect(0, &["sweep", "run/spec.toml", "--out", "run", "-q"]);
    slurm.empty_queue();
    assert!(slurm.expect(0, &submit).contains("every trial is recorded"));
}

#[test]
fn a_submission_that_fails_leaves_no_spec_in_the_way_of_the_next() {
    let desk = desk();
    // There is no sbatch.
    let submit = ["submit", "slurm", "sweep.toml", "--out", "run", "-q"];
    let output = desk.command(&submit).env("PATH", "").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = desk.command(&[&submit[..], &["--epochs", "1"]].concat()).env("PATH", "").output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("there is no sbatch") && !text.contains("another run"), "{text}");
    for other in [&["--shard", "1/2", "--stack", "18446744073709551615"][..], &["--shard", "2/2"]] {
        desk.expect(0, &[&["sweep", "sweep.toml", "--out", "stacks"], other].concat());
    }
    // Another search is another plan.
    let search = |count: usize| {
        let text = SWEEP.replace(
            "optimizer = ['sgd', 'adam']\nbatch_size = [10, 50]",
            &format!("search = {{ random = {count} }}\n\"lr\" = {{ log_uniform = [0.001, 0.1] }}"),
        );
        fs::write(desk.path().join("search.toml"), text).unwrap();
    };
    search(3);
    desk.expect(0, &["sweep", "search.toml", "--out", "search", "--shard", "1/2"]);
    search(6);
    let (_, err) = desk.expect(2, &["sweep", "search.toml", "--out", "search", "--shard", "2/2"]);
    assert!(err.contains("search is"), "{err}");
}
