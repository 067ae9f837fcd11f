"""One published recipe in NumPy and in PyTorch: does the method matter, or the framework?

    python -m venv peers && peers/bin/pip install -r experiments/peers/requirements.txt
    peers/bin/python experiments/peers/run.py --check
    peers/bin/python experiments/peers/run.py --data DIR --out experiments/peers      # DIR holds mnist/

Prints a table; with --out it is also written to results.md, and every seed's numbers to results.json.
"""

import argparse
import importlib
import json
import os
import platform
import statistics
import sys
import time
from importlib import metadata
from pathlib import Path

# Before NumPy is imported: threads of its own only slow products of this size.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import mnist
from recipe import EPOCHS, VARIANTS

FRAMEWORKS = {"numpy": "in_numpy", "torch": "in_torch"}


def load_framework(name: str):
    """The framework's file, imported only where it is asked for, so that the other need not be installed."""
    try:
        return importlib.import_module(FRAMEWORKS[name])
    except ModuleNotFoundError as error:
        wanted = Path(__file__).with_name("requirements.txt")
        sys.exit(f"error: {error.name} is not installed here.\nRun `pip install -r {wanted}`, or choose --frameworks.")


def runs_of_seed(framework: str, names: list[str], seed: int, epochs: int, data: tuple) -> list[dict]:
    """Trains the variants with one seed, and measures each."""
    tool = load_framework(framework)
    networks, runs = {}, []

    def train(name: str) -> None:
        variant = VARIANTS[name]
        if variant.start and variant.start not in networks:
            train(variant.start)
        train_images, test_images = (images.scaled(variant.brightest) for images in data)
        begin = time.perf_counter()
        networks[name] = tool.train(variant, train_images, seed, epochs, networks.get(variant.start))
        seconds = time.perf_counter() - begin
        run = {"variant": name, "framework": framework, "seed": seed}
        run["train_accuracy"] = round(tool.accuracy(networks[name], train_images), 4)
        run["test_accuracy"] = round(tool.accuracy(networks[name], test_images), 4)
        run["seconds"] = round(seconds, 1)
        runs.append(run)
        print(json.dumps(run), file=sys.stderr, flush=True)

    for name in names:
        if name not in networks:
            train(name)
    # A variant trained only for another to start from was not asked for.
    return [run for run in runs if run["variant"] in names]


def table(runs: list[dict]) -> str:
    """Each variant's rows side by side, in percent."""
    lines = [
        "| variant | framework | n | median train accuracy, % | median test accuracy, % | test accuracy, min to max, % |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for name in VARIANTS:
        for framework in FRAMEWORKS:
            own = [run for run in runs if (run["variant"], run["framework"]) == (name, framework)]
            if own:
                train, test = ([100 * run[f"{part}_accuracy"] for run in own] for part in ("train", "test"))
                medians = f"{statistics.median(train):.1f} | {statistics.median(test):.2f}"
                lines.append(f"| {name} | {framework} | {len(own)} | {medians} | {min(test):.2f} to {max(test):.2f} |")
    return "\n".join(lines) + "\n"


def cpu() -> str:
    """The processor's model, where the system tells it."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds mnist/")
    parser.add_argument("--frameworks", nargs="+", choices=FRAMEWORKS, default=list(FRAMEWORKS))
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="seeds 0 to N - 1; default 5")
    parser.add_argument("--torch-seeds", type=int, metavar="N", help="fewer for PyTorch, which takes the longest")
    parser.add_argument("--smoke", action="store_true", help="2 epochs and 1 seed, to see that it works")
    parser.add_argument("--check", action="store_true", help="only compare the two frameworks' steps; needs no data")
    parser.add_argument("--out", type=Path, help="folder for results.json and results.md")
    args = parser.parse_args()
    if not args.check and args.data is None:
        parser.error("--data is missing: the folder that holds mnist/")
    args.epochs = 2 if args.smoke else EPOCHS
    torch_seeds = args.seeds if args.torch_seeds is None else args.torch_seeds
    args.seeds_of = {name: 1 if args.smoke else torch_seeds if name == "torch" else args.seeds for name in FRAMEWORKS}
    if min(args.seeds_of.values()) < 1:
        parser.error("--seeds and --torch-seeds take 1 or more")
    return args


def main() -> None:
    args = arguments()
    if args.check:
        load_framework("torch")
        sys.exit(0 if importlib.import_module("check").passes() else 1)
    data, begin = mnist.load(args.data), time.perf_counter()
    runs = [
        run
        for framework in args.frameworks
        for seed in range(args.seeds_of[framework])
        for run in runs_of_seed(framework, args.variants, seed, args.epochs, data)
    ]
    print(table(runs), end="")
    if args.out:
        versions = {"python": platform.python_version()}
        versions |= {name: metadata.version(name) for name in FRAMEWORKS if name in {"numpy", *args.frameworks}}
        seconds = round(time.perf_counter() - begin)
        about = {"epochs": args.epochs, "versions": versions, "cpu": cpu(), "threads": 1, "seconds": seconds}
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "results.json").write_text(json.dumps({**about, "runs": runs}, indent=1) + "\n")
        (args.out / "results.md").write_text(table(runs))


if __name__ == "__main__":
    main()
