"""The recipe as data: a network 784-128-10, sigmoid on both layers, no biases, and the variants it is trained in.

Nothing here computes; `in_numpy.py` and `in_torch.py` do what this says, each in its own way.
"""

from dataclasses import dataclass

INPUTS, HIDDEN, OUTPUTS = 784, 128, 10
TRAIN_IMAGES = 1_000
EPOCHS = 100

# The first epoch, counted from 0, at which each rate holds.
FALLING = ((0, 0.005), (30, 0.003), (60, 0.001), (80, 0.0005))

# Binary cross-entropy on sigmoid outputs, summed over the outputs, mean over the batch. Its output delta is a - y: what the
# recipe's source computes, whose backward pass leaves out the output's sigmoid derivative.
BCE = "bce"
# Squared error, mean over the batch and the outputs. Its output delta is 2 (a - y) a (1 - a) / 10.
MSE = "mse"


@dataclass(frozen=True)
class Variant:
    """One way to train the network by plain SGD; the defaults are what most variants share."""

    loss: str
    batch: int
    rates: tuple[tuple[int, float], ...] = FALLING
    # Standard deviation of the initial weights, whose mean is 0.
    spread: float = 0.01
    # Pixels lie between 0 and this.
    brightest: float = 1.0
    # The variant whose final weights, of the same seed, these start from.
    start: str | None = None

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 0."""
        return [rate for first, rate in self.rates if first <= epoch][-1]


VARIANTS = {
    "online": Variant(BCE, batch=1),
    "mse-1": Variant(MSE, batch=1),
    "mse-32": Variant(MSE, batch=32),
    "mse-32-wide": Variant(MSE, batch=32, spread=0.1),
    "mse-32-warm": Variant(MSE, batch=32, start="online"),
    # One choice of `online` undone at a time.
    "online-raw": Variant(BCE, batch=1, brightest=255.0),
    "online-fixed": Variant(BCE, batch=1, rates=((0, 0.01),)),
    "online-scale1": Variant(BCE, batch=1, spread=1.0),
}
