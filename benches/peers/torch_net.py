"""The job in PyTorch: fused Adam, one thread a process. `PEER_DEVICE=cuda` trains on a GPU, `PEER_COMPILE=1` compiles the network."""

import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import torch

import jobs

DEVICE = os.environ.get("PEER_DEVICE", "cpu")


def network(widths, reconstructs: bool) -> torch.nn.Sequential:
    """Linear layers with ReLU between them; a reconstruction has no activation on its code and ends in a sigmoid."""
    layers = []
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layers.append(torch.nn.Linear(inputs, outputs))
        if index < len(widths) - 2 and not (reconstructs and outputs == min(widths)):
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers, *([torch.nn.Sigmoid()] if reconstructs else []))


def optimizer(job: jobs.Job, model: torch.nn.Module) -> torch.optim.Optimizer:
    if job.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=job.lr, fused=True)
    momentum = 0.9 if job.optimizer == "momentum" else 0.0
    return torch.optim.SGD(model.parameters(), lr=job.lr, momentum=momentum, fused=True)


def trainer(job: jobs.Job, seed: int, inputs: torch.Tensor, labels: torch.Tensor):
    """The model, and a function that trains it for an epoch."""
    torch.manual_seed(seed)
    model = network(job.widths, job.reconstructs).to(DEVICE)
    if os.environ.get("PEER_COMPILE"):
        model = torch.compile(model)
    steps = optimizer(job, model)
    loss_of = torch.nn.functional.mse_loss if job.reconstructs else torch.nn.functional.cross_entropy
    orders = jobs.orders(seed)

    def epoch() -> None:
        for rows in torch.from_numpy(next(orders)).to(DEVICE).split(job.batch):
            batch = inputs[rows]
            loss = loss_of(model(batch), batch if job.reconstructs else labels[rows])
            steps.zero_grad(set_to_none=True)
            loss.backward()
            steps.step()
        if DEVICE != "cpu":
            torch.cuda.synchronize()

    return model, epoch


def prepare() -> None:
    """One thread, and subnormal numbers as the environment asks."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(bool(os.environ.get("FLUSH_SUBNORMALS")))


def make(job: jobs.Job, rank: int):
    assert job.stack == 1, "PyTorch trains one network a process here"
    prepare()
    inputs, labels = (torch.from_numpy(part[: jobs.EXAMPLES]).to(DEVICE) for part in jobs.images(job.data))
    return trainer(job, rank, inputs, labels)[1]


if __name__ == "__main__":
    jobs.main(make)
