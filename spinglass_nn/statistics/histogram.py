"""A histogram that grows: values come in chunks, from one process or many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.typing import Float64Array, FloatArray, IntArray

_BLOCK = 2048  # values whose bins are kept at once: 8 kB, well inside the first cache
_N_ROWS = 4  # of the kernel's counts

_Grid = tuple[float, float, float, float, float]


@result()
class Histogram:
    """Counts of values between fixed edges; never changed, only added to.

    Bins hold their lower edge and not their upper one, except for the last, which holds both:
    `numpy.histogram`'s convention, to the last bit. Counts are exact integers, so histograms
    of parts add up to that of the whole in any order. Infinite values lie outside.

    Parameters
    ----------
    edges : array (n_bins + 1,)
        Rising edges of the bins.
    counts : integer array (n_bins,)
        Values in each bin.
    below, above : int
        Values outside.

    Raises
    ------
    ParameterError
        If the edges do not rise, or a count is negative.
    ShapeError
        If there is not one count for each bin.

    Examples
    --------
    >>> import numpy as np
    >>> from spinglass_nn.statistics import Histogram
    >>> overlaps = Histogram.empty(bins=4)
    >>> for chunk in np.array([[-1.0, -0.5, 0.1], [0.7, 1.0, 1.5]]):
    ...     overlaps = overlaps.add(chunk)
    >>> overlaps
    <6 values in 4 bins from -1 to 1, 0 below, 1 above>
    >>> overlaps.counts.tolist()
    [1, 1, 1, 2]
    >>> (overlaps + overlaps).n_values
    12
    """

    edges: Float64Array
    counts: IntArray
    below: int = 0
    above: int = 0

    def __post_init__(self) -> None:
        edges = check.array(self.edges, "edges", shape=(None,))
        counts = check.array(self.counts, "counts", shape=(None,), dtype=np.int64)
        if edges.size < 2 or (np.diff(edges) <= 0).any():
            raise ParameterError(f"edges must be at least 2 and rise, got {self.edges!r}")
        if counts.size != edges.size - 1:
            raise ShapeError(
                f"counts must be one for each of {edges.size - 1} bins, got {counts.size}"
            )
        if counts.min() < 0:
            raise ParameterError(f"counts must not be negative, got {counts.min()}")
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "counts", counts)
        for name in ("below", "above"):
            check.count(getattr(self, name), name, minimum=0)

    @classmethod
    def empty(
        cls, bins: int | ArrayLike = 50, limits: tuple[float, float] = (-1.0, 1.0)
    ) -> Histogram:
        """Start a histogram without values.

        Parameters
        ----------
        bins : int or array (n_bins + 1,), default 50
            Number of bins of equal width, or their edges. Equal widths (as `numpy.linspace`
            and `numpy.arange` make them) count twenty times faster.
        limits : (float, float), default (-1, 1)
            Outer edges, if ``bins`` is a number.

        Returns
        -------
        Histogram
            With all counts zero.
        """
        if np.ndim(bins) > 0:
            edges = check.array(bins, "bins", shape=(None,))
        else:
            low, high = (check.number(value, "limits") for value in limits)
            if low >= high:
                raise ParameterError(f"limits must rise, got ({low:g}, {high:g})")
            edges = np.linspace(low, high, check.count(bins, "bins") + 1)
        return cls(edges, np.zeros(max(edges.size - 1, 0), dtype=np.int64))

    def add(self, values: ArrayLike) -> Histogram:
        """Count more values.

        Parameters
        ----------
        values : array of any shape
            Real numbers; float32 and float64 are read in place.

        Returns
        -------
        Histogram
            A new one; this one stays as it is.

        Raises
        ------
        DataError
            If a value is NaN.
        """
        flat = _flat(values)
        grid = _grid(self.edges)
        found = _counted_between(flat, self.edges) if grid is None else _counted(
            flat, grid, self.counts.size
        )  # fmt: skip
        return Histogram(
            self.edges,
            self.counts + found[1:-1],
            self.below + int(found[0]),
            self.above + int(found[-1]),
        )

    def __add__(self, other: Histogram) -> Histogram:
        if not isinstance(other, Histogram):
            return NotImplemented
        if not np.array_equal(self.edges, other.edges):
            raise DataError(
                f"edges must be equal for histograms to be added, got {_described(self.edges)} "
                f"and {_described(other.edges)}"
            )
        return Histogram(
            self.edges,
            self.counts + other.counts,
            self.below + other.below,
            self.above + other.above,
        )

    def __radd__(self, other: int) -> Histogram:
        """Let `sum` begin with its zero."""
        return self if other == 0 else NotImplemented

    @property
    def n_values(self) -> int:
        """All values counted, those outside the edges too."""
        return int(self.counts.sum()) + self.below + self.above

    @property
    def centers(self) -> Float64Array:
        """Middles of the bins."""
        return np.asarray((self.edges[1:] + self.edges[:-1]) / 2)

    @property
    def density(self) -> Float64Array:
        """Probability density, whose integral is the share of values inside the edges."""
        if self.n_values == 0:
            raise DataError("a density must be of at least one value, got none")
        return np.asarray(self.counts / self.n_values / np.diff(self.edges))

    def __repr__(self) -> str:
        return (
            f"<{self.n_values} values in {_described(self.edges)}, "
            f"{self.below} below, {self.above} above>"
        )


def _described(edges: Float64Array) -> str:
    return f"{edges.size - 1} bins from {edges[0]:g} to {edges[-1]:g}"


def _flat(values: ArrayLike) -> FloatArray:
    given = np.asarray(values)
    if given.dtype not in (np.float32, np.float64):
        given = check.array(values, "values", finite=False)
    return np.ravel(given)


def _grid(edges: Float64Array) -> _Grid | None:
    """What the kernel needs to know of edges at equal distances; None for other edges.

    Places of values, (value - low) * scale - offset, rise with the value, rounding included.
    So if each edge's place lies in the bin below, every value's lies in its bin or below.
    """
    n_bins = edges.size - 1
    numbers = np.arange(n_bins + 1)
    low, high = float(edges[0]), float(edges[-1])
    scale = n_bins / (high - low)
    with np.errstate(over="ignore", invalid="ignore"):  # at the ends of float64
        places = (edges - low) * scale
        offset = 2 * float(np.abs(places - numbers).max()) + 1e-12 * n_bins
    if not np.array_equal(np.floor(places - offset), numbers - 1):
        return None
    for step in ((high - low) / n_bins, float(edges[1]) - low):
        if np.array_equal((numbers * step + low)[:-1], edges[:-1]):
            return low, high, step, scale, offset
    return None


def _counted(values: FloatArray, grid: _Grid, n_bins: int) -> IntArray:
    """Counts in bins of equal width, with those below and above at the ends."""
    from spinglass_nn.statistics._kernels import count_uniform

    slots = np.empty(_BLOCK, dtype=np.int32)
    counts = np.zeros((_N_ROWS, n_bins + 2), dtype=np.int64)
    count_uniform(values, grid, slots, counts)
    found: NDArray[Any] = counts.sum(axis=0)
    if found[0]:
        _refuse_nan(values)  # the kernel takes it for a small number
    return found


def _counted_between(values: FloatArray, edges: Float64Array) -> IntArray:
    """Counts between any edges, by bisection."""
    _refuse_nan(values)
    slots = np.searchsorted(edges, values, side="right")
    slots[values == edges[-1]] = edges.size - 1
    return np.bincount(slots, minlength=edges.size + 1)


def _refuse_nan(values: FloatArray) -> None:
    n_bad = int(np.count_nonzero(np.isnan(values)))
    if n_bad:
        raise DataError(f"values must not be NaN, got {n_bad} of {values.size}")
