from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP, initialize


@pytest.fixture(scope="session")
def net():
    """A small network with an odd number of parameters, so that float32 draws come unpaired."""
    made = MLP(sizes=(4, 6, 3), activation="tanh")
    assert made.n_parameters % 2 == 1
    return made


@pytest.fixture(scope="session")
def start(net):
    return initialize(net, rng=5)[0]


@pytest.fixture(scope="session")
def bowl():
    """A linear network with squared error: its loss is exactly quadratic.

    Network, data, minimum and Hessian of mean (w.x + b - t)^2 / 2.
    """
    rng = np.random.default_rng(8)
    inputs = rng.standard_normal((40, 2)) * [1.0, 2.0] + [0.5, 0.0]
    targets = inputs @ [[0.7], [-0.4]] + 0.3 + 0.5 * rng.standard_normal((40, 1))
    design = np.c_[inputs, np.ones(40)]
    minimum = np.linalg.lstsq(design, targets[:, 0], rcond=None)[0]
    data = Dataset(inputs, None, targets, name="a line with noise")
    net = MLP(sizes=(2, 1), activation="identity", loss="squared_error")
    return net, data, minimum, design.T @ design / 40
