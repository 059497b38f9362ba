"""The lowest eigenvalue of A(beta) = 1 + beta^2 diag(a) - beta J: its roots and minima."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

from scipy.optimize import brentq

from spinglass_nn._core import random
from spinglass_nn._core.random import Stream
from spinglass_nn.errors import NotConverged
from spinglass_nn.spins._ritz import RitzSpace
from spinglass_nn.spins.bond_matrix import BondMatrix
from spinglass_nn.typing import RNG, Float64Array

_STEP = 1.06  # between the inverse temperatures of the scan
_ROUGH = 3e-2  # residual in the scan
_ROUNDS_IN_SCAN = 12
_MOST_ROUNDS = 200
_EXTENSIONS = 4
_WIDEST = 40  # steps by which a bracket may grow


class Point(NamedTuple):
    """The lowest eigenvalue at one beta, its derivative, and its eigenvector."""

    beta: float
    value: float
    slope: float
    residual: float
    vector: Float64Array


class Curve:
    """The lowest eigenvalue against beta, from one subspace that grows as needed."""

    def __init__(self, bonds: BondMatrix, rng: RNG) -> None:
        draw = random.seed_of(rng).generator(Stream.SPECTRUM, 0)
        start = draw.standard_normal(bonds.n_spins)
        self.space = RitzSpace(bonds.product, bonds.row_squares, start)

    def largest(self, tolerance: float) -> float:
        """The largest eigenvalue of J."""
        return -self.space.converge(0.0, 1.0, tolerance, _MOST_ROUNDS).value

    def at(self, beta: float, tolerance: float, most: int = _MOST_ROUNDS) -> Point:
        """One point, with a residual within the tolerance if so many rounds are enough."""
        found = self.space.converge(beta**2, beta, tolerance, most)
        slope = 2 * beta * found.of_diagonal - found.of_bonds
        return Point(beta, 1 + found.value, slope, found.residual, found.vector)

    def value(self, beta: float) -> float:
        """As far as the subspace tells: an upper bound."""
        return 1 + self.space.ritz(beta**2, beta)[0]

    def slope(self, beta: float) -> float:
        """As far as the subspace tells."""
        _, of_diagonal, of_bonds, _ = self.space.ritz(beta**2, beta)
        return 2 * beta * of_diagonal - of_bonds

    def root(self, low: float, high: float, tolerance: float) -> Point:
        """Where the value falls through zero between two betas."""
        return self._solve(lambda beta: -self.value(beta), low, high, tolerance)

    def minimum(self, low: float, high: float, tolerance: float) -> Point:
        """Where the slope rises through zero between two betas."""
        return self._solve(self.slope, low, high, tolerance)

    def _solve(
        self, rising: Callable[[float], float], low: float, high: float, tolerance: float
    ) -> Point:
        """The root in the subspace, which grows there until it is good enough.

        Ends move outward where the root leaves them, as it may while the subspace grows, or
        once it has been begun anew and forgotten what it knew of them.
        """
        farthest = high * _STEP**_WIDEST
        for _ in range(_MOST_ROUNDS):
            while rising(low) > 0:
                low /= _STEP
            if rising(high) < 0:
                self.at(high, tolerance)
            while rising(high) < 0:
                high *= _STEP
                if high > farthest:
                    raise NotConverged(f"no end of the bracket found below T = {1 / high:.3g}")
            beta = float(brentq(rising, low, high, xtol=1e-3 * tolerance * low, rtol=1e-12))
            found = self.at(beta, tolerance, most=0)
            if found.residual <= tolerance or self.space.complete:
                break
            self.space.grow(beta**2, beta)
        return found

    def scan(self, first: float, last: float) -> list[Point]:
        """Points on a geometric grid, roughly, and on beyond its end until they rise."""
        n = max(2, math.ceil(math.log(last / first) / math.log(_STEP)))
        points = [self._rough(first * _STEP**k) for k in range(n + 1)]
        while points[-1].value < points[-2].value and len(points) < _EXTENSIONS * n:
            points.append(self._rough(points[-1].beta * _STEP))
        if points[-1].value >= points[-2].value:
            return points
        raise NotConverged(
            f"the lowest eigenvalue must rise below T = {1 / last:.3g}, and falls still at "
            f"{1 / points[-1].beta:.3g}", points,
        )  # fmt: skip

    def _rough(self, beta: float) -> Point:
        return self.at(beta, _ROUGH, _ROUNDS_IN_SCAN)

    def critical(self, first: float, last: float, tolerance: float) -> tuple[Point, Point]:
        """The first root, or else the lowest minimum; and the lowest minimum in any case."""
        points = self.scan(first, last)
        values = [point.value for point in points]
        lowest, last = min(range(len(points)), key=values.__getitem__), len(points) - 1
        minima: list[Point] = []
        for k in range(len(points)):
            before, after = max(k - 1, 0), min(k + 1, last)
            dip = values[before] >= values[k] <= values[after] and min(values[: k + 1]) > 0
            if dip or k == lowest:  # it may be below zero between the points of the grid
                low, high = points[before].beta, points[after].beta
                minima.append(self.minimum(low, high, tolerance))
        best = min(minima, key=lambda point: point.value)
        path = sorted([*points, *minima], key=lambda point: point.beta)
        for above, below in itertools.pairwise(path):
            if above.value >= 0 > below.value:
                return self.root(above.beta, below.beta, tolerance), best
        return best, best
