"""The recipe in NumPy, its gradients by hand, in 32-bit floats as the other frameworks use."""

import numpy as np

from mnist import Images
from recipe import HIDDEN, INPUTS, MSE, OUTPUTS, Variant

# The two layers' weights, each `[outputs, inputs]`.
Network = list[np.ndarray]


def new_network(spread: float, random: np.random.Generator) -> Network:
    shapes = (HIDDEN, INPUTS), (OUTPUTS, HIDDEN)
    return [random.normal(0, spread, shape).astype(np.float32) for shape in shapes]


def sigmoid(z: np.ndarray) -> np.ndarray:
    # For a very negative z the exponential is infinite, and 1 / infinity is the 0 that is meant.
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def one_hot(labels: np.ndarray) -> np.ndarray:
    return np.eye(OUTPUTS, dtype=np.float32)[labels]


def step(network: Network, images: np.ndarray, targets: np.ndarray, loss: str, rate: float) -> None:
    """One step of SGD on one batch, in place."""
    first, second = network
    hidden = sigmoid(images @ first.T)
    outputs = sigmoid(hidden @ second.T)

    delta = (outputs - targets) / len(images)
    if loss == MSE:
        delta *= 2 / OUTPUTS * outputs * (1 - outputs)
    # Through the second layer as it was in the forward pass, so before it changes.
    hidden_delta = delta @ second * hidden * (1 - hidden)

    second -= (rate * delta).T @ hidden
    first -= (rate * hidden_delta).T @ images


def train(variant: Variant, data: Images, seed: int, epochs: int, start: Network | None = None) -> Network:
    """A network trained from `start`, which is left as it is, or from the seed's own initial weights."""
    random = np.random.default_rng(seed)
    network = [weights.copy() for weights in start] if start else new_network(variant.spread, random)
    targets = one_hot(data.labels)
    for epoch in range(epochs):
        order = random.permutation(len(data.labels))
        for begin in range(0, len(order), variant.batch):
            rows = order[begin : begin + variant.batch]
            step(network, data.pixels[rows], targets[rows], variant.loss, variant.rate(epoch))
    return network


def accuracy(network: Network, data: Images) -> float:
    first, second = network
    # The last sigmoid would not change the order, but round large outputs to ties at 1.
    guesses = (sigmoid(data.pixels @ first.T) @ second.T).argmax(axis=1)
    return float((guesses == data.labels).mean())
