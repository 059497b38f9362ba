from .canonical import canonical
from .matching import Match, match
from .pairs import PairMatches, match_pairs
from .permutations import Permutation, identity, random_permutation, swap
from .rescaling import Balance, balance, balancing_factors, rescale, to_torus
from .units import UnitReport, unit_report

__all__ = [
    "Balance",
    "Match",
    "PairMatches",
    "Permutation",
    "UnitReport",
    "balance",
    "balancing_factors",
    "canonical",
    "identity",
    "match",
    "match_pairs",
    "random_permutation",
    "rescale",
    "swap",
    "to_torus",
    "unit_report",
]
