from .curves import LossCurve, loss_curve, loss_curves, mean_barrier
from .hessian import Eigenvalues, dense_hessian, hessian_trace, largest_eigenvalues
from .paths import Path, interpolate, line, spare_unit_path, swap_chain
from .sharpness import Flatness, flatness

__all__ = [
    "Eigenvalues",
    "Flatness",
    "LossCurve",
    "Path",
    "dense_hessian",
    "flatness",
    "hessian_trace",
    "interpolate",
    "largest_eigenvalues",
    "line",
    "loss_curve",
    "loss_curves",
    "mean_barrier",
    "spare_unit_path",
    "swap_chain",
]
