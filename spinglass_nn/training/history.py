"""What a training run records, and how it can go on."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replicas
from spinglass_nn.typing import Float64Array, FloatArray, IntArray


@result()
class History:
    """Loss and accuracy at the recorded epochs; NaN where a replica had already stopped.

    Parameters
    ----------
    epochs : int64 array (n_records,)
        Epochs completed at each record; the first is 0.
    train_loss, train_accuracy : array (n_replicas, n_records)
        Over all samples the replica trains on.
    test_loss, test_accuracy : array (n_replicas, n_records)
        Over the held-out data; NaN if there are none.
    norm : array (n_replicas, n_records)
        Length of the parameter vector.
    """

    epochs: IntArray
    train_loss: Float64Array
    train_accuracy: Float64Array
    test_loss: Float64Array
    test_accuracy: Float64Array
    norm: Float64Array

    @classmethod
    def empty(cls, n_replicas: int, epochs: IntArray) -> History:
        """All NaN, to be filled."""
        blank = [np.full((n_replicas, epochs.size), np.nan) for _ in range(5)]
        return cls(epochs, *blank)

    def last(self, name: str) -> Float64Array:
        """The last recorded value of a quantity for each replica, shape (n_replicas,)."""
        values: Float64Array = getattr(self, name)
        recorded = np.isfinite(self.norm)
        place = recorded.shape[1] - 1 - np.argmax(recorded[:, ::-1], axis=1)
        last: Float64Array = values[np.arange(len(values)), place]
        return last


@result()
class Snapshots:
    """Parameters along training, at chosen optimizer steps.

    Parameters
    ----------
    steps : int64 array (n_snapshots,)
        Optimizer steps done; 0 is the start.
    weights : array (n_replicas, n_snapshots, n_parameters)
        NaN where a replica stopped before the step.
    """

    steps: IntArray
    weights: FloatArray


@result()
class TrainingState:
    """All a run needs to go on to the same bits.

    Parameters
    ----------
    weights : array (n_replicas, n_parameters)
        Parameters after the last whole epoch of each replica.
    slots : array (n_replicas, n_slots, n_parameters)
        The optimizer's memory.
    epochs_done : int64 array (n_replicas,)
        Whole epochs completed.
    stopped : bool array (n_replicas,)
        Whether a replica has met its stopping rule.
    history : History
        Records so far.
    snapshots : Snapshots
        Snapshots so far.
    settings : dict
        What must be the same when the run goes on; all random numbers follow from it.
    """

    weights: FloatArray
    slots: FloatArray
    epochs_done: IntArray
    stopped: Any
    history: History
    snapshots: Snapshots
    settings: dict[str, Any]


@result()
class TrainingRun:
    """Trained replicas and how they got there.

    Parameters
    ----------
    replicas : Replicas
        Final parameters.
    history : History
        Loss, accuracy and norm at the recorded epochs.
    snapshots : Snapshots
        Parameters at the steps asked for (none if none were).
    state : TrainingState
        Hand it back as ``state=`` to train on.
    """

    replicas: Replicas
    history: History
    snapshots: Snapshots
    state: TrainingState

    def __repr__(self) -> str:
        losses = self.history.last("train_loss")
        epochs = sorted({int(self.n_epochs.min()), int(self.n_epochs.max())})
        return (
            f"<{len(self.replicas)} replicas of {self.replicas.network} after "
            f"{'-'.join(map(str, epochs))} epochs: train loss {losses.mean():.4g} "
            f"(min {losses.min():.4g}, max {losses.max():.4g})>"
        )

    @property
    def network(self) -> MLP:
        """The network trained."""
        return self.replicas.network

    @property
    def n_epochs(self) -> IntArray:
        """Epochs each replica was trained, shape (n_replicas,)."""
        return self.state.epochs_done
