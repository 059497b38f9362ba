"""Grids of rank correlations against enumeration, their error rate under the null, their power."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.statistics import spearman, spearman_grid


def stepped_down(x, y):
    """Exact Westfall-Young p-values from all orders of the targets' points."""
    cells = list(itertools.product(range(len(x)), range(len(y))))

    def sizes(order):
        return [
            round(abs(scipy.stats.spearmanr(x[i], y[j][list(order)]).statistic), 10)
            for i, j in cells
        ]

    found = sizes(range(x.shape[1]))
    draws = [sizes(order) for order in itertools.permutations(range(x.shape[1]))]
    ranked = sorted(range(len(cells)), key=lambda c: -found[c])
    corrected, last = {}, 0.0
    for place, cell in enumerate(ranked):
        rest = ranked[place:]
        above = sum(max(draw[c] for c in rest) >= found[cell] for draw in draws)
        last = max(last, above / len(draws))
        corrected[cell] = last
    return np.array([corrected[c] for c in range(len(cells))]).reshape(len(x), len(y))


def named(rows, letter):
    return {f"{letter}{k}": row for k, row in enumerate(rows)}


def test_corrected_p_values_are_those_of_all_permutations():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(3, 6)), rng.normal(size=(2, 6))
    y[0] += 1.5 * x[1]
    n = 20_000
    found = spearman_grid(named(x, "x"), named(y, "y"), n_permutations=n, rng=1)
    exact = stepped_down(x, y)
    error = np.sqrt(exact * (1 - exact) / n)
    np.testing.assert_array_less(np.abs(found.corrected - exact), 4 * error + 2 / n)


def test_cells_are_those_of_spearman():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(2, 15)).round(1)
    y = x[:1] + rng.normal(size=(1, 15))
    for how in (
        {},
        {"strata": np.arange(15) % 3},
        {"groups": np.arange(15) // 3},
        {"strata": np.arange(15) % 3, "groups": np.arange(15) // 3},
    ):
        grid = spearman_grid(named(x, "x"), named(y, "y"), rng=1, **how)
        for k in range(2):
            one = spearman(x[k], y[0], rng=1, **how)  # the same resamples and permutations
            assert grid.at(f"x{k}", "y0").mean == pytest.approx(one.estimate.mean)
            assert grid.error[k, 0] == pytest.approx(one.estimate.error)
            assert grid.low[k, 0] == pytest.approx(one.low)
            assert grid.p_value[k, 0] == one.p_value
        assert grid.design == one.design


def test_many_versions_of_one_measure_cost_nothing():
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=12), rng.normal(size=12)
    one = spearman_grid({"x": x}, {"y": y}, rng=1)
    copies = spearman_grid(named([np.exp(k * x) for k in range(1, 9)], "x"), {"y": y}, rng=1)
    assert (copies.corrected == one.p_value).all()
    assert copies.critical == one.critical


def test_verdicts():
    rng = np.random.default_rng(8)
    x = rng.normal(size=400)
    measures = {"strong": x, "none": rng.normal(size=400), "few": x + 9 * rng.normal(size=400)}
    grid = spearman_grid(measures, {"y": x + rng.normal(size=400)}, relevant=0.25, rng=1)
    assert grid.verdicts[:2, 0].tolist() == ["correlated", "none"]
    some = {name: values[:12] for name, values in measures.items() if name != "strong"}
    few = spearman_grid(some, {"y": rng.normal(size=12)}, rng=1)
    assert few.verdicts.ravel().tolist() == ["cannot tell", "cannot tell"]
    assert "0 of 2 beyond chance" in repr(few)


def false_alarms(strata, n_sets):
    """Shares of sets without any correlation that have a cell with p <= 0.05, two ways."""
    rng = np.random.default_rng(11)
    alone = together = 0
    for k in range(n_sets):
        x = rng.normal(size=(4, 40)) + 2 * rng.normal(size=40)  # measures of one kind
        y = rng.normal(size=(3, 40)) + rng.normal(size=40)
        if strata is not None:
            x, y = x + 5 * strata, y - 5 * strata
        grid = spearman_grid(
            named(x, "x"), named(y, "y"), strata=strata, n_resamples=2, n_permutations=199,
            rng=k,
        )  # fmt: skip
        alone += grid.p_value.min() <= 0.05
        together += grid.corrected.min() <= 0.05
    return alone / n_sets, together / n_sets


@pytest.mark.physics
@pytest.mark.parametrize("strata", [None, np.repeat([0, 1], 20)])
def test_family_wise_error_is_nominal(strata):
    n_sets = 3000
    alone, together = false_alarms(strata, n_sets)
    assert abs(together - 0.05) / math.sqrt(0.05 * 0.95 / n_sets) < 4
    assert alone > 0.12  # without the correction


@pytest.mark.physics
def test_a_planted_correlation_is_found_and_the_others_are_not_blamed():
    rng = np.random.default_rng(12)
    n_sets, hits, blamed = 400, 0, 0
    for k in range(n_sets):
        x, y = rng.normal(size=(4, 20)), rng.normal(size=(3, 20))
        y[1] = 0.85 * x[2] + math.sqrt(1 - 0.85**2) * y[1]
        grid = spearman_grid(
            named(x, "x"), named(y, "y"), n_resamples=2, n_permutations=199, rng=k
        )
        seen = grid.corrected <= 0.05
        hits += seen[2, 1]
        seen[2, 1] = False
        blamed += seen.any()
    assert hits > 0.85 * n_sets
    assert (blamed / n_sets - 0.05) / math.sqrt(0.05 * 0.95 / n_sets) < 4


GOOD = {"a": [1.0, 2.0, 3.0, 4.0]}


@pytest.mark.parametrize(
    ("measures", "targets", "how", "error", "message"),
    [
        ([1, 2], GOOD, {}, ParameterError, "measures must be a mapping of names to values"),
        ({}, GOOD, {}, ParameterError, "measures must be a mapping of names to values"),
        (GOOD, {"b": [1.0, 2.0]}, {}, ShapeError, r"targets\['b'\] must have shape \(4,\)"),
        (GOOD, {"b": [1, 2, np.nan, 3]}, {}, DataError, r"targets\['b'\] must be finite"),
        (GOOD, {"b": [1.0] * 4}, {}, DataError, r"targets\['b'\] must vary \(within strata\)"),
        ({"a": [1, 2]}, {"b": [1, 2]}, {}, DataError, "at least 3 points, got 2"),
        (GOOD, GOOD, {"groups": [0, 0, 1, 1], "strata": [0, 0, 1, 1]}, DataError,
         "groups must all hold the same strata"),
        (GOOD, GOOD, {"strata": [0, 1]}, ShapeError, r"strata must have shape \(4,\)"),
        (GOOD, {"b": [1.0, 1, 1, 2]}, {}, DataError, "95 % of the resamples"),
        (GOOD, GOOD, {"relevant": 2}, ParameterError, r"relevant must lie in \[0, 1\]"),
    ],
)  # fmt: skip
def test_refuses(measures, targets, how, error, message):
    with pytest.raises(error, match=message):
        spearman_grid(measures, targets, rng=1, **how)


def test_cells_have_names():
    with pytest.raises(ParameterError, match="target must be one of 'a', got 'b'"):
        spearman_grid(GOOD, GOOD, n_permutations=9, rng=3).at("a", "b")
