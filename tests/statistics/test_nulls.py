from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.statistics import band, holm, p_value


@pytest.mark.parametrize(
    ("observed", "side", "p"),
    [
        (3.0, "high", 0.7),  # ties count as extreme
        (3.0, "low", 0.5),
        (-1.0, "low", 0.1),
        (99.0, "high", 0.1),
        (99.0, "two-sided", 0.2),
        (4.0, "two-sided", 1.0),
    ],
)
def test_p_value_counts_the_observation(observed, side, p):
    assert p_value(observed, np.arange(9), side=side) == pytest.approx(p)


def test_p_value_refuses():
    with pytest.raises(ParameterError, match=r"side must be one of .*did you mean 'high'"):
        p_value(0.0, [1.0], side="hihg")
    with pytest.raises(DataError, match=r"at least one draw, got none"):
        p_value(0.0, [])
    with pytest.raises(DataError, match=r"null_draws must be finite"):
        p_value(0.0, [np.nan])
    with pytest.raises(ParameterError, match=r"observed must be finite"):
        p_value(np.nan, [0.0])


def test_band():
    found = band(np.arange(101.0))
    assert (found.low, found.high) == pytest.approx((1.0, 99.0))
    assert (found.mean, found.n_draws) == (50.0, 101)
    assert found.sd == pytest.approx(np.arange(101).std(ddof=1))
    assert str(found) == "50 (98% band 1 to 99)"
    assert band([2.0]).sd == 0.0


def test_holm_by_hand():
    # sorted .005 .01 .03 .04 times 4 3 2 1, never falling
    found = holm([0.01, 0.04, 0.03, 0.005])
    np.testing.assert_allclose(found, [0.03, 0.06, 0.06, 0.02])
    with pytest.raises(DataError, match=r"p_values must lie in \[0, 1\], got 0.5 to 2"):
        holm([0.5, 2.0])
    assert holm([]).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_order_and_lies_between_raw_and_bonferroni(p):
    found = holm(p)
    assert np.all(found >= np.array(p))
    assert np.all(found <= np.minimum(1.0, len(p) * np.array(p)) + 1e-15)
    assert np.all(np.diff(found[np.argsort(p, kind="stable")]) >= 0)
