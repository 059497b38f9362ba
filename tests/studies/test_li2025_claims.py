"""Claims about Q(T) come out as planted, both ways."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from spinglass_nn import studies
from spinglass_nn.studies.recipes.li2025 import claims
from spinglass_nn.studies.recipes.li2025.curves import OverlapCurves, group, joined

RECIPE = studies.find_recipe("li2025")
SEEDS = 10
SCATTER = np.linspace(-1, 1, SEEDS)


def made(*groups):
    """Curves whose Q falls with ln T: each group by its Q at T_c / 2, T_c and accuracies."""
    parts, rng = [], np.random.default_rng(len(groups))
    reduced = np.geomspace(0.01, 3, 40)
    for given in groups:
        g = {
            "name": "some", "varied": 1.0, "q": 0.4, "critical": 1.0, "train": 1.0,
            "test": 0.9, "noisy": 0.8, "loss": 0.1, "scatter": 0.01, **given,
        }  # fmt: skip
        each = np.ones((1, SEEDS))
        q = g["q"] + g["scatter"] * rng.permutation(SCATTER)
        overlap = q[:, None] + 0.3 * np.log(0.5 / reduced)
        critical, glass = (
            g["critical"] ** power * (1 + 0.001 * rng.permutation(SCATTER))[None]
            for power in (1, 0)
        )
        none = np.zeros((1, SEEDS, reduced.size))
        parts.append(
            OverlapCurves(
                names=(g["name"],), varied=np.array([g["varied"]]),
                layer_sizes=np.array([[8, 4, 2, 2]]), reduced=reduced, overlap=overlap[None],
                error=none, drift=none, layers=np.zeros((1, SEEDS, 4, reduced.size)),
                energy=none, layer_products=np.zeros((1, SEEDS, reduced.size, 3)),
                r_hat=none + 1, round_trips=np.ones((1, SEEDS), dtype=int),
                baseline=np.array([0.2]), layer_baselines=np.ones((1, 4)), critical=critical,
                glass=glass, largest=2 * critical**0.5,
                crossing=np.ones((1, SEEDS), dtype=int), train_loss=g["loss"] * each,
                train_accuracy=g["train"] * each, test_accuracy=g["test"] * each,
                test_loss=each, noisy_accuracy=g["noisy"] * each, portraits=(None,),
            )
        )  # fmt: skip
    return joined(parts)


def planted(**changes):
    """Results in which nothing but T_c makes a difference."""
    epochs = made(
        {"name": "epoch 0", "varied": 0, "loss": 2.3, "train": 0.1, "test": 0.1},
        {"name": "epoch 1", "varied": 1, "loss": 1.0, "critical": 1.5},
        {"name": "epoch 2", "varied": 2, "loss": 0.1, "critical": 2.0},
    )
    end = {"critical": 2.0}
    results = {
        "epochs": epochs,
        "nulls": nulls(),
        "labels": made({"name": "true labels", **end}, {"name": "random labels", **end}),
        "widths": made(
            {"varied": 2, **end}, {"varied": 16, **end}, {"varied": 2}, {"varied": 16}
        ),
        "sizes": made({"name": "few", "test": 0.7, **end}, {"name": "more", "test": 0.8, **end}),
        "matched": studies.MatchedOverlaps(
            made({"name": "own", **end}, {"name": "other", **end}), np.ones((2, SEEDS), int)
        ),
        "backdoor": studies.BackdoorOverlaps(
            made({"name": "poisoned", "scatter": 0.0, **end}), 0.98 + 0.01 * SCATTER, 0 * SCATTER
        ),
        "limits": studies.OverlapLimits(
            hot=0.2 + 0.001 * SCATTER, hot_error=0.001 + 0 * SCATTER, baseline=0.2,
            reduced=np.array([0.01, 1]), cold=np.ones((SEEDS, 2)) - 0.01,
            r_hat=1 + 0 * SCATTER, round_trips=9 + 0 * SCATTER, ferromagnet=1.0,
            temperatures=np.ones(1), energy=np.ones((SEEDS, 1)),
            layer_products=np.ones((SEEDS, 1, 3)),
        ),
    }  # fmt: skip
    return results | changes


def verdicts(**changes):
    parameters = studies.resolve_parameters(RECIPE, {})
    return {
        c.identifier: c.verdict for c in claims.decide(parameters, None, planted(**changes))
    }


def backdoor(success=0.98, **given):
    group = made({"critical": 2.0, "name": "poisoned", "scatter": 0.0, **given})
    return studies.BackdoorOverlaps(group, success + 0.01 * SCATTER, 0 * SCATTER)


def with_limits(**changes):
    return {"limits": replace(planted()["limits"], **changes)}


def pair(**given):
    return made({"name": "own", "critical": 2.0}, {"name": "other", "critical": 2.0, **given})


def nulls(**given):
    return made({"name": "shuffled"}, {"name": "rotated", **given})


def rising(q, **values):
    """Groups whose Q at T/T_c rises while something else does, at one T_c."""
    rows = [
        {"name": f"g{k}", "critical": 2.0, "q": q * k + 0.4,
         **{name: v[k] for name, v in values.items()}}
        for k in range(len(next(iter(values.values()))))
    ]  # fmt: skip
    return made(*rows)


@pytest.mark.parametrize(
    ("changes", "identifier", "verdict"),
    [
        ({}, "B-1", "supported"),
        ({"epochs": made({"loss": 2.3}, {}, {})}, "B-1", "not supported"),
        ({}, "B-1 (T/T_c)", "not supported"),
        ({"epochs": made({"loss": 2.3}, {}, {"q": 0.6})}, "B-1 (T/T_c)", "supported"),
        ({"epochs": made({}, {}, {"q": 0.43, "scatter": 0.5})}, "B-1 (T/T_c)",
         "cannot tell here"),
        ({}, "B-1 (rotated, T/T_c)", "not supported"),
        # T_c of the trained is twice as high
        ({}, "B-1 (rotated)", "supported"),
        ({"nulls": nulls(critical=2.0)}, "B-1 (rotated)", "not supported"),
        ({"nulls": nulls(q=0.2)}, "B-1 (rotated, T/T_c)", "supported"),
        ({}, "B-2", "not supported"),
        ({"matched": studies.MatchedOverlaps(pair(critical=3.0), None)}, "B-2", "supported"),
        ({"matched": studies.MatchedOverlaps(pair(critical=3.0), None)}, "B-2 (T/T_c)",
         "not supported"),
        ({"matched": studies.MatchedOverlaps(pair(q=0.6), None)}, "B-2 (T/T_c)", "supported"),
        # a difference means nothing if accuracies differ as well
        ({"matched": studies.MatchedOverlaps(pair(q=0.6, test=0.8), None)}, "B-2",
         "cannot tell here"),
        ({"labels": pair(q=0.6)}, "B-3 labels", "supported"),
        ({}, "B-3 labels", "not supported"),
        ({"labels": pair(q=0.6, train=0.5)}, "B-3 labels (T/T_c)", "cannot tell here"),
        ({}, "B-4", "not supported"),
        ({"backdoor": backdoor(q=0.5)}, "B-4", "supported"),
        ({"backdoor": backdoor(q=0.5)}, "B-4 (T/T_c)", "supported"),
        ({"backdoor": backdoor(critical=2.5)}, "B-4 (T/T_c)", "not supported"),
        ({"backdoor": backdoor(q=0.5, test=0.7)}, "B-4", "cannot tell here"),
        ({"backdoor": backdoor(success=0.3, q=0.5)}, "B-4", "cannot tell here"),
        ({}, "B-3 fitting", "supported"),
        # all of it is due to T_c, but networks are too few to say so
        ({}, "B-3 fitting (beyond)", "cannot tell here"),
        ({"epochs": rising(0.05, loss=[2.3, 1.0, 0.5, 0.1])}, "B-3 fitting (beyond)",
         "supported"),
        ({"sizes": rising(0.05, test=[0.5, 0.6]), "epochs": rising(0.05, loss=[2, 1, 0])},
         "B-3 generalisation (beyond)", "supported"),
        ({}, "B-5 hot", "supported"),
        (with_limits(hot=0.25 + 0.001 * SCATTER), "B-5 hot", "not supported"),
        (with_limits(hot=0.21 + 0.05 * SCATTER), "B-5 hot", "cannot tell here"),
        ({}, "B-5 cold", "supported"),
        (with_limits(cold=0.5 + 0.01 * SCATTER[:, None]), "B-5 cold", "not supported"),
        (with_limits(r_hat=1.5 + 0 * SCATTER), "B-5 cold", "cannot tell here"),
        (with_limits(r_hat=np.nan * SCATTER), "B-5 cold", "supported"),
    ],
)  # fmt: skip
def test_verdicts_come_out_as_planted(changes, identifier, verdict):
    assert verdicts(**changes)[identifier] == verdict


def test_many_networks_tell_that_nothing_is_left(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "SEEDS", 150)
    monkeypatch.setattr(sys.modules[__name__], "SCATTER", np.linspace(-1, 1, 150))
    found = verdicts()
    assert found["B-3 fitting"] == "supported"
    assert found["B-3 fitting (beyond)"] == "not supported"


def test_results_are_not_changed_by_what_reads_them():
    results = planted()
    before = results["epochs"].varied.copy()
    claims.decide(studies.resolve_parameters(RECIPE, {}), None, results)
    np.testing.assert_array_equal(results["epochs"].varied, before)
    assert group(results["epochs"], -1).names == ("epoch 2",)
