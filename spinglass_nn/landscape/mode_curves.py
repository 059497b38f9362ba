"""Training curves that connect two points: Bezier curves and polygonal chains."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core import check, threads
from spinglass_nn._core.progress import track
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.io.resuming import seed_in, written
from spinglass_nn.landscape._optimized import (
    checked_optimizer,
    resumed,
    settings_of,
    straight_chain,
)
from spinglass_nn.landscape._samples import Minibatches
from spinglass_nn.landscape.connecting import (
    ConnectingCurve,
    CurveState,
    curve_coefficients,
    mixed,
)
from spinglass_nn.landscape.curves import LossCurve
from spinglass_nn.landscape.families import AffineFamily, family_losses
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.training.optimizers import SGD, descend
from spinglass_nn.typing import RNG, Float64Array, LabelledData, ProgressLike

N_POINTS = 61  # at which Garipov et al. evaluate


def bezier_curve(
    net: MLP,
    data: LabelledData,
    a: Replica,
    b: Replica,
    *,
    n_bends: int = 1,
    n_epochs: int = 50,
    batch_size: int | None = 128,
    optimizer: SGD | None = None,
    n_points: int = N_POINTS,
    name: str = "Bezier curve",
    state: CurveState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> ConnectingCurve:
    r"""Train a Bezier curve between two points to have a low loss all along.

    At every step a minibatch and a t, uniform in (0, 1), are drawn; each free control point
    goes down along its share of the gradient at that point of the curve,

    .. math:: \nabla_{w_j} L(\phi(t)) = c_j(t)\, \nabla L(\phi(t))

    which minimises the mean loss over t, not over the length of the curve.

    Parameters
    ----------
    net : MLP
        Network, with the loss to take.
    data : Dataset
        Samples; ``data.test``, if there, is on the curve of the result.
    a, b : Replica
        Ends, which stay where they are. Float32 ends are trained in float32.
    n_bends : int
        Free control points; they begin at equal distances on the straight line.
    n_epochs : int
        Passes over the data, counted from the start of the run.
    batch_size : int, optional
        Samples of each step; None for all.
    optimizer : SGD, optional
        Default: ``SGD(0.1, momentum=0.9)``. Weight decay acts on the point of the curve. The
        schedule counts epochs.
    n_points : int
        Points at which the trained curve is evaluated, at equally spaced t.
    name : str
        What the curve is called in figures.
    state : CurveState, optional
        State of an earlier run of the same settings, to go on from; ``n_epochs`` and
        ``n_points`` may differ.
    progress : bool or callable
        Progress in steps.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.
    rng : Generator, SeedSequence, int or None
        Seed of minibatches and of t.

    Returns
    -------
    ConnectingCurve
        ``.controls``, ``.curve``, ``.state``.

    Raises
    ------
    ParameterError
        If ends coincide or belong to another network, settings are not those of the state, or
        training diverges.
    ShapeError
        If the data do not fit the network.
    Interrupted
        On Ctrl-C, with ``.state``; no step is lost.

    References
    ----------
    Garipov et al. 2018 (arXiv:1802.10026).

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.digits()
    >>> net = sg.networks.MLP(sizes=(64, 8, 10))
    >>> a, b = sg.training.train_replicas(net, data, n_replicas=2, n_epochs=5, rng=0).replicas
    >>> curve = bezier_curve(net, data, a, b, n_epochs=5, rng=1).curve
    >>> straight = sg.landscape.interpolate(a, b, n_points=61)
    >>> curve.barrier < sg.landscape.loss_curve(net, data, straight).barrier
    True
    """
    return _run(
        net, data, a, b, "bezier",
        n_bends=n_bends, n_epochs=n_epochs, batch_size=batch_size, optimizer=optimizer,
        n_points=n_points, name=name, state=state, progress=progress, n_threads=n_threads,
        rng=rng,
    )  # fmt: skip


def polygonal_chain(
    net: MLP,
    data: LabelledData,
    a: Replica,
    b: Replica,
    *,
    n_bends: int = 1,
    n_epochs: int = 50,
    batch_size: int | None = 128,
    optimizer: SGD | None = None,
    n_points: int = N_POINTS,
    name: str = "polygonal chain",
    state: CurveState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> ConnectingCurve:
    """Train a polygonal chain between two points to have a low loss all along.

    Parameters, errors and references as for `bezier_curve`; the control points are the
    corners of the chain.

    Returns
    -------
    ConnectingCurve
        ``.controls``, ``.curve``, ``.state``.
    """
    return _run(
        net, data, a, b, "polygon",
        n_bends=n_bends, n_epochs=n_epochs, batch_size=batch_size, optimizer=optimizer,
        n_points=n_points, name=name, state=state, progress=progress, n_threads=n_threads,
        rng=rng,
    )  # fmt: skip


def _run(
    net: MLP,
    data: LabelledData,
    a: Replica,
    b: Replica,
    kind: str,
    *,
    state: CurveState | None,
    progress: ProgressLike,
    n_threads: int | None,
    rng: RNG,
    name: str,
    **given: Any,
) -> ConnectingCurve:
    """Check what was given, and train."""
    optimizer = checked_optimizer(given["optimizer"])
    n_epochs = check.count(given["n_epochs"], "n_epochs", minimum=0)
    n_points = check.count(given["n_points"], "n_points", minimum=2)
    settings = settings_of(net, data, a, b, given["batch_size"]) | {
        "kind": kind,
        "n_bends": check.count(given["n_bends"], "n_bends"),
        "optimizer": written(optimizer),
    }
    state = resumed(
        state, CurveState, settings, rng,
        lambda known: _fresh_state(net, a, b, known, optimizer.n_slots),
    )  # fmt: skip
    training = _Training(net, data, state, optimizer, n_threads)
    training.run(n_epochs, progress)
    at_end = training.state()
    curve = _evaluated(data, kind, at_end, n_points, name, n_threads)
    return ConnectingCurve(net, kind, at_end.controls, curve, at_end.epoch_losses, at_end)


def _fresh_state(
    net: MLP, a: Replica, b: Replica, settings: dict[str, Any], n_slots: int
) -> CurveState:
    """Control points at equal distances on the straight line."""
    controls = straight_chain(a, b, settings["n_bends"])
    slots = np.zeros((n_slots, controls[1:-1].size), controls.dtype)
    return CurveState(net, controls, slots, 0, np.empty(0), 0.0, settings)


class _Training:
    """A curve under way; steps are whole or not made."""

    def __init__(
        self,
        net: MLP,
        data: LabelledData,
        state: CurveState,
        optimizer: SGD,
        n_threads: int | None,
    ) -> None:
        self.net, self.optimizer, self.settings = net, optimizer, state.settings
        seed = seed_in(state.settings)
        self.batches = Minibatches(
            net, data, state.controls.dtype, self.settings["batch_size"], seed, n_threads
        )
        self.controls, self.slots = state.controls.copy(), state.slots.copy()
        self.n_steps, self.under_way = state.n_steps, state.under_way
        self.epoch_losses = state.epoch_losses.tolist()

    def run(self, n_epochs: int, progress: ProgressLike) -> None:
        """Train on to the end of epoch ``n_epochs``."""
        n_steps = n_epochs * self.batches.per_epoch
        title = f"{self.settings['kind']} curve of {self.net}"
        try:
            with threads.one_blas_thread(), track(n_steps, title, progress) as advance:
                advance(self.n_steps)
                while self.n_steps < n_steps:
                    threads.whole(self.step)
                    advance(1)
        except KeyboardInterrupt:
            raise Interrupted(
                f"training of a curve interrupted after {self.n_steps} of {n_steps} steps; "
                "repeat the call with state= to go on",
                self.state(),
            ) from None

    def step(self) -> None:
        """One minibatch at one t."""
        how, per_epoch = self.optimizer, self.batches.per_epoch
        t = self.batches.uniform(self.n_steps)
        coefficients = curve_coefficients(self.settings["kind"], t, len(self.controls))
        point = mixed(coefficients, self.controls)[None]
        loss = self.batches.of_step(self.n_steps)
        losses, gradient = loss.losses_and_gradients(point)
        if how.weight_decay:
            gradient += how.weight_decay * point
        shares = coefficients[1:-1, None].astype(gradient.dtype) * gradient
        rate = self.batches.rate(how, self.n_steps)
        descend(how, self.controls[1:-1].reshape(-1), self.slots, shares.reshape(-1), rate)
        if not (np.isfinite(losses[0]) and np.isfinite(self.controls).all()):
            raise ParameterError(
                f"learning_rate must keep training finite, got {how!r}: the curve diverged in "
                f"epoch {self.n_steps // per_epoch + 1}"
            )
        self.n_steps += 1
        self.under_way += float(losses[0]) * loss.source.n_samples
        if self.n_steps % per_epoch == 0:
            self.epoch_losses.append(self.under_way / self.batches.n_samples)
            self.under_way = 0.0

    def state(self) -> CurveState:
        """A copy of all that is needed to go on."""
        return CurveState(
            self.net,
            self.controls.copy(),
            self.slots.copy(),
            self.n_steps,
            np.array(self.epoch_losses),
            self.under_way,
            self.settings,
        )


def _evaluated(
    data: LabelledData,
    kind: str,
    state: CurveState,
    n_points: int,
    name: str,
    n_threads: int | None,
) -> LossCurve:
    """Loss and accuracy at equally spaced t; all points are mixtures of the control points."""
    t = np.linspace(0, 1, n_points)
    coefficients = curve_coefficients(kind, t, len(state.controls))
    family = AffineFamily(state.network, state.controls, coefficients, name)
    found = family_losses(state.network, data, family, n_threads=n_threads)
    return LossCurve(
        t,
        _distance(coefficients, state.controls.astype(np.float64)),
        found.loss,
        found.accuracy,
        found.test_loss,
        found.test_accuracy,
        name,
    )


def _distance(coefficients: Float64Array, controls: Float64Array) -> Float64Array:
    """Summed lengths of the chords up to every point."""
    legs = np.diff(controls, axis=0)
    products = np.einsum("ik,jk->ij", legs, legs)
    along = -np.diff(np.cumsum(coefficients, axis=1), axis=0)[:, :-1]  # in terms of the legs
    squares = np.einsum("pi,ij,pj->p", along, products, along)
    chords = np.sqrt(np.maximum(squares, 0))
    distance: Float64Array = np.concatenate([[0.0], np.cumsum(chords)])
    return distance
