"""Runs of other seeds: verdicts that stand, verdicts that do not, and the scatter of values."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from spinglass_nn.errors import StudyError
from spinglass_nn.statistics import Estimate, mean_estimate
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
    assert np.isnan(claim.scale)


def test_mean_and_scatter_by_hand(tiny_run):
    """Values 0, 2, 4 scatter by 2; their errors are 1, 1, 2, in the root mean square 1.414."""
    values = [Estimate(0.0, 1.0), Estimate(2.0, 1.0), Estimate(4.0, 2.0)]
    runs = [with_claim(tiny_run, k, SUPPORTED, value) for k, value in enumerate(values)]
    (claim,) = compare_studies(runs).claims
    assert claim.values == tuple(values)
    assert claim.mean.mean == pytest.approx(2)
    assert claim.scale == pytest.approx(np.sqrt(2))
    assert claim.mean.error == pytest.approx(2 / np.sqrt(3))


def test_errors_are_not_made_smaller_by_luck(tiny_run):
    values = [Estimate(1.0, 1.0), Estimate(1.1, 1.0)]
    runs = [with_claim(tiny_run, k, SUPPORTED, value) for k, value in enumerate(values)]
    (claim,) = compare_studies(runs).claims
    assert claim.scale < 0.1
    assert claim.mean.mean == pytest.approx(1.05)
    assert claim.mean.error == pytest.approx(1 / np.sqrt(2))


@pytest.mark.parametrize("odd", [None, Estimate(9.0, 0.0), Estimate(np.nan, np.nan)])
def test_no_run_is_left_out_of_a_mean(tiny_run, odd):
    values = [Estimate(1.0, 0.1), Estimate(1.1, 0.1), odd]
    runs = [with_claim(tiny_run, k, SUPPORTED, value) for k, value in enumerate(values)]
    (claim,) = compare_studies(runs).claims
    assert claim.mean is None


def test_extremes_are_not_averaged(tiny_run):
    runs = [with_claim(tiny_run, k, SUPPORTED, Estimate(k, 1.0)) for k in range(3)]
    runs = [replace(run, claims=[replace(run.claims[0], extreme=True)]) for run in runs]
    (claim,) = compare_studies(runs).claims
    assert claim.mean is None
    assert claim.values[2].mean == 2
    marked = {claim.identifier.split(" ")[0] for claim in tiny_run.claims if claim.extreme}
    assert marked == {"C13", "C15", "C16", "C17"}


@pytest.mark.parametrize("n_units", [5, 40])
def test_means_of_skewed_values_cover_the_truth(tiny_run, n_units):
    """Errors from the units of each run; as often within one error as is asked for."""
    rng, truth, inside, scales = np.random.default_rng(5), np.exp(0.18), 0, []
    for _ in range(400):
        values = map(mean_estimate, rng.lognormal(0, 0.6, (3, n_units)))
        runs = [with_claim(tiny_run, k, SUPPORTED, value) for k, value in enumerate(values)]
        (claim,) = compare_studies(runs).claims
        inside += abs(claim.mean.mean - truth) < claim.mean.error
        scales.append(claim.scale)
    assert 0.63 < inside / 400 < 0.85
    assert 0.7 < np.median(scales) < 1.1
    assert np.mean(np.array(scales) > 1.73) < (0.07 if n_units == 40 else 0.15)


def test_all_claims_of_real_runs(tiny_run):
    found = compare_studies([tiny_run, seeded(tiny_run, 99)])
    assert [c.identifier for c in found.claims] == [c.identifier for c in tiny_run.claims]
    assert all(claim.stable for claim in found.claims)
    assert [c.verdict for c in found.claims] == [c.verdict for c in tiny_run.claims]


def test_runs_that_cannot_be_compared(tiny_run):
    with pytest.raises(StudyError, match="runs must be at least 2 to be compared, got 1"):
        compare_studies([tiny_run])
    seed = tiny_run.parameters.seed
    for twin in (tiny_run, seeded(tiny_run, seed)):
        with pytest.raises(StudyError, match=rf"have the seed {seed}"):
            compare_studies([tiny_run, twin])
    width = tiny_run.parameters.width
    with pytest.raises(StudyError, match=rf"differ in width \({width} and {width + 1}\)"):
        compare_studies([tiny_run, seeded(tiny_run, 99, width=width + 1)])
    other = replace(seeded(tiny_run, 99), recipe=replace(tiny_run.recipe, name="other"))
    with pytest.raises(
        StudyError, match="runs must be of one study, got liao2024 and other in"
    ):
        compare_studies([tiny_run, other])
    fewer = replace(seeded(tiny_run, 99), claims=tiny_run.claims[1:])
    with pytest.raises(StudyError, match="runs must make the same claims"):
        compare_studies([tiny_run, fewer])


def test_equal_data_may_lie_in_other_folders(tiny_run):
    assert (
        compare_studies([tiny_run, seeded(tiny_run, 99, data_dir="elsewhere")]).seeds[1] == 99
    )
