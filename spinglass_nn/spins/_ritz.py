"""One subspace for the lowest eigenvectors of the pencil x D - y J at all x and y.

D is diagonal, x = beta^2 and y = beta at an inverse temperature beta. The projections of D and J
onto the subspace give the lowest Ritz value at any beta for the price of a small eigenvalue
problem, an upper bound to the true one; directions are added where the residual is too large.
What was found at one temperature so serves at all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg

from spinglass_nn._core.lanczos import Product
from spinglass_nn.typing import Float64Array

_ROOM = 240  # directions, after which the best of them are kept
_KEPT = 60
_STEPS = 6  # products between two looks at the residual
_TINY = 1e-12


class Lowest(NamedTuple):
    """The lowest Ritz pair of x D - y J."""

    value: float
    of_diagonal: float  # v D v
    of_bonds: float  # v J v
    residual: float
    vector: Float64Array
    miss: Float64Array  # (x D - y J - value) v


class RitzSpace:
    """A growing orthonormal basis V with J V and the projections of D and J."""

    def __init__(self, product: Product, diagonal: Float64Array, start: Float64Array) -> None:
        self.product, self.diagonal = product, diagonal
        self.room = min(_ROOM, diagonal.size)
        self.vectors = np.zeros((self.room, diagonal.size))
        self.images = np.zeros_like(self.vectors)
        self.of_diagonal = np.zeros((self.room, self.room))
        self.of_bonds = np.zeros((self.room, self.room))
        self.n, self.n_products = 0, 0
        self._add(start)

    @property
    def complete(self) -> bool:
        """Whether all directions are in it."""
        return self.n == self.diagonal.size

    def _add(self, vector: Float64Array) -> bool:
        """Add what is new in a vector; False if there is nothing, or no room."""
        if self.n >= self.room:
            return False
        size = np.linalg.norm(vector)
        for _ in range(2):
            vector = vector - (self.vectors[: self.n] @ vector) @ self.vectors[: self.n]
        left = np.linalg.norm(vector)
        if not left > _TINY * size:
            return False
        n = self.n
        self.vectors[n] = vector / left
        self.images[n] = self.product(self.vectors[n])
        self.n, self.n_products = n + 1, self.n_products + 1
        basis = self.vectors[: self.n]
        self.of_diagonal[n, : self.n] = basis @ (self.diagonal * self.vectors[n])
        self.of_bonds[n, : self.n] = basis @ self.images[n]
        self.of_diagonal[: self.n, n] = self.of_diagonal[n, : self.n]
        self.of_bonds[: self.n, n] = self.of_bonds[n, : self.n]
        return True

    def ritz(self, x: float, y: float) -> tuple[float, float, float, Float64Array]:
        """Lowest Ritz value, its two parts and its coefficients; no products."""
        d, j = self.of_diagonal[: self.n, : self.n], self.of_bonds[: self.n, : self.n]
        values, columns = scipy.linalg.eigh(
            x * d - y * j, subset_by_index=[0, 0], check_finite=False
        )
        c = columns[:, 0]
        return float(values[0]), float(c @ d @ c), float(c @ j @ c), c

    def lowest(self, x: float, y: float) -> Lowest:
        """The pair and its residual; no products."""
        value, d, j, c = self.ritz(x, y)
        vector, image = c @ self.vectors[: self.n], c @ self.images[: self.n]
        miss = (x * self.diagonal - value) * vector - y * image
        return Lowest(value, d, j, float(np.linalg.norm(miss)), vector, miss)

    def grow(self, x: float, y: float) -> None:
        """Some steps of Lanczos, beginning where the residual points."""
        if self.n + _STEPS > self.room and self.room < self.diagonal.size:
            self._shrink(x, y)
        added = self._add(self.lowest(x, y).miss)
        for _ in range(_STEPS - 1):
            if not added:
                return
            last = self.n - 1
            added = self._add(x * self.diagonal * self.vectors[last] - y * self.images[last])

    def _shrink(self, x: float, y: float) -> None:
        n, kept = self.n, _KEPT
        d, j = self.of_diagonal[:n, :n], self.of_bonds[:n, :n]
        _, columns = scipy.linalg.eigh(x * d - y * j, subset_by_index=[0, kept - 1])
        self.of_diagonal[:kept, :kept] = columns.T @ d @ columns
        self.of_bonds[:kept, :kept] = columns.T @ j @ columns
        self.vectors[:kept] = columns.T @ self.vectors[:n]
        self.images[:kept] = columns.T @ self.images[:n]
        self.n = kept

    def converge(self, x: float, y: float, tolerance: float, most: int) -> Lowest:
        """The pair with a residual within the tolerance, or after ``most`` rounds of growth."""
        found = self.lowest(x, y)
        for _ in range(most):
            if found.residual <= tolerance or self.complete:
                break
            self.grow(x, y)
            found = self.lowest(x, y)
        return found
