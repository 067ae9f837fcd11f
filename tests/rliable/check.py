"""Compares a run's summary.json with what rliable makes of its scores.npz.

    python tests/rliable/check.py FOLDER...

In: folders of runs. Exits with 1 where an interquartile mean or a probability of improvement differs by more than 1e-9.
"""

import json
import sys
from pathlib import Path

import numpy as np
from rliable import metrics

TOLERANCE = 1e-9


def check(folder: Path) -> list[str]:
    """What differs in one folder, and the number of values compared in the last line."""
    summary = json.loads((folder / "summary.json").read_text())
    with np.load(folder / "scores.npz") as archive:
        scores = {arm: archive[arm] for arm in archive.files}
    found, compared = [], 0

    def compare(what: str, ours: float, theirs: float) -> None:
        nonlocal compared
        compared += 1
        if abs(ours - theirs) > TOLERANCE * max(1.0, abs(theirs)):
            found.append(f"{folder.name}: {what} is {ours}, and {theirs} by rliable")

    signs = {}
    for arm in summary["arms"]:
        metric = next((metric for metric in arm["metrics"] if metric["name"] == summary["metric"]), None)
        if metric is None or metric["iqm"] is None:
            continue
        theirs = float(metrics.aggregate_iqm(scores[arm["label"]]))
        # A metric of which smaller values are better has its sign turned in scores.npz.
        sign = 1.0 if abs(theirs - metric["iqm"]) <= abs(theirs + metric["iqm"]) else -1.0
        # The sign of 0 cannot be seen.
        if theirs != 0.0:
            signs[arm["label"]] = sign
        compare(f"interquartile mean of {arm['label']}", metric["iqm"], sign * theirs)
    if len(set(signs.values())) > 1:
        found.append(f"{folder.name}: the scores of some arms have their sign turned, and those of others do not")
    for pair in summary["ranking"]:
        a, b = pair["a"], pair["b"]
        theirs = float(metrics.probability_of_improvement(scores[a], scores[b]))
        # `beats` is about larger values, rliable's probability about better ones.
        ours = pair["beats"] if 1.0 in signs.values() else 1.0 - pair["beats"]
        compare(f"probability of improvement of {a} over {b}", ours, theirs)
    print(f"{folder.name}: {compared} values compared")
    return found


def main() -> int:
    found = [line for folder in sys.argv[1:] for line in check(Path(folder))]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
