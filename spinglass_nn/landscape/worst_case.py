"""How high the loss rises near a point at worst: Keskar's measure, SAM's, and adaptive ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape import _ascent
from spinglass_nn.networks import MLP, Parameters, evaluate
from spinglass_nn.networks.parameters import as_rows
from spinglass_nn.typing import RNG, Float64Array, LabelledData, ProgressLike

# measure: default size, iterations
DEFAULTS = {
    "sam": (0.05, 1),
    "adaptive_sam": (0.5, 1),
    "ball": (0.05, 20),
    "adaptive_ball": (0.5, 20),
    "keskar": (1e-3, 10),
}


@result()
class Sharpness:
    """Largest rise of the loss that was found around each of several points.

    Parameters
    ----------
    value : array (n_replicas,)
        The measure: the rise, or for ``"keskar"`` ``100 * rise / (1 + base_loss)``.
    rise : array (n_replicas,)
        Loss at the highest point found less that at the point; a lower bound of the maximum.
    base_loss : array (n_replicas,)
        Loss at the points themselves.
    displacement : array (n_replicas, n_parameters)
        Where the highest points are.
    spread : array (n_replicas,)
        Rise from the best start less that from the worst.
    measure : str
        Which measure.
    size : float
        Radius or extent of the set.
    """

    value: Float64Array
    rise: Float64Array
    base_loss: Float64Array
    displacement: Float64Array
    spread: Float64Array
    measure: str
    size: float

    def __len__(self) -> int:
        return int(self.value.shape[0])


def worst_case_sharpness(
    net: MLP,
    points: Parameters,
    data: LabelledData,
    *,
    measure: str = "ball",
    size: float | None = None,
    n_iterations: int | None = None,
    n_starts: int = 2,
    n_directions: int | None = None,
    rng: RNG = 0,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Sharpness:
    r"""Largest rise of the loss in a set around each point.

    .. math:: S = \max_{\delta \in \mathcal C} L(\theta + \delta) - L(\theta)

    ================= =================================================== ================
    measure           set :math:`\mathcal C`, with size s                 search
    ================= =================================================== ================
    ``sam``           :math:`|\delta| \le s`                              one step
    ``adaptive_sam``  :math:`|\delta / \theta| \le s`                     one step
    ``ball``          :math:`|\delta| \le s`                              projected ascent
    ``adaptive_ball`` :math:`|\delta / \theta| \le s`                     projected ascent
    ``keskar``        :math:`|y_i| \le s (|(A^+ \theta)_i| + 1)`          L-BFGS-B
    ================= =================================================== ================

    with :math:`\delta / \theta` entry by entry, and :math:`\delta = A y` in the last.
    ``keskar`` is :math:`100\, S / (1 + L)`, with A the unit matrix or, with ``n_directions``,
    orthonormal random columns. The adaptive measures do not change when units are rescaled,
    or any parameters whose rescaling leaves the function alone; biases are scaled by
    their size like all others. The others do change: compare them in a common gauge.

    The maximum is looked for, not known: what is returned is a lower bound. The first search
    starts at the point itself, where a gradient of zero leads nowhere, the others at random
    places in the set, the same for all points; ``spread`` says how far they came apart.
    Evaluations are in float64 over all of the data.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    points : Replica, Replicas, or array (n_parameters,) or (n_replicas, n_parameters)
        Around these.
    data : Dataset
        The loss is the mean over all of it.
    measure : {"sam", "adaptive_sam", "ball", "adaptive_ball", "keskar"}
        Which set, and which search.
    size : float, optional
        s; by default 0.05 (sam, ball), 0.5 (adaptive) or 1e-3 (keskar).
    n_iterations : int, optional
        Of the search, by default 20 (ascent) or 10 (L-BFGS-B); one step has one.
    n_starts : int
        Searches for each point; one step has only the first.
    n_directions : int, optional
        Dimension of the random subspace for ``keskar``; by default the whole space.
    rng : Generator, SeedSequence, int or None
        Seed of starts and subspace. The default gives the same bits each time.
    n_threads : int, optional
        Default: all cores. Results do not depend on it.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).

    Returns
    -------
    Sharpness
        Arrays over points, also for one.

    Raises
    ------
    ParameterError
        If a number makes no sense, or ``n_directions`` is given for another measure than
        ``keskar`` or exceeds the number of parameters.

    References
    ----------
    N. S. Keskar et al., arXiv:1609.04836; P. Foret et al., arXiv:2010.01412 (SAM); J. Kwon et
    al., arXiv:2102.11600 (adaptive); F. Croce and M. Hein, arXiv:2003.01690 (the ascent); M.
    Andriushchenko et al., arXiv:2302.07011, who use it for sharpness.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 2.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> minimum = np.array([0.0, 0.5, 1.0, 0.0])
    >>> found = worst_case_sharpness(net, minimum, data, size=0.1)
    >>> round(float(found.value[0]), 6)  # 0.1^2 / 2 times the largest eigenvalue, 2
    0.01
    """
    rows: Float64Array = as_rows(net, points)[0].astype(np.float64, copy=False)
    default_size, default_iterations = DEFAULTS[check.choice(measure, "measure", DEFAULTS)]
    size = default_size if size is None else check.positive(size, "size")
    n_iterations = check.count(
        default_iterations if n_iterations is None else n_iterations, "n_iterations"
    )
    n_starts = check.count(n_starts, "n_starts") if default_iterations > 1 else 1
    seed = random.seed_of(rng)
    axes = _axes(net, measure, n_directions, seed)
    tasks = [(row, start) for row in range(len(rows)) for start in range(n_starts)]
    inner = max(1, threads.resolve(n_threads) // len(tasks))
    with track(len(tasks), f"worst case ({measure})", progress) as report:

        def search(task: tuple[int, int]) -> tuple[float, Float64Array]:
            theta = rows[task[0]]
            scale = _scale(theta, measure, size, axes)
            chart = _ascent.Chart(net, data, theta, scale, axes, inner)
            start = _start(measure, size, scale.size, task[1], seed)
            found = _searched(chart, measure, size, start, n_iterations)
            report(1)
            return found.rise, chart.displacement(found.place)

        found = threads.run(search, tasks, n_threads)
    return _best(net, data, rows, measure, size, found, n_threads)


def _axes(net: MLP, measure: str, n_directions: int | None, seed: Seed) -> Float64Array | None:
    """Orthonormal rows that span the random subspace; None for the whole space."""
    if n_directions is None:
        return None
    if measure != "keskar":
        raise ParameterError(
            f"n_directions must be left out for {measure!r}, got {n_directions}"
        )
    n = check.count(n_directions, "n_directions")
    if n > net.n_parameters:
        raise ParameterError(f"n_directions must be at most {net.n_parameters}, got {n}")
    drawn = seed.generator(Stream.DIRECTIONS, 0, 1).standard_normal((net.n_parameters, n))
    return np.ascontiguousarray(np.linalg.qr(drawn)[0].T)


def _scale(
    theta: Float64Array, measure: str, size: float, axes: Float64Array | None
) -> Float64Array:
    """What one unit of each coordinate is, in parameters."""
    if measure == "keskar":
        return size * (np.abs(theta if axes is None else axes @ theta) + 1)
    return np.abs(theta) if measure.startswith("adaptive") else np.ones(theta.size)


def _start(measure: str, size: float, n: int, index: int, seed: Seed) -> Float64Array:
    """Where search number ``index`` begins: the first at the point."""
    if index == 0:
        return np.zeros(n)
    generator = seed.generator(Stream.RANDOM_POINTS, index)
    if measure == "keskar":
        return generator.uniform(-1.0, 1.0, n)
    direction = generator.standard_normal(n)
    return size * direction / float(np.linalg.norm(direction))


def _searched(
    chart: _ascent.Chart, measure: str, size: float, start: Float64Array, n_iterations: int
) -> _ascent.Summit:
    if measure == "keskar":
        return _ascent.climb_box(chart, start, n_iterations)
    if measure.endswith("sam"):
        return _ascent.step(chart, size, start)
    return _ascent.ascend(chart, size, start, n_iterations)


def _best(
    net: MLP,
    data: LabelledData,
    rows: Float64Array,
    measure: str,
    size: float,
    found: list[tuple[float, Any]],
    n_threads: int | None,
) -> Sharpness:
    """The highest of each point's searches."""
    rises = np.array([rise for rise, _ in found]).reshape(len(rows), -1)
    best = rises.argmax(axis=1)
    rise = rises.max(axis=1)
    base = np.atleast_1d(evaluate(net, rows, data, n_threads=n_threads).loss)
    moved = np.stack([found[k * rises.shape[1] + b][1] for k, b in enumerate(best)])
    value = 100 * rise / (1 + base) if measure == "keskar" else rise.copy()
    return Sharpness(value, rise, base, moved, rise - rises.min(axis=1), measure, size)
