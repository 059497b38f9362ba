"""Parameters of the study, and the two kinds of network they describe."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from spinglass_nn._core import check
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, Replicas, initialize
from spinglass_nn.studies.recipes.data_choice import DataChoice, increasing, load
from spinglass_nn.typing import RNG

# each kind by its name in results and its activation
KINDS = {"binarised": "sign", "relu": "relu"}
WORDS = {"binarised": "binarised", "relu": "ReLU"}


class Parameters(DataChoice, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that can be set; see `notes.NOTES` for meanings."""

    pixels: str = "unit"
    widths: tuple[int, ...] = (512, 512)
    n_replicas: int = 4
    binarised_variance: float = 1.0
    relu_variance: float = 2.0
    learning_rate: float = 0.01
    momentum: float = 0.9
    batch_size: int = 64
    n_epochs: int = 30
    n_snapshots: int = 40
    first_epoch_every: int = 100
    n_probe: int = 2000
    kept_shares: tuple[float, ...] = (0.01, 0.2, 1.0)
    early_share: float = 0.05
    fit_onsets: float = 2.0
    n_bootstrap: int = 500
    theory_width: int = 500
    n_networks: int = 10
    tap_temperatures: tuple[float, ...] = (0.4, 0.6, 0.8, 0.95, 1.05)
    tap_starts: int = 16
    tap_damping: float = 0.2
    tap_tolerance: float = 1e-5
    tap_iterations: int = 3000
    state_temperature: float = 0.9
    glass_widths: tuple[int, ...] = (64, 64, 64, 10)
    glass_samples: int = 24
    glass_sweeps: int = 16384
    ordered_sweeps: int = 2048
    glass_temperature: float = 0.5
    n_removals: int = 8
    lazy_scales: tuple[float, ...] = (0.1, 1.0, 100.0)
    lazy_epochs: int = 10
    lazy_samples: int = 10_000

    def __post_init__(self) -> None:
        super().__post_init__()
        check.choice(self.pixels, "pixels", ("unit", "signs"))
        for name, least in _LEAST.items():
            check.count(getattr(self, name), name, minimum=least)
        for name in (
            "binarised_variance", "relu_variance", "learning_rate", "fit_onsets",
            "tap_tolerance",
        ):  # fmt: skip
            check.positive(getattr(self, name), name)
        check.within(self.momentum, "momentum", 0, 1)
        for name in ("early_share", "state_temperature", "glass_temperature", "tap_damping"):
            check.positive(getattr(self, name), name)
            check.within(getattr(self, name), name, 0, 1)
        for name in ("kept_shares", "tap_temperatures", "lazy_scales"):
            increasing(getattr(self, name), name)
        if len(self.lazy_scales) < 2:
            raise ParameterError(
                f"lazy_scales must hold at least 2 scales to be compared, got {self.lazy_scales}"
            )
        if self.kept_shares[-1] != 1:
            raise ParameterError(
                f"kept_shares must end with 1, the end of training, got {self.kept_shares}"
            )
        for name, least in (("widths", 1), ("glass_widths", 2)):
            sizes = getattr(self, name)
            if len(sizes) < least or min(sizes) < 2:
                raise ParameterError(
                    f"{name} must hold at least {least} layers of 2 units or more, got {sizes}"
                )


# fewer units than these leave nothing to compute an error from
_LEAST = {
    "n_replicas": 2, "batch_size": 1, "n_epochs": 2, "n_snapshots": 8, "first_epoch_every": 0,
    "n_probe": 0, "n_bootstrap": 50, "theory_width": 10, "n_networks": 2, "tap_starts": 2,
    "tap_iterations": 10, "glass_samples": 5, "glass_sweeps": 64, "ordered_sweeps": 64,
    "n_removals": 2, "lazy_epochs": 1, "lazy_samples": 0,
}  # fmt: skip

SCALES: dict[str, dict[str, Any]] = {
    "quick": {
        "data": "digits", "widths": (64, 64), "n_replicas": 6, "n_epochs": 500,
        "n_snapshots": 20, "first_epoch_every": 1, "tap_starts": 8,
        "tap_temperatures": (0.4, 0.6, 0.8, 1.05), "glass_samples": 16, "glass_sweeps": 4096,
        "kept_shares": (0.2, 1.0), "lazy_epochs": 60, "n_bootstrap": 300,
    },
    "standard": {},
    # kept in memory: snapshots of 2.7 MB, once more while they are written to a checkpoint
    "paper": {"n_replicas": 6, "n_epochs": 1000, "n_snapshots": 100, "first_epoch_every": 50},
}  # fmt: skip


def prepare(parameters: Parameters) -> Dataset:
    """Load the data, with pixels as the parameters say.

    Raises
    ------
    ParameterError
        If they need a folder and none is given, have no test part or too few classes.
    """
    data = load(parameters, standardize=False)
    if parameters.pixels == "unit":
        return data
    assert data.test is not None
    return replace(_signs(data), test=_signs(data.test))


def _signs(data: Dataset) -> Dataset:
    inputs = np.where(data.inputs > 0.5, 1, -1).astype(data.inputs.dtype)
    return replace(data, inputs=inputs, preprocessing="pixels above one half 1, others -1")


def sizes(parameters: Parameters, data: Dataset) -> tuple[int, ...]:
    """Units of every layer, inputs and outputs included."""
    assert data.n_classes is not None
    return (data.n_inputs, *parameters.widths, data.n_classes)


def gain(parameters: Parameters, kind: str) -> float:
    """Square root of C."""
    return math.sqrt(getattr(parameters, f"{kind}_variance"))


def network(
    parameters: Parameters, data: Dataset, kind: str, *, loss: str = "cross_entropy"
) -> MLP:
    """One of the two kinds of network, without biases."""
    return MLP(sizes(parameters, data), activation=KINDS[kind], bias=False, loss=loss)


def starts(net: MLP, gain: float, n: int, rng: RNG, dtype: Any = np.float64) -> Replicas:
    """Gaussian weights of variance gain²/n_inputs."""
    return initialize(
        net,
        n_replicas=n,
        initializer="he_normal",
        gain=gain / math.sqrt(2),
        dtype=dtype,
        rng=rng,
    )
