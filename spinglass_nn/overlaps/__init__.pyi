from .branches import BranchSupport, support_by_dimensions, support_by_points
from .cascades import Cascade, cascade, cascade_points
from .clustering import Tree, cluster, cophenetic_correlation, cophenetic_matrix
from .controls import coalescent_points, tree_points
from .counts import OverlapCounts, count_overlaps
from .cuts import Gap, largest_gap
from .disconnectivity import DisconnectivityGraph, disconnectivity_graph
from .flooding import FloodedLandscape, flood
from .graphs import ReorderedMatrix, minimum_spanning_tree, reordered
from .histograms import OverlapDistribution, distribution
from .judgement import Comparisons, Verdict, verdict
from .metric import Distances, as_distances, from_overlaps
from .null_models import (
    NullModel,
    column_shuffled,
    gaussian_gram,
    gaussian_null,
    ising_null,
    one_step_null,
    replica_symmetric_null,
    row_shuffled,
    shuffled_distances,
    spectrum_null,
    star_null,
)
from .order_parameters import (
    SampleFluctuations,
    WeightNearZero,
    edwards_anderson,
    sample_fluctuations,
    weight_near_zero,
)
from .overlap import distances, layer_matrices, matrix
from .points import function_points, weight_points
from .spin_overlaps import FlipGauge, flip_gauge
from .stability import (
    Identity,
    ReplicaIdentities,
    replica_identities,
    replica_overlaps,
)
from .theory import TheoryComparison, compare_with_theory, expected_density
from .tree_triples import DendrogramTriples, dendrogram_triples
from .triangle_densities import TriangleDistribution, triangle_distribution
from .triangles import Triangles, triangle_statistics
from .ultrametric import TreeStatistics, tree_statistics
from .verdicts import TreeTest, Ultrametricity, ultrametricity

__all__ = [
    "BranchSupport",
    "Cascade",
    "Comparisons",
    "DendrogramTriples",
    "DisconnectivityGraph",
    "Distances",
    "FlipGauge",
    "FloodedLandscape",
    "Gap",
    "Identity",
    "NullModel",
    "OverlapCounts",
    "OverlapDistribution",
    "ReorderedMatrix",
    "ReplicaIdentities",
    "SampleFluctuations",
    "TheoryComparison",
    "Tree",
    "TreeStatistics",
    "TreeTest",
    "TriangleDistribution",
    "Triangles",
    "Ultrametricity",
    "Verdict",
    "WeightNearZero",
    "as_distances",
    "cascade",
    "cascade_points",
    "cluster",
    "coalescent_points",
    "column_shuffled",
    "compare_with_theory",
    "cophenetic_correlation",
    "cophenetic_matrix",
    "count_overlaps",
    "dendrogram_triples",
    "disconnectivity_graph",
    "distances",
    "distribution",
    "edwards_anderson",
    "expected_density",
    "flip_gauge",
    "flood",
    "from_overlaps",
    "function_points",
    "gaussian_gram",
    "gaussian_null",
    "ising_null",
    "largest_gap",
    "layer_matrices",
    "matrix",
    "minimum_spanning_tree",
    "one_step_null",
    "reordered",
    "replica_identities",
    "replica_overlaps",
    "replica_symmetric_null",
    "row_shuffled",
    "sample_fluctuations",
    "shuffled_distances",
    "spectrum_null",
    "star_null",
    "support_by_dimensions",
    "support_by_points",
    "tree_points",
    "tree_statistics",
    "triangle_distribution",
    "triangle_statistics",
    "ultrametricity",
    "verdict",
    "weight_near_zero",
    "weight_points",
]
