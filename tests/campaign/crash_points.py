#!/usr/bin/env python3
"""Kills a command at every rename, unlink, write and sync that it makes, one after the other, and checks what is left.

    tests/campaign/crash_points.py target/debug/kindling            every crash point
    tests/campaign/crash_points.py target/debug/kindling --every 7  each seventh

After each kill: no trial that was recorded before is lost, every file under its final name is whole, the same command finishes, and what it
leaves is, times apart, what the command leaves that nobody kills. Needs strace. Prints how many points there were of each command.
"""

import argparse
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CALLS = ["rename", "renameat2", "unlink", "unlinkat", "fsync", "fdatasync", "ftruncate", "write", "pwrite64", "mkdir", "openat"]
EXPERIMENT = """question = 'q'
seeds = 2
[data]
dataset = 'blobs'
train = 20
validation = 10
test = 10
[model]
hidden = [3]
[train]
epochs = 1
[sweep]
optimizer = ['sgd', 'adam']
"""


def run(binary, args, desk, prefix=()):
    return subprocess.run([*prefix, binary, *args], cwd=desk, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def records(folder):
    """The records of a folder by trial, without their times; a line that is cut short does not count."""
    found = {}
    for name, opened in (("records.jsonl", open), ("records.jsonl.gz", gzip.open)):
        path = folder / name
        if path.is_file():
            for line in opened(path, "rt").read().split("\n"):
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                record["seconds"] = 0
                found[record["arm"], record["seed"]] = record
    return found


def contents(desk):
    """What a command left, times apart: the records, and the names of the other files with what does not depend on times."""
    left = {}
    for path in sorted(desk.rglob("*")):
        name = str(path.relative_to(desk))
        # A killed process leaves the part of its last write, and a trial that is trained again what was cut off.
        if path.is_dir() or name.endswith((".part", "records.cut", ".lock")) or ".writable" in name:
            continue
        if path.name.startswith("records.jsonl"):
            left[name] = records(path.parent)
        elif path.suffix in (".toml", ".safetensors", ".svg"):
            left[name] = re.sub(rb"seconds = .*", b"", path.read_bytes())
        else:
            left[name] = path.stat().st_size > 0
    return left


def whole(desk, binary):
    """Whether every file under its final name can be read."""
    for path in desk.rglob("*"):
        if path.suffix in (".toml", ".json", ".svg", ".html", ".md", ".csv", ".npz", ".safetensors") and path.stat().st_size == 0:
            return f"{path} is empty"
        if path.suffix == ".json":
            json.loads(path.read_text())
        if path.suffix == ".svg" and not path.read_text().rstrip().endswith("</svg>"):
            return f"{path} is cut short"
    for model in desk.rglob("model.toml"):
        shown = run(binary, ["draw", "weights", str(model.parent), "--out", "w.png"], desk)
        if shown.returncode != 0:
            return f"a model under its card cannot be read: {shown.stderr}"
        (desk / "w.png").unlink()
    return None


def saved(desk):
    """Card and weights of the saved model; None where there is no card."""
    card = desk / "model" / "model.toml"
    return (card.read_bytes(), (desk / "model" / "model.safetensors").read_bytes()) if card.is_file() else None


def crash_points(binary, args, desk, trace):
    """How often the command makes each of the calls in one thread, by which strace counts, at most."""
    counts = {}
    for call in CALLS:
        run(binary, args, desk, ["strace", "-f", "-qq", "-o", trace, "-e", f"trace={call}"])
        by_thread = {}
        with open(trace) as lines:
            for line in lines:
                if f" {call}(" in line:
                    thread = line.split()[0]
                    by_thread[thread] = by_thread.get(thread, 0) + 1
        counts[call] = max(by_thread.values(), default=0)
        reset(desk)
    return counts


START = {}


def reset(desk):
    shutil.rmtree(desk)
    shutil.copytree(START["desk"], desk)


def campaign(binary, name, prepare, args, every, scratch):
    start, desk, trace = scratch / f"{name}-start", scratch / name, scratch / "trace"
    start.mkdir()
    (start / "points.toml").write_text(EXPERIMENT)
    (start / "digits.toml").write_text(EXPERIMENT.replace("blobs", "digits").replace("['sgd', 'adam']", "['sgd']"))
    for before in prepare:
        done = run(binary, before, start)
        assert done.returncode == 0, done.stderr
    START["desk"] = start
    shutil.copytree(start, desk)
    counts = crash_points(binary, args, desk, trace)
    done = run(binary, args, desk)
    assert done.returncode == 0, done.stderr
    expected, kept = contents(desk), records(start / "run")
    models = [None, saved(start), saved(desk)]
    points = failures = 0
    for call, count in counts.items():
        for number in range(1, count + 1, every):
            reset(desk)
            inject = f"inject={call}:signal=KILL:when={number}"
            killed = run(binary, args, desk, ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject])
            if killed.returncode not in (-9, 137):
                # Another thread made the calls that were counted: this one ended as nobody had killed it.
                continue
            points += 1
            found = records(desk / "run")
            wrong = None
            if any(found.get(trial) != record for trial, record in kept.items()):
                wrong = "a recorded trial is lost"
            if saved(desk) not in models:
                wrong = "the card is not that of the weights beside it"
            wrong = wrong or whole(desk, binary)
            if wrong is None:
                again = run(binary, args, desk)
                if again.returncode != 0:
                    wrong = f"the same command fails: {again.stderr}"
                elif contents(desk) != expected:
                    other = contents(desk)
                    differ = [key for key in {**other, **expected} if other.get(key) != expected.get(key)]
                    wrong = f"it leaves something else: {differ}"
            if wrong:
                failures += 1
                print(f"{name}: killed at {call} number {number}: {wrong}")
    print(f"{name:<24} {points:>5} crash points, {failures} failures", flush=True)
    # Where strace may not trace, nothing is killed, and nothing is shown.
    return failures if points > 0 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--every", type=int, default=1, help="test each N-th point")
    chosen = parser.parse_args()
    if shutil.which("strace") is None:
        sys.exit("there is no strace; install it (on Debian: apt-get install strace)")
    binary = str(chosen.binary.resolve())
    os.environ["KINDLING_CACHE_DIR"] = tempfile.mkdtemp()
    sweep = ["sweep", "points.toml", "--out", "run", "--jobs", "1", "--quiet"]
    train = ["train", "digits.toml", "--out", "model", "--quiet"]
    # The digits are drawn once, and not in every training.
    drawn = pathlib.Path(os.environ["KINDLING_CACHE_DIR"]) / "drawn.png"
    subprocess.run([binary, "data", "show", "digits", "--out", str(drawn)], capture_output=True, check=True)
    campaigns = [
        ("sweep", [], sweep),
        ("sweep with more seeds", [sweep], [*sweep, "--seeds", "4"]),
        ("report", [sweep], ["report", "run"]),
        ("report --compress", [sweep], ["report", "run", "--compress"]),
        ("unpack", [sweep, ["report", "run", "--compress"]], [*sweep, "--seeds", "3"]),
        ("train", [], train),
        ("train over a model", [[*train, "--seed", "1"]], train),
    ]
    with tempfile.TemporaryDirectory() as scratch:
        failures = sum(campaign(binary, *one, chosen.every, pathlib.Path(scratch)) for one in campaigns)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
