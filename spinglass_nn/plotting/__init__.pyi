from .aging import two_time
from .appearance import style
from .bands import barrier_graph, elastic_band
from .claims import verdicts
from .correlations import rank_correlations
from .disconnectivity import disconnectivity_graph
from .distributions import null_band, overlap_distribution
from .evidence import evidence
from .histories import training_curves
from .layered import bond_spectrum, stability_curve, tap_solutions
from .matrices import dendrogram_and_matrix, overlap_matrix
from .melting import (
    critical_growth,
    in_training,
    layered_mapping,
    phase_diagram,
    states_in_training,
)
from .output import save, svg
from .overlap_curves import overlap_against, overlap_curves
from .paths import barrier_against_fraction, barrier_against_width, chain_profile, curves
from .sharpness import flatness, flatness_against_generalization, generalization_gap
from .spectra import spectral_density
from .spin_glasses import against_temperature, ladder, parisi_law
from .surfaces import surface
from .trees import dendrogram, spanning_tree
from .triangles import against_size, triangle_histogram
from .walks import walk_accuracy, walk_loss

__all__ = [
    "against_size",
    "against_temperature",
    "barrier_against_fraction",
    "barrier_against_width",
    "barrier_graph",
    "bond_spectrum",
    "chain_profile",
    "critical_growth",
    "curves",
    "dendrogram",
    "dendrogram_and_matrix",
    "disconnectivity_graph",
    "elastic_band",
    "evidence",
    "flatness",
    "flatness_against_generalization",
    "generalization_gap",
    "in_training",
    "ladder",
    "layered_mapping",
    "null_band",
    "overlap_against",
    "overlap_curves",
    "overlap_distribution",
    "overlap_matrix",
    "parisi_law",
    "phase_diagram",
    "rank_correlations",
    "save",
    "spanning_tree",
    "spectral_density",
    "stability_curve",
    "states_in_training",
    "style",
    "surface",
    "svg",
    "tap_solutions",
    "training_curves",
    "triangle_histogram",
    "two_time",
    "verdicts",
    "walk_accuracy",
    "walk_loss",
]
