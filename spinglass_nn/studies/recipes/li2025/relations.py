"""Rank correlations over networks of several groups, with errors over seeds."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from spinglass_nn.statistics import Estimate, jackknife_from
from spinglass_nn.typing import Float64Array

_ROUNDING = 1e-12  # of correlations that do not depend on the seed


def related(x: Float64Array, y: Float64Array, given: tuple[Float64Array, ...] = ()) -> Estimate:
    """Spearman's correlation of two numbers of networks (n_groups, n_seeds), others held fixed.

    Ranks are taken over all networks; what a linear fit to the ranks of the ``given`` numbers
    explains is taken off both sides. The error leaves out all networks of one seed at a time.
    NaN where one side does not vary.
    """
    value = _correlation(x, y, given)
    left_out = []
    for seed in range(x.shape[1]):
        some = np.arange(x.shape[1]) != seed
        left_out.append(_correlation(x[:, some], y[:, some], tuple(g[:, some] for g in given)))
    if not np.isfinite([value, *left_out]).all():
        return Estimate(math.nan, math.nan)
    found = jackknife_from(value, np.array(left_out))
    return Estimate(value, found.error if found.error > _ROUNDING else 0.0)


def _correlation(x: Float64Array, y: Float64Array, given: tuple[Float64Array, ...]) -> float:
    controls = np.stack([np.ones(x.size), *(stats.rankdata(g) for g in given)], axis=1)
    left = []
    for values in (x, y):
        ranks = stats.rankdata(values)
        fit = controls @ np.linalg.lstsq(controls, ranks, rcond=None)[0]
        left.append(ranks - fit)
    sizes = [float(np.linalg.norm(part)) for part in left]
    if min(sizes) < 1e-9 * x.size:
        return math.nan
    return float(left[0] @ left[1]) / (sizes[0] * sizes[1])
