from .laws import LawCurve, quadratic_law
from .results import RandomWalk, WalkPlan, WalkState
from .rules import AlwaysAccept, LossCap, Metropolis, Rule
from .walk import random_walk

__all__ = [
    "AlwaysAccept",
    "LawCurve",
    "LossCap",
    "Metropolis",
    "RandomWalk",
    "Rule",
    "WalkPlan",
    "WalkState",
    "quadratic_law",
    "random_walk",
]
