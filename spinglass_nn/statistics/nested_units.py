"""Where an error comes from: variances of nested units, and what more of each would bring."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.statistics.estimate import Estimate
from spinglass_nn.statistics.estimates import Estimates
from spinglass_nn.statistics.resampling import jackknife_from
from spinglass_nn.typing import Float64Array

_NAMES = ("samples", "chains", "blocks")


@result()
class VarianceComponents:
    """The error of a mean, split among nested levels.

    Parameters
    ----------
    mean : Estimate
        Mean of everything; its error is that of the outermost units' means.
    variances : Estimates
        Variance that each level adds, outermost first, with jackknife errors over the
        outermost units. Unbiased, hence now and then negative where the truth is near zero.
    shape : tuple of int
        Number of units at each level (inside one unit of the level above).
    names : tuple of str
        What the levels are.
    """

    mean: Estimate
    variances: Estimates
    shape: tuple[int, ...]
    names: tuple[str, ...]

    @property
    def shares(self) -> Float64Array:
        """Part of the mean's squared error that each level brings; they add up to one."""
        parts = self.variances.mean / np.cumprod(self.shape)
        return np.asarray(parts / parts.sum())

    def error_with(self, shape: Sequence[int]) -> float:
        r"""Error the mean would have with other numbers of units.

        .. math:: \mathrm{error}^2 = \sum_l \frac{\sigma_l^2}{n_1 \cdots n_l}

        Parameters
        ----------
        shape : sequence of int
            Units at each level, outermost first.

        Returns
        -------
        float
            Standard error; negative variances count as zero.

        Raises
        ------
        ShapeError
            If the number of levels is not that of the data.
        """
        units = [check.count(n, "shape") for n in shape]
        if len(units) != len(self.shape):
            raise ShapeError(f"shape must have {len(self.shape)} levels, got {len(units)}")
        return math.sqrt(float((np.maximum(self.variances.mean, 0) / np.cumprod(units)).sum()))

    def __repr__(self) -> str:
        parts = zip(self.names, self.shape, self.shares, strict=True)
        words = ", ".join(f"{n} {name} {share:.0%}" for name, n, share in parts)
        return f"<mean {self.mean}, of whose squared error: {words}>"


def variance_components(
    values: ArrayLike, *, names: Sequence[str] | None = None
) -> VarianceComponents:
    r"""Split the variance of nested measurements, to see where computer time is best spent.

    With :math:`S_l` the variance of level-l means within one unit of the level above,
    averaged over those units, :math:`E[S_l] = \sigma_l^2 + E[S_{l+1}] / n_{l+1}`, so that

    .. math:: \hat\sigma_l^2 = S_l - S_{l+1} / n_{l+1}, \qquad
              \mathrm{error}^2 = S_1 / n_1 = \sum_l \frac{\hat\sigma_l^2}{n_1 \cdots n_l}

    (analysis of variance of balanced nested units). If the outermost level brings nearly all
    of the error, longer chains are wasted; if the innermost does, more of them are cheaper
    than new disorder samples, which have to be equilibrated.

    Innermost units count as independent given those above: average correlated records over
    blocks longer than their autocorrelation time first.

    Parameters
    ----------
    values : array (n_samples, n_chains, ...)
        One axis a level, at least two levels. For a smooth function of
        means, give what its first order makes of each measurement: for the ratio r of the
        means of x and y, ``(x - r * y) / y.mean()``.
    names : sequence of str, optional
        What the levels are; "samples", "chains", "blocks" if there are two or three.

    Returns
    -------
    VarianceComponents
        Mean, variances, shares of the error.

    Raises
    ------
    DataError
        If there are fewer than two levels, three outermost units or two at another level,
        or NaN entries.

    Examples
    --------
    >>> import numpy as np
    >>> from spinglass_nn.statistics import variance_components
    >>> rng = np.random.default_rng(1)
    >>> energy = rng.normal(size=(200, 1, 1)) + rng.normal(size=(200, 2, 32))
    >>> found = variance_components(energy)
    >>> print(found.variances[0])
    0.850 ± 0.098
    >>> round(found.mean.error, 3), round(found.error_with((400, 2, 8)), 3)
    (0.066, 0.048)
    """
    data: Float64Array = check.array(values, "values")
    if data.ndim < 2 or len(data) < 3 or min(data.shape) < 2:
        raise DataError(
            "values must hold at least 2 nested levels, 3 units of the outermost and 2 of "
            f"each other, got shape {data.shape}"
        )
    means = data.reshape(len(data), -1).mean(axis=1)
    whole, left_out = _components(means, _spreads(data), data.shape)
    errors = [jackknife_from(0.0, column).error for column in left_out.T]
    return VarianceComponents(
        Estimate(float(means.mean()), float(means.std(ddof=1) / math.sqrt(means.size))),
        Estimates(whole, np.array(errors)),
        data.shape,
        _level_names(names, data.ndim),
    )


def _spreads(data: Float64Array) -> Float64Array:
    """Variance at each inner level, averaged inside each outermost unit: (n, n_levels - 1)."""
    columns = []
    for axis in range(1, data.ndim):
        inner = data.reshape(*data.shape[: axis + 1], -1).mean(axis=-1)
        columns.append(inner.var(axis=-1, ddof=1).reshape(len(data), -1).mean(axis=1))
    return np.stack(columns, axis=1)


def _components(
    means: Float64Array, spreads: Float64Array, shape: tuple[int, ...]
) -> tuple[Float64Array, Float64Array]:
    """Variance that each level adds, of all units (n_levels,) and without each in turn."""
    n = means.size
    squares = np.square(means - means.mean())
    outer = squares.sum() / (n - 1)
    outer_without = (squares.sum() - squares * n / (n - 1)) / (n - 2)
    inner = spreads.mean(axis=0)
    inner_without = (spreads.sum(axis=0) - spreads) / (n - 1)
    whole = np.concatenate([[outer], inner])
    left_out = np.concatenate([outer_without[:, None], inner_without], axis=1)
    inside = np.array(shape[1:])
    whole[:-1] -= whole[1:] / inside
    left_out[:, :-1] -= left_out[:, 1:] / inside
    return whole, left_out


def _level_names(names: Sequence[str] | None, n_levels: int) -> tuple[str, ...]:
    if names is None:
        known = n_levels <= len(_NAMES)
        return _NAMES[:n_levels] if known else tuple(f"level {k}" for k in range(n_levels))
    if len(names) != n_levels:
        raise ShapeError(f"names must be {n_levels}, one a level, got {len(names)}")
    return tuple(str(name) for name in names)
