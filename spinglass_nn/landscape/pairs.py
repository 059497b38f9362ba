"""Barriers on the straight lines between all pairs of some solutions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape._lines import MEASURES, Lines
from spinglass_nn.landscape.curves import BARRIERS, LossCurve, check_network, loss_curves
from spinglass_nn.landscape.paths import interpolate
from spinglass_nn.networks import _affine
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica, Replicas, stack
from spinglass_nn.statistics import Estimate, jackknife_from
from spinglass_nn.symmetries import PairMatches, balance, match_pairs
from spinglass_nn.typing import RNG, Float64Array, IntArray, LabelledData, ProgressLike

ALIGN = ("permutations", "balanced")
_OF_CURVES = {"position": "barrier_position", "accuracy_position": "accuracy_barrier_position"}


@result()
class PairBarriers:
    r"""Barriers between points, with t running from i to j on a straight line.

    If points were matched, j stands for its copy next to i where i < j; where i > j the same
    line is meant, seen from the other end.

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
    align: str | PairMatches | None = None,
    n_points: int = 21,
    n_threads: int | None = None,
    progress: ProgressLike = False,
    rng: RNG = None,
) -> PairBarriers:
    """Barriers on the straight lines between all pairs of points, on all samples.

    First-layer sums are computed once for each point and mixed for each line: a line costs
    its points' upper layers and nothing else. Matched copies share those of a few points
    with a few others. Give ``data.test`` for held-out barriers.

    Parameters
    ----------
    net : MLP
        Network, with the loss to take.
    data : Dataset
        Samples.
    points : Replicas
        At least two points of one network, such as solutions.
    align : {None, "permutations", "balanced"} or PairMatches
        Remove the symmetries of networks first, pair by pair: the line from i to j > i ends
        at the permuted copy of j that is most similar to i. With ``"balanced"`` all points
        are rescaled to the balanced gauge before (ReLU and identity), and the lines join
        rescaled copies. Matches that `spinglass_nn.symmetries.match_pairs` found in another
        way, by annealing or activations, may be given instead; they are applied to the
        points as they are.
    n_points : int
        Points on each line at equal distances, both ends among them.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.
    progress : bool or callable
        False for silence, True for a bar, or a callable ``(done, total, description)``.
    rng : Generator, SeedSequence, int or None
        Seed of matching where there are several hidden layers, as for `match_pairs`.

    Returns
    -------
    PairBarriers
        The same as `loss_curve` gives for each pair. ``.loss`` and ``.accuracy`` are those of
        the points, which their copies share up to rounding.

    Raises
    ------
    ParameterError
        If there are fewer than two points, they belong to another network, the matches are
        not theirs, or the balanced gauge is asked for and the activation is not homogeneous.
    ShapeError
        If the data do not fit the network.

    Notes
    -----
    No set of points could stand for all matched pairs: copies of all points next to one of
    them are pulled towards it, and not next to each other.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.digits()
    >>> net = sg.networks.MLP(sizes=(64, 8, 10))
    >>> found = sg.training.train_replicas(net, data, n_replicas=3, n_epochs=5, rng=0).replicas
    >>> raw, matched = (
    ...     pair_barriers(net, data, found, align=align) for align in (None, "permutations")
    ... )
    >>> raw.barrier.shape, bool(matched.mean().mean < raw.mean().mean)
    ((3, 3), True)
    """
    check_points(net, points, "points", minimum=2)
    n_points = check.count(n_points, "n_points", minimum=2)
    points = in_gauge(points, align)
    matches = None if align is None else _matches(points, align, n_threads, progress, rng)
    lines = Lines.between(net, data, points, n_points, n_threads)
    everyone = np.arange(len(points))
    if matches is None:
        parts = lines.along(everyone, everyone, progress)
    else:
        parts = _along_matched(data, lines, matches, progress)
    found = {name: np.zeros((everyone.size, everyone.size)) for name in MEASURES}
    for i, j, one in parts:
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
        **found, loss=lines.loss, accuracy=lines.accuracy, n_points=n_points
    )  # fmt: skip


