from .laws import LawCurve, quadratic_law
from .moves import Isotropic, Move, OneUnit, OneWeight, PerLayer, PerUnit
from .results import RandomWalk, WalkPlan, WalkState
from .rules import AlwaysAccept, LossCap, Metropolis, Rule
from .walk import random_walk

__all__ = [
    "AlwaysAccept",
    "Isotropic",
    "LawCurve",
    "LossCap",
    "Metropolis",
    "Move",
    "OneUnit",
    "OneWeight",
    "PerLayer",
    "PerUnit",
    "RandomWalk",
    "Rule",
    "WalkPlan",
    "WalkState",
    "quadratic_law",
    "random_walk",
]
