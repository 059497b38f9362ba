"""Training of one kind of network, read as a spin model at many times."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.networks import MLP, Replica, Replicas, evaluate
from spinglass_nn.spins import LayeredIsing, layered_spectrum, layered_theory
from spinglass_nn.studies.recipes.barney2024.parameters import (
    Parameters,
    gain,
    network,
    starts,
)
from spinglass_nn.studies.recipes.barney2024.reading import SpinReadings, read, spins_of
from spinglass_nn.studies.recipes.data_choice import part_of
from spinglass_nn.studies.task import Context
from spinglass_nn.training import SGD, Snapshots, log_spaced_steps, train_replicas
from spinglass_nn.typing import Float64Array, FloatArray, IntArray


@result()
class MeltingRun:
    """Training runs of one kind of network, and what their snapshots are as spin models.

    Parameters
    ----------
    kind : {"binarised", "relu"}
        Kind of network.
    network : MLP
        The network.
    gain : float
        Of the initial weights.
    critical_temperature, edge : float
        T_c and bulk edge of random layers of these sizes and this gain.
    steps : int64 array (n_snapshots,)
        Optimizer steps done.
    epoch_steps : int
        Steps in an epoch.
    readings : SpinReadings
        Arrays (n_replicas, n_snapshots).
    moved : array (n_replicas, n_snapshots, n_layers)
        Change of each matrix over its initial length.
    train_loss, train_accuracy, test_loss, test_accuracy : array (n_replicas, n_snapshots)
        On a part of the training samples, and on the test samples.
    kept : Snapshots
        Weights at a few of these steps, the first and the last among them.
    early_step : int
        The kept step by which the glass must be gone.
    """

    kind: str
    network: MLP
    gain: float
    critical_temperature: float
    edge: float
    steps: IntArray
    epoch_steps: int
    readings: SpinReadings
    moved: Float64Array
    train_loss: Float64Array
    train_accuracy: Float64Array
    test_loss: Float64Array
    test_accuracy: Float64Array
    kept: Snapshots
    early_step: int

    @property
    def n_replicas(self) -> int:
        """Training runs."""
        return len(self.moved)

    @property
    def epochs(self) -> Float64Array:
        """Times of the snapshots in epochs, (n_snapshots,)."""
        found: Float64Array = self.steps / self.epoch_steps
        return found

    @property
    def onsets(self) -> Float64Array:
        """Step from which a run is ordered to its end, (n_replicas,); infinite if it never is."""
        ordered = self.readings.ordered
        first = ordered.shape[1] - np.argmin(ordered[:, ::-1], axis=1)  # after the last without
        first = np.where(ordered.all(axis=1), 0, first)
        found: Float64Array = np.append(self.steps.astype(float), np.inf)[first]
        return found

    def kept_temperature(self, replica: int, place: int) -> float:
        """T_c of a run at one of the kept steps, as it was read."""
        column = np.searchsorted(self.steps, self.kept.steps[place])
        return float(self.readings.temperature[replica, column])

    def kept_model(self, replica: int, place: int) -> LayeredIsing:
        """A run at one of the kept steps as a spin model."""
        return spins_of(self.network, self.kept.weights[replica, place])


def run_kind(context: Context, kind: str) -> MeltingRun:
    """Train the runs and read every snapshot."""
    p: Parameters = context.parameters
    data, net = context.shared, network(context.parameters, context.shared, kind)
    epoch = -(-data.n_samples // p.batch_size)
    kept, early = kept_steps(p, epoch)
    steps = snapshot_steps(p, epoch)
    snapshots = train_replicas(
        net,
        data,
        n_replicas=p.n_replicas,
        n_epochs=p.n_epochs,
        record_every=p.n_epochs,  # snapshots are evaluated instead
        start=starts(net, gain(p, kind), p.n_replicas, context.rng(1), data.inputs.dtype),
        snapshots=steps,
        batch_size=p.batch_size,
        optimizer=SGD(learning_rate=p.learning_rate, momentum=p.momentum),
        checkpoint=context.checkpoint("training"),
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(2),
    ).snapshots
    weights = snapshots.weights
    points, shape = Replicas(net, weights.reshape(-1, net.n_parameters)), weights.shape[:2]
    edge = layered_spectrum.bulk_edge(net.sizes, gain(p, kind))
    readings = read(
        lambda number: spins_of(net, points.weights[number]),
        edge,
        shape,
        progress=context.progress,
        n_threads=context.n_threads,
    )
    probe = part_of(data, p.n_probe, p.seed)
    seen = evaluate(net, points, probe, n_threads=context.n_threads)
    held = evaluate(net, points, data.test, n_threads=context.n_threads)
    return MeltingRun(
        kind=kind,
        network=net,
        gain=gain(p, kind),
        critical_temperature=layered_theory.critical_temperature(net.sizes, gain(p, kind)),
        edge=edge,
        steps=snapshots.steps,
        epoch_steps=epoch,
        readings=readings,
        moved=np.array([[_moved(net, rows[0], row) for row in rows] for rows in weights]),
        train_loss=seen.loss.reshape(shape),
        train_accuracy=seen.accuracy.reshape(shape),
        test_loss=held.loss.reshape(shape),
        test_accuracy=held.accuracy.reshape(shape),
        kept=Snapshots(kept, weights[:, np.isin(snapshots.steps, kept)].copy()),
        early_step=early,
    )


def kept_steps(p: Parameters, epoch: int) -> tuple[IntArray, int]:
    """Steps whose weights are kept, and which of them is the early one."""
    total = epoch * p.n_epochs
    early = max(1, round(p.early_share * total))
    shares = [max(1, round(share * total)) for share in p.kept_shares]
    return np.unique([0, early, *shares]), early


def snapshot_steps(p: Parameters, epoch: int) -> list[int]:
    """All steps that are read: logarithmically spaced, in the first epoch, and those kept."""
    chosen = {*log_spaced_steps(epoch * p.n_epochs, p.n_snapshots).tolist()}
    if p.first_epoch_every:
        chosen |= set(range(0, epoch + 1, p.first_epoch_every))
    return sorted(chosen | {int(step) for step in kept_steps(p, epoch)[0]})


def _moved(net: MLP, start: FloatArray, end: FloatArray) -> list[float]:
    """Change of each matrix over its initial length."""
    pairs = zip(Replica(net, start).layers, Replica(net, end).layers, strict=True)
    return [
        float(np.linalg.norm(b.weight - a.weight) / np.linalg.norm(a.weight)) for a, b in pairs
    ]


def binarised(context: Context) -> MeltingRun:
    """Train the binarised networks."""
    return run_kind(context, "binarised")


def relu(context: Context) -> MeltingRun:
    """Train the ReLU networks."""
    return run_kind(context, "relu")
