from .annealing import AnnealingRun, simulated_annealing
from .descent import Descent, descend
from .equilibration import (
    layer_identity,
    link_overlap_identity,
    overlap_identity,
    stationarity,
)
from .histograms import OverlapHistogram
from .ladder import equal_acceptance, fastest_round_trips, geometric
from .langevin_dynamics import LangevinRun, LangevinState, langevin
from .overlap_curve import OverlapCurve
from .population import PopulationRun, population_annealing
from .replica_overlaps import replica_overlap_curve
from .results import MonteCarloRun, MonteCarloState
from .sampling import parallel_tempering, simulate
from .tuning import TunedTemperatures, tune_temperatures
from .zero_temperature import Quench, quench

__all__ = [
    "AnnealingRun",
    "Descent",
    "LangevinRun",
    "LangevinState",
    "MonteCarloRun",
    "MonteCarloState",
    "OverlapCurve",
    "OverlapHistogram",
    "PopulationRun",
    "Quench",
    "TunedTemperatures",
    "descend",
    "equal_acceptance",
    "fastest_round_trips",
    "geometric",
    "langevin",
    "layer_identity",
    "link_overlap_identity",
    "overlap_identity",
    "parallel_tempering",
    "population_annealing",
    "quench",
    "replica_overlap_curve",
    "simulate",
    "simulated_annealing",
    "stationarity",
    "tune_temperatures",
]
