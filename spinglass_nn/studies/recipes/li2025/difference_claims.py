"""B-1, B-2 and B-4: whether Q(T) tells networks from each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, CANNOT_TELL, INFERRED, NOT_SUPPORTED, Claim
from spinglass_nn.studies.recipes.li2025.backdoor import BackdoorOverlaps
from spinglass_nn.studies.recipes.li2025.curves import OverlapCurves
from spinglass_nn.studies.recipes.li2025.matched import MatchedOverlaps
from spinglass_nn.studies.recipes.li2025.parameters import Parameters
from spinglass_nn.typing import Float64Array

_FLAGGED = 2.0  # scatters of clean networks
_WORKS = 0.5  # share of samples that a backdoor has to turn


class Readings:
    """Q of networks at the two temperatures of comparison.

    At the T_c of the untrained network of the same seed ("equal T"), and at a share of the T_c
    of each network ("equal T / T_c"), where what Q owes to T_c is taken off.
    """

    def __init__(self, p: Parameters, epochs: OverlapCurves) -> None:
        self.parameters = p
        self.epochs = epochs
        self.reference = epochs.critical[0]
        # suffix of the claim's name, words for the temperature, reading
        self.kinds = (
            ("", "at the T_c of the untrained network", self.equal),
            (" (T/T_c)", f"at {p.compared_at:g} T_c of each network", self.reduced),
        )

    def equal(self, curves: OverlapCurves) -> Float64Array:
        """Q at the untrained networks' T_c, (n_groups, n_seeds)."""
        return curves.at_temperature(self.reference)

    def reduced(self, curves: OverlapCurves) -> Float64Array:
        """Q at the share of each network's own T_c, (n_groups, n_seeds)."""
        return curves.at(self.parameters.compared_at)


def decide(p: Parameters, results: Mapping[str, Any]) -> list[Claim]:
    """Decide what rests on differences between networks of the same seed."""
    readings = Readings(p, results["epochs"])
    return [
        *_trained(readings),
        *_rotated(readings, results["nulls"]),
        *_equal_accuracy(readings, results["matched"]),
        *_labels(readings, results["labels"]),
        *_backdoor(readings, results["backdoor"]),
    ]


def _trained(readings: Readings) -> list[Claim]:
    least, found = readings.parameters.least_difference, []
    for suffix, where, read in readings.kinds:
        q = read(readings.epochs)
        change, n = rules.mean_of(q[-1] - q[0]), q.shape[1]
        what = "same temperature" if not suffix else "same share of T_c"
        found.append(
            Claim(
                f"B-1{suffix}",
                "Q(T) differs between trained and random-parameter networks of the same "
                f"architecture, at the {what}",
                ABSTRACT if not suffix else INFERRED,
                "a",
                f"Q {where}, trained minus untrained, network by network",
                change,
                f"untrained: {rules.mean_of(q[0])}",
                rules.outside(change, -least, least, n),
                f"a difference is one of {least:g} or more; T_c rose by a factor of "
                f"{np.mean(readings.epochs.critical[-1] / readings.reference):.2f}",
            )
        )
    return found


def _rotated(readings: Readings, nulls: OverlapCurves) -> list[Claim]:
    """Trained networks against others with all their singular values."""
    p, epochs, found = readings.parameters, readings.epochs, []
    trained = readings.reduced(epochs)[-1]
    turned = nulls.names.index("rotated")
    ratio = rules.mean_of(epochs.critical[-1] / nulls.critical[turned])
    share = f"{p.compared_at:g} T_c"
    for suffix, where, q, caution in (
        (
            "",
            f"both at {share} of the trained network",
            nulls.at_temperature(p.compared_at * epochs.critical[-1]),
            "singular values are the same, so nothing is taken off",
        ),
        (
            ", T/T_c",
            f"at {share} of each",
            readings.reduced(nulls),
            "T_c is that of the TAP equations, whose reaction term is not made for turned weights",
        ),
    ):
        change = rules.mean_of(trained - q[turned])
        shuffled = rules.mean_of(q[nulls.names.index("shuffled")])
        found.append(
            Claim(
                f"B-1 (rotated{suffix})",
                "Q(T) of trained networks is not that of their singular values: it differs from "
                "that of networks with turned singular vectors"
                f"{', at the same share of T_c' if suffix else ''}",
                INFERRED,
                "a",
                f"Q {where}, trained minus rotated",
                change,
                f"trained {rules.mean_of(trained)}, rotated {rules.mean_of(q[turned])}, weights "
                f"shuffled {shuffled}; T_c of trained over rotated: {ratio}",
                rules.outside(change, -p.least_difference, p.least_difference, trained.size),
                f"a difference is one of {p.least_difference:g} or more; {caution}",
            )
        )
    return found


