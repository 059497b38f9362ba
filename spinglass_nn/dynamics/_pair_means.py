"""Means over pairs of replicas, whose errors come from the replicas."""

from __future__ import annotations

import numpy as np

from spinglass_nn.statistics import Estimates
from spinglass_nn.typing import Float64Array

FEWEST = 4  # replicas, for what a pair has of its own to be told from what replicas have


def pair_estimates(values: Float64Array) -> Estimates:
    r"""Means over pairs a < b of symmetric matrices (n, R, R), and their standard errors.

    Pairs that share a replica are correlated. Of :math:`h_{ab} = \mu + g_a + g_b + e_{ab}` with
    independent parts, the mean over all pairs has the variance

    .. math:: \frac{4 \sigma_g^2}{R} + \frac{2 \sigma_e^2}{R (R - 1)} .

    Both parts are estimated as in an analysis of variance; a negative one counts as zero. The
    jackknife over replicas counts the second part twice, which is all of it where overlaps of
    different pairs are independent, as in a paramagnet; there these errors are up to a quarter
    too large.
    """
    n = values.shape[-1]
    off = 1 - np.eye(n)
    rows = (values * off).sum(axis=-1)
    means = rows.sum(axis=-1) / (n * (n - 1))
    effects = (rows - rows.mean(axis=-1, keepdims=True)) / (n - 2)
    rest = values - means[:, None, None] - effects[:, :, None] - effects[:, None, :]
    own = np.square(rest * off).sum(axis=(-2, -1)) / (n * (n - 3))
    shared = np.maximum(np.square(effects).sum(axis=-1) / (n - 1) - own / (n - 2), 0)
    return Estimates(means, np.sqrt(4 * shared / n + 2 * own / (n * (n - 1))))
