"""Parameters of the study: every choice in one table, with where its default comes from."""

from __future__ import annotations

import hashlib
import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from spinglass_nn import datasets
from spinglass_nn._core import check
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks.initializers import INITIALIZERS
from spinglass_nn.networks.mlp import MLP

DATA = ("fashion-mnist", "digits", "mnist", "emnist", "cifar10", "cifar100", "npz")


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that can be set; see `NOTES` for meanings."""

    scale: str = "standard"
    seed: int = 0
    data: str = "fashion-mnist"
    data_dir: str = ""
    n_train: int = 0
    n_test: int = 0
    n_probe: int = 0
    width: int = 128
    initializer: str = "fan_in"
    learning_rate: float = 0.1
    batch_size: int = 32
    stop_at_loss: float = 0.01
    max_epochs: int = 200
    early_epochs: int = 2
    n_solutions: int = 32
    fork_epochs: tuple[int, ...] = (1, 3, 5)
    n_walk_solutions: int = 8
    n_walkers: int = 20
    walk_steps: int = 1000
    walk_records: int = 20
    excursions: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0)
    fractions: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    n_permutations: int = 20
    n_pairs: int = 16
    n_points: int = 21
    n_null: int = 199
    batch_sizes: tuple[int, ...] = (8, 32, 128, 512, 2048)
    sweep_learning_rate: float = 0.05
    sweep_seeds: int = 5
    sweep_stop_at_loss: float = 0.2
    sweep_max_epochs: int = 400
    sweep_epochs: int = 20
    flatness_radius: float = 3.0
    flatness_excursion: float = 0.3
    n_directions: int = 16
    # hierarchy
    n_controls: int = 100
    mixed_batch_sizes: tuple[int, ...] = (16, 64)
    mixed_learning_rates: tuple[float, ...] = (0.1, 0.2)
    mixed_runs: int = 6
    branch_solutions: int = 4
    branch_walkers: int = 2
    branch_stages: int = 3
    branch_excursion: float = 0.3
    subset_size: int = 1000
    n_subsets: int = 8
    subset_replicas: int = 8
    disorder_widths: tuple[int, ...] = (16, 64, 256)
    glass_samples: int = 8
    glass_replicas: int = 8
    glass_sweeps: int = 4096
    sk_sizes: tuple[int, ...] = (64, 128, 256)
    lattice_sizes: tuple[int, ...] = (4, 6)
    spherical_size: int = 96
    spherical_time: float = 30.0

    def __post_init__(self) -> None:
        check.choice(self.data, "data", DATA)
        check.choice(self.initializer, "initializer", INITIALIZERS)
        if self.data_dir:  # the same folder wherever the command is given
            absolute = str(Path(self.data_dir).expanduser().absolute())
            msgspec.structs.force_setattr(self, "data_dir", absolute)
        check.count(self.seed, "seed", minimum=0)
        for name, least in _LEAST.items():
            check.count(getattr(self, name), name, minimum=least)
        for name in (
            "learning_rate",
            "stop_at_loss",
            "sweep_learning_rate",
            "sweep_stop_at_loss",
            "flatness_radius",
            "flatness_excursion",
            "branch_excursion",
            "spherical_time",
        ):
            check.positive(getattr(self, name), name)
        for name in (
            "excursions",
            "fractions",
            "batch_sizes",
            "fork_epochs",
            "mixed_batch_sizes",
            "mixed_learning_rates",
            "disorder_widths",
            "sk_sizes",
            "lattice_sizes",
        ):
            _increasing(getattr(self, name), name)
        check.within(self.fractions[-1], "fractions", 0, 1)
        # much farther out losses overflow
        check.within(self.excursions[-1], "excursions", 0, _FAR)
        check.within(self.flatness_excursion, "flatness_excursion", 0, _FAR)
        check.within(self.flatness_radius, "flatness_radius", 0, _FAR)
        check.within(self.branch_excursion, "branch_excursion", 0, _FAR)
        _enough_for_trees(self)
        if len(self.batch_sizes) < 2:
            raise ParameterError(
                f"batch_sizes must hold at least 2 sizes to be compared, got {self.batch_sizes}"
            )


_FAR = 1000.0
# fewer units than these leave nothing to compute an error from
_LEAST = {
    "n_train": 0, "n_test": 0, "n_probe": 0, "width": 2, "batch_size": 1, "max_epochs": 1,
    "early_epochs": 1, "n_solutions": 6, "n_walk_solutions": 2, "n_walkers": 1,
    "walk_steps": 2, "walk_records": 2, "n_permutations": 2, "n_pairs": 2, "n_points": 3,
    "n_null": 19, "sweep_seeds": 2, "sweep_max_epochs": 1, "sweep_epochs": 1,
    "n_directions": 2, "n_controls": 10, "mixed_runs": 2, "branch_solutions": 2,
    "branch_walkers": 1, "branch_stages": 1, "subset_size": 1, "n_subsets": 3,
    "subset_replicas": 6, "glass_samples": 5, "glass_replicas": 2, "glass_sweeps": 48,
    "spherical_size": 12,
}  # fmt: skip

SCALES: dict[str, dict[str, Any]] = {
    "quick": {
        "n_probe": 2000, "width": 64, "stop_at_loss": 0.1, "n_solutions": 24,
        "n_walk_solutions": 6, "n_walkers": 2, "walk_steps": 100, "walk_records": 10,
        "excursions": (0.1, 1.0, 3.0), "n_permutations": 12, "n_pairs": 12,
        "batch_sizes": (8, 32, 128, 512), "sweep_seeds": 5, "n_directions": 6,
        # hierarchy
        "n_null": 99, "n_controls": 25, "mixed_runs": 3,
        "branch_stages": 2, "subset_size": 300, "n_subsets": 4,
        "disorder_widths": (32,), "glass_samples": 5,
        "glass_replicas": 5, "glass_sweeps": 2048, "sk_sizes": (64,), "lattice_sizes": (4,),
        "spherical_size": 48, "spherical_time": 5.0,
    },
    "standard": {},
}  # fmt: skip

_D = "common in the literature; the paper's abstract does not say"
_P = "chosen so that the effect is visible, from a small pilot"

NOTES: dict[str, tuple[str, str]] = {
    "scale": ("named set of defaults", "quick for a first look, standard for a verdict"),
    "seed": ("master seed of all random numbers", "-"),
    "data": (
        f"data set: {', '.join(DATA)}",
        "the abstract names MNIST and CIFAR10; Fashion-MNIST ships with a free licence",
    ),
    "data_dir": ("folder or file of the full data; empty for the built-in subset", "-"),
    "n_train": ("training samples, 0 for all", "-"),
    "n_test": ("test samples, 0 for all", "-"),
    "n_probe": (
        "training samples on which walks, paths and flatness are evaluated, 0 for all",
        "a fixed subset, even over classes",
    ),
    "width": ("hidden units M of the one hidden layer", _D),
    "initializer": ("initial weights; fan_in is uniform within 1/sqrt(fan-in)", _D),
    "learning_rate": ("constant rate of plain SGD, no momentum, no weight decay", _D),
    "batch_size": ("samples per step", _D),
    "stop_at_loss": (
        "a solution is reached at this train loss (nats)",
        "0.01 is used in work on permutation barriers",
    ),
    "max_epochs": ("epochs after which training stops in any case", _D),
    "early_epochs": ("epochs after which the less trained points are taken", _P),
    "n_solutions": ("solutions per ensemble", "enough pairs for the null bands"),
    "fork_epochs": ("epochs at which runs of the forked control part", _P),
    "n_walk_solutions": ("solutions that walks start from", "independent units for errors"),
    "n_walkers": ("walks per start point", _D),
    "walk_steps": ("steps of a walk", _P),
    "walk_records": ("records along a walk", "-"),
    "excursions": (
        "length of a walk over the length of the start point, r sqrt(T)/|theta|",
        _P,
    ),
    "fractions": ("shares of hidden units that a permutation moves", _P),
    "n_permutations": ("random permutations per share", _D),
    "n_pairs": ("pairs of independent solutions", _D),
    "n_points": ("points on a straight path", _D),
    "n_null": ("draws of each null model", "-"),
    "batch_sizes": ("batch sizes compared", _D),
    "sweep_learning_rate": ("rate of SGD in the batch-size sweep", _D),
    "sweep_seeds": ("independent runs per batch size", _D),
    "sweep_stop_at_loss": ("matched-loss rule: stop at this train loss", _P),
    "sweep_max_epochs": ("epochs after which the matched-loss rule gives up", "-"),
    "sweep_epochs": ("matched-epochs rule: stop after this many", _P),
    "flatness_radius": ("displacement of the absolute measure F1", _P),
    "flatness_excursion": ("displacement over norm of the relative measures F2, F3", _P),
    "n_directions": ("pairs of opposite random directions per flatness measure", "-"),
    "n_controls": ("positive controls that measure the power of each verdict", "-"),
    "mixed_batch_sizes": ("batch sizes of the mixed ensemble E3", _D),
    "mixed_learning_rates": ("learning rates of the mixed ensemble E3", _D),
    "mixed_runs": ("solutions of E3 for each batch size and rate", "24 points in all"),
    "branch_solutions": ("solutions from which the walks of E4 start", "24 points in all"),
    "branch_walkers": ("walks of E4 from each of them", "-"),
    "branch_stages": ("points taken along each walk of E4, its end among them", "-"),
    "branch_excursion": (
        "length of a walk of E4 over the length of its start",
        "so short that its points remain solutions, nearly",
    ),
    "subset_size": (
        "samples of a data subset that replicas share; all, if there are fewer",
        "data are the quenched disorder: averages run over subsets",
    ),
    "n_subsets": ("such subsets", "independent units for errors"),
    "subset_replicas": ("replicas trained on each", "enough points for a verdict"),
    "disorder_widths": ("hidden units of these replicas", _D),
    "glass_samples": ("disorder samples of every reference model", "-"),
    "glass_replicas": (
        "independent systems of each sample, at three times each",
        "24 points a sample, as many as of the networks",
    ),
    "glass_sweeps": (
        "sweeps of exchange Monte Carlo at 64 spins; grows with the size squared",
        "tests of equilibrium are in the report",
    ),
    "sk_sizes": ("spins of the Sherrington-Kirkpatrick model", "-"),
    "lattice_sizes": ("edge of the three-dimensional ±J lattice", "-"),
    "spherical_size": ("spins of the spherical models with p = 2 and 3", "-"),
    "spherical_time": ("time of their Langevin dynamics at T = 0.25", "-"),
}


def _enough_for_trees(p: Parameters) -> None:
    """Every set of points that is to be judged needs six of them."""
    cells = len(p.mixed_batch_sizes) * len(p.mixed_learning_rates)
    for count, factors in (
        (cells * p.mixed_runs, "cells of the mixed ensemble times mixed_runs"),
        (
            p.branch_solutions * p.branch_walkers * p.branch_stages,
            "branch_solutions times branch_walkers times branch_stages",
        ),
    ):
        if count < 6:
            raise ParameterError(f"{factors} must be at least 6, got {count}")
    if p.branch_solutions > p.n_solutions:
        raise ParameterError(
            f"branch_solutions must be at most n_solutions = {p.n_solutions}, "
            f"got {p.branch_solutions}"
        )
    if p.lattice_sizes[0] < 2 or p.sk_sizes[0] < 8:
        raise ParameterError(
            "lattice_sizes must begin at 2 or more and sk_sizes at 8 or more, got "
            f"{p.lattice_sizes} and {p.sk_sizes}"
        )


def _increasing(values: tuple[float, ...], name: str) -> None:
    if not values:
        raise ParameterError(f"{name} must not be empty")
    for value in values:
        check.positive(value, name)
    if any(b <= a for a, b in itertools.pairwise(values)):
        raise ParameterError(f"{name} must increase, got {values}")


def prepare(parameters: Parameters) -> Dataset:
    """Load the data the parameters name.

    Raises
    ------
    ParameterError
        If they need a folder and none is given, have no test part, or are fewer than the
        batch sizes.
    """
    data = _loaded(parameters)
    if data.labels is None or data.test is None:
        raise ParameterError(f"data must have labels and a test part, got {data}")
    if parameters.batch_sizes[-2] >= data.n_samples:  # the last may mean all of them
        raise ParameterError(
            f"batch_sizes must differ when cut to the {data.n_samples} training samples, got "
            f"{parameters.batch_sizes}"
        )
    assert data.n_classes is not None
    guessing = math.log(data.n_classes)
    for name in ("stop_at_loss", "sweep_stop_at_loss"):
        if getattr(parameters, name) >= guessing:  # runs would stop where they start
            raise ParameterError(
                f"{name} must lie below {guessing:.3g} nats, the loss of guessing one of "
                f"{data.n_classes} classes, got {getattr(parameters, name):g}"
            )
    return data


def _loaded(p: Parameters) -> Dataset:
    sizes: dict[str, Any] = {"n_train": p.n_train or None, "n_test": p.n_test or None}
    if p.data in ("mnist", "emnist", "cifar10", "cifar100", "npz") and not p.data_dir:
        raise ParameterError(f"data_dir must name the folder or file of {p.data}, got nothing")
    if p.data == "digits":
        if p.data_dir:
            raise ParameterError(
                f"data_dir must be empty for digits, which are built in, got {p.data_dir}"
            )
        return datasets.digits(**sizes)
    if p.data == "npz":
        return _user_data(p)
    if p.data == "fashion-mnist":
        return datasets.fashion_mnist(p.data_dir or None, **sizes)
    data: Dataset = getattr(datasets, p.data)(p.data_dir, **sizes)
    return data


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


def _user_data(p: Parameters) -> Dataset:
    if not Path(p.data_dir).is_file():
        raise ParameterError(f"data_dir must be a .npz file for npz, got {p.data_dir}")
    data = datasets.from_npz(p.data_dir)
    if data.test is not None:
        data = replace(data, test=_part(data.test, p.n_test, "n_test", p.seed))
    return datasets.standardize(_part(data, p.n_train, "n_train", p.seed))


def _part(data: Dataset, n: int, name: str, seed: int) -> Dataset:
    """As many samples as asked for; 0 for all."""
    if n > data.n_samples:
        raise ParameterError(f"{name} must be at most {data.n_samples}, got {n}")
    return datasets.subset(data, n, rng=seed) if n else data


def probe(parameters: Parameters, data: Dataset, *, test: bool = False) -> Dataset:
    """The samples on which the landscape is evaluated; the test part only if asked for."""
    chosen = data
    if 0 < parameters.n_probe < data.n_samples:
        chosen = datasets.subset(data, parameters.n_probe, rng=parameters.seed)
    return replace(chosen, test=data.test if test else None)


def network(parameters: Parameters, data: Dataset) -> MLP:
    """One hidden ReLU layer, softmax cross-entropy."""
    assert data.n_classes is not None
    return MLP(sizes=(data.n_inputs, parameters.width, data.n_classes))