def _equal(values: Float64Array, margin: float) -> tuple[Estimate, bool]:
    """A mean difference, and whether it has been shown to be smaller than the margin."""
    change = rules.mean_of(values)
    return change, rules.outside(change, -margin, margin, values.size) == NOT_SUPPORTED


def _compared(
    readings: Readings,
    curves: OverlapCurves,
    accuracy: Float64Array,
    identifier: str,
    statement: str,
    which: str,
    protocol: str,
) -> list[Claim]:
    """Whether Q differs between two groups whose accuracies have to be equal."""
    p, found = readings.parameters, []
    gap, equal = _equal(accuracy[1] - accuracy[0], p.accuracy_margin)
    loss = rules.mean_of(curves.train_loss[1] - curves.train_loss[0])
    for suffix, where, read in readings.kinds:
        q = read(curves)
        change, scatter = rules.mean_of(q[1] - q[0]), float(q[0].std(ddof=1))
        verdict = rules.outside(change, -p.least_difference, p.least_difference, q.shape[1])
        found.append(
            Claim(
                f"{identifier}{suffix}",
                f"{statement}{', at the same share of T_c' if suffix else ''}",
                ABSTRACT if not suffix else INFERRED,
                protocol,
                f"Q {where}, {curves.names[1]} minus {curves.names[0]}",
                change,
                f"scatter of {curves.names[0]} between seeds: {scatter:.3f}; difference of "
                f"{which} accuracy: {gap}, of train loss: {loss}",
                verdict if equal else CANNOT_TELL,
                f"accuracies have to be equal within {p.accuracy_margin:g}"
                f"{'' if equal else ', which was not shown'}; a difference of Q is one of "
                f"{p.least_difference:g} or more",
            )
        )
    return found


def _equal_accuracy(readings: Readings, matched: MatchedOverlaps) -> list[Claim]:
    return _compared(
        readings,
        matched.curves,
        matched.curves.test_accuracy,
        "B-2",
        "Networks of equal accuracy can have different Q(T): it carries information that "
        "accuracy does not",
        "test",
        "b",
    )


def _labels(readings: Readings, curves: OverlapCurves) -> list[Claim]:
    return _compared(
        readings,
        curves,
        curves.train_accuracy,
        "B-3 labels",
        "Q(T) tells networks that learnt random labels by heart from networks that generalise",
        "train",
        "c",
    )


def _backdoor(readings: Readings, backdoor: BackdoorOverlaps) -> list[Claim]:
    p, found = readings.parameters, []
    clean = readings.epochs
    gap, equal = _equal(
        backdoor.curves.test_accuracy[0] - clean.test_accuracy[-1], p.accuracy_margin
    )
    success = rules.mean_of(backdoor.success)
    works = rules.above(success, _WORKS, backdoor.success.size) == rules.SUPPORTED
    for suffix, where, read in readings.kinds:
        ours, theirs = read(backdoor.curves)[0], read(clean)[-1]
        scatter, n = float(theirs.std(ddof=1)), ours.size
        paired = rules.mean_of(ours - theirs)
        least = _FLAGGED * scatter
        found.append(
            Claim(
                f"B-4{suffix}",
                "Q(T) flags a hidden backdoor in a network as accurate as a clean one"
                f"{', beyond what T_c does' if suffix else ''}",
                ABSTRACT if not suffix else INFERRED,
                "d",
                f"Q {where}, with a backdoor minus clean, networks of one start",
                paired,
                f"scatter of clean networks: {scatter:.4f}; the backdoor turns {success} of the "
                f"samples; difference of clean accuracy: {gap}",
                rules.outside(paired, -least, least, n) if equal and works else CANNOT_TELL,
                f"to flag a network takes a difference of {_FLAGGED:g} scatters, {least:.3f}"
                + ("" if equal else "; equal accuracy was not shown")
                + ("" if works else "; the backdoor does not work"),
            )
        )
    return found
