"""Claims of barney2024 decided from made-up results whose verdicts are known."""

from __future__ import annotations

import numpy as np
import pytest
from studies import melting_made as made

from spinglass_nn.studies.recipes.barney2024 import (
    melting_claims,
    order_claims,
    parameters,
    untrained_claims,
)

YES, NO, UNCLEAR = "supported", "not supported", "cannot tell here"
BOTH = ("binarised", "ReLU")


def verdicts(**changes):
    results = made.made_results(**changes)
    p = parameters.Parameters(n_replicas=6)
    claims = [
        *untrained_claims.decide(results),
        *melting_claims.decide(p, results),
        *order_claims.decide(results),
    ]
    for claim in claims:
        for field in ("statement", "source", "statistic", "control", "reason"):
            assert getattr(claim, field).strip()
    return {claim.identifier: claim.verdict for claim in claims}


def with_both(maker, suffix="", **settings):
    return {f"{kind}{suffix}": maker(kind, **settings) for kind in made.KINDS}


def test_all_that_the_paper_says_can_be_supported_but_many_tap_states():
    found = verdicts()
    # untrained networks whose states are not found leave A-3 open
    assert found.pop("A-3") == UNCLEAR
    assert set(found.values()) == {YES}
    assert len(found) == 16


def test_a_glass_needs_all_its_signs():
    many = {f"{kind}-counts": made.made_counts(kind) for kind in made.KINDS}
    for counts in many.values():
        counts.clamped_valid[:, 0] = 3
    assert verdicts(**many)["A-3"] == YES
    ordered = verdicts(**many, overlaps=made.made_overlaps(near=0.001))
    assert ordered["A-3"] == UNCLEAR
    assert verdicts(overlaps=made.made_overlaps(near=-0.1))["A-3"] == NO
    assert verdicts(**many, overlaps=made.made_overlaps(equilibrated=False))["A-3"] == UNCLEAR


@pytest.mark.parametrize(
    ("ratio", "verdict"), [(1.0, YES), (1.02, YES), (1.03, UNCLEAR), (0.9, NO), (1.05, NO)]
)
def test_critical_temperature_within_the_margin(ratio, verdict):
    found = verdicts(untrained=made.made_untrained(ratio))
    assert found["A-1"] == found["A-2"] == verdict


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        (with_both(made.made_run, ordered_from=np.inf), NO),
        (with_both(made.made_run, ordered_from=300), NO),
        (with_both(made.made_run, ordered_from=0), NO),
        (with_both(made.made_counts, "-counts", early=0), NO),
        (with_both(made.made_counts, "-counts", early=2), NO),
    ],
)
def test_glass_that_is_not_lost_early(changes, verdict):
    found = verdicts(**changes)
    assert [found[f"A-4 ({kind})"] for kind in BOTH] == [verdict] * 2
    assert found["A-6"] == NO


@pytest.mark.parametrize(("states", "verdict"), [(0, UNCLEAR), (1, YES), (2, NO)])
def test_states_that_searches_may_have_missed_are_no_evidence(states, verdict):
    counts = with_both(made.made_counts, "-counts", early=states, last=states, converged=3)
    found = verdicts(**counts)
    for kind in BOTH:
        assert found[f"A-4 ({kind})"] == found[f"A-8 ({kind})"] == verdict


def test_a_crossing_by_a_hair_is_no_order():
    run = made.made_run()
    minimum = np.where(made.STEPS < 10, 0.05, -0.009) * np.ones((6, 1))
    found = verdicts(relu=made.made_run(minimum=minimum))
    assert run.readings.ordered[:, -1].all()
    assert found["A-4 (ReLU)"] == NO
    assert found["A-4 (binarised)"] == YES


@pytest.mark.parametrize(
    ("growth", "power", "constant"),
    [
        (made.made_growth(r_squared=0.9), NO, YES),
        (made.made_growth(r_squared=0.9, decades=1.0), NO, YES),
        (made.made_growth(r_squared=0.98), UNCLEAR, YES),
        (made.made_growth(decades=1.4), UNCLEAR, YES),
        (made.made_growth(early=0.25, late=0.15), YES, NO),
        (made.made_growth(early=0.221, late=0.18), YES, UNCLEAR),
    ],
)
def test_power_law_and_its_slope(growth, power, constant):
    found = verdicts(growth=growth)
    for kind in BOTH:
        assert found[f"A-5 ({kind})"] == power
        assert found[f"A-5s ({kind})"] == constant
    assert found["A-6"] == power


def test_without_a_fit_growth_is_open():
    from spinglass_nn.studies import MeltingGrowth

    found = verdicts(growth=MeltingGrowth(made.KINDS, (None, None)))
    for name in ("A-5", "A-5s"):
        assert [found[f"{name} ({kind})"] for kind in BOTH] == [UNCLEAR] * 2


def test_tail_that_does_not_grow():
    shrinking = np.tile(np.linspace(9, 0, made.STEPS.size).astype(int), (6, 1))
    found = verdicts(relu=made.made_run(n_outliers=shrinking))
    assert found["A-7 (ReLU)"] == NO
    assert found["A-7 (binarised)"] == YES


def test_plateau_and_rise():
    flat = np.ones((6, made.STEPS.size)) * np.linspace(0.99, 1.01, 6)[:, None]
    assert verdicts(relu=made.made_run(temperature=flat))["A-9 (ReLU)"] == NO
    at_once = flat * (1 + made.STEPS) ** 0.2
    found = verdicts(relu=made.made_run(temperature=at_once, ordered_from=50))
    assert found["A-9 (ReLU)"] == NO
    too_soon = made.made_run(ordered_from=1)  # no time before that could show a plateau
    assert verdicts(relu=too_soon)["A-9 (ReLU)"] == UNCLEAR


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"removal": made.made_removal(leading=0.9)}, UNCLEAR),
        ({"removal": made.made_removal(leading=0.88, random=0.7)}, NO),
        (with_both(made.made_counts, "-counts", last=2), NO),
        (with_both(made.made_counts, "-counts", last=0), NO),
    ],
)
def test_order_that_is_not_of_the_task(changes, verdict):
    found = verdicts(**changes)
    assert [found[f"A-8 ({kind})"] for kind in BOTH] == [verdict] * 2


@pytest.mark.parametrize(
    ("lazy", "verdict"),
    [
        (made.made_lazy(lazy=1.5), NO),
        (made.made_lazy(rich=1.0), NO),
        (made.made_lazy(added=2), NO),
        (made.made_lazy(accuracy=0.1), NO),
    ],
)
def test_lazy_training(lazy, verdict):
    assert verdicts(lazy=lazy)["A-L"] == verdict
