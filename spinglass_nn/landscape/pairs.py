"""Barriers on the straight lines between all pairs of some solutions."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape._lines import MEASURES, Lines
from spinglass_nn.landscape.curves import BARRIERS, check_network
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replicas
from spinglass_nn.statistics import Estimate, jackknife_from
from spinglass_nn.typing import Float64Array, LabelledData, ProgressLike


@result()
class PairBarriers:
    r"""Barriers between points, with t running from i to j on a straight line.

    Parameters
    ----------
    barrier : float64 array (n, n)
        Height above the chord, :math:`\max_t [L(t) - (1-t) L_i - t L_j]`; symmetric, zero on
        the diagonal.
    barrier_above_ends : float64 array (n, n)
        Height above the higher end, :math:`\max_t L(t) - \max(L_i, L_j)`; symmetric.
    position : float64 array (n, n)
        Where the first is reached, t from i to j; 0 where there is no barrier.
    accuracy_barrier : float64 array (n, n)
        Depth of the accuracy below the chord, :math:`\max_t [(1-t) A_i + t A_j - A(t)]`;
        symmetric, zero on the diagonal; NaN for regression.
    accuracy_barrier_below_ends : float64 array (n, n)
        Depth below the lower end, :math:`\min(A_i, A_j) - \min_t A(t)`; symmetric.
    accuracy_position : float64 array (n, n)
        Where the accuracy barrier is reached; 0 where there is none.
    lowest_accuracy : float64 array (n, n)
        On the line; NaN for regression. On the diagonal the points' own.
    loss, accuracy : float64 arrays (n,)
        At the points themselves.
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
    n_points: int

    def __repr__(self) -> str:
        pairs = self.barrier[np.triu_indices(len(self), 1)]
        return (
            f"<barriers between {len(self)} points: {pairs.min():.4g} to {pairs.max():.4g}, "
            f"mean {pairs.mean():.4g}>"
        )

    def __len__(self) -> int:
        return int(self.barrier.shape[0])

    def mean(self, of: str = "barrier") -> Estimate:
        """Mean over all pairs, with an error from the points, which pairs share.

        Parameters
        ----------
        of : {"barrier", "barrier_above_ends", "accuracy_barrier", \
        "accuracy_barrier_below_ends"}
            Which barrier.

        Returns
        -------
        Estimate
            Its error leaves out one point at a time; NaN for fewer than three points.
        """
        values: Float64Array = getattr(self, check.choice(of, "of", BARRIERS))
        n = len(self)
        of_point = values.sum(axis=1) - values.diagonal()
        total = 0.5 * float(of_point.sum())
        mean = total / (n * (n - 1) / 2)
        if n < 3:
            return Estimate(mean, np.nan)
        return jackknife_from(mean, (total - of_point) / ((n - 1) * (n - 2) / 2))


def pair_barriers(
    net: MLP,
    data: LabelledData,
    points: Replicas,
    *,
    n_points: int = 21,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> PairBarriers:
    """Barriers on the straight lines between all pairs of points, on all samples.

    First-layer sums are computed once for each point and mixed for each line: a line costs
    its points' upper layers and nothing else. Give ``data.test`` for held-out barriers.

    Parameters
    ----------
    net : MLP
        Network, with the loss to take.
    data : Dataset
        Samples.
    points : Replicas
        At least two points of one network, such as solutions, as they are or matched.
    n_points : int
        Points on each line at equal distances, both ends among them.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.
    progress : bool or callable
        False for silence, True for a bar, or a callable ``(done, total, description)``.

    Returns
    -------
    PairBarriers
        The same as `loss_curve` gives for each pair.

    Raises
    ------
    ParameterError
        If there are fewer than two points, or they belong to another network.
    ShapeError
        If the data do not fit the network.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 4, 2))
    >>> found = pair_barriers(net, data, sg.networks.initialize(net, n_replicas=4, rng=0))
    >>> found.barrier.shape, bool((found.barrier >= 0).all())
    ((4, 4), True)
    """
    check_network(net, points.network, "points")
    n = len(points)
    if n < 2:
        raise ParameterError(f"points must hold at least 2 points, got {n}")
    everyone = np.arange(n)
    lines = Lines.between(net, data, points, n_points, n_threads)
    found = {name: np.zeros((n, n)) for name in MEASURES}
    for i, j, one in lines.along(everyone, everyone, progress):
        for name, values in one.items():
            mirrored = values
            if name in ("position", "accuracy_position"):
                mirrored = np.where(values > 0, 1 - values, 0)
            found[name][i, j], found[name][j, i] = values, mirrored
    np.fill_diagonal(found["lowest_accuracy"], lines.accuracy)
    if np.isnan(lines.accuracy).any():
        for name in ("accuracy_barrier", "accuracy_barrier_below_ends"):
            np.fill_diagonal(found[name], np.nan)
    return PairBarriers(
        **found, loss=lines.loss, accuracy=lines.accuracy, n_points=lines.t.size
    )  # fmt: skip
