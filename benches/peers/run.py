"""Kindling beside its peers: the same jobs, one after the other in turns, on this machine, in one run.

    python -m venv peers && peers/bin/pip install -r benches/peers/requirements.txt
    peers/bin/python benches/peers/run.py --data DIR      # DIR holds mnist/

Prints a table and writes it, with machine and versions, to results.md and results.json beside this file (--out). `--smoke` runs
every job once and briefly, to see that it works, and leaves out what takes minutes.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

import jobs

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KINDLING = "kindling"
# PyTorch keeps subnormal numbers unless it is told otherwise; both are measured.
TOOLS = {
    KINDLING: None,
    "pytorch": "torch_net.py",
    "pytorch, no subnormals": "torch_net.py",
    "jax": "jax_net.py",
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
    if tool == KINDLING:
        return output([binary, "train", "--data", job.data, "--workers", job.workers, "--config", toml(job)])
    flush = {**os.environ, "FLUSH_SUBNORMALS": "1" if "no subnormals" in tool else ""}
    return output([sys.executable, TOOLS[tool], job.text()], env=flush)


def in_turns(rounds: int, runs: dict) -> dict:
    """Each of the runs once a round."""
    found = {name: [] for name in runs}
    for turn in range(rounds):
        for name, run in runs.items():
            print(f"round {turn + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
            found[name].append(run())
    return found


def row(job: str, tool: str, found: list, base: list, unit: str) -> dict:
    """Rates or seconds of a tool, and how many times as fast Kindling is."""
    rates = [one["examples"] / one["seconds"] for one in found]
    kindling = statistics.median(one["examples"] / one["seconds"] for one in base)
    shown = sorted(rates) if unit == "samples/s" else sorted(one["seconds"] for one in found)
    return {
        "job": job,
        "tool": tool,
        "unit": unit,
        "rounds": len(found),
        "median": statistics.median(shown),
        "min": shown[0],
        "max": shown[-1],
        "kindling_is_faster_by": kindling / statistics.median(rates),
        "peak_mib": max(one["peak_mib"] for one in found),
        **{key: found[-1][key] for key in ("accuracy", "agrees", "trustworthiness") if key in found[-1]},
    }


def trainings(args, binary: Path) -> list:
    rows = []
    plain = {f"classifier 784-64-32-10, batch {batch}": jobs.Job(batch=batch, epochs=EPOCHS[batch]) for batch in EPOCHS}
    deep = jobs.Job(widths=(784, 272, 96, 32, 96, 272, 784), reconstructs=True, epochs=2)
    for name, job in {**plain, "autoencoder 784-272-96-32, batch 128": deep}.items():
        job = replace(job, data=f"{args.data}/mnist", workers=args.workers, epochs=1 if args.smoke else job.epochs)
        if args.smoke and (job.batch != 128 or job.reconstructs):
            continue
        print(name, file=sys.stderr)
        found = in_turns(args.rounds, {tool: (lambda tool=tool: train(tool, job, binary)) for tool in TOOLS})
        rows += [row(name, tool, found[tool], found[KINDLING], "samples/s") for tool in TOOLS]
        if job.batch == 128 and not job.reconstructs:
            alone = in_turns(args.rounds, {KINDLING: lambda: train(KINDLING, replace(job, workers=1), binary)})
            rows.append(row(name, "kindling, one worker", alone[KINDLING], found[KINDLING], "samples/s"))
    return rows


def codes(args, folder: Path) -> None:
    """32 principal components of every image."""
    (train_images, _), (test_images, _) = (jobs.images(f"{args.data}/mnist", part) for part in ("train", "t10k"))
    mean = train_images.mean(0)
    _, vectors = np.linalg.eigh(np.cov((train_images - mean).T.astype(np.float64)))
    axes = vectors[:, -32:].astype(np.float32)
    for name, part in (("train", train_images), ("test", test_images)):
        ((part - mean) @ axes).astype(np.float32).tofile(folder / f"{name}.f32")


def points(args, binary: Path) -> list:
    from sklearn.manifold import trustworthiness

    folder = Path(tempfile.mkdtemp())
    codes(args, folder)
    asked = ["--width", 32, "--points", folder / "train.f32", "--queries", folder / "test.f32", "--k", 5]
    knn = {
        KINDLING: lambda: output([binary, "knn", *asked, "--out", folder / "kindling.u32"]),
        "scikit-learn": lambda: output([sys.executable, "points.py", "knn", *asked, "--out", folder / "sklearn.u32"]),
    }
    found = in_turns(args.rounds, knn)
    ours, theirs = (np.sort(np.fromfile(folder / f"{name}.u32", np.uint32).reshape(-1, 5)) for name in ("kindling", "sklearn"))
    for one in found.values():
        one[-1]["agrees"] = float((ours == theirs).mean())
    rows = [row("5 neighbours, 60,000 x 10,000 x 32", tool, found[tool], found[KINDLING], "s") for tool in knn]

    asked = ["--width", 32, "--points", folder / "test.f32"]
    tsne = {
        KINDLING: lambda: output([binary, "tsne", *asked, "--out", folder / "kindling.f32"]),
        "openTSNE": lambda: output([sys.executable, "points.py", "opentsne", *asked, "--out", folder / "openTSNE.f32"]),
        "scikit-learn": lambda: output([sys.executable, "points.py", "sklearn", *asked, "--out", folder / "scikit-learn.f32"]),
    }
    found = in_turns(1 if args.smoke else min(args.rounds, 3), tsne)
    original = np.fromfile(folder / "test.f32", np.float32).reshape(-1, 32)
    for tool, one in found.items():
        embedded = np.fromfile(folder / f"{tool}.f32", np.float32).reshape(-1, 2)
        one[-1]["trustworthiness"] = float(trustworthiness(original, embedded, n_neighbors=12))
    return rows + [row("t-SNE of 10,000 codes", tool, found[tool], found[KINDLING], "s") for tool in tsne]


def sweeps(args, kindling: Path) -> list:
    """Whole programs, start to end, Kindling's with its report and figures."""

    def ours() -> dict:
        folder = tempfile.mkdtemp()
        command = [kindling, "sweep", "optimizers", "--quiet", "--epochs", args.sweep_epochs, "--jobs", args.workers, "--data-dir", args.data, "--out", folder]
        timed = subprocess.run([sys.executable, HERE / "timed.py", *map(str, command)], capture_output=True, text=True, cwd=ROOT, check=True)
        summary = [json.loads(line) for line in (Path(folder) / "records.jsonl").read_text().splitlines()]
        arms = {record["arm"] for record in summary}
        mean = lambda arm: statistics.fmean(r["metrics"]["test_accuracy"] for r in summary if r["arm"] == arm)
        return {**json.loads(timed.stdout.splitlines()[-1]), "examples": 45 * args.sweep_epochs * 55_000, "accuracy": {arm: mean(arm) for arm in sorted(arms)}}

    peer = lambda tool: output([sys.executable, "sweep.py", tool, "--data", f"{args.data}/mnist", "--workers", args.workers, "--epochs", args.sweep_epochs])
    runs = {KINDLING: ours, "pytorch": lambda: peer("torch"), "jax": lambda: peer("jax")}
    found = in_turns(args.sweep_rounds, runs)
    return [row(f"`sweep optimizers`, 45 trainings of {args.sweep_epochs} epochs", tool, found[tool], found[KINDLING], "s") for tool in runs]


