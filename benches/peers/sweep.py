"""`sweep optimizers` in PyTorch or JAX: sgd, momentum and Adam, 15 seeds each, as many epochs, on 2 worker processes.

Like Kindling, each training is judged on 5,000 validation images after every epoch and on 10,000 test images at its end.
"""

import argparse
import json
import multiprocessing
import time

import jobs

ARMS = (("sgd", 0.01), ("momentum", 0.01), ("adam", 0.001))


def torch_trainings(tasks, data: str, epochs: int):
    import torch
    import torch_net

    torch_net.prepare()
    pixels, classes = (torch.from_numpy(part) for part in jobs.images(data))
    tests, answers = (torch.from_numpy(part) for part in jobs.images(data, "t10k"))
    inputs, labels = pixels[: jobs.EXAMPLES], classes[: jobs.EXAMPLES]

    @torch.no_grad()
    def accuracy(model, x, y) -> float:
        return (model(x).argmax(1) == y).float().mean().item()

    for optimizer, lr, seed in tasks:
        job = jobs.Job(optimizer=optimizer, lr=lr)
        model, epoch = torch_net.trainer(job, seed, inputs, labels)
        for _ in range(epochs):
            epoch()
            accuracy(model, pixels[jobs.EXAMPLES :], classes[jobs.EXAMPLES :])
        yield optimizer, accuracy(model, tests, answers)


def jax_trainings(tasks, data: str, epochs: int):
    import jax_net  # first: it sets how many threads JAX may have
    import jax
    import jax.numpy as jnp

    pixels, classes = (jnp.asarray(part) for part in jobs.images(data))
    tests, answers = (jnp.asarray(part) for part in jobs.images(data, "t10k"))
    inputs, labels = pixels[: jobs.EXAMPLES], classes[: jobs.EXAMPLES]
    accuracy = jax.jit(lambda layers, x, y: (jax_net.forward(layers, x, False).argmax(1) == y).mean())
    compiled = {}
    for optimizer, lr, seed in tasks:
        job = jobs.Job(optimizer=optimizer, lr=lr)
        epoch, compiled[optimizer] = jax_net.trainer(job, [seed], inputs, labels, compiled.get(optimizer))
        for _ in range(epochs):
            layers = epoch()
            accuracy(layers, pixels[jobs.EXAMPLES :], classes[jobs.EXAMPLES :]).block_until_ready()
        yield optimizer, float(accuracy(layers, tests, answers))


def worker(tool: str, rank: int, workers: int, data: str, epochs: int, seeds: int, results) -> None:
    jobs.pin(rank)
    tasks = [(optimizer, lr, seed) for optimizer, lr in ARMS for seed in range(seeds)][rank::workers]
    trainings = torch_trainings if tool == "torch" else jax_trainings
    found = list(trainings(tasks, data, epochs))
    results.put((found, jobs.peak_mib()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool", choices=["torch", "jax"])
    parser.add_argument("--data", required=True)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=15)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    started = time.monotonic()
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    given = [(args.tool, rank, args.workers, args.data, args.epochs, args.seeds, results) for rank in range(args.workers)]
    workers = [context.Process(target=worker, args=one) for one in given]
    for process in workers:
        process.start()
    found = jobs.collect(workers, results)
    rows = [row for rows, _ in found for row in rows]
    means = {arm: sum(a for o, a in rows if o == arm) / args.seeds for arm, _ in ARMS}
    seconds = time.monotonic() - started
    peak = sum(peak for _, peak in found)
    print(json.dumps({"examples": len(rows) * args.epochs * 55_000, "seconds": seconds, "peak_mib": peak, "accuracy": means}))


if __name__ == "__main__":
    main()
