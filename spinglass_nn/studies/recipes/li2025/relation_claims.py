"""B-3: whether Q(T) goes with fitting, capacity, generalisation and robustness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, INFERRED, Claim
from spinglass_nn.studies.recipes.li2025.curves import OverlapCurves, group, joined
from spinglass_nn.studies.recipes.li2025.difference_claims import Readings
from spinglass_nn.studies.recipes.li2025.parameters import Parameters
from spinglass_nn.studies.recipes.li2025.relations import related
from spinglass_nn.typing import Float64Array


class Pool(NamedTuple):
    """Networks over which a relation is looked for.

    Parameters
    ----------
    name, words, quantity : str
        Of the claim, what Q is said to go with, and the number that stands for it.
    curves : OverlapCurves
        The networks.
    target : array (n_groups, n_seeds)
        That number.
    equal, reduced : array (n_groups, n_seeds)
        Q at equal T, and at equal T / T_c.
    """

    name: str
    words: str
    quantity: str
    curves: OverlapCurves
    target: Float64Array
    equal: Float64Array
    reduced: Float64Array

    @property
    def plain(self) -> Estimate:
        """Rank correlation of Q at equal temperature."""
        return related(self.equal, self.target)

    @property
    def beyond(self) -> Estimate:
        """Rank correlation of Q at equal T / T_c; T_c, T_g, largest eigenvalue held fixed."""
        c = self.curves
        return related(self.reduced, self.target, (c.critical, c.glass, c.largest))


def pools(p: Parameters, results: Mapping[str, Any]) -> list[Pool]:
    """The four relations and their networks."""
    epochs, matched = results["epochs"], results["matched"].curves
    readings = Readings(p, epochs)
    sizes = by_samples(results)
    same = joined([sizes, matched])
    trained, untrained = by_width(results)
    reference = untrained.critical

    def pool(name: str, words: str, quantity: str, curves: OverlapCurves, target: Any) -> Pool:
        return Pool(
            name, words, quantity, curves, target, readings.equal(curves),
            readings.reduced(curves),
        )  # fmt: skip

    return [
        pool("fitting", "how well the data are fitted, along training", "train loss", epochs,
             epochs.train_loss),
        Pool(
            "capacity", "capacity", "width", trained,
            np.broadcast_to(trained.varied[:, None], reference.shape),
            trained.at_temperature(reference) - untrained.at_temperature(reference),
            trained.at(p.compared_at) - untrained.at(p.compared_at),
        ),
        pool("generalisation", "generalisation", "train minus test accuracy", sizes, sizes.gap),
        pool("robustness", "robustness to noise", "accuracy lost to noise", same,
             same.test_accuracy - same.noisy_accuracy),
    ]  # fmt: skip


def by_samples(results: Mapping[str, Any]) -> OverlapCurves:
    """Networks trained on few samples, and on all."""
    end = group(results["epochs"], -1)
    return joined([results["sizes"], replace(end, names=("all samples",))])


def by_width(results: Mapping[str, Any]) -> tuple[OverlapCurves, OverlapCurves]:
    """Networks of all widths, the study's own included, trained and untrained."""
    widths, epochs = results["widths"], results["epochs"]
    n, own = len(widths.names) // 2, float(epochs.layer_sizes[0, 1])
    made = []
    for first, place, words in ((0, -1, ""), (n, 0, ", untrained")):
        base = replace(
            group(epochs, place), names=(f"width {own:g}{words}",), varied=np.array([own])
        )
        parts = [*(group(widths, first + k) for k in range(n)), base]
        made.append(joined(sorted(parts, key=lambda part: float(part.varied[0]))))
    return made[0], made[1]


def decide(p: Parameters, results: Mapping[str, Any]) -> list[Claim]:
    """Each relation at equal temperature, and what is left of it beyond T_c."""
    found = []
    for pool in pools(p, results):
        n_groups, n = pool.target.shape
        plain, beyond = pool.plain, pool.beyond
        over = f"over {n_groups} kinds of {n} networks"
        # Q of other widths has another baseline: their untrained networks are taken off
        q = "Q minus that of the untrained network" if pool.name == "capacity" else "Q"
        known = ", ".join(
            f"{name} {related(values, pool.target)}"
            for name, values in (
                ("T_c", pool.curves.critical), ("T_g", pool.curves.glass),
                ("largest eigenvalue", pool.curves.largest),
            )
        )  # fmt: skip
        least = p.least_correlation
        criterion = f"a relation is a rank correlation beyond ±{least:g}, its error over seeds"
        found += [
            Claim(
                f"B-3 {pool.name}",
                f"Q(T) is related to {pool.words}",
                ABSTRACT,
                "c",
                f"rank correlation of {q} at the T_c of the untrained network with "
                f"{pool.quantity}, {over}",
                plain,
                f"correlations of {known}",
                rules.outside(plain, -least, least, n),
                criterion,
            ),
            Claim(
                f"B-3 {pool.name} (beyond)",
                f"Q(T) adds to what T_c, T_g and the largest eigenvalue tell of {pool.words}",
                INFERRED,
                "c",
                f"rank correlation of {q} at {p.compared_at:g} T_c with {pool.quantity}, these "
                f"three held fixed, {over}",
                beyond,
                f"without holding them fixed: {related(pool.reduced, pool.target)}",
                rules.outside(beyond, -least, least, n),
                criterion,
            ),
        ]
    return found
