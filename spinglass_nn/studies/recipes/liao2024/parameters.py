"""Parameters of the study: every choice in one table, with where its default comes from."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from spinglass_nn._core import check
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks.initializers import INITIALIZERS
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.studies.recipes.data_choice import DataChoice, increasing, load, part_of


class Parameters(DataChoice, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that can be set; see `notes.NOTES` for meanings."""

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
    batch_sizes: tuple[int, ...] = (8, 32, 128, 512)
    sweep_learning_rates: tuple[float, ...] = (0.025, 0.05, 0.1)
    sweep_seeds: int = 5
    sweep_stop_at_loss: float = 0.2
    sweep_max_epochs: int = 400
    sweep_epochs: int = 20
    flatness_radius: float = 3.0
    flatness_excursion: float = 0.3
    n_directions: int = 16
    # protocol (b) beyond one width and straight lines
    widths: tuple[int, ...] = (16, 32, 64, 128, 256, 512)
    width_solutions: int = 10
    width_stop_at_loss: float = 0.3
    width_max_epochs: int = 60
    width_epochs: tuple[int, ...] = (1, 3)
    n_band_pairs: int = 6
    band_pivots: int = 7
    band_steps: int = 2000
    band_batch_size: int = 256
    curve_epochs: int = 10
    n_graph: int = 12
    n_graph_bands: int = 11
    region_excursions: tuple[float, ...] = (0.1, 0.3, 1.0)
    n_region_points: int = 4
    sweep_samples: int = 10_000
    sharpness_probe: int = 2000
    sharpness_measures: str = "all"
    ruggedness_excursion: float = 1.0
    ruggedness_walkers: int = 8
    ruggedness_steps: int = 40
    entropy_runs: int = 2
    law_excursions: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    n_law_pairs: int = 16
    thermal_temperatures: tuple[float, ...] = (3e-5, 3e-4, 3e-3)
    thermal_samples: int = 2000
    thermal_solutions: int = 4
    thermal_walkers: int = 4
    thermal_sweeps: int = 5
    thermal_excursion: float = 2.0
    gibbs_samples: int = 200
    gibbs_units: int = 4
    gibbs_temperatures: tuple[float, ...] = (
        1.0,
        1.2,
        1.45,
        1.75,
        2.1,
        2.5,
        3.0,
        3.6,
        4.3,
        5.2,
        6.3,
        8.0,
        15.0,
        50.0,
    )
    gibbs_replicas: int = 8
    gibbs_sweeps: int = 1200
    gibbs_leapfrogs: int = 6
    gibbs_epochs: int = 100
    aging_replicas: int = 6
    aging_epochs: int = 16
    # protocol (c) beyond one ensemble
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
        super().__post_init__()
        check.choice(self.initializer, "initializer", INITIALIZERS)
        check.choice(self.sharpness_measures, "sharpness_measures", ("all", "cheap"))
        for name, least in _LEAST.items():
            check.count(getattr(self, name), name, minimum=least)
        for name in (
            "learning_rate",
            "stop_at_loss",
            "sweep_stop_at_loss",
            "flatness_radius",
            "flatness_excursion",
            "thermal_excursion",
            "width_stop_at_loss",
            "ruggedness_excursion",
            "branch_excursion",
            "spherical_time",
        ):
            check.positive(getattr(self, name), name)
        for name in (
            "excursions",
            "fractions",
            "batch_sizes",
            "fork_epochs",
            "widths",
            "width_epochs",
            "region_excursions",
            "sweep_learning_rates",
            "law_excursions",
            "thermal_temperatures",
            "gibbs_temperatures",
            "mixed_batch_sizes",
            "mixed_learning_rates",
            "disorder_widths",
            "sk_sizes",
            "lattice_sizes",
        ):
            increasing(getattr(self, name), name)
        check.within(self.fractions[-1], "fractions", 0, 1)
        # much farther out losses overflow
        check.within(self.excursions[-1], "excursions", 0, _FAR)
        check.within(self.region_excursions[-1], "region_excursions", 0, _FAR)
        check.within(self.law_excursions[-1], "law_excursions", 0, _FAR)
        check.within(self.thermal_excursion, "thermal_excursion", 0, _FAR)
        check.within(self.flatness_excursion, "flatness_excursion", 0, _FAR)
        check.within(self.flatness_radius, "flatness_radius", 0, _FAR)
        check.within(self.ruggedness_excursion, "ruggedness_excursion", 0, _FAR)
        check.within(self.branch_excursion, "branch_excursion", 0, _FAR)
        _enough_for_trees(self)
        if len(self.batch_sizes) < 2:
            raise ParameterError(
                f"batch_sizes must hold at least 2 sizes to be compared, got {self.batch_sizes}"
            )
        if len(self.widths) < 2 or self.widths[0] < 2:
            raise ParameterError(
                f"widths must hold at least 2 widths of 2 units or more, got {self.widths}"
            )


