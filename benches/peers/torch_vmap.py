"""The job in PyTorch as one tensor program: a stack of networks by `torch.func.vmap`, their Adam over the stacked parameters.

`PEER_DEVICE=cuda` trains on a GPU.
"""

import copy

import torch
import torch_net
from torch.func import functional_call, grad, stack_module_state, vmap

import jobs


def make(job: jobs.Job, rank: int):
    torch_net.prepare()
    device = torch_net.DEVICE
    inputs, labels = (torch.from_numpy(part[: jobs.EXAMPLES]).to(device) for part in jobs.images(job.data))
    models = []
    for seed in range(rank * job.stack, (rank + 1) * job.stack):
        torch.manual_seed(seed)
        models.append(torch_net.network(job.widths, job.reconstructs).to(device))
    parameters, _ = stack_module_state(models)
    base = copy.deepcopy(models[0]).to("meta")

    def loss_of(own, x, y):
        outputs = functional_call(base, own, (x,))
        if job.reconstructs:
            return torch.nn.functional.mse_loss(outputs, x)
        return torch.nn.functional.cross_entropy(outputs, y)

    gradients = vmap(grad(loss_of))
    steps = torch.optim.Adam(parameters.values(), lr=job.lr, fused=True)
    orders = [jobs.orders(rank * job.stack + seed) for seed in range(job.stack)]

    def epoch() -> None:
        order = torch.stack([torch.from_numpy(next(own)) for own in orders]).to(device)
        for rows in order.split(job.batch, dim=1):
            own = {name: value.detach() for name, value in parameters.items()}
            for name, value in gradients(own, inputs[rows], labels[rows]).items():
                parameters[name].grad = value
            steps.step()
        if device != "cpu":
            torch.cuda.synchronize()

    return epoch


if __name__ == "__main__":
    jobs.main(make)
