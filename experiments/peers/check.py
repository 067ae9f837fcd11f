"""Whether NumPy's hand-written step is PyTorch's: the same weights, the same batches, the same weights after."""

import numpy as np
import torch

import in_numpy
import in_torch
from recipe import BCE, INPUTS, MSE, OUTPUTS

BATCHES, BATCH, RAGGED = 20, 32, 8
TOLERANCE = 1e-5
# Far more than the recipe's, and its weights far from 0, so that every layer moves much further than the tolerance.
RATES = {BCE: 0.5, MSE: 5.0}
SPREAD = 0.1


def batches(random: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random images and targets; the last batch is a ragged one, as in the recipe."""
    sizes = [BATCH] * (BATCHES - 1) + [RAGGED]
    images = [random.random((size, INPUTS), dtype=np.float32) for size in sizes]
    return [(pixels, in_numpy.one_hot(random.integers(OUTPUTS, size=len(pixels)))) for pixels in images]


def agree(loss: str) -> bool:
    """Takes the steps in both, prints for each layer how far it moved and how far apart the two ended."""
    random = np.random.default_rng(0)
    before = in_numpy.new_network(SPREAD, random)
    by_numpy = [weights.copy() for weights in before]
    by_torch = in_torch.new_network(SPREAD, torch.Generator())
    with torch.no_grad():
        for theirs, ours in zip(by_torch.parameters(), before, strict=True):
            theirs.copy_(torch.from_numpy(ours))

    optimizer = torch.optim.SGD(by_torch.parameters(), lr=RATES[loss])
    for images, targets in batches(random):
        in_numpy.step(by_numpy, images, targets, loss, RATES[loss])
        in_torch.step(by_torch, optimizer, torch.from_numpy(images), torch.from_numpy(targets), loss)

    passed = True
    for layer, (start, ours, theirs) in enumerate(zip(before, by_numpy, by_torch.parameters(), strict=True), start=1):
        moved = np.abs(ours - start).max()
        apart = np.abs(ours - theirs.detach().numpy()).max()
        # Weights that hardly moved would agree whatever the gradient.
        good = apart <= TOLERANCE and moved >= 1_000 * TOLERANCE
        print(f"{loss}, layer {layer}: moved by {moved:.1e}, {apart:.1e} apart: {'ok' if good else 'FAILED'}")
        passed &= bool(good)
    return passed


def passes() -> bool:
    """Both losses, each told of even where the other failed."""
    return all([agree(loss) for loss in (BCE, MSE)])
