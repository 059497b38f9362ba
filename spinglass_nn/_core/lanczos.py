"""Lanczos iterations with full reorthogonalisation, and densities from their quadratures."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.typing import Float64Array

Product = Callable[[NDArray[Any]], NDArray[Any]]

BoolArray = NDArray[np.bool_]

BASIS_BYTES = 2**30
FRESH_STEPS = 8  # from a new random vector, when all seem found
_TINY = 1e-12
_REACH = 5.0  # widths beyond the outermost nodes
_MOST_POINTS = 20_000


class Pairs(NamedTuple):
    """Ritz values, their vectors (one a row), how many products, and whether all is well."""

    values: Float64Array
    vectors: Float64Array
    n_products: int
    norm: float
    converged: BoolArray


class _Basis:
    """An orthonormal basis and the matrix in it; the last vector has not been multiplied."""

    def __init__(
        self, product: Product, size: int, room: int, generator: np.random.Generator
    ) -> None:
        self.product, self.generator, self.room = product, generator, room
        self.vectors = np.zeros((room + 1, size))
        self.matrix = np.zeros((room + 1, room + 1))
        self.n, self.n_products, self.norm = 0, 0, 0.0
        self.coupling = 0.0  # of the last vector to those before
        self.restarted = False  # and not multiplied since: couplings to the kept are unknown
        self.fresh()

    def fresh(self) -> None:
        """Put a random direction, orthogonal to the rest, at the end."""
        vector = self.generator.standard_normal(self.vectors.shape[1])
        self._orthogonal(vector)
        self.vectors[self.n] = vector / np.linalg.norm(vector)
        self.coupling = 0.0

    def _orthogonal(self, vector: Float64Array) -> Float64Array:
        """Take out what lies in the basis, twice, and return it."""
        inside = np.zeros(self.n)
        for _ in range(2):
            part = self.vectors[: self.n] @ vector
            vector -= part @ self.vectors[: self.n]
            inside += part
        return inside

    def step(self) -> None:
        """Multiply the last vector and add the next direction."""
        n = self.n
        self.restarted = False
        vector = np.array(self.product(self.vectors[n]), dtype=np.float64)
        self.n_products += 1
        self.norm = max(self.norm, float(np.linalg.norm(vector)))
        self.n = n + 1
        inside = self._orthogonal(vector)
        self.matrix[n, : n + 1] = self.matrix[: n + 1, n] = inside
        left = float(np.linalg.norm(vector))
        if left <= _TINY * self.norm or self.n >= self.vectors.shape[1]:
            if self.n < self.vectors.shape[1]:
                self.fresh()
            self.coupling = 0.0
        else:
            self.vectors[n + 1], self.coupling = vector / left, left

    def ritz(self) -> tuple[Float64Array, Float64Array]:
        """Values, ascending, and coefficients in columns."""
        values, columns = np.linalg.eigh(self.matrix[: self.n, : self.n])
        return values, columns

    def shrink(self, columns: Float64Array, values: Float64Array) -> None:
        """Keep some Ritz vectors and the last direction."""
        n, kept = self.n, len(values)
        self.vectors[:kept] = columns.T @ self.vectors[:n]
        self.vectors[kept] = self.vectors[n]
        self.matrix[:] = 0
        self.matrix[np.arange(kept), np.arange(kept)] = values
        self.n, self.restarted = kept, True


def extreme_pairs(
    product: Product,
    size: int,
    counts: tuple[int, int],
    tolerance: float,
    max_cycles: int,
    generator: np.random.Generator,
) -> Pairs:
    """The lowest ``counts[0]`` and highest ``counts[1]`` pairs by thick-restart Lanczos.

    When all seem found, the search goes on for some steps from a new random vector: one vector
    alone sees only one of equal eigenvalues, and would pass over the others in silence.
    """
    n = sum(counts)
    room = min(size, max(2 * n + 20, min(100, BASIS_BYTES // (8 * size))))
    basis = _Basis(product, size, room, generator)
    before: Float64Array | None = None
    for _ in range(max_cycles):
        if _search(basis, counts, tolerance):
            values, columns = basis.ritz()
            wanted = _wanted(len(values), counts)
            found = values[wanted]
            allowed = tolerance * np.abs(values).max()
            same = before is not None and bool((np.abs(found - before) <= allowed).all())
            if same or basis.n >= size:
                return _pairs(basis, counts, tolerance)
            before = found
            basis.shrink(columns[:, wanted], found)
            basis.fresh()
            for _ in range(min(FRESH_STEPS, room - basis.n)):
                basis.step()
        else:
            values, columns = basis.ritz()
            low, high = counts
            more = max(0, (basis.room - n - 1) // 2)
            kept = _wanted(
                len(values), (low + (more if low else 0), high + (more if high else 0))
            )
            basis.shrink(columns[:, kept], values[kept])
    return _pairs(basis, counts, tolerance)


def _search(basis: _Basis, counts: tuple[int, int], tolerance: float) -> bool:
    """Add directions until the wanted pairs have converged, or there is no more room."""
    while True:
        if basis.n >= sum(counts):
            if _residuals(basis, counts, tolerance).all():
                return True
            if basis.n >= basis.room:
                return False
        basis.step()


def _residuals(basis: _Basis, counts: tuple[int, int], tolerance: float) -> BoolArray:
    """Which of the wanted pairs have residuals as small as they must be."""
    values, columns = basis.ritz()
    wanted = _wanted(len(values), counts)
    if basis.restarted:
        return np.zeros(wanted.size, dtype=bool)
    size = basis.coupling * np.abs(columns[-1, wanted])
    good: BoolArray = size <= 0.8 * tolerance * np.abs(values).max()
    return good


def _wanted(n: int, counts: tuple[int, int]) -> NDArray[np.intp]:
    low, high = counts
    places: NDArray[np.intp] = np.arange(n)
    return places[(places < low) | (places >= n - high)]


def _pairs(basis: _Basis, counts: tuple[int, int], tolerance: float) -> Pairs:
    values, columns = basis.ritz()
    wanted = _wanted(len(values), counts)
    good = _residuals(basis, counts, tolerance)
    vectors = columns[:, wanted].T @ basis.vectors[: basis.n]
    norm = float(np.abs(values).max())
    return Pairs(values[wanted], vectors, basis.n_products, norm, good)


def quadratures(
    product: Product, starts: Float64Array, n_steps: int
) -> tuple[Float64Array, Float64Array]:
    """Gauss quadratures (k, n_steps) of the spectral measures of k unit vectors, in lockstep.

    Nodes beyond an invariant subspace have weight zero.
    """
    k, size = starts.shape
    basis = np.zeros((k, n_steps, size))
    matrices = np.zeros((k, n_steps, n_steps))
    current = starts
    for step in range(n_steps):
        basis[:, step] = current
        vectors = np.array(product(current), dtype=np.float64)
        norms = np.linalg.norm(vectors, axis=1)
        for _ in range(2):
            inside = np.einsum("ksp,kp->ks", basis[:, : step + 1], vectors, optimize=True)
            vectors -= np.einsum("ks,ksp->kp", inside, basis[:, : step + 1], optimize=True)
            matrices[:, step, step] += inside[:, step]
        left = np.linalg.norm(vectors, axis=1)
        left[left <= _TINY * np.maximum(norms, np.abs(matrices).max(axis=(1, 2)))] = 0
        if step + 1 < n_steps:
            matrices[:, step, step + 1] = matrices[:, step + 1, step] = left
        current = vectors / np.where(left > 0, left, np.inf)[:, None]
    nodes, columns = np.linalg.eigh(matrices)
    return nodes, columns[:, 0] ** 2


def grid_over(
    nodes: Float64Array, weights: Float64Array, width: float | None
) -> tuple[Float64Array, float]:
    """Points four to a width, or as many as may be, over all nodes that weigh something."""
    there = nodes[weights > 1e-14]
    low, high = float(there.min()), float(there.max())
    if width is None:
        width = (high - low) / 100 or max(abs(high), 1.0) / 100
    low, high = low - _REACH * width, high + _REACH * width
    n = min(math.ceil(4 * (high - low) / width) + 1, _MOST_POINTS)
    return np.linspace(low, high, n), width


def smeared(
    values: Float64Array, nodes: Float64Array, weights: Float64Array, width: float
) -> Float64Array:
    """A Gaussian in place of each node."""
    density = np.zeros_like(values)
    for node, weight in zip(nodes, weights, strict=True):
        density += weight * np.exp(-0.5 * ((values - node) / width) ** 2)
    density /= width * math.sqrt(2 * math.pi)
    return density
