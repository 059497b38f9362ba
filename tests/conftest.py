"""What all tests share: the slow twins on the path, small data, fresh compiled kernels."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
sys.path.insert(0, str(TESTS))  # so that `from naive import networks` works everywhere

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
