"""Parameters of the study, and the network they describe."""

from __future__ import annotations

from typing import Any

from spinglass_nn._core import check
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP
from spinglass_nn.networks.initializers import INITIALIZERS
from spinglass_nn.spins.layered import SCALES as SCALES_OF_COUPLINGS
from spinglass_nn.studies.recipes.data_choice import DataChoice, increasing, load


class Parameters(DataChoice, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that can be set; see `notes.NOTES` for meanings."""

    couplings: str = "raw"
    width: int = 256
    n_seeds: int = 8
    initializer: str = "he_normal"
    learning_rate: float = 0.02
    momentum: float = 0.9
    batch_size: int = 64
    n_epochs: int = 60
    kept_epochs: tuple[int, ...] = (1, 3, 10, 25)
    widths: tuple[int, ...] = (64, 128, 512)
    train_shares: tuple[float, ...] = (0.05, 0.15, 0.4)
    label_samples: int = 1000
    label_epochs: int = 400
    other_learning_rate: float = 0.02
    other_weight_decay: float = 0.002
    other_epochs: tuple[int, ...] = (1, 2, 3, 5, 8, 12, 18, 25, 35, 45)
    poisoned_share: float = 0.1
    patch: int = 3
    target: int = 0
    noise: float = 0.25
    n_replicas: int = 8
    n_sweeps: int = 2000
    glassy_sweeps: int = 10_000
    coldest: float = 0.15
    n_temperatures: int = 40
    compared_at: float = 0.5
    least_difference: float = 0.03
    least_correlation: float = 0.3
    accuracy_margin: float = 0.02
    hot: float = 50.0
    cold: float = 0.01
    limit_sweeps: int = 4000

    def __post_init__(self) -> None:
        super().__post_init__()
        check.choice(self.couplings, "couplings", SCALES_OF_COUPLINGS)
        check.choice(self.initializer, "initializer", INITIALIZERS)
        for name, least in _LEAST.items():
            check.count(getattr(self, name), name, minimum=least)
        for name in _POSITIVE:
            check.positive(getattr(self, name), name)
        check.non_negative(self.other_weight_decay, "other_weight_decay")
        for name in ("kept_epochs", "widths", "train_shares", "other_epochs"):
            increasing(getattr(self, name), name)
        for name in ("momentum", "poisoned_share", "compared_at", "coldest", "cold"):
            check.within(getattr(self, name), name, 0, 1)
        check.within(self.train_shares[-1], "train_shares", 0, 1)
        for name in ("kept_epochs", "other_epochs"):
            if getattr(self, name)[-1] >= self.n_epochs:
                raise ParameterError(
                    f"{name} must lie below n_epochs = {self.n_epochs}, which is kept as well, "
                    f"got {getattr(self, name)}"
                )
        if self.compared_at <= self.coldest:
            raise ParameterError(
                f"compared_at must lie above coldest = {self.coldest:g}, "
                f"got {self.compared_at:g}"
            )
        if self.widths[0] < _LEAST["width"]:
            raise ParameterError(f"widths must be at least 4 units, got {self.widths}")


# fewer units than these leave nothing to compute an error from
_LEAST = {
    "width": 4, "n_seeds": 3, "batch_size": 1, "n_epochs": 2, "patch": 1, "target": 0,
    "label_samples": 0, "label_epochs": 1,
    "n_replicas": 5, "n_sweeps": 64, "glassy_sweeps": 64, "n_temperatures": 4, "limit_sweeps": 64,
}  # fmt: skip
_POSITIVE = (
    "learning_rate", "other_learning_rate", "noise", "coldest", "compared_at", "hot", "cold",
    "least_difference", "least_correlation", "accuracy_margin", "poisoned_share",
)  # fmt: skip

SCALES: dict[str, dict[str, Any]] = {
    "quick": {
        "data": "digits", "width": 32, "n_seeds": 10, "batch_size": 32, "n_epochs": 100,
        "kept_epochs": (2, 8, 30), "widths": (16, 64), "train_shares": (0.1, 0.3),
        "label_samples": 200, "label_epochs": 250, "other_epochs": (3, 8, 15, 30, 60), "patch": 2,
        "n_replicas": 6, "n_sweeps": 1000, "glassy_sweeps": 1200, "coldest": 0.1,
        "n_temperatures": 20, "limit_sweeps": 1200,
    },
    "standard": {},
    # more seeds, sweeps and epochs; days on two cores with the full data
    "paper": {
        "width": 512, "n_seeds": 20, "n_epochs": 200, "kept_epochs": (1, 3, 10, 30, 100),
        "widths": (64, 128, 256, 1024), "n_sweeps": 10_000, "glassy_sweeps": 100_000,
        "coldest": 0.1, "n_temperatures": 64, "limit_sweeps": 40_000,
    },
}  # fmt: skip


def prepare(parameters: Parameters) -> Dataset:
    """Load the data, with pixels in [0, 1].

    Raises
    ------
    ParameterError
        If they need a folder and none is given, have no test part, or do not go with the
        patch of the backdoor.
    """
    data = load(parameters, standardize=False)
    side = min((data.image_shape or (1, data.n_inputs))[-2:])
    if parameters.data != "npz" and parameters.patch > side // 2:
        raise ParameterError(
            f"patch must be at most {side // 2}, half of an image, got {parameters.patch}"
        )
    assert data.n_classes is not None
    if parameters.target >= data.n_classes:
        raise ParameterError(
            f"target must be one of {data.n_classes} classes, got {parameters.target}"
        )
    fewest = round(parameters.train_shares[0] * data.n_samples)
    if fewest < data.n_classes:
        raise ParameterError(
            f"train_shares must leave {data.n_classes} samples or more, got {fewest}"
        )
    return data


def network(data: Dataset, width: int) -> MLP:
    """Two hidden ReLU layers, the second half as wide, without biases."""
    assert data.n_classes is not None
    return MLP(sizes=(data.n_inputs, width, width // 2, data.n_classes), bias=False)
