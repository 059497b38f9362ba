"""Bad input is told in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.networks import MLP, initialize
from spinglass_nn.walks import (
    GaussianPrior,
    Isotropic,
    LossCap,
    Metropolis,
    OneUnit,
    OneWeight,
    PerLayer,
    PerUnit,
    Rule,
    SphericalPrior,
    random_walk,
)


class Cold(Metropolis):
    """A rule that compiled loops would take for another."""


class Stay(Rule):
    """A rule of a user's own."""

    def accepts(self, loss, proposed, generator):
        return False


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_steps": 0}, "n_steps must be at least 1, got 0"),
        ({"n_steps": -3}, "n_steps must be at least 1, got -3"),
        ({"n_steps": 2.5}, "n_steps must be an integer, got 2.5"),
        ({"step": 0.1, "excursion": 0.1}, "give step or excursion, got both"),
        ({"step": None}, "give step or excursion, got neither"),
        ({"step": -0.1}, "step must be positive, got -0.1"),
        ({"step": np.nan}, "step must be finite, got nan"),
        ({"step": None, "excursion": 0.0}, "excursion must be positive, got 0"),
        ({"n_walkers": 0}, "n_walkers must be at least 1, got 0"),
        ({"first_walker": -1}, "first_walker must be at least 0, got -1"),
        ({"record_every": 0}, "record_every must be at least 1, got 0"),
        ({"geometry": "sfere"}, "geometry must be one of 'flat', 'sphere', got 'sfere'"),
        ({"rule": "metropolis"}, r"rule must be AlwaysAccept\(\), Metropolis"),
        ({"rule": Metropolis}, r"rule must be AlwaysAccept\(\), Metropolis"),
        ({"rule": LossCap(0.01)}, "maximum must not lie below the loss of the start, 1."),
        ({"move": OneWeight}, r"move must be Isotropic\(\), PerLayer\(\), .* got <class"),
        ({"move": "layer"}, r"move must be Isotropic\(\), PerLayer\(\), .* got 'layer'"),
        (
            {"move": PerUnit(), "geometry": "sphere"},
            r"geometry must be 'flat' for move=PerUnit\(\), .* got 'sphere'",
        ),
        (
            {"move": OneWeight(), "geometry": "sphere"},
            r"geometry must be 'flat' for move=OneWeight\(\), .* got 'sphere'",
        ),
        ({"move": OneUnit(), "rule": LossCap(0.01)}, "maximum must not lie below the loss"),
        (
            {"move": OneUnit(), "rule": Stay()},
            r"for move=OneUnit\(\), whose steps are compiled",
        ),
        ({"dtype": np.int32}, "dtype must be float32 or float64, got int32"),
        ({"start": None}, "start must be a Replica or an array, got None"),
        ({"rng": -1}, "rng must be a Generator"),
    ],
)
def test_bad_parameters(net, small_data, start, given, message):
    call = {"start": start, "n_steps": 10, "step": 0.1} | given
    with pytest.raises(ParameterError, match=message):
        random_walk(net, small_data, call.pop("start"), **call)


def test_zero_start_has_no_excursion_and_no_sphere(net, small_data):
    zero = np.zeros(net.n_parameters)
    with pytest.raises(ParameterError, match="start must not be zero for an excursion"):
        random_walk(net, small_data, zero, n_steps=10, excursion=0.1)
    with pytest.raises(ParameterError, match="start must not be zero for geometry='sphere'"):
        random_walk(net, small_data, zero, n_steps=10, step=0.1, geometry="sphere")
    with pytest.raises(ParameterError, match=r"start must not be zero for move=PerLayer\(\)"):
        random_walk(net, small_data, zero, n_steps=10, step=0.1, move=PerLayer())
    walk = random_walk(
        net, small_data, zero, n_steps=10, step=0.1, move=OneUnit(), rule=Metropolis(0.1)
    )
    assert np.isnan(walk.mutual_overlap).all()


def test_bad_starts(net, small_data, start):
    hurt = start.weights.copy()
    hurt[3] = np.nan
    with pytest.raises(DataError, match=r"start must be finite, got 1 NaN.*first at \(3,\)"):
        random_walk(net, small_data, hurt, n_steps=10, step=0.1)
    with pytest.raises(ShapeError, match=r"start must have shape \(51,?\), got \(50,\)"):
        random_walk(net, small_data, start.weights[:-1], n_steps=10, step=0.1)
    with pytest.raises(ParameterError, match="start must be one point, got 3 replicas"):
        random_walk(net, small_data, initialize(net, n_replicas=3), n_steps=10, step=0.1)
    other = initialize(MLP(sizes=(4, 5, 3)))[0]
    with pytest.raises(ParameterError, match="theta must belong to"):
        random_walk(net, small_data, other, n_steps=10, step=0.1)
    huge = np.full(net.n_parameters, 1e200)
    with pytest.raises(DataError, match="start in float32 must be finite"):
        random_walk(net, small_data, huge, n_steps=10, step=0.1, dtype=np.float32)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Metropolis(-0.1), "temperature must not be negative, got -0.1"),
        (lambda: Metropolis(np.inf), "temperature must be finite, got inf"),
        (lambda: Metropolis("hot"), "temperature must be a real number, got 'hot'"),
        (
            lambda: Metropolis(0.1, 0.5),
            r"prior must be GaussianPrior\(\.\.\.\) or None, got 0\.5",
        ),
        (
            lambda: Metropolis(0.1, SphericalPrior(2.0)),
            r"or None, got SphericalPrior\(norm=2\)",
        ),
        (lambda: Metropolis(0.1, GaussianPrior), "or None, got <class"),
        (
            lambda: Metropolis(0.0, GaussianPrior()),
            "temperature must be positive with a prior, got 0",
        ),
        (lambda: LossCap(np.nan), "maximum must be finite, got nan"),
    ],
)
def test_bad_rules(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_a_prior_has_one_deviation_for_each_layer(net, small_data, start):
    rule = Metropolis(0.1, prior=GaussianPrior((1.0, 2.0, 3.0)))
    for move in (Isotropic(), OneWeight()):
        with pytest.raises(
            ShapeError, match=r"deviation must be one number or 2 for .*, got 3"
        ):
            random_walk(net, small_data, start, n_steps=10, step=0.1, move=move, rule=rule)


def test_data_that_are_none(net, start):
    with pytest.raises(DataError, match="data must be a Dataset, got tuple"):
        random_walk(net, (np.zeros((3, 4)), [0, 1, 2]), start, n_steps=10, step=0.1)
