"""Rescaled units: the same function, and what each measure makes of it (Dinh et al.; T9)."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive import networks as naive

from spinglass_nn.landscape import (
    fisher_rao_norm,
    flatness,
    hessian_trace,
    largest_eigenvalues,
    local_energy,
    worst_case_sharpness,
)
from spinglass_nn.networks import MLP, Replica, initialize, logits
from spinglass_nn.statistics import Estimate
from spinglass_nn.symmetries import balance, rescale, to_torus


def eigenvalue(net, point, data):
    return largest_eigenvalues(net, point, data, tolerance=1e-9).values[0]


def worst(measure, size, net, point, data):
    found = worst_case_sharpness(
        net, point, data, measure=measure, size=size, n_iterations=10, n_threads=1
    )
    return found.value[0]


def noise(field, net, point, data):
    found = local_energy(net, point, data, sigmas=[0.3], n_directions=8, rng=1, n_threads=1)
    return getattr(found, field)[0, 0]


def rise(net, point, data, **how):
    return flatness(net, point, data, n_directions=8, rng=1, n_threads=1, **how).mean


INVARIANT = {
    "adaptive_sam": partial(worst, "adaptive_sam", 0.5),
    "adaptive_ball": partial(worst, "adaptive_ball", 0.5),
    "average_adaptive": partial(noise, "rise"),
    "local_energy": partial(noise, "drop"),
    "fisher_rao": fisher_rao_norm,
}
CHANGING = {
    "F1": partial(rise, radius=3.0),
    "F2": partial(rise, excursion=0.3),
    "F3": partial(rise, excursion=0.3, kind="filter"),
    "sam": partial(worst, "sam", 0.05),
    "ball": partial(worst, "ball", 0.05),
    "keskar": partial(worst, "keskar", 1e-3),
    "trace": partial(hessian_trace, n_probes=8, rng=1),
    "top_eigenvalue": eigenvalue,
}
NETS = [MLP((4, 5, 3)), MLP((4, 4, 3, 3), bias=False)]


def number(value):
    return value.mean if isinstance(value, Estimate) else float(value)


def rescaled(net, exponents, rng=6):
    """A point, and the same function with hidden units multiplied by powers of ten."""
    point = initialize(net, gain=1.5, rng=rng)[0]
    factors, place = [], 0
    for size in net.hidden_sizes:
        factors.append(10.0 ** np.array(exponents[place : place + size]))
        place += size
    return point, rescale(point, factors)


def units(net):
    return st.lists(
        st.floats(-1, 1), min_size=sum(net.hidden_sizes), max_size=sum(net.hidden_sizes)
    )


@pytest.mark.parametrize("net", NETS, ids=str)
@pytest.mark.parametrize("name", INVARIANT)
def test_invariant_measures_do_not_see_rescaling(small_data, net, name):
    @settings(max_examples=8)
    @given(exponents=units(net))
    def check(exponents):
        point, other = rescaled(net, exponents)
        outputs = logits(net, point, small_data)
        np.testing.assert_allclose(logits(net, other, small_data), outputs, atol=1e-10)
        one, two = (number(INVARIANT[name](net, p, small_data)) for p in (point, other))
        assert two == pytest.approx(one, rel=1e-6)

    check()


@pytest.mark.parametrize("net", NETS, ids=str)
@pytest.mark.parametrize("name", CHANGING)
def test_other_measures_do_but_not_in_one_gauge(small_data, net, name):
    exponents = np.linspace(-1, 1, sum(net.hidden_sizes))
    point, other = rescaled(net, exponents)
    one, two = (number(CHANGING[name](net, p, small_data)) for p in (point, other))
    assert abs(two - one) > 0.05 * abs(one)
    for gauge in (balance, to_torus):
        one, two = (number(CHANGING[name](net, gauge(p), small_data)) for p in (point, other))
        assert two == pytest.approx(one, rel=1e-6)


def test_largest_eigenvalue_can_be_made_as_large_as_one_likes(small_data):
    net = NETS[0]
    values = [eigenvalue(net, rescaled(net, [k] * 5)[1], small_data) for k in (0.0, -1.0, -2.0)]
    assert values[1] > 10 * values[0]
    assert values[2] > 50 * values[1]


@pytest.mark.parametrize("net", NETS, ids=str)
def test_torus_has_units_of_length_one_and_the_same_function(small_data, net):
    point, other = rescaled(net, np.linspace(-1, 1, sum(net.hidden_sizes)))
    torus = to_torus(other)
    for weight, bias in naive.split(net, torus.weights)[:-1]:
        np.testing.assert_allclose((weight**2).sum(axis=1) + bias**2, 1.0)
    np.testing.assert_allclose(torus.weights, to_torus(point).weights, rtol=1e-9)
    np.testing.assert_allclose(
        logits(net, torus, small_data), logits(net, point, small_data), atol=1e-10
    )


def test_dead_units_stay_on_the_torus():
    net = MLP((2, 2, 2), bias=False)
    torus = to_torus(Replica(net, np.array([0.0, 0.0, 3.0, 4.0, 1.0, 2.0, 5.0, 6.0])))
    np.testing.assert_allclose(torus.weights, [0, 0, 0.6, 0.8, 1, 10, 5, 30])
