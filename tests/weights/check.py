"""The lines of docs/one-network.md that load a saved network in NumPy, run on test images beside `kindling predict`.

Usage: python check.py MODEL IMAGES PREDICTIONS, the folder of a network, the IDX file of its test images, and what `kindling predict --json`
printed of them.
"""

import gzip
import json
import os
import re
import sys
from pathlib import Path

import numpy as np

model, images, predictions = sys.argv[1:]
page = (Path(__file__).parent / "../../docs/one-network.md").read_text()
code = re.search(r"<!-- tested: numpy -->\n```python\n(.*?)```", page, re.S).group(1)

read = gzip.open if images.endswith(".gz") else open
with read(images, "rb") as file:
    pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784)
os.symlink(Path(model).resolve(), "my-model")
names = {"x": pixels.astype(np.float32) / 255}
exec(code, names)

rows = [json.loads(line) for line in Path(predictions).read_text().splitlines()]
logits = names["x"].astype(np.float64)
assert logits.shape == (len(rows), 10), logits.shape
shares = np.exp(logits - logits.max(axis=1, keepdims=True))
shares /= shares.sum(axis=1, keepdims=True)
of_kindling = np.array([row["confidence"] for row in rows])
assert np.abs(shares.max(axis=1) - of_kindling).max() < 1e-4, np.abs(shares.max(axis=1) - of_kindling).max()
same = np.mean([str(index) == row["class"] for index, row in zip(logits.argmax(axis=1), rows)])
print(f"{len(rows)} images: the same class for {100 * same:.2f} %, the same probability within 0.0001")
assert same > 0.999
