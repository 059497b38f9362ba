"""Tables of measures: what each entry is, and what is refused."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.landscape import (
    fisher_rao_norm,
    flatness,
    hessian_trace,
    largest_eigenvalues,
    local_energy,
    sharpness_table,
    worst_case_sharpness,
)
from spinglass_nn.landscape.sharpness_tables import MEASURES
from spinglass_nn.networks import MLP, initialize, stack
from spinglass_nn.statistics import Estimates, spearman_grid
from spinglass_nn.symmetries import balance

NET = MLP((4, 5, 3))


@pytest.fixture(scope="module")
def solutions():
    return initialize(NET, n_replicas=6, gain=1.5, rng=6)


def test_entries_are_the_measures(small_data, solutions):
    table = sharpness_table(NET, solutions, small_data, n_directions=4, rng=1)
    assert table.measures == MEASURES
    radius = 0.3 * np.mean([replica.norm for replica in solutions])
    for gauge, points in {
        "raw": solutions,
        "balanced": stack([balance(replica) for replica in solutions]),
    }.items():
        rho = {"n_directions": 4, "rng": 1}
        noise = local_energy(NET, points, small_data, sigmas=[0.3], **rho)
        expected = {
            "F1": flatness(NET, points, small_data, radius=radius, **rho),
            "F2": flatness(NET, points, small_data, excursion=0.3, **rho),
            "F3": flatness(NET, points, small_data, excursion=0.3, kind="filter", **rho),
            "average_adaptive": Estimates(noise.rise[:, 0], noise.rise_error[:, 0]),
            "local_energy": Estimates(noise.drop[:, 0], noise.drop_error[:, 0]),
        }
        for name, found in expected.items():
            np.testing.assert_array_equal(table.at(name, gauge).mean, found.mean)
            np.testing.assert_array_equal(table.at(name, gauge).error, found.error)
        exact = {
            name: worst_case_sharpness(NET, points, small_data, measure=name, rng=1).value
            for name in ("sam", "adaptive_sam", "ball", "adaptive_ball", "keskar")
        }
        exact["fisher_rao"] = fisher_rao_norm(NET, points, small_data)
        exact["top_eigenvalue"] = np.array(
            [largest_eigenvalues(NET, p, small_data, rng=1).values[0] for p in points]
        )
        for name, values in exact.items():
            np.testing.assert_array_equal(table.at(name, gauge).mean, values)
            assert not table.at(name, gauge).error.any()
        trace = hessian_trace(NET, points[2], small_data, n_probes=4, rng=1)
        assert table.at("trace", gauge)[2].mean == trace.mean


def test_rows_are_ready_to_be_correlated(small_data, solutions):
    table = sharpness_table(NET, solutions, small_data, measures=("F2", "fisher_rao"), rng=1)
    assert list(table.rows) == [
        "F2, raw", "fisher_rao, raw", "F2, balanced", "fisher_rao, balanced",
    ]  # fmt: skip
    grid = spearman_grid(table.rows, {"gap": np.arange(6.0)}, n_permutations=99, rng=1)
    assert grid.measures == tuple(table.rows)
    single = sharpness_table(
        NET, solutions, small_data, measures=("F2",), gauges=("raw",), rng=1
    )
    assert list(single.rows) == ["F2"]


def test_measures_of_ones_own(small_data, solutions):
    table = sharpness_table(
        NET,
        solutions,
        small_data,
        measures={
            "F1 at 3": partial(flatness, radius=3.0, n_directions=4, rng=1),
            "norm": lambda net, points, data: [point.norm for point in points],
        },
        gauges=("raw", "torus"),
    )
    same = flatness(NET, solutions, small_data, radius=3.0, n_directions=4, rng=1)
    np.testing.assert_array_equal(table.at("F1 at 3").error, same.error)
    np.testing.assert_allclose(table.at("norm").mean, [point.norm for point in solutions])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"measures": ("F4",)}, "measures must be one of .*, got 'F4'"),
        ({"measures": ("F1", "F1")}, "measures must be different names"),
        ({"measures": {}}, "measures must hold at least one measure, got none"),
        ({"gauges": ()}, "gauges must be different names, at least one"),
        ({"gauges": ("balance",)}, "gauges must be one of .* did you mean 'balanced'"),
        ({"excursion": -1.0}, "excursion must be positive, got -1"),
    ],
)
def test_bad_input(small_data, solutions, given, message):
    with pytest.raises(ParameterError, match=message):
        sharpness_table(NET, solutions, small_data, **given)


def test_what_is_no_table(small_data, solutions):
    with pytest.raises(ParameterError, match="solutions must be Replicas, got Replica"):
        sharpness_table(NET, solutions[0], small_data)
    with pytest.raises(
        ShapeError, match=r"measures\['one'\] must return shape \(6,\), got \(\)"
    ):
        sharpness_table(NET, solutions, small_data, measures={"one": lambda *_: 1.0})
    tanh = MLP((4, 5, 3), activation="tanh")
    with pytest.raises(ParameterError, match="'relu' or 'identity'"):
        sharpness_table(tanh, initialize(tanh, n_replicas=3, rng=0), small_data)
