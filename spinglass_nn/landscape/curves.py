"""Loss and accuracy along paths, and the barriers they show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape import _kernels
from spinglass_nn.landscape.paths import Path
from spinglass_nn.networks import _blocks
from spinglass_nn.networks.mlp import MLP, Layer
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.typing import Float64Array, LabelledData, ProgressLike

LEGS_PER_RUN = 64  # done one after another; fixed, so results do not depend on threads


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
        where = self.coordinate[int(_excess(self.coordinate, self.loss).argmax())]
        first, last = self.coordinate[0], self.coordinate[-1]
        return float((where - first) / (last - first)) if last > first else 0.0

    @property
    def barrier_above_ends(self) -> float:
        r"""Height above the higher end, :math:`\max_t L(t) - \max(L(0), L(1))`."""
        return float(self.loss.max() - max(self.loss[0], self.loss[-1]))

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
    only, on each leg only for the units it changes, and not at all for units that it permutes:
    a straight line of 25 points costs little more than its two ends.

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
        if (path.network.sizes, path.network.bias, path.network.activation) != (
            net.sizes,
            net.bias,
            net.activation,
        ):
            raise ParameterError(f"path must belong to {net}, got {path.network}")
    held_out = getattr(data, "test", None) if test else None
    sets = [data] if held_out is None else [data, held_out]
    sources = {
        (dtype, k): _blocks.source(net, some, dtype)
        for dtype in {path.nodes.dtype for path in paths}
        for k, some in enumerate(sets)
    }
    tasks = [
        _Task(p, k, legs, segment)
        for p, path in enumerate(paths)
        for k in range(len(sets))
        for legs in _runs(path.n_legs)
        for segment in sources[path.nodes.dtype, k].segments()
    ]
    legs = [[_leg(net, path, k) for k in range(path.n_legs)] for path in paths]
    with track(len(tasks), "points along paths", progress) as advance:

        def work(task: _Task) -> Float64Array:
            path = paths[task.path]
            source = sources[path.nodes.dtype, task.data]
            sums = _run_sums(net, path, legs[task.path], source, task)
            advance(1)
            return sums

        parts = threads.run(work, tasks, n_threads)
    sums = [np.zeros((len(sets), path.positions.size, 2)) for path in paths]
    for task, part in zip(tasks, parts, strict=True):
        sums[task.path][task.data, _points(paths[task.path], task.legs)] += part
    return [
        _curve(path, one, [sources[path.nodes.dtype, k] for k in range(len(sets))])
        for path, one in zip(paths, sums, strict=True)
    ]


class _Task(NamedTuple):
    """One run of legs of one path, over one segment of one data set."""

    path: int
    data: int
    legs: range
    segment: tuple[int, int]


def _runs(n_legs: int) -> list[range]:
    """Legs cut into runs, by their number alone."""
    return [
        range(first, min(first + LEGS_PER_RUN, n_legs))
        for first in range(0, n_legs, LEGS_PER_RUN)
    ]


def _points(path: Path, legs: range) -> slice:
    """The points that lie on a run of legs."""
    cuts = np.searchsorted(path.legs, [legs.start, legs.stop])
    return slice(int(cuts[0]), int(cuts[1]))


def _run_sums(
    net: MLP, path: Path, legs: list[_kernels.Leg], source: _blocks.Source, task: _Task
) -> Float64Array:
    """Summed loss and right answers (n_points, 2) on a run of legs over one segment."""
    layout, first = net.layout, _points(path, task.legs).start
    points = [_points(path, range(k, k + 1)) for k in task.legs]
    sums = np.zeros((_points(path, task.legs).stop - first, 2))
    scratch = _scratch(net, source.dtype)
    for block in source.blocks(*task.segment):
        _kernels.begin_block(path.nodes[task.legs.start], layout, block.inputs, scratch)
        for leg, on in zip(legs[task.legs.start : task.legs.stop], points, strict=True):
            part = sums[on.start - first : on.stop - first]
            _kernels.leg_of_block(leg, layout, *block, scratch, part)
    return sums


def _leg(net: MLP, path: Path, k: int) -> _kernels.Leg:
    """What the kernel needs of leg k."""
    start, end = path.nodes[k], path.nodes[k + 1]
    old, new = net.layers(start)[0], net.layers(end)[0]
    differ = (old.weight != new.weight).any(axis=1)
    if old.bias is not None and new.bias is not None:
        differ |= old.bias != new.bias
    changed = np.flatnonzero(differ)
    # a permuted unit's sums are another's at the start: no product is needed for them
    units = [int(unit) for unit in changed]
    owner = {_unit_bytes(old, unit): unit for unit in units}
    source = np.array([owner.get(_unit_bytes(new, unit), -1) for unit in units], np.int64)
    order = np.argsort(source >= 0, kind="stable")
    changed, source = changed[order], source[order]
    n_new = int((source < 0).sum())
    t = path.positions[_points(path, range(k, k + 1))] - k
    return _kernels.Leg(
        start=start,
        end=end,
        changed=changed,
        rows=new.weight[changed[:n_new]],
        source=source[n_new:],
        mix=np.stack([1 - t, t], axis=1).astype(path.nodes.dtype),
    )


def _unit_bytes(layer: Layer, unit: int) -> bytes:
    """Input weights and bias of one unit, as a key."""
    parts = [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
    return b"".join(part[unit].tobytes() for part in parts)


def _scratch(net: MLP, dtype: np.dtype[Any]) -> _kernels.Scratch:
    n, first = _blocks.BLOCK, net.sizes[1]
    return _kernels.Scratch(
        pre=np.empty(first * n, dtype=dtype),
        pre_end=np.empty(first * n, dtype=dtype),
        active=np.empty(_blocks.workspace_size(net), dtype=dtype),
        theta=np.empty(net.n_parameters, dtype=dtype),
        top=np.empty(n, dtype=dtype),
        sums=np.empty(3 * n),
        best=np.empty(n, dtype=np.int64),
    )


def _curve(path: Path, sums: Float64Array, sources: Sequence[_blocks.Source]) -> LossCurve:
    """Divide sums (n_sets, n_points, 2) by the numbers of samples."""
    means = sums / np.array([source.n_samples for source in sources])[:, None, None]
    for mean, source in zip(means, sources, strict=True):
        if not source.labels.size:
            mean[:, 1] = np.nan
    held_out = len(sources) > 1
    return LossCurve(
        coordinate=path.positions.copy(),
        distance=path.distance,
        loss=means[0, :, 0].copy(),
        accuracy=means[0, :, 1].copy(),
        test_loss=means[1, :, 0].copy() if held_out else None,
        test_accuracy=means[1, :, 1].copy() if held_out else None,
        name=path.name,
    )


def mean_barrier(curves: Sequence[LossCurve]) -> Estimate:
    """Mean barrier of curves that count as independent, with its standard error.

    Parameters
    ----------
    curves : sequence of LossCurve
        At least two, such as one for each random permutation.

    Returns
    -------
    Estimate
        In nats per sample for the cross-entropy.

    Raises
    ------
    DataError
        If there are fewer than two curves.
    """
    return mean_estimate([curve.barrier for curve in curves])
