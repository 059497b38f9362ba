from .matching import Match, match
from .permutations import Permutation, identity, random_permutation, swap
from .rescaling import Balance, balance, balancing_factors, rescale, to_torus

__all__ = [
    "Balance",
    "Match",
    "Permutation",
    "balance",
    "balancing_factors",
    "identity",
    "match",
    "random_permutation",
    "rescale",
    "swap",
    "to_torus",
]
