"""What all tests share: the slow twins on the path, small data, fresh compiled kernels."""

from __future__ import annotations

import ast
import os
import signal
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
sys.path.insert(0, str(TESTS))  # so that `from naive import networks` works everywhere

# a shell that starts the tests in the background leaves Ctrl-C ignored, for programs they start too
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# compilation makes first examples slow; the same examples every time, on every machine
hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")

PACKAGE = ROOT / "spinglass_nn"


def drop_stale_kernels() -> None:
    """Delete compiled kernels older than a kernel file that theirs imports.

    Numba compares a cached kernel with its own source file alone, and would go on using the
    old code of a kernel inlined from another file.
    """
    files = {f for f in PACKAGE.rglob("*kernels.py")} | set((PACKAGE / "_core").glob("*.py"))
    modules = {f: ".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files}
    by_name = {name: f for f, name in modules.items()}
    imported = {f: _imports(f) & by_name.keys() for f in files}
    for file in files:
        reached, front = set(), {modules[file]}
        while front:
            reached |= front
            front = {name for m in front for name in imported[by_name[m]]} - reached
        newest = max(by_name[name].stat().st_mtime for name in reached)
        for index in (file.parent / "__pycache__").glob(f"{file.stem}.*.nbi"):
            if index.stat().st_mtime < newest:
                index.unlink(missing_ok=True)


def _imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
    }


if "PYTEST_XDIST_WORKER" not in os.environ and "NUMBA_CACHE_DIR" not in os.environ:
    drop_stale_kernels()


@pytest.fixture(scope="session")
def small_data():
    """60 samples of 4 inputs in 3 classes that a small network can learn, and 30 held out."""
    from spinglass_nn.datasets import Dataset

    rng = np.random.default_rng(20240101)
    centers = rng.standard_normal((3, 4)) * 2

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(n) % 3
        return centers[labels] + rng.standard_normal((n, 4)), labels.astype(np.int64)

    held_out = Dataset(*draw(30), n_classes=3, name="three clouds, held out")
    return Dataset(*draw(60), n_classes=3, name="three clouds", test=held_out)


@pytest.fixture(scope="session")
def tiny_settings():
    """Parameters of the main study that run it in a second or two."""
    return {
        "data": "digits", "n_train": 300, "n_test": 100, "n_probe": 100, "width": 8,
        "stop_at_loss": 0.5, "max_epochs": 6, "early_epochs": 1, "n_solutions": 6,
        "fork_epochs": (1, 2), "n_walk_solutions": 2, "n_walkers": 2, "walk_steps": 6,
        "walk_records": 3, "excursions": (0.1, 1.0), "fractions": (0.25, 0.5, 1.0),
        "n_permutations": 4, "n_pairs": 2, "n_points": 5, "n_null": 19,
        "batch_sizes": (8, 32, 128), "sweep_seeds": 3, "sweep_stop_at_loss": 1.0,
        "sweep_max_epochs": 100, "sweep_epochs": 3, "n_directions": 2,
        "widths": (4, 8), "width_solutions": 3, "width_stop_at_loss": 0.6,
        "width_max_epochs": 3, "width_epochs": (1,), "n_band_pairs": 2, "band_pivots": 2,
        "band_steps": 3, "curve_epochs": 1, "n_graph": 3, "n_graph_bands": 2,
        "region_excursions": (0.3, 1.0), "n_region_points": 2,
        "sweep_learning_rates": (0.05, 0.1), "sweep_samples": 250, "sharpness_probe": 100,
        "ruggedness_walkers": 2,
        "ruggedness_steps": 8, "entropy_runs": 0,
        "law_excursions": (0.01, 1.0), "n_law_pairs": 2, "thermal_samples": 50,
        "thermal_temperatures": (1e-4, 1e-2), "thermal_solutions": 2, "thermal_walkers": 2,
        "thermal_sweeps": 1, "gibbs_samples": 40, "gibbs_units": 2,
        "gibbs_temperatures": (4.0, 16.0), "gibbs_replicas": 4, "gibbs_sweeps": 16,
        "gibbs_leapfrogs": 2, "gibbs_epochs": 2, "aging_replicas": 3, "aging_epochs": 2,
        "n_controls": 10, "mixed_batch_sizes": (16, 64), "mixed_learning_rates": (0.1, 0.2),
        "mixed_runs": 2, "branch_solutions": 3, "branch_stages": 2, "branch_walkers": 1,
        "subset_size": 60, "n_subsets": 3,
        "subset_replicas": 6, "disorder_widths": (8,), "glass_samples": 5, "glass_replicas": 2,
        "glass_sweeps": 96, "sk_sizes": (16,), "lattice_sizes": (3,), "spherical_size": 16,
        "spherical_time": 1.0,
    }  # fmt: skip


@pytest.fixture(scope="session")
def tiny_run(tiny_settings, tmp_path_factory):
    """The main study, run once on two threads; not to be changed."""
    from spinglass_nn import studies

    folder = tmp_path_factory.mktemp("tiny") / "study"
    return studies.run_study("liao2024", folder, tiny_settings, n_threads=2)


@pytest.fixture(scope="session")
def melting_settings():
    """Parameters of the study barney2024 that run it in a few seconds."""
    return {
        "data": "digits", "n_train": 300, "n_test": 100, "n_probe": 100, "widths": (12, 12),
        "n_replicas": 2, "n_epochs": 12, "n_snapshots": 10, "first_epoch_every": 2,
        "kept_shares": (0.5, 1.0), "theory_width": 20, "n_networks": 2, "n_bootstrap": 50,
        "tap_temperatures": (0.6, 0.9), "tap_starts": 4, "tap_iterations": 300,
        "glass_widths": (8, 8, 4), "glass_samples": 5, "glass_sweeps": 64,
        "ordered_sweeps": 64, "n_removals": 2, "lazy_epochs": 2, "lazy_samples": 100,
    }  # fmt: skip


@pytest.fixture(scope="session")
def tiny_li_settings():
    """Parameters of the study of Q(T) that run it in a few seconds."""
    return {
        "data": "digits", "n_train": 200, "n_test": 60, "width": 8, "n_seeds": 3,
        "batch_size": 32, "n_epochs": 4, "kept_epochs": (1,), "widths": (4,),
        "train_shares": (0.5,), "label_samples": 60, "label_epochs": 3, "other_epochs": (1, 2),
        "patch": 2, "n_replicas": 5, "n_sweeps": 64, "glassy_sweeps": 72,
        "n_temperatures": 5, "limit_sweeps": 64,
    }  # fmt: skip


@pytest.fixture(scope="session")
def melting_run(melting_settings, tmp_path_factory):
    """The study barney2024, run once on two threads; not to be changed."""
    from spinglass_nn import studies

    folder = tmp_path_factory.mktemp("melting") / "study"
    return studies.run_study("barney2024", folder, melting_settings, n_threads=2)


@pytest.fixture(scope="session")
def tiny_li(tiny_li_settings, tmp_path_factory):
    """The study of Q(T), run once on two threads; not to be changed."""
    from spinglass_nn import studies

    folder = tmp_path_factory.mktemp("tiny-li") / "study"
    return studies.run_study("li2025", folder, tiny_li_settings, n_threads=2)


@pytest.fixture
def without_claims(monkeypatch):
    """The study runs all tasks but decides no claims, which take longest when it is tiny."""
    from dataclasses import replace

    from spinglass_nn import studies

    recipe = replace(studies.find_recipe("liao2024"), claims=lambda *_: [])
    monkeypatch.setattr(
        "spinglass_nn.studies.study.known_recipes", lambda: {recipe.name: recipe}
    )
    return recipe