def check_points(net: MLP, points: Replicas, name: str, minimum: int = 1) -> None:
    """Refuse what is not enough points of the network."""
    if not isinstance(points, Replicas):
        raise ParameterError(f"{name} must be Replicas, got {type(points).__name__}")
    check_network(net, points.network, name)
    if len(points) < minimum:
        raise ParameterError(
            f"{name} must hold at least {minimum} point{'s' * (minimum > 1)}, got {len(points)}"
        )


def in_gauge(points: Replicas, align: str | PairMatches | None) -> Replicas:
    """The points as they are joined: rescaled, if that symmetry is to be removed."""
    if align is None or isinstance(align, PairMatches):
        return points
    if check.choice(align, "align", ALIGN) == "permutations":
        return points
    return stack([balance(point) for point in points])


def _matches(
    points: Replicas,
    align: str | PairMatches,
    n_threads: int | None,
    progress: ProgressLike,
    rng: RNG,
) -> PairMatches:
    """Matches of all pairs, as given or found."""
    if not isinstance(align, PairMatches):
        return match_pairs(points, n_threads=n_threads, progress=progress, rng=rng)
    sizes = tuple(order.shape[-1] for order in align.orders)
    if (len(align), sizes) != (len(points), points.network.hidden_sizes):
        raise ParameterError(
            f"align must hold the matches of {len(points)} points of {points.network}, got "
            f"those of {len(align)} points with {sizes} hidden units"
        )
    return align


def _along_matched(
    data: LabelledData, lines: Lines, matches: PairMatches, progress: ProgressLike
) -> Iterator[tuple[IntArray, IntArray, dict[str, Float64Array]]]:
    """What `Lines.along` gives, where each line ends at the matched copy of its second point."""
    points = lines.points

    def ends(i: int, j: int) -> tuple[Replica, Replica]:
        return points[i], matches.permutation(i, j).apply(points[j])

    n, n_points = len(points), lines.t.size
    for i, j, curves in curves_of_pairs(
        lines.net, data, ends, n, n_points, lines.n_threads, progress
    ):
        found = {
            name: np.array([getattr(curve, _OF_CURVES.get(name, name)) for curve in curves])
            for name in MEASURES
        }
        yield i, j, found


def curves_of_pairs(
    net: MLP,
    data: LabelledData,
    ends: Callable[[int, int], tuple[Replica, Replica]],
    n: int,
    n_points: int,
    n_threads: int | None,
    progress: ProgressLike,
) -> Iterator[tuple[IntArray, IntArray, list[LossCurve]]]:
    """Curves on the lines between ``ends(i, j)`` for all i < j of n points, in parts."""
    with track(n * (n - 1) // 2, "lines between pairs", progress) as advance:
        for pairs in _parts(n, net):
            between = [interpolate(*ends(i, j), n_points=n_points) for i, j in pairs]
            i, j = np.array(pairs).T
            yield i, j, loss_curves(net, data, between, test=False, n_threads=n_threads)
            advance(len(pairs))


def _parts(n: int, net: MLP) -> Iterator[list[tuple[int, int]]]:
    """Pairs i < j of n points, as many at a time as the engine takes at once.

    A part joins a few points to a few others: their copies have their units in common, which
    are multiplied with the data once.
    """
    most = max(1, _affine.MOST_UNITS // (2 * net.sizes[1]))
    side, part = math.isqrt(most), list[tuple[int, int]]()
    for low, other in itertools.combinations_with_replacement(range(0, n, side), 2):
        block = itertools.product(range(low, low + side), range(other, other + side))
        pairs = [(i, j) for i, j in block if i < j < n]
        if len(part) + len(pairs) > most:
            yield part
            part = []
        part += pairs
    if part:
        yield part
