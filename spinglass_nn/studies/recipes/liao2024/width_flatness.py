"""Protocol (d) over width: flatness and generalization of networks of other sizes."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.landscape import ruggedness
from spinglass_nn.networks import MLP, Replicas, evaluate
from spinglass_nn.statistics import Estimate
from spinglass_nn.studies.claims import mean_of
from spinglass_nn.studies.recipes.liao2024.measures import GAUGES, cheap_tables
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, sweep_data, sweep_probe
from spinglass_nn.studies.recipes.liao2024.rugged_walks import rugged_walk
from spinglass_nn.studies.recipes.pieces import kept
from spinglass_nn.studies.task import Context
from spinglass_nn.symmetries import balance
from spinglass_nn.training import SGD, TrainingRun, train_replicas
from spinglass_nn.typing import Float64Array, IntArray


@result()
class WidthFlatness:
    """Sharpness and generalization of runs of several widths, stopped at one train loss.

    One batch size and rate, those of the solutions; every run has a start of its own. Larger
    is sharper.

    Parameters
    ----------
    widths : int64 array (n_widths,)
        Hidden units.
    epochs, train_loss, test_loss, train_accuracy, test_accuracy, norm : array
        Of every run at its end, shape (n_widths, n_seeds).
    reached : array, like epochs
        1 if the run met its stopping rule, else 0.
    names : tuple of str
        Measures, with their gauge where it matters.
    mean : array (n_measures, n_widths, n_seeds)
        Values.
    """

    widths: IntArray
    epochs: Float64Array
    train_loss: Float64Array
    test_loss: Float64Array
    train_accuracy: Float64Array
    test_accuracy: Float64Array
    norm: Float64Array
    reached: Float64Array
    names: tuple[str, ...]
    mean: Float64Array

    def at(self, name: str) -> Float64Array:
        """One measure of all runs, (n_widths, n_seeds)."""
        found: Float64Array = self.mean[self.names.index(name)]
        return found

    def exponent(self, name: str) -> Estimate:
        """Slope of the logarithm of a measure against that of the width.

        Runs of one number at all widths give one slope, and these are the independent units of
        the error; NaN where a value is not positive.
        """
        x = np.log(self.widths)
        share = (x - x.mean()) / np.square(x - x.mean()).sum()
        with np.errstate(all="ignore"):
            return mean_of(share @ np.log(self.at(name)))


_RUNS = (
    "epochs", "train_loss", "test_loss", "train_accuracy", "test_accuracy", "norm", "reached",
)  # fmt: skip


class _Row(NamedTuple):
    """One width: numbers of its runs as in `_RUNS`, and measures with their names."""

    runs: Float64Array
    names: tuple[str, ...]
    mean: Float64Array


def run(context: Context) -> WidthFlatness:
    """Train at every width, and measure where the runs end."""
    p: Parameters = context.parameters
    rows = []
    with track(len(p.widths), "sharpness against width", context.progress) as tick:
        for place, width in enumerate(p.widths):
            found = kept(context, f"width{width}", partial(_width, context, place))
            rows.append(_Row(*found))
            tick(1)
    runs = np.stack([row.runs for row in rows], axis=1)
    return WidthFlatness(
        widths=np.array(p.widths, dtype=np.int64),
        **dict(zip(_RUNS, runs, strict=True)),
        names=rows[0].names,
        mean=np.stack([row.mean for row in rows], axis=1),
    )


def _width(context: Context, place: int) -> _Row:
    data, n_threads = sweep_data(context.parameters, context.shared), context.n_threads
    done = _train(context, data, place)
    points, stop = done.replicas, context.parameters.sweep_stop_at_loss
    trained, tested = (
        evaluate(points.network, points, samples, n_threads=n_threads)
        for samples in (data, context.shared.test)
    )
    runs = np.stack(
        [
            done.n_epochs, trained.loss, tested.loss, trained.accuracy, tested.accuracy,
            [point.norm for point in points],
            done.history.last("train_loss") <= stop,
        ]
    )  # fmt: skip
    names, mean = _measured(context, points, place)
    return _Row(runs.astype(float), names, mean)


def _train(context: Context, data: Dataset, place: int) -> TrainingRun:
    p: Parameters = context.parameters
    assert data.n_classes is not None
    return train_replicas(
        MLP(sizes=(data.n_inputs, p.widths[place], data.n_classes)),
        data,
        n_replicas=p.sweep_seeds,
        n_epochs=p.sweep_max_epochs,
        batch_size=min(p.batch_size, data.n_samples),
        optimizer=SGD(learning_rate=p.learning_rate),
        start=p.initializer,
        stop_at_loss=p.sweep_stop_at_loss,
        checkpoint=context.checkpoint(f"training{p.widths[place]}"),
        progress=context.progress,
        n_threads=context.n_threads,
        rng=context.rng(1, place),
    )


def _measured(
    context: Context, points: Replicas, place: int
) -> tuple[tuple[str, ...], Float64Array]:
    """Measures (n_measures, n_seeds), and F4 of every run in both gauges after them.

    Directions differ from width to width, so the numbers of runs are independent units.
    """
    data = sweep_probe(context.parameters, context.shared)
    tables = cheap_tables(context, data, points, context.rng(2, place))
    f4 = np.empty((len(GAUGES), len(points)))
    for k, point in enumerate(points):
        for g, start in enumerate((point, balance(point))):
            walk = rugged_walk(context, data, start, context.rng(3, place, k))
            f4[g, k] = ruggedness(walk).rms.mean
    names = [name for table in tables for name in table.rows]
    values = [table.mean.reshape(-1, len(points)) for table in tables]
    return (
        (*names, *(f"F4, {gauge}" for gauge in GAUGES)),
        np.concatenate([*values, f4]),
    )
