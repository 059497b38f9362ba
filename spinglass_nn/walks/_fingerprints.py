"""Fingerprints of data, by which a run knows what it began with."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn.errors import ParameterError
from spinglass_nn.io.resuming import fingerprint
from spinglass_nn.networks import MLP
from spinglass_nn.networks._blocks import source
from spinglass_nn.typing import LabelledData


def fingerprint_of(net: MLP, data: LabelledData, dtype: np.dtype[Any]) -> str:
    """A short hash of inputs and answers, once it is known that they fit the network."""
    source(net, data, dtype)
    return fingerprint(data.inputs, data.labels, data.targets)


def check_data(name: str, now: str | None, then: str | None) -> None:
    """Refuse to go on with other data than a state was made with."""
    if now != then:
        raise ParameterError(
            f"{name} must be as in state, with fingerprint {then}, got others with {now}"
        )
