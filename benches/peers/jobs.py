"""The jobs every tool is given, and how a job is timed: each worker a process on a core of its own, all at once.

A tool's file defines `make(job, rank)`, which returns a function that trains one epoch; `measure` warms it up with one epoch,
waits until every worker is ready, and times the rest.
"""

import gzip
import json
import multiprocessing
import os
import queue
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

EXAMPLES = 55_000
PIXELS = 784


@dataclass(frozen=True)
class Job:
    """A network, how it is trained, and for how long."""

    widths: tuple[int, ...] = (PIXELS, 64, 32, 10)
    reconstructs: bool = False
    optimizer: str = "adam"
    lr: float = 0.001
    batch: int = 128
    epochs: int = 4
    workers: int = 2
    stack: int = 1
    data: str = ""

    def text(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def parse(text: str) -> "Job":
        fields = json.loads(text)
        return Job(**{**fields, "widths": tuple(fields["widths"])})


def idx(folder: str, name: str) -> np.ndarray:
    """One of MNIST's files, plain or gzipped, as bytes."""
    plain = Path(folder) / name
    raw = plain.read_bytes() if plain.exists() else gzip.decompress(plain.with_name(name + ".gz").read_bytes())
    dims = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(dims)).reshape(dims)


def images(folder: str, part: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """Pixels from 0 to 1 as `[n, 784]` 32-bit floats, and classes."""
    pixels = idx(folder, f"{part}-images-idx3-ubyte").reshape(-1, PIXELS)
    return np.multiply(pixels, np.float32(1 / 255), dtype=np.float32), idx(folder, f"{part}-labels-idx1-ubyte").astype(np.int64)


def orders(seed: int, examples: int = EXAMPLES):
    """A fresh order of the training images for every epoch."""
    generator = np.random.default_rng(seed)
    while True:
        yield generator.permutation(examples)


def peak_mib() -> float:
    """The most memory that this process has had; what Linux's getrusage says may be its parent's."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def pin(rank: int) -> None:
    """Gives the process a core of its own."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[rank % len(cores)]})


def collect(workers: list, results) -> list:
    """What every worker reports; a worker that dies ends the run."""
    found = []
    while len(found) < len(workers):
        try:
            found.append(results.get(timeout=1))
        except queue.Empty:
            if any(process.exitcode not in (None, 0) for process in workers):
                for process in workers:
                    process.kill()
                sys.exit("a worker died")
    for process in workers:
        process.join()
    return found


def worker(make, job: Job, rank: int, barrier, results) -> None:
    pin(rank)
    epoch = make(job, rank)
    epoch()
    barrier.wait()
    started = time.monotonic()
    for _ in range(job.epochs):
        epoch()
    results.put((started, time.monotonic(), peak_mib()))


def measure(make, job: Job) -> dict:
    """Examples seen by all workers, seconds until the last was done, and the memory of all processes together."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(job.workers), context.Queue()
    workers = [context.Process(target=worker, args=(make, job, rank, barrier, results)) for rank in range(job.workers)]
    for process in workers:
        process.start()
    spans = collect(workers, results)
    return {
        "examples": job.workers * job.stack * job.epochs * EXAMPLES,
        "seconds": max(span[1] for span in spans) - min(span[0] for span in spans),
        "peak_mib": sum(span[2] for span in spans),
    }


def main(make) -> None:
    """`python TOOL.py '{"batch": 8, ...}'`: measures the job and prints one line of JSON."""
    print(json.dumps(measure(make, Job.parse(sys.argv[1]))))
