from .estimate import Estimate, mean_estimate
from .estimates import Estimates
from .nulls import Band, band, holm, p_value
from .rank_correlation import RankCorrelation, spearman
from .resampling import (
    Bootstrap,
    bootstrap,
    bootstrap_from,
    jackknife,
    jackknife_from,
)

__all__ = [
    "Band",
    "Bootstrap",
    "Estimate",
    "Estimates",
    "RankCorrelation",
    "band",
    "bootstrap",
    "bootstrap_from",
    "holm",
    "jackknife",
    "jackknife_from",
    "mean_estimate",
    "p_value",
    "spearman",
]
