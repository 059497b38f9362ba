"""Random networks with random data, as the tests of this room use them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP


class Case(NamedTuple):
    """A network, a point, a direction, and data as arrays and as a data set."""

    net: MLP
    theta: np.ndarray
    vector: np.ndarray
    inputs: np.ndarray
    labels: np.ndarray
    data: Dataset

    @property
    def arrays(self):
        """What the slow twins take as data."""
        return self.inputs, self.labels


@pytest.fixture(scope="session")
def draw_case():
    def draw(sizes, *, n=60, seed=0, scale=0.7, n_classes=None, **options) -> Case:
        net = MLP(sizes, **options)
        rng = np.random.default_rng([seed, n, *sizes])
        n_classes = n_classes or max(net.n_outputs, 2)
        theta = scale * rng.standard_normal(net.n_parameters)
        vector = rng.standard_normal(net.n_parameters)
        inputs = rng.standard_normal((n, net.n_inputs))
        labels = rng.integers(0, n_classes, n)
        data = Dataset(inputs, labels, n_classes=n_classes)
        return Case(net, theta, vector, inputs, labels, data)

    return draw
