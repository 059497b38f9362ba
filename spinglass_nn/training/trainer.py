"""Training many replicas at once: independent streams, one thread each, resumable."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import DTypeLike

from spinglass_nn._core import check, random
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.io.resuming import check_same, earlier, seed_in
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica, Replicas
from spinglass_nn.training._job import Job
from spinglass_nn.training._settings import check_same_steps, settings_of, start_name
from spinglass_nn.training._state import fresh_state
from spinglass_nn.training.history import TrainingRun, TrainingState
from spinglass_nn.training.optimizers import SGD, Optimizer
from spinglass_nn.typing import RNG, IntArray, PathType, ProgressLike


def train_replicas(
    net: MLP,
    data: Dataset,
    *,
    n_replicas: int = 1,
    n_epochs: int = 50,
    batch_size: int = 32,
    optimizer: Optimizer | None = None,
    start: str | Replica | Replicas = "fan_in",
    share: Sequence[str] = (),
    subset_size: int | None = None,
    stop_at_loss: float | None = None,
    record_every: int = 1,
    snapshots: Iterable[int] = (),
    first_replica: int = 0,
    dtype: DTypeLike | None = None,
    checkpoint: PathType | None = None,
    state: TrainingState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> TrainingRun:
    """Train replicas of a network, each with its own streams of random numbers.

    Replica k has the same bits whether it is trained alone or beside a thousand others, on
    one thread or on many.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    data : Dataset
        Training data; ``data.test``, if there, is evaluated at every record.
    n_replicas : int
        How many replicas.
    n_epochs : int
        Passes over the data, counted from the start of the run.
    batch_size : int
        Samples per step; the last batch of an epoch may be smaller.
    optimizer : SGD or Adam, optional
        Default: ``SGD(learning_rate=0.1)``.
    start : str, Replica or Replicas
        Name of an initializer (see `spinglass_nn.networks.initialize`), or the points to
        start from: one for all replicas, or one each.
    share : sequence of {"start", "order", "subset"}
        What all replicas have in common; everything else differs between them.
    subset_size : int, optional
        Train each replica on that many samples, drawn without replacement.
    stop_at_loss : float, optional
        A replica stops at the first recorded epoch whose train loss is not above this.
    record_every : int
        Epochs between records of loss and accuracy; epoch 0 and the last are always there.
    snapshots : iterable of int
        Optimizer steps whose parameters are kept; see `log_spaced_steps`.
    first_replica : int
        Number of the first replica, to train a part of a larger ensemble.
    dtype : float32 or float64, optional
        Precision; default: that of the data.
    checkpoint : path, optional
        File that holds the state of the run: written every now and then and when
        interrupted. If it is there at the start, the run goes on from it.
    state : TrainingState, optional
        State of an earlier run of the same settings, to go on from; ``n_epochs`` and
        ``stop_at_loss`` may differ.
    progress : bool or callable
        Progress in replica epochs.
    n_threads : int, optional
        Threads, one replica each. Default: all cores.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    TrainingRun
        ``.replicas``, ``.history``, ``.snapshots`` and ``.state``.

    Raises
    ------
    ParameterError, ShapeError, DataError
        If settings, data and network make no sense together.
    Interrupted
        On Ctrl-C, with ``.state``; nothing but the epoch under way is lost.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.digits()
    >>> net = sg.networks.MLP(sizes=(64, 16, 10))
    >>> run = train_replicas(net, data, n_replicas=2, n_epochs=3, rng=7)
    >>> run.history.train_loss.shape
    (2, 4)
    """
    optimizer = SGD() if optimizer is None else optimizer
    settings = settings_of(
        net=net,
        data=data,
        n_replicas=check.count(n_replicas, "n_replicas"),
        batch_size=check.count(batch_size, "batch_size"),
        optimizer=optimizer,
        share=share,
        subset_size=subset_size,
        record_every=check.count(record_every, "record_every"),
        first_replica=check.count(first_replica, "first_replica", minimum=0),
        dtype=np.dtype(data.inputs.dtype if dtype is None else dtype),
    )
    n_epochs = check.count(n_epochs, "n_epochs", minimum=0)
    state = earlier(state, checkpoint, TrainingState)
    steps = np.unique([check.count(s, "snapshots", minimum=0) for s in snapshots]).astype(int)
    seed = random.seed_of(rng) if rng is not None or state is None else seed_in(state.settings)
    settings |= {"entropy": seed.entropy, "key": seed.key, "start": start_name(start, net)}
    if state is None:
        state = fresh_state(net, start, settings, seed, steps, optimizer.n_slots)
    check_same(settings, state.settings)
    check_same_steps(steps, state)
    limit = -math.inf if stop_at_loss is None else check.number(stop_at_loss, "stop_at_loss")
    job = Job(net, data, optimizer, settings, seed, state, n_epochs, limit, checkpoint)
    return job.run(progress, n_threads)


def log_spaced_steps(n_steps: int, n: int) -> IntArray:
    """Steps from 0 to ``n_steps``, about equally spaced in their logarithm.

    Parameters
    ----------
    n_steps : int
        The last step.
    n : int
        About how many; fewer come back where rounding makes them coincide.

    Returns
    -------
    int64 array
        Increasing, from 0 to ``n_steps``.

    Examples
    --------
    >>> log_spaced_steps(1000, 7).tolist()
    [0, 1, 4, 16, 63, 251, 1000]
    """
    n_steps = check.count(n_steps, "n_steps")
    n = check.count(n, "n", minimum=2)
    spaced = np.rint(np.geomspace(1, n_steps, n - 1)).astype(np.int64)
    return np.unique(np.concatenate([[0], spaced]))
