"""Figure of a verdict: every statistic against its null, in the null's own units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from spinglass_nn.plotting.distributions import null_band
from spinglass_nn.statistics import Band, Estimate

if TYPE_CHECKING:
    from spinglass_nn.overlaps import Comparisons


def evidence(comparison: Comparisons, *, ax: Axes | None = None) -> Axes:
    """Draw how far statistics lie towards trees, over the 1-99 % bands of one null model.

    All are drawn in standard deviations of the null, from its mean, with trees on the right.
    Errors are those of the statistics, not of the null.

    Parameters
    ----------
    comparison : Comparisons
        ``.clusters`` or ``.hierarchy`` of a `Verdict`.
    ax : Axes, optional
        Where to draw; a figure of its own by default.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    values, bands = [], []
    rows = zip(comparison.values, comparison.bands, comparison.sides, strict=True)
    for value, band, side in rows:
        unit = (1 if side == "high" else -1) * (band.sd if band.sd > 0 else 1.0)
        values.append(Estimate((value.mean - band.mean) / unit, value.error / abs(unit)))
        low, high = sorted(((band.low - band.mean) / unit, (band.high - band.mean) / unit))
        bands.append(Band(0.0, 1.0, low, high, band.level, band.n_draws))
    return null_band(
        values,
        bands,
        names=comparison.statistics,
        statistic=f"towards trees, in sd of {comparison.null} (p = {comparison.p_value:.2g})",
        ax=ax,
    )
