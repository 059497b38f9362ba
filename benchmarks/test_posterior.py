"""Leapfrog steps per second of 784-32-10 on 10,000 images, beside PyTorch.

The peer is the same mathematics by autograd: its gradient over all samples, and the same kicks and
rotations on its parameters. On one thread one replica moves, and processor time counts; on two
threads two replicas do, ours side by side, PyTorch's one after the other on both threads, and wall
time counts. Rounds interleaved.
"""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from spinglass_nn import datasets
from spinglass_nn._core import threads
from spinglass_nn.networks import MLP, initialize
from spinglass_nn.walks import HMC, GaussianPrior
from spinglass_nn.walks._trajectories import Target

N_SAMPLES, N_STEPS = 10_000, 10
BETA, ANGLE = 1.0, 1e-4
REST = 0.05  # s; a peer's idle threads spin for a while and would take our second core
NET, PRIOR = MLP((784, 32, 10)), GaussianPrior(1.0, fan_in=True)


@pytest.fixture(scope="module")
def data(images):
    return datasets.subset(images, N_SAMPLES, rng=0)


def ours(data, dtype, n_threads):
    kind = np.dtype(dtype)
    target = Target(NET, data, PRIOR.flow(NET, kind), HMC(N_STEPS, ANGLE), kind)
    here = target.at(initialize(NET, rng=0, dtype=dtype)[0].weights, n_threads)
    momentum = target.flow.momentum(here.theta, np.random.default_rng(1))

    def trajectory(_):
        return target._followed(here, momentum.copy(), BETA, ANGLE, 1)[0].theta

    return lambda: threads.run(trajectory, range(n_threads), n_threads)


def in_torch(data, dtype, n_threads):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(n_threads)
    kind = np.dtype(dtype)
    start = initialize(NET, rng=0, dtype=dtype)[0].weights
    flow = PRIOR.flow(NET, kind)
    begin = flow.momentum(start, np.random.default_rng(1))
    split = [part for layer in NET.layers(start) for part in layer]
    sizes, shapes = [p.size for p in split], [p.shape for p in split]
    x = torch.from_numpy(np.array(data.inputs, dtype=dtype))
    y = torch.from_numpy(np.array(data.labels))
    squared = torch.from_numpy(PRIOR.scale(NET).astype(dtype) ** 2)
    c, s = math.cos(ANGLE), math.sin(ANGLE)

    def gradient(theta):
        theta = theta.requires_grad_()
        w, b, v, d = (
            part.reshape(shape)
            for part, shape in zip(theta.split(sizes), shapes, strict=True)
        )  # fmt: skip
        functional = torch.nn.functional
        outputs = functional.linear(torch.relu(functional.linear(x, w, b)), v, d)
        energy = functional.cross_entropy(outputs, y, reduction="sum")
        return torch.autograd.grad(energy, theta)[0]

    first = gradient(torch.from_numpy(start.copy()))

    def trajectory():
        theta, momentum = torch.from_numpy(start.copy()), torch.from_numpy(begin.copy())
        force = first
        for _ in range(N_STEPS):
            momentum = momentum - (ANGLE / 2 * BETA) * squared * force
            theta, momentum = c * theta + s * momentum, c * momentum - s * theta
            force = gradient(theta)
            momentum = momentum - (ANGLE / 2 * BETA) * squared * force
            theta = theta.detach()
        return theta.numpy()

    return lambda: [trajectory() for _ in range(n_threads)]


@pytest.mark.parametrize("n_threads", [1, 2], ids=["1thread", "2threads"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_leapfrog_steps(data, dtype, n_threads, rounds, summary):
    contenders = {
        "ours": ours(data, dtype, n_threads),
        "PyTorch": in_torch(data, dtype, n_threads),
    }
    ends = [function()[-1] for function in contenders.values()]
    np.testing.assert_allclose(*ends, atol=1e-4 if dtype == np.float32 else 1e-10)
    clock = time.process_time if n_threads == 1 else time.perf_counter
    taken = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, function in contenders.items():
            time.sleep(REST)
            begun = clock()
            function()
            taken[name].append(clock() - begun)
    n_steps = N_STEPS * n_threads
    rates = ", ".join(
        f"{name} {n_steps / min(times):.1f} (median {n_steps / np.median(times):.1f})"
        for name, times in taken.items()
    )
    summary.append(
        f"leapfrog steps/s, 784-32-10, {N_SAMPLES} images, {np.dtype(dtype)}, "
        f"{n_threads} thread{'s' * (n_threads > 1)}: {rates}"
    )
