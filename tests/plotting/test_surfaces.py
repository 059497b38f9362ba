"""What a surface shows is what was given."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError


def bowl(lowest=0.0, **changes):
    x, y = np.linspace(-1, 2, 31), np.linspace(-1, 1, 21)
    loss = x[None, :] ** 2 + y[:, None] ** 2 + lowest
    values = {
        "x": x, "y": y, "distance": loss, "loss": loss, "accuracy": 1 - loss / 10,
        "test_loss": None, "test_accuracy": None, "marks": np.array([[0.0, 0.0], [1.8, 0.5]]),
        "mark_names": ("start", "end"), "name": "a bowl",
    }  # fmt: skip
    return sg.landscape.LossSurface(**(values | changes))


def texts(ax):
    return " ".join(text.get_text() for text in ax.texts)


def test_marks_stand_where_they_are():
    ax = sg.plotting.surface(bowl())
    places = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.get_lines()]
    assert places == [(0.0, 0.0), (1.8, 0.5)]
    assert [text.get_text() for text in ax.texts] == ["start", "end"]
    assert ax.get_xlim() == (-1, 2)
    bar = ax.figure.axes[-1]
    assert bar.get_ylabel() == "loss L (nats per sample)"
    assert bar.get_ylim() == (0, 5)


def test_levels_are_ratios_where_the_range_is_wide():
    wide = sg.plotting.surface(bowl(0.01)).figure.axes[-1]
    assert wide.get_yscale() == "log"
    assert sg.plotting.surface(bowl(1.0)).figure.axes[-1].get_yscale() != "log"
    assert sg.plotting.surface(bowl(0.01), log=False).figure.axes[-1].get_yscale() != "log"
    limited = sg.plotting.surface(bowl(), quantity="accuracy", limits=(0.6, 0.9))
    assert limited.figure.axes[-1].get_ylim() == (0.6, 0.9)


def test_nothing_to_draw_is_said():
    flat = bowl(loss=np.full((21, 31), np.nan))
    assert "no surface to draw" in texts(sg.plotting.surface(flat))


def test_errors_say_what_is_wrong():
    with pytest.raises(ParameterError, match="quantity must be one the surface has"):
        sg.plotting.surface(bowl(), quantity="test_loss")
    with pytest.raises(ParameterError, match="limits must go from a lower"):
        sg.plotting.surface(bowl(), limits=(1, 1))
    with pytest.raises(ParameterError, match="log must be False where the lowest"):
        sg.plotting.surface(bowl(), log=True)
