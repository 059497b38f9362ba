from .curves import LossCurve, loss_curve, loss_curves, mean_barrier
from .families import AffineFamily, FamilyLosses, family_losses
from .fisher_rao import fisher_rao_norm
from .hessian import Eigenvalues, dense_hessian, hessian_trace, largest_eigenvalues
from .local_energies import LocalEnergy, local_energy
from .local_entropies import LocalEntropy, local_entropy
from .pairs import PairBarriers, pair_barriers
from .paths import Path, interpolate, line, spare_unit_path, swap_chain
from .planes import Plane, plane, plane_through, random_direction
from .quadratic_walks import QuadraticWalk, quadratic_walk
from .ruggedness import Ruggedness, ruggedness
from .sharpness import Flatness, flatness
from .sharpness_tables import SharpnessTable, sharpness_table
from .spectra import SpectralDensity, spectral_density
from .surfaces import LossSurface, loss_surface
from .worst_case import Sharpness, worst_case_sharpness

__all__ = [
    "AffineFamily",
    "Eigenvalues",
    "FamilyLosses",
    "Flatness",
    "LocalEnergy",
    "LocalEntropy",
    "LossCurve",
    "LossSurface",
    "PairBarriers",
    "Path",
    "Plane",
    "QuadraticWalk",
    "Ruggedness",
    "Sharpness",
    "SharpnessTable",
    "SpectralDensity",
    "dense_hessian",
    "family_losses",
    "fisher_rao_norm",
    "flatness",
    "hessian_trace",
    "interpolate",
    "largest_eigenvalues",
    "line",
    "local_energy",
    "local_entropy",
    "loss_curve",
    "loss_curves",
    "loss_surface",
    "mean_barrier",
    "pair_barriers",
    "plane",
    "plane_through",
    "quadratic_walk",
    "random_direction",
    "ruggedness",
    "sharpness_table",
    "spare_unit_path",
    "spectral_density",
    "swap_chain",
    "worst_case_sharpness",
]
