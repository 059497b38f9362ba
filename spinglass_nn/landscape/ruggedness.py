"""How rugged the loss is along a walk, beside what a quadratic landscape would show (F4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError
from spinglass_nn.landscape._walk_residuals import (
    Trend,
    evenly_spaced,
    fall_length,
    lagged_products,
    normalized,
)
from spinglass_nn.statistics import Estimate, jackknife, jackknife_from, mean_estimate
from spinglass_nn.typing import Float64Array
from spinglass_nn.walks import RandomWalk

if TYPE_CHECKING:
    from spinglass_nn.landscape.quadratic_walks import QuadraticWalk

FEWEST = 8  # records


@result()
class Ruggedness:
    """What is left of the loss along walks when its smooth trend is taken off (F4).

    Parameters
    ----------
    mean_square : Estimate
        Mean square of the residual, over records and walkers.
    rms : Estimate
        Its square root, in the unit of the loss.
    up_share : Estimate
        Share of the moves from record to record that raise the loss.
    length : Estimate
        Steps after which the residual's autocorrelation has fallen to 1/e; NaN if it never
        does.
    residual : array (n_walkers, n_records)
        The residual itself.
    correlation : array (n_lags,)
        Its autocorrelation at 0, 1, ... records, all walkers together.
    interval : int
        Steps between two records.
    """

    mean_square: Estimate
    rms: Estimate
    up_share: Estimate
    length: Estimate
    residual: Float64Array
    correlation: Float64Array
    interval: int

    def __repr__(self) -> str:
        n_walkers, n_records = self.residual.shape
        return (
            f"<ruggedness {self.rms} (r.m.s.), {self.up_share} of moves up, length "
            f"{self.length} steps; {n_walkers} walkers, {n_records} records>"
        )

    def excess(self, null: QuadraticWalk) -> Estimate:
        """Mean square beyond that of walks on a quadratic landscape; its ``z()`` is the test.

        Mean squares are skewed, and a sample without large ones has a small error as well. So
        without ruggedness z exceeds 2 in about 0.5 % of the cases and falls below -2 in 5 %
        (128 walkers) to 15 % (8): an excess is not seen by chance, a deficit easily.

        Parameters
        ----------
        null : QuadraticWalk
            What to expect without ruggedness, for the same walk.

        Returns
        -------
        Estimate
            In squared units of the loss.
        """
        return self.mean_square - null.mean_square


def ruggedness(walk: RandomWalk | ArrayLike, *, interval: int = 1) -> Ruggedness:
    r"""Residual of the loss about its smooth trend along walks, up-moves, and memory.

    .. math:: R^2 = \Bigl\langle \frac1n \sum_t \bigl[L(t) - \hat a - \hat b t - \hat c t^2
              \bigr]^2 \Bigr\rangle

    with the parabola in t fitted to each walker by least squares; the quadratic law, linear
    in t, is part of it.

    **This residual is not zero on a smooth landscape.** A walk's loss fluctuates about its
    mean law because the walk itself does, more the longer the walk, and the residual of
    any finite walk contains that. `quadratic_walk` is what a landscape with the same curvature
    and no ruggedness would show; only the ``excess`` over it is ruggedness.

    Parameters
    ----------
    walk : RandomWalk or array (n_walkers, n_records)
        Walks, or their losses at evenly spaced steps; at least 2 walkers and 8 records. Of a
        `RandomWalk` a last record off the even spacing is left out.
    interval : int
        Steps between two records, if an array is given.

    Returns
    -------
    Ruggedness
        Numbers with errors over walkers, the residual and its autocorrelation.

    Raises
    ------
    DataError
        If there are fewer than 2 walkers or 8 records, or NaN.

    References
    ----------
    Autocorrelation along walks as a measure of ruggedness: E. Weinberger, Biological
    Cybernetics 63 (1990) 325.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> smooth = 0.01 * np.arange(200.0) ** 2 / 200
    >>> found = ruggedness(smooth + 0.1 * rng.normal(size=(16, 200)))
    >>> abs(found.mean_square.z(0.01 * (1 - 3 / 200))) < 3  # the fit takes three numbers
    True
    """
    if isinstance(walk, RandomWalk):
        interval, n_records = evenly_spaced(walk)
        losses = walk.loss[:, :n_records]
    else:
        losses = check.array(walk, "walk", shape=(None, None))
        interval = check.count(interval, "interval")
    check.all_finite(losses, "walk")
    n_walkers, n_records = losses.shape
    if n_walkers < 2 or n_records < FEWEST:
        raise DataError(
            f"walk must hold at least 2 walkers and {FEWEST} evenly spaced records, got "
            f"{n_walkers} and {n_records}"
        )
    residual = Trend(n_records).residual(losses)
    squares = np.square(residual).mean(axis=1)
    products = lagged_products(residual)
    return Ruggedness(
        mean_square=mean_estimate(squares),
        rms=jackknife(lambda s: np.sqrt(s.mean()), squares),
        up_share=mean_estimate((np.diff(losses, axis=1) > 0).mean(axis=1)),
        length=_length(products, interval),
        residual=residual,
        correlation=normalized(products.mean(axis=0)),
        interval=interval,
    )


def _length(products: Float64Array, interval: int) -> Estimate:
    """Where the autocorrelation has fallen to 1/e, in steps, with a jackknife error."""
    whole, n_walkers = products.sum(axis=0), len(products)
    value = fall_length(normalized(whole))
    left_out = np.array(
        [fall_length(normalized(whole - products[k])) for k in range(n_walkers)]
    )
    if np.isnan([value, *left_out]).any():
        return Estimate(value * interval, np.nan)
    return jackknife_from(value, left_out) * interval
