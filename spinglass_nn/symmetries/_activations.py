"""How alike hidden units of two networks act on data."""

from __future__ import annotations

import numpy as np

from spinglass_nn.networks import _blocks, _kernels
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.typing import Float64Array, LabelledData


def correlations(
    network: MLP, a: Replica, b: Replica, data: LabelledData
) -> list[Float64Array]:
    """Correlation of a's and b's units in each hidden layer; 0 for units that never vary."""
    weights = [point.weights for point in (a, b)]
    source = _blocks.source(network, data, np.dtype(np.float64))
    spaces = [np.empty(_blocks.workspace_size(network)) for _ in weights]
    sums = [np.zeros((2 * size + 1, 2 * size + 1)) for size in network.hidden_sizes]
    layout = network.layout
    for block in source.blocks(0, source.n_samples):
        n = len(block.inputs)
        for theta, space in zip(weights, spaces, strict=True):
            _kernels.forward(theta, layout, block.inputs, space)
        for k, total in enumerate(sums):
            views = [_kernels.activation_view(s, layout.sizes, k, n) for s in spaces]
            both = np.concatenate([*views, np.ones((n, 1))], axis=1)
            total += both.T @ both
    return [_correlation(total, source.n_samples) for total in sums]


def _correlation(total: Float64Array, n_samples: int) -> Float64Array:
    mean = total[:-1, -1] / n_samples
    covariance = total[:-1, :-1] / n_samples - np.outer(mean, mean)
    variance = np.diag(covariance).copy()
    # what is left of a constant by rounding is no variance
    constant = variance <= 1e-12 * np.diag(total)[:-1] / n_samples
    scale = np.where(constant, 0.0, 1 / np.sqrt(np.where(constant, 1.0, variance)))
    size = variance.size // 2
    correlation: Float64Array = (covariance * np.outer(scale, scale))[:size, size:]
    return correlation
