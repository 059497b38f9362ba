"""Pieces of a task: computed once, whatever they are made of."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import Context
from spinglass_nn.studies.recipes.pieces import kept


@pytest.fixture
def context(tmp_path):
    return Context(
        parameters=None, shared=None, results={}, seed=0, number=1,
        checkpoint=lambda name: tmp_path / f"task.{name}.checkpoint.npz",
    )  # fmt: skip


def test_a_piece_is_computed_once(context):
    calls = []

    def compute():
        calls.append(1)
        return Estimate(1 / 3, 0.1)

    first, second = kept(context, "one", compute), kept(context, "one", compute)
    assert len(calls) == 1
    assert (first.mean, first.error) == (second.mean, second.error)
    kept(context, "another", compute)
    assert len(calls) == 2


def test_results_arrays_and_numbers_come_back_to_the_bit(context):
    values = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    made = [Estimate(0.1, 0.2), values, (1 / 3, np.nan, np.float64(2 / 3)), 7]
    kept(context, "mixed", lambda: made)
    estimate, array, numbers, count = kept(context, "mixed", pytest.fail)
    assert (estimate.mean, estimate.error) == (0.1, 0.2)
    assert array.dtype == np.float32
    assert array.tobytes() == values.tobytes()
    np.testing.assert_array_equal(numbers, (1 / 3, np.nan, 2 / 3))
    assert count == 7


def test_an_error_leaves_nothing_behind(context, tmp_path):
    with pytest.raises(ZeroDivisionError):
        kept(context, "broken", lambda: 1 / 0)
    assert not list(tmp_path.iterdir())
