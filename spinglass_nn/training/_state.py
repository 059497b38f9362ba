"""The state of a run: made fresh, or taken up again with room for more records."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.random import Seed
from spinglass_nn.errors import ShapeError
from spinglass_nn.networks.initializers import initialize
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica, Replicas
from spinglass_nn.training.history import History, Snapshots, TrainingState
from spinglass_nn.typing import Float64Array, IntArray


def fresh_state(
    net: MLP,
    start: str | Replica | Replicas,
    settings: dict[str, Any],
    seed: Seed,
    steps: IntArray,
    n_slots: int,
) -> TrainingState:
    """The state before the first step."""
    n, dtype = settings["n_replicas"], np.dtype(settings["dtype"])
    if isinstance(start, str):
        shared = "start" in settings["share"]
        weights = initialize(
            net,
            n_replicas=1 if shared else n,
            initializer=start,
            first_replica=0 if shared else settings["first_replica"],
            dtype=dtype,
            rng=seed,
        ).weights
    else:
        weights = np.atleast_2d(start.weights).astype(dtype)
    if len(weights) not in (1, n):
        raise ShapeError(f"start must hold 1 or {n} points, got {len(weights)}")
    weights = np.array(np.broadcast_to(weights, (n, net.n_parameters)))
    return TrainingState(
        weights=weights,
        slots=np.zeros((n, n_slots, net.n_parameters), dtype),
        epochs_done=np.zeros(n, np.int64),
        stopped=np.zeros(n, bool),
        history=History.empty(n, np.zeros(1, np.int64)),
        snapshots=Snapshots(steps, np.full((n, steps.size, net.n_parameters), np.nan, dtype)),
        settings=settings,
    )


def extended(state: TrainingState, every: int, n_epochs: int) -> TrainingState:
    """A copy of the state with room for every record up to ``n_epochs``."""
    last = max(n_epochs, int(state.epochs_done.max()))
    regular = np.arange(0, last + 1, every)
    recorded = state.history.epochs[np.isfinite(state.history.norm).any(axis=0)]
    epochs = np.union1d(np.union1d(regular, recorded), [n_epochs] if n_epochs else [0])
    epochs = epochs.astype(np.int64)
    history = History.empty(len(state.weights), epochs)
    for new, old in zip(series(history), series(state.history), strict=True):
        common, to, of = np.intersect1d(epochs, state.history.epochs, return_indices=True)
        del common
        new[:, to] = old[:, of]
    return TrainingState(
        weights=state.weights.copy(),
        slots=state.slots.copy(),
        epochs_done=state.epochs_done.copy(),
        stopped=np.zeros_like(state.stopped),
        history=history,
        snapshots=Snapshots(state.snapshots.steps, state.snapshots.weights.copy()),
        settings=state.settings,
    )


def series(history: History) -> tuple[Float64Array, ...]:
    """The recorded series, in the order a record is written."""
    return (
        history.train_loss,
        history.train_accuracy,
        history.test_loss,
        history.test_accuracy,
        history.norm,
    )


def stopped(state: TrainingState, stop_at_loss: float) -> Any:
    """Which replicas have already met the stopping rule at their last whole epoch."""
    history = state.history
    place = np.searchsorted(history.epochs, state.epochs_done)
    place = np.minimum(place, history.epochs.size - 1)
    rows = np.arange(len(place))
    recorded = history.epochs[place] == state.epochs_done
    with np.errstate(invalid="ignore"):
        return recorded & (history.train_loss[rows, place] <= stop_at_loss)
