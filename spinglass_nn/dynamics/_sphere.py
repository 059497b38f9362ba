"""Points on the sphere sum_i s_i^2 = N, in blocks of eight, and how they move on it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.spins.p_spin import PSpin
from spinglass_nn.typing import Float64Array

# Couplings are read once for so many points. A block is always full, so that the digits of a
# point depend on its place in the block alone, not on how many others there are.
BLOCK = 8
_ON_SPHERE = 1e-6  # relative; what is nearer is scaled to the sphere


class Landscape:
    """A spherical model as seen by a block of points (BLOCK, n_spins)."""

    def __init__(self, model: PSpin) -> None:
        self.model = model
        self.n_spins, self.p = model.n_spins, model.p
        self.matrix = model.matrix() if model.p == 2 else None

    def fields(self, points: Float64Array) -> Float64Array:
        """-dH/ds at each point."""
        if self.matrix is None:
            return self.model.local_fields(points)
        product: Float64Array = points @ self.matrix
        return product

    def energies(self, points: Float64Array, fields: Float64Array) -> Float64Array:
        """H at each point, from the fields there: H is homogeneous of degree p."""
        return -products(points, fields) / self.p

    def moved(
        self, points: Float64Array, velocities: Float64Array, time: Any
    ) -> tuple[Float64Array, Float64Array]:
        """Points and velocities after moving freely along great circles."""
        root = math.sqrt(self.n_spins)
        speed = np.sqrt(products(velocities, velocities))
        angle = speed * time / root
        cosine, sine = np.cos(angle)[:, None], np.sin(angle)
        along = (time * np.sinc(angle / np.pi))[:, None]
        there = cosine * points + along * velocities
        there *= (root / np.sqrt(products(there, there)))[:, None]  # rounding does not add up
        turned = cosine * velocities - (speed * sine / root)[:, None] * points
        return there, turned


def products(a: Float64Array, b: Float64Array) -> Float64Array:
    """Scalar products row by row."""
    found: Float64Array = np.einsum("ij,ij->i", a, b)
    return found


def tangent(vectors: Float64Array, points: Float64Array) -> Float64Array:
    """Vectors without their parts along the points."""
    along = (products(vectors, points) / points.shape[1])[:, None]
    across: Float64Array = vectors - along * points
    return across


def blocks_of(n_points: int) -> list[slice]:
    """The points of each block; the last may have fewer."""
    return [slice(k, min(k + BLOCK, n_points)) for k in range(0, n_points, BLOCK)]


def filled(rows: Float64Array) -> Float64Array:
    """Rows as a full block of their own, the last row repeated."""
    places = np.minimum(np.arange(BLOCK), len(rows) - 1)
    return np.ascontiguousarray(rows[places])


def check_spherical(model: object) -> PSpin:
    """Refuse models other than spherical ones."""
    if not isinstance(model, PSpin) or model.spins != "spherical":
        raise ParameterError(f"model must be a spherical PSpin, got {model!r}")
    check.all_finite(model.couplings, "couplings")
    return model


def start_points(
    model: PSpin, start: ArrayLike | None, n_points: int, rng: Any, name: str = "n_replicas"
) -> Float64Array:
    """Points (n_points, n_spins) on the sphere: drawn, or as given, one for all or one each."""
    if start is None:
        drawn: Float64Array = model.random_point(n_points, rng=rng)
        return drawn
    given = np.atleast_2d(check.array(start, "start"))
    if given.ndim != 2 or given.shape[1] != model.n_spins or len(given) not in (1, n_points):
        raise ShapeError(
            f"start must have shape ({model.n_spins},) or ({n_points}, {model.n_spins}) for "
            f"{name}={n_points}, got {np.shape(start)}"
        )
    squared = products(given, given)
    wrong = np.abs(squared / model.n_spins - 1) > _ON_SPHERE
    if wrong.any():
        raise DataError(
            f"start must lie on the sphere of squared radius {model.n_spins}, "
            f"got {squared[wrong][0]:g}"
        )
    scaled = given * np.sqrt(model.n_spins / squared)[:, None]
    return np.array(np.broadcast_to(scaled, (n_points, model.n_spins)))
