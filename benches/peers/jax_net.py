"""The job in JAX: an epoch is one jitted scan, Adam is optax's, one thread a process. A stack is a vmap over seeds. `PEER_DEVICE=cuda` trains on
a GPU."""

import os

os.environ.update(
    JAX_PLATFORMS=os.environ.get("PEER_DEVICE", "cpu"),
    OMP_NUM_THREADS="1",
    XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
)

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jobs


def initial(widths, key):
    """Weights and biases, uniform within 1 / sqrt(inputs)."""
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        key, one, two = jax.random.split(key, 3)
        bound = inputs**-0.5
        weight = jax.random.uniform(one, (inputs, outputs), minval=-bound, maxval=bound)
        layers.append((weight, jax.random.uniform(two, (outputs,), minval=-bound, maxval=bound)))
    return layers


def forward(layers, x, reconstructs: bool):
    """Logits, or pixels through a sigmoid; the code has no activation."""
    narrowest = min(weight.shape[1] for weight, _ in layers)
    for index, (weight, bias) in enumerate(layers):
        x = x @ weight + bias
        if index < len(layers) - 1 and not (reconstructs and weight.shape[1] == narrowest):
            x = jax.nn.relu(x)
    return jax.nn.sigmoid(x) if reconstructs else x


def optimizer(job: jobs.Job):
    if job.optimizer == "adam":
        return optax.adam(job.lr)
    return optax.sgd(job.lr, momentum=0.9 if job.optimizer == "momentum" else None)


def epoch_of(job: jobs.Job, steps):
    """A function that trains for the batches of `order`, `[batches, batch]`."""

    def loss_of(layers, x, y):
        outputs = forward(layers, x, job.reconstructs)
        if job.reconstructs:
            return jnp.mean((outputs - x) ** 2)
        return optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean()

    def step(inputs, labels, carry, rows):
        layers, state = carry
        loss, gradients = jax.value_and_grad(loss_of)(layers, inputs[rows], labels[rows])
        updates, state = steps.update(gradients, state)
        return (optax.apply_updates(layers, updates), state), loss

    def epoch(carry, order, inputs, labels):
        return jax.lax.scan(partial(step, inputs, labels), carry, order)

    return epoch


def trainer(job: jobs.Job, seeds, inputs, labels, compiled=None):
    """A function that trains one network a seed for an epoch, and returns their weights."""
    steps = optimizer(job)
    stacked = len(seeds) > 1
    if compiled is None:
        epoch = epoch_of(job, steps)
        compiled = jax.jit(jax.vmap(epoch, in_axes=(0, 0, None, None)) if stacked else epoch, donate_argnums=0)
    keys = [jax.random.key(seed) for seed in seeds]
    layers = [initial(job.widths, key) for key in keys]
    carries = [(own, steps.init(own)) for own in layers]
    carry = jax.tree.map(lambda *own: jnp.stack(own), *carries) if stacked else carries[0]
    orders = [jobs.orders(seed) for seed in seeds]
    whole = jobs.EXAMPLES // job.batch * job.batch

    def one_epoch():
        nonlocal carry
        order = np.stack([next(own)[:whole].reshape(-1, job.batch).astype(np.int32) for own in orders])
        carry, losses = compiled(carry, order if stacked else order[0], inputs, labels)
        losses.block_until_ready()
        return carry[0]

    return one_epoch, compiled


def make(job: jobs.Job, rank: int):
    inputs, labels = (jnp.asarray(part[: jobs.EXAMPLES]) for part in jobs.images(job.data))
    seeds = [rank * job.stack + seed for seed in range(job.stack)]
    return trainer(job, seeds, inputs, labels)[0]


if __name__ == "__main__":
    jobs.main(make)