_FAR = 1000.0
# fewer units than these leave nothing to compute an error from
_LEAST = {
    "n_probe": 0, "width": 2, "batch_size": 1, "max_epochs": 1,
    "early_epochs": 1, "n_solutions": 6, "n_walk_solutions": 2, "n_walkers": 1,
    "walk_steps": 2, "walk_records": 2, "n_permutations": 2, "n_pairs": 2, "n_points": 3,
    "n_null": 19, "sweep_seeds": 2, "sweep_max_epochs": 1, "sweep_epochs": 1,
    "width_solutions": 3, "width_max_epochs": 1, "n_band_pairs": 2, "band_pivots": 1,
    "band_steps": 1, "band_batch_size": 1, "curve_epochs": 1, "n_graph": 3,
    "n_graph_bands": 0, "n_region_points": 1,
    "sweep_samples": 0, "sharpness_probe": 0, "ruggedness_walkers": 2, "ruggedness_steps": 8,
    "entropy_runs": 0,
    "n_directions": 2, "n_law_pairs": 2, "thermal_samples": 1, "thermal_solutions": 2,
    "thermal_walkers": 2, "thermal_sweeps": 1, "gibbs_samples": 10, "gibbs_units": 2,
    "gibbs_replicas": 4, "gibbs_sweeps": 8, "gibbs_leapfrogs": 1, "gibbs_epochs": 1,
    "aging_replicas": 2, "aging_epochs": 1,
    "n_controls": 10, "mixed_runs": 2, "branch_solutions": 2,
    "branch_walkers": 1, "branch_stages": 1, "subset_size": 1, "n_subsets": 3,
    "subset_replicas": 6, "glass_samples": 5, "glass_replicas": 2, "glass_sweeps": 48,
    "spherical_size": 12,
}  # fmt: skip

SCALES: dict[str, dict[str, Any]] = {
    "quick": {
        "n_probe": 2000, "width": 64, "stop_at_loss": 0.1, "n_solutions": 24,
        "n_walk_solutions": 6, "n_walkers": 2, "walk_steps": 100, "walk_records": 7,
        "excursions": (0.1, 1.0, 3.0), "n_permutations": 12, "n_pairs": 12,
        "widths": (16, 64, 128), "width_solutions": 5, "n_band_pairs": 4, "band_pivots": 5,
        "band_steps": 140, "curve_epochs": 5, "n_graph": 6, "n_graph_bands": 0,
        "region_excursions": (0.3, 1.0), "n_region_points": 2,
        "sweep_learning_rates": (0.025, 0.1), "sweep_seeds": 3, "n_directions": 6,
        "sweep_stop_at_loss": 0.25, "sharpness_probe": 500, "sharpness_measures": "cheap",
        "ruggedness_walkers": 3, "ruggedness_steps": 16, "entropy_runs": 0,
        "law_excursions": (0.01, 0.1, 1.0), "n_law_pairs": 4, "thermal_samples": 200,
        "thermal_solutions": 3, "thermal_walkers": 2, "thermal_sweeps": 1,
        "gibbs_samples": 100, "gibbs_units": 3,
        "gibbs_temperatures": (1.5, 2.0, 2.6, 3.3, 4.2, 5.5, 8.0, 20.0), "gibbs_replicas": 4,
        "gibbs_sweeps": 70, "gibbs_leapfrogs": 4, "aging_replicas": 4, "aging_epochs": 4,
        "n_null": 99, "n_controls": 25, "mixed_runs": 3,
        "branch_stages": 2, "subset_size": 300, "n_subsets": 4,
        "disorder_widths": (32,), "glass_samples": 5,
        "glass_replicas": 5, "glass_sweeps": 2048, "sk_sizes": (64,), "lattice_sizes": (4,),
        "spherical_size": 48, "spherical_time": 5.0,
    },
    # for 60,000 samples in an hour on two cores: a loss of 0.01 would take this rate twice as many
    # epochs; errors come from solutions, not from samples or walkers, and what more samples
    # would add to a barrier is far below its scatter
    "standard": {
        "stop_at_loss": 0.05, "n_probe": 5000, "n_walkers": 3, "n_solutions": 24, "n_pairs": 12,
        "n_graph": 10, "n_graph_bands": 9, "curve_epochs": 6, "mixed_runs": 4,
        "walk_steps": 200, "sharpness_probe": 1000,
    },
    # a night or two: what the literature on barriers trains to, and errors half as large
    "paper": {
        "max_epochs": 400, "n_solutions": 64, "n_probe": 10_000, "n_walk_solutions": 16,
        "n_walkers": 8, "n_pairs": 48, "n_null": 999, "n_controls": 200, "sweep_seeds": 10,
        "sweep_samples": 0, "width_solutions": 20, "n_band_pairs": 16, "n_graph": 24,
        "n_subsets": 24, "glass_samples": 32, "gibbs_sweeps": 6000, "aging_replicas": 16,
        "aging_epochs": 64,
    },
}  # fmt: skip


