"""Loss and accuracy along paths, and the barriers they show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape.paths import Path
from spinglass_nn.networks import _affine, _blocks
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.typing import Float64Array, LabelledData, ProgressLike

BARRIERS = (
    "barrier",
    "barrier_above_ends",
    "accuracy_barrier",
    "accuracy_barrier_below_ends",
)
BYTES_AT_ONCE = 1 << 28  # of nodes of paths that are evaluated together


@result()
class LossCurve:
    """Loss and accuracy at the points of a path.

    Parameters
    ----------
    coordinate : float64 array (n_points,)
        Position on the path, from 0 to its number of legs.
    distance : float64 array (n_points,)
        Length of the path up to the point.
    loss, accuracy : float64 arrays (n_points,)
        On the data; the accuracy is NaN for regression.
    test_loss, test_accuracy : float64 arrays (n_points,) or None
        On the held-out data; None if there are none.
    name : str
        What the path is called.
    """

    coordinate: Float64Array
    distance: Float64Array
    loss: Float64Array
    accuracy: Float64Array
    test_loss: Float64Array | None = None
    test_accuracy: Float64Array | None = None
    name: str = "path"

    @property
    def barrier(self) -> float:
        r"""Height above the chord between the ends, :math:`\max_t [L(t) - (1-t)L(0) - tL(1)]`.

        Here t is the coordinate as a fraction of the whole path (Entezari et al. 2021,
        arXiv:2110.06296). It is not negative, for the ends count too.
        """
        return float(_excess(self.coordinate, self.loss).max())

    @property
    def barrier_position(self) -> float:
        """The fraction t of the path where the barrier is highest."""
        return self._fraction(int(_excess(self.coordinate, self.loss).argmax()))

    def _fraction(self, index: int) -> float:
        """Which fraction of the path a point stands at."""
        first, last = self.coordinate[0], self.coordinate[-1]
        span = last - first
        return float((self.coordinate[index] - first) / span) if span > 0 else 0.0

    @property
    def barrier_above_ends(self) -> float:
        r"""Height above the higher end, :math:`\max_t L(t) - \max(L(0), L(1))`."""
        return float(self.loss.max() - max(self.loss[0], self.loss[-1]))

    @property
    def accuracy_barrier(self) -> float:
        r"""Depth below the chord, :math:`\max_t [(1-t)A(0) + tA(1) - A(t)]`, with t as above.

        What the barrier is for the loss; NaN for regression.
        """
        return 0.0 - float(_excess(self.coordinate, self.accuracy).min())

    @property
    def accuracy_barrier_position(self) -> float:
        """The fraction t of the path where the accuracy is deepest below the chord."""
        return self._fraction(int(_excess(self.coordinate, self.accuracy).argmin()))

    @property
    def accuracy_barrier_below_ends(self) -> float:
        r"""Depth below the lower end, :math:`\min(A(0), A(1)) - \min_t A(t)`."""
        return float(min(self.accuracy[0], self.accuracy[-1]) - self.accuracy.min())

    @property
    def mean_by_length(self) -> float:
        r"""Mean loss over the length of the path, :math:`\int L\, ds / \int ds`, by trapezoids."""
        length = self.distance[-1] - self.distance[0]
        if not length > 0:
            return float(self.loss.mean())
        pairs = np.diff(self.distance) * (self.loss[1:] + self.loss[:-1])
        return float(0.5 * pairs.sum() / length)

    @property
    def lowest_accuracy(self) -> float:
        """Smallest accuracy on the path; NaN for regression."""
        return float(self.accuracy.min())

    @property
    def leg_barriers(self) -> Float64Array:
        """Barrier of each leg by itself, (n_legs,); NaN for a leg with fewer than two points.

        Legs end at whole coordinates; a leg's chord joins its first and last point.
        """
        legs = np.arange(int(np.ceil(self.coordinate[-1])))
        heights = np.full(legs.size, np.nan)
        for k in legs:
            on = (self.coordinate >= k) & (self.coordinate <= k + 1)
            if on.sum() > 1:
                heights[k] = _excess(self.coordinate[on], self.loss[on]).max()
        return heights


def _excess(coordinate: Float64Array, loss: Float64Array) -> Float64Array:
    """Loss above the chord from the first to the last point."""
    span = coordinate[-1] - coordinate[0]
    t = (coordinate - coordinate[0]) / span if span > 0 else np.zeros_like(coordinate)
    above: Float64Array = loss - ((1 - t) * loss[0] + t * loss[-1])
    return above


def loss_curve(
    net: MLP,
    data: LabelledData,
    path: Path,
    *,
    test: bool = True,
    n_threads: int | None = None,
) -> LossCurve:
    """Loss and accuracy at every point of a path, on all samples.

    The first layer's sums are linear in the coordinate, so they are computed at the nodes
    only, and once for a unit that stands in several nodes, at the same place or permuted: a
    straight line of 25 points costs little more than its two ends, a chain of swaps no more.

    Parameters
    ----------
    net : MLP
        Network, with the loss to take.
    data : Dataset
        Samples.
    path : Path
        Where to look; float32 nodes are evaluated in float32.
    test : bool
        Also on ``data.test``, if there is one.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.

    Returns
    -------
    LossCurve
        Equal to `spinglass_nn.networks.evaluate` at each point, to rounding.

    Raises
    ------
    ParameterError
        If the path belongs to another network.
    ShapeError
        If the data do not fit the network.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = MLP(sizes=(2, 4, 2))
    >>> a, b = sg.networks.initialize(net, n_replicas=2, rng=0)
    >>> curve = loss_curve(net, data, sg.landscape.interpolate(a, b, n_points=5))
    >>> curve.loss.shape, curve.barrier >= 0
    ((5,), True)
    """
    return loss_curves(net, data, [path], test=test, n_threads=n_threads)[0]


def loss_curves(
    net: MLP,
    data: LabelledData,
    paths: Sequence[Path],
    *,
    test: bool = True,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> list[LossCurve]:
    """Loss curves of many paths; threads share out paths, legs and samples.

    Parameters
    ----------
    net, data, test, n_threads
        As for `loss_curve`.
    paths : sequence of Path
        Paths of one network.
    progress : bool or callable
        False for silence, True for a bar, or a callable ``(done, total, description)``.

    Returns
    -------
    list of LossCurve
        One for each path, each the same as alone.

    Raises
    ------
    ParameterError
        If a path belongs to another network.
    ShapeError
        If the data do not fit the network.
    """
    for path in paths:
        check_network(net, path.network, "path")
    sets = data_sets(data, test)
    found: dict[int, LossCurve] = {}
    for some in _batches(paths):
        sources = [_blocks.source(net, one, paths[some[0]].nodes.dtype) for one in sets]
        nodes = np.concatenate([paths[k].nodes for k in some])
        terms = _terms([paths[k] for k in some])
        sums = _affine.sums(
            net, nodes, terms, sources, n_threads, progress=progress, title="points along paths"
        )
        ends = np.cumsum([paths[k].positions.size for k in some])
        for k, part in zip(some, np.split(sums, ends[:-1], axis=1), strict=True):
            found[k] = _curve(paths[k], means(part, sources))
    return [found[k] for k in range(len(paths))]


def check_network(net: MLP, other: MLP, name: str) -> None:
    """Refuse what belongs to a network of other sizes, biases or activation."""
    if (other.sizes, other.bias, other.activation) != (net.sizes, net.bias, net.activation):
        raise ParameterError(f"{name} must belong to {net}, got {other}")


def data_sets(data: LabelledData, test: bool) -> list[LabelledData]:
    """The data, and the held-out ones if they are wanted and there are any."""
    held_out = getattr(data, "test", None) if test else None
    return [data] if held_out is None else [data, held_out]


def means(sums: Float64Array, sources: Sequence[_blocks.Source]) -> Float64Array:
    """Loss and accuracy (n_sets, n_points, 2) from sums; NaN for what has no labels."""
    found: Float64Array = sums / np.array([s.n_samples for s in sources])[:, None, None]
    for mean, source in zip(found, sources, strict=True):
        if not source.labels.size:
            mean[:, 1] = np.nan
    return found


def _batches(paths: Sequence[Path]) -> Iterator[list[int]]:
    """Paths of one precision whose nodes together are not too many to copy."""
    for dtype in sorted({path.nodes.dtype for path in paths}, key=str):
        some: list[int] = []
        size = 0
        for k in (k for k, path in enumerate(paths) if path.nodes.dtype == dtype):
            if some and size + paths[k].nodes.nbytes > BYTES_AT_ONCE:
                yield some
                some, size = [], 0
            some.append(k)
            size += paths[k].nodes.nbytes
        yield some


def _terms(paths: Sequence[Path]) -> _affine.Terms:
    """Points on legs as mixtures of the two nodes, numbered through all paths."""
    before = np.cumsum([0, *(len(path.nodes) for path in paths)])
    legs = np.concatenate([path.legs for path in paths])
    t = np.concatenate([path.positions for path in paths]) - legs
    legs = legs + np.repeat(before[:-1], [path.positions.size for path in paths])
    vector = np.stack([legs, legs + 1], axis=1)
    coefficient = np.stack([1 - t, t], axis=1)
    there = coefficient != 0
    first = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    return _affine.Terms(first, vector[there], coefficient[there])


def _curve(path: Path, found: Float64Array) -> LossCurve:
    """The curve from loss and accuracy (n_sets, n_points, 2)."""
    held_out = len(found) > 1
    return LossCurve(
        coordinate=path.positions.copy(),
        distance=path.distance,
        loss=found[0, :, 0].copy(),
        accuracy=found[0, :, 1].copy(),
        test_loss=found[1, :, 0].copy() if held_out else None,
        test_accuracy=found[1, :, 1].copy() if held_out else None,
        name=path.name,
    )


def mean_barrier(curves: Sequence[LossCurve], *, of: str = "barrier") -> Estimate:
    """Mean barrier of curves that count as independent, with its standard error.

    Parameters
    ----------
    curves : sequence of LossCurve
        At least two, such as one for each random permutation.
    of : {"barrier", "barrier_above_ends", "accuracy_barrier", "accuracy_barrier_below_ends"}
        Which barrier; see `LossCurve`.

    Returns
    -------
    Estimate
        Of losses in nats per sample for the cross-entropy, of accuracies as a share.

    Raises
    ------
    DataError
        If there are fewer than two curves, or accuracies that are NaN.
    """
    check.choice(of, "of", BARRIERS)
    return mean_estimate([getattr(curve, of) for curve in curves])
