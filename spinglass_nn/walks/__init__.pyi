from .laws import LawCurve, quadratic_law
from .moves import Isotropic, Move, OneUnit, OneWeight, PerLayer, PerUnit
from .posterior import sample_posterior
from .posterior_results import PosteriorPlan, PosteriorRun, PosteriorState
from .priors import GaussianPrior, Prior, SphericalPrior
from .results import RandomWalk, WalkPlan, WalkState
from .rules import AlwaysAccept, LossCap, Metropolis, Rule
from .samplers import HMC, MALA, RandomWalkMetropolis, Sampler
from .starts import compare_starts
from .thermodynamics import FreeEnergy
from .walk import random_walk

__all__ = [
    "HMC",
    "MALA",
    "AlwaysAccept",
    "FreeEnergy",
    "GaussianPrior",
    "Isotropic",
    "LawCurve",
    "LossCap",
    "Metropolis",
    "Move",
    "OneUnit",
    "OneWeight",
    "PerLayer",
    "PerUnit",
    "PosteriorPlan",
    "PosteriorRun",
    "PosteriorState",
    "Prior",
    "RandomWalk",
    "RandomWalkMetropolis",
    "Rule",
    "Sampler",
    "SphericalPrior",
    "WalkPlan",
    "WalkState",
    "compare_starts",
    "quadratic_law",
    "random_walk",
    "sample_posterior",
]
