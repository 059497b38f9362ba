"""Positive controls with the law of replica symmetry breaking: Ruelle's cascades."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError
from spinglass_nn.typing import RNG, Float64Array, IntArray


@result()
class Cascade:
    """Replicas of one sample of a system with k steps of replica symmetry breaking.

    Parameters
    ----------
    overlaps : array (n_points, n_points)
        Overlaps, exactly ultrametric; one on the diagonal.
    clusters : array (n_steps, n_points)
        Cluster of each replica at each step, from the coarsest to the states.
    values : array (n_steps + 1,)
        The overlaps q_0 < ... < q_k that occur; q_k within a state.
    breakpoints : array (n_steps,)
        m_1 < ... < m_k.
    """

    overlaps: Float64Array
    clusters: IntArray
    values: Float64Array
    breakpoints: Float64Array

    @property
    def n_points(self) -> int:
        """Number of replicas."""
        return int(self.overlaps.shape[0])

    @property
    def n_steps(self) -> int:
        """Steps k of replica symmetry breaking."""
        return int(self.breakpoints.size)

    def __repr__(self) -> str:
        n_states = np.unique(self.clusters[-1]).size
        return (
            f"<{self.n_points} replicas in {n_states} states, {self.n_steps} steps of replica "
            "symmetry breaking>"
        )


def cascade(
    n_points: int,
    *,
    values: ArrayLike = (0.0, 1.0),
    breakpoints: ArrayLike = (0.5,),
    rng: RNG = None,
) -> Cascade:
    r"""Draw replicas from a Ruelle probability cascade: exact k-step RSB, no truncation.

    The weights of states in the Parisi solution are those of nested Poisson processes
    (Ruelle 1987). For n replicas of one sample they can be integrated out: the partition
    of replicas into states is that of a Poisson-Dirichlet law with parameter m_k, the Chinese
    restaurant process in which replica i + 1 joins a state of n_j replicas with probability
    (n_j - m_k)/i; and states join clusters of step r < k likewise, with parameter
    :math:`m_r/m_{r+1}` (Bolthausen and Sznitman 1998; Pitman 1999). Two replicas have
    overlap q_r, r the last step at which they share a cluster, so that over samples

    .. math:: [P(q)] = \sum_{r=0}^{k} (m_{r+1} - m_r)\, \delta(q - q_r),
              \quad m_0 = 0,\; m_{k+1} = 1,

    and the identities of Ghirlanda and Guerra hold.

    Parameters
    ----------
    n_points : int
        Number of replicas n.
    values : array (n_steps + 1,)
        q_0 < ... < q_k, in [0, 1].
    breakpoints : array (n_steps,)
        0 < m_1 < ... < m_k < 1.
    rng : Generator, SeedSequence, int or None
        Source of randomness: another sample for every seed.

    Returns
    -------
    Cascade
        Overlaps and clusters; `cascade_points` gives points that have them.

    Raises
    ------
    DataError
        If values or breakpoints do not increase, or are out of range or number.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> sg.overlaps.cascade(30, values=(0, 0.5, 0.8), breakpoints=(0.3, 0.7), rng=1)
    <30 replicas in 10 states, 2 steps of replica symmetry breaking>
    """
    count = check.count(n_points, "n_points", minimum=2)
    heights = check.array(values, "values", shape=(None,))
    steps = check.array(breakpoints, "breakpoints", shape=(None,))
    if steps.size < 1 or heights.size != steps.size + 1:
        raise DataError(
            "values must be one more than breakpoints, and those at least one, got "
            f"{heights.size} and {steps.size}"
        )
    _increasing(heights, "values", heights[0] >= 0 and heights[-1] <= 1, "in [0, 1]")
    _increasing(steps, "breakpoints", steps[0] > 0 and steps[-1] < 1, "between 0 and 1")
    generator = seed_of(rng).generator(Stream.RANDOM_POINTS)
    clusters = np.zeros((steps.size, count), dtype=np.int64)
    within, above = np.arange(count), 1.0
    for r in reversed(range(steps.size)):
        finer = int(within.max()) + 1
        within = _tables(finer, steps[r] / above, generator)[within]
        clusters[r], above = within, steps[r]
    overlaps = np.full((count, count), heights[0])
    for labels, height in zip(clusters, heights[1:], strict=True):
        overlaps[labels[:, None] == labels] = height
    np.fill_diagonal(overlaps, 1.0)
    return Cascade(overlaps, clusters, heights, steps)


def cascade_points(
    cascade: Cascade, n_dimensions: int = 10_000, *, kind: str = "gaussian", rng: RNG = None
) -> NDArray[np.float64] | NDArray[np.int8]:
    r"""Points whose overlaps are those of a cascade, up to noise of order 1/sqrt(N).

    Gaussian points diffuse along the tree of clusters, with variance
    :math:`q_r - q_{r-1}` at step r and :math:`1 - q_k` at the end. Ising spins are the
    signs of such points with overlaps :math:`\sin(\pi q_r/2)`, since signs of Gaussian
    numbers of correlation g agree with mean :math:`(2/\pi) \arcsin g`; each overlap then
    has the mean q_r exactly.

    Parameters
    ----------
    cascade : Cascade
        From `cascade`.
    n_dimensions : int, default 10,000
        Dimension N.
    kind : {"gaussian", "ising"}
        What the points are.
    rng : Generator, SeedSequence, int or None
        Source of randomness.

    Returns
    -------
    array (n_points, n_dimensions)
        float64 with components of variance one, or int8 spins.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> states = sg.overlaps.cascade(8, values=(0, 0.8), breakpoints=(0.5,), rng=1)
    >>> spins = sg.overlaps.cascade_points(states, 40_000, kind="ising", rng=2)
    >>> bool(abs(sg.overlaps.matrix(spins) - states.overlaps).max() < 0.03)
    True
    """
    check.choice(kind, "kind", ("gaussian", "ising"))
    n_dims = check.count(n_dimensions, "n_dimensions")
    heights = cascade.values if kind == "gaussian" else np.sin(math.pi / 2 * cascade.values)
    generator = seed_of(rng).generator(Stream.RANDOM_POINTS)
    steps = np.diff(heights, prepend=0.0, append=1.0)
    points = np.sqrt(steps[0]) * generator.standard_normal((1, n_dims))
    points = np.repeat(points, cascade.n_points, axis=0)
    for labels, step in zip(cascade.clusters, steps[1:], strict=False):
        nodes = generator.standard_normal((int(labels.max()) + 1, n_dims))
        points += np.sqrt(max(step, 0.0)) * nodes[labels]
    points += np.sqrt(max(steps[-1], 0.0)) * generator.standard_normal(points.shape)
    return np.where(points < 0, np.int8(-1), np.int8(1)) if kind == "ising" else points


def _tables(n_guests: int, parameter: float, generator: np.random.Generator) -> IntArray:
    """Chinese restaurant process with discount ``parameter`` and strength zero."""
    seats, sizes = np.zeros(n_guests, dtype=np.int64), [1]
    draws = generator.random(n_guests).tolist()
    for i in range(1, n_guests):
        rest = draws[i] * i
        for table, size in enumerate(sizes):
            rest -= size - parameter
            if rest < 0:
                sizes[table] += 1
                seats[i] = table
                break
        else:
            seats[i] = len(sizes)
            sizes.append(1)
    return seats


def _increasing(array: Float64Array, name: str, inside: bool, bounds: str) -> None:
    if not inside or np.any(np.diff(array) <= 0):
        raise DataError(f"{name} must increase and lie {bounds}, got {array.tolist()}")
