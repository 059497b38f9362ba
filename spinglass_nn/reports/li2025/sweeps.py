"""Q(T) against labels, width and number of samples, in figures and words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.li2025._drawn import pair, table
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.studies import StudyRun
from spinglass_nn.studies.recipes.li2025.relation_claims import by_samples, by_width, pools
from spinglass_nn.studies.recipes.li2025.relations import related


def figures(parameters: Any, results: Mapping[str, Any]) -> Drawn:
    """Figures of the three sweeps, and of Q against what it is said to go with."""
    widths, _ = by_width(results)
    sizes = by_samples(results)
    found = {pool.name: pool for pool in pools(parameters, results)}
    drawn = {
        **pair(results["labels"], (0, 1), "labels",
               "Q(T) of networks that fit true and random labels of the same samples"),
        **pair(widths, range(len(widths.names)), "widths",
               "Q(T) of trained networks of several widths", ordered=True),
        **pair(sizes, range(len(sizes.names)), "sizes",
               "Q(T) of networks trained on few samples and on all", ordered=True),
    }  # fmt: skip
    for name in ("generalisation", "robustness"):
        pool, where = found[name], f"replica overlap Q at {parameters.compared_at:g} T$_c$"
        drawn[f"{name}-scatter"] = (
            plotting.overlap_against(
                pool.reduced,
                pool.target,
                pool.curves.names,
                quantity=pool.quantity,
                overlap=where,
            ),
            f"{pool.quantity.capitalize()} against Q at {parameters.compared_at:g} T_c, one mark a "
            "network.",
            f"Marks in {len(pool.curves.names)} colours, by group of networks.",
        )
    return drawn


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings of the sweeps."""
    p, results = run.parameters, run.results
    found = pools(p, results)
    rows = [
        (
            f"{pool.name}: {pool.quantity}", pool.plain,
            *(related(values, pool.target) for values in (
                pool.curves.critical, pool.curves.glass, pool.curves.largest, pool.reduced)),
            pool.beyond,
        )
        for pool in found
    ]  # fmt: skip
    strongest = [
        f"{pool.quantity}: Q at equal T {pool.plain}, beyond the three {pool.beyond}"
        for pool in found
    ]
    return Section(
        "relations",
        "(c) Fitting, capacity, generalisation, robustness",
        "Does Q(T) go with what networks have learnt, and does it tell more than T_c does?",
        method=(
            "Networks of the same starts are trained on true or random labels, at several widths, "
            "on several numbers of samples for equal numbers of steps. Robustness is the test "
            f"accuracy lost to Gaussian noise of {p.noise:g} on the inputs.",
            "Rank correlations over all networks of a kind; errors leave out one seed at a time. "
            "In the last column the ranks of T_c, T_g and the largest eigenvalue are regressed out "
            "of both sides: it is what Q adds to them. For capacity Q of untrained networks of the "
            "same width is taken off, as width alone changes Q.",
        ),
        findings=strongest,
        drawings=[drawings[name] for name in (
            "labels", "labels-reduced", "widths", "widths-reduced", "sizes", "sizes-reduced",
            "generalisation-scatter", "robustness-scatter")],
        tables=[
            Table(
                "Rank correlations with what Q is said to go with",
                ("relation", "Q, equal T", "T_c", "T_g", "largest eigenvalue", "Q, equal T/T_c",
                 "Q, equal T/T_c, three fixed"),
                rows,
            ),
            table("True and random labels", results["labels"], p.compared_at),
            *(table(f"Widths, {words}", curves, p.compared_at) for words, curves in zip(
                ("trained", "untrained"), by_width(results), strict=True)),
            table("Numbers of training samples", by_samples(results), p.compared_at),
        ],
    )  # fmt: skip
