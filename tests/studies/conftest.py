"""Results of a study compared bit by bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinglass_nn import studies


@pytest.fixture
def assert_same_results():
    """Every task's file in one folder holds the bits of that in the other."""

    def contents(folder: Path) -> dict[str, dict[str, np.ndarray]]:
        found = {}
        for file in sorted((folder / "tasks").glob("*.npz")):
            with np.load(file) as stored:
                found[file.name] = {name: stored[name] for name in stored.files}
        return found

    def check(one: Path, other: Path) -> None:
        left, right = contents(one), contents(other)
        assert left.keys() == right.keys()
        assert len(left) == len(studies.find_recipe("liao2024").tasks)
        for file, arrays in left.items():
            assert arrays.keys() == right[file].keys()
            for name, values in arrays.items():
                assert values.dtype == right[file][name].dtype, (file, name)
                assert values.tobytes() == right[file][name].tobytes(), (file, name)

    return check
