"""Rank correlations of many measures with many targets, and the price of looking at all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.statistics._ranks import (
    NUMBERS_AT_ONCE,
    Shuffle,
    design_of,
    ranks,
    resampled,
    shuffler,
)
from spinglass_nn.statistics.estimate import Estimate
from spinglass_nn.typing import RNG, Float64Array, IntArray

_UNDEFINED = 1e-12  # squared length of the ranks of a constant, but for rounding


@result()
class RankGrid:
    """Spearman's rank correlation of every measure with every target.

    Parameters
    ----------
    measures, targets : tuple of str
        What the rows and the columns of the arrays below stand for.
    correlation, error : array (n_measures, n_targets)
        Correlations and their bootstrap errors.
    low, high : array (n_measures, n_targets)
        Percentile intervals, each for itself.
    p_value : array (n_measures, n_targets)
        Two-sided permutation p-values, each for itself.
    corrected : array (n_measures, n_targets)
        P-values corrected for having looked at all of them.
    critical : float
        The correlation, either way, that the largest of the whole grid exceeds in
        ``1 - level`` of the permutations.
    level : float
        Content of the intervals; ``1 - level`` is the chance of any false alarm.
    relevant : float
        Correlations below it count as none.
    n_points : int
        Number of points.
    design : str
        What was resampled and permuted, in words.
    """

    measures: tuple[str, ...]
    targets: tuple[str, ...]
    correlation: Float64Array
    error: Float64Array
    low: Float64Array
    high: Float64Array
    p_value: Float64Array
    corrected: Float64Array
    critical: float
    level: float
    relevant: float
    n_points: int
    design: str

    def __repr__(self) -> str:
        n_seen = int((self.corrected <= 1 - self.level).sum())
        return (
            f"<rank correlations of {len(self.measures)} measures with {len(self.targets)} "
            f"targets over {self.n_points} {self.design}: {n_seen} of {self.corrected.size} "
            f"beyond chance>"
        )

    def at(self, measure: str, target: str) -> Estimate:
        """One correlation, by the names of its row and column."""
        row = self.measures.index(check.choice(measure, "measure", self.measures))
        column = self.targets.index(check.choice(target, "target", self.targets))
        return Estimate(float(self.correlation[row, column]), float(self.error[row, column]))

    @property
    def verdicts(self) -> NDArray[np.str_]:
        """What can be said of each cell, (n_measures, n_targets).

        ``"correlated"`` if the corrected p-value is at most ``1 - level``, ``"none"`` if the
        interval lies within ``relevant`` of zero, else ``"cannot tell"``.
        """
        small = (self.low > -self.relevant) & (self.high < self.relevant)
        said = np.where(small, "none", "cannot tell")
        return np.where(self.corrected <= 1 - self.level, "correlated", said)


def spearman_grid(
    measures: Mapping[str, ArrayLike],
    targets: Mapping[str, ArrayLike],
    *,
    groups: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    relevant: float = 0.3,
    n_resamples: int = 2000,
    n_permutations: int = 9999,
    level: float = 0.95,
    rng: RNG = None,
) -> RankGrid:
    r"""Rank correlations of many measures with many targets, corrected for their number.

    Who looks at 40 correlations finds two at p < 0.05 where there are none. The points of all
    targets are permuted together against those of all measures, which leaves measures and
    targets correlated among themselves as they are: ten versions of one measure cost little
    more than one. Of each permutation counts the largest :math:`|\rho|`. With the cells in the
    order of their correlations,

    .. math:: p_{(j)} = \max_{i \le j} \;
              \frac{1 + \#\{\max_{k \ge i} |\rho^*_{(k)}| \ge |\rho_{(i)}|\}}{1 + n}

    (Westfall and Young's step-down maximum). If nothing is correlated, any cell at all has
    p ≤ α in a share α of the cases, exactly, or in fewer where equal correlations are common
    (20 points and less). If some cells are correlated, the same holds of the others to the
    extent that these depend on one another as under permutation.

    Parameters
    ----------
    measures, targets : mapping of str to array (n_points,)
        Names and values, such as the `rows` of a `spinglass_nn.landscape.SharpnessTable` and
        the test loss, test accuracy and gap of the same networks.
    groups, strata : array (n_points,) of labels, optional
        As for `spearman`: groups, such as runs from one initial point, are resampled and
        permuted whole; with strata, such as the batch size, ranks and permutations stay inside
        them. Both may be given.
    relevant : float, default 0.3
        Correlations of this size would matter: a cell whose interval reaches it and whose
        p-value does not pass is one that *cannot tell*.
    n_resamples : int, default 2000
        Bootstrap resamples.
    n_permutations : int, default 9999
        Random permutations.
    level : float, default 0.95
        Content of the intervals; ``1 - level`` is the level of the test.
    rng : Generator, SeedSequence, int or None
        Source of randomness.

    Returns
    -------
    RankGrid
        Correlations, errors, intervals and p-values, (n_measures, n_targets).

    Raises
    ------
    DataError
        If there are fewer than three points, NaN entries, a constant, or resamples are too
        often constant.
    ShapeError
        If lengths differ.

    References
    ----------
    P. H. Westfall and S. S. Young, Resampling-Based Multiple Testing, Wiley 1993.

    Examples
    --------
    >>> from spinglass_nn.statistics import spearman_grid
    >>> sharp = {"F1": [1, 2, 3, 4, 5, 6, 7, 8], "F2": [5, 3, 8, 1, 2, 7, 4, 6]}
    >>> spearman_grid(sharp, {"gap": [2, 1, 4, 3, 6, 5, 8, 7]}, rng=1)
    <rank correlations of 2 measures with 1 targets over 8 independent points: 1 of 2 beyond chance>
    """
    x = _table(measures, "measures", None)
    y = _table(targets, "targets", x.shape[1])
    within, blocks, design = design_of(groups, strata, x.shape[1])
    check.within(level, "level", 0, 1)
    check.within(relevant, "relevant", 0, 1)
    check.count(n_resamples, "n_resamples", minimum=2)
    check.count(n_permutations, "n_permutations")
    a, b = (
        _units(values, within, name, given)
        for values, name, given in ((x, "measures", measures), (y, "targets", targets))
    )
    value = _rounded(a @ b.T)
    seed = seed_of(rng)
    shuffle, generator = shuffler(within, blocks), seed.generator(Stream.NULLS)
    draws = _permuted(a, b, shuffle, generator, n_permutations)
    p_value, corrected = _p_values(np.abs(value).ravel(), draws)
    generator = seed.generator(Stream.RESAMPLING)
    spread = _resampled(x, y, within, blocks, generator, n_resamples)
    low, high = np.nanquantile(spread, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return RankGrid(
        measures=tuple(measures),
        targets=tuple(targets),
        correlation=value,
        error=np.nanstd(spread, axis=0, ddof=1),
        low=low,
        high=high,
        p_value=p_value.reshape(value.shape),
        corrected=corrected.reshape(value.shape),
        critical=float(np.quantile(draws.max(axis=1), level, method="higher")),
        level=level,
        relevant=relevant,
        n_points=x.shape[1],
        design=design,
    )


def _table(given: Mapping[str, ArrayLike], name: str, n_points: int | None) -> Float64Array:
    """The values as rows."""
    if not isinstance(given, Mapping) or not given:
        raise ParameterError(f"{name} must be a mapping of names to values, got {given!r}")
    rows: list[Float64Array] = []
    for key, values in given.items():
        length = len(rows[0]) if rows else n_points
        rows.append(check.array(values, f"{name}[{key!r}]", shape=(length,)))
    if len(rows[0]) < 3:
        raise DataError(f"{name} must hold at least 3 points, got {len(rows[0])}")
    return np.stack(rows)


def _units(
    values: Float64Array, strata: IntArray, name: str, given: Mapping[str, ArrayLike]
) -> Float64Array:
    """Ranks as vectors of unit length, whose products are the correlations."""
    units, constant = _directions(values, strata)
    if constant.any():
        key = list(given)[int(np.argmax(constant))]
        raise DataError(f"{name}[{key!r}] must vary (within strata), got a constant")
    return units


def _directions(
    values: Float64Array, strata: IntArray
) -> tuple[Float64Array, NDArray[np.bool_]]:
    """Ranks scaled to unit length along the last axis, and where they are all equal."""
    placed = ranks(values, strata)
    squared = (placed * placed).sum(axis=-1)
    constant = squared < _UNDEFINED
    return placed / np.sqrt(np.where(constant, 1.0, squared))[..., None], constant


def _rounded(correlations: Float64Array) -> Float64Array:
    """Equal sums of ranks must tie whatever order they were added in."""
    return np.asarray(np.round(correlations, 10), dtype=np.float64)


def _permuted(
    a: Float64Array,
    b: Float64Array,
    shuffle: Shuffle,
    generator: np.random.Generator,
    n_permutations: int,
) -> Float64Array:
    """Sizes of all correlations with the targets' points in other orders, (n, n_cells)."""
    draws = np.empty((n_permutations, len(a), len(b)))
    at_once = max(1, NUMBERS_AT_ONCE // b.size)
    for low in range(0, n_permutations, at_once):
        high = min(low + at_once, n_permutations)
        orders = np.stack([shuffle(generator) for _ in range(high - low)])
        draws[low:high] = a @ b[:, orders].transpose(1, 2, 0)
    return _rounded(np.abs(draws)).reshape(n_permutations, -1)


def _p_values(found: Float64Array, draws: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Each cell's own p-value, and the step-down corrected one."""
    n = len(draws)
    alone: Float64Array = (1.0 + (draws >= found).sum(axis=0)) / (1 + n)
    order = np.argsort(-found, kind="stable")
    largest = np.maximum.accumulate(draws[:, order[::-1]], axis=1)[:, ::-1]
    stepped = (1 + (largest >= found[order]).sum(axis=0)) / (1 + n)
    corrected: Float64Array = np.empty(alone.shape)
    corrected[order] = np.maximum.accumulate(stepped)
    return alone, corrected


def _resampled(
    x: Float64Array,
    y: Float64Array,
    within: IntArray,
    blocks: IntArray | None,
    generator: np.random.Generator,
    n_resamples: int,
) -> Float64Array:
    """Correlations of resampled points, (n_resamples, n_measures, n_targets)."""
    draws = np.empty((n_resamples, len(x), len(y)))
    at_once = max(1, NUMBERS_AT_ONCE // (x.size + y.size))
    for low in range(0, n_resamples, at_once):
        high = min(low + at_once, n_resamples)
        rows = np.stack([resampled(generator, within, blocks) for _ in range(high - low)])
        (a, no_a), (b, no_b) = (
            _directions(values[:, rows].transpose(1, 0, 2), within[rows[0]])
            for values in (x, y)
        )
        some = a @ b.transpose(0, 2, 1)
        some[no_a[:, :, None] | no_b[:, None, :]] = np.nan
        draws[low:high] = some
    undefined = np.isnan(draws).mean(axis=0)
    if undefined.max() > 0.05:
        raise DataError(
            "measures and targets must vary on at least 95 % of the resamples, got "
            f"{undefined.max():.0%} constant (too few points, or too many of them equal)"
        )
    return draws
