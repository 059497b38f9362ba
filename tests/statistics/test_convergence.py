"""R-hat: its slow twin, chains that agree, chains that differ in place, width or in time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from naive import statistics as naive

from spinglass_nn.errors import DataError
from spinglass_nn.statistics import r_hat


@pytest.mark.parametrize(("n_chains", "n_records"), [(1, 4), (2, 9), (4, 20)])
def test_is_its_slow_twin(n_chains, n_records):
    chains = np.random.default_rng(n_records).standard_normal((n_chains, n_records))
    chains[:, 1] = chains[0, 0]  # equal values share a rank
    assert math.isclose(r_hat(chains), naive.r_hat(chains.tolist()), rel_tol=1e-12)


def test_chains_of_one_distribution_agree():
    """Without moments too: a Cauchy distribution has no variance."""
    rng = np.random.default_rng(2)
    for chains in (rng.standard_normal((4, 2000)), rng.standard_cauchy((4, 2000))):
        assert 0.999 < r_hat(chains) < 1.005


@pytest.mark.parametrize("kind", ["shift", "width", "trend"])
def test_chains_that_differ_are_told(kind):
    chains = np.random.default_rng(3).standard_normal((4, 1000))
    if kind == "shift":
        chains[0] += 1
    elif kind == "width":
        chains[0] *= 3
    else:
        chains += np.linspace(-1, 1, 1000)
    assert r_hat(chains) > 1.05


def test_two_far_chains_reach_the_limit_of_ranks():
    """All of one below all of the other: scores are two halves of a normal distribution.

    Their means are ±sqrt(2/pi) and their variance 1 - 2/pi; of four halves two lie at each.
    """
    rng = np.random.default_rng(4)
    chains = rng.normal([[0], [100]], size=(2, 20_000))
    limit = math.sqrt(1 + (4 / 3) * (2 / math.pi) / (1 - 2 / math.pi))
    assert r_hat(chains) == pytest.approx(limit, rel=1e-3)


def test_monotonic_transformations_change_no_bulk():
    chains = np.random.default_rng(5).normal([[0], [0], [0], [2]], size=(4, 100))
    assert r_hat(chains) == r_hat(2 * chains + 1)


def test_chains_that_stand_still():
    assert r_hat([[1.0] * 8, [2.0] * 8]) == math.inf
    assert math.isnan(r_hat([[1.0] * 8, [1.0] * 8]))


@pytest.mark.parametrize("chains", [np.zeros((2, 3)), np.zeros((2, 5, 2))])
def test_bad_chains(chains):
    with pytest.raises(DataError, match=r"chains must have shape \(n_chains, n_records\)"):
        r_hat(chains)
    with pytest.raises(DataError, match="chains must be finite"):
        r_hat([math.nan] * 8)
