"""Overlaps counted as they come: what P(q) needs of them, without keeping them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.overlaps import _histogram_kernels as kernels
from spinglass_nn.typing import Float64Array, FloatArray


@result()
class OverlapCounts:
    """Histograms and sums of powers of overlaps, a row for each independent unit.

    Counts of further overlaps of the same units are added with ``+``; counts of other units
    are put below with `joined`. Both give what counting all at once would have given (sums to
    rounding).

    Parameters
    ----------
    edges : array (n_bins + 1,)
        Edges of the bins. For Ising spins each bin holds one of the values q can take.
    counts : array (n_units, n_bins)
        Overlaps in each bin; or weights, such as exact probabilities.
    totals : array (n_units,)
        Overlaps counted, those outside the edges too.
    sums : array (n_units, 4)
        Sums of q, ``|q|``, q^2 and q^4.
    n_spins : int or None
        Number of Ising spins, None for continuous overlaps.

    Raises
    ------
    ShapeError
        If the shapes do not fit each other.
    DataError
        If counts are negative or not finite.
    """

    edges: Float64Array
    counts: NDArray[Any]
    totals: NDArray[Any]
    sums: Float64Array
    n_spins: int | None = None

    def __post_init__(self) -> None:
        n_bins = check.array(self.edges, "edges", shape=(None,)).size - 1
        counts = check.array(
            self.counts, "counts", shape=(None, n_bins), dtype=np.asarray(self.counts).dtype
        )
        check.array(self.totals, "totals", shape=(len(counts),))
        check.array(self.sums, "sums", shape=(len(counts), 4))
        if counts.size and counts.min() < 0:
            raise DataError(f"counts must not be negative, got {counts.min():g}")

    def __repr__(self) -> str:
        n_units, n_bins = self.counts.shape
        return f"<{self.totals.sum():g} overlaps of {n_units} units in {n_bins} bins>"

    def __add__(self, other: OverlapCounts) -> OverlapCounts:
        if not isinstance(other, OverlapCounts):
            return NotImplemented
        self._must_match(other)
        if self.counts.shape != other.counts.shape:
            raise ShapeError(
                "counts to add must be of the same units, got "
                f"{len(self.counts)} and {len(other.counts)}"
            )
        return OverlapCounts(
            self.edges,
            self.counts + other.counts,
            self.totals + other.totals,
            self.sums + other.sums,
            self.n_spins,
        )

    def __radd__(self, other: int) -> OverlapCounts:
        """Let `sum` begin with its zero."""
        return self if other == 0 else NotImplemented

    def joined(self, *others: OverlapCounts) -> OverlapCounts:
        """Counts of these units and of other ones.

        Parameters
        ----------
        *others : OverlapCounts
            In the same bins; such as counts of other samples from another process.

        Returns
        -------
        OverlapCounts
            The rows of all, in order.

        Raises
        ------
        ParameterError
            If the bins differ.
        """
        for other in others:
            self._must_match(other)
        parts = (self, *others)
        return OverlapCounts(
            self.edges,
            np.concatenate([part.counts for part in parts]),
            np.concatenate([part.totals for part in parts]),
            np.concatenate([part.sums for part in parts]),
            self.n_spins,
        )

    def _must_match(self, other: OverlapCounts) -> None:
        if self.n_spins != other.n_spins or not np.array_equal(self.edges, other.edges):
            raise ParameterError("counts must have the same bins, got different ones")

    @classmethod
    def from_histogram(cls, counts: ArrayLike, *, n_spins: int) -> OverlapCounts:
        """Counts made elsewhere, for each sample, of the overlap of Ising spins.

        Parameters
        ----------
        counts : array (n_units, n_bins)
            The bin of value j of the N + 1 values q = -1 + 2 j / N is
            ``j * n_bins // (N + 1)``, as in ``overlap_counts[:, temperature]`` of a
            `spinglass_nn.dynamics.MonteCarloRun`; with N + 1 bins each value has its own, and
            weights such as ``overlap_probabilities`` of `spinglass_nn.spins.exact.enumerate`
            will do. With fewer bins, the counts of a bin are spread evenly over its values;
            moments then err by about the square of the width of a bin, 1e-4 for 128 bins.
        n_spins : int
            N.

        Returns
        -------
        OverlapCounts
            In one bin for each value of q.

        Raises
        ------
        DataError
            If a unit has no counts, or negative ones.
        ShapeError
            If there are more bins than values.

        Examples
        --------
        >>> import numpy as np, spinglass_nn as sg
        >>> models = [sg.spins.SherringtonKirkpatrick(8, sample=k, rng=1) for k in range(5)]
        >>> exact = [sg.spins.exact.enumerate(m, 0.5).overlap_probabilities[0] for m in models]
        >>> counts = sg.overlaps.OverlapCounts.from_histogram(exact, n_spins=8)
        >>> sg.overlaps.distribution(counts).centers.size
        9
        """
        n_spins = check.count(n_spins, "n_spins")
        given = check.array(counts, "counts", shape=(None, None))
        n_given = given.shape[1]
        if not 1 <= n_given <= n_spins + 1:
            raise ShapeError(
                f"counts must have 1 to {n_spins + 1} bins for {n_spins} spins, got {n_given}"
            )
        if given.size and given.min() < 0:
            raise DataError(f"counts must not be negative, got {given.min():g}")
        bins = np.arange(n_spins + 1) * n_given // (n_spins + 1)
        spread = given[:, bins] / np.bincount(bins, minlength=n_given)[bins]
        q = _values(n_spins)
        powers = np.stack([q, np.abs(q), q**2, q**4], axis=1)
        totals = given.sum(axis=1)
        return cls(_value_edges(n_spins), spread, totals, spread @ powers, n_spins)


def count_overlaps(
    overlaps: ArrayLike,
    *,
    n_spins: int | None = None,
    bins: int = 50,
    limits: tuple[float, float] = (-1.0, 1.0),
) -> OverlapCounts:
    """Count overlaps, to be added to the counts of others: P(q) of more than memory holds.

    Parameters
    ----------
    overlaps : float32 or float64 array (n_units, ...)
        Overlaps of each independent unit (a disorder sample), a part of them or all.
    n_spins : int, optional
        Number of Ising spins the overlaps are of: each of the N + 1 values is counted on its
        own. By default overlaps are continuous.
    bins, limits
        For continuous overlaps: bins of equal width between limits.

    Returns
    -------
    OverlapCounts
        Counts and sums of powers.

    Raises
    ------
    DataError
        If an overlap is no number in [-1, 1], or no overlap of so many spins.

    Examples
    --------
    Ten million overlaps of 64 spins and 4 samples, never more than a million at a time:

    >>> import numpy as np, spinglass_nn as sg
    >>> rng = np.random.default_rng(1)
    >>> parts = (rng.binomial(64, 0.5, size=(4, 250_000)) / 32 - 1 for _ in range(10))
    >>> counts = sum((sg.overlaps.count_overlaps(p, n_spins=64) for p in parts))
    >>> counts
    <1e+07 overlaps of 4 units in 65 bins>
    """
    values = _readable(overlaps)
    rows = values.reshape(len(values), -1) if values.size else values.reshape(len(values), 0)
    return count_rows(list(rows), n_spins=n_spins, bins=bins, limits=limits)


def count_rows(
    rows: Sequence[FloatArray],
    *,
    n_spins: int | None,
    bins: int,
    limits: tuple[float, float],
) -> OverlapCounts:
    """Count rows of overlaps that need not have the same length."""
    if n_spins is None:
        edges = equal_edges(bins, limits)
    else:
        edges = _value_edges(check.count(n_spins, "n_spins"))
    counts = np.zeros((len(rows), edges.size - 1), dtype=np.int64)
    sums = np.zeros((len(rows), 4))
    for row, count, total in zip(rows, counts, sums, strict=True):
        if n_spins is None:
            refused = kernels.count_between(row, edges, count, total)
        else:
            refused = kernels.count_values(row, n_spins, count, total)
        if refused:
            _refuse(row, n_spins, refused)
    totals = np.array([row.size for row in rows], dtype=np.int64)
    return OverlapCounts(edges, counts, totals, sums, n_spins)


def equal_edges(bins: int, limits: tuple[float, float]) -> Float64Array:
    """Edges of bins of equal width."""
    low, high = (check.number(value, "limits") for value in limits)
    if low >= high:
        raise ParameterError(f"limits must rise, got ({low:g}, {high:g})")
    return np.linspace(low, high, check.count(bins, "bins") + 1)


def _readable(overlaps: ArrayLike) -> FloatArray:
    given = np.asarray(overlaps)
    if given.ndim == 0:
        raise ShapeError("overlaps must have an axis that counts units, got a single number")
    if given.dtype in (np.float32, np.float64):
        return np.ascontiguousarray(given)  # the kernel looks at each number anyway
    found: FloatArray = check.array(overlaps, "overlaps")
    return found


def _values(n_spins: int) -> Float64Array:
    """The values q can take."""
    return np.arange(-n_spins, n_spins + 1, 2) / n_spins


def _value_edges(n_spins: int) -> Float64Array:
    """Edges half-way between the values."""
    return np.arange(-n_spins - 1, n_spins + 2, 2) / n_spins


def _refuse(row: FloatArray, n_spins: int | None, refused: int) -> None:
    """Say what is wrong with a row the kernel did not like."""
    check.all_finite(row, "overlaps")
    worst = float(np.abs(row).max())
    if worst > 1 + 1e-9:
        raise DataError(f"overlaps must lie in [-1, 1], got {worst:g} in size")
    raise DataError(
        f"overlaps of {n_spins} spins must be whole multiples of 2/{n_spins} above -1, got "
        f"{refused} that are not"
    )
