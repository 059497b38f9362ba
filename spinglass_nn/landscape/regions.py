"""Barriers between two sets of points: region to region."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.landscape._lines import MEASURES, Lines
from spinglass_nn.landscape.curves import BARRIERS
from spinglass_nn.landscape.pairs import check_points
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replicas, stack
from spinglass_nn.statistics import Estimate
from spinglass_nn.symmetries.permutations import Permutation
from spinglass_nn.typing import Float64Array, LabelledData, ProgressLike


@result()
class RegionBarriers:
    """Barriers between the points of two sets, with t running from the first to the second.

    Parameters
    ----------
    barrier, barrier_above_ends, position, accuracy_barrier, accuracy_barrier_below_ends, \
    accuracy_position, lowest_accuracy : float64 arrays (n_first, n_second)
        As of `PairBarriers`, on the line from point i of the first set to point j of the
        second.
    loss, accuracy : float64 arrays (n_first,)
        At the points of the first set.
    second_loss, second_accuracy : float64 arrays (n_second,)
        At those of the second.
    n_points : int
        Points on each line, both ends among them.
    """

    barrier: Float64Array
    barrier_above_ends: Float64Array
    position: Float64Array
    accuracy_barrier: Float64Array
    accuracy_barrier_below_ends: Float64Array
    accuracy_position: Float64Array
    lowest_accuracy: Float64Array
    loss: Float64Array
    accuracy: Float64Array
    second_loss: Float64Array
    second_accuracy: Float64Array
    n_points: int

    def __repr__(self) -> str:
        n, m = self.barrier.shape
        return (
            f"<barriers between {n} and {m} points: {self.barrier.min():.4g} to "
            f"{self.barrier.max():.4g}, mean {self.barrier.mean():.4g}>"
        )

    def mean(self, of: str = "barrier") -> Estimate:
        r"""Mean over all pairs, with an error from the points, which pairs share.

        .. math:: \mathrm{error}^2 = \mathrm{var}_i(\bar B_{i\cdot}) / n +
                  \mathrm{var}_j(\bar B_{\cdot j}) / m

        It counts points of a set as independent, such as one from each walk, and errs on the
        large side by what belongs to single pairs.

        Parameters
        ----------
        of : str
            Which barrier, as of `PairBarriers.mean`.

        Returns
        -------
        Estimate
            Its error is NaN where a set has a single point.
        """
        values: Float64Array = getattr(self, check.choice(of, "of", BARRIERS))
        if min(values.shape) < 2:
            return Estimate(float(values.mean()), np.nan)
        squared = sum(values.mean(axis=k).var(ddof=1) / values.shape[1 - k] for k in (0, 1))
        return Estimate(float(values.mean()), float(np.sqrt(squared)))


def region_barriers(
    net: MLP,
    data: LabelledData,
    first: Replicas,
    second: Replicas,
    *,
    permutation: Permutation | None = None,
    n_points: int = 21,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> RegionBarriers:
    """Barriers on the straight lines from every point of one set to every point of another.

    Points of walks around one solution, and permuted points of walks around the same or
    another: what lies between the regions, not only between their centres.

    Parameters
    ----------
    net, data, n_points, n_threads, progress
        As for `pair_barriers`.
    first, second : Replicas
        Points of one network.
    permutation : Permutation, optional
        Applied to the points of the second set.

    Returns
    -------
    RegionBarriers
        The same as `loss_curve` gives for each pair; ``.mean()`` is their mean with an error.

    Raises
    ------
    ParameterError
        If a set is empty or belongs to another network.
    ShapeError
        If the data or the permutation do not fit the network.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 4, 2))
    >>> points = sg.networks.initialize(net, n_replicas=5, rng=0)
    >>> hidden = sg.symmetries.swap(net, 0, 1, 2)
    >>> region_barriers(net, data, points[:2], points[2:], permutation=hidden).barrier.shape
    (2, 3)
    """
    check_points(net, first, "first")
    check_points(net, second, "second")
    if permutation is not None:
        second = permutation.apply(second)
    n, m = len(first), len(second)
    lines = Lines.between(net, data, stack([first, second]), n_points, n_threads)
    found = {name: np.zeros((n, m)) for name in MEASURES}
    for i, j, one in lines.along(np.arange(n), n + np.arange(m), progress):
        for name, values in one.items():
            found[name][i, j - n] = values
    loss, second_loss = np.split(lines.loss, [n])
    accuracy, second_accuracy = np.split(lines.accuracy, [n])
    return RegionBarriers(
        **found, loss=loss, accuracy=accuracy, second_loss=second_loss,
        second_accuracy=second_accuracy, n_points=lines.t.size,
    )  # fmt: skip
