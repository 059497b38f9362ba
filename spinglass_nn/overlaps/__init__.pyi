from .clustering import Tree, cluster, cophenetic_correlation, cophenetic_matrix
from .controls import tree_points
from .histograms import OverlapDistribution, distribution
from .metric import Distances, as_distances
from .null_models import (
    NullModel,
    column_shuffled,
    gaussian_gram,
    gaussian_null,
    shuffled_distances,
    spectrum_null,
    star_null,
)
from .overlap import distances, matrix
from .points import function_points, weight_points
from .triangles import Triangles, triangle_statistics
from .verdicts import TreeTest, Ultrametricity, ultrametricity

__all__ = [
    "Distances",
    "NullModel",
    "OverlapDistribution",
    "Tree",
    "TreeTest",
    "Triangles",
    "Ultrametricity",
    "as_distances",
    "cluster",
    "column_shuffled",
    "cophenetic_correlation",
    "cophenetic_matrix",
    "distances",
    "distribution",
    "function_points",
    "gaussian_gram",
    "gaussian_null",
    "matrix",
    "shuffled_distances",
    "spectrum_null",
    "star_null",
    "tree_points",
    "triangle_statistics",
    "ultrametricity",
    "weight_points",
]
