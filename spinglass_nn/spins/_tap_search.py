"""Solutions of the TAP equations: starts, damped iteration, Newton's method, and which are one."""

from __future__ import annotations

from threading import Event
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, minres

from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.spins._tap_equations import Equations
from spinglass_nn.spins.bond_matrix import BondMatrix
from spinglass_nn.typing import Float64Array, IntArray

STARTS = ("mixed", "uniform", "quenched")
CHUNK = 64  # starts side by side; matrix products are half as fast with 16
SAME = 1e-4  # solutions nearer than this are one
SOLVED = 1e-6  # largest violation of the equations by what is called a solution
_FAR = 0.05  # Newton's method may not change any magnetization by more
_QUENCHED = 0.95  # magnetization of the spins of a stable configuration
_MOST_QUENCHES = 10_000
_NEWTON_STEPS = 8
_EXACT = 1e-12


class Ends(NamedTuple):
    """Where the starts have come to."""

    magnetizations: Float64Array
    converged: NDArray[np.bool_]
    n_iterations: IntArray


def starts(bonds: BondMatrix, n_starts: int, kind: str, seed: Seed) -> Float64Array:
    """First magnetizations; start k is the same whatever else is drawn.

    "uniform": U(-1, 1). "quenched": 0.95 times a configuration in which no single flip lowers
    the energy. "mixed": every second start is quenched.
    """
    rows = np.empty((n_starts, bonds.n_spins))
    places = np.arange(n_starts)
    every = {"uniform": places < 0, "quenched": places >= 0, "mixed": places % 2 == 1}
    quenched = every[kind]
    for k, row in enumerate(rows):
        row[:] = seed.generator(Stream.TAP_STARTS, k).uniform(-1, 1, bonds.n_spins)
    if quenched.any():
        rows[quenched] = _QUENCHED * quench(bonds, np.where(rows[quenched] < 0, -1.0, 1.0))
    return rows


def quench(bonds: BondMatrix, spins: Float64Array) -> Float64Array:
    """One-spin-flip-stable configurations downhill from the given ones, in rows.

    Of the spins against their fields, the worst share is flipped at once where that lowers the
    energy; where it does not the share is halved, down to the worst spin alone, which always does.
    """
    spins = spins.copy()
    share = np.full(len(spins), 0.5)
    local = bonds.product(spins) + bonds.fields
    for _ in range(_MOST_QUENCHES):
        gain = -spins * local  # half of what a flip alone brings
        wrong = gain > _EXACT * np.abs(local).max()
        n_wrong = wrong.sum(axis=1)
        if not n_wrong.any():
            return spins
        n_flips = np.maximum((share * n_wrong).astype(np.int64), np.minimum(n_wrong, 1))
        ranks = np.argsort(np.argsort(-gain, axis=1, kind="stable"), axis=1, kind="stable")
        trial = np.where(ranks < n_flips[:, None], -spins, spins)
        new = bonds.product(trial) + bonds.fields
        better = _energies(bonds, trial, new) < _energies(bonds, spins, local)
        better |= n_flips <= 1
        spins[better], local[better] = trial[better], new[better]
        share = np.where(better, np.minimum(2 * share, 0.5), share / 2)
    return spins


def _energies(bonds: BondMatrix, spins: Float64Array, local: Float64Array) -> Float64Array:
    total: Float64Array = -np.einsum("ij,ij->i", spins, local + bonds.fields) / 2
    return total


def iterate(
    equations: Equations,
    rows: Float64Array,
    damping: float,
    tolerance: float,
    max_iterations: int,
    stop: Event | None = None,
) -> Ends:
    """Damped iteration of all starts, chunk by chunk; given up where ``stop`` is set."""
    ends = Ends(
        rows.copy(),
        np.zeros(len(rows), dtype=bool),
        np.full(len(rows), max_iterations, dtype=np.int64),
    )
    for start in range(0, len(rows), CHUNK):
        running = np.arange(start, min(start + CHUNK, len(rows)))
        m = rows[running]
        for n in range(max_iterations):
            change = equations.step(m)
            change -= m
            done = np.abs(change).max(axis=1) <= tolerance
            if done.any():
                at = running[done]
                ends.magnetizations[at], ends.converged[at] = m[done], True
                ends.n_iterations[at] = n
                running, m, change = running[~done], m[~done], change[~done]
            if not running.size or (stop is not None and stop.is_set()):
                break
            change *= damping
            m += change
        ends.magnetizations[running] = m
    return ends


def polish(equations: Equations, m: Float64Array) -> tuple[Float64Array, float]:
    """Newton's method for u = artanh m, and the largest violation of the equations left.

    Steps solve S^(1/2) H S^(1/2) y = -S^(1/2) g; spins at one to rounding need no division.
    A step that does not help, or that leaves for another solution, is not taken.
    """
    u = equations.argument(m[None])[0]
    best, miss = m, np.inf
    for _ in range(_NEWTON_STEPS):
        now = np.tanh(u)
        g = u - equations.argument(now[None])[0]
        left = float(np.abs(g).max())
        if not left < miss or np.abs(now - m).max() > _FAR:
            break
        best, miss = now, left
        if left <= _EXACT:
            break
        u = u + _newton(equations, now, g)
    if not np.isfinite(miss):
        return m, float(np.abs(equations.step(m[None])[0] - m).max())
    return best, miss


def _newton(equations: Equations, m: Float64Array, g: Float64Array) -> Float64Array:
    root = np.sqrt((1 - m) * (1 + m))
    system = LinearOperator(
        (m.size, m.size), dtype=np.float64,
        matvec=lambda v: equations.scaled(m[None], np.ravel(v)[None])[0],
    )  # fmt: skip
    y, _ = minres(system, -root * g, rtol=1e-8, maxiter=500)
    step: Float64Array = -g + equations.change(m[None], (root * y)[None])[0]
    return step


def distinct(rows: Float64Array, folded: bool) -> tuple[IntArray, IntArray]:
    """Rows that differ from all before them, and for each row which of these it is.

    ``folded``: a row and minus it are one.
    """
    kept: list[int] = []
    labels = np.empty(len(rows), dtype=np.int64)
    for k, row in enumerate(rows):
        known = rows[kept]
        far = np.abs(known - row).max(axis=1)
        if folded:
            far = np.minimum(far, np.abs(known + row).max(axis=1))
        near = np.flatnonzero(far < SAME)
        if not near.size:
            kept.append(k)
        labels[k] = near[0] if near.size else len(kept) - 1
    return np.array(kept, dtype=np.int64), labels
