"""P(q): the distribution of overlaps, with an error from independent units."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps._leaving_out import jackknifed, jackknifed_one
from spinglass_nn.overlaps.counts import OverlapCounts, count_rows
from spinglass_nn.overlaps.metric import checked_overlaps
from spinglass_nn.statistics import Estimate
from spinglass_nn.typing import Float64Array, IntArray

_BINS = 50


@result(version=2)
class OverlapDistribution:
    """A histogram of overlaps with errors.

    Parameters
    ----------
    centers : array (n_bins,)
        Middles of the bins.
    edges : array (n_bins + 1,)
        Their edges.
    density : array (n_bins,)
        Probability density, averaged over units with equal weights; integrates to the share of
        overlaps inside the edges. Of ``|q|`` where ``folded``.
    error : array (n_bins,)
        Jackknife error of the density.
    mean, absolute_mean, second_moment, fourth_moment : Estimate
        [<q>], [<abs(q)>], [<q^2>] and [<q^4>], from the overlaps themselves, not from bins.
    binder : Estimate
        (3 - [<q^4>] / [<q^2>]^2) / 2: 0 for a Gaussian about zero, 1 for ``|q|`` of one size.
    cumulant : Estimate
        U_4 = 1 - [<q^4>] / (3 [<q^2>]^2), two thirds of it.
    n_units : int
        Number of independent units the errors come from.
    unit : str
        What was left out one at a time: "units" (disorder samples) or "replicas".
    shares : array (n_units, n_bins)
        Probability of each bin in each unit; of a replica, over its pairs with all others.
    unit_moments : array (n_units, 4)
        Means of q, ``|q|``, q^2 and q^4 in each unit.
    folded : bool
        Whether the bins are of ``|q|``.
    n_spins : int or None
        Number of Ising spins the overlaps are of, if that was said.
    """

    centers: Float64Array
    edges: Float64Array
    density: Float64Array
    error: Float64Array
    mean: Estimate
    absolute_mean: Estimate
    second_moment: Estimate
    fourth_moment: Estimate
    binder: Estimate
    cumulant: Estimate
    n_units: int
    unit: str
    shares: Float64Array
    unit_moments: Float64Array
    folded: bool = False
    n_spins: int | None = None

    def __repr__(self) -> str:
        return (
            f"<P({'|q|' if self.folded else 'q'}) in {self.centers.size} bins, "
            f"mean {self.absolute_mean if self.folded else self.mean}, "
            f"errors from {self.n_units} {self.unit}>"
        )

    @property
    def copies(self) -> int:
        """In how many rows of ``shares`` an overlap stands: 2 where rows are replicas."""
        return 2 if self.unit == "replicas" else 1

    @property
    def unit_densities(self) -> Float64Array:
        """The density of each unit, (n_units, n_bins)."""
        return self.shares / np.diff(self.edges)


def distribution(
    overlaps: ArrayLike | OverlapCounts,
    *,
    bins: int | None = None,
    limits: tuple[float, float] | None = None,
    n_spins: int | None = None,
    fold: bool = False,
) -> OverlapDistribution:
    """Distribution of overlaps, with jackknife errors over independent units.

    Averages over disorder weigh samples equally, whatever the number of overlaps of each. Only
    the spread from unit to unit makes the error; it contains the thermal noise within units.
    Ratios of averages such as the Binder parameter have a bias of the order of their error
    squared.

    The n (n - 1)/2 overlaps of n replicas are not independent, since pairs share replicas.
    For a matrix the unit is therefore a replica: each in turn is left out with all its
    pairs. The error holds for the mean over pairs at fixed disorder. It is right where some
    replicas overlap more with all others than the rest do, and too large, by up to sqrt(2),
    where all pairs fluctuate on their own (independent directions).

    Parameters
    ----------
    overlaps : array (n_replicas, n_replicas), (n_units, n_values) or (n_units,), or counts
        A square symmetric matrix with unit diagonal holds the overlaps of replicas;
        otherwise each row holds overlaps of one independent unit (a disorder sample), such as
        ``run.overlaps(temperature=)`` of a `spinglass_nn.dynamics.MonteCarloRun`. Or what
        `count_overlaps` or `OverlapCounts.from_histogram` made of them.
    bins : int, optional
        Number of bins of equal width; 50 by default. With ``n_spins`` at most so many; by
        default, counts of continuous overlaps stay in the bins they came in.
    limits : (float, float), optional
        Outer edges; (-1, 1) by default, (0, 1) if folded. Overlaps outside count in the norm of
        the density but in no bin. Not for Ising spins and counts.
    n_spins : int, optional
        Number N of Ising spins, whose q is one of -1, -1 + 2/N, ..., 1. Bins then hold the same
        number of these values each (the outermost may hold fewer), symmetrically about 0;
        bins of equal width would show a comb instead.
    fold : bool
        Take ``|q|``: for systems in which q and -q are the same.

    Returns
    -------
    OverlapDistribution
        Histogram, errors, moments.

    Raises
    ------
    DataError
        If there are fewer than three replicas or two units, NaN, or overlaps outside
        [-1, 1].
    ParameterError
        If ``bins`` or ``limits`` make no sense for what was given.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> points = np.random.default_rng(1).normal(size=(20, 1000))
    >>> pq = sg.overlaps.distribution(sg.overlaps.matrix(points), bins=20)
    >>> bool(abs(pq.mean.z()) < 4)
    True

    Thirty samples of 64 free spins, for which q is Gaussian:

    >>> rows = np.random.default_rng(1).binomial(64, 0.5, size=(30, 500)) / 32 - 1
    >>> pq = sg.overlaps.distribution(rows, n_spins=64, fold=True)
    >>> abs(pq.binder.mean) < 0.1
    True
    """
    counts, unit = _counted(overlaps, bins, limits, n_spins, fold)
    if unit == "units" and len(counts.counts) < 2:
        raise DataError(
            f"overlaps must come from at least 2 independent units, got {len(counts.counts)}"
        )
    if np.min(counts.totals) <= 0:
        empty = int(np.argmin(counts.totals))
        raise DataError(f"every unit must have overlaps, got none of unit {empty}")
    edges, numbers = _rebinned(counts, (bins or _BINS) * (1 + fold))
    if fold:
        edges, numbers = _folded(edges, numbers)
    totals = np.asarray(counts.totals, dtype=np.float64)[:, None]
    return _assembled(edges, numbers / totals, counts, unit, fold)


def _counted(
    overlaps: ArrayLike | OverlapCounts,
    bins: int | None,
    limits: tuple[float, float] | None,
    n_spins: int | None,
    fold: bool,
) -> tuple[OverlapCounts, str]:
    n_bins = check.count(_BINS if bins is None else bins, "bins")
    if isinstance(overlaps, OverlapCounts):
        _refuse_options(overlaps, bins, limits, n_spins)
        return overlaps, "units"
    if n_spins is not None and limits is not None:
        raise ParameterError("limits must not be set for Ising spins: bins end at -1 and 1")
    low, high = limits or ((0.0, 1.0) if fold else (-1.0, 1.0))
    if fold:
        if low != 0:
            raise ParameterError(f"limits must begin at 0 if folded, got ({low:g}, {high:g})")
        low, n_bins = -high, 2 * n_bins  # counted with sign, folded afterwards
    rows, unit = _rows(check.array(overlaps, "overlaps"))
    return count_rows(rows, n_spins=n_spins, bins=n_bins, limits=(low, high)), unit


def _refuse_options(
    counts: OverlapCounts,
    bins: int | None,
    limits: tuple[float, float] | None,
    n_spins: int | None,
) -> None:
    """Counts are in their bins already."""
    if limits is not None or n_spins not in (None, counts.n_spins):
        raise ParameterError("limits and n_spins of counts must be those they were made with")
    n_found = counts.counts.shape[1]
    if counts.n_spins is None and bins not in (None, n_found):
        raise ParameterError(f"bins of these counts must be {n_found}, got {bins}")


def _rows(values: Float64Array) -> tuple[list[Float64Array], str]:
    """One row of overlaps for each unit, and what a unit is."""
    if not _is_matrix(values):
        n_units = values.shape[0] if values.ndim else 0
        if n_units < 2 or values.size == 0:
            raise DataError(
                f"overlaps must come from at least 2 independent units, got shape {values.shape}"
            )
        return list(values.reshape(n_units, -1)), "units"
    if np.abs(values).max() > 1 + 1e-9:
        raise DataError(f"overlaps must lie in [-1, 1], got {np.abs(values).max():g} in size")
    values = checked_overlaps(values)
    n_replicas = len(values)
    if n_replicas < 3:
        raise DataError(f"overlaps must be of at least 3 replicas, got {n_replicas}")
    keep = ~np.eye(n_replicas, dtype=bool)
    return [values[a][keep[a]] for a in range(n_replicas)], "replicas"


def _is_matrix(values: Float64Array) -> bool:
    square = values.ndim == 2 and values.shape[0] == values.shape[1] and values.size > 0
    return bool(square and np.allclose(np.diagonal(values), 1.0, rtol=0, atol=1e-6))


def _rebinned(counts: OverlapCounts, bins: int) -> tuple[Float64Array, Float64Array]:
    """Join the values of Ising spins to bins; continuous counts stay as they are."""
    numbers = np.asarray(counts.counts, dtype=np.float64)
    if counts.n_spins is None:
        return counts.edges, numbers
    first = _first_values(counts.n_spins, bins)
    edges = counts.edges[np.append(first, numbers.shape[1])]
    return edges, np.add.reduceat(numbers, first, axis=1)


def _first_values(n_spins: int, bins: int) -> IntArray:
    """The first value of each bin, at most ``bins`` of them, mirrored about q = 0.

    All hold the same number of values but the outermost two. Where 0 is a value (N even) this
    number is odd, and the middle bin is centred on it; otherwise 0 is an edge.
    """
    n_values = n_spins + 1
    odd = n_values % 2
    for per_bin in range(1, n_values + 1, 1 + odd):
        an_edge = (n_values - per_bin) // 2 if odd else n_values // 2
        inner = np.arange(an_edge % per_bin, n_values, per_bin)
        first: IntArray = np.append(0, inner[inner > 0])
        if first.size <= bins:
            return first
    return np.zeros(1, dtype=np.int64)  # a single bin, although 0 is an edge


def _folded(edges: Float64Array, numbers: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Add what is at -q to what is at q."""
    if not np.allclose(edges, -edges[::-1], rtol=0, atol=1e-12):
        raise ParameterError("bins must be mirrored about q = 0 to be folded")
    both = numbers + numbers[:, ::-1]
    half = numbers.shape[1] // 2
    right = both[:, half:].copy()
    if numbers.shape[1] % 2:  # the middle bin was added to itself
        right[:, 0] /= 2
    return np.concatenate([[0.0], edges[edges > 1e-12]]), right


def _assembled(
    edges: Float64Array, shares: Float64Array, counts: OverlapCounts, unit: str, fold: bool
) -> OverlapDistribution:
    copies = 2 if unit == "replicas" else 1
    moments = counts.sums / np.asarray(counts.totals, dtype=np.float64)[:, None]
    width = np.diff(edges)
    density = jackknifed(shares, lambda mean: mean / width, copies)
    mean, absolute, second, fourth = jackknifed(moments, lambda mean: mean, copies)
    return OverlapDistribution(
        centers=(edges[1:] + edges[:-1]) / 2,
        edges=edges,
        density=density.mean,
        error=density.error,
        mean=mean,
        absolute_mean=absolute,
        second_moment=second,
        fourth_moment=fourth,
        binder=jackknifed_one(moments, lambda m: (3 - m[..., 3] / m[..., 2] ** 2) / 2, copies),
        cumulant=jackknifed_one(moments, lambda m: 1 - m[..., 3] / m[..., 2] ** 2 / 3, copies),
        n_units=len(shares),
        unit=unit,
        shares=shares,
        unit_moments=moments,
        folded=fold,
        n_spins=counts.n_spins,
    )
