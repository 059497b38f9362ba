"""Inputs held as a byte each: exact, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn._core.codes import line_through, values_taken
from spinglass_nn._core.jit import kernel
from spinglass_nn.training._codes import coded_inputs
from spinglass_nn.training._gather_kernels import Inputs, gather


@kernel
def _gathered(inputs, order, out, row):
    gather(inputs, order, np.int64(0), order.size, out, row)


def decoded(inputs, order):
    """What the kernels make of the codes, without a look at the rows."""
    n_inputs, row = inputs.rows.shape[1], inputs.codes.shape[1]
    out = np.zeros((order.size, row), inputs.rows.dtype)
    blind = Inputs(np.full_like(inputs.rows, np.nan), inputs.codes, inputs.scale)
    _gathered(blind, order, out.reshape(-1), row)
    return out[:, :n_inputs]


@pytest.mark.parametrize("levels", [256, 200, 17])
@pytest.mark.parametrize("dtype", [np.float32])
def test_pixels_come_back_to_the_bit(levels, dtype):
    rng = np.random.default_rng(levels)
    for _ in range(20):
        mean, deviation = rng.uniform(0, 150), rng.uniform(10, 120)
        chosen = np.sort(rng.choice(256, levels, replace=False))
        chosen[:2] = chosen[0], chosen[0] + 1  # so that the step is one grey value
        rows = ((rng.choice(chosen, (300, 37)) - mean) / deviation).astype(dtype)
        inputs = coded_inputs(rows)
        assert inputs.codes.size > 0
        order = rng.permutation(300)
        np.testing.assert_array_equal(decoded(inputs, order), rows[order])


@pytest.mark.parametrize(
    "table",
    [
        np.arange(256) / 255,
        np.arange(256) / 127.5 - 1,
        np.arange(17) / 16,
        np.array([0.0, 1.0]),
    ],
    ids=["0 to 1", "-1 to 1", "17 levels", "two levels"],
)
def test_other_scales(table):
    table = table.astype(np.float32)
    rows = np.random.default_rng(0).choice(table, (200, 20))
    np.testing.assert_array_equal(decoded(coded_inputs(rows), np.arange(200)), rows)


def test_what_has_no_codes():
    rng = np.random.default_rng(0)
    many = rng.standard_normal((50, 20)).astype(np.float32)
    uneven = rng.choice(np.array([0, 1, np.pi], np.float32), (50, 20))
    far = rng.choice(np.array([0, 1, 300], np.float32), (50, 20))
    broken = rng.choice(np.array([0, 1, np.nan], np.float32), (50, 20))
    same = np.ones((50, 20), np.float32)
    for rows in (many, uneven, far, broken, same):
        inputs = coded_inputs(rows)
        assert inputs.codes.size == 0
        assert inputs.rows is rows


def test_values_taken():
    rows = np.array([[3.0, 1.0], [1.0, -2.0]], np.float32)
    assert values_taken(rows).tolist() == [-2, 1, 3]
    assert values_taken(np.arange(256, dtype=np.float32)[:, None]).size == 256
    assert values_taken(np.arange(257, dtype=np.float32)[:, None]) is None


def test_a_table_bent_by_one_rounding_is_refused():
    table = ((np.arange(256) - 73.1) / 90.2).astype(np.float32)
    assert line_through(table) is not None
    bent = table.copy()
    bent[200] = np.nextafter(np.nextafter(bent[200], np.float32(9)), np.float32(9))
    assert line_through(bent) is None
