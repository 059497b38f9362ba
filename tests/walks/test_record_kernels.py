"""Where walkers are, across the chunks that kernels work in."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spinglass_nn.walks._record_kernels import CHUNK, squared_mean_direction, whereabouts

SIZES = (1, CHUNK - 1, CHUNK, CHUNK + 1, 20_000)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", SIZES)
def test_whereabouts(n, dtype):
    position, origin = np.random.default_rng(n).standard_normal((2, n)).astype(dtype)
    x, start = position.astype(np.float64), origin.astype(np.float64)
    expected = [math.fsum(v) for v in ((x - start) ** 2, x**2, x * start)]
    np.testing.assert_allclose(whereabouts(position, origin), expected, rtol=1e-12, atol=1e-10)
    assert whereabouts(position, position)[0] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", SIZES)
def test_mean_direction(n, dtype):
    positions = np.random.default_rng(n).standard_normal((5, n)).astype(dtype)
    units = positions.astype(np.float64)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    found = squared_mean_direction(positions)
    assert found == pytest.approx(np.square(units.sum(axis=0)).sum(), rel=1e-11, abs=1e-12)
    positions[3] = 0
    assert math.isnan(squared_mean_direction(positions))
