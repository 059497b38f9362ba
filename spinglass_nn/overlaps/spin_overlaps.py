"""Overlaps of spin configurations, counted: sites, links, and the global flip."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check, threads
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps import _bits
from spinglass_nn.overlaps.metric import checked_overlaps
from spinglass_nn.spins import EdwardsAnderson, SpinModel
from spinglass_nn.typing import Float64Array, IntArray


def differing_spins(rows: NDArray[Any], n_threads: int | None = 1) -> IntArray:
    """Number of spins in which two configurations ±1 differ, for all pairs; exact."""

    def up(points: slice, columns: slice) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = rows[points, columns] > 0
        return found

    return _bits.differences(up, len(rows), rows.shape[1], n_threads)


def link_overlaps(
    rows: NDArray[Any], model: SpinModel | ArrayLike, n_threads: int | None = 1
) -> Float64Array:
    """Mean over links of s_i s_j in one configuration times that in the other, all pairs."""
    n_spins = rows.shape[1]
    links = links_of(model, n_spins)
    if _is_complete(links, n_spins):
        # of all pairs: (sum_i s_i t_i)^2 = N + 2 sum_{i<j} s_i s_j t_i t_j
        product = n_spins - 2 * differing_spins(rows, n_threads)
        values: Float64Array = (product**2 - n_spins) / (n_spins * (n_spins - 1.0))
        return values

    def unequal(points: slice, columns: slice) -> NDArray[np.bool_]:
        up = rows[points] > 0
        i, j = links[columns].T
        found: NDArray[np.bool_] = up[:, i] != up[:, j]
        return found

    return 1 - 2 * _bits.differences(unequal, len(rows), len(links), n_threads) / len(links)


def links_of(model: SpinModel | ArrayLike, n_spins: int) -> IntArray:
    """The two spins of each link (n_links, 2), of a model or as handed in.

    Links of a lattice are its bonds, and both of those along a periodic axis of length 2
    count, as in `spinglass_nn.dynamics`; those of any other model are the bonds of its graph.
    """
    if isinstance(model, EdwardsAnderson):
        table, present = model.neighbors, model.couplings != 0
        found = np.concatenate([
            np.stack([np.flatnonzero(there), table[there, 2 * axis]], axis=1)
            for axis, there in enumerate(present)
        ])  # fmt: skip
    elif isinstance(model, SpinModel):
        graph = getattr(model, "graph", None)
        if graph is None:
            raise ParameterError(f"model must have pairs of spins for links, got {model!r}")
        found = np.stack(graph().bonds[:2], axis=1)
    else:
        found = check.array(model, "model", shape=(None, 2), dtype=np.int64)
    size = model.n_spins if isinstance(model, SpinModel) else n_spins
    if size != n_spins:
        raise ParameterError(f"model must have the {n_spins} spins of the points, got {size}")
    if not len(found) or found.min() < 0 or found.max() >= n_spins:
        raise DataError(f"model must have links between spins 0 ... {n_spins - 1}, got "
                        f"{len(found)} links, from {found.min(initial=0)} to "
                        f"{found.max(initial=0)}")  # fmt: skip
    return np.asarray(found, dtype=np.int64)


def _is_complete(links: IntArray, n_spins: int) -> bool:
    if len(links) != n_spins * (n_spins - 1) // 2:
        return False
    low, high = links.min(axis=1), links.max(axis=1)
    return len(np.unique(low * n_spins + high)) == len(links) and bool((low < high).all())


@result()
class FlipGauge:
    """A sign for each point, such that points with a global flip look alike.

    Parameters
    ----------
    signs : int8 array (n_points,)
        +1 or -1; the first is +1. Points times their signs are in the gauge.
    overlaps : array (n_points, n_points)
        s_a s_b q_ab.
    n_negative : int
        Pairs whose overlap is still negative: 0 where all could be made positive.
    """

    signs: NDArray[np.int8]
    overlaps: Float64Array
    n_negative: int

    def __repr__(self) -> str:
        n = len(self.signs)
        return (
            f"<flip gauge of {n} points: {int((self.signs < 0).sum())} flipped, "
            f"{self.n_negative} of {n * (n - 1) // 2} overlaps negative>"
        )


def flip_gauge(overlaps: ArrayLike) -> FlipGauge:
    r"""Choose a sign for each point such that overlaps are positive where that is possible.

    Without a field, spins s and -s have the same energy, and each point may be found on
    either side. Left in, the flip makes two of each state: clusters, a P(q) symmetric about
    zero, and trees that begin with a division that means nothing. Either take absolute
    overlaps, or this gauge, which maximises :math:`\sum_{a<b} s_a s_b q_{ab}`. If signs exist
    that make every overlap positive (or zero), they are found. Otherwise the problem is itself a
    spin glass; the best of two searches is returned, from a spanning tree of the largest
    \|q\| and from the leading eigenvector, each followed by flips of single points, the one that
    gains most first, until none gains. No random numbers are used.

    Parameters
    ----------
    overlaps : array (n_points, n_points)
        Symmetric, in [-1, 1], with unit diagonal, such as `matrix` makes.

    Returns
    -------
    FlipGauge
        Signs, overlaps in the gauge, and how many are still negative.

    Raises
    ------
    DataError
        If the matrix does not hold overlaps.

    References
    ----------
    S. Ciliberti and E. Marinari, arXiv:cond-mat/0304273: clustering of spin-glass states, where
    removing the flip decides what is seen.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> q = sg.overlaps.matrix([[1, 1, 1, -1], [-1, -1, -1, -1], [1, 1, 1, 1]], of="spins")
    >>> sg.overlaps.flip_gauge(q).signs
    array([ 1, -1,  1], dtype=int8)
    """
    q = checked_overlaps(overlaps)
    coupled = q - np.diag(np.diagonal(q))
    with threads.one_blas_thread():
        leading = scipy.linalg.eigh(q, subset_by_index=[len(q) - 1, len(q) - 1])[1][:, 0]
    starts = [_along_tree(coupled), np.where(leading < 0, -1.0, 1.0)]
    signs = max((_climbed(coupled, s) for s in starts), key=lambda s: float(s @ coupled @ s))
    signs = signs * signs[0]
    turned = q * np.outer(signs, signs)
    n_negative = int(np.count_nonzero(turned < 0)) // 2
    return FlipGauge(signs.astype(np.int8), turned, n_negative)


def _along_tree(q: Float64Array) -> Float64Array:
    """Signs that make positive every overlap on the spanning tree of largest ``|q|``."""
    signs = np.zeros(len(q))
    nearest, parent = np.full(len(q), -1.0), np.zeros(len(q), dtype=np.int64)
    signs[0], last = 1.0, 0
    for _ in range(len(q) - 1):
        size = np.abs(q[last])
        closer = (size > nearest) & (signs == 0)
        nearest[closer], parent[closer] = size[closer], last
        last = int(np.argmax(np.where(signs == 0, nearest, -2.0)))
        signs[last] = signs[parent[last]] * (-1.0 if q[parent[last], last] < 0 else 1.0)
    return signs


def _climbed(q: Float64Array, signs: Float64Array) -> Float64Array:
    """Flip the point that gains most, until none does."""
    signs = signs.copy()
    fields = signs * (q @ signs)
    while fields.min() < -1e-12 * len(q):  # less may be rounding, and go round in circles
        k = int(fields.argmin())
        signs[k] = -signs[k]
        fields += 2 * signs * q[k] * signs[k]
        fields[k] = -fields[k]
    return signs
