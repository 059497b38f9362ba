"""Null models by name: points without hierarchy, measured exactly as the points in question."""

from __future__ import annotations

from spinglass_nn._core import check
from spinglass_nn.errors import ParameterError
from spinglass_nn.overlaps._null_draws import Draw, NullModel
from spinglass_nn.overlaps.gaussian_nulls import (
    HIGH_DIMENSION,
    gaussian_gram,
    gaussian_null,
    replica_symmetric_null,
    spectrum_null,
)
from spinglass_nn.overlaps.metric import Distances
from spinglass_nn.overlaps.point_nulls import (
    column_shuffled,
    ising_null,
    row_shuffled,
    shuffled_distances,
)
from spinglass_nn.overlaps.star_nulls import one_step_null, star_null

__all__ = [
    "HIGH_DIMENSION",
    "NULLS",
    "Draw",
    "NullModel",
    "column_shuffled",
    "gaussian_gram",
    "gaussian_null",
    "ising_null",
    "null_model",
    "one_step_null",
    "replica_symmetric_null",
    "row_shuffled",
    "shuffled_distances",
    "spectrum_null",
    "star_null",
]

NULLS = ("gaussian", "replica_symmetric", "star", "spectrum", "ising", "shuffled_distances")
_VECTOR_KINDS = ("euclidean", "1 - overlap", "given")
# nulls that need more than distances, and how they are made
_MADE = {
    "column_shuffled": "column_shuffled(points, kind=...)",
    "row_shuffled": "row_shuffled(points, kind=...)",
    "one_step": "one_step_null(distances, labels)",
}


def null_model(
    null: str | NullModel | None, distances: Distances, n_dimensions: int | None
) -> NullModel:
    """Make the null that a user named or brought, or that fits the kind of distances."""
    if null is None:
        plain = distances.kind in _VECTOR_KINDS or n_dimensions is not None
        null = "gaussian" if plain else "star"
    if isinstance(null, NullModel):
        if n_dimensions is not None:
            raise ParameterError("n_dimensions must be None with a null model of your own")
        return null
    if null in _MADE:
        need = "labels" if null == "one_step" else "the points"
        raise ParameterError(
            f"null {null!r} needs {need}, not only distances: give null={_MADE[null]}"
        )
    check.choice(null, "null", NULLS)
    if null == "gaussian":
        return gaussian_null(distances, n_dimensions=n_dimensions)
    if null == "ising":
        return ising_null(distances, n_spins=n_dimensions)
    if n_dimensions is not None:
        raise ParameterError(f"n_dimensions must be None for null {null!r}")
    makers = {
        "replica_symmetric": replica_symmetric_null,
        "star": star_null,
        "spectrum": spectrum_null,
    }
    return makers.get(null, shuffled_distances)(distances)
