"""The quadratic law is drawn for walks whose law it is, and refused for others."""

from __future__ import annotations

import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, initialize
from spinglass_nn.statistics import Estimate
from spinglass_nn.walks import (
    Isotropic,
    LossCap,
    Metropolis,
    OneUnit,
    OneWeight,
    PerLayer,
    PerUnit,
    random_walk,
)

TRACE = Estimate(10.0, 1.0)


def walked(data, **how):
    net = MLP(sizes=(4, 6, 3), activation="tanh")
    start = initialize(net, rng=5)[0]
    return random_walk(net, data, start, n_steps=8, step=0.1, n_walkers=2, rng=1, **how)


@pytest.mark.parametrize("move", [Isotropic(), OneWeight()], ids=repr)
def test_law_of_free_walks(small_data, move):
    walk = walked(small_data, move=move)
    ax = sg.plotting.walk_loss([walk], ["walk"], traces=[TRACE])
    dashed = [item for item in ax.get_lines() if item.get_linestyle() == "--"]
    assert sum(len(item.get_xdata()) > 0 for item in dashed) == 1


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"move": PerLayer()}, r"move must be Isotropic\(\) or OneWeight\(\), got PerLayer\(\)"),
        ({"move": PerUnit()}, r"move must be .*, got PerUnit\(\)"),
        ({"move": OneUnit()}, r"move must be .*, got OneUnit\(\)"),
        ({"geometry": "sphere"}, "geometry must be flat, got sphere"),
        ({"rule": Metropolis(0.1)}, r"rule must be AlwaysAccept\(\), got Metropolis\(temper"),
        ({"rule": LossCap(9.0)}, r"rule must be AlwaysAccept\(\), got LossCap\(maximum=9\)"),
    ],
)  # fmt: skip
def test_no_law_of_other_walks(small_data, how, found):
    walk, free = walked(small_data, **how), walked(small_data)
    with pytest.raises(ParameterError, match=f"traces must be None for walks .*: {found}"):
        sg.plotting.walk_loss([free, walk], ["free", "other"], traces=[None, TRACE])
    ax = sg.plotting.walk_loss([free, walk], ["free", "other"], traces=[TRACE, None])
    assert ax.has_data()
