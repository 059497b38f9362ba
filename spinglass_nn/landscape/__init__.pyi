from .bands import AutoNEB, BandHistory, BandState, ElasticBand
from .barrier_graphs import BarrierGraph, barrier_graph
from .connecting import ConnectingCurve, CurveState, curve_coefficients
from .curves import LossCurve, loss_curve, loss_curves, mean_barrier
from .elastic import auto_neb, nudged_elastic_band
from .families import AffineFamily, FamilyLosses, family_losses
from .fisher_rao import fisher_rao_norm
from .hessian import Eigenvalues, dense_hessian, hessian_trace, largest_eigenvalues
from .kinks import kink_curvature
from .local_energies import LocalEnergy, local_energy
from .local_entropies import LocalEntropy, local_entropy
from .mode_curves import bezier_curve, polygonal_chain
from .pairs import PairBarriers, pair_barriers
from .paths import Path, interpolate, line, spare_unit_path, swap_chain
from .planes import Plane, plane, plane_through, random_direction
from .quadratic_walks import QuadraticWalk, quadratic_walk
from .regions import RegionBarriers, region_barriers
from .ruggedness import Ruggedness, ruggedness
from .sharpness import Flatness, flatness
from .sharpness_tables import SharpnessTable, sharpness_table
from .spectra import SpectralDensity, spectral_density
from .surfaces import LossSurface, loss_surface
from .worst_case import Sharpness, worst_case_sharpness

__all__ = [
    "AffineFamily",
    "AutoNEB",
    "BandHistory",
    "BandState",
    "BarrierGraph",
    "ConnectingCurve",
    "CurveState",
    "Eigenvalues",
    "ElasticBand",
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
    "RegionBarriers",
    "Ruggedness",
    "Sharpness",
    "SharpnessTable",
    "SpectralDensity",
    "auto_neb",
    "barrier_graph",
    "bezier_curve",
    "curve_coefficients",
    "dense_hessian",
    "family_losses",
    "fisher_rao_norm",
    "flatness",
    "hessian_trace",
    "interpolate",
    "kink_curvature",
    "largest_eigenvalues",
    "line",
    "local_energy",
    "local_entropy",
    "loss_curve",
    "loss_curves",
    "loss_surface",
    "mean_barrier",
    "nudged_elastic_band",
    "pair_barriers",
    "plane",
    "plane_through",
    "polygonal_chain",
    "quadratic_walk",
    "random_direction",
    "region_barriers",
    "ruggedness",
    "sharpness_table",
    "spare_unit_path",
    "spectral_density",
    "swap_chain",
    "worst_case_sharpness",
]
