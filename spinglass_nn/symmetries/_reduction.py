"""A network from which hidden units are taken away without changing what it computes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.typing import Float64Array, IntArray

_NEAR = 1e-6  # 1 - |cosine| of units whose directions are compared entry by entry


@dataclass
class Reduction:
    """Weights and biases (zero where the network has none) as far as they are reduced."""

    network: MLP
    dtype: np.dtype[np.generic]
    weights: list[Float64Array]
    biases: list[Float64Array]
    kept: list[IntArray]
    tolerance: float

    @classmethod
    def of(cls, replica: Replica, tolerance: float) -> Reduction:
        """Nothing taken away yet."""
        layers = replica.layers
        return cls(
            replica.network,
            replica.weights.dtype,
            [layer.weight.astype(np.float64) for layer in layers],
            [
                np.zeros(len(weight)) if bias is None else bias.astype(np.float64)
                for weight, bias in layers
            ],
            [np.arange(size) for size in replica.network.hidden_sizes],
            tolerance,
        )

    def run(self, never_fires: tuple[NDArray[np.bool_], ...]) -> None:
        """Take away all that can be, layer by layer from below, until nothing is left to."""
        for k, dead in enumerate(never_fires):
            self._drop(k, dead)
        n_left = -1
        while n_left != sum(map(len, self.kept)):
            n_left = sum(map(len, self.kept))
            for k in range(len(self.kept)):
                self._drop(k, silent(self, k))
                self._drop_constants(k)
                self._drop_duplicates(k)

    def _drop(self, k: int, gone: NDArray[np.bool_]) -> None:
        self.weights[k] = self.weights[k][~gone]
        self.biases[k] = self.biases[k][~gone]
        self.weights[k + 1] = self.weights[k + 1][:, ~gone]
        self.kept[k] = self.kept[k][~gone]

    def _drop_constants(self, k: int) -> None:
        gone = constant(self, k)
        value = self.biases[k][gone]
        if self.network.activation == "relu":
            value = np.maximum(value, 0.0)
        elif self.network.activation == "tanh":
            value = np.tanh(value)
        self.biases[k + 1] += self.weights[k + 1][:, gone] @ value
        self._drop(k, gone)

    def _drop_duplicates(self, k: int) -> None:
        first, scale = duplicates(self, k)
        for j in np.flatnonzero(first >= 0):
            self.weights[k + 1][:, first[j]] += scale[j] * self.weights[k + 1][:, j]
        self._drop(k, first >= 0)

    def replica(self) -> Replica:
        """What is left, in the precision it came in."""
        weights, biases = list(self.weights), list(self.biases)
        for k, units in enumerate(self.kept):
            if units.size == 0:  # a layer needs a unit; this one does nothing
                weights[k] = np.zeros((1, weights[k].shape[1]))
                biases[k] = np.zeros(1)
                weights[k + 1] = np.zeros((len(weights[k + 1]), 1))
        hidden = [len(weight) for weight in weights[:-1]]
        net = self.network
        smaller = replace(net, sizes=(net.n_inputs, *hidden, net.n_outputs))
        theta = np.empty(smaller.n_parameters, dtype=self.dtype)
        for layer, weight, bias in zip(smaller.layers(theta), weights, biases, strict=True):
            layer.weight[...] = weight
            if layer.bias is not None:
                layer.bias[...] = bias
        return Replica(smaller, theta)


def constant(work: Reduction, k: int) -> NDArray[np.bool_]:
    """Units of hidden layer k without input weights."""
    inner = np.linalg.norm(work.weights[k], axis=1)
    whole = np.hypot(inner, work.biases[k])
    marks: NDArray[np.bool_] = inner <= work.tolerance * whole
    return marks


def silent(work: Reduction, k: int) -> NDArray[np.bool_]:
    """Units of hidden layer k without outputs, or without inputs and bias."""
    inner = np.hypot(np.linalg.norm(work.weights[k], axis=1), work.biases[k])
    effect = inner * np.linalg.norm(work.weights[k + 1], axis=0)
    marks: NDArray[np.bool_] = effect <= work.tolerance * effect.max(initial=0.0)
    return marks


def duplicates(work: Reduction, k: int) -> tuple[IntArray, Float64Array]:
    """For each unit of hidden layer k the first one like it, or -1, and c in w_j = c w_i."""
    rows = np.column_stack([work.weights[k], work.biases[k]])
    length = np.linalg.norm(rows, axis=1)
    unit = rows / np.where(length > 0, length, 1.0)[:, None]
    cosine = unit @ unit.T
    near = np.abs(cosine) > 1 - max(_NEAR, work.tolerance**2)
    first, scale = np.full(len(rows), -1), np.ones(len(rows))
    for i, j in zip(*np.nonzero(np.triu(near, 1)), strict=True):
        if first[i] < 0 and first[j] < 0:
            c = np.copysign(length[j] / length[i], cosine[i, j])
            away = np.linalg.norm(rows[j] - c * rows[i]) / length[j]
            if _passes(work, float(c)) and away <= work.tolerance:
                first[j], scale[j] = i, c
    return first, scale


def _passes(work: Reduction, c: float) -> bool:
    """Whether phi(c z) = c phi(z) for all z."""
    if work.network.activation == "tanh":
        return abs(abs(c) - 1) <= work.tolerance
    return c > 0 or work.network.activation == "identity"
