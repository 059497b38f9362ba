"""Loss, gradient and Hessian product of two networks on 10,000 samples; PyTorch beside them.

One thread each. ``samples_per_second`` is from the fastest round.
"""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn import networks
from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP

N_SAMPLES = 10_000
every_case = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["f32", "f64"])
every_size = pytest.mark.parametrize(
    "sizes", [(784, 32, 10), (784, 128, 10)], ids=lambda s: "-".join(map(str, s))
)
every_verb = pytest.mark.parametrize("verb", ["loss", "gradient", "hvp"])


def setting(sizes, dtype):
    net = MLP(sizes)
    rng = np.random.default_rng(0)
    theta = networks.initialize(net, rng=1, dtype=dtype).weights[0]
    vector = rng.standard_normal(net.n_parameters).astype(dtype)
    inputs = rng.random((N_SAMPLES, 784)).astype(dtype)
    labels = rng.integers(0, 10, N_SAMPLES)
    return net, theta, vector, inputs, labels


def timed(benchmark, function):
    benchmark.pedantic(function, rounds=5, warmup_rounds=1)
    benchmark.extra_info["samples_per_second"] = N_SAMPLES / benchmark.stats.stats.min


@every_size
@every_case
@every_verb
def test_spinglass_nn(benchmark, sizes, dtype, verb):
    net, theta, vector, inputs, labels = setting(sizes, dtype)
    data = Dataset(inputs, labels, n_classes=10)
    functions = {
        "loss": lambda: networks.loss(net, theta, data, n_threads=1),
        "gradient": lambda: networks.gradient(net, theta, data, n_threads=1),
        "hvp": lambda: networks.hessian_vector_product(net, theta, vector, data, n_threads=1),
    }
    timed(benchmark, functions[verb])


@pytest.fixture
def torch():
    module = pytest.importorskip("torch")
    before = module.get_num_threads()
    module.set_num_threads(1)
    yield module
    module.set_num_threads(before)


@every_size
@every_case
@every_verb
def test_torch(benchmark, torch, sizes, dtype, verb):
    """The same in PyTorch: the whole set in one batch, its fastest way."""
    net, theta, vector, inputs, labels = setting(sizes, dtype)
    x, y, v = map(torch.from_numpy, (inputs, labels, vector))
    point = torch.from_numpy(theta.copy())

    def loss(flat):
        values, place = x, 0
        for k, (n_in, n_out) in enumerate(zip(net.sizes[:-1], net.sizes[1:], strict=True)):
            weight = flat[place : place + n_in * n_out].view(n_out, n_in)
            place += n_in * n_out
            values = torch.nn.functional.linear(values, weight, flat[place : place + n_out])
            place += n_out
            values = torch.relu(values) if k < net.n_layers - 1 else values
        return torch.nn.functional.cross_entropy(values, y)

    def value():
        with torch.no_grad():
            return loss(point)

    def gradient():
        flat = point.requires_grad_()
        return torch.autograd.grad(loss(flat), flat)

    def product():
        flat = point.requires_grad_()
        (slope,) = torch.autograd.grad(loss(flat), flat, create_graph=True)
        return torch.autograd.grad(slope @ v, flat)

    timed(benchmark, {"loss": value, "gradient": gradient, "hvp": product}[verb])
