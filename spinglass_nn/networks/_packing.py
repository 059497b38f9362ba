"""How many vectors at once go through the curvature kernels: places, packing, scratch."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.simd import aligned
from spinglass_nn._core.simd_tiles import TILE_REALS
from spinglass_nn.networks import _curvature_kernels as kernels
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.typing import Float64Array

Array = NDArray[Any]

MATRICES = {"hessian": 0, "gauss_newton": 1, "fisher": 1, "empirical_fisher": 2}
COLUMNS = 160  # of the widest layer for all vectors together: wider, the panels leave the cache
BLOCK = 128  # samples; with 784 inputs in float32 they are 0.4 MB, and panels stay beside them
RUN = 1280  # samples summed in the working precision, before float64: a segment of 10,000


class Plan:
    """Where everything lies for one network and precision."""

    def __init__(self, net: MLP, dtype: np.dtype[Any]) -> None:
        self.net, self.dtype = net, dtype
        self.table = _places(net, 64 // dtype.itemsize)
        widest = int(self.table[:, [kernels.WIDE_IN, kernels.WIDE_OUT]][1:].max(initial=0))
        self.widest = max(widest, int(self.table[0, kernels.WIDE_OUT]))
        self.group = max(1, COLUMNS // self.widest)

    def groups(self, n_vectors: int) -> list[tuple[int, int]]:
        """Vectors that go together, as evenly as can be; results do not depend on it."""
        n = max(1, -(-n_vectors // self.group))
        cuts = [n_vectors * i // n for i in range(n + 1)]
        return list(itertools.pairwise(cuts))

    def size(self, column: int) -> int:
        """Entries of a flat array whose places stand in this column, for one vector."""
        t = self.table
        inner = np.arange(len(t)) > 0
        sizes = {
            kernels.ACROSS: t[:, kernels.N_IN] * t[:, kernels.WIDE_OUT],
            kernels.DEEP: inner * t[:, kernels.N_OUT] * t[:, kernels.WIDE_IN],
            kernels.BIAS: t[:, kernels.WIDE_OUT],
            kernels.UP: inner * t[:, kernels.N_IN] * t[:, kernels.WIDE_OUT],
            kernels.DOWN: inner * t[:, kernels.N_OUT] * t[:, kernels.WIDE_IN],
            kernels.UNITS: t[:, kernels.N_OUT],
            kernels.SLOPES: t[:-1, kernels.WIDE_OUT],
        }
        return int(sizes[column].sum())

    @property
    def n_sums(self) -> int:
        """Entries of one vector's sums."""
        return self.size(kernels.ACROSS) + self.size(kernels.BIAS) + self.size(kernels.DEEP)

    def weights(self, theta: Array) -> kernels.Weights:
        """A point's weights, packed."""
        up = aligned(max(1, self.size(kernels.UP)), self.dtype)
        packed = kernels.Weights(up, aligned(max(1, self.size(kernels.DOWN)), self.dtype))
        kernels.pack_weights(theta, bool(self.net.bias), self.table, packed)
        return packed

    def vectors(self, rows: Array) -> kernels.Vectors:
        """Vectors (k, n_parameters), packed."""
        k, n_across, n_deep = len(rows), self.size(kernels.ACROSS), self.size(kernels.DEEP)
        stacked = np.zeros(k * n_across, dtype=self.dtype)
        turned = np.zeros(max(1, k * n_deep), dtype=self.dtype)
        biases = aligned(k * self.size(kernels.BIAS), self.dtype)
        for place, layer in zip(self.table, self.net.layers(rows), strict=True):
            n_in, n_out, wide_in, wide_out = place[:4]
            at = k * place[kernels.ACROSS]
            part = stacked[at : at + k * n_in * wide_out].reshape(k, wide_out, n_in)
            part[:, :n_out] = layer.weight
            if place[kernels.LAYER] > 0:
                at = k * place[kernels.DEEP]
                part = turned[at : at + k * n_out * wide_in].reshape(n_out, k, wide_in)
                part[:, :, :n_in] = layer.weight.transpose(1, 0, 2)
            if layer.bias is not None:
                at = k * place[kernels.BIAS]
                biases[at : at + k * wide_out].reshape(k, wide_out)[:, :n_out] = layer.bias
        across = aligned(k * n_across, self.dtype)
        packed = kernels.Vectors(across, aligned(max(1, k * n_deep), self.dtype), biases)
        kernels.pack_vectors(stacked, turned, k, self.table, packed)
        return packed

    def point(self, n: int, dtype: np.dtype[Any]) -> kernels.Point:
        """Room for a run of ``n`` samples as seen from a point."""
        n_units = n * self.size(kernels.UNITS)
        bends = n * sum(self.net.hidden_sizes) if self.net.activation == "tanh" else 0
        return kernels.Point(*(np.empty(m, dtype=dtype) for m in (n_units, n_units, bends)))

    def scratch(self, k: int) -> kernels.Scratch:
        """Room for one block of samples and ``k`` vectors."""
        rows, slopes = BLOCK * k, self.size(kernels.SLOPES)
        sizes = [rows * max(1, slopes), *[rows * self.widest] * 4, TILE_REALS]
        return kernels.Scratch(*(aligned(size, self.dtype) for size in sizes))

    def unpacked(self, sums: Float64Array, k: int) -> Float64Array:
        """Sums as the kernels leave them, as products (k, n_parameters)."""
        products = np.empty((k, self.net.n_parameters))
        for place, layer in zip(self.table, self.net.layers(products), strict=True):
            n_in, n_out, wide_in, wide_out = place[:4]
            at = k * place[kernels.SUM]
            part = sums[at : at + k * n_in * wide_out].reshape(n_in, k, wide_out)
            layer.weight[...] = part[:, :, :n_out].transpose(1, 2, 0)
            if place[kernels.LAYER] > 0:
                at = k * place[kernels.CROSS_SUM]
                part = sums[at : at + k * n_out * wide_in].reshape(n_out, k, wide_in)
                layer.weight[...] += part[:, :, :n_in].transpose(1, 0, 2)
            if layer.bias is not None:
                at = k * place[kernels.BIAS_SUM]
                layer.bias[...] = sums[at : at + k * wide_out].reshape(k, wide_out)[:, :n_out]
        return products


def _places(net: MLP, lanes: int) -> Array:
    """The table of places that the kernels read, one row a layer."""
    table = np.zeros((net.n_layers, kernels.N_COLUMNS), dtype=np.int64)
    at = dict.fromkeys(range(4, kernels.N_COLUMNS), 0)
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(net.sizes)):
        wide_in, wide_out = (-(-n // lanes) * lanes for n in (n_in, n_out))
        table[layer, :4] = n_in, n_out, wide_in, wide_out
        table[layer, kernels.LAYER] = layer
        inner = layer > 0
        across, deep = n_in * wide_out, inner * n_out * wide_in
        sizes = {
            kernels.ACROSS: across, kernels.DEEP: deep, kernels.BIAS: wide_out,
            kernels.UP: inner * across, kernels.DOWN: deep, kernels.UNITS: n_out,
            kernels.SLOPES: wide_out,
        }  # fmt: skip
        for column, size in sizes.items():
            table[layer, column] = at[column]
            at[column] += size
        sums = at[kernels.SUM]
        table[layer, [kernels.SUM, kernels.BIAS_SUM, kernels.CROSS_SUM]] = (
            sums, sums + across, sums + across + wide_out,
        )  # fmt: skip
        at[kernels.SUM] = sums + across + wide_out + deep
    return table
