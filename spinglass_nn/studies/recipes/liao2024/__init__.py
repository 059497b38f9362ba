"""Liao et al. 2024 (arXiv:2407.20724): loss landscapes through spin glass theory."""

from __future__ import annotations

from spinglass_nn.studies.recipes.liao2024 import (
    claims,
    disorder,
    ensembles,
    flatness,
    glasses,
    hierarchy,
    interpolation,
    parameters,
    solutions,
    walks,
)
from spinglass_nn.studies.study import Recipe
from spinglass_nn.studies.task import Task

RECIPE = Recipe(
    name="liao2024",
    version=1,
    title="Exploring loss landscapes through the lens of spin glass theory (arXiv:2407.20724)",
    parameters=parameters.Parameters,
    scales=parameters.SCALES,
    notes=parameters.NOTES,
    prepare=parameters.prepare,
    fingerprint=parameters.fingerprint,
    tasks=(
        Task("solutions", 1, "training the solutions", solutions.run),
        Task("walks", 2, "random walks around them", walks.run, ("solutions",)),
        Task("interpolation", 3, "paths between copies", interpolation.run, ("solutions",)),
        Task("ensembles", 31, "mixed and walked ensembles", ensembles.run, ("solutions",)),
        Task("glasses", 32, "reference models", glasses.run),
        Task("disorder", 33, "replicas that share their data", disorder.run),
        Task(
            "hierarchy", 4, "hierarchy of solutions", hierarchy.run, ("solutions", "ensembles")
        ),
        Task("flatness", 5, "flatness against generalization", flatness.run),
    ),
    claims=claims.decide,
)
