"""MNIST from its IDX files, plain or gzipped."""

import gzip
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recipe import INPUTS, TRAIN_IMAGES


@dataclass(frozen=True)
class Images:
    """Pixels as `[n, 784]` 32-bit floats, and classes as `[n]` integers."""

    pixels: np.ndarray
    labels: np.ndarray

    def scaled(self, brightest: float) -> "Images":
        """The same with pixels from 0 to `brightest` instead of 0 to 255."""
        return Images(self.pixels * np.float32(brightest / 255), self.labels)


def idx(folder: Path, name: str, dimensions: int) -> np.ndarray:
    """One IDX file of bytes; ends the program with what to do if it is missing or damaged."""
    path = next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
    if path is None:
        sys.exit(
            f"error: {folder} has neither {name} nor {name}.gz.\n"
            "--data takes the folder that holds mnist/ with MNIST's four IDX files; "
            "`kindling data` says where they lie, or fetches them."
        )
    try:
        raw = path.read_bytes() if path.suffix != ".gz" else gzip.decompress(path.read_bytes())
        # Two zeros, 8 for unsigned bytes, the number of dimensions; then each dimension in four bytes.
        if raw[:4] != bytes([0, 0, 8, dimensions]):
            raise ValueError(f"it starts with {raw[:4].hex(' ') or 'nothing'}, expected 00 00 08 {dimensions:02}")
        shape = np.frombuffer(raw, ">u4", dimensions, offset=4)
        return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        sys.exit(f"error: {path} is no IDX file of bytes, or a damaged one: {error}.\nDelete it and fetch MNIST again.")


def read(folder: Path, part: str) -> Images:
    """The images of a part, `train` or `t10k`, with pixels from 0 to 255."""
    pixels, labels = idx(folder, f"{part}-images-idx3-ubyte", 3), idx(folder, f"{part}-labels-idx1-ubyte", 1)
    if len(pixels) != len(labels) or pixels[0].size != INPUTS:
        sys.exit(
            f"error: in {folder}, the {part} files hold {len(labels)} labels and images of shape {pixels.shape}, "
            "expected as many labels as images, of 28 x 28 pixels.\nFetch MNIST again."
        )
    return Images(pixels.reshape(-1, INPUTS).astype(np.float32), labels.astype(np.int64))


def load(data: Path) -> tuple[Images, Images]:
    """The recipe's training images, the first 1,000, and all 10,000 test images."""
    train, test = read(data / "mnist", "train"), read(data / "mnist", "t10k")
    return Images(train.pixels[:TRAIN_IMAGES], train.labels[:TRAIN_IMAGES]), test