def machine() -> dict:
    info = Path("/proc/cpuinfo").read_text()
    model = next(line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name"))
    names = ("jax", "numpy", "openTSNE", "optax", "scikit-learn", "torch")
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    vectors = "AVX-512" if " avx512f" in info else "AVX2" if " avx2" in info else "SSE"
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "vectors": vectors,
        "system": f"{platform.system()}, Python {platform.python_version()}, {rustc}",
        "versions": {name: version(name) for name in names},
    }


def table(rows: list, about: dict) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    lines = [
        "# Kindling beside its peers",
        "",
        f"{about['processor']}, {about['cores']} cores, {about['vectors']}; {about['system']}; {versions}.",
        "Two workers unless said otherwise, tools in turns. Made by `benches/peers/run.py`.",
        "",
        "| job | tool | median | min to max | rounds | Kindling is faster by | peak memory, MiB |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in rows:
        number = (lambda n: f"{n:,.0f} samples/s") if one["unit"] == "samples/s" else (lambda n: f"{n:,.2f} s")
        times = "" if one["tool"] == KINDLING else f"{one['kindling_is_faster_by']:.2f} x"
        cells = [one["job"], one["tool"], number(one["median"]), f"{number(one['min'])} to {number(one['max'])}"]
        lines.append("| " + " | ".join([*cells, str(one["rounds"]), times, f"{one['peak_mib']:,.0f}"]) + " |")
    notes = {key: [(r["tool"], r[key]) for r in rows if key in r] for key in ("agrees", "trustworthiness", "accuracy")}
    if notes["agrees"]:
        lines += ["", f"Neighbours that Kindling and scikit-learn agree on: {notes['agrees'][0][1]:.4%}."]
    if notes["trustworthiness"]:
        lines += ["", "Trustworthiness (12 neighbours): " + ", ".join(f"{tool} {value:.4f}" for tool, value in notes["trustworthiness"]) + "."]
    for tool, means in notes["accuracy"]:
        lines += ["", f"Mean test accuracy, {tool}: " + ", ".join(f"{arm} {mean:.4f}" for arm, mean in means.items()) + "."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder that holds mnist/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sweep-rounds", type=int, default=1)
    parser.add_argument("--sweep-epochs", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=["train", "points", "sweep"], nargs="*", default=["train", "points", "sweep"])
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE)
    args = parser.parse_args()
    args.data = str(Path(args.data).resolve())
    if args.smoke:
        args.rounds, args.only = 1, ["train", "points"]
    binary, kindling = build()
    rows = trainings(args, binary) if "train" in args.only else []
    rows += points(args, binary) if "points" in args.only else []
    rows += sweeps(args, kindling) if "sweep" in args.only else []
    about = machine()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "results.json").write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n")
    (args.out / "results.md").write_text(table(rows, about))
    print(table(rows, about))


if __name__ == "__main__":
    main()
