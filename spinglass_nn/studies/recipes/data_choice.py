"""The choice of data that studies of trained networks share: checked, loaded, fingerprinted."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from spinglass_nn import datasets
from spinglass_nn._core import check
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import ParameterError

DATA = ("fashion-mnist", "digits", "mnist", "emnist", "cifar10", "cifar100", "npz")

NOTES: dict[str, tuple[str, str]] = {
    "scale": ("named set of defaults", "quick for a first look, standard for a verdict"),
    "seed": ("master seed of all random numbers", "-"),
    "data_dir": ("folder or file of the full data; empty for the built-in subset", "-"),
    "n_train": ("training samples, 0 for all", "-"),
    "n_test": ("test samples, 0 for all", "-"),
}


class DataChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """First parameters of a study that trains networks; its own follow in a subclass."""

    scale: str = "standard"
    seed: int = 0
    data: str = "fashion-mnist"
    data_dir: str = ""
    n_train: int = 0
    n_test: int = 0

    def __post_init__(self) -> None:
        check.choice(self.data, "data", DATA)
        if self.data_dir:  # the same folder wherever the command is given
            absolute = str(Path(self.data_dir).expanduser().absolute())
            msgspec.structs.force_setattr(self, "data_dir", absolute)
        for name in ("seed", "n_train", "n_test"):
            check.count(getattr(self, name), name, minimum=0)


def load(choice: DataChoice, *, standardize: bool = True) -> Dataset:
    """Load the data that were chosen, standardised or with pixels in [0, 1].

    Raises
    ------
    ParameterError
        If they need a folder and none is given, or have no labels or no test part.
    """
    data = _loaded(choice, standardize)
    if data.labels is None or data.test is None:
        raise ParameterError(f"data must have labels and a test part, got {data}")
    assert data.n_classes is not None
    return data


def _loaded(p: DataChoice, standardize: bool) -> Dataset:
    options: dict[str, Any] = {
        "n_train": p.n_train or None,
        "n_test": p.n_test or None,
        "standardize": standardize,
    }
    if p.data in ("mnist", "emnist", "cifar10", "cifar100", "npz") and not p.data_dir:
        raise ParameterError(f"data_dir must name the folder or file of {p.data}, got nothing")
    if p.data == "digits":
        if p.data_dir:
            raise ParameterError(
                f"data_dir must be empty for digits, which are built in, got {p.data_dir}"
            )
        return datasets.digits(**options)
    if p.data == "npz":
        return _user_data(p, standardize)
    if p.data == "fashion-mnist":
        return datasets.fashion_mnist(p.data_dir or None, **options)
    data: Dataset = getattr(datasets, p.data)(p.data_dir, **options)
    return data


def _user_data(p: DataChoice, standardize: bool) -> Dataset:
    if not Path(p.data_dir).is_file():
        raise ParameterError(f"data_dir must be a .npz file for npz, got {p.data_dir}")
    data = datasets.from_npz(p.data_dir)
    if data.test is not None:
        data = replace(data, test=_part(data.test, p.n_test, "n_test", p.seed))
    data = _part(data, p.n_train, "n_train", p.seed)
    return datasets.standardize(data) if standardize else data


def _part(data: Dataset, n: int, name: str, seed: int) -> Dataset:
    """As many samples as asked for; 0 for all."""
    if n > data.n_samples:
        raise ParameterError(f"{name} must be at most {data.n_samples}, got {n}")
    return datasets.subset(data, n, rng=seed) if n else data


def fingerprint(data: Dataset) -> str:
    """A short digest of training and test data."""
    digest = hashlib.blake2b(digest_size=8)
    for part in (data, data.test):
        assert part is not None
        assert part.labels is not None
        digest.update(repr(part.inputs.shape).encode())
        digest.update(np.ascontiguousarray(part.inputs).data)
        digest.update(np.ascontiguousarray(part.labels).data)
    return digest.hexdigest()


def increasing(values: tuple[float, ...], name: str) -> None:
    """Refuse a list of settings that is empty, not positive or not increasing."""
    if not values:
        raise ParameterError(f"{name} must not be empty")
    for value in values:
        check.positive(value, name)
    if any(b <= a for a, b in itertools.pairwise(values)):
        raise ParameterError(f"{name} must increase, got {values}")


def part_of(data: Dataset, n: int, seed: int) -> Dataset:
    """A fixed part of the training samples, even over classes; 0 for all. No test part."""
    chosen = datasets.subset(data, n, rng=seed) if 0 < n < data.n_samples else data
    return replace(chosen, test=None)
