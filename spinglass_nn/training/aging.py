"""Two-time quantities of training: how far parameters move after a waiting time."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core import check, threads
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.statistics import Estimates
from spinglass_nn.training.history import Snapshots, TrainingRun
from spinglass_nn.typing import Float64Array, FloatArray, IntArray

QUANTITIES = ("displacement", "overlap")


@result()
class TwoTime:
    """Displacement and overlap of each replica between any two of its snapshots.

    Parameters
    ----------
    steps : int64 array (n_snapshots,)
        Optimizer steps of the snapshots, increasing.
    displacement : float64 array (n_replicas, n_snapshots, n_snapshots)
        Squared distance over the number of parameters; symmetric, zero on the diagonal, NaN
        where a replica had stopped.
    overlap : float64 array (n_replicas, n_snapshots, n_snapshots)
        Cosine of the parameter vectors; NaN where a replica had stopped or a vector is zero.
    n_parameters : int
        Parameters that were compared.
    layer : int or None
        The weight layer they belong to, counted from 0; None for all.
    """

    steps: IntArray
    displacement: Float64Array
    overlap: Float64Array
    n_parameters: int
    layer: int | None

    def __repr__(self) -> str:
        where = "" if self.layer is None else f" of layer {self.layer}"
        return (
            f"<two-time quantities of {len(self.displacement)} replicas, {self.n_parameters} "
            f"parameters{where}, at {self.steps.size} steps from {self.steps[0]} to "
            f"{self.steps[-1]}>"
        )

    def values(self, of: str, waiting: int) -> Float64Array:
        """One quantity after a waiting time, for each replica.

        Parameters
        ----------
        of : {"displacement", "overlap"}
            Which.
        waiting : int
            Steps waited; one of ``steps``.

        Returns
        -------
        float64 array (n_replicas, n_later)
            At the snapshots after the waiting time.
        """
        check.choice(of, "of", QUANTITIES)
        place = self._place(waiting)
        values: Float64Array = getattr(self, of)[:, place, place + 1 :]
        return values

    def times(self, waiting: int) -> IntArray:
        """Steps from a waiting time to each later snapshot, shape (n_later,)."""
        later: IntArray = self.steps[self._place(waiting) + 1 :] - waiting
        return later

    def estimates(self, of: str, waiting: int) -> Estimates:
        """Mean over replicas with its standard error; parameters are those of `values`.

        Replicas that had stopped do not count; with fewer than two the error is NaN.
        """
        values = self.values(of, waiting)
        count = np.isfinite(values).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.nansum(values, axis=0) / count
            variance = np.nansum(np.square(values - mean), axis=0) / (count - 1)
            error = np.where(count > 1, np.sqrt(variance / count), np.nan)
        return Estimates(mean, error)

    def _place(self, waiting: int) -> int:
        waiting = check.count(waiting, "waiting", minimum=0)
        place = np.flatnonzero(self.steps == waiting)
        if place.size == 0:
            raise ParameterError(
                f"waiting must be the step of a snapshot, one of {self.steps.tolist()}, "
                f"got {waiting}"
            )
        return int(place[0])


def two_time(
    run: TrainingRun | Snapshots, *, layer: int | None = None, n_threads: int | None = None
) -> TwoTime:
    r"""Displacement and overlap between all pairs of a run's snapshots.

    .. math:: \Delta(t_w, t_w + t) = \frac1N |\theta(t_w + t) - \theta(t_w)|^2, \qquad
              C(t_w, t_w + t) = \frac{\theta(t_w) \cdot \theta(t_w + t)}
                                     {|\theta(t_w)|\, |\theta(t_w + t)|}

    with N the number of parameters. If the motion is stationary they depend on t alone; if it
    slows down, they depend on the waiting time :math:`t_w` too (aging). Space the snapshots
    with `log_spaced_steps`.

    Parameters
    ----------
    run : TrainingRun or Snapshots
        Training with at least two snapshots, or the snapshots.
    layer : int, optional
        Take the weights and biases of one layer, counted from 0, instead of all; needs a
        run, which knows its network.
    n_threads : int, optional
        Threads, one replica each. Default: all cores. The result does not depend on it.

    Returns
    -------
    TwoTime
        Both quantities of each replica; ``.estimates(of, waiting)`` averages them.

    Raises
    ------
    ParameterError
        If there is no such layer, or the network is not known.
    DataError
        If there are fewer than two snapshots.
    ShapeError
        If steps and weights of bare snapshots do not go together.

    References
    ----------
    Baity-Jesi et al. 2018 (arXiv:1803.06969): the displacement during training, and during
    quenches of a spin glass.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data, net = sg.datasets.digits(), sg.networks.MLP(sizes=(64, 8, 10))
    >>> steps = sg.training.log_spaced_steps(100, 5)
    >>> run = sg.training.train_replicas(
    ...     net, data, n_replicas=3, n_epochs=3, snapshots=steps, rng=0
    ... )
    >>> found = two_time(run)
    >>> found.times(5).tolist(), len(found.estimates("displacement", 5))
    ([17, 95], 2)
    """
    snapshots = run.snapshots if isinstance(run, TrainingRun) else run
    steps, weights = _checked(snapshots)
    if layer is not None:
        if not isinstance(run, TrainingRun):
            raise ParameterError("layer must be None for bare snapshots; hand over the run")
        layer = check.count(layer, "layer", minimum=0)
        weights = weights[..., _slice_of(run.network, layer)]
    both = threads.run(_between, list(weights), n_threads)
    return TwoTime(
        steps=steps,
        displacement=np.array([distance for distance, _ in both]),
        overlap=np.array([overlap for _, overlap in both]),
        n_parameters=int(weights.shape[2]),
        layer=layer,
    )


def _checked(snapshots: Snapshots) -> tuple[IntArray, FloatArray]:
    steps = check.array(snapshots.steps, "steps", shape=(None,), dtype=np.int64)
    weights = np.asarray(snapshots.weights)
    if weights.ndim != 3 or weights.shape[1] != steps.size or weights.size == 0:
        raise ShapeError(
            f"weights must have shape (any, {steps.size}, any) for {steps.size} steps, "
            f"got {weights.shape}"
        )
    if steps.size < 2:
        raise DataError(f"run must have at least 2 snapshots, got {steps.size}")
    if (np.diff(steps) <= 0).any():
        raise DataError(f"steps must increase, got {steps.tolist()}")
    return steps, weights


def _slice_of(network: MLP, layer: int) -> slice:
    if layer >= network.n_layers:
        raise ParameterError(
            f"layer must be below {network.n_layers}, the weight layers of {network}, "
            f"got {layer}"
        )
    places = network.layers(np.arange(network.n_parameters, dtype=np.float64))[layer]
    last = places.weight if places.bias is None else places.bias
    return slice(int(places.weight[0, 0]), int(last.max()) + 1)


def _between(points: FloatArray) -> tuple[Float64Array, Float64Array]:
    """Squared distances over N and cosines of the rows of (n_snapshots, N)."""
    theta = points.astype(np.float64)
    n = len(theta)
    distance = np.zeros((n, n))
    for w in range(n - 1):  # differences, not products: late steps are short
        difference = theta[w + 1 :] - theta[w]
        distance[w, w + 1 :] = np.einsum("ij,ij->i", difference, difference)
    distance += distance.T
    distance[~np.isfinite(theta).all(axis=1)] = np.nan
    product = theta @ theta.T
    length = np.sqrt(np.diag(product))
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.clip(product / np.outer(length, length), -1, 1)
    return distance / theta.shape[1], cosine
