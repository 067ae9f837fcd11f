"""Kindling beside its peers: the same jobs, one after the other in turns, on this machine, in one run.

    python -m venv peers && peers/bin/pip install -r benches/peers/requirements.txt
    peers/bin/python benches/peers/run.py --data DIR      # DIR holds mnist/ and fashion-mnist/

Prints a table and writes it, with machine and versions, to results.md and results.json beside this file (--out), after every job.
`--only` measures the jobs with these words in their names, and keeps what results.json has of the others; `--smoke` runs one job of
each kind once and briefly, to see that it works; `--tools` leaves tools out, and what they need need not be installed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

import jobs
from table import KINDLING, LIBRARIES, machine, row, table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# At small batches JAX may train five networks side by side in a worker. Kindling trains one at a time.
STACKED_JAX = "jax, stacks of 5"
# PyTorch keeps subnormal numbers unless it is told otherwise; both are measured.
TOOLS = {
    KINDLING: None,
    "pytorch": "torch_net.py",
    "pytorch, no subnormals": "torch_net.py",
    "jax": "jax_net.py",
    STACKED_JAX: "jax_net.py",
    "scikit-learn": "sklearn_net.py",
}
# Epochs of a round, so that it takes some seconds.
EPOCHS = {8: 1, 32: 3, 128: 8, 256: 10}


def output(command: list, **settings) -> dict:
    """The last line that a command prints, which is JSON."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=HERE, check=False, **settings)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def build() -> tuple[Path, Path]:
    """Kindling's side of the jobs, and Kindling itself."""
    subprocess.run(["cargo", "build"], cwd=ROOT, check=True)
    command = ["cargo", "bench", "--profile", "dev", "--bench", "peers", "--no-run", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    built = [json.loads(line) for line in lines if line.startswith("{")]
    (jobs_binary,) = [b["executable"] for b in built if b.get("executable") and b["target"]["name"] == "peers"]
    return Path(jobs_binary), Path(jobs_binary).parent.parent / "kindling"


def toml(job: jobs.Job) -> str:
    """The job as an experiment's settings."""
    lines = [f"train.batch_size = {job.batch}", f"train.epochs = {job.epochs}"]
    if job.reconstructs:
        half = len(job.widths) // 2
        lines += [f"model.latent = {job.widths[half]}", f"model.hidden = {list(job.widths[1:half])}", "train.loss = 'mse'"]
    else:
        lines += [f"model.hidden = {list(job.widths[1:-1])}"]
    return "\n".join(lines)


def train(tool: str, job: jobs.Job, binary: Path) -> dict:
    if tool.startswith(KINDLING):
        threads = {**os.environ, "RAYON_NUM_THREADS": str(job.workers)}
        command = [binary, "train", "--data", job.data, "--workers", job.workers, "--config", toml(job)]
        return output(command, env=threads)
    if tool == STACKED_JAX:
        job = replace(job, stack=5)
    flush = {**os.environ, "FLUSH_SUBNORMALS": "1" if "no subnormals" in tool else ""}
    return output([sys.executable, TOOLS[tool], job.text()], env=flush)


def in_turns(rounds: int, runs: dict) -> dict:
    """Each of the runs once a round."""
    found = {name: [] for name in runs}
    for turn in range(rounds):
        # Somebody else goes first each time.
        for name in [*list(runs)[turn % len(runs) :], *list(runs)[: turn % len(runs)]]:
            print(f"round {turn + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
            found[name].append(runs[name]())
    return found


def wanted(args, tool: str) -> bool:
    return tool.startswith(KINDLING) or tool.split(",")[0] in args.tools


def trainings(args, binary: Path):
    plain = {f"classifier 784-64-32-10, batch {batch}": jobs.Job(batch=batch, epochs=EPOCHS[batch]) for batch in EPOCHS}
    deep = jobs.Job(widths=(784, 272, 96, 32, 96, 272, 784), reconstructs=True, epochs=2)
    clothes = jobs.Job(batch=128, epochs=EPOCHS[128], data=f"{args.data}/fashion-mnist")
    others = {"the classifier on Fashion-MNIST, batch 128": clothes, "autoencoder 784-272-96-32, batch 128": deep}
    for name, job in {**plain, **others}.items():
        job = replace(job, data=job.data or f"{args.data}/mnist", workers=args.workers, epochs=1 if args.smoke else job.epochs)
        if not chosen(args, name) or args.smoke and (job.batch != 128 or name not in plain):
            continue
        print(name, file=sys.stderr)
        tools = [tool for tool in TOOLS if wanted(args, tool) and (job.batch <= 32 or tool != STACKED_JAX)]
        runs = {tool: (lambda tool=tool: train(tool, job, binary)) for tool in tools}
        found = in_turns(args.rounds, runs)
        rows = [row(name, tool, found[tool], found[KINDLING], "samples/s") for tool in runs]
        if job.batch == 128 and name in plain:
            alone = in_turns(args.rounds, {KINDLING: lambda: train(KINDLING, replace(job, workers=1), binary)})
            rows.append(row(name, "kindling, one worker", alone[KINDLING], found[KINDLING], "samples/s"))
        yield rows


def chosen(args, name: str) -> bool:
    return not args.only or any(word in name for word in args.only)


def codes(args, folder: Path) -> None:
    """32 principal components of every image, or of a few for a smoke run."""
    few = slice(0, 2_000) if args.smoke else slice(None)
    (train_images, _), (test_images, _) = (jobs.images(f"{args.data}/mnist", part) for part in ("train", "t10k"))
    mean = train_images.mean(0)
    _, vectors = np.linalg.eigh(np.cov((train_images - mean).T.astype(np.float64)))
    axes = vectors[:, -32:].astype(np.float32)
    for name, part in (("train", train_images), ("test", test_images)):
        ((part[few] - mean) @ axes).astype(np.float32).tofile(folder / f"{name}.f32")


def points(args, binary: Path, folder: Path):
    names = {"5 neighbours": neighbours, "t-SNE": embeddings}
    measured = [measure for name, measure in names.items() if chosen(args, name)]
    if measured:
        codes(args, folder)
    yield from (measure(args, binary, folder) for measure in measured)


def neighbours(args, binary: Path, folder: Path) -> list:
    asked = ["--width", 32, "--points", folder / "train.f32", "--queries", folder / "test.f32", "--k", 5]
    knn = {
        KINDLING: lambda: output([binary, "knn", *asked, "--out", folder / "kindling.u32"]),
        "scikit-learn": lambda: output([sys.executable, "points.py", "knn", *asked, "--out", folder / "scikit-learn.u32"]),
    }
    knn = {tool: run for tool, run in knn.items() if wanted(args, tool)}
    found = in_turns(args.rounds, knn)
    of = lambda tool: np.sort(np.fromfile(folder / f"{tool}.u32", np.uint32).reshape(-1, 5))
    ours = of(KINDLING)
    for tool in set(knn) - {KINDLING}:
        found[tool][-1]["agrees"] = float((ours == of(tool)).mean())
    size = f"{(folder / 'train.f32').stat().st_size // 128:,} x {len(ours):,} x 32"
    return [row(f"5 neighbours, {size}", tool, found[tool], found[KINDLING], "s") for tool in knn]


def embeddings(args, binary: Path, folder: Path) -> list:
    asked = ["--width", 32, "--points", folder / "test.f32"]
    peers = [*asked, "--workers", args.workers]
    tsne = {
        KINDLING: lambda: output([binary, "tsne", *asked, "--out", folder / "kindling.f32"]),
        "openTSNE": lambda: output([sys.executable, "points.py", "opentsne", *peers, "--out", folder / "openTSNE.f32"]),
        "scikit-learn": lambda: output([sys.executable, "points.py", "sklearn", *peers, "--out", folder / "scikit-learn.f32"]),
    }
    tsne = {tool: run for tool, run in tsne.items() if wanted(args, tool)}
    found = in_turns(min(args.rounds, 3), tsne)
    original = np.fromfile(folder / "test.f32", np.float32).reshape(-1, 32)
    if "scikit-learn" in args.tools:
        from sklearn.manifold import trustworthiness

        for tool, one in found.items():
            embedded = np.fromfile(folder / f"{tool}.f32", np.float32).reshape(-1, 2)
            one[-1]["trustworthiness"] = float(trustworthiness(original, embedded, n_neighbors=12))
    return [row(f"t-SNE of {len(original):,} codes", tool, found[tool], found[KINDLING], "s") for tool in tsne]


def sweeps(args, kindling: Path, room: Path):
    """Whole programs, start to end, Kindling's with its report and figures."""

    def ours() -> dict:
        folder = tempfile.mkdtemp(dir=room)
        command = [kindling, "sweep", "optimizers", "--quiet", "--epochs", args.sweep_epochs, "--jobs", args.workers, "--data-dir", args.data, "--out", folder]
        timed = subprocess.run([sys.executable, HERE / "timed.py", *map(str, command)], capture_output=True, text=True, cwd=ROOT, check=True)
        summary = [json.loads(line) for line in (Path(folder) / "records.jsonl").read_text().splitlines()]
        arms = {record["arm"] for record in summary}
        mean = lambda arm: statistics.fmean(r["metrics"]["test_accuracy"] for r in summary if r["arm"] == arm)
        return {**json.loads(timed.stdout.splitlines()[-1]), "examples": 45 * args.sweep_epochs * 55_000, "accuracy": {arm: mean(arm) for arm in sorted(arms)}}

    def peer(tool: str, flush: str = "") -> dict:
        command = [sys.executable, "sweep.py", tool, "--data", f"{args.data}/mnist"]
        command += ["--workers", args.workers, "--epochs", args.sweep_epochs]
        return output(command, env={**os.environ, "FLUSH_SUBNORMALS": flush})

    runs = {KINDLING: ours, "pytorch": lambda: peer("torch"), "jax": lambda: peer("jax")}
    runs["pytorch, no subnormals"] = lambda: peer("torch", "1")
    runs = {tool: run for tool, run in runs.items() if wanted(args, tool)}
    name = f"`sweep optimizers`, 45 trainings of {args.sweep_epochs} epochs"
    if chosen(args, name) and not args.smoke:
        found = in_turns(args.sweep_rounds, runs)
        yield [row(name, tool, found[tool], found[KINDLING], "s") for tool in runs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder that holds mnist/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sweep-rounds", type=int, default=1)
    parser.add_argument("--sweep-epochs", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="*", metavar="WORD", default=[])
    parser.add_argument("--tools", choices=LIBRARIES, nargs="*", default=list(LIBRARIES))
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE)
    args = parser.parse_args()
    args.data = str(Path(args.data).resolve())
    if args.smoke:
        args.rounds = 1
    args.out.mkdir(parents=True, exist_ok=True)
    kept = args.out / "results.json"
    about, rows = machine(args), []
    if args.only and kept.is_file():
        results = json.loads(kept.read_text())
        if results["machine"] != about:
            sys.exit(f"{kept} is of another machine or of other versions; leave out --only, or name another folder with --out")
        rows = results["rows"]
    binary, kindling = build()
    with tempfile.TemporaryDirectory() as room:
        for found in chain(trainings(args, binary), points(args, binary, Path(room)), sweeps(args, kindling, Path(room))):
            rows = merged(rows, found)
            kept.write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n")
            (args.out / "results.md").write_text(table(rows, about))
    print(table(rows, about))


def merged(rows: list, found: list) -> list:
    """The rows with those of one job replaced, or added at the end."""
    job = found[0]["job"]
    before = [index for index, one in enumerate(rows) if one["job"] == job]
    others = [one for one in rows if one["job"] != job]
    at = before[0] if before else len(others)
    return [*others[:at], *found, *others[at:]]


if __name__ == "__main__":
    main()
