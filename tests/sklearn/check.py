"""Kindling on own CSV files beside scikit-learn's MLPClassifier at the same settings.

Usage: python check.py KINDLING

Writes four small data sets that scikit-learn ships as CSV files, has Kindling sweep each over twenty splits, trains scikit-learn's classifier on
twenty stratified splits of the same proportions, and compares the mean test accuracies. The exit code is 1 where they differ by more than
3.5 standard errors, which chance does in one of two thousand comparisons.
"""

import csv
import json
import math
import statistics
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

SPLITS = 20
EPOCHS = 30
BATCH = 16
WIDTH = 32
RATE = 0.003
SETS = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
}

EXPERIMENT = f"""question = "Does it come to what scikit-learn's classifier comes to?"
seeds = 1

[data]
dataset = "NAME.csv"

[model]
hidden = [{WIDTH}]
init = "xavier_uniform"

[train]
epochs = {EPOCHS}
batch_size = {BATCH}
lr = {RATE}

[sweep]
split_seed = {list(range(SPLITS))}
"""


def write(path, data):
    names = [str(name) for name in getattr(data, "feature_names", range(data.data.shape[1]))]
    with open(path, "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([f"x{name}" if name.isdigit() else name for name in names] + ["class"])
        rows.writerows([*row, data.target_names[label]] for row, label in zip(data.data, data.target))


def of_kindling(program, desk, name):
    (desk / f"{name}.toml").write_text(EXPERIMENT.replace("NAME", name))
    command = [program, "sweep", f"{name}.toml", "--quiet", "--json", "--out", f"{name}-run"]
    subprocess.run(command, cwd=desk, check=True, stdout=subprocess.DEVNULL)
    records = [json.loads(line) for line in (desk / f"{name}-run" / "records.jsonl").read_text().splitlines()]
    assert len(records) == SPLITS, len(records)
    return [record["metrics"]["test_accuracy"] for record in records]


def of_scikit_learn(data):
    accuracies = []
    for seed in range(SPLITS):
        # Three fifths train, one fifth tests; the fifth that validates in Kindling is left out.
        rest, test_x, rest_y, test_y = train_test_split(
            data.data, data.target, test_size=0.2, stratify=data.target, random_state=seed
        )
        train_x, _, train_y, _ = train_test_split(rest, rest_y, test_size=0.25, stratify=rest_y, random_state=seed)
        scaler = StandardScaler().fit(train_x)
        network = MLPClassifier(
            hidden_layer_sizes=(WIDTH,),
            solver="adam",
            alpha=0.0,
            batch_size=BATCH,
            learning_rate_init=RATE,
            max_iter=EPOCHS,
            tol=0.0,
            n_iter_no_change=EPOCHS + 1,
            random_state=seed,
        )
        network.fit(scaler.transform(train_x), train_y)
        accuracies.append(network.score(scaler.transform(test_x), test_y))
    return accuracies


def main():
    program = str(Path(sys.argv[1]).resolve())
    warnings.filterwarnings("ignore")
    failed = False
    print(f"{'data':<15}{'kindling':>18}{'scikit-learn':>18}{'standard errors apart':>24}")
    with tempfile.TemporaryDirectory() as folder:
        desk = Path(folder)
        for name, load in SETS.items():
            data = load()
            write(desk / f"{name}.csv", data)
            ours, theirs = of_kindling(program, desk, name), of_scikit_learn(data)
            means = [statistics.mean(values) for values in (ours, theirs)]
            error = math.sqrt(sum(statistics.variance(values) / SPLITS for values in (ours, theirs)))
            apart = (means[0] - means[1]) / max(error, 1e-9)
            texts = [f"{100 * mean:.2f} ± {100 * statistics.stdev(v):.2f}" for mean, v in zip(means, (ours, theirs))]
            print(f"{name:<15}{texts[0]:>18}{texts[1]:>18}{apart:>24.2f}")
            failed |= abs(apart) > 3.5
    if failed:
        sys.exit("an accuracy is further from scikit-learn's than chance explains")


main()
