from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.statistics import Estimate
from spinglass_nn.walks import quadratic_law


def test_one_distance_gives_what_the_trace_was():
    assert quadratic_law(12.0, 6, 0.5) == pytest.approx(12 * 0.25 / 12)
    law = quadratic_law(Estimate(12.0, 1.2), 6, 0.5)
    assert (law.mean, law.error) == (pytest.approx(0.25), pytest.approx(0.025))


def test_many_distances_give_a_curve():
    law = quadratic_law(Estimate(-4.0, 2.0), 2, [0.0, 1.0, 2.0])
    np.testing.assert_allclose(law.mean, [0, -1, -4])
    np.testing.assert_allclose(law.error, [0, 0.5, 2])
    np.testing.assert_array_equal(quadratic_law(4.0, 2, np.array([1.0])).error, [0])


def test_bad_input():
    with pytest.raises(ParameterError, match="n_parameters must be at least 1, got 0"):
        quadratic_law(1.0, 0, 1.0)
    with pytest.raises(ParameterError, match="trace must be finite, got nan"):
        quadratic_law(np.nan, 3, 1.0)
    with pytest.raises(DataError, match="distance must be finite"):
        quadratic_law(1.0, 3, [1.0, np.inf])
