import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError


@pytest.fixture
def free():
    """Free motion of five replicas, which the last leaves half way."""
    steps = np.array([0, 1, 3, 10, 30, 100, 300, 1000])
    moves = np.random.default_rng(0).standard_normal((5, 8, 50))
    moves *= np.sqrt(np.diff(steps, prepend=0))[:, None]
    weights = 1 + moves.cumsum(axis=1)
    weights[4, 5:] = np.nan
    return sg.training.two_time(sg.training.Snapshots(steps, weights))


@pytest.mark.parametrize("of", ["displacement", "overlap"])
@pytest.mark.parametrize("against", ["time", "ratio"])
def test_two_time_curves_are_means_with_their_errors(free, of, against):
    ax = sg.plotting.two_time(free, of=of, against=against)
    lines = ax.get_lines()
    assert [item.get_label() for item in lines] == [f"$t_w$ = {w}" for w in (1, 3, 10, 30, 100)]
    for shown, waiting in zip(lines, (1, 3, 10, 30, 100), strict=True):
        expected = free.estimates(of, waiting)
        unit = waiting if against == "ratio" else 1
        np.testing.assert_allclose(shown.get_xdata(), free.times(waiting) / unit)
        np.testing.assert_allclose(shown.get_ydata(), expected.mean)
    edges = ax.collections[2].get_paths()[0].vertices[:, 1]
    third = free.estimates(of, 10)
    assert edges.max() == pytest.approx((third.mean + third.error).max())
    assert ax.get_xscale() == "log"
    assert ax.get_yscale() == ("log" if of == "displacement" else "linear")


def test_two_time_draws_what_it_is_asked_for_and_says_what_is_absent(free):
    ax = sg.plotting.two_time(free, of="overlap", waitings=[0, 1000])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["$t_w$ = 0", "$t_w$ = 1,000 (no data)"]
    with pytest.raises(ParameterError, match="waitings must be above zero"):
        sg.plotting.two_time(free, against="ratio", waitings=[0, 1])
    with pytest.raises(ParameterError, match="did you mean 'time'"):
        sg.plotting.two_time(free, against="times")
    with pytest.raises(ParameterError, match="waiting must be the step of a snapshot"):
        sg.plotting.two_time(free, waitings=[2])
