from .autocorrelation import AutocorrelationTime, autocorrelation_time
from .convergence import r_hat
from .equilibrium import EquilibrationTest
from .estimate import Estimate, mean_estimate
from .estimates import Estimates
from .finite_size import Extrapolation, extrapolate
from .histogram import Histogram
from .moments import Moments
from .nested_units import VarianceComponents, variance_components
from .nulls import Band, band, holm, p_value
from .rank_correlation import RankCorrelation, spearman
from .rank_grid import RankGrid, spearman_grid
from .resampling import (
    Bootstrap,
    bootstrap,
    bootstrap_from,
    jackknife,
    jackknife_from,
)

__all__ = [
    "AutocorrelationTime",
    "Band",
    "Bootstrap",
    "EquilibrationTest",
    "Estimate",
    "Estimates",
    "Extrapolation",
    "Histogram",
    "Moments",
    "RankCorrelation",
    "RankGrid",
    "VarianceComponents",
    "autocorrelation_time",
    "band",
    "bootstrap",
    "bootstrap_from",
    "extrapolate",
    "holm",
    "jackknife",
    "jackknife_from",
    "mean_estimate",
    "p_value",
    "r_hat",
    "spearman",
    "spearman_grid",
    "variance_components",
]
