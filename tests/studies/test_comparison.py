"""Runs of other seeds: verdicts that stand, verdicts that do not, and the scatter of values."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from scipy import stats

from spinglass_nn.errors import StudyError
from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import compare_studies
from spinglass_nn.studies.claims import CANNOT_TELL, NOT_SUPPORTED, SUPPORTED


def seeded(run, seed, **changes):
    return replace(
        run, parameters=msgspec.structs.replace(run.parameters, seed=seed, **changes)
    )


def with_claim(run, seed, verdict, value):
    """A run of one claim alone."""
    claim = replace(run.claims[0], verdict=verdict, value=value)
    return replace(seeded(run, seed), claims=[claim])


@pytest.mark.parametrize(
    ("verdicts", "joint"),
    [
        ((SUPPORTED,) * 3, SUPPORTED),
        ((NOT_SUPPORTED,) * 3, NOT_SUPPORTED),
        ((CANNOT_TELL,) * 3, CANNOT_TELL),
        ((SUPPORTED, CANNOT_TELL, SUPPORTED), CANNOT_TELL),
        ((SUPPORTED, SUPPORTED, NOT_SUPPORTED), CANNOT_TELL),
    ],
)
def test_only_what_all_seeds_say_is_said(tiny_run, verdicts, joint):
    runs = [with_claim(tiny_run, k, v, None) for k, v in enumerate(verdicts)]
    found = compare_studies(runs)
    assert found.seeds == (0, 1, 2)
    (claim,) = found.claims
    assert claim.verdicts == verdicts
    assert claim.verdict == joint
    assert claim.stable == (len(set(verdicts)) == 1)
    assert claim.mean is None
    assert np.isnan([claim.scale, claim.probability]).all()


def test_values_are_weighted_and_errors_enlarged(tiny_run):
    """By hand: weights 1, 1 and 1/4."""
    values = [Estimate(0.0, 1.0), Estimate(2.0, 1.0), Estimate(4.0, 2.0)]
    runs = [with_claim(tiny_run, k, SUPPORTED, value) for k, value in enumerate(values)]
    (claim,) = compare_studies(runs).claims
    mean = (0 + 2 + 1) / 2.25
    square = mean**2 + (2 - mean) ** 2 + (4 - mean) ** 2 / 4
    assert claim.values == tuple(values)
    assert claim.mean.mean == pytest.approx(mean)
    assert claim.scale == pytest.approx(np.sqrt(square / 2))
    assert claim.scale > 1
    assert claim.mean.error == pytest.approx(claim.scale / np.sqrt(2.25))
    assert claim.probability == pytest.approx(np.exp(-square / 2))


def test_errors_are_not_made_smaller_by_luck(tiny_run):
    values = [Estimate(1.0, 1.0), Estimate(1.1, 1.0), None, Estimate(np.nan, np.nan)]
    runs = [with_claim(tiny_run, k, SUPPORTED, value) for k, value in enumerate(values)]
    (claim,) = compare_studies(runs).claims
    assert claim.scale < 0.1
    assert claim.mean.mean == pytest.approx(1.05)
    assert claim.mean.error == pytest.approx(1 / np.sqrt(2))


def test_probability_is_uniform_where_errors_are_right(tiny_run):
    rng = np.random.default_rng(5)
    found = []
    for _ in range(400):
        runs = [with_claim(tiny_run, k, SUPPORTED, Estimate(rng.normal(0, s), s))
                for k, s in enumerate((0.5, 1.0, 3.0))]  # fmt: skip
        found.append(compare_studies(runs).claims[0].probability)
    assert stats.kstest(found, "uniform").pvalue > 0.001


def test_all_claims_of_real_runs(tiny_run):
    found = compare_studies([tiny_run, seeded(tiny_run, 99)])
    assert [c.identifier for c in found.claims] == [c.identifier for c in tiny_run.claims]
    assert all(claim.stable for claim in found.claims)
    assert [c.verdict for c in found.claims] == [c.verdict for c in tiny_run.claims]


def test_runs_that_cannot_be_compared(tiny_run):
    with pytest.raises(StudyError, match="runs must be at least 2 to be compared, got 1"):
        compare_studies([tiny_run])
    seed = tiny_run.parameters.seed
    with pytest.raises(StudyError, match=rf"have the seed {seed}"):
        compare_studies([tiny_run, seeded(tiny_run, seed)])
    width = tiny_run.parameters.width
    with pytest.raises(StudyError, match=rf"differ in width \({width} and {width + 1}\)"):
        compare_studies([tiny_run, seeded(tiny_run, 99, width=width + 1)])
    other = replace(seeded(tiny_run, 99), recipe=replace(tiny_run.recipe, name="other"))
    with pytest.raises(
        StudyError, match=r"runs must be of one study, got liao2024 in .* other"
    ):
        compare_studies([tiny_run, other])
