"""The recipe in PyTorch, as one would write it there: its losses, its autograd, its SGD."""

import copy

import torch
from torch import nn
from torch.nn import functional

from mnist import Images
from recipe import BCE, HIDDEN, INPUTS, OUTPUTS, Variant

# The machine's other cores would spend more time waiting than computing at these sizes.
torch.set_num_threads(1)


def new_network(spread: float, random: torch.Generator) -> nn.Sequential:
    """The network up to its last sigmoid, which belongs to the loss."""
    network = nn.Sequential(
        nn.Linear(INPUTS, HIDDEN, bias=False),
        nn.Sigmoid(),
        nn.Linear(HIDDEN, OUTPUTS, bias=False),
    )
    for weights in network.parameters():
        nn.init.normal_(weights, std=spread, generator=random)
    return network


def one_hot(labels: torch.Tensor) -> torch.Tensor:
    return functional.one_hot(labels, OUTPUTS).float()


def loss_of(logits: torch.Tensor, targets: torch.Tensor, loss: str) -> torch.Tensor:
    if loss == BCE:
        # With the sigmoid inside the loss: outside, an output that rounds to 0 or 1 would lose its gradient.
        return functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / len(targets)
    return functional.mse_loss(logits.sigmoid(), targets)


def step(
    network: nn.Module, optimizer: torch.optim.Optimizer, images: torch.Tensor, targets: torch.Tensor, loss: str
) -> None:
    """One step of the optimizer on one batch."""
    optimizer.zero_grad()
    loss_of(network(images), targets, loss).backward()
    optimizer.step()


def train(variant: Variant, data: Images, seed: int, epochs: int, start: nn.Module | None = None) -> nn.Module:
    """A network trained from `start`, which is left as it is, or from the seed's own initial weights."""
    random = torch.Generator().manual_seed(seed)
    network = copy.deepcopy(start) if start else new_network(variant.spread, random)
    # The schedule multiplies the optimizer's rate, here 1.
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, variant.rate)
    images, targets = torch.from_numpy(data.pixels), one_hot(torch.from_numpy(data.labels))
    for _ in range(epochs):
        for rows in torch.randperm(len(images), generator=random).split(variant.batch):
            step(network, optimizer, images[rows], targets[rows], variant.loss)
        schedule.step()
    return network


@torch.no_grad()
def accuracy(network: nn.Module, data: Images) -> float:
    # The last sigmoid would not change the order, but round large outputs to ties at 1.
    guesses = network(torch.from_numpy(data.pixels)).argmax(dim=1)
    return (guesses == torch.from_numpy(data.labels)).float().mean().item()
