#!/usr/bin/env python3
"""Kills a sweep at random moments and goes on with it under another schedule each time, until it is done.

    tests/campaign/kills.py target/debug/kindling --sweeps 50

Each start has its own number of workers, size of stacks, threads of the library, processors and priority. Whatever happened to a sweep, its
records must be, times apart, those of a sweep that nobody disturbed. Prints how many kills and schedules there were.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

EXPERIMENT = """question = 'q'
seeds = 6
[data]
dataset = 'digits'
train = 400
validation = 100
test = 100
[model]
hidden = [16]
dropout = 0.1
[train]
epochs = 3
batch_size = 20
[sweep]
optimizer = ['sgd', 'adam', 'rmsprop']
"""


def records(folder):
    """The records of a folder, times apart, in a fixed order."""
    found = []
    for line in (folder / "records.jsonl").read_text().splitlines():
        record = json.loads(line)
        record["seconds"] = 0
        found.append(json.dumps(record))
    return sorted(found)


def schedule(draw):
    """A way to run the same command: flags, environment, and what it is started by."""
    processors = sorted(os.sched_getaffinity(0))
    chosen = draw.sample(processors, draw.randint(1, len(processors)))
    flags = ["--jobs", str(draw.randint(1, 8)), "--stack", str(draw.randint(1, 6))]
    threads = {"RAYON_NUM_THREADS": str(draw.randint(1, 8))}
    before = ["taskset", "--cpu-list", ",".join(map(str, chosen)), "nice", "-n", str(draw.randint(0, 19))]
    return flags, threads, before


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--sweeps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the random moments and schedules")
    chosen = parser.parse_args()
    binary, draw = str(chosen.binary.resolve()), random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as desk:
        desk = pathlib.Path(desk)
        os.environ["KINDLING_CACHE_DIR"] = str(desk / "cache")
        (desk / "x.toml").write_text(EXPERIMENT)

        def command(out):
            return [binary, "sweep", "x.toml", "--quiet", "--out", out]

        started = time.monotonic()
        subprocess.run(command("undisturbed"), cwd=desk, check=True, capture_output=True)
        # The first run also draws the digits.
        started = time.monotonic()
        subprocess.run(command("again"), cwd=desk, check=True, capture_output=True)
        whole = time.monotonic() - started
        expected = records(desk / "undisturbed")
        assert records(desk / "again") == expected, "two undisturbed sweeps differ"
        kills = schedules = failures = 0
        for sweep in range(chosen.sweeps):
            out = f"sweep-{sweep}"
            while True:
                flags, threads, before = schedule(draw)
                schedules += 1
                run = subprocess.Popen(
                    [*before, *command(out), *flags], cwd=desk, env={**os.environ, **threads},
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                )
                try:
                    _, messages = run.communicate(timeout=draw.uniform(0.02, 1.5 * whole))
                except subprocess.TimeoutExpired:
                    run.kill()
                    run.communicate()
                    kills += 1
                    continue
                break
            if run.returncode != 0:
                failures += 1
                print(f"{out}: exit {run.returncode}: {messages}")
            elif records(desk / out) != expected:
                failures += 1
                print(f"{out}: other records than those of an undisturbed sweep")
    print(f"{chosen.sweeps} sweeps, {kills} kills, {schedules} schedules, {failures} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