# the loss is steepest along patterns common to all images, by as much as there are inputs
_QUARTERED = ("learning_rate", "mixed_learning_rates", "sweep_learning_rates")


def suited(p: Parameters) -> dict[str, Any]:
    """Rates for colour images, whose 3072 inputs are four times those the defaults are for."""
    if p.data not in ("cifar10", "cifar100"):
        return {}
    rates = {name: getattr(p, name) for name in _QUARTERED}
    return {
        name: tuple(r / 4 for r in rate) if isinstance(rate, tuple) else rate / 4
        for name, rate in rates.items()
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


def prepare(parameters: Parameters) -> Dataset:
    """Load the data the parameters name.

    Raises
    ------
    ParameterError
        If they need a folder and none is given, have no test part, or are fewer than the
        batch sizes.
    """
    data = load(parameters)
    n_sweep = sweep_size(parameters, data)
    if parameters.batch_sizes[-2] >= n_sweep:  # the last may mean all of them
        raise ParameterError(
            f"batch_sizes must differ when cut to the {n_sweep} training samples, got "
            f"{parameters.batch_sizes}"
        )
    assert data.n_classes is not None
    guessing = math.log(data.n_classes)
    for name in ("stop_at_loss", "sweep_stop_at_loss", "width_stop_at_loss"):
        if getattr(parameters, name) >= guessing:  # runs would stop where they start
            raise ParameterError(
                f"{name} must lie below {guessing:.3g} nats, the loss of guessing one of "
                f"{data.n_classes} classes, got {getattr(parameters, name):g}"
            )
    return data


def probe(parameters: Parameters, data: Dataset, *, test: bool = False) -> Dataset:
    """The samples on which the landscape is evaluated; the test part only if asked for."""
    chosen = part_of(data, parameters.n_probe, parameters.seed)
    return replace(chosen, test=data.test if test else None)


def sweep_size(parameters: Parameters, data: Dataset) -> int:
    """How many samples the sweep over batch sizes trains on."""
    return min(parameters.sweep_samples or data.n_samples, data.n_samples)


def sweep_data(parameters: Parameters, data: Dataset) -> Dataset:
    """The samples of the sweep, without the test part."""
    return part_of(data, sweep_size(parameters, data), parameters.seed)


def sweep_probe(parameters: Parameters, data: Dataset) -> Dataset:
    """Those of them on which sharpness and ruggedness are measured."""
    return part_of(sweep_data(parameters, data), parameters.sharpness_probe, parameters.seed)


def network(parameters: Parameters, data: Dataset) -> MLP:
    """One hidden ReLU layer, softmax cross-entropy."""
    assert data.n_classes is not None
    return MLP(sizes=(data.n_inputs, parameters.width, data.n_classes))
