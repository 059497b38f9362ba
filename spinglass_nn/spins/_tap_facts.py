"""What is measured of TAP solutions: free energies, filters, overlaps, and all in one result."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import threads
from spinglass_nn._core.lanczos import extreme_pairs
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.spins import _tap_equations as tap
from spinglass_nn.spins import _tap_search as search
from spinglass_nn.spins._tap_equations import Equations
from spinglass_nn.spins.bond_matrix import BondMatrix
from spinglass_nn.spins.tap_solutions import TRIVIAL, TAPSolutions
from spinglass_nn.typing import Float64Array, IntArray

_LANCZOS = 1e-6
_MOST_CYCLES = 60


class Found(NamedTuple):
    """Distinct solutions of one scheme at one temperature, and how the starts fared."""

    rows: Float64Array
    hits: IntArray
    ends: search.Ends
    residual: Float64Array


def assembled(
    bonds: BondMatrix,
    schemes: tuple[str, ...],
    temperatures: Float64Array,
    found: list[Found],
    seed: Seed,
    plefka_tolerance: float,
    n_vectors: int,
    n_threads: int | None,
) -> TAPSolutions:
    """The result: schemes one after the other, and temperatures within each."""
    shape = (len(schemes), temperatures.size)
    counts = np.array([len(one.rows) for one in found])
    place = np.repeat(np.arange(len(found)), counts)
    rows = np.concatenate([one.rows for one in found])
    beta = 1 / temperatures[place % temperatures.size]
    with threads.one_blas_thread():
        vectors = _leading(bonds, n_vectors, seed)
    if is_folded(bonds):  # of a pair, the one along the leading eigenvector
        rows = np.where((rows @ vectors[0] < 0)[:, None], -rows, rows)
    facts = threads.run(
        lambda k: _facts(bonds, rows[k], float(beta[k]), seed), range(len(rows)), n_threads
    )
    columns = np.array(facts).reshape(-1, 5).T
    size = np.linalg.norm(rows, axis=1)
    trapped = [one.hits[is_trivial(one.rows)].sum() for one in found]
    return TAPSolutions(
        schemes=schemes,
        temperatures=temperatures,
        n_starts=np.array([one.ends.converged.size for one in found]).reshape(shape),
        n_converged=np.array([one.ends.converged.sum() for one in found]).reshape(shape),
        n_trapped=np.array(trapped).reshape(shape),
        n_iterations=np.array([_median(one.ends.n_iterations) for one in found]).reshape(shape),
        folded=is_folded(bonds),
        scheme=place // temperatures.size,
        temperature_index=place % temperatures.size,
        magnetizations=rows,
        n_hits=np.concatenate([one.hits for one in found]),
        q=(rows**2).mean(axis=1),
        free_energy=columns[0],
        energy=columns[1],
        plefka=columns[2],
        stability=columns[3],
        residual=np.concatenate([one.residual for one in found]),
        tap_residual=columns[4],
        overlaps=rows @ vectors.T / np.where(size > 0, size, 1)[:, None],
        plefka_tolerance=plefka_tolerance,
    )


def is_folded(bonds: BondMatrix) -> bool:
    """Whether a solution and its mirror image are one."""
    return not bonds.fields.any()


def is_trivial(rows: Float64Array) -> NDArray[np.bool_]:
    """Which rows are m = 0."""
    trivial: NDArray[np.bool_] = np.mean(rows**2, axis=1) < TRIVIAL
    return trivial


def _median(numbers: IntArray) -> float:
    return float(np.median(numbers)) if numbers.size else 0.0


def _leading(bonds: BondMatrix, n_vectors: int, seed: Seed) -> Float64Array:
    """Leading eigenvectors of J in rows, the largest eigenvalue first."""
    found = extreme_pairs(
        bonds.product, bonds.n_spins, (0, n_vectors), _LANCZOS, _MOST_CYCLES,
        seed.generator(Stream.SPECTRUM, 3),
    )  # fmt: skip
    return found.vectors[::-1]


def _facts(bonds: BondMatrix, m: Float64Array, beta: float, seed: Seed) -> tuple[float, ...]:
    """Free energy, energy, Plefka's index, stability, and violation of the plain equations."""
    row, plain = m[None], Equations(bonds, beta)
    lowest = extreme_pairs(
        lambda v: plain.scaled(row, v[None])[0], m.size, (1, 0), _LANCZOS, _MOST_CYCLES,
        seed.generator(Stream.SPECTRUM, 4),
    )  # fmt: skip
    with np.errstate(divide="ignore"):  # spins that are one to rounding
        miss = np.arctanh(m) - plain.argument(row)[0]
    left = np.abs(miss[np.abs(m) < 1]).max(initial=0.0)
    return (
        float(tap.free_energy(bonds, row, beta)[0]),
        float(tap.energy(bonds, row, beta)[0]),
        tap.plefka(bonds, m, beta),
        float(lowest.values[0]) if lowest.converged.all() else math.nan,
        float(left),
    )
