"""What defines a training run, written down so that it can be saved and compared."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from spinglass_nn._core import check
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.io.resuming import written
from spinglass_nn.networks._blocks import source
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica, Replicas
from spinglass_nn.training.history import TrainingState
from spinglass_nn.training.optimizers import SGD, Adam
from spinglass_nn.typing import IntArray

SHARED = ("start", "order", "subset")


def settings_of(**given: Any) -> dict[str, Any]:
    """Check what defines a run, and write it down in words and numbers that can be saved."""
    net, data, share = given["net"], given["data"], given["share"]
    share = (share,) if isinstance(share, str) else tuple(share)
    for what in share:
        check.choice(what, "share", SHARED)
    if not isinstance(given["optimizer"], (SGD, Adam)):
        raise ParameterError(f"optimizer must be SGD or Adam, got {given['optimizer']!r}")
    if given["dtype"] not in (np.float32, np.float64):
        raise ParameterError(f"dtype must be float32 or float64, got {given['dtype']}")
    size = given["subset_size"]
    if size is not None:
        size = check.count(size, "subset_size")
        if size > data.n_samples:
            raise ParameterError(
                f"subset_size must be at most {data.n_samples} samples, got {size}"
            )
    source(net, data, given["dtype"])
    if data.test is not None:
        source(net, data.test, given["dtype"])
    return {
        "network": repr(net) + ("" if net.bias else ", no bias"),
        "data": _fingerprint(data),
        "n_replicas": given["n_replicas"],
        "batch_size": given["batch_size"],
        "optimizer": written(given["optimizer"]),
        "share": tuple(sorted(set(share))),
        "subset_size": size,
        "record_every": given["record_every"],
        "first_replica": given["first_replica"],
        "dtype": str(given["dtype"]),
    }


def _fingerprint(data: Dataset) -> str:
    """A short hash of the training data, so that a run goes on with what it began with."""
    digest = hashlib.sha256(repr(data.inputs.shape).encode())
    for values in (data.inputs, data.labels, data.targets):
        if values is not None:
            digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()[:16]


def start_name(start: str | Replica | Replicas, net: MLP) -> str:
    """The initializer's name, or a hash of the points to start from."""
    if isinstance(start, str):
        return start
    if not isinstance(start, (Replica, Replicas)):
        raise ParameterError(
            "start must be the name of an initializer, a Replica or Replicas, "
            f"got {type(start).__name__}"
        )
    if start.network.sizes != net.sizes or start.network.bias != net.bias:
        raise ShapeError(f"start must belong to {net}, got {start.network}")
    return hashlib.sha256(np.ascontiguousarray(start.weights).data).hexdigest()[:16]


def check_same_steps(steps: IntArray, state: TrainingState) -> None:
    """Refuse to go on with other snapshots than the run began with."""
    if not np.array_equal(steps, state.snapshots.steps):
        then = state.snapshots.steps.tolist()
        raise ParameterError(
            f"snapshots must be as in the state it goes on from ({then}), got {steps.tolist()}"
        )
