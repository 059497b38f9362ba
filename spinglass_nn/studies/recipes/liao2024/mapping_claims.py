"""Claims about the mapping to a spin glass: what it assumes, and where it leads."""

from __future__ import annotations

from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import SUMMARY, Claim
from spinglass_nn.studies.recipes.liao2024.glasses import Glass, Glasses
from spinglass_nn.studies.recipes.liao2024.hierarchy import Hierarchy, is_sure

# squared correlations up to this many times those of independent variables count as none
_CHANCE = 2.0
_FLAT = ("consistent with noise", "one cluster")
_PLANTED = ("planted-0", "planted-1", "planted-2")


def decide(hierarchy: Hierarchy, glasses: Glasses) -> list[Claim]:
    """Claims about the theory, each decided for what was tested and no more."""
    return [
        _independence(hierarchy),
        _order(
            glasses.of("spherical-2"),
            "C4 (H = 2)",
            "The spherical model with H = 2, to which one hidden layer leads, has one state and "
            "no hierarchy",
            _FLAT,
        ),
        _order(
            glasses.of("spherical-3"),
            "C4 (H = 3)",
            "The same model with H = 3 has many states, and no hierarchy of them",
            ("clusters without hierarchy",),
        ),
        _schematic(glasses),
    ]


def _independence(hierarchy: Hierarchy) -> Claim:
    value = hierarchy.dependence
    return Claim(
        "C3 (independence)",
        "Which hidden units are on does not depend on the input, as the mapping to a spherical "
        "spin glass assumes",
        SUMMARY,
        "c",
        "mean squared correlation between activities of hidden units and inputs on the test set, "
        "over that of independent ones",
        value,
        f"1 for independent variables; up to {_CHANCE:g} counts as independent",
        rules.below(value, _CHANCE, hierarchy.overlaps_of("independent").raw.n_units),
        "the mapping itself is a derivation and was not tested; this is one of its three "
        "assumptions, redundancy and uniformity are not tested",
    )


def _order(glass: Glass, name: str, statement: str, expected: tuple[str, ...]) -> Claim:
    """Found what theory expects: supported; surely another structure: not supported."""
    found = glass.verdict
    decided = rules.SUPPORTED if found.finding in expected else rules.NOT_SUPPORTED
    if not is_sure(found):
        decided = rules.CANNOT_TELL
    k = found.clusters
    return Claim(
        name,
        statement,
        SUMMARY,
        "c",
        f"verdict on {found.n_samples} samples of {found.n_points} points; K",
        k.values[0],
        f"one cluster: {k.bands[0].low:.3f} to {k.bands[0].high:.3f} (1-99 %), p = "
        f"{k.p_value:.2g}, power {k.power:.0%}",
        decided,
        f"{glass.title}: {found.finding}; what is said of the model at this size says nothing "
        "about the network",
    )


def _schematic(glasses: Glasses) -> Claim:
    """Drawn in the report; what can be tested is whether the pictures can be told apart."""
    systems = [glasses.of(name) for name in _PLANTED]
    right = [s.verdict.finding in _named(s) for s in systems]
    unsure = any(s.verdict.finding == "cannot tell" for s in systems)
    missed = rules.CANNOT_TELL if unsure else rules.NOT_SUPPORTED
    return Claim(
        "C18",
        "Replica symmetry breaking leads from one state through flat to nested states, and the "
        "three can be told apart",
        SUMMARY,
        "c",
        "share of planted trees (one state, flat, nested) that the instrument names rightly",
        Estimate(sum(right) / len(right), 0.0),
        "planted: one cluster, flat clusters, clusters of clusters",
        rules.SUPPORTED if all(right) else missed,
        "; ".join(f"{s.title}: {s.verdict.finding}" for s in systems),
    )


def _named(glass: Glass) -> tuple[str, ...]:
    return _FLAT if glass.expected == "one cluster" else (glass.expected,)
