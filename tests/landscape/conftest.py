"""A landscape that is quadratic to the last bit: one linear layer and squared errors."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP


@pytest.fixture(scope="session")
def quadratic():
    """Network, data, a point, the minimum, gradient and Hessian there; all from matrices."""
    rng = np.random.default_rng(4)
    inputs = rng.standard_normal((30, 3)) * [1.0, 2.0, 0.5]
    targets = rng.standard_normal((30, 2))
    net = MLP(sizes=(3, 2), activation="identity", loss="squared_error", bias=False)
    second = inputs.T @ inputs / 30
    hessian = np.kron(np.eye(2), second)
    minimum = np.linalg.solve(second, inputs.T @ targets / 30).T.ravel()
    point = minimum + rng.standard_normal(6)
    return SimpleNamespace(
        net=net,
        data=Dataset(inputs, None, targets),
        hessian=hessian,
        minimum=minimum,
        point=point,
        gradient=hessian @ (point - minimum),
    )


@pytest.fixture(scope="session")
def two_parameters():
    """A crooked landscape over two parameters, which can be looked at everywhere."""
    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((12, 1))
    data = Dataset(inputs, None, np.tanh(1.5 * inputs) + 0.3 * rng.standard_normal((12, 1)))
    net = MLP(sizes=(1, 1, 1), activation="tanh", loss="squared_error", bias=False)
    return SimpleNamespace(net=net, data=data, point=np.array([1.2, 0.8]))
